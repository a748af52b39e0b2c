"""What clients send to groups. Shapes only; the contract of docs/api.md."""

from typing import Annotated

from pydantic import AfterValidator, Field

from chalicelib.catalog.model import Identifier
from chalicelib.members.model import printable
from chalicelib.orders.schemas import Address, WantedBody
from chalicelib.rules.model import MOST_CUSTOM_CHARACTERS, MOST_CUSTOM_FIELDS

CustomText = Annotated[str, Field(max_length=MOST_CUSTOM_CHARACTERS), AfterValidator(printable)]


class GroupPurchaseBody(WantedBody):
    """A purchase in a group: sent to an address, or fetched at one of its campaign's stations; with
    what is to be made, where the campaign asks for that.
    """

    address: Address | None = None
    station_id: Identifier | None = None
    custom_fields: Annotated[dict[str, CustomText], Field(max_length=MOST_CUSTOM_FIELDS)] | None = (
        None
    )


class OpenGroupBody(GroupPurchaseBody):
    """Open a group of a campaign with a first purchase."""

    campaign_id: Identifier
    voucher_id: Identifier | None = None


class JoinGroupBody(GroupPurchaseBody):
    """Take a seat in a group with a purchase."""
