"""Answer a complete group's request to make its goods: accepted with the day they are sent by, or
rejected, and then everyone is refunded. Said once: the same answer again changes nothing, another
is refused.
"""

from datetime import datetime, timedelta

from chalicelib.groups import productions
from chalicelib.groups import store as groups
from chalicelib.groups.model import Group, Production
from chalicelib.kit.clock import Clock, after
from chalicelib.kit.errors import InvalidRequest, NotAllowed
from chalicelib.kit.repeat import until_settled
from chalicelib.orders.model import REACTION_SECONDS

MOST_DAYS = 330
"""WeChat takes a pre-sale of so many days at most."""


def decide_production(
    group_id: str,
    becomes: Production,
    *,
    decided_by: str,
    ships_by: datetime | None,
    clock: Clock,
    dry_run: bool = False,
) -> Group:
    """The group as it is afterwards. Raises NotAllowed when there is no open request, or another
    answer was given, InvalidRequest for a day that is over or too far away, NotFound.
    """

    def attempt() -> Group:
        group, now = groups.get(group_id), clock.now()
        if group.production is becomes and (ships_by is None or group.ships_by == ships_by):
            return group
        if group.production is not Production.REQUESTED or group.crowd_id is not None:
            raise NotAllowed(_why_not(group))
        if becomes is Production.ACCEPTED:
            _refuse_day(ships_by, now)
        if dry_run:
            return group
        productions.decide(
            group,
            becomes,
            decided_by=decided_by,
            ships_by=ships_by,
            due_at=after(now, REACTION_SECONDS),
        )
        return groups.get(group_id)

    return until_settled(attempt)


def _why_not(group: Group) -> str:
    if group.production is None:
        return "Nothing is asked for this group."
    by = f", shipped by {group.ships_by:%Y-%m-%d}" if group.ships_by is not None else ""
    return f"It was {group.production.value} before{by}."


def _refuse_day(ships_by: datetime | None, now: datetime) -> None:
    if ships_by is None or not now < ships_by <= now + timedelta(days=MOST_DAYS):
        message = f"Say by which day it is sent: in the future, within {MOST_DAYS} days."
        raise InvalidRequest(message, errors=[{"field": "ships_by", "message": message}])
