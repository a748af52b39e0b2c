"""HTTP routes of commissions under /v1."""

from chalice.app import Blueprint

from chalicelib import wiring
from chalicelib.commissions.list_own import list_own
from chalicelib.commissions.schemas import CommissionsPage, CommissionsQuery
from chalicelib.kit.endpoint import Answer, Call
from chalicelib.kit.paging import page

routes = Blueprint(__name__)
endpoint = wiring.endpoint(routes)


@routes.route("/commissions", methods=["GET"])
@endpoint(query=CommissionsQuery, answer=CommissionsPage)
def get_commissions(call: Call) -> Answer:
    """What I earn."""
    return Answer(page(*list_own(call.member_id, call.query)))
