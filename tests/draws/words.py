"""Words for stories about draws: lottery campaigns, groups that fill, and what anyone sees of a
draw.
"""

import json
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from chalicelib.kit.aws import dynamodb
from chalicelib.orders import store as orders
from tests.shop import Member, Placed, Reply, Shop

OF_GROUP = {"draw": {"winners": 1}}
OF_CAMPAIGN = {"draw": {"winners": 2, "scope": "campaign"}}

PAGE = Path(__file__).parents[2] / "docs" / "draws.md"


def lottery(shop: Shop, campaign_id: str = "luck", **changes: Any) -> str:
    """A campaign of groups of three, one of whom gets the goods."""
    return shop.campaign(campaign_id, **{"size": 3, "rules": OF_GROUP, **changes})


def big_lottery(shop: Shop, campaign_id: str = "big", **changes: Any) -> str:
    """A campaign of groups of two, over all of whom two winners are drawn in 1000 seconds."""
    fields = {"duration_seconds": 600, "ends_at": shop.at(1000), "rules": OF_CAMPAIGN, **changes}
    return shop.campaign(campaign_id, **fields)


def full_group(shop: Shop, campaign_id: str, *names: str) -> list[Placed]:
    """The first of them opens a group, the others join; all pay. What follows is not done yet."""
    leading = shop.member(names[0]).opens(campaign_id).pays()
    return [leading, *(shop.member(name).joins(leading.group_id).pays() for name in names[1:])]


def tries_to_see(shop: Shop, group_id: str, member: Member | None = None) -> Reply:
    path = f"/v1/groups/{group_id}/draw"
    return shop.send("GET", path, token=member.token if member is not None else None)


def seen(shop: Shop, group_id: str, member: Member | None = None) -> Any:
    """The draw of a group, as anyone or that member sees it."""
    reply = tries_to_see(shop, group_id, member)
    assert reply.status == 200, reply
    return reply.content


def of_campaign(shop: Shop, campaign_id: str = "big") -> Any:
    """The draw over all groups of a campaign: the first of its list."""
    reply = shop.send("GET", f"/v1/campaigns/{campaign_id}/draws")
    assert reply.status == 200, reply
    return reply["items"][0]


def all_entries(shop: Shop, draw: Any, *, limit: int = 100) -> list[Any]:
    """The entries of a draw, page by page."""
    found, path = [], f"{draw['entries_path']}?limit={limit}"
    reply = shop.send("GET", path)
    while reply["next_cursor"] is not None:
        found += reply["items"]
        reply = shop.send("GET", f"{path}&cursor={reply['next_cursor']}")
    return [*found, *reply["items"]]


def what_anyone_finds(draw: Any, folder: Path) -> list[str]:
    """What the program of docs/draws.md says of the draw, word for word, with Python alone."""
    _, _, rest = PAGE.read_text(encoding="utf-8").partition("```python\n")
    program, _, _ = rest.partition("```")
    (folder / "draw.json").write_text(json.dumps(draw), encoding="utf-8")
    run = subprocess.run(
        [sys.executable, "-I", "-S", "-c", program],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    return run.stdout.splitlines()


ALL_IS_WELL = [
    "the seed is the one announced: True",
    "the winners are the ones published: True",
]


def keys_become(shop: Shop, keys: dict[str, str] | None) -> None:
    """Seeds are sealed and opened with these keys from now on; None: the parameter is gone."""
    shop.wiring._secrets = shop.wiring.secrets.model_copy(update={"draw_keys": keys})


def states(orders: Sequence[Placed]) -> list[str]:
    return sorted(order.status for order in orders)


def winners_among(orders: Sequence[Placed]) -> list[str]:
    """The order ids of those whose goods go out."""
    return sorted(order.order_id for order in orders if order.status == "to_ship")


def leave_orders(shop: Shop, order_ids: Iterable[str]) -> None:
    """So many orders that nobody has paid, without the rest of a shop around them."""
    order_ids = list(order_ids)
    unpaid = shop.member(order_ids[0]).buys()
    table, key = orders.OrderRow.table_name(), {"order_id": {"S": unpaid.order_id}}
    item = dynamodb().get_item(TableName=table, Key=key)["Item"]
    for order_id in order_ids:
        dynamodb().put_item(TableName=table, Item={**item, "order_id": {"S": order_id}})
    unpaid.cancels()
