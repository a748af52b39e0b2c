"""A free-leader voucher (免单券): opens one group for which its leader pays nothing. Frozen and
pure.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from chalicelib.catalog.model import Campaign
from chalicelib.rules.crowd import crowd_of
from chalicelib.vouchers.errors import VoucherNotValid

MOST_UNITS = 1
"""How much of a SKU a voucher pays for."""


class VoucherState(StrEnum):
    """What its member can do with a voucher."""

    USABLE = "usable"
    """It opens a group."""
    USED = "used"
    """It stands for an order; given back when the order's group does not come about."""
    EXPIRED = "expired"
    """Its time is over, or an operator revoked it."""


@dataclass(frozen=True)
class Voucher:
    """Granted to one member by an operator, for one campaign or (None) for any. `used_by`: the
    order it stands for; given back when its group does not come about.
    """

    voucher_id: str
    member_id: str
    granted_at: datetime
    expires_at: datetime
    campaign_id: str | None = None
    used_by: str | None = None

    def state(self, now: datetime) -> VoucherState:
        if self.used_by is not None:
            return VoucherState.USED
        return VoucherState.USABLE if now < self.expires_at else VoucherState.EXPIRED


def refusal_to_use(
    voucher: Voucher | None, campaign: Campaign, quantity: int, *, now: datetime
) -> VoucherNotValid | None:
    """Why no group of the campaign can be opened with it now; None when one can.

    Never one with a draw: who pays nothing has no payment to mix into it, and could choose what is
    mixed in. Nor a crowd: nobody leads it.
    """
    if voucher is None or voucher.state(now) is not VoucherState.USABLE:
        return VoucherNotValid()
    if voucher.campaign_id not in (None, campaign.campaign_id):
        return VoucherNotValid()
    if campaign.rules.draw is not None:
        return VoucherNotValid("A group with a draw cannot be opened with a voucher.")
    if crowd_of(campaign.rules) is not None:
        return VoucherNotValid("Nobody leads a crowd, so none is opened with a voucher.")
    if quantity > MOST_UNITS:
        return VoucherNotValid("A voucher pays for one unit.")
    return None
