"""Leave (注销): the person goes, the books stay. Refused while an order of theirs is under way.

First the member is marked as leaving, so that nothing new can be placed; then orders lose their
personal data, and the profile goes last: a crash in between leaves a member who can ask again.
"""

from chalicelib.kit.clock import Clock
from chalicelib.kit.errors import NotFound
from chalicelib.kit.repeat import until_settled
from chalicelib.kit.writes import WriteSet
from chalicelib.members import store as members
from chalicelib.members.errors import AccountInUse
from chalicelib.orders import store as orders


def leave(member_id: str, *, clock: Clock) -> None:
    """Erase the member. Raises NotFound when there is none (any more), AccountInUse."""
    until_settled(lambda: _attempt(member_id, clock))


def _attempt(member_id: str, clock: Clock) -> None:
    member = members.find(member_id)
    if member is None:
        raise NotFound()
    members.mark_leaving(member_id, clock.now())  # guard: still there -> read again
    if orders.open_orders_of(member_id):
        members.mark_leaving(member_id, None)
        raise AccountInUse()
    orders.erase_personal_data(member_id)
    writes = WriteSet()
    members.forget_member(writes, member)  # guard: identities as read -> read again
    writes.commit()
