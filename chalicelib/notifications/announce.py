"""Announce something to the member it concerns, by a subscribe message (订阅消息), once at most.

Claims before it sends: one commit takes one of what the member has accepted and marks the notice
as told. So no change that is followed twice tells twice, and a notice whose sending went wrong is
not sent again. Whatever goes wrong here stays here: what is told of has happened and goes on.
"""

from collections.abc import Callable
from datetime import datetime

from aws_lambda_powertools import Logger
from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.catalog.recent_settings import recent_settings
from chalicelib.catalog.settings import NoticeKind, NoticeTemplate
from chalicelib.gateways.wechat_api import Notice, RefusedByWechatApi, WechatApi, silence
from chalicelib.kit import counters, findings
from chalicelib.kit.clock import Clock, after
from chalicelib.kit.errors import Refusal, WechatUnavailable
from chalicelib.kit.writes import Changed, WriteSet
from chalicelib.members import store as members
from chalicelib.notifications.model import News, notice_data, notice_key, notice_page
from chalicelib.notifications.tell_of_commission import earned_commission
from chalicelib.notifications.tell_of_order import complete_group
from chalicelib.notifications.tell_of_refund import failed_group, paid_refund
from chalicelib.notifications.tell_of_withdrawal import withdrawal_to_confirm

NewsOf = Callable[[str, datetime], News | None]
"""From a subject's id and the present to what there is to tell of it, if anything."""

NEWS: dict[NoticeKind, NewsOf] = {
    NoticeKind.GROUP_COMPLETE: complete_group,
    NoticeKind.GROUP_FAILED: failed_group,
    NoticeKind.REFUND_PAID: paid_refund,
    NoticeKind.COMMISSION_EARNED: earned_commission,
    NoticeKind.WITHDRAWAL_TO_CONFIRM: withdrawal_to_confirm,
}

NEWS_FOR_SECONDS = 24 * 3600
"""Older than that it is not told any more."""

_TOLD_FOR_SECONDS = 30 * 24 * 3600

logger = Logger()


def announce(
    kind: NoticeKind,
    subject_id: str,
    *,
    app_id: str,
    clock: Clock,
    wechat_api: Callable[[], WechatApi],
) -> None:
    """Send what there is to tell of the subject. Never raises.

    Nothing is sent while the merchant has set no template for this kind, when the member has
    accepted none, when it was told before, and for a minute after WeChat did not answer.
    """
    try:
        template = recent_settings(clock=clock).notices.get(kind)
        if template is not None:
            _announce(kind, subject_id, template, app_id, clock, wechat_api)
    except RefusedByWechatApi as refused:
        facts = {"notice": kind.value, "errcode": refused.errcode}
        findings.record("notice_refused", kind.value, facts, clock=clock)
    except (Refusal, BotoCoreError, ClientError) as passing:
        if isinstance(passing, WechatUnavailable):
            silence.begin(clock.now())
        error_name = type(passing).__name__
        logger.warning("notice_lost", notice=kind.value, subject_id=subject_id, error=error_name)
    except Exception as error:
        findings.poison(subject_id, error, clock=clock)


def _announce(
    kind: NoticeKind,
    subject_id: str,
    template: NoticeTemplate,
    app_id: str,
    clock: Clock,
    wechat_api: Callable[[], WechatApi],
) -> None:
    now = clock.now()
    if silence.is_kept(now):
        logger.info("notice_skipped", notice=kind.value, subject_id=subject_id)
        return
    news = NEWS[kind](subject_id, now)
    if news is None or after(news.happened_at, NEWS_FOR_SECONDS) < now:
        return
    member = members.find(news.member_id)
    openid = member.openid_for(app_id) if member is not None else None
    if openid is None:
        return
    wechat = wechat_api()
    data, page = notice_data(template, news), notice_page(template, news)
    if not _claim(kind, news, template.template_id, now):
        return
    if not wechat.send_notice(Notice(openid, template.template_id, data, page)):
        members.drop_quota(news.member_id, template.template_id)


def _claim(kind: NoticeKind, news: News, template_id: str, now: datetime) -> bool:
    """Whether this notice is now ours to send: the member has accepted one, and it is untold."""
    writes = WriteSet()
    members.take_quota(writes, news.member_id, template_id)
    counters.count(
        writes,
        notice_key(kind, news),
        1,
        limit=1,
        ends_at=after(now, _TOLD_FOR_SECONDS),
        refusal=Changed,
    )
    try:
        writes.commit()
    except Changed:
        return False
    return True
