"""HTTP routes of draws under /v1: for anyone, so that anyone can check them."""

from chalice.app import Blueprint

from chalicelib import wiring
from chalicelib.draws.schemas import DrawOfGroupAnswer, DrawsPage, EntriesPage
from chalicelib.draws.show import list_draws, list_entries, show_draw_of_group
from chalicelib.kit.endpoint import Answer, Call
from chalicelib.kit.paging import PageQuery, page

routes = Blueprint(__name__)
endpoint = wiring.endpoint(routes)


@routes.route("/groups/{group_id}/draw", methods=["GET"])
@endpoint(signed_in=None, answer=DrawOfGroupAnswer)
def get_group_draw(call: Call, group_id: str) -> Answer:
    """The draw a group takes part in, and whether the caller has won."""
    member_id = call.caller.member_id if call.caller is not None else None
    return Answer(show_draw_of_group(group_id, member_id, clock=wiring.current().clock))


@routes.route("/campaigns/{campaign_id}/draws", methods=["GET"])
@endpoint(query=PageQuery, signed_in=False, answer=DrawsPage)
def get_campaign_draws(call: Call, campaign_id: str) -> Answer:
    """The draws of a campaign."""
    return Answer(page(*list_draws(campaign_id, call.query, clock=wiring.current().clock)))


@routes.route("/draws/{draw_id}/entries", methods=["GET"])
@endpoint(query=PageQuery, signed_in=False, answer=EntriesPage)
def get_draw_entries(call: Call, draw_id: str) -> Answer:
    """Who takes part in a draw."""
    return Answer(page(*list_entries(draw_id, call.query)))
