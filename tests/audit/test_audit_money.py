"""Each invariant of commissions, balances and withdrawals names what breaks it, and nothing else
does.

One story for all: commission in every state, and withdrawals that were paid, ended otherwise and
are under way. Each test breaks a row by hand and puts it back.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest

from chalicelib.audit.check_everything import check_everything
from chalicelib.audit.invariants import READABLE
from chalicelib.commissions.model import commission_id_for
from chalicelib.kit.aws import dynamodb
from chalicelib.ledger import recipes
from chalicelib.ledger.close_day import close_days
from chalicelib.ledger.transfers import Code, transfer_id_for
from tests.audit.rounds import found_by_slices
from tests.audit.test_audit import OF_MONEY
from tests.broken import Change, broken
from tests.fakes import FakeClock
from tests.in_process import just_before
from tests.shop import Member, Placed, Shop
from tests.tables import PREFIX

DAY = "2026-11-22"
CLOSED = {"account_id": f"day#{DAY}"}
FREEZE_SECONDS = 3600
COMMISSION = {"rates_bp": [1000, 333], "cap_bp": 3000, "freeze_seconds": FREEZE_SECONDS}
WITHDRAWAL = {"minimum_fen": 10, "fee_bp": 700, "review_above_fen": 50, "daily_count": 9}


NOON = "2026-11-22T12:00:00.000Z"


@dataclass(frozen=True)
class Story:
    """Who did what, after which all is at rest."""

    shop: Shop
    near: Member
    far: Member
    to_ship: Placed
    part: Placed
    refunded: Placed
    shipped: Placed
    received: Placed
    settled: Placed
    settled_refund_id: str
    clawed_back: Placed
    paid_out: str
    taken_back: str
    under_way: str


@pytest.fixture(scope="module")
def story(tables: None) -> Iterator[Story]:
    shop = Shop(FakeClock())
    shop.stocks(100)
    shop.admin("put_settings", commission=COMMISSION, withdrawal=WITHDRAWAL)
    shop.member("Di").buys().pays()
    shop.settles()
    shop.passes(6 * 3600)
    close_days(clock=shop.clock)
    far, near = shop.member("Far"), shop.member("Near")
    buyer = shop.member("Cy")
    assert near.visits(far.shares()).status == 200
    assert buyer.visits(near.shares()).status == 200
    settled, clawed_back = (_settled(shop, buyer) for _ in range(2))
    part, refunded = (buyer.buys(quantity=3).pays() for _ in range(2))
    shop.settles()
    after_settlement = _refund(shop, settled, 7)
    _refund(shop, clawed_back, 2000)
    _refund(shop, part, 1111)
    _refund(shop, refunded, None)
    shop.passes(120)
    paid_out = _withdraws(near, 40)
    confirming = near.send("GET", f"/v1/withdrawals/{paid_out}")["transfer"]
    shop.sandbox.confirm_transfer("Near", confirming["package"])
    shop.settles()
    taken_back = _withdraws(near, 60)
    assert near.send("POST", f"/v1/withdrawals/{taken_back}/cancel").status == 200
    under_way = _withdraws(near, 51)
    received = _received(shop, buyer)
    shipped = _shipped(shop, buyer)
    to_ship = buyer.buys().pays()
    shop.settles()
    yield Story(
        shop=shop,
        near=near,
        far=far,
        to_ship=to_ship,
        part=part,
        refunded=refunded,
        shipped=shipped,
        received=received,
        settled=settled,
        settled_refund_id=after_settlement,
        clawed_back=clawed_back,
        paid_out=paid_out,
        taken_back=taken_back,
        under_way=under_way,
    )
    shop.close()


def _shipped(shop: Shop, buyer: Member) -> Placed:
    order = buyer.buys().pays()
    shop.settles()
    number = order.order_id[-12:]
    shop.admin("ship_order", order_id=order.order_id, carrier="SF", tracking_no=number)
    shop.settles()
    shop.passes(60)
    return order


def _received(shop: Shop, buyer: Member) -> Placed:
    order = _shipped(shop, buyer)
    assert buyer.send("POST", f"/v1/orders/{order.order_id}/receipt").status == 200
    shop.settles()
    return order


def _settled(shop: Shop, buyer: Member) -> Placed:
    order = _received(shop, buyer)
    shop.passes(FREEZE_SECONDS)
    shop.passes(60)
    assert order.status == "settled"
    return order


def _refund(shop: Shop, order: Placed, amount_fen: int | None) -> str:
    fields = {} if amount_fen is None else {"amount_fen": amount_fen}
    answer = shop.admin("refund_order", order_id=order.order_id, reason="坏了", **fields)
    shop.settles()
    return str(answer["refund_id"])


def _withdraws(member: Member, amount_fen: int) -> str:
    body = {"amount_fen": amount_fen}
    reply = member.send("POST", "/v1/withdrawals", body, key=member.next_key())
    assert reply.status == 201, reply
    member.shop.settles()
    return str(reply["withdrawal_id"])


# Rows, and how they are broken


def order(placed: Placed, **values: str | int | None) -> Change:
    return Change("orders", {"order_id": placed.order_id}, values)


def commission_id(placed: Placed, level: int = 1) -> str:
    return commission_id_for(placed.order_id, level)


def announced_id(placed: Placed) -> str:
    """The transfer that announces what the near upline earns."""
    return recipes.earning_id_of(recipes.COMMISSION, commission_id(placed))


def commission(placed: Placed, *, gone: bool = False, **values: str | int | None) -> Change:
    return Change("commissions", {"commission_id": commission_id(placed)}, values, gone=gone)


def withdrawal(withdrawal_id: str, **values: str | int | None) -> Change:
    return Change("withdrawals", {"withdrawal_id": withdrawal_id, "kind": "withdrawal"}, values)


def balance(member: Member, **values: str | int | None) -> Change:
    return Change(
        "ledger", {"account_id": f"member:{member.member_id}", "entry": "balance"}, values
    )


def booked(member: Member, transfer_id: str, **values: str | int | None) -> Change:
    """A transfer under a member, found by its id."""
    account_id = f"member:{member.member_id}"
    rows = member.shop.rows("ledger", account_id=account_id, transfer_id=transfer_id)
    return Change("ledger", {"account_id": account_id, "entry": rows[0]["entry"]}, values)


def booked_under(
    account_id: str, code: Code, cause: str, *, gone: bool = False, **values: str | int | None
) -> Change:
    """A transfer between the shop's own accounts."""
    entry = f"transfer#{transfer_id_for(code, cause)}"
    return Change("ledger", {"account_id": account_id, "entry": entry}, values, gone=gone)


def fee(story: Story, *, gone: bool = False, **values: str | int | None) -> Change:
    account_id = f"withdrawal:{story.paid_out}"
    return booked_under(account_id, Code.WITHDRAWAL_FEE, story.paid_out, gone=gone, **values)


def closing(**values: str | int | None) -> Change:
    return Change("ledger", {**CLOSED, "entry": "closing"}, values)


def clawed_back_less(story: Story) -> list[Change]:
    """One fen of a wholly refunded order is not taken back, and everything agrees on that."""
    placed, near = story.clawed_back, story.near
    transfer_id = transfer_id_for(Code.COMMISSION_CLAWBACK, commission_id(placed), "0")
    (kept,) = near.shop.rows("ledger", account_id=f"member:{near.member_id}", entry="balance")
    return [
        commission(placed, reversed_fen=199, counted_fen=1, ranked_fen=1),
        booked(near, transfer_id, amount_fen=199),
        balance(
            near,
            debits_posted_fen=kept["debits_posted_fen"] - 1,
            available_fen=kept["available_fen"] + 1,
        ),
    ]


def breakages(story: Story) -> dict[str, tuple[list[Change], set[str]]]:
    """For each invariant, what breaks it, and which ids it must name."""
    near, settled = story.near, story.settled
    clawback = transfer_id_for(Code.COMMISSION_CLAWBACK, commission_id(settled), "199")
    settlement = booked_under(
        f"order:{settled.order_id}", Code.SETTLEMENT, settled.order_id, gone=True
    )
    looks_settled = {"order_state": "settled", "settled_at": NOON, "due_at": None}
    received_id = story.received.order_id
    sold_at_once = booked_under(
        f"order:{received_id}", Code.PAYMENT, received_id, credit_account="sales:orchard"
    )
    return {
        "settlements_are_booked_once": ([settlement], {settled.order_id}),
        "closed_days_add_up": ([closing(transfer_count=2)], {DAY}),
        "member_balances_add_up": ([balance(near, withdrawn_fen=41)], {near.member_id}),
        "pending_transfers_are_not_overdrawn": (
            [booked(near, clawback, pending_id="trf_other")],
            {near.member_id},
        ),
        "commissions_match_targets": (
            [order(story.shipped, freight_fen=100, discount_fen=100)],
            {story.shipped.order_id},
        ),
        "wholly_refunded_orders_pay_no_commission": (
            clawed_back_less(story),
            {story.clawed_back.order_id},
        ),
        "commissions_within_cap": (
            [order(story.to_ship, commission_cap_bp=1329)],
            {story.to_ship.order_id},
        ),
        "commissions_are_released_once_settled": (
            [order(story.received, **looks_settled, due_shard=None), sold_at_once],
            {received_id},
        ),
        "commissions_belong_to_uplines": (
            [commission(story.to_ship, buyer_id="mem_other")],
            {commission_id(story.to_ship)},
        ),
        "commissions_are_booked": (
            [commission(story.part, amount_fen=601, reversed_fen=113)],
            {commission_id(story.part)},
        ),
        "withdrawals_are_booked": (
            [withdrawal(story.paid_out, net_fen=37, fee_fen=3)],
            {story.paid_out},
        ),
        "open_withdrawal_is_marked": (
            [balance(near, open_withdrawal_id=story.taken_back)],
            {story.under_way, near.member_id},
        ),
    }


Broken = tuple[Change, set[str], set[str]]
"""What is broken, the invariants that must name it, and the ids."""

LATE, UNSEEN = {"nothing_is_overdue"}, {"whatever_waits_is_due"}

OTHER_WAYS: dict[str, Callable[[Story], Broken]] = {
    "a transfer whose commission is gone": lambda story: (
        commission(story.to_ship, gone=True),
        {"commissions_are_booked", "commissions_match_targets"},
        {story.near.member_id, story.to_ship.order_id},
    ),
    "a commission that was released too early": lambda story: (
        commission(story.received, commission_state="released"),
        {"commissions_are_released_once_settled", "commissions_are_booked", *UNSEEN},
        {story.received.order_id, commission_id(story.received)},
    ),
    "a commission nobody counts": lambda story: (
        commission(story.part, counted_fen=1),
        UNSEEN,
        {commission_id(story.part)},
    ),
    "a commission long due": lambda story: (
        commission(story.part, due_at=NOON, due_shard=1),
        LATE,
        {commission_id(story.part)},
    ),
    "a commission that cannot be read": lambda story: (
        commission(story.to_ship, commission_state="odd"),
        {READABLE},
        {commission_id(story.to_ship)},
    ),
    "a post of more than was announced": lambda story: (
        booked(
            story.near,
            transfer_id_for(Code.COMMISSION, commission_id(story.settled), "post"),
            amount_fen=201,
        ),
        {
            "member_balances_add_up",
            "pending_transfers_are_not_overdrawn",
            "commissions_are_booked",
        },
        {story.near.member_id, commission_id(story.settled)},
    ),
    "a transfer in a phase there is not": lambda story: (
        booked(story.near, announced_id(story.to_ship), phase="maybe"),
        {"debits_equal_credits", "member_balances_add_up"},
        {story.near.member_id},
    ),
    "a balance with less than is available": lambda story: (
        balance(story.near, available_fen=1),
        {"member_balances_add_up"},
        {story.near.member_id},
    ),
    "a withdrawal nobody looks at": lambda story: (
        withdrawal(story.under_way, due_at=None, due_shard=None),
        UNSEEN,
        {story.under_way},
    ),
    "a withdrawal long due": lambda story: (
        withdrawal(story.under_way, due_at=NOON),
        LATE,
        {story.under_way},
    ),
    "a withdrawal that cannot be read": lambda story: (
        withdrawal(story.under_way, withdrawal_state="odd"),
        {READABLE},
        {story.under_way},
    ),
    "a reservation of more than was asked for": lambda story: (
        booked(story.near, recipes.withdrawal_id_of(story.under_way), amount_fen=52),
        {"member_balances_add_up", "withdrawals_are_booked"},
        {story.near.member_id, story.under_way},
    ),
    "a fee booked to an account that is none": lambda story: (
        fee(story, credit_account="nobody"),
        {"debits_equal_credits", "withdrawals_are_booked"},
        {story.paid_out},
    ),
    "a fee that is not booked": lambda story: (
        fee(story, gone=True),
        {"withdrawals_are_booked"},
        {story.paid_out},
    ),
    "a refund after settlement taken from customers' money": lambda story: (
        booked_under(
            f"order:{story.settled.order_id}",
            Code.REFUND,
            story.settled_refund_id,
            debit_account="customer_funds",
        ),
        {"refunds_are_booked_once"},
        {story.settled.order_id},
    ),
    "a closed day's total": lambda _story: (
        Change("ledger", {**CLOSED, "entry": "total#wechat"}, {"debits_posted_fen": 1}),
        {"closed_days_add_up"},
        {DAY},
    ),
}
"""Other ways to break them, and the older invariants in the newer rows."""


# The tests


def test_nothing_is_wrong_after_a_story_of_all_that_members_earn(story: Story) -> None:
    answer = story.shop.admin("audit")

    assert answer["violations"] == []
    assert answer["complete"] is True
    checked = {one["name"]: one["checked"] for one in answer["invariants"]}
    assert all(checked[name] > 0 for name in OF_MONEY)


def test_the_totals_are_wechats_own_and_the_balances_of_all_accounts(story: Story) -> None:
    totals, theirs = story.shop.admin("audit")["totals"], story.shop.sandbox.totals()

    for name in ("paid_fen", "refunded_fen", "transferred_fen"):
        assert totals[name] == theirs[name]
    for name in ("payments", "refunds", "transfers"):
        assert totals[name] == theirs[name]
    assert totals["transferred_fen"] == 38
    balances = totals["balances_fen"]
    left_fen = theirs["paid_fen"] - theirs["refunded_fen"] - theirs["transferred_fen"]
    assert balances["wechat"] == left_fen
    assert sum(balances.values()) == 0
    assert [balances[name] for name in ("sales", "members", "fee_income", "payouts")] == [
        *(-1993, -(199 + 66 - 40), -2, 0)
    ]
    assert totals["accounts"]["payouts"] == {
        "debits_pending_fen": 0,
        "debits_posted_fen": 40,
        "credits_pending_fen": 51,
        "credits_posted_fen": 40,
        "balance_fen": 0,
    }
    assert totals["withdrawals_by_status"] == {"cancelled": 1, "paid": 1, "reviewing": 1}
    assert totals["commissions_by_status"] == {"pending": 8, "released": 4, "voided": 2}


def test_wallets_are_the_fullest_by_id(story: Story) -> None:
    totals = story.shop.admin("audit")["totals"]

    near_pending_fen, far_pending_fen = 488 + 3 * 200, 162 + 3 * 66
    assert totals["wallets"] == [
        {
            "member_id": story.near.member_id,
            "available_fen": 199 - 40 - 51,
            "pending_fen": near_pending_fen,
            "on_its_way_fen": 51,
            "withdrawn_fen": 40,
            "debt_fen": 0,
        },
        {
            "member_id": story.far.member_id,
            "available_fen": 66,
            "pending_fen": far_pending_fen,
            "on_its_way_fen": 0,
            "withdrawn_fen": 0,
            "debt_fen": 0,
        },
    ]
    assert totals["members"] == {
        "available_fen": 108 + 66,
        "pending_fen": near_pending_fen + far_pending_fen,
        "on_its_way_fen": 51,
        "withdrawn_fen": 40,
        "debt_fen": 0,
    }


@pytest.mark.parametrize("name", sorted(OF_MONEY))
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
    assert answer["complete"] is True


@pytest.mark.parametrize("what", OTHER_WAYS)
def test_other_ways_to_break_them_are_named_too(story: Story, what: str) -> None:
    change, names, ids = OTHER_WAYS[what](story)
    with broken(change):
        violations = story.shop.admin("audit")["violations"]
        by_slices = found_by_slices(story.shop)

    assert {one["invariant"] for one in violations} == names
    assert {one["id"] for one in violations} == ids
    assert by_slices == {(one["invariant"], one["id"]) for one in violations}


@pytest.mark.parametrize(
    ("name", "operation"),
    [
        ("member_balances_add_up", "Query"),
        ("closed_days_add_up", "Query"),
        ("commissions_are_booked", "GetItem"),
        ("open_withdrawal_is_marked", "GetItem"),
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


@pytest.mark.parametrize("reads", range(9))
def test_an_audit_that_runs_out_of_time_accuses_nobody(story: Story, reads: int) -> None:
    left = iter([True] * reads)

    _, report = check_everything(story.shop.clock.now(), time_left=lambda: next(left, False))

    assert report.violations == []
    assert (report.stopped_at is None) == (reads == 8)


def test_a_decision_written_beside_a_withdrawal_is_no_withdrawal(story: Story) -> None:
    key = {"withdrawal_id": {"S": story.paid_out}, "kind": {"S": "decision"}}
    table = f"{PREFIX}-withdrawals"
    dynamodb().put_item(TableName=table, Item={**key, "decision": {"N": "7"}})
    violations = story.shop.admin("audit")["violations"]
    dynamodb().delete_item(TableName=table, Key=key)

    assert violations == []


def test_an_audit_of_wallets_names_nobody(story: Story) -> None:
    openids = {row["openid"] for row in story.shop.rows("withdrawals")}

    answer = str(story.shop.admin("audit"))

    assert not any(openid in answer for openid in openids)
