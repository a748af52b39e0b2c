"""What anyone may look at: products and campaigns. Registered under `/v1`; needs no signing in.

HTTP only: parse, call one verb, shape. Decides nothing and writes nothing.
"""

from chalice.app import Blueprint

from chalicelib import wiring
from chalicelib.catalog import browse_campaigns, browse_products
from chalicelib.catalog.model import CampaignState
from chalicelib.catalog.schemas import (
    CampaignAnswer,
    CampaignDetailAnswer,
    CampaignsPage,
    CampaignsQuery,
    ProductAnswer,
    ProductsPage,
    ProductsQuery,
)
from chalicelib.kit.endpoint import Answer, Call
from chalicelib.kit.paging import to_cursor

routes = Blueprint(__name__)
endpoint = wiring.endpoint(routes)


@routes.route("/products", methods=["GET"])
@endpoint(query=ProductsQuery, signed_in=False, answer=ProductsPage)
def list_products(call: Call) -> Answer:
    """Products on sale, the newest first."""
    given, start = browse_products.list_products(
        **call.query.model_dump(), clock=wiring.current().clock
    )
    items = [ProductAnswer.of(product) for product in given]
    return Answer(ProductsPage(items=items, next_cursor=to_cursor(start)))


@routes.route("/products/{product_id}", methods=["GET"])
@endpoint(signed_in=False, answer=ProductAnswer)
def get_product(_call: Call, product_id: str) -> Answer:
    """One product on sale."""
    product = browse_products.get_product(product_id, clock=wiring.current().clock)
    return Answer(ProductAnswer.of(product))


@routes.route("/campaigns", methods=["GET"])
@endpoint(query=CampaignsQuery, signed_in=False, answer=CampaignsPage)
def list_campaigns(call: Call) -> Answer:
    """Campaigns running now or to come, the soonest to end first."""
    query, clock = call.query, wiring.current().clock
    given, start = browse_campaigns.list_campaigns(
        state=CampaignState(query.state), limit=query.limit, cursor=query.cursor, clock=clock
    )
    items = [CampaignAnswer.of(campaign) for campaign in given]
    return Answer(CampaignsPage(items=items, next_cursor=to_cursor(start)))


@routes.route("/campaigns/{campaign_id}", methods=["GET"])
@endpoint(signed_in=False, answer=CampaignDetailAnswer)
def get_campaign(_call: Call, campaign_id: str) -> Answer:
    """One campaign, whatever its state."""
    shown = browse_campaigns.get_campaign(campaign_id, clock=wiring.current().clock)
    stations = browse_campaigns.stations_of(shown.campaign)
    return Answer(CampaignDetailAnswer.at(shown, stations))
