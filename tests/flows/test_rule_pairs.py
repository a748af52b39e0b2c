"""Rules compose: every pair of values of any two rules is in one of these campaigns, and each
campaign is played to its end, filled, short of one and with its leader alone.

What must come of it is worked out here from the rules as they are written, not by the rules' code.
"""

from collections.abc import Iterator
from itertools import combinations, product
from typing import Any

import pytest

from tests.shop import Placed, Shop

PRICE_FEN, LOWER_FEN, SIZE = 1500, 1200, 3
BONUS_FEN, BONUS_BP = 301, 1000
LASTS_SECONDS, ENDS_SECONDS = 600, 1000
LADDER = [{"headcount": 2, "price_fen": PRICE_FEN}, {"headcount": 3, "price_fen": LOWER_FEN}]

VALUES: dict[str, dict[str, dict[str, Any]]] = {
    "who": {"everyone": {}, "newcomers": {"who": "newcomers"}},
    "short": {"refund": {}, "honour": {"when_short": "honour", "minimum_payers": 2}},
    "leaving": {"forbidden": {}, "allowed": {"leave_allowed": True}},
    "ladder": {"none": {}, "two tiers": {"tiers": LADDER}},
    "draw": {
        "none": {},
        "group": {"draw": {"winners": 1}},
        "campaign": {"draw": {"winners": 1, "scope": "campaign"}},
    },
    "leader": {
        "nothing": {},
        "free": {"leader": {"free": True}},
        "bonus": {"leader": {"bonus_fen": BONUS_FEN}},
        "share": {"leader": {"bonus_bp": BONUS_BP}},
    },
    "products": {"one": {}, "two": {"cross_product": True}},
    "opened": {"paid": {}, "voucher": {}},
}
Row = tuple[str, ...]
"""One value of each rule, in the order of VALUES."""
Pair = tuple[tuple[str, str], tuple[str, str]]

HEADS = {"filled": SIZE, "short of one": SIZE - 1, "leader alone": 1}


def makes_sense(row: Row) -> bool:
    """A group with a draw cannot be opened with a voucher."""
    chosen = dict(zip(VALUES, row, strict=True))
    return chosen["draw"] == "none" or chosen["opened"] == "paid"


def pairs_in(row: Row) -> set[Pair]:
    return set(combinations(zip(VALUES, row, strict=True), 2))


def every_pair() -> set[Pair]:
    """Of values that can stand in one campaign."""
    return {pair for row in all_rows() for pair in pairs_in(row)}


def all_rows() -> Iterator[Row]:
    return (row for row in product(*VALUES.values()) if makes_sense(row))


def covering_rows() -> list[Row]:
    """Few rows that hold every pair: always the next that holds most of what is missing."""
    missing, rows = every_pair(), []
    while missing:
        best = max(all_rows(), key=lambda row: (len(pairs_in(row) & missing), row))
        rows.append(best)
        missing -= pairs_in(best)
    return rows


ROWS = covering_rows()


def test_every_pair_of_values_is_in_a_campaign_that_is_played() -> None:
    held = set().union(*(pairs_in(row) for row in ROWS))
    assert held == every_pair()
    assert (("draw", "campaign"), ("leader", "share")) in held
    assert (("draw", "group"), ("opened", "voucher")) not in held


class Played:
    """One campaign of these rules, and one group of it."""

    def __init__(self, shop: Shop, row: Row) -> None:
        self.shop = shop
        self.chosen = dict(zip(VALUES, row, strict=True))
        self.rules = {
            name: value
            for rule, choice in self.chosen.items()
            for name, value in VALUES[rule][choice].items()
        }
        self.skus = ["apples-5", "pears-3"][: 2 if self.chosen["products"] == "two" else 1]
        for sku_id in self.skus:
            shop.stocks(100, sku_id=sku_id)
        shop.campaign(
            "mixed",
            size=SIZE,
            duration_seconds=LASTS_SECONDS,
            ends_at=shop.at(ENDS_SECONDS),
            rules=self.rules,
            skus=[{"sku_id": sku_id, "group_price_fen": PRICE_FEN} for sku_id in self.skus],
        )
        self.left: Placed | None = None

    def gathers(self, heads: int) -> list[Placed]:
        """So many come and pay, the leader first; where it is allowed one more comes and leaves."""
        lin = self.shop.member("Lin")
        old = lin.buys().pays()
        self.shop.settles()
        assert old.status == "to_ship"
        leader = self.opens(lin)
        if self.chosen["who"] == "newcomers":
            regular = self.shop.member("Reg")
            regular.buys().pays()
            self.shop.settles()
            refused = regular.tries_to_join(leader.group_id, sku_id=self.skus[-1])
            assert (refused.status, refused["code"]) == (409, "newcomers_only")
        if self.chosen["leaving"] == "allowed":
            self.left = self.joins("Lea", leader.group_id)
            assert self.left.cancels().status == 200
            self.shop.settles()
        else:
            assert leader.cancels()["code"] == "group_forming"
        return [leader, *(self.joins(f"M{n}", leader.group_id) for n in range(1, heads))]

    def opens(self, lin: Any) -> Placed:
        if self.chosen["opened"] == "paid":
            opened: Placed = lin.opens("mixed").pays()
            return opened
        self.shop.admin(
            "grant_voucher", member_id=lin.member_id, voucher_id="v1", expires_at=self.shop.at(9000)
        )
        with_voucher: Placed = lin.opens("mixed", voucher_id="v1")
        return with_voucher

    def joins(self, name: str, group_id: str) -> Placed:
        return self.shop.member(name).joins(group_id, sku_id=self.skus[-1]).pays()

    def ends(self) -> None:
        """Time passes until nothing more happens."""
        self.shop.settles()
        passing = [LASTS_SECONDS + 1, 61]
        if self.chosen["draw"] == "campaign":
            passing += [ENDS_SECONDS - LASTS_SECONDS, 60, 61]
        for seconds in passing:
            self.shop.passes(seconds)

    def completes(self, heads: int) -> bool:
        """A leader with a voucher counts for the ladder, and does not for those who pay."""
        payers = heads if self.chosen["opened"] == "paid" else heads - 1
        honoured = self.chosen["short"] == "honour" and payers >= 2
        enough = honoured or self.chosen["ladder"] != "none"
        return heads == SIZE or (heads == SIZE - 1 and enough)

    def winners(self) -> set[str] | None:
        if self.chosen["draw"] == "none":
            return None
        (drawn,) = self.shop.rows("draws", draw_state="drawn")
        return set(drawn["winners"])


@pytest.mark.parametrize("ending", HEADS)
@pytest.mark.parametrize("row", ROWS, ids=["-".join(row) for row in ROWS])
def test_rules_compose(shop: Shop, row: Row, ending: str) -> None:
    played, heads = Played(shop, row), HEADS[ending]
    placed = played.gathers(heads)
    played.ends()

    status = shop.group(placed[0].group_id)["status"]
    assert status == ("complete" if played.completes(heads) else "failed")
    if status == "complete":
        _assert_dealt(played, placed)
    else:
        _assert_all_back(played, placed)
    if played.left is not None:
        assert played.left.status == "refunded"
    shop.assert_books_balance()


def _assert_dealt(played: Played, placed: list[Placed]) -> None:
    winners = played.winners()
    price_fen = PRICE_FEN
    if played.chosen["ladder"] != "none" and len(placed) == SIZE:
        price_fen = LOWER_FEN
    shipped_joiners = 0
    for number, order in enumerate(placed):
        now = order.now()
        paid_fen = now["amount_fen"]
        if winners is not None and order.order_id not in winners:
            assert (now["status"], now["refunded_fen"]) == ("refunded", paid_fen)
            continue
        back_fen = 0 if paid_fen == 0 else PRICE_FEN - price_fen
        if number == 0 and played.chosen["leader"] == "free":
            back_fen = paid_fen
        assert (now["status"], now["refunded_fen"]) == ("to_ship", back_fen)
        shipped_joiners += number > 0
    wallet = placed[0].member.send("GET", "/v1/wallet")
    assert wallet["pending_fen"] == _bonus_fen(played, shipped_joiners, price_fen)
    if winners is not None:
        assert len(winners) == 1


def _bonus_fen(played: Played, shipped_joiners: int, price_fen: int) -> int:
    """What the leader earns on so many others who get the goods."""
    if played.chosen["leader"] == "bonus":
        return BONUS_FEN if shipped_joiners else 0
    if played.chosen["leader"] == "share":
        return shipped_joiners * (price_fen * BONUS_BP // 10_000)
    return 0


def _assert_all_back(played: Played, placed: list[Placed]) -> None:
    leader, *others = placed
    if played.chosen["opened"] == "voucher":
        assert leader.status == "cancelled"
        others_back = others
    else:
        others_back = placed
    for order in others_back:
        now = order.now()
        assert (now["status"], now["refunded_fen"]) == ("refunded", PRICE_FEN)
    assert leader.member.send("GET", "/v1/wallet")["pending_fen"] == 0
    bought_alone = 1 + (played.chosen["who"] == "newcomers")
    left = sum(played.shop.units_left(sku_id) for sku_id in played.skus)
    assert left == 100 * len(played.skus) - bought_alone
