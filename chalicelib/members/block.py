"""Block a member (拉黑), or let them in again: from then on they begin nothing new, while all that
is paid goes on. Blocking whom is blocked changes nothing.
"""

from chalicelib.kit.clock import Clock
from chalicelib.kit.errors import NotFound
from chalicelib.kit.repeat import until_settled
from chalicelib.kit.writes import WriteSet
from chalicelib.members import standing
from chalicelib.members import store as members
from chalicelib.members.model import Member


def block(member_id: str, reason: str, *, clock: Clock, dry_run: bool) -> tuple[Member, bool]:
    """The member as they are then (in a dry run: as they are), and whether this changes anything.
    The reason of the first block stays. Raises NotFound.
    """
    return until_settled(lambda: _block(member_id, reason, clock, dry_run))


def unblock(member_id: str, *, dry_run: bool) -> tuple[Member, bool]:
    """The same. Raises NotFound."""
    return until_settled(lambda: _unblock(member_id, dry_run))


def _block(member_id: str, reason: str, clock: Clock, dry_run: bool) -> tuple[Member, bool]:
    member = _get(member_id)
    if member.blocked_at is not None or dry_run:
        return member, member.blocked_at is None
    writes = WriteSet()
    standing.block(writes, member, reason, now=clock.now())  # guard: not blocked -> read again
    writes.commit()
    return _get(member_id), True


def _unblock(member_id: str, dry_run: bool) -> tuple[Member, bool]:
    member = _get(member_id)
    if member.blocked_at is None or dry_run:
        return member, member.blocked_at is not None
    writes = WriteSet()
    standing.unblock(writes, member)  # guard: blocked -> read again
    writes.commit()
    return _get(member_id), True


def _get(member_id: str) -> Member:
    member = members.find(member_id)
    if member is None:
        raise NotFound(f"There is no member {member_id}.")
    return member
