"""Words for rules: terms that nobody has validated, and who is in a group."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from chalicelib.rules.model import Rules, Tier
from chalicelib.rules.party import Entrant


@dataclass(frozen=True)
class OfferedSku:
    """A SKU in a campaign, as rules know it."""

    sku_id: str = "apples-5"
    group_price_fen: int = 1500
    tier_prices_fen: tuple[int, ...] = ()
    allotted_units: int | None = None


@dataclass(frozen=True)
class Played:
    """A campaign as rules know it, whether its rules go together or not."""

    size: int
    rules: Rules
    skus: Sequence[OfferedSku]
    per_member_limit: int | None = None


def tiers(*steps: tuple[int, int]) -> tuple[Tier, ...]:
    """Each step: from so many heads on, so many fen."""
    return tuple(Tier(headcount=heads, price_fen=price_fen) for heads, price_fen in steps)


def played(*skus: OfferedSku, size: int = 5, **rules: Any) -> Played:
    """A group of these rules, on `apples-5` at 15 yuan unless SKUs are given."""
    return Played(size, Rules(**rules), skus or (OfferedSku(),))


def entrant(number: int, *, left_fen: int | None = None, **changes: Any) -> Entrant:
    """Number 0 leads; everyone has bought one unit at 15 yuan, and all of it can still go back."""
    given: dict[str, Any] = {
        "sku_id": "apples-5",
        "quantity": 1,
        "unit_price_fen": 1500,
        **changes,
    }
    paid_fen = given["unit_price_fen"] * given["quantity"]
    return Entrant(
        order_id=f"ord_{number}",
        is_leader=number == 0,
        left_fen=paid_fen if left_fen is None else left_fen,
        **given,
    )


def party(heads: int) -> list[Entrant]:
    return [entrant(number) for number in range(heads)]
