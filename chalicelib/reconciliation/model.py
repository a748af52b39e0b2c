"""Reconciliation (对账): one day's bills of WeChat's held against our books, and what differs.

Pure. A day is compared in runs, each of which goes through the bills and then through what was
booked; a run knows its place, so that whoever goes on with it repeats nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

MOST_DIFFERENCES = 1_000
"""Of one run: with more, something is wrong with all of it, and it stops."""

MOST_DAYS_A_RUN = 10
MOST_DAYS_BACK = 89
"""WeChat keeps bills for three months, of which the shortest are so long."""


class Kind(StrEnum):
    """What differs."""

    PAYMENT_UNKNOWN_HERE = "payment_unknown_here"
    """WeChat has a payment that no order of ours was paid with."""
    PAYMENT_NOT_IN_BILL = "payment_not_in_bill"
    """We have booked a payment that WeChat has not."""
    PAYMENT_AMOUNT_DIFFERS = "payment_amount_differs"
    """The order was paid with another amount, says WeChat."""
    REFUND_UNKNOWN_HERE = "refund_unknown_here"
    """WeChat has a refund that is none of ours."""
    REFUND_NOT_IN_BILL = "refund_not_in_bill"
    """We have booked a refund that WeChat has not."""
    REFUND_AMOUNT_DIFFERS = "refund_amount_differs"
    """The refund is of another amount, says WeChat."""
    REFUND_STATE_DIFFERS = "refund_state_differs"
    """WeChat has paid a refund that did not succeed here, or the other way round."""
    TRANSFER_UNKNOWN_HERE = "transfer_unknown_here"
    """WeChat has paid out what is no withdrawal of ours."""
    TRANSFER_NOT_IN_BILL = "transfer_not_in_bill"
    """We have booked a withdrawal as paid that WeChat has not paid."""
    TRANSFER_AMOUNT_DIFFERS = "transfer_amount_differs"
    """Another amount was paid out, says WeChat."""
    TRANSFER_STATE_DIFFERS = "transfer_state_differs"
    """WeChat has paid a withdrawal that ended unpaid here, or has one back that was paid here."""
    MOVEMENT_UNKNOWN = "movement_unknown"
    """Money of the merchant's moved at WeChat for a reason we have not heard of."""
    ROW_UNREADABLE = "row_unreadable"
    """A row of a bill does not hold what WeChat documents."""
    BILL_TOTALS_DIFFER = "bill_totals_differ"
    """A bill's own sums are not those of its rows."""
    LEDGER_TOTALS_DIFFER = "ledger_totals_differ"
    """The closed day's totals of our account with WeChat are not those of its transfers."""


@dataclass(frozen=True)
class Difference:
    """One thing that differs. `about` is what to look up, ours where there is one; together with
    `reference` it tells two differences of a kind apart. `facts` hold no personal data.
    """

    kind: Kind
    about: str
    reference: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)


class DayState(StrEnum):
    """How far a day is."""

    RUNNING = "running"
    """It is being compared, or waits to be gone on with."""
    AGREES = "agrees"
    """All of it was compared, and nothing differs."""
    DIFFERS = "differs"
    """All of it was compared, or as much as made sense, and something differs."""


class Phase(StrEnum):
    """What a run is comparing."""

    TRADE = "trade"
    """The trade bill's rows with orders and refunds."""
    BASIC = "basic"
    """The rows of the basic account's fund flow."""
    OPERATION = "operation"
    """The rows of the operation account's fund flow with withdrawals."""
    BOOKED = "booked"
    """What we have booked with the bills."""
    FINISHING = "finishing"
    """Sums, and what the run came to."""


AFTER = dict(zip(Phase, [*Phase][1:], strict=False))
"""Which phase follows which."""


@dataclass(frozen=True)
class Run:
    """One day's comparison and its place. `run`: how often it was begun; `version`: how often the
    place was moved on. `hashes`: the bills' SHA-1, "" for one there is none of,
    `refused` for one WeChat refused.
    """

    bill_day: str
    run: int
    version: int
    day_state: DayState
    phase: Phase
    hashes: Mapping[str, str]
    figures: Mapping[str, Any]
    started_at: datetime
    next_row: int = 0
    next_shard: int = 0
    next_key: Mapping[str, Any] | None = None
    debits_fen: int = 0
    credits_fen: int = 0
    booked_count: int = 0
    found_count: int = 0
    finished_at: datetime | None = None
    stopped_early: bool = False
    differences: Mapping[str, int] = field(default_factory=dict)

    @property
    def is_finished(self) -> bool:
        return self.day_state is not DayState.RUNNING
