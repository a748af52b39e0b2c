"""The one verb that brings commissions to where they have to be, whatever happened before."""

from typing import Any

from chalicelib.commissions.adjust import adjust
from chalicelib.kit.writes import Changed, WriteSet
from chalicelib.ledger import recipes
from chalicelib.ledger import store as ledger
from tests.commissions.words import commissions, settled, wallet, with_bonus, with_uplines
from tests.shop import Placed, Shop


def bought(shop: Shop, order: Placed, *rates: tuple[str, int]) -> Placed:
    """The order with these uplines on it."""
    with_uplines(shop, order.order_id, *rates)
    return order


def refund(shop: Shop, order: Placed, **fields: Any) -> None:
    shop.admin("refund_order", order_id=order.order_id, reason="坏了", **fields)
    shop.settles()


def test_a_paid_order_announces_each_level_once(shop: Shop) -> None:
    order = bought(shop, shop.member("Lin").buys(), ("mem_b", 1000), ("mem_c", 333))

    order.pays()
    shop.settles()
    for _ in range(3):
        adjust(order.order_id, clock=shop.clock)

    assert commissions(shop, order.order_id) == {1: ("pending", 200, 0), 2: ("pending", 66, 0)}
    assert (wallet("mem_b"), wallet("mem_c")) == ((200, 0), (66, 0))


def test_nothing_is_earned_before_the_sale_stands(shop: Shop) -> None:
    shop.campaign()
    order = bought(shop, shop.member("Lin").opens(), ("mem_b", 1000))
    order.pays()
    shop.settles()
    adjust(order.order_id, clock=shop.clock)

    assert commissions(shop, order.order_id) == {}

    shop.member("Ann").joins(order.group_id).pays()
    shop.settles()
    assert commissions(shop, order.order_id) == {1: ("pending", 150, 0)}


def test_freight_earns_nobody_anything(shop: Shop) -> None:
    shop.admin("put_freight", merchant_id="orchard", flat_fen=1000)
    order = bought(shop, shop.member("Lin").buys(), ("mem_b", 1000)).pays()
    shop.settles()

    assert order.amount_fen == 3000
    assert commissions(shop, order.order_id) == {1: ("pending", 200, 0)}


def test_a_part_refunded_takes_back_its_part_rounded_down(shop: Shop) -> None:
    order = bought(shop, shop.member("Lin").buys(), ("mem_b", 1000), ("mem_c", 77)).pays()
    shop.settles()

    refund(shop, order, amount_fen=333, request_id="first-part")

    # 2000 fen at 10 % of 1667/2000, and at 0.77 %: 166.7 and 12.8
    assert commissions(shop, order.order_id) == {1: ("pending", 200, 34), 2: ("pending", 15, 3)}
    assert (wallet("mem_b"), wallet("mem_c")) == ((166, 0), (12, 0))
    shop.assert_books_balance()


def test_a_whole_refund_leaves_nothing(shop: Shop) -> None:
    order = bought(shop, shop.member("Lin").buys(), ("mem_b", 1000)).pays()
    shop.settles()

    refund(shop, order)

    assert order.status == "refunded"
    assert commissions(shop, order.order_id) == {1: ("voided", 200, 200)}
    assert wallet("mem_b") == (0, 0)
    shop.assert_books_balance()


def test_a_refund_before_the_accrual_leaves_the_rest_to_be_earned(shop: Shop) -> None:
    order = bought(shop, shop.member("Lin").buys(), ("mem_b", 1000)).pays()
    shop.streams_are_lost()
    shop.admin("refund_order", order_id=order.order_id, reason="坏了", amount_fen=1000)
    shop.works_queue()
    shop.settles()

    shop.passes(61)
    shop.passes(61)

    assert commissions(shop, order.order_id) == {1: ("pending", 100, 0)}
    assert wallet("mem_b") == (100, 0)


def test_a_settled_order_releases_and_a_later_refund_claws_back_into_debt(shop: Shop) -> None:
    order = bought(shop, shop.member("Lin").buys(), ("mem_b", 1000)).pays()
    shop.settles()
    settled(shop, order.order_id)
    adjust(order.order_id, clock=shop.clock)
    assert wallet("mem_b") == (0, 200)

    take_out("mem_b", 200, shop)
    shop.admin("refund_order", order_id=order.order_id, reason="坏了", amount_fen=1500)
    shop.works_queue()
    shop.settles()
    adjust(order.order_id, clock=shop.clock)

    assert commissions(shop, order.order_id) == {1: ("released", 200, 150)}
    assert wallet("mem_b") == (0, -150)


def test_an_open_refund_blocks_the_release_until_it_has_ended(shop: Shop) -> None:
    order = bought(shop, shop.member("Lin").buys(), ("mem_b", 1000)).pays()
    shop.settles()
    asked = order.asks_refund(amount_fen=500)
    settled(shop, order.order_id)
    shop.settles()
    assert wallet("mem_b") == (200, 0)

    shop.admin("decide_refund", refund_id=asked["refund_id"], decision="reject", reason="没坏")
    shop.settles()

    assert wallet("mem_b") == (0, 200)
    assert commissions(shop, order.order_id) == {1: ("released", 200, 0)}


def test_whoever_has_left_earns_nothing_and_keeps_nobody_else_from_it(shop: Shop) -> None:
    writes = WriteSet()
    ledger.close(writes, "mem_b", now=shop.clock.now(), refusal=lambda _row: Changed())
    writes.commit()
    order = bought(shop, shop.member("Lin").buys(), ("mem_b", 1000), ("mem_c", 500)).pays()

    shop.settles()

    assert commissions(shop, order.order_id) == {2: ("pending", 100, 0)}
    assert wallet("mem_b") == (0, 0)
    assert shop.rows("orders")[0].get("due_at") is None


def test_who_is_upline_and_leader_has_both_in_one_update_of_the_balance(shop: Shop) -> None:
    order = bought(shop, shop.member("Lin").buys(), ("mem_b", 1000), ("mem_c", 500)).pays()
    with_bonus(shop, order.order_id, "mem_b", 77)

    with shop.reads_of("TransactWriteItems") as commits:
        adjust(order.order_id, clock=shop.clock)

    (items,) = [commit["TransactItems"] for commit in commits]
    assert sorted(next(iter(item)) for item in items) == [
        *("ConditionCheck", "Put", "Put", "Put", "Put", "Put", "Put", "Update", "Update")
    ]
    assert (wallet("mem_b"), wallet("mem_c")) == ((277, 0), (100, 0))
    assert commissions(shop, order.order_id) == {
        0: ("pending", 77, 0),
        1: ("pending", 200, 0),
        2: ("pending", 100, 0),
    }
    settled(shop, order.order_id)
    adjust(order.order_id, clock=shop.clock)
    assert (wallet("mem_b"), wallet("mem_c")) == ((0, 277), (0, 100))
    shop.settles()
    refund(shop, order, amount_fen=1000)
    assert (wallet("mem_b"), wallet("mem_c")) == ((0, 138), (0, 50))


def test_a_leader_who_has_left_earns_neither_and_keeps_nobody_else_from_it(shop: Shop) -> None:
    writes = WriteSet()
    ledger.close(writes, "mem_b", now=shop.clock.now(), refusal=lambda _row: Changed())
    writes.commit()
    order = bought(shop, shop.member("Lin").buys(), ("mem_b", 1000), ("mem_c", 500))
    with_bonus(shop, order.order_id, "mem_b", 77)
    order.pays()

    shop.settles()

    assert commissions(shop, order.order_id) == {2: ("pending", 100, 0)}
    assert shop.rows("orders")[0].get("due_at") is None


def test_lost_streams_are_made_up_for_by_the_sweep(shop: Shop) -> None:
    order = bought(shop, shop.member("Lin").buys(), ("mem_b", 1000)).pays()
    shop.streams_are_lost()
    assert commissions(shop, order.order_id) == {}

    shop.passes(61)

    assert commissions(shop, order.order_id) == {1: ("pending", 200, 0)}
    shop.assert_books_balance()


def test_a_stream_lost_when_a_group_completes_is_made_up_for(shop: Shop) -> None:
    shop.campaign()
    order = bought(shop, shop.member("Lin").opens(), ("mem_b", 1000)).pays()
    shop.settles()
    shop.member("Ann").joins(order.group_id).pays()
    shop.streams_are_lost()

    shop.passes(61)
    shop.streams_are_lost()
    shop.passes(61)

    assert order.status == "to_ship"
    assert commissions(shop, order.order_id) == {1: ("pending", 150, 0)}


def test_the_figures_count_each_commission_once(shop: Shop) -> None:
    lin, upline_id = shop.member("Lin"), shop.member("Ann").member_id
    order = bought(shop, lin.buys(), (upline_id, 1000)).pays()
    shop.settles()
    settled(shop, order.order_id)
    shop.settles()
    refund(shop, order, amount_fen=1000, request_id="half")
    for _ in range(2):
        shop.passes(61)

    figures = shop.rows("members", member_id=upline_id, kind=f"invitee#{lin.member_id}")[0]
    assert (figures["orders_count"], figures["commission_fen"]) == (1, 100)
    boards = {row["board"]: row["earned_fen"] for row in shop.rows("rankings")}
    assert boards == {"week#2026-W47": 100, "month#2026-11": 100}


def take_out(member_id: str, amount_fen: int, shop: Shop) -> None:
    """A withdrawal from request to payment, as the ledger sees it."""
    now = shop.clock.now()
    writes = WriteSet()
    reserved = recipes.withdrawal_reserved(member_id, "wdr1", amount_fen, now=now)
    ledger.reserve(writes, member_id, reserved, "wdr1")
    writes.commit()
    writes = WriteSet()
    ended = recipes.withdrawal_ended(member_id, "wdr1", amount_fen, paid=True, now=now)
    ledger.end_withdrawal(writes, member_id, ended, "wdr1", paid_fen=amount_fen)
    writes.commit()
