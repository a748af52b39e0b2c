"""What members ask and see of their commissions. Shapes only; the contract of docs/api.md."""

from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypedDict

from chalicelib.commissions.model import CommissionState
from chalicelib.kit.declared import Fen, Page, Time
from chalicelib.kit.paging import PageQuery


class CommissionsQuery(PageQuery):
    """`?status=` narrows the member's list."""

    status: CommissionState | None = None


class CommissionAnswer(TypedDict):
    """What somebody earns on an order; a leader's bonus is at level 0. `release_at`: when it was,
    or will be, released; null while the order has not been received.
    """

    commission_id: str
    order_id: str
    kind: Literal["referral", "leader_bonus"]
    level: Annotated[int, Field(ge=0, le=2)]
    amount_fen: Fen
    reversed_fen: Fen
    status: CommissionState
    accrued_at: Time
    release_at: Time | None


class CommissionsPage(Page):
    """What one earns, newest first."""

    items: list[CommissionAnswer]
