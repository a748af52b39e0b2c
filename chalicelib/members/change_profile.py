"""Change one's profile: nickname and avatar, each only when it is named. Touches no identity.

Others see a nickname, so WeChat judges a new one first, before anything is written.
"""

from collections.abc import Mapping
from dataclasses import replace

from aws_lambda_powertools import Logger

from chalicelib.gateways.wechat_api import RefusedByWechatApi, WechatApi
from chalicelib.kit.errors import NotFound, WechatUnavailable
from chalicelib.kit.repeat import until_settled
from chalicelib.kit.writes import WriteSet
from chalicelib.members import store as members
from chalicelib.members.errors import ContentRefused
from chalicelib.members.model import Member

_PROFILE_SCENE = 1

logger = Logger()


def change_profile(
    member_id: str, change: Mapping[str, str | None], *, app_id: str, wechat_api: WechatApi
) -> Member:
    """The member after the change. `change` holds what was named; None removes it.

    Names are nickname and avatar_url. Raises NotFound when the member has left, ContentRefused,
    WechatUnavailable.
    """
    _judge(_present(member_id), change.get("nickname"), app_id, wechat_api)
    return until_settled(lambda: _attempt(member_id, change))


def _present(member_id: str) -> Member:
    member = members.find(member_id)
    if member is None:
        raise NotFound()
    return member


def _judge(member: Member, nickname: str | None, app_id: str, wechat_api: WechatApi) -> None:
    """Only a nickname that is new is judged."""
    if nickname is None or nickname == member.nickname:
        return
    openid = member.openid_for(app_id)
    if openid is None:
        raise NotFound("This member is not known in this app.")
    try:
        is_allowed = wechat_api.is_text_allowed(openid, nickname, scene=_PROFILE_SCENE)
    except RefusedByWechatApi as refused:
        logger.exception("text_not_judged", alarm="text_not_judged", errcode=refused.errcode)
        raise WechatUnavailable("WeChat did not judge the nickname.") from refused
    if not is_allowed:
        raise ContentRefused()


def _attempt(member_id: str, change: Mapping[str, str | None]) -> Member:
    before = _present(member_id)
    after = replace(before, **change)  # type: ignore[arg-type]  # names are the schema's
    if after != before:
        writes = WriteSet()
        members.change_profile(writes, after)  # guard: still there -> read again
        writes.commit()
    return after
