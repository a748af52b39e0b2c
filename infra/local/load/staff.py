"""The merchant's people under load: ship what may be shipped, decide refunds and withdrawals, and
sweep more often than the clock does.

Must never write to a table: they send the commands that operators send.
"""

import itertools
from collections.abc import Callable
from typing import Any

from infra.local.load.measures import Measures
from infra.local.stack import CommandRefused, Stack

MOST_AT_ONCE = 20
SKIPPED = 3
"""Each round passes over one of so many orders, so that refunds meet orders in every state."""


class Staff:
    """One operator, who can have somebody else sweep meanwhile."""

    def __init__(self, stack: Stack, measures: Measures) -> None:
        self._stack = stack
        self._measures = measures
        self._parcels = itertools.count(1)

    def works(self) -> None:
        """One round of everything that waits for a person."""
        self._ships()
        self.decides()

    def sweeps(self) -> Any:
        """What the schedules do, now. Answers the command's figures."""
        return self._command("sweep")

    def decides(self) -> None:
        """Approves whatever waits for an operator."""
        for refund in self._items("list_refunds", status="awaiting_operator"):
            self._command("decide_refund", refund_id=refund["refund_id"], decision="approve")
        for withdrawal in self._items("list_withdrawals", status="reviewing"):
            self._command("approve_withdrawal", withdrawal_id=withdrawal["withdrawal_id"])

    def _ships(self) -> None:
        for order in self._items("list_orders", status="to_ship"):
            number = next(self._parcels)
            if number % SKIPPED:
                shipment = {"carrier": "SF", "tracking_no": f"SF{number:012}"}
                self._command("ship_order", order_id=order["order_id"], **shipment)

    def _items(self, command: str, **fields: Any) -> list[Any]:
        answer = self._command(command, limit=MOST_AT_ONCE, **fields)
        items: list[Any] = answer["items"] if answer is not None else []
        return items

    def _command(self, command: str, **fields: Any) -> Any:
        """The result; None when it was refused, because a member was faster."""
        return answered(self._measures, command, lambda: self._stack.admin(command, **fields))


def answered(measures: Measures, command: str, send: Callable[[], Any]) -> Any:
    """Sends a command and notes it; None when it was refused."""
    try:
        with measures.timed(f"operator: {command}", CommandRefused):
            return send()
    except CommandRefused:
        return None
