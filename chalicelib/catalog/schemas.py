"""What shoppers ask of the catalogue and see of it.

HTTP shapes only; nothing here reads or decides.
"""

from collections.abc import Sequence
from typing import Annotated, Literal, Self

from pydantic import BaseModel, Field

from chalicelib.catalog.browse_campaigns import ShownCampaign, ShownSku
from chalicelib.catalog.browse_products import ShownProduct
from chalicelib.catalog.model import Campaign, CampaignState, Identifier, Product
from chalicelib.draws.schemas import DrawInBrief, in_brief
from chalicelib.kit.clock import shown
from chalicelib.kit.declared import Count, Fen, Time
from chalicelib.kit.paging import PageQuery
from chalicelib.rules.model import Rules
from chalicelib.stations.model import Station


class ProductsQuery(PageQuery):
    """Which products; both narrow the list."""

    category: Annotated[str, Field(min_length=1, max_length=40)] | None = None
    merchant_id: Identifier | None = None


class CampaignsQuery(PageQuery):
    """Which campaigns: running now, or to come."""

    state: Literal["live", "upcoming"] = "live"


class MerchantAnswer(BaseModel):
    """Who supplies and ships."""

    merchant_id: str
    name: str


class ProductSkuAnswer(BaseModel):
    """A variant with its solo price per unit, and how many units are left."""

    sku_id: str
    title: str
    image_url: str | None
    solo_price_fen: Fen
    available: Count


class ProductCampaignAnswer(BaseModel):
    """A live campaign on a product, with its lowest price per unit."""

    campaign_id: str
    play: str
    size: int
    group_price_fen: Fen

    @classmethod
    def of(cls, campaign: Campaign, product: Product) -> Self:
        sku_ids = {sku.sku_id for sku in product.skus}
        return cls(
            campaign_id=campaign.campaign_id,
            play=campaign.play,
            size=campaign.size,
            group_price_fen=min(
                sku.group_price_fen for sku in campaign.skus if sku.sku_id in sku_ids
            ),
        )


class ProductAnswer(BaseModel):
    """A product on sale."""

    product_id: str
    merchant: MerchantAnswer
    title: str
    description: str
    images: list[str]
    detail_images: list[str]
    category: str
    specs: dict[str, str]
    sold_count: Count
    skus: list[ProductSkuAnswer]
    campaigns: list[ProductCampaignAnswer]

    @classmethod
    def of(cls, given: ShownProduct) -> Self:
        product = given.product
        return cls(
            product_id=product.product_id,
            merchant=MerchantAnswer(merchant_id=product.merchant_id, name=given.merchant_name),
            title=product.title,
            description=product.description,
            images=list(product.images),
            detail_images=list(product.detail_images),
            category=product.category,
            specs=product.specs,
            sold_count=given.sold_count,
            skus=[
                ProductSkuAnswer(
                    sku_id=sku.sku_id,
                    title=sku.title,
                    image_url=sku.image_url,
                    solo_price_fen=sku.solo_price_fen,
                    available=given.units_left[sku.sku_id],
                )
                for sku in product.skus
            ],
            campaigns=[ProductCampaignAnswer.of(campaign, product) for campaign in given.campaigns],
        )


class CampaignSkuAnswer(BaseModel):
    """A SKU with both its prices per unit. `tier_prices_fen`: its price at each tier of the ladder;
    empty where there is none. `available`: how many units the campaign can still sell; null where
    they are bought or made once it is known how many are wanted.
    """

    sku_id: str
    product_id: str
    title: str
    image_url: str | None
    solo_price_fen: Fen
    group_price_fen: Fen
    tier_prices_fen: list[Fen]
    available: Count | None

    @classmethod
    def of(cls, given: ShownSku) -> Self:
        return cls(
            sku_id=given.sku.sku_id,
            product_id=given.sku.product_id,
            title=given.sku.title,
            image_url=given.sku.image_url,
            solo_price_fen=given.sku.solo_price_fen,
            group_price_fen=given.group_price_fen,
            tier_prices_fen=list(given.tier_prices_fen),
            available=given.units_left,
        )


class CampaignAnswer(BaseModel):
    """A campaign. `state`: upcoming, live, paused, ended. `rules` has every rule, defaults too.
    `draw`: the one over all its groups, if there is one.
    """

    campaign_id: str
    title: str
    cover_url: str | None
    play: str
    size: int
    duration_seconds: int
    starts_at: Time
    ends_at: Time
    state: CampaignState
    per_member_limit: int | None
    rules: Rules
    draw: DrawInBrief | None
    sold_count: Count
    server_time: Time
    skus: list[CampaignSkuAnswer]

    @classmethod
    def of(cls, given: ShownCampaign) -> Self:
        campaign = given.campaign
        return cls(
            campaign_id=campaign.campaign_id,
            title=campaign.title,
            cover_url=campaign.cover_url,
            play=campaign.play,
            size=campaign.size,
            duration_seconds=campaign.duration_seconds,
            starts_at=shown(campaign.starts_at),
            ends_at=shown(campaign.ends_at),
            state=given.state,
            per_member_limit=campaign.per_member_limit,
            rules=campaign.rules,
            draw=in_brief(given.draw),
            sold_count=given.sold_count,
            server_time=shown(given.now),
            skus=[CampaignSkuAnswer.of(sku) for sku in given.skus],
        )


class StationAnswer(BaseModel):
    """Where goods can be fetched."""

    station_id: str
    name: str
    address: str
    phone: str | None


class CampaignDetailAnswer(CampaignAnswer):
    """A campaign with the stations that take orders; none where it is sent to addresses."""

    stations: list[StationAnswer]

    @classmethod
    def at(cls, given: ShownCampaign, stations: Sequence[Station]) -> Self:
        """The campaign, and where its goods can be fetched."""
        offered = [
            StationAnswer.model_validate(station.model_dump(exclude={"leader_id", "closed"}))
            for station in stations
        ]
        return cls(**dict(CampaignAnswer.of(given)), stations=offered)


class ProductsPage(BaseModel):
    """A page of products."""

    items: list[ProductAnswer]
    next_cursor: str | None


class CampaignsPage(BaseModel):
    """A page of campaigns."""

    items: list[CampaignAnswer]
    next_cursor: str | None
