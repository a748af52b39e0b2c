"""What anyone asks of the boards. Shapes only; the contract of docs/api.md."""

from typing import Literal

from chalicelib.kit.paging import PageQuery


class LeaderboardQuery(PageQuery):
    """Of which period."""

    period: Literal["week", "month"] = "week"
