"""Command: answer a complete group's request to make its goods, `{group_id, decision:
accept|reject, ships_by?}`; `ships_by`, with accept, says when all of it ships at the latest.

Moves money: rejecting refunds everyone. The same answer twice is once, another one is refused.
"""

from typing import Any, Literal, Self

from pydantic import model_validator

from chalicelib.admin.command import MoneyCommand
from chalicelib.admin.shapes import production_in_full
from chalicelib.catalog.model import Identifier, Moment
from chalicelib.groups import store as groups
from chalicelib.groups.decide_production import decide_production
from chalicelib.groups.model import Production
from chalicelib.wiring import Wiring

_BECOMES = {"accept": Production.ACCEPTED, "reject": Production.REJECTED}


class Payload(MoneyCommand):
    """Which group, and the answer."""

    group_id: Identifier
    decision: Literal["accept", "reject"]
    ships_by: Moment | None = None

    @model_validator(mode="after")
    def _day_goes_with_acceptance(self) -> Self:
        if self.decision == "reject" and self.ships_by is not None:
            raise ValueError("ships_by goes with accept")
        return self


def run(payload: Payload, wiring: Wiring) -> dict[str, Any]:
    """The request as it is afterwards (in a dry run: as it is).

    Raises NotAllowed when nothing is asked or another answer was given, InvalidRequest for a day
    that is over or too far away, NotFound.
    """
    before = groups.get(payload.group_id)
    becomes = _BECOMES[payload.decision]
    group = decide_production(
        payload.group_id,
        becomes,
        decided_by=payload.operator,
        ships_by=payload.ships_by,
        clock=wiring.clock,
        dry_run=payload.dry_run,
    )
    decides = before.production is Production.REQUESTED
    return {
        **production_in_full(group),
        "outcome": becomes.value if decides else "unchanged",
        "dry_run": payload.dry_run,
    }
