"""Take a payment (支付结果): what WeChat says was paid, from a notification or a query, put to its
order.

Nothing is validated again and no deadline compared: the order was priced and its seat held when it
was placed. A payment that cannot be honoured is refunded by itself, at once. No payment is kept
without an order behind it.
"""

from datetime import datetime

from chalicelib.gateways.wechat_pay import Payment
from chalicelib.groups import store as groups
from chalicelib.groups.model import Group, GroupState
from chalicelib.kit import findings
from chalicelib.kit.clock import Clock, after
from chalicelib.kit.errors import TryAgain
from chalicelib.kit.reads import read
from chalicelib.kit.repeat import until_settled
from chalicelib.kit.writes import WriteSet
from chalicelib.orders import refundable
from chalicelib.orders import store as orders
from chalicelib.orders.give_back import give_back
from chalicelib.orders.model import NOTHING, REACTION_SECONDS, UNPAID, Order, OrderState
from chalicelib.refunds import store as refunds
from chalicelib.refunds.model import Cause, new_refund


def pay(payment: Payment, *, clock: Clock) -> Order | None:
    """The order as it is afterwards; None when there is none, which is recorded for a person.

    `payment` must come from WeChat: a verified notification or an answered query, of our merchant
    and app. Raises TryAgain while the group whose seat it pays cannot be found.

    """
    return until_settled(lambda: _pay(payment, clock))


def _pay(payment: Payment, clock: Clock) -> Order | None:
    order, group = _read(payment)
    if order is None:
        _tell("payment_without_order", payment, clock)
        return None
    if order.transaction_id is not None:
        if order.transaction_id != payment.transaction_id:
            _tell("second_payment", payment, clock)
        return order
    if order.voucher_id is not None:
        _tell("payment_not_due", payment, clock)  # nobody was asked for it: not by us
        return order
    require_group(order, group)
    now = clock.now()
    currency_fits = payment.currency in ("CNY", None)  # WeChat may leave out the usual one
    matches = currency_fits and payment.amount_fen == order.amount_fen
    if not matches:
        _tell("payment_mismatch", payment, clock)
    writes = WriteSet()
    if matches and order.order_state is OrderState.AWAITING_PAYMENT and _can_take(group, order):
        _honour(writes, order, group, payment, now)
    else:
        cause = Cause.LATE_PAYMENT if matches else Cause.MISMATCH
        _refund_instead(writes, order, group, payment, cause, now)
    writes.commit()
    return orders.get(order.order_id)


def _read(payment: Payment) -> tuple[Order | None, Group | None]:
    """The order and its group (or its shard of a crowd) in one read: the id travels with the
    payment as its attachment.
    """
    order_key = orders.order_key(payment.out_trade_no)
    attached_key = groups.group_key(payment.attach) if payment.attach else None
    found = read(order_key, attached_key)
    order = orders.order_of(found.find(order_key))
    if order is None or order.group_id is None:
        return order, None
    group = groups.group_of(found.find(attached_key)) if attached_key is not None else None
    if group is None or group.group_id != order.seat_group_id:
        group = groups.find(str(order.seat_group_id))
    return order, group


def require_group(order: Order, group: Group | None) -> None:
    """No group is ever deleted: one that is not there is being restored, and so will be the seat
    that an unpaid order holds in it. Raises TryAgain.
    """
    holds = order.order_state is OrderState.AWAITING_PAYMENT and order.seat_group_id is not None
    if holds and group is None:
        raise TryAgain(f"Group {order.seat_group_id} is not there.")


def _can_take(group: Group | None, order: Order) -> bool:
    """Whether the order's seat is still there to be paid. While it is held, its group cannot
    end.
    """
    if group is None:
        return order.group_id is None
    return group.group_state in (GroupState.PENDING, GroupState.FORMING)


def _honour(
    writes: WriteSet, order: Order, group: Group | None, payment: Payment, now: datetime
) -> None:
    due_at = after(now, REACTION_SECONDS)
    orders.mark_paid(
        writes,
        order,
        becomes=OrderState.TO_SHIP if group is None else OrderState.PAID,
        transaction_id=str(payment.transaction_id),
        now=now,
        due_at=due_at,
    )
    if group is None:
        return
    groups.pay_seat(writes, group.group_id, order.seat_id, order.order_id)
    if group.group_state is GroupState.PENDING:
        groups.activate(writes, group, expires_at=group.expiry(now))
    elif group.is_filled_by_one_more():
        groups.complete_by_payment(writes, group, now=now, due_at=due_at)
    else:
        groups.take_payment(writes, group)


def _refund_instead(
    writes: WriteSet,
    order: Order,
    group: Group | None,
    payment: Payment,
    cause: Cause,
    now: datetime,
) -> None:
    """The money goes back at once; what the order still held goes back with it."""
    paid_fen = payment.amount_fen or 0
    refund = new_refund(order, cause, amount_fen=paid_fen, total_fen=paid_fen, now=now)
    awaiting = order.order_state is OrderState.AWAITING_PAYMENT
    refundable.begin_ending(
        writes,
        order,
        refund.refund_id,
        units_back_at=now if awaiting else None,
        newly_paid=(str(payment.transaction_id), paid_fen, now),
        due_at=after(now, REACTION_SECONDS),
    )
    refunds.request(writes, refund)
    give_back(writes, order, UNPAID if awaiting else NOTHING, group=group, now=now)


def _tell(kind: str, payment: Payment, clock: Clock) -> None:
    """For a person, and for good: WeChat is not told "received" before it is written down."""
    findings.record(kind, payment.out_trade_no, _facts(payment), clock=clock, must=True)


def _facts(payment: Payment) -> dict[str, object]:
    return {
        "transaction_id": payment.transaction_id or "",
        "amount_fen": payment.amount_fen or 0,
        "currency": payment.currency or "",
    }
