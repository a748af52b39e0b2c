"""The rankings table: boards of who earned how much, and the ticker of recent withdrawals.

A board is made of one item per member, found in order through an index; nothing here is personal:
nicknames are read when a board is shown.
"""

from dataclasses import dataclass
from datetime import datetime

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from chalicelib.kit import reads
from chalicelib.kit.clock import epoch_seconds, stored
from chalicelib.kit.tables import Row, TimeAttribute
from chalicelib.kit.writes import WriteSet

TICKER = "ticker"


class RankingRow(Row):
    """One member on one board; or one line of the ticker."""

    class Meta:
        table = "rankings"

    board = UnicodeAttribute(hash_key=True)
    rank_key = UnicodeAttribute(range_key=True)
    earned_fen = NumberAttribute(null=True)
    nickname_masked = UnicodeAttribute(null=True)
    amount_fen = NumberAttribute(null=True)
    happened_at = TimeAttribute(null=True)
    expires_epoch_seconds = NumberAttribute(null=True)


def add_earned(
    writes: WriteSet, board: str, member_id: str, delta_fen: int, *, expires_at: datetime
) -> None:
    """Count so much more (or less, below zero) for a member on a board. Needs no guard: the verb
    notes in the same commit what it has counted.
    """
    earned, expires = RankingRow.earned_fen, RankingRow.expires_epoch_seconds
    writes.update(
        RankingRow.key(board, member_id),
        [earned.set((earned | 0) + delta_fen), expires.set(epoch_seconds(expires_at))],
    )


@dataclass(frozen=True)
class Ranked:
    """One member on one board."""

    member_id: str
    earned_fen: int


def best_of(board: str, *, limit: int) -> list[Ranked]:
    """Who has earned most on a board, the best first. Lags a little behind."""
    items, _ = reads.query(
        RankingRow, RankingRow.board == board, index="by_earned", limit=limit, backward=True
    )
    return [Ranked(item["rank_key"]["S"], int(item["earned_fen"]["N"])) for item in items]


def put_line(
    writes: WriteSet,
    withdrawal_id: str,
    nickname_masked: str,
    amount_fen: int,
    *,
    happened_at: datetime,
    expires_at: datetime,
) -> None:
    """Write a line of the ticker; the same one again is the same."""
    row = RankingRow(
        board=TICKER,
        rank_key=f"{stored(happened_at)}#{withdrawal_id}",
        nickname_masked=nickname_masked,
        amount_fen=amount_fen,
        happened_at=happened_at,
        expires_epoch_seconds=epoch_seconds(expires_at),
    )
    writes.put(row)


def latest_lines(*, limit: int) -> list[RankingRow]:
    """The ticker's lines, the latest first."""
    items, _ = reads.query(RankingRow, RankingRow.board == TICKER, limit=limit, backward=True)
    return [RankingRow.from_item(item) for item in items]
