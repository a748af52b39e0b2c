"""What operators see of orders, groups, refunds, withdrawals and adjustments: more than members do,
in the same words.

Never shows an openid. The address is only in `order_in_full`, for whoever ships it; lists leave
it out.
"""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from chalicelib.groups.model import Group, Production, Seat
from chalicelib.groups.show import summary
from chalicelib.kit.clock import shown
from chalicelib.ledger.model import Adjustment
from chalicelib.orders.model import LeaderBonus, Order
from chalicelib.orders.show import refund_answer, shipment_answer, show_all
from chalicelib.refunds.model import Refund
from chalicelib.wiring import Wiring
from chalicelib.withdrawals.model import Withdrawal


def _moment(moment: datetime | None) -> str | None:
    return shown(moment) if moment is not None else None


def order_in_brief(order: Order) -> dict[str, Any]:
    """One order in a list: nothing that says who the person is."""
    return {
        "order_id": order.order_id,
        "member_id": order.member_id,
        "status": order.order_state.value,
        "group_id": order.group_id,
        "campaign_id": order.campaign_id,
        "merchant_id": order.merchant_id,
        "sku_id": order.sku_id,
        "title": order.title,
        "quantity": order.quantity,
        "amount_fen": order.amount_fen,
        "paid_fen": order.paid_fen,
        "refundable_fen": order.refundable_fen,
        "undecided_fen": order.undecided_fen,
        "refunded_fen": order.refunded_fen,
        "open_refund_count": order.open_refund_count,
        "placed_at": shown(order.placed_at),
        "paid_at": _moment(order.paid_at),
    }


def orders_in_full(orders: Sequence[Order], wiring: Wiring) -> list[dict[str, Any]]:
    """Orders as their members see them, and what only operators see."""
    merchant_id = wiring.environment.wechat_merchant_id
    answers = show_all(orders, merchant_id=merchant_id, now=wiring.clock.now())
    return [
        {
            **answer,
            **order_in_brief(order),
            "app_id": order.app_id,
            "product_id": order.product_id,
            "units_held": order.units_held,
            "cancelled_at": _moment(order.cancelled_at),
            "presale_report": order.presale_report,
            **_on_its_way(order),
            "marketing_fen": order.marketing_fen,
            "leader_bonus": _bonus_answer(order.leader_bonus),
            "settled_fen": order.settled_fen,
            "due_at": _moment(order.due_at),
        }
        for order, answer in zip(orders, answers, strict=True)
    ]


def shipment_in_full(order: Order) -> dict[str, Any]:
    """What a command that ships answers: how the order goes to its member, and what is next."""
    return {
        "order_id": order.order_id,
        "status": order.order_state.value,
        "shipment": shipment_answer(order.shipment),
        **_on_its_way(order),
        "due_at": _moment(order.due_at),
    }


def _bonus_answer(bonus: LeaderBonus | None) -> dict[str, Any] | None:
    """What its group's leader earns on an order while none of it is refunded."""
    return asdict(bonus) if bonus is not None else None


def _on_its_way(order: Order) -> dict[str, Any]:
    return {
        "shipment_upload": order.shipment_upload,
        "receives_at": _moment(order.receives_at),
        "settles_at": _moment(order.settles_at),
    }


def group_in_brief(group: Group, *, now: datetime) -> dict[str, Any]:
    """One group: its counts, times and rules."""
    return {
        **summary(group, now=now),
        "leader_id": group.leader_id,
        "when_short": group.when_short.value,
        "minimum_payers": group.minimum_payers,
        "leave_allowed": group.leave_allowed,
        "settled_at": _moment(group.settled_at),
        "due_at": _moment(group.due_at),
    }


def production_in_full(group: Group) -> dict[str, Any]:
    """What a merchant was asked to make, until when they may answer, and who has answered what."""
    is_open = group.production is Production.REQUESTED
    return {
        "group_id": group.group_id,
        "campaign_id": group.campaign_id,
        "status": group.production.value if group.production is not None else None,
        "paid_count": group.paid_count,
        "requested_at": _moment(group.production_requested_at),
        "answer_by": _moment(group.due_at) if is_open else None,
        "decided_by": group.production_decided_by,
        "ships_by": _moment(group.ships_by),
    }


def seat_answer(seat: Seat) -> dict[str, Any]:
    """One seat, with the ids that members never see of each other."""
    return {
        "member_id": seat.member_id,
        "order_id": seat.order_id,
        "status": seat.seat_state.value,
        "is_leader": seat.is_leader,
        "nickname": seat.nickname or None,
        "units": seat.units,
        "joined_at": shown(seat.joined_at),
        "pay_deadline": shown(seat.pay_deadline),
    }


def shard_answer(shard: Group) -> dict[str, Any]:
    """One shard of a crowd, and how far its orders are dealt with once it is decided."""
    return {
        "shard": shard.group_id,
        "status": shard.group_state.value,
        "held_count": shard.held_count,
        "paid_count": shard.paid_count,
        "dealt_through": shard.dealt_through,
        "due_at": _moment(shard.due_at),
    }


def refund_in_full(refund: Refund) -> dict[str, Any]:
    """A refund as its member sees it, and what only operators see."""
    return {
        **refund_answer(refund),
        "member_id": refund.member_id,
        "cause": refund.cause.value,
        "total_fen": refund.total_fen,
        "attempt": refund.attempt,
        "out_refund_no": refund.out_refund_no,
        "wechat_refund_id": refund.wechat_refund_id,
        "decision_reason": refund.decision_reason,
        "after_settlement": refund.after_settlement,
        "paid_by_hand": refund.paid_by_hand,
        "evidence_urls": list(refund.evidence_urls),
        "due_at": _moment(refund.due_at),
    }


def withdrawal_in_full(withdrawal: Withdrawal) -> dict[str, Any]:
    """A withdrawal with all that operators need; nothing of the payee."""
    return {
        "withdrawal_id": withdrawal.withdrawal_id,
        "member_id": withdrawal.member_id,
        "app_id": withdrawal.app_id,
        "status": withdrawal.withdrawal_state.value,
        "amount_fen": withdrawal.gross_fen,
        "fee_fen": withdrawal.fee_fen,
        "tax_fen": withdrawal.tax_fen,
        "net_fen": withdrawal.net_fen,
        "tax_regime": withdrawal.tax_regime,
        "names_payee": withdrawal.names_payee,
        "requested_at": shown(withdrawal.requested_at),
        "submitted_at": _moment(withdrawal.submitted_at),
        "cancel_requested_at": _moment(withdrawal.cancel_requested_at),
        "settled_at": _moment(withdrawal.settled_at),
        "transfer_bill_no": withdrawal.transfer_bill_no,
        "fail_reason": withdrawal.fail_reason,
        "refusal_code": withdrawal.refusal_code,
        "operator": withdrawal.operator,
        "decision_reason": withdrawal.decision_reason,
        "due_at": _moment(withdrawal.due_at),
    }


def adjustment_in_full(adjustment: Adjustment) -> dict[str, Any]:
    """What is to be put right in a balance, who asked for it, and what became of it."""
    return {
        "adjustment_id": adjustment.adjustment_id,
        "member_id": adjustment.member_id,
        "status": adjustment.adjustment_state.value,
        "amount_fen": adjustment.amount_fen,
        "asked_by": adjustment.asked_by,
        "reason": adjustment.reason,
        "requested_at": shown(adjustment.requested_at),
        "decided_by": adjustment.decided_by,
        "decision_reason": adjustment.decision_reason,
        "decided_at": _moment(adjustment.decided_at),
    }
