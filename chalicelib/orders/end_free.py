"""End an order that costs its member nothing (取消免单订单) before it is shipped, by an operator: a
free leader's, or one that a voucher paid for. Nobody has anything to be refunded.

One commit. Units and voucher go back; what the shop bore as marketing is taken off its books.
"""

from chalicelib.kit.clock import Clock
from chalicelib.kit.repeat import until_settled
from chalicelib.kit.writes import WriteSet
from chalicelib.ledger import recipes
from chalicelib.ledger import store as ledger
from chalicelib.orders import refundable
from chalicelib.orders import store as orders
from chalicelib.orders.errors import OrderNotCancellable
from chalicelib.orders.give_back import give_back
from chalicelib.orders.model import FREE_ENDED, Order, OrderState

_ENDED = frozenset({OrderState.CANCELLED, OrderState.REFUNDING, OrderState.REFUNDED})


def end_free(order_id: str, reason: str, *, clock: Clock) -> Order:
    """The order as it is afterwards: cancelled when a voucher paid for it, else refunded, or
    refunding while the money is on its way. Twice is once. Raises OrderNotCancellable in any other
    state, or while an operator has a refund of it to decide; NotFound.
    """
    return until_settled(lambda: _end(order_id, reason, clock))


def refuse_to_end(order: Order) -> None:
    """Raise OrderNotCancellable unless it is free, waits to be shipped, and no refund of it
    waits for a decision.
    """
    waits = order.order_state is OrderState.TO_SHIP and order.undecided_fen == 0
    if not (order.is_free and waits and order.refundable_fen == 0):
        raise OrderNotCancellable()


def _end(order_id: str, reason: str, clock: Clock) -> Order:
    order = orders.get(order_id)
    if order.is_free and order.order_state in _ENDED:
        return order
    refuse_to_end(order)
    now = clock.now()
    writes = WriteSet()
    refundable.end_free(writes, order, _becomes(order), reason=reason, now=now)
    give_back(writes, order, FREE_ENDED, now=now)
    if order.marketing_fen > 0:
        reversal = recipes.marketing_reversed(order_id, order.marketing_fen, now=now)
        ledger.book(writes, f"order:{order_id}", reversal)
    writes.commit()
    return orders.get(order_id)


def _becomes(order: Order) -> OrderState:
    if order.voucher_id is not None:
        return OrderState.CANCELLED
    return OrderState.REFUNDING if order.open_refund_count > 0 else OrderState.REFUNDED
