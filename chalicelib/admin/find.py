"""Command: orders by what a customer or WeChat tells, `{out_trade_no? transaction_id?
phone_last4?}`.

Exactly one of them. A transaction id is resolved by asking WeChat. Shows addresses; logs none.
"""

from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from chalicelib.admin.command import Command
from chalicelib.admin.lists import walk
from chalicelib.admin.shapes import orders_in_full
from chalicelib.catalog.model import Identifier
from chalicelib.gateways.wechat_pay import Payment
from chalicelib.kit.paging import page
from chalicelib.orders import store as orders
from chalicelib.orders.model import Order
from chalicelib.orders.store import OrderRow, order_of
from chalicelib.wiring import Wiring


class Payload(Command):
    """What is known of the order. `cursor` and `limit` go with `phone_last4`."""

    out_trade_no: Identifier | None = None
    transaction_id: Identifier | None = None
    phone_last4: Annotated[str, Field(pattern=r"^[0-9]{4}$")] | None = None
    cursor: Annotated[str, Field(max_length=1024)] | None = None
    limit: Annotated[int, Field(ge=1, le=100)] = 20

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        given = (self.out_trade_no, self.transaction_id, self.phone_last4)
        if sum(value is not None for value in given) != 1:
            raise ValueError("give exactly one of out_trade_no, transaction_id, phone_last4")
        if self.cursor is not None and self.phone_last4 is None:
            raise ValueError("a cursor goes with phone_last4")
        return self


def run(payload: Payload, wiring: Wiring) -> dict[str, Any]:
    """`wechat` is the trade as WeChat has it, where WeChat was asked. Raises WechatUnavailable."""
    if payload.phone_last4 is not None:
        found, following = _by_phone(payload.phone_last4, payload)
        return {**page(orders_in_full(found, wiring), following), "wechat": None}
    payment = None
    out_trade_no = payload.out_trade_no
    if payload.transaction_id is not None:
        payment = wiring.wechat_pay.query_by_transaction_id(payload.transaction_id)
        out_trade_no = payment.out_trade_no if payment is not None else None
    order = orders.find(out_trade_no) if out_trade_no is not None else None
    answers = orders_in_full([order], wiring) if order is not None else []
    return {**page(answers, None), "wechat": _trade(payment) if payment is not None else None}


def _by_phone(last4: str, payload: Payload) -> tuple[list[Order], dict[str, Any] | None]:
    def pick(row: OrderRow) -> Order | None:
        return order_of(row) if _digits(row.address.get("phone")).endswith(last4) else None

    return walk(OrderRow, pick, limit=payload.limit, cursor=payload.cursor)


def _digits(phone: Any) -> str:
    """`138 0000-1234` is 13800001234; an erased address has none."""
    return "".join(character for character in str(phone or "") if character.isdigit())


def _trade(payment: Payment) -> dict[str, Any]:
    return {
        "out_trade_no": payment.out_trade_no,
        "transaction_id": payment.transaction_id,
        "trade_state": payment.trade_state,
        "amount_fen": payment.amount_fen,
    }
