"""Each invariant of goods, groups, orders and refunds names what breaks it, and nothing else does;
those of money that members earn have their own story in test_audit_money.py, those of draws, of
vouchers and of crowds in test_audit_draws.py, test_audit_vouchers.py and test_audit_crowds.py.

One story for all: every kind of order that can be at rest. Each test breaks a row by hand and puts
it back.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import pytest

from chalicelib.audit.check_everything import check_everything
from chalicelib.audit.invariants import INVARIANTS, READABLE
from chalicelib.groups import show
from chalicelib.kit.aws import dynamodb
from chalicelib.ledger.transfers import Code, transfer_id_for
from tests.audit.rounds import found_by_slices
from tests.broken import Change, broken
from tests.fakes import FakeClock
from tests.in_process import just_before
from tests.shop import ADDRESS, Placed, Shop
from tests.tables import PREFIX

OF_MONEY = frozenset(
    {
        "settlements_are_booked_once",
        "closed_days_add_up",
        "member_balances_add_up",
        "pending_transfers_are_not_overdrawn",
        "commissions_match_targets",
        "wholly_refunded_orders_pay_no_commission",
        "commissions_within_cap",
        "commissions_are_released_once_settled",
        "commissions_belong_to_uplines",
        "commissions_are_booked",
        "withdrawals_are_booked",
        "open_withdrawal_is_marked",
    }
)
OF_DRAWS = frozenset({"draws_can_be_recomputed", "only_winners_ship"})
OF_VOUCHERS = frozenset({"vouchers_are_used_once"})
OF_CROWDS = frozenset({"crowds_add_up"})
OF_ALLOTMENTS = frozenset({"allotments_add_up"})
OF_ADJUSTMENTS = frozenset({"corrections_are_booked"})
OF_OTHERS = OF_MONEY | OF_DRAWS | OF_VOUCHERS | OF_CROWDS | OF_ALLOTMENTS | OF_ADJUSTMENTS
OF_GOODS = [name for name in INVARIANTS if name not in OF_OTHERS]
TWO_HOURS_AGO = "2026-11-22T12:00:00.000Z"


@dataclass(frozen=True)
class Story:
    """Who did what, after which all is at rest."""

    shop: Shop
    complete: Placed
    complete_too: Placed
    forming: Placed
    held: Placed
    failed: Placed
    part_refunded: Placed
    part_refund_id: str
    undecided: Placed
    undecided_refund_id: str
    paid_late: Placed
    paid_by_hand: Placed


@pytest.fixture(scope="module")
def story(tables: None) -> Iterator[Story]:
    show.forget_offers()
    shop = Shop(FakeClock())
    shop.stocks(100)
    shop.campaign()
    shop.campaign("trio", size=3, duration_seconds=4 * 3600)
    failed = shop.member("Di").opens().pays()
    shop.passes(3600)
    shop.passes(60)
    paid_by_hand = _paid_by_hand(shop)
    paid_late = shop.member("Eve").buys()
    shop.wechat_misses_closing(paid_late)
    paid_late.pays()
    complete = shop.member("Lin").opens().pays()
    complete_too = shop.member("Ann").joins(complete.group_id).pays()
    part_refunded = shop.member("Fay").buys(quantity=2).pays()
    part = shop.admin("refund_order", order_id=part_refunded.order_id, amount_fen=500)
    undecided = shop.member("Gu").buys().pays()
    asked = undecided.asks_refund(amount_fen=700)
    shop.settles()
    shop.passes(3600)
    forming = shop.member("Bo").opens("trio").pays()
    shop.settles()
    held = shop.member("Cy").joins(forming.group_id)
    yield Story(
        shop=shop,
        complete=complete,
        complete_too=complete_too,
        forming=forming,
        held=held,
        failed=failed,
        part_refunded=part_refunded,
        part_refund_id=part["refund_id"],
        undecided=undecided,
        undecided_refund_id=asked["refund_id"],
        paid_late=paid_late,
        paid_by_hand=paid_by_hand,
    )
    shop.close()


def _paid_by_hand(shop: Shop) -> Placed:
    """A whole refund that WeChat could not deliver and an operator paid."""
    shop.sandbox.configure(hold_refunds=True)
    order = shop.member("Hu").buys().pays()
    refund_id = order.asks_refund()["refund_id"]
    shop.settles()
    shop.sandbox.settle_refund(f"{refund_id}_1", "abnormal")
    shop.settles()
    shop.sandbox.configure(hold_refunds=False)
    shop.admin("resolve_abnormal_refund", refund_id=refund_id, resolution="paid_by_hand")
    return order


# Rows, and how they are broken


def order(placed: Placed, **values: str | int | None) -> Change:
    return Change("orders", {"order_id": placed.order_id}, values)


def refund(refund_id: str, **values: str | int | None) -> Change:
    return Change("refunds", {"refund_id": refund_id}, values)


def group(placed: Placed, **values: str | int | None) -> Change:
    return Change("groups", {"group_id": placed.group_id, "kind": "group"}, values)


def seat(placed: Placed, **values: str | int | None) -> Change:
    kind = f"seat#{placed.member.member_id}"
    return Change("groups", {"group_id": placed.group_id, "kind": kind}, values)


def stock(**values: str | int | None) -> Change:
    return Change("stock", {"sku_id": "apples-5", "shard": 0}, values)


def transfer(
    placed: Placed, code: Code, cause: str, *, gone: bool = False, **values: str | int | None
) -> Change:
    entry = f"transfer#{transfer_id_for(code, cause)}"
    key: dict[str, str | int] = {"account_id": f"order:{placed.order_id}", "entry": entry}
    return Change("ledger", key, values, gone=gone)


def payment(placed: Placed, *, gone: bool = False, **values: str | int | None) -> Change:
    return transfer(placed, Code.PAYMENT, placed.order_id, gone=gone, **values)


def breakages(story: Story) -> dict[str, tuple[list[Change], set[str]]]:
    """For each invariant, what breaks it, and which ids it must name."""
    shop = story.shop
    failed_refund_id = shop.rows("refunds", order_id=story.failed.order_id)[0]["refund_id"]
    part, undecided = story.part_refunded, story.undecided
    forming_id, complete_id = story.forming.group_id, story.complete.group_id
    ledger_refund = transfer(part, Code.REFUND, story.part_refund_id, gone=True)
    elsewhere = payment(story.failed, credit_account="outside_wechat")
    return {
        "seats_add_up": ([group(story.forming, seats_free=2)], {forming_id}),
        "counts_match_seats": ([group(story.forming, held_count=0, seats_free=2)], {forming_id}),
        "ended_groups_hold_no_seat": (
            [
                group(story.complete, held_count=1, paid_count=1),
                seat(story.complete_too, seat_state="held"),
            ],
            {complete_id},
        ),
        "failed_groups_refund_every_seat": (
            [refund(failed_refund_id, cause="asked")],
            {story.failed.group_id},
        ),
        "seats_belong_to_orders": (
            [seat(story.forming, order_id="ord_nobody")],
            {forming_id, story.forming.order_id},
        ),
        "only_complete_groups_ship": (
            [order(story.forming, order_state="to_ship")],
            {story.forming.order_id},
        ),
        "paid_orders_have_one_place": (
            [order(story.complete, order_state="paid")],
            {story.complete.order_id},
        ),
        "amounts_add_up": ([order(part, freight_fen=1)], {part.order_id}),
        "refundable_adds_up": ([order(part, refundable_fen=3499)], {part.order_id}),
        "refunded_adds_up": ([order(part, refunded_fen=501)], {part.order_id}),
        "granted_refunds_add_up": ([order(part, price_cut_fen=1)], {part.order_id}),
        "ended_orders_are_refunded_whole": (
            [order(part, order_state="refunded")],
            {part.order_id},
        ),
        "open_refunds_are_counted": ([order(undecided, open_refund_count=2)], {undecided.order_id}),
        "undecided_adds_up": ([order(undecided, undecided_fen=None)], {undecided.order_id}),
        "refunds_belong_to_orders": (
            [refund(story.undecided_refund_id, order_id=part.order_id)],
            {story.undecided_refund_id, undecided.order_id},
        ),
        "units_add_up": ([stock(units_left=1)], {"apples-5"}),
        "debits_equal_credits": (
            [payment(story.complete, credit_account="wechat")],
            {story.complete.order_id},
        ),
        "payments_are_booked_once": (
            [payment(story.complete, gone=True)],
            {story.complete.order_id},
        ),
        "refunds_are_booked_once": ([ledger_refund], {part.order_id}),
        "customer_funds_are_cleared": ([elsewhere], {story.failed.order_id}),
        "wechat_account_balances": (
            [payment(story.complete, debit_account="outside_wechat")],
            {story.complete.order_id},
        ),
        "nothing_is_overdue": ([order(story.held, due_at=TWO_HOURS_AGO)], {story.held.order_id}),
        "whatever_waits_is_due": (
            [group(story.forming, due_at=None, due_shard=None)],
            {forming_id},
        ),
        READABLE: ([order(part, order_state="somewhere")], {part.order_id}),
    }


# The tests


def test_nothing_is_wrong_after_a_story_in_which_everything_happens(story: Story) -> None:
    answer = story.shop.admin("audit")

    assert answer["violations"] == []
    assert [answer["complete"], answer["stopped_at"]] == [True, None]
    assert {one["name"] for one in answer["invariants"]} == {*INVARIANTS, READABLE}
    for invariant in answer["invariants"]:
        unchecked = OF_MONEY | OF_DRAWS | OF_ADJUSTMENTS
        assert invariant["checked"] > 0 or invariant["name"] in unchecked
        assert [invariant["violation_count"], invariant["violations"]] == [0, []]


def test_the_totals_are_wechats_own(story: Story) -> None:
    totals = story.shop.admin("audit")["totals"]
    theirs = story.shop.sandbox.totals()

    for name in ("paid_fen", "payments", "refunded_fen", "refunds"):
        assert totals[name] == theirs[name]
    assert totals["orders"] == 9
    assert totals["orders_by_status"] == {
        "awaiting_payment": 1,
        "paid": 1,
        "refunded": 3,
        "to_ship": 4,
    }
    assert totals["groups_by_status"] == {"complete": 1, "failed": 1, "forming": 1}
    assert [totals["refunds_by_hand"], totals["refunded_by_hand_fen"]] == [1, 2000]
    assert totals["balances_fen"]["wechat"] == theirs["paid_fen"] - theirs["refunded_fen"]
    assert sum(totals["balances_fen"].values()) == 0
    assert totals["due"]["orders"] == {"waiting": 1, "due": 0, "oldest_seconds": None}
    assert totals["findings_today"] == {}


@pytest.mark.parametrize("name", [*OF_GOODS, READABLE])
def test_what_breaks_an_invariant_is_named_by_it_and_by_no_other(story: Story, name: str) -> None:
    changes, ids = breakages(story)[name]
    with ExitStack() as stack:
        for change in changes:
            stack.enter_context(broken(change))
        answer = story.shop.admin("audit")
        by_slices = found_by_slices(story.shop)

    assert {one["invariant"] for one in answer["violations"]} == {name}
    assert {one["id"] for one in answer["violations"]} == ids
    assert by_slices == {(name, id) for id in ids}
    (invariant,) = [one for one in answer["invariants"] if one["name"] == name]
    assert invariant["violation_count"] == len(invariant["violations"]) == len(ids)
    assert answer["complete"] is True


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("refunds_are_booked_once", {"paid_by_hand": None}),
        ("refundable_adds_up", {"amount_fen": 1999}),
    ],
)
def test_a_refund_that_was_paid_by_hand_is_held_against_its_booking(
    story: Story, name: str, change: dict[str, Any]
) -> None:
    refund_id = story.shop.rows("refunds", order_id=story.paid_by_hand.order_id)[0]["refund_id"]

    with broken(refund(refund_id, **change)):
        names = {one["invariant"] for one in story.shop.admin("audit")["violations"]}

    assert name in names


def test_a_seat_that_is_held_for_nobody_is_named(story: Story) -> None:
    with broken(order(story.held, order_state="cancelled", due_at=None, due_shard=None)):
        violations = story.shop.admin("audit")["violations"]

    assert [(one["invariant"], one["id"]) for one in violations] == [
        ("seats_belong_to_orders", story.held.group_id)
    ]


def test_a_late_payment_is_part_of_the_books(story: Story) -> None:
    with broken(order(story.paid_late, refunded_fen=1999)):
        violations = story.shop.admin("audit")["violations"]

    assert {one["id"] for one in violations} == {story.paid_late.order_id}
    assert {one["invariant"] for one in violations} == {
        "refunded_adds_up",
        "ended_orders_are_refunded_whole",
    }


def test_a_transfer_about_no_order_is_named(story: Story) -> None:
    table = f"{PREFIX}-ledger"
    stray = {
        "account_id": {"S": "order:ord_nobody"},
        "entry": {"S": "transfer#trf_stray"},
        "transfer_id": {"S": "trf_stray"},
        "code": {"S": "payment"},
        "phase": {"S": "single"},
        "debit_account": {"S": "wechat"},
        "credit_account": {"S": "customer_funds"},
        "amount_fen": {"N": "5"},
    }
    dynamodb().put_item(TableName=table, Item=stray)
    violations = story.shop.admin("audit")["violations"]
    key = {name: stray[name] for name in ("account_id", "entry")}
    dynamodb().delete_item(TableName=table, Key=key)

    assert [(one["invariant"], one["id"]) for one in violations] == [
        ("payments_are_booked_once", "ord_nobody")
    ]


@pytest.mark.parametrize(
    ("name", "operation"),
    [
        ("open_refunds_are_counted", "GetItem"),
        ("counts_match_seats", "Query"),
        ("payments_are_booked_once", "GetItem"),
    ],
)
def test_what_is_right_again_when_looked_at_again_is_not_reported(
    story: Story, name: str, operation: str
) -> None:
    changes, _ = breakages(story)[name]
    with ExitStack() as stack:
        for change in changes:
            stack.enter_context(broken(change))
        with just_before(operation, stack.pop_all().close):
            answer = story.shop.admin("audit")

    assert answer["violations"] == []


def test_stock_that_moves_while_it_is_read_is_not_reported(story: Story) -> None:
    scans: list[str] = []

    def move(params: dict[str, Any], **_: Any) -> None:
        """Before each reading of the orders, somebody takes a unit whose order is not seen yet."""
        scans.append(params["TableName"])
        if params["TableName"] == f"{PREFIX}-orders":
            dynamodb().update_item(
                TableName=f"{PREFIX}-stock",
                Key={"sku_id": {"S": "apples-5"}, "shard": {"N": "0"}},
                UpdateExpression="SET units_left = units_left - :one",
                ExpressionAttributeValues={":one": {"N": "1"}},
            )

    event = "before-parameter-build.dynamodb.Scan"
    with broken(stock(units_left=1)):
        dynamodb().meta.events.register(event, move)
        answer = story.shop.admin("audit")
        dynamodb().meta.events.unregister(event, move)

    assert scans.count(f"{PREFIX}-orders") == 3
    assert answer["violations"] == []


@pytest.mark.parametrize("reads", range(9))
def test_an_audit_that_runs_out_of_time_says_where_and_accuses_nobody(
    story: Story, reads: int
) -> None:
    left = iter([True] * reads)

    _, report = check_everything(story.shop.clock.now(), time_left=lambda: next(left, False))

    assert report.violations == []
    tables = [
        "stock",
        "groups",
        "draws",
        "orders",
        "refunds",
        "commissions",
        "withdrawals",
        "ledger",
    ]
    if reads < len(tables):
        assert report.stopped_at == {"at": tables[reads], "rows_read": 0}
    else:
        assert report.stopped_at is None


def test_more_violations_than_are_shown_are_still_counted(story: Story) -> None:
    nobody = {"group_id": {"S": "grp_odd"}, "seat_state": {"S": "sitting"}}
    table = f"{PREFIX}-groups"
    rows = [{**nobody, "group_id": {"S": f"grp_odd{n}"}, "kind": {"S": "group"}} for n in range(25)]
    for row in rows:
        dynamodb().put_item(TableName=table, Item=row)
    answer = story.shop.admin("audit")
    for row in rows:
        key = {name: row[name] for name in ("group_id", "kind")}
        dynamodb().delete_item(TableName=table, Key=key)

    (readable,) = [one for one in answer["invariants"] if one["name"] == READABLE]
    assert readable["violation_count"] == 25
    assert len(answer["violations"]) == len(readable["violations"]) == 20


def test_an_audit_names_nobody(story: Story) -> None:
    with broken(order(story.part_refunded, order_state="somewhere")):
        answer = str(story.shop.admin("audit"))

    for personal in (ADDRESS["phone"], ADDRESS["recipient"], ADDRESS["detail"]):
        assert personal not in answer
    assert story.part_refunded.member.member_id not in answer


def test_findings_of_today_are_counted(story: Story) -> None:
    item = {
        "finding_day": {"S": "2026-11-22"},
        "finding_id": {"S": "fnd_1"},
        "kind": {"S": "second_payment"},
    }
    table = f"{PREFIX}-findings"
    dynamodb().put_item(TableName=table, Item=item)
    totals = story.shop.admin("audit")["totals"]
    key = {name: item[name] for name in ("finding_day", "finding_id")}
    dynamodb().delete_item(TableName=table, Key=key)

    assert totals["findings_today"] == {"second_payment": 1}
