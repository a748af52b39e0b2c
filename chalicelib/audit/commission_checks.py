"""The invariants of commissions, in the way of checks.py: what uplines earn on an order, and
what the ledger says they earn.

Looks at orders, at commissions, and at members for transfers without a commission.
"""

from collections.abc import Iterator

from chalicelib.audit.bookings import Booking
from chalicelib.audit.books import Books
from chalicelib.audit.checks import nothing_is_overdue
from chalicelib.audit.rest import is_followed_up
from chalicelib.catalog.settings import MOST_LEVELS, WHOLE_BP
from chalicelib.commissions.model import (
    BONUS_LEVEL,
    Commission,
    CommissionState,
    commission_id_for,
    earners,
)
from chalicelib.ledger.recipes import earning_id_of
from chalicelib.ledger.transfers import Code, Phase, member_account
from chalicelib.orders.model import Order, OrderState

_ENDED_BY_REFUND = frozenset({OrderState.REFUNDING, OrderState.REFUNDED})
_CLAWBACKS = frozenset({Code.COMMISSION_CLAWBACK.value, Code.LEADER_BONUS_CLAWBACK.value})
_OF_COMMISSIONS = frozenset({Code.COMMISSION.value, Code.LEADER_BONUS.value, *_CLAWBACKS})
_LEVELS = (*range(1, MOST_LEVELS + 1), BONUS_LEVEL)

# Of an order


def commissions_match_targets(books: Books, order_id: str) -> Iterator[str]:
    """Each upline of an order that no refund ends, and the leader of its group, earns their target,
    once all that follows is done.

    One who has left, and earned nothing before, earns nothing.
    """
    order = books.orders[order_id]
    if order.order_state in _ENDED_BY_REFUND or not is_followed_up(books, order):
        return
    for earner in earners(order):
        commission_id = commission_id_for(order_id, earner.level)
        commission = books.commissions.get(commission_id)
        if books.is_unknown("commissions", commission_id):
            continue
        if commission is None and _may_have_left(books, earner.member_id):
            continue
        earned_fen = commission.earned_fen if commission is not None else 0
        if earned_fen != earner.target_fen:
            yield f"level {earner.level} earns {earned_fen} fen, its target is {earner.target_fen}"


def wholly_refunded_orders_pay_no_commission(books: Books, order_id: str) -> Iterator[str]:
    """Once all of it is back, nobody earns on an order."""
    order = books.orders[order_id]
    if order.order_state is not OrderState.REFUNDED or not is_followed_up(books, order):
        return
    for commission in _commissions_of(books, order_id):
        if commission.earned_fen:
            yield f"level {commission.commission_level} earns {commission.earned_fen} fen"


def commissions_within_cap(books: Books, order_id: str) -> Iterator[str]:
    """Two levels at most, which together were never announced more of the goods than the cap."""
    order = books.orders[order_id]
    own = _commissions_of(books, order_id)
    announced_fen = sum(one.amount_fen for one in own if not one.is_bonus)
    base_fen = max(order.goods_fen - order.discount_fen - order.price_cut_fen, 0)
    if len(order.uplines) > MOST_LEVELS:
        yield f"{len(order.uplines)} levels"
    if announced_fen * WHOLE_BP > base_fen * order.commission_cap_bp:
        yield f"{announced_fen} fen announced on {base_fen}, capped at {order.commission_cap_bp} bp"


def commissions_are_released_once_settled(books: Books, order_id: str) -> Iterator[str]:
    """Nothing is released before the order is settled, and nothing waits any more when it is, no
    refund of it is open, and all that follows is done.
    """
    order = books.orders[order_id]
    settled = order.order_state is OrderState.SETTLED and order.open_refund_count == 0
    for commission in _commissions_of(books, order_id):
        state = commission.commission_state
        if state is CommissionState.RELEASED and order.settled_at is None:
            yield f"level {commission.commission_level} is released, the order is not settled"
        elif state is CommissionState.PENDING and settled and is_followed_up(books, order):
            yield f"level {commission.commission_level} is pending, the order is settled"


def _commissions_of(books: Books, order_id: str) -> list[Commission]:
    """Those of every level that are known."""
    ids = (commission_id_for(order_id, level) for level in _LEVELS)
    return [books.commissions[each] for each in ids if each in books.commissions]


def _may_have_left(books: Books, member_id: str) -> bool:
    wallet = books.wallets.get(member_id)
    return wallet.is_closed if wallet is not None else "ledger" in books.partial


# Of a commission


def commissions_belong_to_uplines(books: Books, commission_id: str) -> Iterator[str]:
    """A commission is that of one level of its order: its upline at its rate, or its leader; never
    the buyer.
    """
    commission = books.commissions[commission_id]
    if books.is_unknown("orders", commission.order_id):
        return
    order = books.orders.get(commission.order_id)
    if order is None:
        yield f"of order {commission.order_id}, which does not exist"
    elif not _is_of(commission, order):
        yield f"not what level {commission.commission_level} of order {order.order_id} earns"
    if commission.beneficiary_id == commission.buyer_id:
        yield "the buyer earns on their own order"


def _is_of(commission: Commission, order: Order) -> bool:
    level = commission.commission_level
    entitled = {each.level: (each.member_id, each.rate_bp) for each in earners(order)}
    return (
        commission.commission_id == commission_id_for(order.order_id, level)
        and entitled.get(level) == (commission.beneficiary_id, commission.rate_bp)
        and commission.buyer_id == order.member_id
    )


def commissions_are_booked(books: Books, commission_id: str) -> Iterator[str]:
    """What was announced, taken back, released and clawed back stands in the ledger so."""
    commission = books.commissions[commission_id]
    bookings = books.bookings_of_member(commission.beneficiary_id, commission.order_id)
    if bookings is None:
        return
    released = commission.commission_state is CommissionState.RELEASED
    booked = _amounts_booked(commission, bookings)
    clawed_back_fen = booked["clawed back"]
    expected = {
        "announced": commission.amount_fen,
        "voided": commission.reversed_fen - clawed_back_fen,
        "posted": commission.earned_fen + clawed_back_fen if released else 0,
        "clawed back": clawed_back_fen if released else 0,
    }
    if booked != expected or commission.reversed_fen < clawed_back_fen:
        yield f"booked {booked}, by its row {expected}"
    if not released and (commission.commission_state is CommissionState.VOIDED) != (
        commission.earned_fen == 0
    ):
        yield f"{commission.commission_state.value} with {commission.earned_fen} fen left"


def _amounts_booked(commission: Commission, bookings: list[Booking]) -> dict[str, int]:
    """What the beneficiary's transfers say of it, in fen."""
    amounts = dict.fromkeys(("announced", "voided", "posted", "clawed back"), 0)
    earning = commission.earning
    pending_id = earning_id_of(earning, commission.commission_id)
    named = {Phase.VOID.value: "voided", Phase.POST.value: "posted"}
    earns = earning.expense.value, member_account(commission.beneficiary_id)
    for one in bookings:
        moves = one.debit_account, one.credit_account
        if one.transfer_id == pending_id and moves == earns:
            amounts["announced"] += one.amount_fen
        elif one.pending_id == pending_id and moves == earns and one.phase in named:
            amounts[named[one.phase]] += one.amount_fen
        elif one.code == earning.clawback.value and moves == earns[::-1]:
            amounts["clawed back"] += one.amount_fen
    return amounts


# Of a member


def commission_transfers_have_a_commission(books: Books, member_id: str) -> Iterator[str]:
    """Each transfer about a commission is about one that is there, and is the member's."""
    for booking in books.bookings_of_member(member_id) or []:
        if booking.code not in _OF_COMMISSIONS:
            continue
        ids = [commission_id_for(booking.about, level) for level in _LEVELS]
        if any(books.is_unknown("commissions", each) for each in ids):
            continue
        own = [
            one for one in _commissions_of(books, booking.about) if one.beneficiary_id == member_id
        ]
        announced = {earning_id_of(one.earning, one.commission_id) for one in own}
        is_clawback = booking.code in _CLAWBACKS
        if not own or not (is_clawback or announced & {booking.transfer_id, booking.pending_id}):
            yield f"transfer {booking.transfer_id} about order {booking.about}: no such commission"


# What is due


def commission_is_not_overdue(books: Books, commission_id: str) -> Iterator[str]:
    yield from nothing_is_overdue(books, books.commissions[commission_id].due_at)


def commission_waits_on_a_clock(books: Books, commission_id: str) -> Iterator[str]:
    """A commission that the figures do not know all of has a time when a sweep counts it."""
    commission = books.commissions[commission_id]
    counted = commission.counted_fen, commission.ranked_fen
    if counted != (commission.earned_fen, commission.released_fen) and commission.due_at is None:
        yield f"{commission.earned_fen} fen earned, counted {counted}, and no sweep will ever look"
