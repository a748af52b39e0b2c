"""The goods of a story go out, arrive, and are the members' for good.

Must never skip a step that a shop takes: the operator ships, WeChat is told, the member receives.
"""

import itertools
from collections.abc import Sequence
from functools import partial

from infra.local.play import OPERATOR, SHOP, Play, after_a_sweep
from infra.local.shopper import Purchase, wait_until

_numbers = itertools.count(1)


def arrive(stage: Play, orders: Sequence[Purchase]) -> None:
    """Each is shipped; once WeChat knows of those it still has a payment for, each is received."""
    for order in orders:
        shipment = {"carrier": "SF", "tracking_no": f"SF{100_000_000_000 + next(_numbers)}"}
        stage.stack.admin("ship_order", order_id=order.order_id, **shipment)
        whose = f"{order.shopper.name}'s order"
        stage.timeline.line(OPERATOR, f"ships {whose}", shipment["tracking_no"])
    paid = [order for order in orders if order.amount_fen > order.now()["refunded_fen"]]
    for order in paid:
        wait_until(partial(is_known, stage, order), True, "WeChat to know of the shipment")
    if paid:
        what = {1: "the shipment", 2: "both shipments"}.get(len(paid), f"{len(paid)} shipments")
        stage.timeline.line(SHOP, f"tells WeChat of {what}")
    for order in orders:
        status = order.is_received().expect(200, "receipt")["status"]
        stage.timeline.line(order.shopper.name, f"confirms receipt: {status}")


def settle(stage: Play, orders: Sequence[Purchase]) -> None:
    """Sweeps until the time to send them back is over for all of them."""
    for order in orders:
        look = after_a_sweep(stage, partial(status_of, order))
        wait_until(look, "settled", f"{order.shopper.name}'s order")


def status_of(order: Purchase) -> object:
    return order.status


def is_known(stage: Play, order: Purchase) -> bool:
    """Whether WeChat has the shipment, which mini-programs must tell it."""
    return bool(stage.wechat.shipments(order.order_id))
