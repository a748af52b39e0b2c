"""What the audit says of orders that a voucher paid for: nothing while all is right, and by name
what is not.

One story for all: such an order in each state it can be at rest in. Each test breaks a row by hand
and puts it back.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from chalicelib.audit.check_everything import check_everything
from chalicelib.groups import show
from chalicelib.ledger.transfers import Code, transfer_id_for
from infra.local.books import SAME
from tests.audit.rounds import found_by_command, found_by_slices
from tests.broken import Change, broken
from tests.fakes import FakeClock
from tests.shop import Placed, Shop
from tests.vouchers.words import granted

A_WEEK_SECONDS = 7 * 24 * 3600


@dataclass(frozen=True)
class Story:
    """Who did what, after which all is at rest. `gone`: its member has left."""

    shop: Shop
    cancelled: Placed
    settled: Placed
    gone: Placed
    to_ship: Placed
    forming: Placed

    @property
    def free(self) -> tuple[Placed, ...]:
        return self.cancelled, self.settled, self.gone, self.to_ship, self.forming


@pytest.fixture(scope="module")
def story(tables: None) -> Iterator[Story]:
    show.forget_offers()
    shop = Shop(FakeClock())
    shop.stocks(100)
    shop.campaign(ends_at=shop.at(30 * 24 * 3600))
    shop.admin("put_freight", merchant_id="orchard", flat_fen=300)
    cancelled = granted(shop, "Di").opens(voucher_id="v1")
    shop.passes(3600)
    settled, gone = _complete(shop, "Lin", "Ann"), _complete(shop, "Gil", "Hu")
    for order in (settled, gone):
        shop.ships(order)
        order.receives()
    assert gone.member.send("DELETE", "/v1/me").status == 204
    shop.passes(A_WEEK_SECONDS)
    to_ship = _complete(shop, "Bo", "Cy")
    forming = granted(shop, "Ed").opens(voucher_id="v1")
    shop.settles()
    yield Story(shop, cancelled, settled, gone, to_ship, forming)
    shop.close()


def _complete(shop: Shop, leader: str, joiner: str) -> Placed:
    order = granted(shop, leader).opens(voucher_id="v1")
    shop.member(joiner).joins(order.group_id).pays()
    shop.settles()
    return order


def voucher(placed: Placed, *, gone: bool = False, **values: str | None) -> Change:
    key: dict[str, str | int] = {"member_id": placed.member.member_id, "kind": "voucher#v1"}
    return Change("members", key, dict(values), gone)


def order(placed: Placed, **values: str | int) -> Change:
    return Change("orders", {"order_id": placed.order_id}, dict(values))


def booked(placed: Placed, *, gone: bool = False, **values: str | int) -> Change:
    """The transfer that says who bore it."""
    entry = f"transfer#{transfer_id_for(Code.VOUCHER, placed.order_id)}"
    key: dict[str, str | int] = {"account_id": f"order:{placed.order_id}", "entry": entry}
    return Change("ledger", key, dict(values), gone)


def violations(story: Story) -> set[tuple[str, str]]:
    """What the command finds; and a round of slices, just the same."""
    found = found_by_command(story.shop)
    assert found_by_slices(story.shop) == found
    return found


def test_nothing_is_wrong_with_free_orders_in_any_state(story: Story) -> None:
    states = [row["order_state"] for row in story.shop.rows("orders", amount_fen=0)]

    assert violations(story) == set()
    assert sorted(states) == ["cancelled", "paid", "settled", "settled", "to_ship"]
    story.shop.assert_books_balance()


def test_what_nobody_paid_for_is_no_payment_in_the_totals(story: Story) -> None:
    totals, theirs = story.shop.admin("audit")["totals"], story.shop.sandbox.totals()

    assert totals["orders"] == 8
    for name in SAME:
        assert totals[name] == theirs[name]
    assert totals["payments"] == 3
    assert totals["balances_fen"]["marketing_expense"] == 2 * 1800
    assert totals["balances_fen"]["sales"] == -2 * 1800


def test_a_voucher_that_stands_for_another_order_or_none_is_named(story: Story) -> None:
    for placed in (story.forming, story.to_ship, story.settled):
        named = {("vouchers_are_used_once", placed.order_id)}
        with broken(voucher(placed, used_by="ord_another")):
            assert violations(story) == named
        with broken(voucher(placed, used_by=None)):
            assert violations(story) == named


def test_a_voucher_that_was_not_given_back_is_named(story: Story) -> None:
    with broken(voucher(story.cancelled, used_by=story.cancelled.order_id)):
        assert violations(story) == {("vouchers_are_used_once", story.cancelled.order_id)}
    with broken(voucher(story.cancelled, used_by="ord_another")):
        assert violations(story) == set(), "it was used again"


def test_a_voucher_that_is_gone_before_its_order_is_over_is_named(story: Story) -> None:
    for placed in (story.forming, story.to_ship):
        with broken(voucher(placed, gone=True)):
            assert violations(story) == {("vouchers_are_used_once", placed.order_id)}
    for placed in (story.cancelled, story.settled):
        with broken(voucher(placed, gone=True)):
            assert violations(story) == set(), "its member may have left"


def test_anything_due_or_paid_beside_a_voucher_is_named(story: Story) -> None:
    placed = story.to_ship
    with broken(order(placed, amount_fen=300, discount_fen=1500)):
        assert violations(story) == {("vouchers_are_used_once", placed.order_id)}
    with broken(order(placed, paid_fen=1, refundable_fen=1)):
        assert ("vouchers_are_used_once", placed.order_id) in violations(story)


def test_a_voucher_that_cannot_be_read_is_named_and_held_against_nobody(story: Story) -> None:
    for values in ({"expires_at": "tomorrow"}, {"expires_at": None}):
        with broken(voucher(story.forming, **values)):
            assert violations(story) == {("rows_are_readable", story.forming.order_id)}


def test_a_settled_free_order_that_nobody_booked_is_named(story: Story) -> None:
    settled = story.settled
    for change in (
        booked(settled, gone=True),
        booked(settled, amount_fen=1799),
        booked(settled, debit_account="customer_funds"),
    ):
        with broken(change):
            assert ("settlements_are_booked_once", settled.order_id) in violations(story)


def test_a_free_order_waits_or_ships_or_is_cancelled(story: Story) -> None:
    with broken(order(story.to_ship, order_state="paid")):
        assert violations(story) == {("paid_orders_have_one_place", story.to_ship.order_id)}
    with broken(order(story.cancelled, order_state="paid")):
        found = violations(story)
    assert {
        ("paid_orders_have_one_place", story.cancelled.order_id),
        ("failed_groups_refund_every_seat", story.cancelled.group_id),
        ("vouchers_are_used_once", story.cancelled.order_id),
    } <= found


def test_an_audit_that_has_no_time_for_vouchers_says_so_and_accuses_nobody(story: Story) -> None:
    left = iter([True] * 8)
    with broken(voucher(story.forming, used_by=None)):
        _, report = check_everything(story.shop.clock.now(), time_left=lambda: next(left, False))

    assert report.stopped_at == {"at": "vouchers", "rows_read": 0}
    assert report.violations == []
