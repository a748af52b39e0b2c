"""What a member sees of their orders: the order, its refunds, and what WeChat calls it."""

from collections.abc import Sequence
from datetime import datetime
from typing import cast

from chalicelib.kit.clock import shown
from chalicelib.orders.model import Order, Shipment
from chalicelib.orders.purchase import Placed
from chalicelib.orders.request_payment import Prepared
from chalicelib.orders.schemas import (
    AddressAnswer,
    OrderAnswer,
    PaymentAnswer,
    PickupPlaceAnswer,
    PlacedAnswer,
    RefundAnswer,
    ReturnShipmentAnswer,
    ShipmentAnswer,
)
from chalicelib.refunds import store as refunds
from chalicelib.refunds.model import Refund, ReturnShipment


def show(order: Order, *, merchant_id: str, now: datetime) -> OrderAnswer:
    """One order as its member sees it. `merchant_id` is WeChat's number of the merchant."""
    return show_all([order], merchant_id=merchant_id, now=now)[0]


def show_all(orders: Sequence[Order], *, merchant_id: str, now: datetime) -> list[OrderAnswer]:
    """Several orders, their refunds read in one go."""
    found = refunds.read_all(refund_id for order in orders for refund_id in order.refund_ids)
    return [
        _answer(order, [found[id] for id in order.refund_ids if id in found], merchant_id, now)
        for order in orders
    ]


def show_placed(
    placed: Placed, prepared: Prepared, *, merchant_id: str, now: datetime
) -> PlacedAnswer:
    """The answer to placing an order: the order and how to pay it."""
    order = show(placed.order, merchant_id=merchant_id, now=now)
    return {"order": order, **payment_answer(prepared)}


def payment_answer(prepared: Prepared) -> PaymentAnswer:
    """How to pay."""
    return {"payment": prepared.payment, "payment_state": prepared.payment_state.value}


def refund_answer(refund: Refund) -> RefundAnswer:
    """A refund as its member sees it."""
    return {
        "refund_id": refund.refund_id,
        "order_id": refund.order_id,
        "amount_fen": refund.amount_fen,
        "reason": refund.reason,
        "type": refund.refund_type,
        "ends_order": refund.ends_order,
        "status": refund.refund_state,
        "requested_at": shown(refund.requested_at),
        "settled_at": _moment(refund.settled_at),
        "return_shipment": _return_answer(refund.return_shipment),
    }


def shipment_answer(shipment: Shipment | None) -> ShipmentAnswer | None:
    """Who carries an order, as its member sees it."""
    if shipment is None:
        return None
    return {
        "carrier": shipment.carrier,
        "tracking_no": shipment.tracking_no,
        "shipped_at": shown(shipment.shipped_at),
    }


def pickup_answer(order: Order) -> PickupPlaceAnswer | None:
    """Where it is fetched, and the code to show there once there is one; None for what is sent."""
    if order.pickup is None:
        return None
    return {
        "station_id": order.pickup.station_id,
        "name": order.pickup.name,
        "address": order.pickup.address,
        "code": order.pickup_code,
    }


def _address_answer(order: Order) -> AddressAnswer | None:
    """As it was given; None for what is fetched, and once its member has left."""
    is_sent = order.pickup is None and bool(order.address)
    return cast(AddressAnswer, dict(order.address)) if is_sent else None


def _return_answer(sent: ReturnShipment | None) -> ReturnShipmentAnswer | None:
    if sent is None:
        return None
    return {
        "carrier": sent.carrier,
        "tracking_no": sent.tracking_no,
        "sent_at": shown(sent.sent_at),
    }


def _moment(moment: datetime | None) -> str | None:
    return shown(moment) if moment is not None else None


def _answer(
    order: Order, its_refunds: Sequence[Refund], merchant_id: str, now: datetime
) -> OrderAnswer:
    return {
        "order_id": order.order_id,
        "status": order.order_state,
        "group_id": order.group_id,
        "campaign_id": order.campaign_id,
        "sku_id": order.sku_id,
        "title": order.title,
        "image_url": order.image_url,
        "quantity": order.quantity,
        "unit_price_fen": order.unit_price_fen,
        "goods_fen": order.goods_fen,
        "freight_fen": order.freight_fen,
        "discount_fen": order.discount_fen,
        "amount_fen": order.amount_fen,
        "refunded_fen": order.refunded_fen,
        "price_cut_fen": order.price_cut_fen,
        "voucher_id": order.voucher_id,
        "address": _address_answer(order),
        "pickup": pickup_answer(order),
        "collects_until": _moment(order.collects_until),
        "custom_fields": dict(order.custom_fields),
        "ships_by": _moment(order.ships_by),
        "remark": order.remark,
        "placed_at": shown(order.placed_at),
        "pay_deadline": shown(order.pay_deadline),
        "paid_at": _moment(order.paid_at),
        "cancel_reason": order.cancel_reason,
        "server_time": shown(now),
        "shipment": shipment_answer(order.shipment),
        "received_at": _moment(order.received_at),
        "settled_at": _moment(order.settled_at),
        "refunds": [refund_answer(refund) for refund in its_refunds],
        "wechat": {
            "mch_id": merchant_id,
            "out_trade_no": order.order_id,
            "transaction_id": order.transaction_id,
        },
    }
