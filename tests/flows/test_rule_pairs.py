"""Rules compose: every pair of values of any two rules is in one of these campaigns, and each
campaign is played to its end, filled, short of one and with its leader alone, but not in two ways
that end alike.

What must come of it is worked out here from the rules as they are written, not by the rules' code.
"""

from collections.abc import Iterator
from datetime import timedelta
from itertools import combinations, product
from typing import Any

import pytest
from pydantic import ValidationError

from chalicelib.catalog.model import Campaign
from tests.fakes import FakeClock
from tests.shop import Member, Placed, Shop

PRICE_FEN, LOWER_FEN, SIZE = 1500, 1200, 3
BONUS_FEN, BONUS_BP = 301, 1000
LASTS_SECONDS, ENDS_SECONDS = 600, 1000
LADDER = [{"headcount": 2, "price_fen": PRICE_FEN}, {"headcount": 3, "price_fen": LOWER_FEN}]
ALLOTTED_UNITS, SHARDS = 40, 3
CUTOFF = "20:10"
"""As long after noon UTC as a group lasts, in the business's time zone."""
STATIONS = ["gate", "pool"]
SHIPS_SECONDS = 7 * 24 * 3600
ENGRAVING = {"engraving": "永远的朋友"}

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
    "stock": {"own": {}, "allotted": {"allotment": {"shards": SHARDS}}},
    "heads": {
        "seats": {},
        "crowd": {"crowd": {"threshold": SIZE, "shards": SHARDS}},
        "round": {"cutoff": CUTOFF},
    },
    "goes to": {"address": {}, "stations": {"stations": STATIONS}},
    "made": {"before": {}, "to order": {"custom_fields": [{"name": "engraving"}]}},
}
Row = tuple[str, ...]
"""One value of each rule, in the order of VALUES."""
Pair = tuple[tuple[str, str], tuple[str, str]]

HEADS = {"filled": SIZE, "short of one": SIZE - 1, "leader alone": 1}


def makes_sense(row: Row) -> bool:
    """A group with a draw cannot be opened with a voucher, nor be made to order. Nobody leads a
    crowd or a round, so nobody opens one with a voucher or is free; only shares of a station's
    orders are earned there. Whoever looks after a station need not buy, and is never free. A round
    counts orders, and a ladder heads.
    """
    chosen = dict(zip(VALUES, row, strict=True))
    of_many, at_station = chosen["heads"] != "seats", chosen["goes to"] == "stations"
    earned = "share" if at_station else "nothing"
    return not (
        (chosen["draw"] != "none" and (chosen["opened"] == "voucher" or of_many))
        or (chosen["draw"] != "none" and chosen["made"] == "to order")
        or (
            of_many
            and (chosen["opened"] == "voucher" or chosen["leader"] not in ("nothing", earned))
        )
        or (at_station and chosen["leader"] == "free")
        or (chosen["heads"] == "round" and chosen["ladder"] != "none")
    )


def pairs_in(row: Row) -> set[Pair]:
    return set(combinations(zip(VALUES, row, strict=True), 2))


def every_pair() -> set[Pair]:
    """Of values that can stand in one campaign."""
    return {pair for row in all_rows() for pair in pairs_in(row)}


def all_rows() -> Iterator[Row]:
    return (row for row in product(*VALUES.values()) if makes_sense(row))


def covering_rows() -> list[Row]:
    """Few rows that hold every pair: always the next that holds most of what is missing."""
    pairs_of = {row: pairs_in(row) for row in all_rows()}
    missing, rows = set().union(*pairs_of.values()), []
    while missing:
        best = max(pairs_of, key=lambda row: (len(pairs_of[row] & missing), row))
        rows.append(best)
        missing -= pairs_of[best]
    return rows


ROWS = covering_rows()


def endings(row: Row) -> list[str]:
    """How the campaign is played. Who falls short with one missing falls short alone too, and what
    a round completes with one it completes with two.
    """
    chosen = dict(zip(VALUES, row, strict=True))
    if chosen["short"] == "honour":
        return list(HEADS)
    if chosen["heads"] == "round":
        return ["filled", "leader alone"]
    on_ladder = chosen["ladder"] != "none" and chosen["heads"] == "seats"
    return list(HEADS) if on_ladder else ["filled", "short of one"]


PLAYED = [(row, ending) for row in ROWS for ending in endings(row)]


def test_every_pair_of_values_is_in_a_campaign_that_is_played() -> None:
    held = set().union(*(pairs_in(row) for row in ROWS))
    assert held == every_pair()
    assert (("draw", "campaign"), ("leader", "share")) in held
    assert (("draw", "group"), ("opened", "voucher")) not in held
    assert (("ladder", "two tiers"), ("heads", "crowd")) in held
    assert (("ladder", "two tiers"), ("heads", "round")) not in held
    assert (("leader", "share"), ("heads", "crowd")) in held
    assert (("opened", "voucher"), ("heads", "round")) not in held


def test_whatever_makes_no_sense_is_refused_and_nothing_else() -> None:
    """A voucher is no rule of the campaign; what it opens is tested where vouchers are."""
    opened = list(VALUES).index("opened")
    for row in product(*VALUES.values()):
        if row[opened] == "paid":
            assert is_taken(row) == makes_sense(row), row


def is_taken(row: Row) -> bool:
    """Whether such a campaign can be put."""
    noon = FakeClock().now()
    window = {"starts_at": noon, "ends_at": noon + timedelta(seconds=ENDS_SECONDS)}
    try:
        Campaign.model_validate({"campaign_id": "mixed", "title": "x", **offered(row), **window})
    except ValidationError:
        return False
    return True


def offered(row: Row) -> dict[str, Any]:
    """The campaign's rules and SKUs."""
    chosen = dict(zip(VALUES, row, strict=True))
    rules = {
        name: value
        for rule, choice in chosen.items()
        for name, value in VALUES[rule][choice].items()
    }
    sku: dict[str, Any] = {"group_price_fen": PRICE_FEN}
    if chosen["stock"] == "allotted":
        sku["allotted_units"] = ALLOTTED_UNITS
    sku_ids = ["apples-5", "pears-3"][: 2 if chosen["products"] == "two" else 1]
    return {
        "size": SIZE,
        "duration_seconds": LASTS_SECONDS,
        "rules": rules,
        "skus": [{"sku_id": sku_id, **sku} for sku_id in sku_ids],
    }


class Played:
    """One campaign of these rules, and one group of it."""

    def __init__(self, shop: Shop, row: Row) -> None:
        self.shop = shop
        self.chosen = dict(zip(VALUES, row, strict=True))
        self.of_many = self.chosen["heads"] != "seats"
        fields = offered(row)
        self.skus = [sku["sku_id"] for sku in fields["skus"]]
        for sku_id in self.skus:
            shop.stocks(100, sku_id=sku_id)
        self.looking_after: dict[str, Member] = {}
        if self.chosen["goes to"] == "stations":
            self.looking_after = {name: _station(shop, name) for name in STATIONS}
        shop.campaign("mixed", ends_at=shop.at(ENDS_SECONDS), **fields)
        self.bought_alone = 0
        self.left: Placed | None = None

    def gathers(self, heads: int) -> list[Placed]:
        """So many come and pay, the leader first; where it is allowed one more comes and leaves."""
        lin = self.shop.member("Lin")
        for_newcomers = self.chosen["who"] == "newcomers"
        if not (for_newcomers and self.of_many):
            self.buys_alone(lin)
        leader = self.opens(lin)
        if for_newcomers:
            regular = self.shop.member("Reg")
            self.buys_alone(regular)
            refused = regular.tries_to_join(leader.group_id, **self.wanted(self.skus[-1]))
            assert (refused.status, refused["code"]) == (409, "newcomers_only")
        if self.chosen["leaving"] == "allowed":
            self.left = self.joins("Lea", leader.group_id)
            assert self.left.cancels().status == 200
            self.shop.settles()
        else:
            assert leader.cancels()["code"] == "group_forming"
        return [leader, *(self.joins(f"M{n}", leader.group_id) for n in range(1, heads))]

    def buys_alone(self, member: Member) -> None:
        order = member.buys().pays()
        self.shop.settles()
        assert order.status == "to_ship"
        self.bought_alone += 1

    def opens(self, lin: Member) -> Placed:
        wanted = self.wanted(self.skus[0], station_id=STATIONS[0])
        if self.chosen["opened"] == "paid":
            return lin.opens("mixed", **wanted).pays()
        self.shop.admin(
            "grant_voucher", member_id=lin.member_id, voucher_id="v1", expires_at=self.shop.at(9000)
        )
        return lin.opens("mixed", voucher_id="v1", **wanted)

    def joins(self, name: str, group_id: str) -> Placed:
        """Whoever opens a group where there is a crowd comes to that."""
        member, wanted = self.shop.member(name), self.wanted(self.skus[-1])
        if not self.of_many:
            return member.joins(group_id, **wanted).pays()
        placed = member.opens("mixed", **wanted).pays()
        assert placed.group_id == group_id
        return placed

    def wanted(self, sku_id: str, *, station_id: str = "") -> dict[str, Any]:
        """What a purchase says. All of a crowd fetch it at one station."""
        wanted: dict[str, Any] = {"sku_id": sku_id}
        if self.looking_after:
            station_id = station_id or STATIONS[0 if self.of_many else -1]
            wanted |= {"address": None, "station_id": station_id}
        if self.chosen["made"] == "to order":
            wanted["custom_fields"] = ENGRAVING
        return wanted

    def ends(self, placed: list[Placed]) -> str:
        """Time passes, and the merchant answers, until nothing more happens; what has become of the
        group.
        """
        group_id = placed[0].group_id
        self.shop.settles()
        for seconds in (LASTS_SECONDS + 1, 61):
            self.shop.passes(seconds)
        status = str(self.shop.group(group_id)["status"])
        if self.chosen["made"] == "to order" and status == "complete":
            assert {order.status for order in placed} == {"paid"}
            self.accepts(group_id)
        if self.chosen["draw"] == "campaign" or self.chosen["stock"] == "allotted":
            for seconds in (ENDS_SECONDS - LASTS_SECONDS, 60, 61):
                self.shop.passes(seconds)
        return status

    def accepts(self, group_id: str) -> None:
        """The merchant makes the goods."""
        answer = {"decision": "accept", "ships_by": self.shop.at(SHIPS_SECONDS)}
        self.shop.admin("decide_production", group_id=group_id, **answer)
        self.shop.settles()

    def completes(self, heads: int) -> bool:
        """A leader with a voucher counts for the ladder, and does not for those who pay. A crowd
        is not completed by its ladder, and a round is by whoever comes.
        """
        payers = heads if self.chosen["opened"] == "paid" else heads - 1
        if self.chosen["short"] == "honour" and payers >= 2:
            return True
        if self.chosen["heads"] == "round":
            return self.chosen["short"] == "refund"
        on_ladder = self.chosen["ladder"] != "none" and not self.of_many
        return heads == SIZE or (heads == SIZE - 1 and on_ladder)

    def winners(self) -> set[str] | None:
        if self.chosen["draw"] == "none":
            return None
        (drawn,) = self.shop.rows("draws", draw_state="drawn")
        return set(drawn["winners"])

    def stock_taken(self, units: int) -> int:
        """What is bought or made only once it is known how much is wanted takes none."""
        on_demand = self.chosen["heads"] == "round" or self.chosen["made"] == "to order"
        return 0 if on_demand and self.chosen["stock"] == "own" else units


def _station(shop: Shop, station_id: str) -> Member:
    """Whoever looks after a new station."""
    leader = shop.member(f"Leader of {station_id}")
    where = {"name": station_id, "address": "文三路 1 号"}
    shop.admin("put_station", station_id=station_id, leader_id=leader.member_id, **where)
    return leader


@pytest.mark.parametrize(
    ("row", "ending"), PLAYED, ids=["-".join([*row, ending]) for row, ending in PLAYED]
)
def test_rules_compose(shop: Shop, row: Row, ending: str) -> None:
    played, heads = Played(shop, row), HEADS[ending]
    placed = played.gathers(heads)

    status = played.ends(placed)

    assert status == ("complete" if played.completes(heads) else "failed")
    if status == "complete":
        shipped = _assert_dealt(played, placed)
    else:
        _assert_all_back(played, placed)
        shipped = 0
    if played.left is not None:
        assert played.left.status == "refunded"
    left = sum(shop.units_left(sku_id) for sku_id in played.skus)
    taken = played.bought_alone + played.stock_taken(shipped)
    assert left == 100 * len(played.skus) - taken
    shop.assert_books_balance()


def _assert_dealt(played: Played, placed: list[Placed]) -> int:
    """How many orders may ship."""
    winners = played.winners()
    price_fen = PRICE_FEN
    if played.chosen["ladder"] != "none" and len(placed) == SIZE:
        price_fen = LOWER_FEN
    shipped = []
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
        assert (now["ships_by"] is not None) == (played.chosen["made"] == "to order")
        assert bool(now["pickup"] and now["pickup"]["code"]) == bool(played.looking_after)
        shipped.append(order)
    _assert_earned(played, placed[0], shipped, price_fen)
    if winners is not None:
        assert len(winners) == 1
    return len(shipped)


def _assert_earned(played: Played, leader: Placed, shipped: list[Placed], price_fen: int) -> None:
    """Leaders of groups earn on the others, leaders of stations on all that is paid there."""
    others = [order for order in shipped if order is not leader]
    if not played.looking_after:
        assert _pending_fen(leader.member) == _bonus_fen(played, len(others), price_fen)
        return
    own = [leader] if leader in shipped and played.chosen["opened"] == "paid" else []
    gate, pool = (_pending_fen(played.looking_after[name]) for name in STATIONS)
    assert gate + pool == _bonus_fen(played, len(own + others), price_fen)
    if played.of_many:
        assert pool == 0
    elif played.chosen["leader"] == "share":
        assert gate == _bonus_fen(played, len(own), price_fen)
    assert _pending_fen(leader.member) == 0


def _bonus_fen(played: Played, orders: int, price_fen: int) -> int:
    """What is earned on so many orders of one unit."""
    if played.chosen["leader"] == "bonus":
        return BONUS_FEN if orders else 0
    if played.chosen["leader"] == "share":
        return orders * (price_fen * BONUS_BP // 10_000)
    return 0


def _pending_fen(member: Member) -> int:
    return int(member.send("GET", "/v1/wallet")["pending_fen"])


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
    for member in (leader.member, *played.looking_after.values()):
        assert _pending_fen(member) == 0
