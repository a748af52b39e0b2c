"""Command: run every sweep now over all that is due, `{}`, again and again until nothing is.

The schedules run the same code. What cannot be worked on is put off, as they would.
"""

from dataclasses import asdict
from typing import Any

from chalicelib import sweeps
from chalicelib.admin.command import Command
from chalicelib.commissions.store import CommissionRow
from chalicelib.groups.store import GroupRow
from chalicelib.kit.clock import after
from chalicelib.kit.due import DueRow, due_items
from chalicelib.orders.store import OrderRow
from chalicelib.refunds.store import RefundRow
from chalicelib.sweeps import Swept
from chalicelib.wiring import Wiring
from chalicelib.withdrawals.store import WithdrawalRow

MOST_ROUNDS = 10
SECONDS_FOR_ALL = 40
"""Well within the function's minute, so that an operator gets an answer."""

_MOST_COUNTED_PER_SHARD = 200
_SWEEPS = {
    "orders": sweeps.sweep_orders,
    "groups": sweeps.sweep_groups,
    "refunds": sweeps.sweep_refunds,
    "commissions": sweeps.sweep_commissions,
    "withdrawals": sweeps.sweep_withdrawals,
}
_ROWS: dict[str, type[DueRow]] = {
    "orders": OrderRow,
    "groups": GroupRow,
    "refunds": RefundRow,
    "commissions": CommissionRow,
    "withdrawals": WithdrawalRow,
}


class Payload(Command):
    """Nothing."""


def run(payload: Payload, wiring: Wiring) -> dict[str, Any]:
    """Figures per sweep, and whether nothing is left to do. A dry run only counts what is due."""
    if payload.dry_run:
        return {"due": {name: _due(row, wiring) for name, row in _ROWS.items()}, "dry_run": True}
    ends_at = after(wiring.clock.now(), SECONDS_FOR_ALL)
    total = {name: Swept() for name in _SWEEPS}
    complete = False
    for _ in range(MOST_ROUNDS):
        round_of_all = {
            name: sweep(wiring, time_left=lambda: wiring.clock.now() < ends_at)
            for name, sweep in _SWEEPS.items()
        }
        total = {name: total[name] + round_of_all[name] for name in _SWEEPS}
        out_of_time = wiring.clock.now() >= ends_at
        complete = not out_of_time and all(swept == Swept() for swept in round_of_all.values())
        if complete or out_of_time:
            break
    figures = {name: asdict(swept) for name, swept in total.items()}
    return {**figures, "complete": complete, "dry_run": False}


def _due(row: type[DueRow], wiring: Wiring) -> int:
    """How many are due, two hundred a shard at the most."""
    due = due_items(row, wiring.clock.now(), limit_per_shard=_MOST_COUNTED_PER_SHARD)
    return sum(1 for _ in due)
