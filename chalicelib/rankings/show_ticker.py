"""The public ticker of recent withdrawals, the latest first: one query a minute for all."""

from chalicelib.kit.cache import ShortMemory
from chalicelib.kit.clock import Clock, shown
from chalicelib.rankings import store as rankings
from chalicelib.rankings.schemas import TickerAnswer

LINES_SHOWN = 100

_lines: ShortMemory[list[TickerAnswer]] = ShortMemory(seconds=60, most=1)


def show_ticker(*, clock: Clock) -> list[TickerAnswer]:
    """Nothing in it says who withdrew."""
    return _lines.get("ticker", _read_lines, now=clock.now()) or []


def forget_ticker() -> None:
    """Remember no line: for tests that start over in one process."""
    _lines.forget()


def _read_lines() -> list[TickerAnswer]:
    return [
        {
            "nickname": line.nickname_masked,
            "amount_fen": int(line.amount_fen),
            "at": shown(line.happened_at),
        }
        for line in rankings.latest_lines(limit=LINES_SHOWN)
    ]
