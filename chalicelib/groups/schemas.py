"""What clients send to groups and see of them. Shapes only; the contract of docs/api.md."""

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator, Field
from typing_extensions import TypedDict

from chalicelib.catalog.model import Identifier
from chalicelib.draws.schemas import DrawInBrief
from chalicelib.groups.model import GroupState, Production
from chalicelib.kit.declared import Count, Fen, Page, Time
from chalicelib.members.model import printable
from chalicelib.orders.schemas import Address, PlacedAnswer, WantedBody
from chalicelib.rules.model import MOST_CUSTOM_CHARACTERS, MOST_CUSTOM_FIELDS, Rules

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


if TYPE_CHECKING:
    RulesAsSent = dict[str, Any]
else:
    RulesAsSent = Rules
"""Rules are sent as plain values; what these are, the model says."""


class ProductionAnswer(TypedDict):
    """What the merchant was asked to make, and says. `ships_by` is there once it is promised."""

    status: Production
    requested_at: Time
    ships_by: Time | None


class TierAnswer(TypedDict):
    """A step of the ladder. `price_fen` is the lowest of its SKUs'."""

    headcount: int
    price_fen: Fen


class NextTierAnswer(TierAnswer):
    """A better step that can still be reached."""

    heads_missing: int


class GroupSummary(TypedDict):
    """The counts and times of a group. Of a crowd `seats_left` is null. `expires_at` is null before
    the leader has paid.
    """

    group_id: str
    campaign_id: str
    status: GroupState
    size: int
    paid_count: Count
    held_count: Count
    seats_left: Count | None
    opened_at: Time
    expires_at: Time | None
    station_id: str | None
    production: ProductionAnswer | None
    server_time: Time


class GroupInListAnswer(GroupSummary):
    """A group in a list: its counts and times, and how it is played."""

    play: str
    rules: RulesAsSent
    enough_count: int
    tier: TierAnswer | None
    next_tier: NextTierAnswer | None
    draw: DrawInBrief | None


class GroupsPage(Page):
    """Groups that can be joined, the soonest to expire first."""

    items: list[GroupInListAnswer]


class FaceAnswer(TypedDict):
    """What others see of a member."""

    nickname: str | None
    avatar_url: str | None


class GroupMemberAnswer(FaceAnswer):
    """Somebody who has paid."""

    joined_at: Time
    is_leader: bool


class GroupSkuAnswer(TypedDict):
    """What can be bought in a group. `price_now_fen`: what a unit comes to if everyone who has paid
    stays and nobody else comes.
    """

    sku_id: str
    product_id: str
    title: str
    image_url: str | None
    solo_price_fen: Fen
    group_price_fen: Fen
    tier_prices_fen: list[Fen]
    price_now_fen: Fen


class CardAnswer(TypedDict):
    """What `onShareAppMessage` takes."""

    title: str
    image_url: str | None
    path: str


class GroupAnswer(GroupInListAnswer):
    """The page of a group. `refusal_code`: what joining would be told. No ids of others."""

    title: str
    joinable: bool
    refusal_code: str | None
    leader: FaceAnswer | None
    members: list[GroupMemberAnswer]
    skus: list[GroupSkuAnswer]
    share: CardAnswer
    my_order_id: str | None
    poll_after_seconds: int


class GroupPlacedAnswer(PlacedAnswer):
    """An order that was placed in a group, and the group."""

    group: GroupAnswer
