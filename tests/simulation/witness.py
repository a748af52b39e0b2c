"""What must be right at every moment, seen as it is written: each change of a row is looked at
once, as its stream record shows it. In the end it may look right again.

WeChat may be further by then than it was at that moment, never less far.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from infra.local.wechat.refusals import ControlRefusal, PayRefusal
from tests.rows import plain
from tests.simulation.world import World

Row = Mapping[str, Any]


def wrong_in(world: World, table: str, record: Row) -> Iterator[str]:
    """What is wrong about a change of this table's, in words."""
    images = record["dynamodb"]
    old, new = (plain(images.get(name, {})) for name in ("OldImage", "NewImage"))
    looks = _LOOKS.get(table)
    if looks is not None:
        yield from looks(world, old, new)


def _order(world: World, old: Row, new: Row) -> Iterator[str]:
    """What an order held is given away only when it cannot be paid any more (one that WeChat did
    not know is looked at once more, and stays due for that); no more is promised back than was
    paid; and it is paid when WeChat says so.
    """
    order_id, was, is_now = new.get("order_id"), old.get("order_state"), new.get("order_state")
    if was == "awaiting_payment" and is_now == "cancelled" and "due_at" not in new:
        trade = _trade(world, str(order_id))
        is_payable = trade is not None and trade["trade_state"] == "NOTPAY"
        if is_payable and order_id not in world.left_open:  # else WeChat said that it was closed
            yield f"order {order_id}: released while it can be paid"
    if int(new.get("refundable_fen", 0)) < 0:
        yield f"order {order_id}: more promised back than was paid"
    if "transaction_id" in new and "transaction_id" not in old:
        trade = _trade(world, str(order_id))
        if trade is None or trade["trade_state"] not in ("SUCCESS", "REFUND"):
            yield f"order {order_id}: paid here, not at WeChat"


def _group(_world: World, _old: Row, new: Row) -> Iterator[str]:
    """No more seats are taken than there are; a group is complete with its last payment, neither
    before nor later; and it ends with no seat held.
    """
    if new.get("kind") != "group":
        return
    group_id, state = new["group_id"], new["group_state"]
    seats, paid = int(new.get("seats_total", 0)), int(new.get("paid_count", 0))
    has_seats = "crowd_shards" not in new and "crowd_id" not in new
    if int(new.get("seats_free", 0)) < 0:
        yield f"group {group_id}: more seats taken than there are"
    if has_seats and state == "forming" and paid >= seats:
        yield f"group {group_id}: everyone has paid, and it still forms"
    if state in ("complete", "failed", "closed") and int(new.get("held_count", 0)) > 0:
        yield f"group {group_id}: {state} with a seat held"


def _refund(world: World, old: Row, new: Row) -> Iterator[str]:
    """Its money is back when WeChat says so."""
    if old.get("refund_state") == "succeeded" or new.get("refund_state") != "succeeded":
        return
    theirs = world.sandbox.refunds_of(str(new["order_id"]))
    is_back = any(
        one["status"] == "SUCCESS" and str(one["out_refund_no"]).startswith(str(new["refund_id"]))
        for one in theirs
    )
    if not is_back and not new.get("paid_by_hand"):
        yield f"refund {new['refund_id']}: succeeded here, not at WeChat"


def _balance(_world: World, old: Row, new: Row) -> Iterator[str]:
    """One withdrawal at a time, of money that is there."""
    was, is_now = old.get("open_withdrawal_id"), new.get("open_withdrawal_id")
    if is_now is None or was == is_now:
        return
    if was is not None:
        yield f"withdrawal {is_now}: another is under way"
    if int(new["available_fen"]) < 0:
        yield f"withdrawal {is_now}: of more than was available"


def _withdrawal(world: World, old: Row, new: Row) -> Iterator[str]:
    """It is paid when WeChat says so, and over unpaid only when WeChat will not pay it."""
    was, is_now = old.get("withdrawal_state"), new.get("withdrawal_state")
    if was == is_now or is_now not in ("paid", "cancelled", "failed", "rejected"):
        return
    withdrawal_id = str(new["withdrawal_id"])
    try:
        there = str(world.sandbox.transfer_of(withdrawal_id)["state"])
    except ControlRefusal:  # WeChat never heard of it
        there = "unknown"
    is_wrong = there != "SUCCESS" if is_now == "paid" else there not in _WILL_NOT_BE_PAID
    if is_wrong:
        yield f"withdrawal {withdrawal_id}: {is_now} here, {there} there"


def _units(_world: World, _old: Row, new: Row) -> Iterator[str]:
    """No unit is sold that is not there."""
    if int(new.get("units_left", 0)) < 0:
        yield f"units of {new['sku_id']}: {new['units_left']} left"


_WILL_NOT_BE_PAID = ("unknown", "FAIL", "CANCELLED", "CANCELING")
_LOOKS = {
    "orders": _order,
    "groups": _group,
    "refunds": _refund,
    "ledger": _balance,
    "stock": _units,
    "withdrawals": _withdrawal,
}


def _trade(world: World, order_id: str) -> Row | None:
    try:
        return dict(world.sandbox.trade(order_id))
    except PayRefusal:  # WeChat never heard of it
        return None
