"""Who is in a complete group, and what the rules give each. Frozen and pure."""

from dataclasses import dataclass
from enum import StrEnum


class Why(StrEnum):
    """Why a part of a payment goes back although the order goes on; a refund's cause by the same
    name.
    """

    LADDER = "ladder"
    """A better tier was reached than the one everybody paid."""
    LEADER_FREE = "leader_free"
    """The leader's goods are free; the shop bears it as marketing."""


@dataclass(frozen=True)
class Entrant:
    """One who has paid when the group completes, or whom a voucher has paid for. `left_fen`: what
    of the payment can still go back.
    """

    order_id: str
    is_leader: bool
    sku_id: str
    quantity: int
    unit_price_fen: int
    left_fen: int
    has_voucher: bool = False


@dataclass(frozen=True)
class Grant:
    """What goes back, and why."""

    why: Why
    amount_fen: int


@dataclass(frozen=True)
class Share:
    """What one entrant gets. `gets_goods` False: nothing but the money back. `price_cut_fen`: how
    much less it costs because the price has fallen, which goes back to whoever has paid it.
    `bonus_fen`: what the leader earns on this order. `carries_others`: somebody else gets something
    because this one is there.
    """

    gets_goods: bool = True
    grants: tuple[Grant, ...] = ()
    price_cut_fen: int = 0
    bonus_fen: int = 0
    carries_others: bool = False

    @property
    def marketing_fen(self) -> int:
        """What goes back at the shop's expense."""
        return self._granted(Why.LEADER_FREE)

    def _granted(self, why: Why) -> int:
        return sum(grant.amount_fen for grant in self.grants if grant.why is why)
