"""Answer a complete group's request to make its goods: accepted with the day they are sent by, or
rejected, and then everyone is refunded. Said once: the same answer again changes nothing, another
is refused.
"""

from datetime import datetime, timedelta

from chalicelib.groups import productions
from chalicelib.groups import store as groups
from chalicelib.groups.model import Group, Production
from chalicelib.kit.clock import Clock, after, shown
from chalicelib.kit.errors import InvalidRequest, NotAllowed, NotFound
from chalicelib.kit.repeat import until_settled
from chalicelib.orders.model import REACTION_SECONDS

_MOST_DAYS = 330
"""WeChat takes a pre-sale of so many days at most, from the payment on. Nobody pays before their
group is opened.
"""


def decide_production(
    group_id: str,
    becomes: Production,
    *,
    decided_by: str,
    ships_by: datetime | None,
    clock: Clock,
    dry_run: bool = False,
) -> Group:
    """The group as it is afterwards; the same answer twice is once. Raises NotAllowed when nothing
    is asked, or another answer was given, InvalidRequest for a day that is over or too far away,
    NotFound.
    """

    def attempt() -> Group:
        group, now = groups.get(group_id), clock.now()
        if group.crowd_id is not None:
            raise NotFound(f"There is no group {group_id}.")
        if group.production is becomes and group.ships_by == ships_by:
            return group
        if group.production is not Production.REQUESTED:
            raise NotAllowed(_why_not(group))
        if becomes is Production.ACCEPTED:
            _refuse_day(ships_by, group, now)
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
        return "Nothing is asked of the merchant for this group."
    ships_by = f" to ship by {shown(group.ships_by)}" if group.ships_by is not None else ""
    return f"It was {group.production.value}{ships_by} before, by {group.production_decided_by}."


def _refuse_day(ships_by: datetime | None, group: Group, now: datetime) -> None:
    latest = group.opened_at + timedelta(days=_MOST_DAYS)
    if ships_by is None or not now < ships_by <= latest:
        message = f"Say by when it ships: in the future, and by {shown(latest)} at the latest."
        raise InvalidRequest(message, errors=[{"field": "ships_by", "message": message}])
