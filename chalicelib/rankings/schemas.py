"""What anyone asks of the boards. Shapes only; the contract of docs/api.md."""

from typing import Literal

from chalicelib.kit.endpoint import Query


class LeaderboardQuery(Query):
    """Of which period."""

    period: Literal["week", "month"] = "week"
