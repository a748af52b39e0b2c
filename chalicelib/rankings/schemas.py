"""What anyone asks and sees of the boards. Shapes only; the contract of docs/api.md."""

from typing import Literal

from typing_extensions import TypedDict

from chalicelib.kit.declared import Fen, Page, Time
from chalicelib.kit.paging import PageQuery


class LeaderboardQuery(PageQuery):
    """Of which period."""

    period: Literal["week", "month"] = "week"


class RankAnswer(TypedDict):
    """Somebody on the leaderboard."""

    rank: int
    nickname: str | None
    avatar_url: str | None
    commission_fen: Fen


class RanksPage(Page):
    """The leaderboard, the best first."""

    items: list[RankAnswer]


class TickerAnswer(TypedDict):
    """A line of the ticker; the nickname is masked."""

    nickname: str
    amount_fen: Fen
    at: Time


class TickerPage(Page):
    """The ticker, the latest first."""

    items: list[TickerAnswer]
