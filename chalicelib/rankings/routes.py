"""HTTP routes of the boards under /v1; they are everybody's to see."""

from chalice.app import Blueprint

from chalicelib import wiring
from chalicelib.kit.endpoint import Answer, Call
from chalicelib.kit.paging import page
from chalicelib.rankings.leaderboard import leaderboard
from chalicelib.rankings.schemas import LeaderboardQuery
from chalicelib.rankings.show_ticker import show_ticker

routes = Blueprint(__name__)
endpoint = wiring.endpoint(routes)


@routes.route("/leaderboard", methods=["GET"])
@endpoint(query=LeaderboardQuery, signed_in=False)
def get_leaderboard(call: Call) -> Answer:
    """Who has earned most."""
    return Answer(page(leaderboard(call.query.period, clock=wiring.current().clock), None))


@routes.route("/withdrawal-ticker", methods=["GET"])
@endpoint(signed_in=False)
def get_withdrawal_ticker(_call: Call) -> Answer:
    """Who has just been paid, masked."""
    return Answer(page(show_ticker(clock=wiring.current().clock), None))
