"""The rankings table: boards of who earned how much, and the ticker of recent withdrawals.

A board is made of one item per member, found in order through an index; nothing here is personal:
nicknames are read when a board is shown.
"""

from datetime import datetime

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from chalicelib.kit.clock import epoch_seconds
from chalicelib.kit.tables import Row, TimeAttribute
from chalicelib.kit.writes import WriteSet


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
