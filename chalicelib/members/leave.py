"""Leave (注销): the person goes, the books stay. Refused while an order of theirs is under way,
money is theirs, or they look after an open station.

First the member is marked as leaving, so that nothing new can be placed, then their balance is
closed, so that nothing new is earned; then orders, refunds and withdrawals lose their personal
data, and the profile goes last: a crash in between leaves a member who can ask again.
"""

from chalicelib.kit.clock import Clock
from chalicelib.kit.errors import NotFound, TryAgain
from chalicelib.kit.reads import read
from chalicelib.kit.repeat import until_settled
from chalicelib.kit.writes import WriteSet
from chalicelib.ledger import store as ledger
from chalicelib.members import standing
from chalicelib.members import store as members
from chalicelib.members.errors import AccountInUse
from chalicelib.orders import store as orders
from chalicelib.refunds import store as refunds
from chalicelib.stations import store as stations
from chalicelib.withdrawals import store as withdrawals

_PER_COMMIT = 50
_MOST_COMMITS = 40


def leave(member_id: str, *, clock: Clock, even_blocked: bool = False) -> None:
    """Erase the member. Raises NotFound when there is none (any more), AccountInUse; AccountBlocked
    for one who is blocked, unless `even_blocked`: who has left comes back as somebody new.
    """
    until_settled(lambda: _attempt(member_id, clock, even_blocked))


def was_erased(member_id: str) -> bool:
    """Whether this was a member who has left: their account is closed, and nobody is there."""
    member_key, balance_key = members.profile_key(member_id), ledger.balance_key(member_id)
    found = read(member_key, balance_key)
    balance = found.find(balance_key)
    return found.find(member_key) is None and balance is not None and balance.closed_at is not None


def refuse_in_use(member_id: str) -> None:
    """What can be told of it beforehand. Raises NotFound, AccountInUse."""
    member_key, balance_key = members.profile_key(member_id), ledger.balance_key(member_id)
    found = read(member_key, balance_key)
    if found.find(member_key) is None:
        raise NotFound()
    _refuse_in_use(member_id)
    if not ledger.is_empty(found.find(balance_key)):
        raise AccountInUse()


def _attempt(member_id: str, clock: Clock, even_blocked: bool) -> None:
    member = members.find(member_id)
    if member is None:
        raise NotFound()
    # guards: still there -> read again; not blocked -> AccountBlocked
    standing.mark_leaving(member_id, clock.now(), even_blocked=even_blocked)
    try:
        _close(member_id, clock)
    except AccountInUse:
        standing.mark_staying(member_id)
        raise
    refunds.erase_personal_data(orders.erase_personal_data(member_id))
    withdrawals.erase_personal_data(member_id)
    _forget_kinds(member_id)
    writes = WriteSet()
    members.forget_member(writes, member)  # guard: identities as read -> read again
    writes.commit()


def _close(member_id: str, clock: Clock) -> None:
    """Let nothing more be earned. Nothing after this refuses, so it is never taken back."""
    _refuse_in_use(member_id)
    writes = WriteSet()
    # guard: nothing is theirs, announced or on its way -> AccountInUse
    ledger.close(writes, member_id, now=clock.now(), refusal=lambda _row: AccountInUse())
    writes.commit()


def _refuse_in_use(member_id: str) -> None:
    if orders.open_orders_of(member_id):
        raise AccountInUse()
    if stations.looks_after_open(member_id):
        raise AccountInUse("You look after a station; somebody else has to do that first.")


def _forget_kinds(member_id: str) -> None:
    """Delete what is known of them beside the profile. Raises TryAgain when it is more than one
    request can delete: asking again goes on.
    """
    for _ in range(_MOST_COMMITS):
        keys = members.kinds_of(member_id, limit=_PER_COMMIT)
        if not keys:
            return
        writes = WriteSet()
        members.forget_kinds(writes, keys)
        writes.commit()
    raise TryAgain("There is more to erase; ask again.")
