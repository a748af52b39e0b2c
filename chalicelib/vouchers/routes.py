"""HTTP routes of vouchers under /v1. What one is used for stands in groups/routes.py."""

from chalice.app import Blueprint

from chalicelib import wiring
from chalicelib.kit.endpoint import Answer, Call
from chalicelib.kit.paging import PageQuery, page
from chalicelib.vouchers.list_own import list_own
from chalicelib.vouchers.schemas import VouchersPage
from chalicelib.vouchers.show import show

routes = Blueprint(__name__)
endpoint = wiring.endpoint(routes)


@routes.route("/vouchers", methods=["GET"])
@endpoint(query=PageQuery, answer=VouchersPage)
def get_vouchers(call: Call) -> Answer:
    """What I can open a group with."""
    found, start = list_own(call.member_id, call.query)
    now = wiring.current().clock.now()
    return Answer(page([show(voucher, now=now) for voucher in found], start))
