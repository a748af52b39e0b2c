"""Bugs to be found: each is one edit of the code, as somebody might make it in good faith.

The simulation must find every one of them within a stated number of runs, in a copy of the tree;
else it would not find such a bug of ours either.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Planted:
    """`before` stands in the file exactly once; the ellipses in both are the same lines. `runs`:
    within so many it must be found, of groups of that `kind` or runs of that `theme` where only
    they have what is wrong, and by a violation that says what it `expects`.
    """

    name: str
    path: str
    before: str
    after: str
    expects: str
    kind: str | None = None
    theme: str | None = None
    runs: int = 40


PLANTED = (
    Planted(
        "a seat is claimed without looking whether one is free",
        "chalicelib/groups/store.py",
        "\n        & (GroupRow.seats_free >= 1),",
        ",",
        expects=" seats of ",
    ),
    Planted(
        "stock is taken without a guard",
        "chalicelib/stock/store.py",
        "        guard=StockRow.units_left >= quantity,\n",
        "",
        expects="units of ",
    ),
    Planted(
        "the member's limit is counted without a guard",
        "chalicelib/kit/counters.py",
        "        guard=used.does_not_exist() | (used <= limit - quantity),\n",
        "",
        expects="the limit is",
        kind="limited",
    ),
    Planted(
        "an order is released without closing it at WeChat",
        "chalicelib/orders/close_unpaid.py",
        "    try:\n        wechat_pay.close(order_id)\n",
        "    try:\n        pass\n",
        expects="released while it can be paid",
    ),
)
