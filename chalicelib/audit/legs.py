"""What a page of each table is looked at with, and what seems wrong in it.

Every check that the command makes is made here or beside it (days.py, units.py), once a round. What
an account in the ledger can say of what it is about is said where the account is read, with all its
transfers at hand; elsewhere it is enough that the account is there. Nothing here is reported.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from chalicelib.audit import neighbours
from chalicelib.audit.books import ROWS, WITHDRAWAL, Books
from chalicelib.audit.invariants import INVARIANTS, violations_of
from chalicelib.audit.model import Leg, Suspect
from chalicelib.audit.pages import read_under
from chalicelib.audit.setting_aside import is_passing, setting_aside
from chalicelib.catalog.settings import MOST_LEVELS
from chalicelib.commissions.model import BONUS_LEVEL, commission_id_for
from chalicelib.groups.model import GroupState, Production
from chalicelib.kit.clock import Clock
from chalicelib.kit.tables import key_names
from chalicelib.ledger.recipes import COMMISSION, LEADER_BONUS, earning_id_of
from chalicelib.ledger.store import LedgerRow
from chalicelib.ledger.transfers import Code

_LEVELS = {LEADER_BONUS: (BONUS_LEVEL,), COMMISSION: range(1, MOST_LEVELS + 1)}
_ABOUT_NO_ORDER = frozenset({Code.WITHDRAWAL.value, Code.CORRECTION.value})


@dataclass
class Looked:
    """At how many of each kind, what seems wrong, what cannot be read (by table and name), and
    which days were closed.
    """

    at: Counter[str] = field(default_factory=Counter)
    suspects: list[Suspect] = field(default_factory=list)
    unreadable: dict[tuple[str, str], str] = field(default_factory=dict)
    days: list[str] = field(default_factory=list)

    def __add__(self, other: "Looked") -> "Looked":
        return Looked(
            self.at + other.at,
            self.suspects + other.suspects,
            self.unreadable | other.unreadable,
            self.days + other.days,
        )


def look(leg: Leg, items: Iterable[dict[str, Any]], *, clock: Clock) -> Looked:
    """A page of that leg, in which everything under one key is there. When a page breaks, it is
    looked at key by key, and what breaks then is set aside.
    """
    items = list(items)
    try:
        return _look(leg, items, clock.now())
    except Exception as error:
        if is_passing(error):
            raise
    by_key: dict[str, list[dict[str, Any]]] = {}
    for item in items:
        by_key.setdefault(str(item[key_names(ROWS[leg.value])[0]]["S"]), []).append(item)
    looked = Looked()
    for key, own in by_key.items():
        with setting_aside(key, clock):
            looked += _look(leg, own, clock.now())
    return looked


def _look(leg: Leg, items: Iterable[dict[str, Any]], now: datetime) -> Looked:
    books, looking = Books(now), _Looking()
    for item in items:
        books.add_item(leg.value, item)
    _LOOK[leg](books, looking)
    looking.looked.unreadable = {
        (table, name): why
        for (table, name), why in books.unreadable.items()
        if table in (leg.value, "vouchers")
    }
    return looking.looked


class _Looking:
    """Gathers what seems wrong."""

    def __init__(self) -> None:
        self.looked = Looked()

    def at(
        self, books: Books, kind: str, ids: Iterable[str], *, only: Collection[str] = ()
    ) -> None:
        """Look at these. `only`: with these invariants, the others being looked at elsewhere."""
        for id in ids:
            if not only or only is _ALONE.get(kind):
                self.looked.at[kind] += 1
            if violations_of(books, kind, id, only=only):
                self.looked.suspects.append((kind, id))


def _but(kind: str, *names: str) -> frozenset[str]:
    """The invariants of that kind without these."""
    return frozenset(name for name, by_kind in INVARIANTS.items() if kind in by_kind) - set(names)


_BOOKED = {"commission": {"commissions_are_booked"}, "withdrawal": {"withdrawals_are_booked"}}
_SPLIT = {"debits_equal_credits"}
_ALONE = {kind: _but(kind, *names) for kind, names in _BOOKED.items()}
"""What a commission and a withdrawal say themselves, without the account of their member."""


def _look_at_groups(books: Books, looking: _Looking) -> None:
    subjects = books.subjects()["group"]
    seats = [seat for group_id in subjects for seat in books.seats.get(group_id, [])]
    groups = [books.groups[group_id] for group_id in subjects]
    neighbours.add_orders(books, (seat.order_id for seat in seats))
    refunded = {
        group.group_id
        for group in groups
        if group.group_state is GroupState.FAILED or group.production is Production.REJECTED
    }
    refunded_orders = {seat.order_id for seat in seats if seat.group_id in refunded}
    neighbours.add_refunds_of(
        books, [books.orders[each] for each in refunded_orders if each in books.orders]
    )
    heads_and_shards = {group.crowd_id for group in groups}
    heads_and_shards |= {shard_id for group in groups for shard_id in group.shard_ids}
    neighbours.add_groups(books, heads_and_shards)
    looking.at(books, "group", subjects)


def _look_at_draws(books: Books, looking: _Looking) -> None:
    looking.at(books, "draw", books.subjects()["draw"])


def _look_at_orders(books: Books, looking: _Looking) -> None:
    subjects = books.subjects()
    orders = [books.orders[order_id] for order_id in subjects["order"]]
    neighbours.add_refunds_of(books, orders)
    neighbours.add_places_of(books, orders)
    neighbours.add_vouchers_of(books, orders)
    neighbours.add_earnings_of(books, orders)
    booked = neighbours.booked_orders(orders)
    looking.at(books, "order", subjects["order"])
    looking.at(books, "ledger", [each for each in subjects["ledger"] if each not in booked])


def _look_at_refunds(books: Books, looking: _Looking) -> None:
    subjects = books.subjects()["refund"]
    neighbours.add_orders(books, (books.refunds[each].order_id for each in subjects))
    looking.at(books, "refund", subjects)


def _look_at_commissions(books: Books, looking: _Looking) -> None:
    subjects = books.subjects()["commission"]
    commissions = [books.commissions[each] for each in subjects]
    neighbours.add_orders(books, (one.order_id for one in commissions))
    announced = neighbours.announced_commissions(commissions)
    _look_alone(books, looking, "commission", subjects, announced)


def _look_at_withdrawals(books: Books, looking: _Looking) -> None:
    subjects = books.subjects()["withdrawal"]
    withdrawals = [books.withdrawals[each] for each in subjects]
    neighbours.add_wallets(books, (one.member_id for one in withdrawals if one.is_open))
    reserved = neighbours.reserved_withdrawals(withdrawals)
    _look_alone(books, looking, "withdrawal", subjects, reserved)


def _look_alone(
    books: Books, looking: _Looking, kind: str, ids: Iterable[str], in_ledger: Collection[str]
) -> None:
    """What is booked is looked at with the account of its member; what has no booking, here."""
    ids = list(ids)
    looking.at(books, kind, ids, only=_ALONE[kind])
    missing = [each for each in ids if each not in in_ledger]
    looking.at(books, kind, missing, only=_BOOKED[kind])


def _look_at_accounts(books: Books, looking: _Looking) -> None:
    subjects = books.subjects()
    looking.looked.days = [day for day, closed in books.days.items() if closed.is_closed]
    _look_at_accounts_of_orders(books, looking, subjects["ledger"])
    members = subjects["member"]
    _look_at_accounts_of_withdrawals(books, looking, subjects["withdrawal"])
    _look_at_accounts_of_members(books, looking, members)
    _look_at_adjustments(books, looking, subjects["adjustment"])


def _look_at_accounts_of_orders(books: Books, looking: _Looking, ids: list[str]) -> None:
    neighbours.add_orders(books, ids)
    orders = [books.orders[order_id] for order_id in ids if order_id in books.orders]
    neighbours.add_refunds_of(books, orders)
    looking.at(books, "ledger", ids)


def _look_at_accounts_of_withdrawals(books: Books, looking: _Looking, ids: list[str]) -> None:
    neighbours.add_withdrawals(books, ids)
    there = [each for each in ids if each in books.withdrawals]
    looking.at(books, "withdrawal", there, only=_SPLIT)
    looking.at(books, "withdrawal", [each for each in ids if each not in books.withdrawals])


def _look_at_accounts_of_members(books: Books, looking: _Looking, ids: list[str]) -> None:
    """Whole accounts, with each commission and withdrawal that they are about."""
    members = frozenset(ids)
    neighbours.add_commissions(books, _earned(books, ids))
    neighbours.add_withdrawals(books, _withdrawn(books, ids))
    neighbours.add_adjustments(books, _corrected(books, ids))
    own = [one for one in books.withdrawals.values() if one.member_id in members]
    for withdrawal in own:
        account_id = WITHDRAWAL + withdrawal.withdrawal_id
        if account_id not in books.bookings:
            for item in read_under(LedgerRow, account_id):
                books.add_item("ledger", item)
    looking.at(books, "member", ids)
    booked = [
        one.commission_id for one in books.commissions.values() if one.beneficiary_id in members
    ]
    looking.at(books, "commission", booked, only=_BOOKED["commission"])
    withdrawn = [one.withdrawal_id for one in own]
    looking.at(books, "withdrawal", withdrawn, only=_BOOKED["withdrawal"])


def _look_at_adjustments(books: Books, looking: _Looking, ids: list[str]) -> None:
    """Those that lie on the page, each with what is booked of it."""
    neighbours.add_corrections_of(books, [books.adjustments[each] for each in ids])
    looking.at(books, "adjustment", ids)


def _earned(books: Books, member_ids: Iterable[str]) -> Iterator[str]:
    """The commissions that the members' transfers can be about: those announced there, or, of an
    order of which none is, any level.
    """
    for member_id in member_ids:
        by_order: dict[str, set[str]] = {}
        for booking in books.bookings_of_member(member_id) or []:
            if booking.code not in _ABOUT_NO_ORDER:
                by_order.setdefault(booking.about, set()).add(booking.transfer_id)
        for order_id, transfer_ids in by_order.items():
            ids = {
                commission_id_for(order_id, level): earning
                for earning, levels in _LEVELS.items()
                for level in levels
            }
            announced = [
                commission_id
                for commission_id, earning in ids.items()
                if earning_id_of(earning, commission_id) in transfer_ids
            ]
            yield from announced or ids


def _corrected(books: Books, member_ids: Iterable[str]) -> Iterator[str]:
    for member_id in member_ids:
        for booking in books.bookings_of_member(member_id) or []:
            if booking.code == Code.CORRECTION.value:
                yield booking.about


def _withdrawn(books: Books, member_ids: Iterable[str]) -> Iterator[str]:
    for member_id in member_ids:
        for booking in books.bookings_of_member(member_id) or []:
            if booking.code == Code.WITHDRAWAL.value:
                yield booking.about
        wallet = books.wallets.get(member_id)
        if wallet is not None:
            yield wallet.open_withdrawal_id


_LOOK: dict[Leg, Callable[[Books, _Looking], None]] = {
    Leg.GROUPS: _look_at_groups,
    Leg.DRAWS: _look_at_draws,
    Leg.ORDERS: _look_at_orders,
    Leg.REFUNDS: _look_at_refunds,
    Leg.COMMISSIONS: _look_at_commissions,
    Leg.WITHDRAWALS: _look_at_withdrawals,
    Leg.LEDGER: _look_at_accounts,
}
