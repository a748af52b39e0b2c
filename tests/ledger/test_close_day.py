"""Closing a business day: the totals of the shop's own accounts, from the day's transfers."""

from typing import Any

import pytest

from chalicelib.kit import reads
from chalicelib.kit.writes import WriteSet
from chalicelib.ledger import recipes
from chalicelib.ledger import store as ledger
from chalicelib.ledger.close_day import close_days
from chalicelib.ledger.store import LedgerRow
from tests.fakes import FakeClock
from tests.in_process import database, tables

__all__ = ["database", "tables"]

HOUR = 3600


@pytest.fixture
def clock(database: None) -> FakeClock:
    """Noon UTC, which is 20:00 of the business day."""
    return FakeClock()


def totals(day: str) -> dict[str, tuple[int, int, int, int]]:
    """Debits and credits posted, then pending, by account."""
    items, _ = reads.query(LedgerRow, LedgerRow.account_id == f"day#{day}", limit=100)
    rows = [LedgerRow.from_item(item) for item in items]
    return {
        row.entry.removeprefix("total#"): (
            int(row.debits_posted_fen),
            int(row.credits_posted_fen),
            int(row.debits_pending_fen),
            int(row.credits_pending_fen),
        )
        for row in rows
        if row.entry.startswith("total#")
    }


def earns(member_id: str, amount_fen: int, clock: FakeClock) -> None:
    accrued = recipes.commission_accrued(
        member_id, f"ord_{member_id}", f"com_{member_id}", amount_fen, now=clock.now()
    )
    writes = WriteSet()
    ledger.earn(writes, member_id, accrued, opens=True)
    writes.commit()


def test_a_day_is_closed_once_it_has_been_over_for_an_hour(clock: FakeClock) -> None:
    ledger.post(recipes.payment("ord_1", 2000, now=clock.now()))
    ledger.post(recipes.payment("ord_2", 500, now=clock.now()))
    ledger.post(recipes.refund("ord_1", "rfd_1", 300, by_hand=False, now=clock.now()))
    earns("mem_a", 40, clock)
    earns("mem_b", 2, clock)
    assert "2026-11-22" not in close_days(clock=clock)
    clock.advance(4 * HOUR)
    ledger.post(recipes.payment("ord_3", 99, now=clock.now()))
    assert close_days(clock=clock) == []
    clock.advance(HOUR)

    assert close_days(clock=clock) == ["2026-11-22"]

    assert totals("2026-11-22") == {
        "wechat": (2500, 300, 0, 0),
        "customer_funds": (300, 2500, 0, 0),
        "commission_expense": (0, 0, 42, 0),
        "members": (0, 0, 0, 42),
    }
    assert close_days(clock=clock) == []


def test_days_without_a_transfer_are_closed_too(clock: FakeClock) -> None:
    assert len(close_days(clock=clock)) == 31
    assert totals("2026-11-21") == {}


def test_every_day_debits_equal_credits(clock: FakeClock) -> None:
    for number in range(40):
        ledger.post(recipes.payment(f"ord_{number}", 100 + number, now=clock.now()))
        if number % 3 == 0:
            refund = recipes.refund(
                f"ord_{number}", f"rfd_{number}", 50, by_hand=number % 2 == 0, now=clock.now()
            )
            ledger.post(refund)
    clock.advance(6 * HOUR)

    close_days(clock=clock)

    sums: Any = [sum(side) for side in zip(*totals("2026-11-22").values(), strict=True)]
    debits_fen, credits_fen, _, _ = sums
    assert debits_fen == credits_fen > 0
