"""Words for stories of neighbourhoods: who looks after a station, what goes there, who fetches
it.
"""

from typing import Any

from tests.shop import Member, Placed, Reply, Shop

NOBODYS_CODE = "00000000"
SHARE = {"leader": {"bonus_bp": 1000}}
"""What whoever looks after a station earns: a tenth."""


def looks_after(shop: Shop, who: str, station_id: str = "gate", **changes: Any) -> Member:
    """Somebody with a station of theirs."""
    leader = shop.member(who)
    fields = {"name": f"{station_id}站", "address": "文三路 1 号", **changes}
    shop.admin("put_station", station_id=station_id, leader_id=leader.member_id, **fields)
    return leader


def collects(
    shop: Shop,
    *station_ids: str,
    cutoff: str = "22:00",
    campaign_id: str = "veg",
    rules: dict[str, Any] | None = None,
    **changes: Any,
) -> str:
    """A campaign that is fetched at these stations and collects until each day's cut-off."""
    given = {"stations": list(station_ids), "cutoff": cutoff, **(rules or {})}
    ends_at = shop.at(7 * 24 * 3600)
    return shop.campaign(campaign_id, rules=given, **{"ends_at": ends_at, **changes})


def tries_to_order(member: Member, station_id: str | None = "gate", **changes: Any) -> Reply:
    """An order to be fetched there."""
    fields = {"campaign_id": "veg", "address": None, "station_id": station_id, **changes}
    return member.tries_to_open(**fields)


def orders(member: Member, station_id: str = "gate", **changes: Any) -> Placed:
    """The same, not paid yet."""
    fields = {"campaign_id": "veg", "address": None, "station_id": station_id, **changes}
    return member.opens(**fields)


def arrived(shop: Shop, group_id: str, **fields: Any) -> dict[str, Any]:
    """The goods of a group are there, and what follows from it has happened."""
    answer: dict[str, Any] = shop.admin("arrive_at_station", group_id=group_id, **fields)
    shop.settles()
    return answer


def code_of(order: Placed) -> str:
    """What its member shows at the station."""
    return str(order.now()["pickup"]["code"])


def redeems(leader: Member, code: str, station_id: str = "gate") -> Reply:
    path = f"/v1/stations/{station_id}/redemptions"
    return leader.send("POST", path, {"pickup_code": code})


def hands_out(leader: Member, order: Placed, station_id: str = "gate") -> Reply:
    """The leader looks at the code and hands the goods out."""
    reply = redeems(leader, code_of(order), station_id)
    assert reply.status == 200, reply
    leader.shop.settles()
    return reply


def waiting(leader: Member, station_id: str = "gate") -> list[tuple[str, int, str]]:
    """Title, quantity and status of what nobody has fetched yet."""
    reply = leader.send("GET", f"/v1/stations/{station_id}/pickups")
    assert reply.status == 200, reply
    return sorted((one["title"], one["quantity"], one["status"]) for one in reply["items"])
