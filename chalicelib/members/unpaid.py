"""Which orders of a member may be unpaid, noted on the profile that placing an order checks anyway.

What is noted is a superset: an order is not taken off when it is paid or cancelled, only when its
member seems to have too many.
"""

from pynamodb.expressions.condition import size

from chalicelib.kit.writes import Changed, WriteSet
from chalicelib.members.standing import barred, is_taking_part, takes_part
from chalicelib.members.store import MemberRow, profile_key


def unpaid_orders_of(row: MemberRow | None) -> frozenset[str]:
    """The ids that a profile as read notes."""
    return frozenset(row.unpaid_order_ids or ()) if row is not None else frozenset()


def add_unpaid(writes: WriteSet, member_id: str, order_id: str, *, most: int) -> None:
    """Note one more. Guards: takes part -> NotSignedIn, AccountBlocked; fewer than `most` are noted
    -> Changed.
    """
    noted = MemberRow.unpaid_order_ids
    has_room = noted.does_not_exist() | (size(noted) < most)
    writes.update(
        profile_key(member_id),
        [noted.add({order_id})],
        guard=takes_part() & has_room,
        refusal=_barred_or_changed,
    )


def note_unpaid(
    writes: WriteSet, member_id: str, order_ids: frozenset[str], *, before: frozenset[str]
) -> None:
    """Note these and no others. Guards: takes part -> NotSignedIn, AccountBlocked; what is noted is
    `before` -> Changed.
    """
    noted = MemberRow.unpaid_order_ids
    writes.update(
        profile_key(member_id),
        [noted.set(set(order_ids))],
        guard=takes_part() & (noted == set(before)),
        refusal=_barred_or_changed,
    )


def _barred_or_changed(row: MemberRow | None) -> Exception:
    return Changed() if is_taking_part(row) else barred(row)
