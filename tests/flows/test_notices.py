"""Stories of what members are told through WeChat: once each, never instead of what it tells of."""

from collections.abc import Iterable
from typing import Any

import pytest
import requests

from chalicelib.catalog.settings import NoticeKind
from chalicelib.commissions.adjust import adjust
from chalicelib.gateways.wechat_api import WechatApi
from chalicelib.kit.counters import limit_row_key
from chalicelib.kit.writes import WriteSet
from chalicelib.notifications.announce import announce
from chalicelib.withdrawals import store as withdrawals
from chalicelib.withdrawals.model import Withdrawal, WithdrawalState
from tests.commissions.words import commissions, settled, with_uplines
from tests.in_process import just_before
from tests.led import led
from tests.shop import Member, Placed, Shop, credentials

FIELDS = {
    "thing1": "title",
    "amount2": "amount",
    "time3": "time",
    "phrase4": "status",
    "character_string5": "number",
}
SEND = "/cgi-bin/message/subscribe/send"
PHRASE, AMOUNT = "phrase4", "amount2"


@pytest.fixture(autouse=True)
def templates(shop: Shop) -> None:
    """A template for each kind of notice, named like it."""
    notices = {
        kind.value: {"template_id": kind.value, "fields": FIELDS, "page": "pages/news/index"}
        for kind in NoticeKind
    }
    shop.admin("put_settings", notices=notices)


def accepts(member: Member, *kinds: str, times: int = 1) -> Member:
    """The member taps accept, and the mini-program tells us of it."""
    for kind in kinds:
        member.shop.sandbox.mini_program.subscribe(member.name, kind, times)
        for _ in range(times):
            reply = member.send("POST", "/v1/me/subscriptions", {"results": {kind: "accept"}})
            assert reply.status == 200, reply
    return member


def told(member: Member) -> list[tuple[str, str]]:
    """What the member was sent: what happened, and the amount."""
    sent = member.shop.sandbox.mini_program.notices_to(member.name)
    return [(notice["data"][PHRASE], notice["data"][AMOUNT]) for notice in sent]


def quota(shop: Shop, member: Member, kind: str) -> int | None:
    rows = shop.rows("members", member_id=member.member_id, kind=f"subscription#{kind}")
    return rows[0]["quota"] if rows else None


def everything_comes_twice(shop: Shop) -> None:
    """All that follows, with every stream record delivered, and then delivered again."""
    earlier: list[tuple[str, list[dict[str, Any]]]] = []
    for _ in range(50):
        fresh = list(shop._streams.take().items())
        delivered(shop, fresh)
        moved = len(fresh) + len(shop.queue.waiting)
        shop.works_queue()
        earlier += fresh
        if not moved + shop.sandbox.pump():
            break
    again(shop, earlier)


def delivered(shop: Shop, batches: Iterable[tuple[str, list[dict[str, Any]]]]) -> None:
    """Each table's records reach its function."""
    for table, records in batches:
        shop._invoke(f"relay_{table}", {"Records": records})


def again(shop: Shop, batches: Iterable[tuple[str, list[dict[str, Any]]]]) -> None:
    delivered(shop, batches)
    shop.settles()


def a_group(shop: Shop, *members: Member) -> list[Placed]:
    """A group of two that these have paid for."""
    leader, *others = members
    first = leader.opens().pays()
    return [first, *(other.joins(first.group_id).pays() for other in others)]


def wechat_is_away(shop: Shop, path: str, seen: list[str]) -> None:
    """WeChat does not answer this path."""

    def wire(request: requests.PreparedRequest) -> requests.Response | None:
        if not request.path_url.startswith(path):
            return None
        seen.append(path)
        raise requests.ConnectionError

    shop._wire = wire


def test_each_member_of_a_complete_group_is_told_once(shop: Shop) -> None:
    lin, ann = (accepts(shop.member(name), "group_complete", times=2) for name in ("Lin", "Ann"))
    first, second = a_group(shop, lin, ann)
    everything_comes_twice(shop)

    assert (first.status, second.status) == ("to_ship", "to_ship")
    assert (told(lin), told(ann)) == ([("拼团成功", "¥15.00")], [("拼团成功", "¥15.00")])
    (notice,) = shop.sandbox.mini_program.notices_to("Lin")
    assert notice["template_id"] == "group_complete"
    assert notice["page"] == (
        f"pages/news/index?order_id={first.order_id}&group_id={first.group_id}"
    )
    assert notice["data"]["thing1"] == "红富士苹果 5斤装"
    assert notice["data"]["time3"] == "2026-11-22 20:00"
    assert notice["data"]["character_string5"] == first.order_id
    assert quota(shop, lin, "group_complete") == 1
    shop.passes(3600)
    assert (told(lin), told(ann)) == ([("拼团成功", "¥15.00")], [("拼团成功", "¥15.00")])


def test_nobody_hears_of_a_group_who_bought_alone(shop: Shop) -> None:
    lin = accepts(shop.member("Lin"), "group_complete")
    lin.buys().pays()
    shop.settles()

    assert told(lin) == []
    assert quota(shop, lin, "group_complete") == 1


def test_a_failed_group_is_told_of_and_then_that_the_money_is_back(shop: Shop) -> None:
    lin = accepts(shop.member("Lin"), "group_failed", "refund_paid", times=2)
    order = lin.opens().pays()
    shop.settles()

    shop.advance(3600)
    shop.sweeps()
    everything_comes_twice(shop)

    assert order.status == "refunded"
    assert told(lin) == [("拼团失败", "¥15.00"), ("已退款", "¥15.00")]
    shop.assert_books_balance()


def test_a_refund_that_was_asked_for_is_no_failed_group(shop: Shop) -> None:
    lin = accepts(shop.member("Lin"), "group_failed", "refund_paid")
    order = lin.buys().pays()
    shop.settles()

    order.asks_refund()
    everything_comes_twice(shop)

    assert told(lin) == [("已退款", "¥20.00")]


def test_an_upline_is_told_when_commission_is_theirs_and_not_before(shop: Shop) -> None:
    lin, mei = shop.member("Lin"), accepts(shop.member("Mei"), "commission_earned", times=3)
    order = lin.buys()
    with_uplines(shop, order.order_id, (mei.member_id, 1000))
    order.pays()
    everything_comes_twice(shop)
    assert told(mei) == []

    settled(shop, order.order_id)
    adjust(order.order_id, clock=shop.clock)
    everything_comes_twice(shop)

    assert told(mei) == [("已到账", "¥2.00")]
    (notice,) = shop.sandbox.mini_program.notices_to("Mei")
    assert notice["data"]["thing1"] == "推广佣金"


def test_a_leader_is_told_of_a_bonus_as_of_a_commission(shop: Shop) -> None:
    lin = accepts(shop.member("Lin"), "commission_earned", times=3)
    _, *joined = led(shop, {"leader": {"bonus_fen": 301}}, "Lin", "Ann", "Bo")
    everything_comes_twice(shop)
    assert told(lin) == []

    for order in joined:
        settled(shop, order.order_id)
        adjust(order.order_id, clock=shop.clock)
        everything_comes_twice(shop)

    assert sorted(told(lin)) == [("已到账", "¥1.50"), ("已到账", "¥1.51")]
    notices = shop.sandbox.mini_program.notices_to("Lin")
    assert {notice["data"]["thing1"] for notice in notices} == {"团长奖励"}


def what_has_expired_goes(shop: Shop) -> None:
    """DynamoDB deletes the marks of what was told."""
    writes = WriteSet()
    for row in shop.rows("limits"):
        assert row["expires_epoch_seconds"] < shop.clock.now().timestamp()
        writes.delete(limit_row_key(row["limit_key"]))
    writes.commit()


def test_a_clawback_long_after_is_no_news_of_something_earned(shop: Shop) -> None:
    lin, mei = shop.member("Lin"), accepts(shop.member("Mei"), "commission_earned", times=3)
    order = lin.buys()
    with_uplines(shop, order.order_id, (mei.member_id, 1000))
    order.pays()
    shop.settles()
    settled(shop, order.order_id)
    adjust(order.order_id, clock=shop.clock)
    shop.settles()
    shop.advance(40 * 24 * 3600)
    what_has_expired_goes(shop)
    shop.admin("refund_order", order_id=order.order_id, amount_fen=500, reason="坏了")
    shop.settles()

    assert told(mei) == [("已到账", "¥2.00")]


def waits_for(shop: Shop, member: Member, state: WithdrawalState) -> str:
    """A withdrawal that stands there."""
    writes = WriteSet()
    withdrawal = Withdrawal(
        withdrawal_id=f"wdr{state.value}",
        member_id=member.member_id,
        app_id=credentials().app_id,
        openid="whoever",
        request_fingerprint="",
        gross_fen=1000,
        fee_fen=10,
        tax_fen=0,
        net_fen=990,
        tax_regime="none",
        names_payee=False,
        scene_id="1005",
        scene_report={},
        remark="推广佣金",
        charged_day="2026-11-22",
        requested_at=shop.clock.now(),
        withdrawal_state=state,
        submitted_at=shop.clock.now(),
    )
    withdrawals.request(writes, withdrawal, due_at=shop.clock.now())
    writes.commit()
    return withdrawal.withdrawal_id


def test_a_withdrawal_to_confirm_is_told_of_once_and_no_other(shop: Shop) -> None:
    mei = accepts(shop.member("Mei"), "withdrawal_to_confirm", times=3)
    waits_for(shop, mei, WithdrawalState.SUBMITTED)
    waits_for(shop, mei, WithdrawalState.CONFIRMING)
    everything_comes_twice(shop)

    assert told(mei) == [("待确认", "¥9.90")]
    assert quota(shop, mei, "withdrawal_to_confirm") == 2
    (notice,) = shop.sandbox.mini_program.notices_to("Mei")
    assert notice["page"] == "pages/news/index?withdrawal_id=wdrconfirming"


def test_two_who_tell_the_same_at_once_tell_once(shop: Shop) -> None:
    mei = accepts(shop.member("Mei"), "withdrawal_to_confirm", times=3)
    withdrawal_id = waits_for(shop, mei, WithdrawalState.CONFIRMING)

    def tell() -> None:
        announce(
            NoticeKind.WITHDRAWAL_TO_CONFIRM,
            withdrawal_id,
            app_id=credentials().app_id,
            clock=shop.clock,
            wechat_api=lambda: shop.wiring.wechat_api,
        )

    with just_before("TransactWriteItems", tell):
        tell()

    assert told(mei) == [("待确认", "¥9.90")]
    assert quota(shop, mei, "withdrawal_to_confirm") == 2


def test_without_quota_wechat_is_not_asked(shop: Shop) -> None:
    asked: list[str] = []
    wechat_is_away(shop, SEND, asked)
    first, _ = a_group(shop, shop.member("Lin"), shop.member("Ann"))
    everything_comes_twice(shop)

    assert (first.status, asked) == ("to_ship", [])


def test_a_subscription_wechat_does_not_know_is_not_tried_again(shop: Shop) -> None:
    lin, ann = shop.member("Lin"), shop.member("Ann")
    for _ in range(3):
        lin.send("POST", "/v1/me/subscriptions", {"results": {"group_complete": "accept"}})
    first, _ = a_group(shop, lin, ann)
    everything_comes_twice(shop)

    assert (first.status, told(lin)) == ("to_ship", [])
    assert quota(shop, lin, "group_complete") == 0
    assert shop.findings() == []


def test_a_template_wechat_refuses_is_a_finding_and_the_order_goes_on(shop: Shop) -> None:
    shop.sandbox.configure(template_ids=["another"])
    lin, ann = (accepts(shop.member(name), "group_complete") for name in ("Lin", "Ann"))
    first, second = a_group(shop, lin, ann)
    everything_comes_twice(shop)

    assert (first.status, second.status) == ("to_ship", "to_ship")
    (finding,) = shop.rows("findings")
    assert (finding["kind"], finding["about"]) == ("notice_refused", "group_complete")
    assert finding["facts"] == {"notice": "group_complete", "errcode": 40037}
    shop.assert_books_balance()


def test_while_wechat_is_away_nothing_waits_for_it_and_nothing_is_told_later(shop: Shop) -> None:
    asked: list[str] = []
    lin, ann = (accepts(shop.member(name), "group_complete") for name in ("Lin", "Ann"))
    first, second = a_group(shop, lin, ann)
    wechat_is_away(shop, SEND, asked)
    everything_comes_twice(shop)

    assert (first.status, second.status) == ("to_ship", "to_ship")
    assert len(asked) == 1
    assert shop.findings() == []

    shop._wire = lambda _: None
    shop.passes(61)
    assert told(lin) + told(ann) == []
    lin, ann = (accepts(member, "refund_paid") for member in (lin, ann))
    first.asks_refund()
    shop.settles()
    assert told(lin) == [("已退款", "¥15.00")]


def no_gateway() -> WechatApi:
    raise LookupError


def test_whatever_breaks_is_set_aside_and_stops_nothing(shop: Shop) -> None:
    mei = accepts(shop.member("Mei"), "withdrawal_to_confirm")
    withdrawal_id = waits_for(shop, mei, WithdrawalState.CONFIRMING)
    announce(
        NoticeKind.WITHDRAWAL_TO_CONFIRM,
        withdrawal_id,
        app_id=credentials().app_id,
        clock=shop.clock,
        wechat_api=no_gateway,
    )

    assert shop.findings() == ["poison_item"]
    assert quota(shop, mei, "withdrawal_to_confirm") == 1


def test_somebody_who_has_left_is_told_nothing(shop: Shop) -> None:
    lin = accepts(shop.member("Lin"), "refund_paid")
    order = lin.buys().pays()
    shop.settles()
    order.asks_refund()
    shop.settles()
    assert told(lin) == [("已退款", "¥20.00")]

    assert lin.send("DELETE", "/v1/me").status == 204
    shop.settles()

    assert shop.rows("members", member_id=lin.member_id) == []


@pytest.mark.parametrize("kind", ["refund_paid", "commission_earned"])
def test_whatever_it_tells_of_goes_on_when_wechat_refuses_its_template(
    shop: Shop, kind: str
) -> None:
    shop.sandbox.configure(template_ids=["another"])
    lin, mei = (accepts(shop.member(name), kind) for name in ("Lin", "Mei"))
    order = lin.buys()
    with_uplines(shop, order.order_id, (mei.member_id, 1000))
    order.pays()
    everything_comes_twice(shop)
    if kind == "refund_paid":
        order.asks_refund()
    else:
        settled(shop, order.order_id)
        adjust(order.order_id, clock=shop.clock)
    everything_comes_twice(shop)

    (finding,) = shop.rows("findings")
    assert (finding["kind"], finding["about"]) == ("notice_refused", kind)
    assert commissions(shop, order.order_id)[1][0] == (
        "voided" if kind == "refund_paid" else "released"
    )
