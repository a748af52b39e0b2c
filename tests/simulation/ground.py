"""What a run is played on: a shop with few units and small groups, so that people meet, of kinds
that the seed picks.
"""

from dataclasses import dataclass
from random import Random
from typing import Any

from tests.simulation.people import Person
from tests.simulation.themes import PAY_WINDOW_SECONDS, SECONDS_PER_GROUP, Theme
from tests.simulation.world import World

NAMES = ("An", "Bo", "Cui", "Da", "En", "Fu")
CAMPAIGN = "play"
CAMPAIGN_SECONDS = 4 * 3600
STATION = "gate"

_BROUGHT: tuple[tuple[tuple[int, int], ...], ...] = (
    (),
    ((0, 1), (0, 2), (0, 3), (4, 5)),
    ((0, 1), (1, 2), (1, 3), (3, 4), (3, 5)),
)
"""Who brought whom."""
_CROWD = {"crowd": {"threshold": 2, "shards": 2}}
_LADDER = [{"headcount": 2, "price_fen": 1500}, {"headcount": 3, "price_fen": 1200}]
KINDS: dict[str, dict[str, Any]] = {
    "team": {"size": 3},
    "pair": {},
    "leaving": {"rules": {"leave_allowed": True}},
    "honour": {"size": 3, "rules": {"when_short": "honour", "minimum_payers": 2}},
    "newcomers": {"rules": {"who": "newcomers"}},
    "lottery": {"rules": {"draw": {"winners": 1}}},
    "draw": {"size": 2, "rules": {"draw": {"winners": 1, "scope": "campaign"}}},
    "leader_free": {"rules": {"leader": {"free": True}}},
    "bonus": {"rules": {"leader": {"bonus_bp": 1000}}},
    "ladder": {"size": 3, "rules": {"tiers": _LADDER, "leave_allowed": True}},
    "voucher": {"rules": {"leave_allowed": True}},
    "limited": {"per_member_limit": 2, "rules": {"leave_allowed": True}},
    "flash": {"rules": {"allotment": {"shards": 2}}},
    "crowd": {"rules": _CROWD},
    "big_flash": {"rules": _CROWD | {"allotment": {"shards": 2}, "leave_allowed": True}},
    "stations": {"rules": {"stations": [STATION], "leader": {"bonus_bp": 500}}},
    "rounds": {"rules": {"stations": [STATION], "cutoff": "21:00", "minimum_payers": 2}},
    "custom": {"rules": {"custom_fields": [{"name": "words"}]}},
}


@dataclass
class Ground:
    """What there is, and who."""

    world: World
    kind: str
    theme: Theme
    people: list[Person]
    sku_id: str = "apples-5"
    units: int = 0
    pending_payments: int = 0

    @property
    def at_station(self) -> bool:
        return bool(KINDS[self.kind].get("rules", {}).get("stations"))

    @property
    def is_custom(self) -> bool:
        return self.kind == "custom"


def lay(world: World, kind: str, theme: Theme, chance: Random) -> Ground:
    """Goods, a campaign, settings and people, before anything goes wrong."""
    few = "allotment" in KINDS[kind].get("rules", {})
    units = chance.choice([4, 6, 8] if few else [40] if theme.earns else [3, 6, 40, 40])
    world.stocks(units)
    world.admin("put_settings", **_settings(theme, chance))
    world.admin("put_freight", merchant_id="orchard", flat_fen=chance.choice([0, 300]))
    settles_after = chance.choice(theme.settles_refunds_after)
    world.sandbox.configure(refund_settles_after_seconds=settles_after)
    people = [_person(world, name) for name in NAMES]
    for inviter, invitee in chance.choice(_BROUGHT[1:] if theme.earns else _BROUGHT):
        _brings(world, people[inviter], people[invitee])
    ground = Ground(world, kind, theme, people, units=units)
    if ground.at_station:
        leader = people[-1].member_id
        where = {"name": "东门", "address": "文三路 1 号"}
        world.admin("put_station", station_id=STATION, leader_id=leader, **where)
    world.campaign(CAMPAIGN, **_campaign(kind, units))
    if kind == "voucher":
        for person in people[:3]:
            _grant(world, person)
    return ground


def _brings(world: World, inviter: Person, invitee: Person) -> None:
    share = {"target_type": "home"}
    code = world.send("POST", "/v1/shares", share, token=inviter.token)["share_code"]
    world.send("POST", f"/v1/shares/{code}/visits", token=invitee.token)


def _person(world: World, name: str) -> Person:
    member = world.member(name)
    return Person(world, name, member.token, member.member_id)


def _settings(theme: Theme, chance: Random) -> dict[str, Any]:
    rates = chance.choice([[2000, 1000]] if theme.earns else [[0], [2000], [2000, 1000]])
    return {
        "pay_window_seconds": PAY_WINDOW_SECONDS,
        "auto_receipt_seconds": 600,
        "production_answer_seconds": 3600,
        "referral_policy": chance.choice(["first", "latest"]),
        "referral_seconds": chance.choice([600, 86_400]),
        "commission": {"rates_bp": rates, "cap_bp": 3000, "freeze_seconds": 60},
        "withdrawal": {"review_above_fen": 100, "fee_bp": 60, "daily_count": 3},
    }


def _campaign(kind: str, units: int) -> dict[str, Any]:
    changes = dict(KINDS[kind])
    rules = changes.get("rules", {})
    sku: dict[str, Any] = {"sku_id": "apples-5", "group_price_fen": 1500}
    if "allotment" in rules:
        sku["allotted_units"] = units
    fields = {
        "size": 2,
        "duration_seconds": SECONDS_PER_GROUP,
        "skus": [sku],
        **changes,
    }
    if "crowd" in rules:
        fields.pop("size")
    if "cutoff" in rules:
        fields.pop("duration_seconds")
    return {**fields}


def _grant(world: World, person: Person) -> None:
    world.admin(
        "grant_voucher",
        member_id=person.member_id,
        voucher_id="free",
        expires_at=world.at(CAMPAIGN_SECONDS),
        campaign_id=CAMPAIGN,
    )
