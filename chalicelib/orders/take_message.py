"""Take what WeChat pushes about an order (消息推送): that it was received, that it should have been
shipped, that it keeps the shop from trading.

Believed already when it gets here. It may come again and in any order. Returning means durable.
"""

from collections.abc import Mapping
from typing import Any

from chalicelib.kit import findings
from chalicelib.kit.clock import Clock
from chalicelib.orders import store as orders
from chalicelib.orders.errors import OrderNotReceivable
from chalicelib.orders.receive import receive

_SETTLEMENT = "trade_manage_order_settlement"
_FOR_A_PERSON = frozenset(
    {"trade_manage_remind_shipping", "trade_manage_remind_access_api", "wxa_trade_controlled"}
)
_TEXT_CHARACTERS = 200


def take_message(message: Mapping[str, Any], *, merchant_id: str, clock: Clock) -> None:
    """`merchant_id` is WeChat's number of the merchant. What is of no use here is passed over.
    Raises TryAgain when what is for a person could not be written down.
    """
    event = str(message.get("Event", ""))
    if event in _FOR_A_PERSON:
        about = str(message.get("merchant_trade_no") or message.get("ToUserName", ""))
        facts = {"msg": str(message.get("msg", ""))[:_TEXT_CHARACTERS]}
        findings.record(event, about, facts, clock=clock, must=True)
    elif event == _SETTLEMENT and _is_confirmed(message):
        _receive(message, merchant_id, clock)


def _is_confirmed(message: Mapping[str, Any]) -> bool:
    """The event also comes when the goods are shipped, and then says nothing of a receipt."""
    names = ("confirm_receive_time", "confirm_receive_method")
    return any(str(message.get(name, "")) not in ("", "0") for name in names)


def _receive(message: Mapping[str, Any], merchant_id: str, clock: Clock) -> None:
    order_id = str(message.get("merchant_trade_no", ""))
    if str(message.get("merchant_id", "")) != merchant_id:
        facts = {"merchant_id": str(message.get("merchant_id", ""))}
        findings.record("foreign_receipt", order_id, facts, clock=clock, must=True)
        return
    order = orders.find(order_id) if order_id else None
    if order is None:
        findings.record("receipt_without_order", order_id, {}, clock=clock, must=True)
        return
    if order.received_at is not None:
        return
    try:
        receive(order_id, clock=clock)
    except OrderNotReceivable:
        facts = {"status": order.order_state.value}
        findings.record("receipt_out_of_turn", order_id, facts, clock=clock, must=True)
