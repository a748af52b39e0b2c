"""Operators at the same moment, among themselves and against members, on DynamoDB's own engine: an
adjustment is decided once, a balance is spent once, and a blocked member places nothing.
"""

from collections.abc import Callable
from functools import partial

import pytest

from chalicelib.kit.tokens import Caller
from chalicelib.ledger import adjustments
from chalicelib.ledger.adjust import Decision, ask, decide
from chalicelib.ledger.model import Adjustment, AdjustmentState, adjustment_id_for
from chalicelib.members import store as members
from chalicelib.members.block import block
from chalicelib.orders.place import place
from chalicelib.withdrawals.request import WithdrawalRequest, request
from tests.money import assert_balance_adds_up, balance_of, earns
from tests.races import THREADS, at_once, outcomes, purchase
from tests.shop import Member, Shop, credentials


@pytest.fixture
def shop(engine_shop: Shop) -> Shop:
    """Every race here runs on the engine."""
    return engine_shop


def asked_for(shop: Shop, member: Member, amount_fen: int) -> str:
    wanted = Adjustment(
        adjustment_id=adjustment_id_for(member.member_id, "one"),
        member_id=member.member_id,
        amount_fen=amount_fen,
        asked_by="chen",
        reason="counted twice",
        requested_at=shop.clock.now(),
    )
    return ask(wanted, dry_run=False).adjustment.adjustment_id


def decides(shop: Shop, adjustment_id: str, *, confirm: bool) -> Callable[[], object]:
    decision = Decision(adjustment_id, confirm=confirm, operator="wang", reason="seen")
    return partial(decide, decision, clock=shop.clock, dry_run=False)


def test_of_64_decisions_on_an_adjustment_one_counts(shop: Shop) -> None:
    lin = shop.member("Lin")
    adjustment_id = asked_for(shop, lin, 500)
    attempts = [decides(shop, adjustment_id, confirm=bool(n % 2)) for n in range(THREADS)]

    results = at_once(attempts)

    is_confirmed = adjustments.get(adjustment_id).adjustment_state is AdjustmentState.CONFIRMED
    assert outcomes(results) == {"done": THREADS // 2, "not_allowed": THREADS // 2}
    assert sum(getattr(one, "changes", False) for one in results) == 1
    assert balance_of(lin.member_id).available_fen == (500 if is_confirmed else 0)
    assert_balance_adds_up(lin.member_id)
    shop.assert_audit_is_clean()


def test_a_correction_and_withdrawals_take_a_balance_once(shop: Shop) -> None:
    lin = shop.member("Lin")
    earns(shop.clock, lin.member_id, 5_000)
    adjustment_id = asked_for(shop, lin, -5_000)
    caller = Caller(lin.member_id, credentials().app_id)
    withdraws = [
        partial(request, WithdrawalRequest(caller, f"withdraw-{n:04}", 5_000), clock=shop.clock)
        for n in range(THREADS // 2)
    ]
    confirms = [decides(shop, adjustment_id, confirm=True)] * (THREADS // 2)

    at_once([*withdraws, *confirms])

    taken = adjustments.get(adjustment_id).adjustment_state is AdjustmentState.CONFIRMED
    assert len(shop.rows("withdrawals")) == (0 if taken else 1)
    assert balance_of(lin.member_id).available_fen == 0
    assert_balance_adds_up(lin.member_id)


def test_nothing_is_placed_once_its_member_is_blocked(shop: Shop) -> None:
    shop.admin("put_settings", most_unpaid_orders=50)
    lin = shop.member("Lin")
    buys = [
        partial(place, purchase(shop, "Lin", "solo", f"buying-{n:06}"), clock=shop.clock)
        for n in range(20)
    ]

    def blocks() -> bool:
        for _ in range(4):  # about as long as placing takes
            members.find(lin.member_id)
        return block(lin.member_id, "why", clock=shop.clock, dry_run=False)[1]

    results = at_once([*buys, *[blocks] * 4])
    afterwards = at_once(buys)

    placed = len(shop.rows("orders"))
    first, then = outcomes(results[:20]), outcomes(afterwards)
    assert (first["done"], first["account_blocked"]) == (placed, 20 - placed)
    assert (then["done"], then["account_blocked"]) == (placed, 20 - placed)
    assert sorted(results[20:]) == [False, False, False, True]
