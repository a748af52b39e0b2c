"""A neighbourhood (小区团): members order until the day's cut-off and fetch it at a station, whose
leader hands it out against a code and earns on it. What is wanted is known before it is bought.
"""

from collections.abc import Mapping
from functools import partial

from infra.local.books import yuan
from infra.local.kinds.kind import Kind
from infra.local.play import (
    OPERATOR,
    TWICE,
    Play,
    after_a_sweep,
    expect,
    in_seconds,
    pays,
    put_campaign,
    the_time_is_over,
    wait_for_all,
)
from infra.local.shopper import Purchase, Reply, Shopper, wait_until

GATE, POOL = "小任", "小袁"
BUYERS = ("小柳", "小鲍", "小史")
STATIONS = {"east-gate": (GATE, "东门便利店"), "swimming-pool": (POOL, "泳池传达室")}
SOON_SECONDS = 25
EARNED_FEN = {GATE: 777, POOL: 259}

CAMPAIGN = {
    "command": "put_campaign",
    "campaign_id": "oranges-community",
    "title": "脐橙小区团",
    "play": "community",
    "starts_at": "2027-01-01T00:00:00+08:00",
    "ends_at": "2027-02-01T00:00:00+08:00",
    "per_member_limit": 20,
    "rules": {
        "stations": ["east-gate", "swimming-pool"],
        "cutoff": "22:00",
        "leader": {"bonus_bp": 1000},
    },
    "skus": [{"sku_id": "oranges-5kg", "group_price_fen": 2590}],
}


def play(stage: Play) -> None:
    """The campaign's end comes before the cut-off of the day, and ends the round."""
    put_stations(stage)
    campaign_id = put_campaign(stage, CAMPAIGN, ends_at=in_seconds(SOON_SECONDS))
    first, second, third = BUYERS
    orders = [
        orders_at(stage, first, campaign_id, "east-gate", 2),
        orders_at(stage, first, campaign_id, "east-gate", 1),
        orders_at(stage, second, campaign_id, "swimming-pool", 1),
    ]
    gate, again, pool = orders
    expect("the rounds of the stations", (True, False), same_round(gate, again, pool))
    for order in (gate, pool):
        the_time_is_over(stage, order, "complete")
    wait_for_all(orders, "to_ship")
    wanted = demand(stage, campaign_id)
    expect("the demand", {"east-gate": 3, "swimming-pool": 1}, wanted)
    sheet = ", ".join(f"{units} to {station_id}" for station_id, units in wanted.items())
    stage.timeline.line(OPERATOR, f"has the demand sheet: {sheet}", "buys four")
    is_handed_out(stage, orders, stranger=stage.members[third])
    for name, fen in EARNED_FEN.items():
        look = after_a_sweep(stage, partial(available_fen, stage.members[name]))
        wait_until(look, fen, f"what {name} has earned")
        stage.timeline.line(name, f"has {yuan(fen)} to take out", "10 % of what was fetched")


def put_stations(stage: Play) -> None:
    """Two stations, looked after by members who buy nothing."""
    for station_id, (name, called) in STATIONS.items():
        stage.stack.admin(
            "put_station",
            station_id=station_id,
            name=called,
            address="科技园一路 1 号",
            leader_id=stage.members[name].member_id,
        )
        stage.timeline.line(OPERATOR, f"puts the station {station_id} {called}", f"led by {name}")


def orders_at(stage: Play, name: str, campaign_id: str, station_id: str, quantity: int) -> Purchase:
    """Buys so many, to be fetched there."""
    where = {"address": None, "station_id": station_id}
    order = stage.members[name].opens(campaign_id, quantity=quantity, **where).pays(times=TWICE)
    stage.timeline.line(name, f"orders {quantity} to {station_id}", pays(order))
    order.waits_for("paid")
    return order


def same_round(order: Purchase, *others: Purchase) -> tuple[bool, ...]:
    """Which of the others are in the same."""
    return tuple(other.group_id == order.group_id for other in others)


def demand(stage: Play, campaign_id: str) -> Mapping[str, int]:
    """What is wanted at each station."""
    sheet = stage.stack.admin("get_demand", campaign_id=campaign_id)
    return {one["station_id"]: one["units"] for one in sheet["items"]}


def is_handed_out(stage: Play, orders: list[Purchase], *, stranger: Shopper) -> None:
    """The codes work once the goods are there, once each, and for nobody but the leader."""
    gate = stage.members[GATE]
    is_refused(stage, redeems(gate, "east-gate", orders[0]), 409, "not_arrived", GATE)
    for group_id in dict.fromkeys(order.group_id for order in orders):
        arrived = stage.stack.admin("arrive_at_station", group_id=group_id)
        stage.timeline.line(OPERATOR, f"brings {arrived['arrived_count']} orders to their station")
    by_stranger = redeems(stranger, "east-gate", orders[0])
    is_refused(stage, by_stranger, 403, "not_allowed", stranger.name)
    for order in orders:
        pickup = order.now()["pickup"]
        name, _ = STATIONS[pickup["station_id"]]
        redeems(stage.members[name], pickup["station_id"], order).expect(200, "handing out")
        order.waits_for("received")
        shows = f"shows the code {pickup['code']}"
        stage.timeline.line(order.shopper.name, shows, f"{name} hands the goods out")
    is_refused(stage, redeems(gate, "east-gate", orders[0]), 409, "code_used", GATE)


def redeems(leader: Shopper, station_id: str, order: Purchase) -> Reply:
    """Types the code that the order's member shows."""
    body = {"pickup_code": order.now()["pickup"]["code"]}
    return leader.send("POST", f"/v1/stations/{station_id}/redemptions", body)


def is_refused(stage: Play, reply: Reply, status: int, code: str, name: str) -> None:
    expect(f"what {name} is answered", (status, code), (reply.status, reply.code))
    stage.timeline.line(name, f"tries the code: {reply.code} {reply['title']}")


def available_fen(leader: Shopper) -> int:
    """The leader's own."""
    fen: int = leader.wallet()["available_fen"]
    return fen


KIND = Kind("A neighbourhood (小区团)", (GATE, POOL, *BUYERS), CAMPAIGN, play)
