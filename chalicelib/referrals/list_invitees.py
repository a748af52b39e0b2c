"""Whom a member brought here (level 1), and whom those brought (level 2): the newest first, only
while the relation lasts, and never an id.

A bounded walk through an index that says who was ever bound; each relation is read as it is now. A
cursor says up to which moment the walk has come and how many of that moment it has passed, so that
it names nobody either.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chalicelib.kit.clock import Clock
from chalicelib.kit.errors import InvalidRequest
from chalicelib.kit.paging import from_cursor
from chalicelib.kit.reads import read
from chalicelib.members import store as members
from chalicelib.members.model import Member
from chalicelib.referrals.model import Referral

_MOST_ROUNDS = 5
_MOST_THROUGH = 20
_MOST_AT_ONE_MOMENT = 999


@dataclass(frozen=True)
class Invitee:
    """Somebody brought here, with what they brought the one who asks."""

    member: Member
    referral: Referral
    orders_count: int
    commission_fen: int


@dataclass(frozen=True)
class _Mark:
    """How far a walk from the newest to the oldest has come."""

    bound_at: str = "~"
    passed: int = 0


@dataclass(frozen=True)
class _Bound:
    """One entry of the index, and the mark behind it."""

    member_id: str
    mark: _Mark


_START = _Mark()
_FIRST = frozenset({"bound_at", "passed"})
_SECOND = frozenset({"through_bound_at", "through_passed", "bound_at", "passed"})

Start = dict[str, Any]


def list_invitees(
    inviter_id: str, level: int, *, limit: int, cursor: str | None, clock: Clock
) -> tuple[list[Invitee], Start | None]:
    """A page of invitees and where the next one starts. Raises InvalidRequest for a cursor of
    another list.
    """
    now = clock.now()
    if level == 1:
        own, _ = _marks(from_cursor(cursor, names=_FIRST))
        ids, following = _walk(inviter_id, own, limit, now)
        return _shown(inviter_id, ids), _start(following)
    own, through = _marks(from_cursor(cursor, names=_SECOND))
    ids, start = _walk_through(inviter_id, through, own, limit, now)
    return _shown(inviter_id, [each for each in ids if each != inviter_id]), start


def _walk(
    inviter_id: str, mark: _Mark, limit: int, now: datetime
) -> tuple[list[str], _Mark | None]:
    """Whom the inviter brought, from the mark on, and the mark to go on from (None: no more)."""
    ids: list[str] = []
    for _ in range(_MOST_ROUNDS):
        bound, more = _bound_by(inviter_id, mark, limit)
        active = _active(inviter_id, bound, now)
        for each in bound:
            mark = each.mark
            if each.member_id in active:
                ids.append(each.member_id)
                if len(ids) == limit:
                    return ids, mark if more or each is not bound[-1] else None
        if not more:
            return ids, None
    return ids, mark


def _walk_through(
    inviter_id: str, through: _Mark, own: _Mark, limit: int, now: datetime
) -> tuple[list[str], Start | None]:
    """Whom the inviter's invitees brought, one invitee after the other."""
    ids: list[str] = []
    bound, more = _bound_by(inviter_id, through, _MOST_THROUGH)
    active = _active(inviter_id, bound, now)
    for each in bound:
        if each.member_id in active:
            found, following = _walk(each.member_id, own, limit - len(ids), now)
            ids += found
            if following is not None:
                return ids, _start(following, through)
        through, own = each.mark, _START
        if len(ids) == limit:
            return ids, _start(own, through) if more or each is not bound[-1] else None
    return ids, _start(own, through) if more else None


def _bound_by(inviter_id: str, mark: _Mark, limit: int) -> tuple[list[_Bound], bool]:
    """Who was bound to the inviter, from the mark on, and whether there are more."""
    entries, more = members.bound_to(inviter_id, up_to=mark.bound_at, limit=limit + mark.passed)
    bound: list[_Bound] = []
    for number, (member_id, bound_at) in enumerate(entries):
        if bound_at == mark.bound_at and number < mark.passed:
            continue
        last = bound[-1].mark if bound else mark
        passed = last.passed + 1 if last.bound_at == bound_at else 1
        bound.append(_Bound(member_id, _Mark(bound_at, passed)))
    return bound, more


def _active(inviter_id: str, bound: Sequence[_Bound], now: datetime) -> frozenset[str]:
    """Those whose relation to the inviter lasts."""
    keys = {each.member_id: members.referral_key(each.member_id) for each in bound}
    found = read(*keys.values())
    referrals = {each: members.referral_of(found.find(key)) for each, key in keys.items()}
    return frozenset(
        member_id
        for member_id, referral in referrals.items()
        if referral is not None and referral.inviter_id == inviter_id and referral.is_active(now)
    )


def _shown(inviter_id: str, ids: Sequence[str]) -> list[Invitee]:
    found = read(
        *(members.profile_key(each) for each in ids),
        *(members.referral_key(each) for each in ids),
        *(members.invitee_key(inviter_id, each) for each in ids),
    )
    invitees = []
    for each in ids:
        member = members.member_of(found.find(members.profile_key(each)))
        referral = members.referral_of(found.find(members.referral_key(each)))
        figures = found.find(members.invitee_key(inviter_id, each))
        if member is not None and referral is not None:
            orders_count = int(figures.orders_count or 0) if figures is not None else 0
            commission_fen = int(figures.commission_fen or 0) if figures is not None else 0
            invitees.append(Invitee(member, referral, orders_count, commission_fen))
    return invitees


def _start(own: _Mark | None, through: _Mark | None = None) -> Start | None:
    if own is None:
        return None
    start = {"bound_at": {"S": own.bound_at}, "passed": {"S": str(own.passed)}}
    if through is not None:
        start["through_bound_at"] = {"S": through.bound_at}
        start["through_passed"] = {"S": str(through.passed)}
    return start


def _marks(start: Start | None) -> tuple[_Mark, _Mark]:
    """The marks that a cursor's content holds. Raises InvalidRequest for no number."""
    if start is None:
        return _START, _START
    own = _mark(start["bound_at"]["S"], start["passed"]["S"])
    if "through_passed" not in start:
        return own, _START
    return own, _mark(start["through_bound_at"]["S"], start["through_passed"]["S"])


def _mark(bound_at: str, passed: str) -> _Mark:
    if not passed.isdigit() or int(passed[:4]) > _MOST_AT_ONE_MOMENT or len(passed) > 3:
        wrong = {"field": "cursor", "message": "Take the next_cursor of the page before as it is."}
        raise InvalidRequest("Not a cursor of this list.", errors=[wrong])
    return _Mark(bound_at, int(passed))
