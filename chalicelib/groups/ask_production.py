"""Ask the merchant to make what a complete group has ordered (定制生产), and take silence for a no.

Run before a group is dealt with, and again when its time to be answered is over. What follows from
an answer hangs on the group's change, as when an operator gives it: decide_production.py.
"""

from datetime import datetime

from chalicelib.catalog import store as catalog
from chalicelib.catalog.model import Campaign
from chalicelib.groups import productions
from chalicelib.groups.model import Group, Production
from chalicelib.kit.clock import Clock, after
from chalicelib.kit.reads import read
from chalicelib.orders.model import REACTION_SECONDS

NOBODY = "nobody"
"""Who has decided when nobody answered in time."""


def may_be_dealt(group: Group, campaign: Campaign, *, clock: Clock) -> bool:
    """Whether the orders of a complete group can be dealt with. Where goods are made to order that
    takes the merchant's word, for which a crowd is asked once and its shards wait. Raises Changed
    when somebody has asked or answered meanwhile.
    """
    if campaign.rules.custom_fields:
        now = clock.now()
        if group.production is None and group.crowd_id is None:
            _ask(group, now)
        elif is_unanswered(group, now):
            due_at = after(now, REACTION_SECONDS)
            productions.decide(
                group, Production.REJECTED, decided_by=NOBODY, ships_by=None, due_at=due_at
            )
        if group.production is not Production.ACCEPTED:
            return False
    return not group.is_crowd


def is_unanswered(group: Group, now: datetime) -> bool:
    """Whether the merchant was asked and has let the time for an answer go by."""
    is_open = group.production is Production.REQUESTED
    return is_open and group.due_at is not None and now >= group.due_at


def _ask(group: Group, now: datetime) -> None:
    settings_key = catalog.settings_key()
    settings = catalog.settings_of(read(settings_key).find(settings_key))
    due_at = after(now, settings.production_answer_seconds)
    productions.ask(group, now=now, due_at=due_at)  # guard: not asked yet -> Changed
