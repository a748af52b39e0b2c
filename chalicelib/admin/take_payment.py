"""Command: take the payment that WeChat has of an order, `{order_id}`, when every notification of
it was lost.

Moves money: what comes too late, or in another amount, goes back by itself. Nobody's word is taken
but WeChat's.
"""

from typing import Any

from chalicelib.admin.command import MoneyCommand
from chalicelib.admin.shapes import orders_in_full
from chalicelib.catalog.model import Identifier
from chalicelib.gateways.wechat_pay import Payment, RefusedByWechat
from chalicelib.kit.errors import NotAllowed, WechatUnavailable
from chalicelib.orders import store as orders
from chalicelib.orders.pay import pay
from chalicelib.wiring import Wiring


class Payload(MoneyCommand):
    """Which order."""

    order_id: Identifier


def run(payload: Payload, wiring: Wiring) -> dict[str, Any]:
    """The order as it is afterwards (in a dry run: as it is). Raises NotAllowed when WeChat has no
    payment of it, or has given back some of one that is not ours yet, NotFound, WechatUnavailable.
    """
    order = orders.get(payload.order_id)
    payment = _payment_of(payload.order_id, wiring)
    is_new = order.transaction_id is None
    if is_new and payment.trade_state == "REFUND":
        raise NotAllowed("WeChat says that it was given back already, and not by this shop.")
    is_taken = is_new and order.voucher_id is None
    if is_new and not payload.dry_run:
        order = pay(payment, clock=wiring.clock) or order
        is_taken = order.transaction_id == payment.transaction_id
    (answer,) = orders_in_full([order], wiring)
    outcome = "taken" if is_taken else "unchanged"
    return {**answer, "outcome": outcome, "dry_run": payload.dry_run}


def _payment_of(order_id: str, wiring: Wiring) -> Payment:
    try:
        payment = wiring.wechat_pay.query(order_id)
    except RefusedByWechat as refused:
        raise WechatUnavailable(f"WeChat refuses: {refused.code}.") from refused
    if payment is None or not payment.is_paid:
        raise NotAllowed("WeChat says that nobody has paid it.")
    if payment.app_id != wiring.environment.wechat_app_id:
        raise NotAllowed("It was paid through another app than this shop's.")
    return payment
