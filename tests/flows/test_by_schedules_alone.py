"""No stream ever delivers: the schedules bring everything on, and so does an operator's `sweep`.

Each story ends as it would have with streams, and the books balance.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from chalicelib.catalog.settings import NoticeKind
from chalicelib.groups import show
from tests.commissions.words import commissions
from tests.fakes import FakeClock
from tests.led import FREEZE_SECONDS, led
from tests.shop import Member, Placed, Shop
from tests.stations.words import collects, looks_after, orders
from tests.withdrawals.words import asked, confirms, earner, status, wallet, writes_decision

FIELDS = {"thing1": "title", "amount2": "amount", "phrase4": "status"}
DAY_SECONDS = 24 * 3600


class WithoutStreams(Shop):
    """A shop whose stream records are all lost."""

    def __init__(self, clock: FakeClock, *, by_operator: bool) -> None:
        super().__init__(clock)
        self._by_operator = by_operator

    def streams_flow(self, *, times: int = 1) -> int:
        self.streams_are_lost()
        return 0

    def sweeps(self) -> None:
        if self._by_operator:
            self.admin("sweep")
        else:
            super().sweeps()

    def comes_to_rest(self) -> None:
        """A few minutes pass."""
        for _ in range(5):
            self.passes(61)


@pytest.fixture(params=["schedules", "an operator"])
def shop(database: None, request: pytest.FixtureRequest) -> Iterator[WithoutStreams]:
    """Groups of two at 15 yuan; a tenth of it for whoever brought the buyer; all is told."""
    show.forget_offers()
    shop = WithoutStreams(FakeClock(), by_operator=request.param == "an operator")
    shop.stocks(100)
    shop.campaign()
    commission = {"rates_bp": [1000], "freeze_seconds": FREEZE_SECONDS}
    notices = {kind.value: {"template_id": kind.value, "fields": FIELDS} for kind in NoticeKind}
    shop.admin("put_settings", commission=commission, notices=notices)
    yield shop
    shop.close()


def accepts(member: Member, *kinds: str) -> Member:
    """The member wants to be told, of each once."""
    for kind in kinds:
        member.shop.sandbox.mini_program.subscribe(member.name, kind, 1)
        reply = member.send("POST", "/v1/me/subscriptions", {"results": {kind: "accept"}})
        assert reply.status == 200, reply
    return member


def told(member: Member) -> list[str]:
    sent = member.shop.sandbox.mini_program.notices_to(member.name)
    return [notice["data"]["phrase4"] for notice in sent]


def full_group(shop: Shop, *members: Member) -> list[Placed]:
    first = members[0].opens().pays()
    return [first, *(each.joins(first.group_id).pays() for each in members[1:])]


def guide_code(shop: Shop) -> tuple[Member, str]:
    """Mei works in a store and sends her code around."""
    mei = accepts(shop.member("Mei"), "commission_earned")
    shop.admin("put_store", store_id="west", merchant_id="orchard", name="西湖店")
    guide = {"guide_id": "g1", "name": "小梅", "member_id": mei.member_id}
    (made,) = shop.admin("create_guides", store_id="west", guides=[guide])["guides"]
    return mei, made["share_code"]


def guide(shop: Shop) -> Any:
    (only,) = shop.admin("get_store", store_id="west")["guides"]
    return only


def test_a_group_completes_ships_and_its_commission_is_released(shop: WithoutStreams) -> None:
    mei, code = guide_code(shop)
    lin = accepts(shop.member("Lin"), "group_complete")
    lin.visits(code)
    placed = full_group(shop, lin, shop.member("Ann"))
    shop.comes_to_rest()
    assert [order.status for order in placed] == ["to_ship", "to_ship"]
    assert told(lin) == ["拼团成功"]
    assert guide(shop)["sales_fen"] == 1500

    for order in placed:
        shop.ships(order)
    shop.comes_to_rest()
    for order in placed:
        order.receives()
    shop.passes(FREEZE_SECONDS + 1)
    shop.comes_to_rest()

    assert [order.status for order in placed] == ["settled", "settled"]
    assert commissions(shop, placed[0].order_id) == {1: ("released", 150, 0)}
    assert told(mei) == ["已到账"]
    assert len(shop.rows("rankings")) == 2  # of the week, of the month
    shop.assert_books_balance()


def test_what_is_refunded_is_taken_back_everywhere(shop: WithoutStreams) -> None:
    mei, code = guide_code(shop)
    lin = accepts(shop.member("Lin"), "refund_paid")
    lin.visits(code)
    order = lin.buys().pays()
    shop.comes_to_rest()
    assert commissions(shop, order.order_id) == {1: ("pending", 200, 0)}
    assert guide(shop)["sales_fen"] == 2000

    assert order.asks_refund().status == 201
    shop.comes_to_rest()

    assert (order.status, told(lin)) == ("refunded", ["已退款"])
    assert commissions(shop, order.order_id) == {1: ("voided", 200, 200)}
    assert guide(shop)["sales_fen"] == 0
    assert told(mei) == []
    shop.assert_books_balance()


def test_a_group_that_fails_gives_everything_back(shop: WithoutStreams) -> None:
    lin = accepts(shop.member("Lin"), "group_failed", "refund_paid")
    shop.campaign("scarce", per_member_limit=1)
    order = lin.opens("scarce").pays()
    shop.passes(3601)
    shop.comes_to_rest()

    assert (order.status, shop.units_left()) == ("refunded", 100)
    assert [row["used"] for row in shop.rows("limits") if "scarce" in row["limit_key"]] == [0]
    assert told(lin)[-1] == "已退款"
    shop.assert_books_balance()


def test_who_loses_a_draw_has_the_money_back(shop: WithoutStreams) -> None:
    rules = {"draw": {"winners": 1}}
    placed = led(shop, rules, "Lin", "Ann", "Bo", campaign_id="luck")
    shop.comes_to_rest()

    assert sorted(order.status for order in placed) == ["refunded", "refunded", "to_ship"]
    assert shop.units_left() == 99
    shop.assert_books_balance()


def test_a_draw_of_a_whole_campaign_is_held(shop: WithoutStreams) -> None:
    rules = {"draw": {"winners": 1, "scope": "campaign"}}
    placed = led(shop, rules, "Lin", "Ann", campaign_id="big", ends_at=shop.at(1000))
    shop.comes_to_rest()
    assert {order.status for order in placed} == {"paid"}
    shop.passes(3600)
    shop.comes_to_rest()

    assert sorted(order.status for order in placed) == ["refunded", "to_ship"]
    shop.assert_books_balance()


def test_paid_when_it_was_too_late_and_wechat_told_nobody(shop: WithoutStreams) -> None:
    late = shop.member("Ann").buys()
    shop.wechat_misses_closing(late, again_in=120)
    late.pays(times=0)
    shop.comes_to_rest()

    assert (late.status, shop.units_left()) == ("refunded", 100)
    (refund,) = shop.rows("refunds", order_id=late.order_id)
    assert (refund["cause"], refund["amount_fen"]) == ("late_payment", 2000)
    shop.assert_books_balance()


def test_goods_for_a_station_are_issued_codes(shop: WithoutStreams) -> None:
    looks_after(shop, "Gu")
    collects(shop, "gate")
    order = orders(shop.member("Lin")).pays()
    unpaid = orders(shop.member("Ann"))
    shop.passes(2 * 3600)
    shop.comes_to_rest()

    assert (order.status, unpaid.status) == ("to_ship", "cancelled")
    assert len(order.now()["pickup"]["code"]) == 8
    shop.assert_books_balance()


def test_a_withdrawal_goes_all_the_way(shop: WithoutStreams) -> None:
    mei = accepts(earner(shop, "Mei"), "withdrawal_to_confirm")
    withdrawal_id = asked(mei)
    shop.comes_to_rest()
    assert (status(mei, withdrawal_id), told(mei)) == ("confirming", ["待确认"])

    confirms(mei, withdrawal_id)
    shop.comes_to_rest()

    assert (status(mei, withdrawal_id), wallet(mei)["available_fen"]) == ("paid", 3000)
    assert len(shop.rows("rankings", board="ticker")) == 1


@pytest.mark.parametrize(
    ("decision", "becomes", "left_fen"),
    [("approve", "confirming", 3000), ("reject", "rejected", 5000)],
)
def test_a_decision_written_in_the_console_is_found(
    shop: WithoutStreams, decision: str, becomes: str, left_fen: int
) -> None:
    shop.admin("put_settings", withdrawal={"review_above_fen": 50, "minimum_fen": 10})
    mei = earner(shop, "Mei")
    withdrawal_id = asked(mei)
    shop.comes_to_rest()
    assert status(mei, withdrawal_id) == "reviewing"
    assert wallet(mei)["available_fen"] == 3000

    writes_decision(shop, withdrawal_id, decision=decision, operator="Wu", reason="looked at")
    shop.passes(DAY_SECONDS)
    shop.comes_to_rest()

    assert (status(mei, withdrawal_id), wallet(mei)["available_fen"]) == (becomes, left_fen)


@pytest.mark.parametrize("kind", ["group_complete", "refund_paid", "commission_earned"])
def test_a_template_that_wechat_refuses_is_a_finding(shop: WithoutStreams, kind: str) -> None:
    shop.sandbox.configure(template_ids=["another"])
    _, code = guide_code(shop)
    lin = accepts(shop.member("Lin"), "group_complete", "refund_paid")
    lin.visits(code)
    placed = full_group(shop, lin, shop.member("Ann"))
    shop.comes_to_rest()
    if kind == "refund_paid":
        placed[0].asks_refund()
        shop.comes_to_rest()
    if kind == "commission_earned":
        shop.ships(placed[0])
        placed[0].receives()
        shop.passes(FREEZE_SECONDS + 1)
        shop.comes_to_rest()

    assert kind in {row["about"] for row in shop.rows("findings", kind="notice_refused")}
    shop.assert_books_balance()


@pytest.mark.parametrize("table", ["orders", "refunds", "commissions"])
def test_a_row_that_makes_no_sense_is_set_aside(shop: WithoutStreams, table: str) -> None:
    _, code = guide_code(shop)
    lin = shop.member("Lin")
    lin.visits(code)
    order = lin.buys().pays()
    if table != "orders":
        shop.passes(61)
        order.asks_refund()
        shop.streams_are_lost()
    (row,) = shop.rows(table)
    row_id, state = f"{table[:-1]}_id", f"{table[:-1]}_state"
    shop.break_row(table, row[row_id], state, {"S": "no such state"})
    shop.passes(61)

    (finding,) = shop.rows("findings", kind="poison_item")
    assert finding["about"] == row[row_id]
    shop.break_row(table, row[row_id], state, {"S": row[state]})
    shop.passes(3601)
    shop.comes_to_rest()
    assert (order.status, shop.findings()) == (
        "to_ship" if table == "orders" else "refunded",
        ["poison_item"],
    )
    shop.assert_books_balance()


def test_a_refund_that_is_quicker_than_its_order_is_taken_back_all_the_same(
    shop: WithoutStreams,
) -> None:
    _, code = guide_code(shop)
    lin = shop.member("Lin")
    lin.visits(code)
    order = lin.buys().pays()
    shop.admin("refund_order", order_id=order.order_id, amount_fen=500, reason="压坏了")
    for _ in range(3):
        shop.advance(61)
        shop.fires("sweep_refunds")
        shop.works_queue()
        shop.sandbox.pump()
    assert commissions(shop, order.order_id) == {1: ("pending", 150, 0)}

    shop.comes_to_rest()

    assert (order.status, commissions(shop, order.order_id)) == (
        "to_ship",
        {1: ("pending", 150, 0)},
    )
    shop.assert_books_balance()
