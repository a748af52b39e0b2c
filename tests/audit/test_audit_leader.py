"""What the audit says of groups whose leader is free and earns a bonus: nothing while all is right,
and by name what is not.

One story for all, settled to the end. Each test breaks a row by hand and puts it back.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest

from chalicelib.commissions.model import BONUS_LEVEL, commission_id_for
from chalicelib.groups import show
from chalicelib.ledger import recipes
from chalicelib.ledger.close_day import close_days
from chalicelib.ledger.transfers import Code, transfer_id_for
from tests.audit.rounds import found_by_slices
from tests.broken import Change, broken
from tests.fakes import FakeClock
from tests.led import FREEZE_SECONDS, balances, led, settled
from tests.shop import Placed, Shop

TIERS = [{"headcount": 2, "price_fen": 1500}, {"headcount": 3, "price_fen": 1200}]
RULES = {"leader": {"free": True, "bonus_fen": 1000}, "tiers": TIERS}
DAY_SECONDS = 24 * 3600


@dataclass(frozen=True)
class Story:
    """Who did what, after which all is at rest: the leader is free, of the joiners one has had a
    part refunded after settlement.
    """

    shop: Shop
    lin: Placed
    ann: Placed
    bo: Placed


@pytest.fixture(scope="module")
def story(tables: None) -> Iterator[Story]:
    show.forget_offers()
    shop = Shop(FakeClock())
    shop.stocks(100)
    shop.admin("put_settings", commission={"freeze_seconds": FREEZE_SECONDS})
    lin, ann, bo = led(shop, RULES, "Lin", "Ann", "Bo")
    shop.settles()
    shop.passes(61)
    settled(shop, lin, ann, bo)
    shop.admin("refund_order", order_id=ann.order_id, amount_fen=600, reason="坏了")
    shop.settles()
    shop.passes(61)
    yield Story(shop, lin, ann, bo)
    shop.close()


# Rows, and how they are broken


def order(placed: Placed, **values: str | int | None) -> Change:
    return Change("orders", {"order_id": placed.order_id}, values)


def refund(placed: Placed, asked_as: str, /, **values: str | bool) -> Change:
    (row,) = placed.member.shop.rows("refunds", order_id=placed.order_id, cause=asked_as)
    return Change("refunds", {"refund_id": row["refund_id"]}, dict(values))


def booked(placed: Placed, code: str, *, gone: bool = False, **values: str | int) -> Change:
    """A transfer under the order."""
    account_id = f"order:{placed.order_id}"
    rows = placed.member.shop.rows("ledger", account_id=account_id, code=code)
    row = max(rows, key=lambda row: int(row["amount_fen"]))
    return Change("ledger", {"account_id": account_id, "entry": row["entry"]}, dict(values), gone)


def bonus_id(placed: Placed) -> str:
    return commission_id_for(placed.order_id, BONUS_LEVEL)


def bonus(placed: Placed, *, gone: bool = False, **values: str | int) -> Change:
    return Change("commissions", {"commission_id": bonus_id(placed)}, dict(values), gone)


def earned(story: Story, transfer_id: str, **values: str | int) -> Change:
    """A transfer under the leader."""
    account_id = f"member:{story.lin.member.member_id}"
    (row,) = story.shop.rows("ledger", account_id=account_id, transfer_id=transfer_id)
    return Change("ledger", {"account_id": account_id, "entry": row["entry"]}, dict(values))


def announced(story: Story, placed: Placed, **values: str | int) -> Change:
    transfer_id = recipes.earning_id_of(recipes.LEADER_BONUS, bonus_id(placed))
    return earned(story, transfer_id, **values)


def clawed_back(story: Story, placed: Placed, **values: str | int) -> Change:
    transfer_id = transfer_id_for(Code.LEADER_BONUS_CLAWBACK, bonus_id(placed), "250")
    return earned(story, transfer_id, **values)


Broken = tuple[list[Change], set[str], set[str]]
"""What is broken, the invariants that must name it, and the ids."""

GRANTED = "granted_refunds_add_up"

WAYS: dict[str, Callable[[Story], Broken]] = {
    "an order that gave back less than its refund": lambda story: (
        [order(story.lin, marketing_fen=1199)],
        {GRANTED},
        {story.lin.order_id},
    ),
    "an order whose price fell by more than its refund": lambda story: (
        [order(story.lin, price_cut_fen=301)],
        {GRANTED},
        {story.lin.order_id},
    ),
    "an order that knows nothing of its refund": lambda story: (
        [order(story.lin, price_cut_fen=None)],
        {GRANTED},
        {story.lin.order_id},
    ),
    "a refund for another reason": lambda story: (
        [refund(story.lin, "ladder", cause="asked")],
        {GRANTED},
        {story.lin.order_id},
    ),
    "a free leader's refund taken for the ladder's": lambda story: (
        [refund(story.lin, "leader_free", cause="ladder")],
        {GRANTED, "refunds_are_booked_once"},
        {story.lin.order_id},
    ),
    "a free leader's refund that ends the order": lambda story: (
        [refund(story.lin, "leader_free", ends_order=True)],
        {GRANTED},
        {story.lin.order_id},
    ),
    "a ladder's refund that ends the order": lambda story: (
        [refund(story.bo, "ladder", ends_order=True)],
        {GRANTED},
        {story.bo.order_id},
    ),
    "a free leader's refund taken from customers' money": lambda story: (
        [booked(story.lin, "refund", debit_account="customer_funds")],
        {"refunds_are_booked_once"},
        {story.lin.order_id},
    ),
    "a free leader's order settled for nothing": lambda story: (
        [order(story.lin, settled_fen=0), booked(story.lin, "settlement", gone=True)],
        {"customer_funds_are_cleared"},
        {story.lin.order_id},
    ),
    "a settlement that takes in what had gone back": lambda story: (
        [order(story.bo, settled_fen=1500), booked(story.bo, "settlement", amount_fen=1500)],
        {"customer_funds_are_cleared"},
        {story.bo.order_id},
    ),
    "a bonus at a rate": lambda story: (
        [bonus(story.bo, rate_bp=1)],
        {"commissions_belong_to_uplines"},
        {bonus_id(story.bo)},
    ),
    "a bonus on an order that pays none": lambda story: (
        [order(story.bo, leader_bonus=None)],
        {"commissions_belong_to_uplines"},
        {bonus_id(story.bo)},
    ),
    "a bonus that is gone": lambda story: (
        [bonus(story.bo, gone=True)],
        {"commissions_match_targets", "commissions_are_booked"},
        {story.bo.order_id, story.lin.member.member_id},
    ),
    "a bonus that was not taken back": lambda story: (
        [bonus(story.ann, reversed_fen=0, counted_fen=500, ranked_fen=500)],
        {"commissions_match_targets", "commissions_are_booked"},
        {story.ann.order_id, bonus_id(story.ann)},
    ),
    "a bonus at the expense of commission": lambda story: (
        [announced(story, story.bo, debit_account="commission_expense")],
        {"commissions_are_booked", "pending_transfers_are_not_overdrawn"},
        {bonus_id(story.bo), story.lin.member.member_id},
    ),
    "a bonus taken back as a commission": lambda story: (
        [clawed_back(story, story.ann, code="commission_clawback")],
        {"commissions_are_booked"},
        {bonus_id(story.ann)},
    ),
}


# The tests


def test_nothing_is_wrong_and_marketing_is_an_account_of_its_own(story: Story) -> None:
    answer = story.shop.admin("audit")

    assert (answer["violations"], answer["complete"]) == ([], True)
    checked = {one["name"]: one["checked"] for one in answer["invariants"]}
    assert (checked[GRANTED], checked["customer_funds_are_cleared"]) == (3, 3)
    assert answer["totals"]["accounts"]["marketing_expense"] == {
        "debits_pending_fen": 0,
        "debits_posted_fen": 1200 + 1000,
        "credits_pending_fen": 0,
        "credits_posted_fen": 250,
        "balance_fen": 1950,
    }
    assert balances(story.shop) == {
        "wechat": 2 * 1200 - 600,
        "sales": -(3 * 1200 - 600),
        "marketing_expense": 1950,
        "members": -750,
    }
    assert answer["totals"]["wallets"][0]["available_fen"] == 750
    story.shop.assert_books_balance()


@pytest.mark.parametrize("name", WAYS)
def test_what_is_wrong_is_named_and_nothing_else(story: Story, name: str) -> None:
    changes, names, ids = WAYS[name](story)
    with ExitStack() as stack:
        for change in changes:
            stack.enter_context(broken(change))
        violations = story.shop.admin("audit")["violations"]
        by_slices = found_by_slices(story.shop)

    assert {one["invariant"] for one in violations} == names
    assert {one["id"] for one in violations} == ids
    assert by_slices == {(one["invariant"], one["id"]) for one in violations}


def test_a_closed_day_holds_what_was_marketing(story: Story) -> None:
    story.shop.advance(DAY_SECONDS)
    (day,) = set(close_days(clock=story.shop.clock)) & {"2026-11-22"}

    (total,) = story.shop.rows("ledger", account_id=f"day#{day}", entry="total#marketing_expense")

    sides = [total[f"{side}_fen"] for side in ("debits_posted", "credits_posted")]
    pending = [total[f"{side}_fen"] for side in ("debits_pending", "credits_pending")]
    assert (sides, pending) == ([1200 + 1000, 250], [0, 0])
    story.shop.assert_audit_is_clean()
