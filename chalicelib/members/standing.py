"""Who may begin something new: a member who is there, not on the way out and not blocked.

Part of the table `members`. Whatever checks that a member stays checks this in the same write.
"""

from datetime import datetime

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib.kit.writes import Changed, RefusalOf, WriteSet
from chalicelib.members.errors import AccountBlocked
from chalicelib.members.model import Member
from chalicelib.members.store import MemberRow, gone, is_staying, profile_key, stays


def takes_part() -> Condition:
    """The guard that a profile is there, its member not on the way out and not blocked."""
    guard: Condition = stays() & MemberRow.blocked_at.does_not_exist()
    return guard


def is_taking_part(row: MemberRow | None) -> bool:
    """Whether a profile as read is so."""
    return is_staying(row) and not is_blocked(row)


def is_blocked(row: MemberRow | None) -> bool:
    return row is not None and row.blocked_at is not None


def barred(row: MemberRow | None) -> Exception:
    """The refusal where `takes_part` fails; of who is on the way out, that they are gone."""
    return AccountBlocked() if is_staying(row) and is_blocked(row) else gone(row)


def must_take_part(writes: WriteSet, member_id: str, *, refusal: RefusalOf | None = None) -> None:
    """Let all fail unless the member takes part. Refusals: NotSignedIn, AccountBlocked."""
    writes.check(profile_key(member_id), guard=takes_part(), refusal=refusal or barred)


def must_not_be_blocked(writes: WriteSet, member_id: str, *, refusal: RefusalOf) -> None:
    """Let all fail while the member is blocked."""
    guard = MemberRow.blocked_at.does_not_exist()
    writes.check(profile_key(member_id), guard=guard, refusal=refusal)


def block(writes: WriteSet, member: Member, reason: str, *, now: datetime) -> None:
    """Keep the member from beginning anything new. Guard: there, and not blocked -> Changed."""
    writes.update(
        profile_key(member.member_id),
        [MemberRow.blocked_at.set(now), MemberRow.blocked_reason.set(reason)],
        guard=MemberRow.member_id.exists() & MemberRow.blocked_at.does_not_exist(),
    )


def unblock(writes: WriteSet, member: Member) -> None:
    """Let the member begin anew. Guard: blocked -> Changed."""
    writes.update(
        profile_key(member.member_id),
        [MemberRow.blocked_at.remove(), MemberRow.blocked_reason.remove()],
        guard=MemberRow.blocked_at.exists(),
    )


def mark_leaving(member_id: str, now: datetime, *, even_blocked: bool = False) -> None:
    """From here on nothing new is placed for them. Guards: still there -> Changed; not blocked,
    unless it is to be done all the same -> AccountBlocked.
    """
    guard: Condition = MemberRow.member_id.exists()
    if not even_blocked:
        guard = guard & MemberRow.blocked_at.does_not_exist()
    _mark(member_id, MemberRow.leaving_at.set(now), guard)


def mark_staying(member_id: str) -> None:
    """They stay after all. Guard: still there -> Changed."""
    _mark(member_id, MemberRow.leaving_at.remove(), MemberRow.member_id.exists())


def _mark(member_id: str, action: Action, guard: Condition) -> None:
    writes = WriteSet()
    writes.update(profile_key(member_id), [action], guard=guard, refusal=_blocked_or_changed)
    writes.commit()


def _blocked_or_changed(row: MemberRow | None) -> Exception:
    return AccountBlocked() if is_blocked(row) else Changed()
