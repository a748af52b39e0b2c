"""What is for sale and under which rules: merchants, products, freight, campaigns (活动).

Frozen and pure. A campaign's content is kept twice: as it is now, and as revisions that never
change, so that a group keeps the rules it began with.
"""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BeforeValidator,
    Field,
    ValidationInfo,
    model_validator,
)
from pydantic_core import PydanticCustomError

from chalicelib.catalog.settings import Frozen, Rates
from chalicelib.kit.clock import to_milliseconds
from chalicelib.kit.ids import fingerprint
from chalicelib.kit.money import AmountFen, PriceFen
from chalicelib.rules.compose import contradictions
from chalicelib.rules.crowd import crowd_of
from chalicelib.rules.model import MOST_HEADS, MOST_TIERS, Rules

Identifier = Annotated[str, Field(pattern=r"^[0-9A-Za-z_-]{1,64}$")]
Title = Annotated[str, Field(min_length=1, max_length=60)]
Url = Annotated[str, Field(max_length=500, pattern=r"^https://[^\s\x85]+$")]

Category = Annotated[str, Field(max_length=40)]
SpecName = Annotated[str, Field(min_length=1, max_length=40)]
SpecValue = Annotated[str, Field(max_length=200)]


def _in_utc(moment: datetime) -> datetime:
    """Equal moments become equal values, whatever offset they came with."""
    if not 2000 <= moment.year <= 2999:
        raise ValueError("the year must be from 2000 to 2999")
    return to_milliseconds(moment.astimezone(UTC))


Moment = Annotated[AwareDatetime, AfterValidator(_in_utc)]
"""RFC 3339 with any offset; kept in UTC, whole milliseconds."""

LEAST_SIZE = 2
LONGEST_DURATION_SECONDS = 30 * 24 * 3600
MOST_SKUS = 30
MOST_UNITS = 10_000_000
DAY_SECONDS = 24 * 3600
CROWDED_PARTS = 8
"""Over how many items goes what all groups of a campaign with an allotment would write to one: its
figures, and the list of groups that can be joined.
"""
MOST_OFFERS = 100
"""In how many campaigns that are not over a product can be."""
MOST_OFFERS_SHOWN = 10
"""How many live campaigns a product's page names, the soonest to end first."""


class Merchant(Frozen):
    """Who supplies and ships (供货商)."""

    merchant_id: Identifier
    name: Title


class Store(Frozen):
    """A merchant's shop (门店), where guides look after customers."""

    store_id: Identifier
    merchant_id: Identifier
    name: Title


class Freight(Frozen):
    """What a merchant charges to send one order, and where it does not send. Absent: free."""

    merchant_id: Identifier
    flat_fen: AmountFen = 0
    free_from_fen: AmountFen | None = None
    provinces_not_served: Annotated[tuple[str, ...], Field(max_length=40)] = ()


class Sku(Frozen):
    """One thing that can be bought: a variant of a product with its solo price (单独购买价).

    Its item exists exactly while it can be bought.
    """

    sku_id: Identifier
    product_id: Identifier
    merchant_id: Identifier
    product_title: Title
    title: Title
    image_url: Url | None = None
    solo_price_fen: PriceFen
    commission_rates_bp: Rates | None = None


class Product(Frozen):
    """What a shopper looks at; its SKUs are what can be bought."""

    product_id: Identifier
    merchant_id: Identifier
    merchant_name: Title
    title: Title
    description: Annotated[str, Field(max_length=5000)] = ""
    images: Annotated[tuple[Url, ...], Field(max_length=15)] = ()
    detail_images: Annotated[tuple[Url, ...], Field(max_length=30)] = ()
    category: Category = ""
    specs: Annotated[dict[SpecName, SpecValue], Field(max_length=30)] = Field(default_factory=dict)
    skus: Annotated[tuple[Sku, ...], Field(min_length=1, max_length=MOST_SKUS)]
    on_sale: bool = True

    @property
    def revision(self) -> str:
        """Names this content: equal content, equal revision."""
        return fingerprint(self.model_dump(mode="json", exclude_defaults=True))


class CampaignSku(Frozen):
    """A SKU at the campaign's price, per unit. `tier_prices_fen`: what it costs at each of the
    ladder's tiers, where that is not what the tiers say. `allotted_units`: how many are set aside
    for the campaign in all, those sold included.
    """

    sku_id: Identifier
    group_price_fen: PriceFen
    tier_prices_fen: Annotated[tuple[PriceFen, ...], Field(max_length=MOST_TIERS)] = ()
    allotted_units: Annotated[int, Field(strict=True, ge=1, le=MOST_UNITS)] | None = None


class CampaignState(StrEnum):
    """What a shopper can do with a campaign."""

    UPCOMING = "upcoming"
    """Its window has not begun."""
    LIVE = "live"
    """Groups may be opened and joined."""
    PAUSED = "paused"
    """No new groups for now; running groups go on."""
    ENDED = "ended"
    """Its window is over, or the operator ended it."""


_SAID_AT_FIRST: dict[str, Any] = {
    **dict.fromkeys(("cover_url", "play", "per_member_limit", "commission_rates_bp"), True),
    "rules": {"who", "when_short", "minimum_payers", "leave_allowed"},
}
"""What always counts for a revision, said or left out. Not to be added to."""


AS_STORED = {"as": "stored"}
"""Context for reading what was put: it was checked then, and groups live by it whatever a later
version would refuse.
"""


def _size_of(rules: Rules) -> Any:
    """What a crowd's size is where nobody said; None, which is refused, where somebody has to."""
    crowd = crowd_of(rules)
    return max(crowd.threshold, LEAST_SIZE) if crowd is not None else None


def _duration_of(rules: Rules) -> Any:
    """The same for how long groups last."""
    return DAY_SECONDS if rules.cutoff is not None else None


def _said(number: object, info: ValidationInfo) -> object:
    if number is None:
        raise PydanticCustomError(
            "missing",
            "must be said; only {rules} may do without",
            {"rules": _DOES_WITHOUT[str(info.field_name)]},
        )
    return number


_DOES_WITHOUT = {"size": "a crowd or a cut-off", "duration_seconds": "a cut-off"}


class Campaign(Frozen):
    """A play offered on some SKUs over a window. `play` is a label for people; `rules` decide.

    A crowd has no size of its own, and a round that ends at a cut-off no duration: what is left out
    is filled in.
    """

    campaign_id: Identifier
    title: Title
    cover_url: Url | None = None
    play: Annotated[str, Field(max_length=20)] = "team"
    rules: Rules = Rules()
    size: Annotated[
        int, BeforeValidator(_said), Field(ge=LEAST_SIZE, le=MOST_HEADS, validate_default=True)
    ] = Field(default_factory=lambda given: _size_of(given["rules"]))
    duration_seconds: Annotated[
        int,
        BeforeValidator(_said),
        Field(ge=1, le=LONGEST_DURATION_SECONDS, validate_default=True),
    ] = Field(default_factory=lambda given: _duration_of(given["rules"]))
    starts_at: Moment
    ends_at: Moment
    per_member_limit: Annotated[int, Field(ge=1, le=999)] | None = None
    commission_rates_bp: Rates | None = None
    skus: Annotated[tuple[CampaignSku, ...], Field(min_length=1, max_length=MOST_SKUS)]

    @model_validator(mode="after")
    def _makes_sense(self, info: ValidationInfo) -> Self:
        if info.context == AS_STORED:
            return self
        if self.ends_at <= self.starts_at:
            raise ValueError("ends_at must be later than starts_at")
        if len({sku.sku_id for sku in self.skus}) != len(self.skus):
            raise ValueError("a SKU stands twice in skus")
        against_each_other = contradictions(self)
        if against_each_other:
            raise ValueError("; ".join(against_each_other))
        return self

    @property
    def revision(self) -> str:
        """Names this content: equal content, equal revision. What campaigns could not say at first
        counts only where it is said, so that whatever was put before keeps its revision.
        """
        said = self.model_dump(mode="json", exclude_defaults=True)
        at_first = self.model_dump(mode="json", include=_SAID_AT_FIRST)
        rules = {**at_first["rules"], **said.get("rules", {})}
        return fingerprint({**said, **at_first, "rules": rules})

    @property
    def stock_shards(self) -> int | None:
        """On how many items the units set aside for it lie; None where there are none."""
        return self.rules.allotment.shards if self.rules.allotment is not None else None

    @property
    def skus_aside(self) -> frozenset[str]:
        """The SKUs of which units are set aside for it."""
        return frozenset(sku.sku_id for sku in self.skus if sku.allotted_units is not None)

    def price_fen(self, sku_id: str) -> int | None:
        """The price of one unit in a group; None when the SKU is not part of the campaign."""
        return next((sku.group_price_fen for sku in self.skus if sku.sku_id == sku_id), None)


class CampaignStanding(Frozen):
    """A campaign as it is now, with what an operator did to it."""

    campaign: Campaign
    paused: bool = False
    ended: bool = False

    def state(self, now: datetime) -> CampaignState:
        if self.ended or now >= self.campaign.ends_at:
            return CampaignState.ENDED
        if self.paused:
            return CampaignState.PAUSED
        return CampaignState.UPCOMING if now < self.campaign.starts_at else CampaignState.LIVE


class Offer(Frozen):
    """A campaign as a product knows it: enough to tell whether reading it is worth while."""

    campaign_id: Identifier
    starts_at: Moment
    ends_at: Moment


class Offers(Frozen):
    """The campaigns that a product's SKUs are in. A hint: what a campaign holds, it says itself."""

    offers: tuple[Offer, ...] = ()

    def with_campaign(self, campaign: Campaign, now: datetime) -> "Offers":
        """These and that campaign, less what is over."""
        offer = Offer(
            campaign_id=campaign.campaign_id,
            starts_at=campaign.starts_at,
            ends_at=campaign.ends_at,
        )
        return Offers(offers=(*self.without_campaign(campaign.campaign_id, now).offers, offer))

    def without_campaign(self, campaign_id: str, now: datetime) -> "Offers":
        """These less that campaign and what is over."""
        return Offers(
            offers=tuple(
                offer
                for offer in self.offers
                if offer.campaign_id != campaign_id and offer.ends_at > now
            )
        )

    def perhaps_live(self, now: datetime) -> tuple[str, ...]:
        """Campaign ids with an open window, the soonest to end first, MOST_OFFERS_SHOWN at most."""
        open_now = [offer for offer in self.offers if offer.starts_at <= now < offer.ends_at]
        open_now.sort(key=lambda offer: (offer.ends_at, offer.campaign_id))
        return tuple(offer.campaign_id for offer in open_now[:MOST_OFFERS_SHOWN])


class Outcome(StrEnum):
    """What putting something did, or would do."""

    CREATED = "created"
    """It was not there before."""
    CHANGED = "changed"
    """It was there with other content."""
    UNCHANGED = "unchanged"
    """It was there like this already."""


def outcome_of(before: object | None, after: object) -> Outcome:
    """What writing `after` over `before` amounts to."""
    if before is None:
        return Outcome.CREATED
    return Outcome.UNCHANGED if before == after else Outcome.CHANGED
