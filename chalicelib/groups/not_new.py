"""Why somebody may not come to a group for newcomers (老带新)."""

from chalicelib.groups.errors import NewcomersOnly
from chalicelib.members import store as members
from chalicelib.members.store import MemberRow
from chalicelib.orders import store as orders
from chalicelib.orders.model import OrderState


def not_new(row: MemberRow | None) -> NewcomersOnly:
    """The refusal. An order of theirs that is not paid yet can be cancelled, and is named."""
    last_id = row.counted_order_id if row is not None and not members.has_paid(row) else None
    last = orders.find(last_id) if last_id is not None else None
    if last is None or last.order_state is not OrderState.AWAITING_PAYMENT:
        return NewcomersOnly()
    return NewcomersOnly(
        "An order of yours waits for its payment; cancel it to join this group.",
        context={"order_id": last.order_id},
    )
