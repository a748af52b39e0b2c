"""Who has earned most this week or month (排行榜): one query and one batch of nicknames a minute,
for all who ask.
"""

from datetime import datetime

from chalicelib.kit.cache import ShortMemory
from chalicelib.kit.clock import Clock
from chalicelib.kit.days import month_of, week_of
from chalicelib.kit.reads import read
from chalicelib.members import store as members
from chalicelib.rankings import store as rankings
from chalicelib.rankings.schemas import RankAnswer

RANKS_SHOWN = 100

_boards: ShortMemory[list[RankAnswer]] = ShortMemory(seconds=60, most=4)


def leaderboard(period: str, *, clock: Clock) -> list[RankAnswer]:
    """The board of the present `week` or `month`; nobody's id is on it."""
    now = clock.now()
    board = board_of(period, now)
    return _boards.get(board, lambda: _read_board(board), now=now) or []


def forget_boards() -> None:
    """Remember no board: for tests that start over in one process."""
    _boards.forget()


def board_of(period: str, now: datetime) -> str:
    """The board that what is earned now counts on."""
    return f"week#{week_of(now)}" if period == "week" else f"month#{month_of(now)}"


def _read_board(board: str) -> list[RankAnswer]:
    """Whoever has earned nothing, or lost it again, is left out."""
    best = [one for one in rankings.best_of(board, limit=RANKS_SHOWN) if one.earned_fen > 0]
    keys = [members.profile_key(one.member_id) for one in best]
    found = read(*keys)
    ranked: list[RankAnswer] = []
    for rank, (one, key) in enumerate(zip(best, keys, strict=True), start=1):
        member = members.member_of(found.find(key))
        ranked.append(
            {
                "rank": rank,
                "nickname": member.nickname if member is not None else None,
                "avatar_url": member.avatar_url if member is not None else None,
                "commission_fen": one.earned_fen,
            }
        )
    return ranked
