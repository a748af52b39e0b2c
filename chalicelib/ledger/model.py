"""An adjustment (调账): a member's balance is to be put right by hand. One operator asks for it,
another confirms it, and only then it is booked. Frozen and pure.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from unicodedata import normalize

from chalicelib.kit.ids import derived_id

_UNSEEN = frozenset("\u115f\u1160\u3164\uffa0")
"""Fillers of Hangul, which count as letters. No other letter or digit has no shape."""


class AdjustmentState(StrEnum):
    """What became of an adjustment."""

    PENDING = "pending"
    """It waits for a second operator; nothing is booked."""
    CONFIRMED = "confirmed"
    """A second operator has confirmed it, and it is booked."""
    REJECTED = "rejected"
    """It will not be booked."""


@dataclass(frozen=True)
class Adjustment:
    """`amount_fen` is given to the member; below zero it is taken."""

    adjustment_id: str
    member_id: str
    amount_fen: int
    asked_by: str
    reason: str
    requested_at: datetime
    adjustment_state: AdjustmentState = AdjustmentState.PENDING
    decided_by: str | None = None
    decision_reason: str | None = None
    decided_at: datetime | None = None

    def is_same_request(self, other: "Adjustment") -> bool:
        """Whether the other asks for the same, whenever it does."""
        return _content(self) == _content(other)

    def is_asked_by(self, operator: str) -> bool:
        """Whether that is who asked for it, in whatever letters they write themselves."""
        return _plain(self.asked_by) == _plain(operator)


def adjustment_id_for(member_id: str, request_id: str) -> str:
    """The same request of the same member is one adjustment."""
    return derived_id("adj", member_id, request_id)


def _content(adjustment: Adjustment) -> tuple[str, int, str, str]:
    return adjustment.member_id, adjustment.amount_fen, adjustment.asked_by, adjustment.reason


def is_a_name(operator: str) -> bool:
    """Whether there is anything in it by which two are told apart."""
    return bool(_plain(operator))


def _plain(operator: str) -> str:
    """Its letters and digits alone, capitals and wide ones as plain ones; nothing that nobody sees
    is among them.
    """
    folded = normalize("NFKC", normalize("NFKC", operator).casefold())
    return "".join(each for each in folded if each.isalnum() and each not in _UNSEEN)
