"""HTTP routes of the boards under /v1."""

from collections.abc import Sequence

from chalice.app import Blueprint

from chalicelib import wiring
from chalicelib.kit.endpoint import Answer, Call
from chalicelib.kit.paging import PageQuery, from_cursor, page
from chalicelib.rankings.leaderboard import leaderboard
from chalicelib.rankings.schemas import (
    LeaderboardQuery,
    RankAnswer,
    RanksPage,
    TickerAnswer,
    TickerPage,
)
from chalicelib.rankings.show_ticker import show_ticker

routes = Blueprint(__name__)
endpoint = wiring.endpoint(routes)


@routes.route("/leaderboard", methods=["GET"])
@endpoint(query=LeaderboardQuery, answer=RanksPage)
def get_leaderboard(call: Call) -> Answer:
    """Who has earned most; for members."""
    ranks = leaderboard(call.query.period, clock=wiring.current().clock)
    return _only_page(ranks, call.query)


@routes.route("/withdrawal-ticker", methods=["GET"])
@endpoint(query=PageQuery, signed_in=False, answer=TickerPage)
def get_withdrawal_ticker(call: Call) -> Answer:
    """Who has just been paid, masked; for everybody."""
    return _only_page(show_ticker(clock=wiring.current().clock), call.query)


def _only_page(items: Sequence[RankAnswer | TickerAnswer], query: PageQuery) -> Answer:
    """The first so many; a board has no second page. Raises InvalidRequest on a cursor."""
    from_cursor(query.cursor, names=frozenset({"no list of ours stops at a board"}))
    return Answer(page(items[: query.limit], None))
