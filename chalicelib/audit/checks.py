"""The invariants, each a pure function from what was read to what is wrong with one row's story.

Those of groups, orders and refunds. Each yields sentences of ids and figures, nothing personal.
None reads or writes; what was not read, or is unreadable, is given the benefit of the doubt.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from chalicelib.audit.books import Books
from chalicelib.groups.model import Group, GroupState, Production, SeatState
from chalicelib.orders.model import WITH_THE_MEMBER, OrderState
from chalicelib.refunds.model import ENDED, UNDECIDED, UNDER_WAY, Cause, Refund, RefundState

OVERDUE_AFTER = timedelta(hours=1)
"""A sweep runs every minute and sets a bad item aside for an hour; later than that nobody looks."""

_GROUP_IS_OVER = frozenset(
    {GroupState.COMPLETE, GroupState.FAILED, GroupState.ABANDONED, GroupState.CLOSED}
)
_NEVER_PAID = frozenset({OrderState.AWAITING_PAYMENT, OrderState.CANCELLED})
_HAS_A_SEAT = frozenset(
    {OrderState.AWAITING_PAYMENT, OrderState.PAID, OrderState.TO_SHIP, *WITH_THE_MEMBER}
)
_WAITS_FOR_TIME = frozenset({OrderState.AWAITING_PAYMENT, OrderState.SHIPPED, OrderState.RECEIVED})
_ENDED_BY_REFUND = frozenset({OrderState.REFUNDING, OrderState.REFUNDED})
_NOT_TO_BE_PAID = frozenset({RefundState.REJECTED, RefundState.WITHDRAWN})

# Groups


def seats_add_up(books: Books, group_id: str) -> Iterator[str]:
    """Free, held and paid seats make up the group, and none is below zero. A crowd has none."""
    group = books.groups[group_id]
    if group.is_crowd:
        return
    counts = (group.seats_free, group.held_count, group.paid_count)
    if sum(counts) != group.seats_total or min(counts) < 0:
        free, held, paid = counts
        yield f"{free} free + {held} held + {paid} paid, of {group.seats_total}"


def counts_match_seats(books: Books, group_id: str) -> Iterator[str]:
    """The group's counts are those of its seats; a crowd's are those of its shards."""
    group = books.groups[group_id]
    if group.is_crowd:
        return
    states = [seat.seat_state for seat in books.seats.get(group_id, [])]
    held, paid = states.count(SeatState.HELD), states.count(SeatState.PAID)
    if (held, paid) != (group.held_count, group.paid_count):
        yield (
            f"{held} held and {paid} paid seats, "
            f"counted as {group.held_count} and {group.paid_count}"
        )


def ended_groups_hold_no_seat(books: Books, group_id: str) -> Iterator[str]:
    """Once a group is over, nobody is still to pay for a seat of it."""
    group = books.groups[group_id]
    if _is_over(group) and group.held_count > 0:
        yield f"{group.held_count} held in a group that is {group.group_state.value}"


def failed_groups_refund_every_seat(books: Books, group_id: str) -> Iterator[str]:
    """Once a failed group is dealt with, or one whose goods are not made, each paid seat has one
    refund, in full.
    """
    group = books.groups[group_id]
    is_rejected = group.production is Production.REJECTED
    if group.due_at is not None or not (is_rejected or group.group_state is GroupState.FAILED):
        return
    for seat in books.seats.get(group_id, []):
        order = books.orders.get(seat.order_id)
        refunds = books.refunds_of(order) if order is not None else None
        if order is None or refunds is None or seat.seat_state is not SeatState.PAID:
            continue
        if order.voucher_id is not None and order.order_state is OrderState.CANCELLED:
            continue
        amounts = [r.amount_fen for r in refunds if _is_for_all(r, is_rejected=is_rejected)]
        if order.order_state not in _ENDED_BY_REFUND:
            yield f"order {order.order_id} is {order.order_state.value}"
        elif amounts != [order.paid_fen]:
            yield f"order {order.order_id} paid {order.paid_fen} fen, refunded for it {amounts}"


def _is_for_all(refund: Refund, *, is_rejected: bool) -> bool:
    """Whether it is the one that everyone gets. Of goods that are not made, who asked for all of it
    before has it already.
    """
    if not is_rejected:
        return refund.cause is Cause.GROUP_FAILED
    return refund.ends_order and refund.refund_state not in _NOT_TO_BE_PAID


def seats_belong_to_their_orders(books: Books, group_id: str) -> Iterator[str]:
    """Each seat is held by an order of that group and member and by no other seat's; while the
    group is not over, by one that awaits payment or is paid, as the seat says.
    """
    for seat in books.seats.get(group_id, []):
        if books.is_unknown("orders", seat.order_id):
            continue
        order = books.orders.get(seat.order_id)
        if order is None:
            yield f"a seat of order {seat.order_id}, which does not exist"
        elif (order.seat_group_id, order.member_id) != (group_id, seat.member_id):
            yield f"a seat of order {seat.order_id}, which is another's"
        elif books.seated[group_id, seat.order_id] > 1:
            yield f"order {seat.order_id} has more than one seat"
        elif group_id in books.groups and not _is_over(books.groups[group_id]):
            is_paid = order.order_state not in _NEVER_PAID
            is_held = order.order_state is OrderState.AWAITING_PAYMENT
            if not (is_held if seat.seat_state is SeatState.HELD else is_paid):
                state = order.order_state.value
                yield f"a {seat.seat_state.value} seat of order {seat.order_id}, which is {state}"


def _is_over(group: Group) -> bool:
    return group.group_state in _GROUP_IS_OVER


# Orders


def orders_have_their_seats(books: Books, order_id: str) -> Iterator[str]:
    """An order that waits for its group, or goes to its member through it, has a seat there."""
    order = books.orders[order_id]
    group_id = order.seat_group_id
    if group_id is None or order.order_state not in _HAS_A_SEAT:
        return
    if books.is_unknown("groups", group_id):
        return
    if books.seated[group_id, order_id] == 0:
        yield f"{order.order_state.value}, and no seat in group {group_id}"


def paid_orders_have_one_place(books: Books, order_id: str) -> Iterator[str]:
    """A paid order waits in a forming group, is on its way, or is ended by a refund."""
    order = books.orders[order_id]
    is_paid = order.paid_fen > 0 or (
        order.voucher_id is not None and order.order_state is not OrderState.CANCELLED
    )
    if is_paid == (order.order_state in _NEVER_PAID):
        yield f"{order.order_state.value} with {order.paid_fen} fen paid"
    elif order.order_state is OrderState.PAID:
        group_id = order.seat_group_id or ""
        group = books.groups.get(group_id)
        if group is None and group_id and books.is_unknown("groups", group_id):
            return
        if not _is_waited_for(books, group):
            state = group.group_state.value if group is not None else "not there"
            yield f"paid, and its group is {state}"


def _is_waited_for(books: Books, group: Group | None) -> bool:
    """Whether a paid order has something to wait for: time, its crowd's decision, the draw of its
    campaign, its merchant's word, or what follows from the end.
    """
    if group is None:
        return False
    is_undecided = group.group_state in (GroupState.FORMING, GroupState.CLOSED)
    just_over = group.group_state in (GroupState.COMPLETE, GroupState.FAILED)
    is_to_be_dealt_with = group.due_at is not None or _awaits_word(books, group)
    return is_undecided or _awaits_draw(books, group) or (just_over and is_to_be_dealt_with)


def _awaits_word(books: Books, group: Group) -> bool:
    """Whether its crowd is to ask its merchant for it, or to be answered."""
    if group.crowd_id is None or group.production is not None:
        return False
    crowd = books.groups.get(group.crowd_id)
    if crowd is None:
        return books.is_unknown("groups", group.crowd_id)
    return crowd.due_at is not None


def _awaits_draw(books: Books, group: Group) -> bool:
    """Whether its draw is to come, or to tell it."""
    if group.draw_id is None or group.drawn_at is not None:
        return False
    draw = books.draws.get(group.draw_id)
    if draw is None:
        return books.is_unknown("draws", group.draw_id)
    return draw.due_at is not None


def only_complete_groups_ship(books: Books, order_id: str) -> Iterator[str]:
    """Nothing is on its way from a group that is not complete, or whose merchant has not agreed to
    make what was ordered.
    """
    order = books.orders[order_id]
    if order.group_id is None or order.order_state in {*_NEVER_PAID, *_ENDED_BY_REFUND}:
        return
    group = books.groups.get(order.group_id)
    if group is None or order.order_state is OrderState.PAID:
        return
    if group.group_state is not GroupState.COMPLETE:
        yield f"{order.order_state.value}, and group {group.group_id} is {group.group_state.value}"
    elif group.production is not Production.ACCEPTED:
        if group.production is not None:
            said = group.production.value
            yield f"{order.order_state.value}, and making group {group.group_id} is {said}"
        elif order.custom_fields:
            yield f"{order.order_state.value}, and nobody asked for making {group.group_id}"


def amounts_add_up(books: Books, order_id: str) -> Iterator[str]:
    """An order's amount is its goods and freight less its discount."""
    order = books.orders[order_id]
    if order.amount_fen != order.goods_fen + order.freight_fen - order.discount_fen:
        yield (
            f"{order.amount_fen} fen for goods {order.goods_fen}, "
            f"freight {order.freight_fen}, discount {order.discount_fen}"
        )


def refundable_adds_up(books: Books, order_id: str) -> Iterator[str]:
    """What was paid is what can still be refunded and what was asked for and not refused."""
    order = books.orders[order_id]
    refunds = books.refunds_of(order)
    if refunds is None:
        return
    taken_fen = sum(r.amount_fen for r in refunds if r.refund_state not in _NOT_TO_BE_PAID)
    if order.refundable_fen < 0 or order.refundable_fen + taken_fen != order.paid_fen:
        yield (
            f"paid {order.paid_fen} fen, refundable {order.refundable_fen}, "
            f"asked for and not refused {taken_fen}"
        )


def refunded_adds_up(books: Books, order_id: str) -> Iterator[str]:
    """What an order says was refunded is what its refunds brought back."""
    order = books.orders[order_id]
    refunds = books.refunds_of(order)
    if refunds is None:
        return
    back_fen = sum(r.amount_fen for r in refunds if r.refund_state is RefundState.SUCCEEDED)
    if order.refunded_fen != back_fen:
        yield f"refunded {order.refunded_fen} fen, its refunds {back_fen}"


def granted_refunds_add_up(books: Books, order_id: str) -> Iterator[str]:
    """What its group's rules give back of an order is what its refunds for that are of; none of
    them ends the order, or is refused. Nothing is given back of what a voucher paid for.
    """
    order = books.orders[order_id]
    refunds = books.refunds_of(order)
    if refunds is None or order.voucher_id is not None:
        return
    given_back = {Cause.LADDER: order.price_cut_fen, Cause.LEADER_FREE: order.marketing_fen}
    for cause, granted_fen in given_back.items():
        its_refunds = [refund for refund in refunds if refund.cause is cause]
        asked_fen = sum(refund.amount_fen for refund in its_refunds)
        if asked_fen != granted_fen:
            yield f"{granted_fen} fen given back as {cause.value}, its refunds are of {asked_fen}"
        for refund in its_refunds:
            if refund.ends_order or refund.refund_state in {*_NOT_TO_BE_PAID, *UNDECIDED}:
                yield f"refund {refund.refund_id} as {cause.value} ends it, or may be refused"


def ended_orders_are_refunded_whole(books: Books, order_id: str) -> Iterator[str]:
    """`refunded` means all of it; `refunding` that a refund is there to end the order."""
    order = books.orders[order_id]
    refunds = books.refunds_of(order)
    if order.order_state is OrderState.REFUNDED and order.refunded_fen != order.paid_fen:
        yield f"refunded with {order.refunded_fen} of {order.paid_fen} fen back"
    elif order.order_state is OrderState.REFUNDING and refunds is not None:
        ending = [r for r in refunds if _ends(r) and r.refund_state not in _NOT_TO_BE_PAID]
        if len(ending) != 1:
            yield f"refunding with {len(ending)} refunds that end it"


def _ends(refund: Refund) -> bool:
    """Whether the order may be ended by it: a free leader's can, when it is not shipped."""
    return refund.ends_order or refund.cause is Cause.LEADER_FREE


def open_refunds_are_counted(books: Books, order_id: str) -> Iterator[str]:
    """An order counts those of its refunds that are not over."""
    order = books.orders[order_id]
    refunds = books.refunds_of(order)
    if refunds is None:
        return
    still_open = sum(refund.refund_state not in ENDED for refund in refunds)
    if order.open_refund_count != still_open:
        yield f"{still_open} open, counted as {order.open_refund_count}"


def undecided_adds_up(books: Books, order_id: str) -> Iterator[str]:
    """An order knows how much of it waits for an operator's decision, or for its goods."""
    order = books.orders[order_id]
    refunds = books.refunds_of(order)
    if refunds is None:
        return
    waiting = [r for r in refunds if r.refund_state in UNDECIDED]
    waiting_fen = sum(refund.amount_fen for refund in waiting)
    if order.undecided_fen != waiting_fen:
        yield f"{waiting_fen} fen wait for a decision, kept as {order.undecided_fen}"


def listed_refunds_exist(books: Books, order_id: str) -> Iterator[str]:
    """Each refund that an order lists is there, and is its own."""
    for refund_id in books.orders[order_id].refund_ids:
        if books.is_unknown("refunds", refund_id):
            continue
        refund = books.refunds.get(refund_id)
        if refund is None or refund.order_id != order_id:
            yield f"lists refund {refund_id}, which is not there or not its own"


# Refunds


def refunds_are_listed(books: Books, refund_id: str) -> Iterator[str]:
    """Each refund stands on its order's list."""
    refund = books.refunds[refund_id]
    if books.is_unknown("orders", refund.order_id):
        return
    order = books.orders.get(refund.order_id)
    if order is None or refund_id not in order.refund_ids:
        yield f"not on the list of order {refund.order_id}"


# What is due


def nothing_is_overdue(books: Books, due_at: datetime | None) -> Iterator[str]:
    """Nothing that should have been looked after an hour ago still waits."""
    if due_at is not None and due_at < books.now - OVERDUE_AFTER:
        yield f"due for {(books.now - due_at) // timedelta(seconds=1)} seconds"


def order_is_not_overdue(books: Books, order_id: str) -> Iterator[str]:
    yield from nothing_is_overdue(books, books.orders[order_id].due_at)


def group_is_not_overdue(books: Books, group_id: str) -> Iterator[str]:
    yield from nothing_is_overdue(books, books.groups[group_id].due_at)


def refund_is_not_overdue(books: Books, refund_id: str) -> Iterator[str]:
    yield from nothing_is_overdue(books, books.refunds[refund_id].due_at)


def order_waits_on_a_clock(books: Books, order_id: str) -> Iterator[str]:
    """An order to be paid, received or settled has a time when a sweep ends the waiting."""
    order = books.orders[order_id]
    waits = order.order_state in _WAITS_FOR_TIME or order.is_to_be_told_of
    if waits and order.due_at is None:
        yield f"{order.order_state.value}, and no sweep will ever look"


def group_waits_on_a_clock(books: Books, group_id: str) -> Iterator[str]:
    """A forming group has a time when a sweep settles it, and with it the shards of a crowd; one
    that asks its merchant, a time when that is over.
    """
    group = books.groups[group_id]
    settles_itself = group.crowd_id is None and group.group_state is GroupState.FORMING
    if settles_itself and group.due_at is None:
        yield "forming, and no sweep will ever look"
    if group.production is Production.REQUESTED and group.due_at is None:
        yield "its merchant is asked, and no sweep will ever look"


def refund_waits_on_a_clock(books: Books, refund_id: str) -> Iterator[str]:
    """A refund under way has a time when a sweep asks after it; one whose goods were not sent, a
    time when it is withdrawn.
    """
    refund = books.refunds[refund_id]
    unsent = refund.refund_state is RefundState.AWAITING_RETURN and refund.return_shipment is None
    if (refund.refund_state in UNDER_WAY or unsent) and refund.due_at is None:
        yield f"{refund.refund_state.value}, and no sweep will ever look"
