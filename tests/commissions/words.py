"""Words for stories about commission: an order with uplines, and what they hold."""

from typing import Any

from chalicelib.kit.reads import read
from chalicelib.ledger.store import balance_key, balance_of
from tests.shop import Shop


def with_uplines(shop: Shop, order_id: str, *rates: tuple[str, int]) -> None:
    """The order as it would have been placed by an invitee of these members."""
    uplines: Any = {
        str(level): {"M": {"member_id": {"S": member_id}, "rate_bp": {"N": str(rate_bp)}}}
        for level, (member_id, rate_bp) in enumerate(rates, start=1)
    }
    shop.break_row("orders", order_id, "uplines", {"M": uplines})
    shop.break_row("orders", order_id, "commission_cap_bp", {"N": "3000"})


def with_bonus(shop: Shop, order_id: str, leader_id: str, amount_fen: int) -> None:
    """The order as it would be in a group of that leader's."""
    bonus: Any = {"member_id": {"S": leader_id}, "amount_fen": {"N": str(amount_fen)}}
    shop.break_row("orders", order_id, "leader_bonus", {"M": bonus})


def commissions(shop: Shop, order_id: str) -> dict[int, tuple[str, int, int]]:
    """State, amount and what was taken back, by level."""
    return {
        row["commission_level"]: (
            row["commission_state"],
            row["amount_fen"],
            row["reversed_fen"],
        )
        for row in shop.rows("commissions", order_id=order_id)
    }


def wallet(member_id: str) -> tuple[int, int]:
    """What is announced to a member, and what is theirs to take out."""
    key = balance_key(member_id)
    balance = balance_of(read(key).find(key))
    return balance.credits_pending_fen, balance.available_fen


def settled(shop: Shop, order_id: str) -> None:
    """As if it had been shipped, received and settled."""
    for name, value in (
        ("order_state", {"S": "settled"}),
        ("settled_at", {"S": "2026-11-22T12:00:00.000Z"}),
        ("settled_fen", {"N": "2000"}),
    ):
        shop.break_row("orders", order_id, name, value)
