"""HTTP routes of subscribe messages under /v1."""

from chalice.app import Blueprint

from chalicelib import wiring
from chalicelib.catalog.recent_settings import recent_settings
from chalicelib.kit.endpoint import Answer, Call
from chalicelib.notifications import report_subscriptions as reporting
from chalicelib.notifications.schemas import QuotasAnswer, Subscriptions

routes = Blueprint(__name__)
endpoint = wiring.endpoint(routes)


@routes.route("/me/subscriptions", methods=["POST"])
@endpoint(body=Subscriptions, answer=QuotasAnswer)
def post_subscriptions(call: Call) -> Answer:
    """What `wx.requestSubscribeMessage` answered me."""
    here = wiring.current()
    settings = recent_settings(clock=here.clock)
    quotas = reporting.report_subscriptions(
        call.member_id,
        call.body.results,
        known_template_ids={*settings.template_ids, *here.environment.template_ids},
    )
    return Answer(QuotasAnswer(quotas=quotas))
