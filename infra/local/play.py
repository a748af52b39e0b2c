"""Who and what is on stage while a story is played, and the steps that stories share.

Must never decide anything: a step does what a phone or an operator would do, and says so.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from infra.local.books import yuan
from infra.local.sandbox_control import SandboxControl
from infra.local.shopper import Purchase, Shopper, Unexpected, wait_until
from infra.local.stack import Stack
from infra.local.timeline import Timeline

T = TypeVar("T")

TWICE = 2
WORKERS_UP = 3
"""How many sign in at once: as many as a payment needs that is notified twice at once."""
OPERATOR = "店主"
SHOP = "开团"


@dataclass(frozen=True)
class Play:
    """The stack, WeChat, the lines told so far, and the members by name."""

    stack: Stack
    wechat: SandboxControl
    timeline: Timeline
    members: dict[str, Shopper]


def sign_in(stage: Play, names: Iterable[str]) -> None:
    """Everyone of these comes on stage, with a session."""
    shoppers = [Shopper(stage.stack.endpoints, name) for name in names]
    with ThreadPoolExecutor(max_workers=WORKERS_UP) as pool:
        for shopper in pool.map(Shopper.signs_in, shoppers):
            stage.members[shopper.name] = shopper


def put_campaign(stage: Play, campaign: Mapping[str, Any], **changes: Any) -> str:
    """Sends the command as it is written, but for a window around now. Answers its id."""
    sent = {**campaign, **window_around_now(), **changes}
    stage.stack.admin(**sent)
    campaign_id: str = sent["campaign_id"]
    price_fen = min(sku["group_price_fen"] for sku in sent["skus"])
    rules = json.dumps(sent["rules"], ensure_ascii=False)
    heads = f"{sent['size']} at " if "size" in sent else ""
    stage.timeline.line(OPERATOR, f"puts {campaign_id}: {heads}{yuan(price_fen)}", f"rules {rules}")
    return campaign_id


def in_seconds(seconds: float) -> str:
    """The moment so many seconds from now, as an operator would write it."""
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()


def at_once(steps: Iterable[Callable[[], T]]) -> list[T]:
    """What each of these came to, as many of them at the same time as there are workers up."""
    with ThreadPoolExecutor(max_workers=WORKERS_UP) as pool:
        return [each.result() for each in [pool.submit(step) for step in steps]]


def window_around_now() -> dict[str, str]:
    """A campaign's window, open since a minute ago and for a day."""
    now = datetime.now(UTC).replace(microsecond=0)
    begins_at, ends_at = now - timedelta(minutes=1), now + timedelta(days=1)
    return {"starts_at": begins_at.isoformat(), "ends_at": ends_at.isoformat()}


def pays(order: Purchase) -> str:
    """What paying is told as."""
    return f"pays {yuan(order.amount_fen)}, notified twice"


def opens(stage: Play, name: str, campaign_id: str, **changes: Any) -> Purchase:
    """Opens a group and pays; until the payment has arrived."""
    order = stage.members[name].opens(campaign_id, **changes).pays(times=TWICE)
    stage.timeline.line(name, "opens a group", pays(order))
    order.waits_for("paid")
    return order


def joins(stage: Play, name: str, leader: Purchase, **changes: Any) -> Purchase:
    """Joins a group and pays; whether the payment has arrived is for the caller to see."""
    order = stage.members[name].joins(leader.group_id, **changes).pays(times=TWICE)
    stage.timeline.line(name, "joins", pays(order))
    return order


def wait_for_all(orders: Iterable[Purchase], status: str) -> float:
    """Until each of them is so; the most seconds that one of them took."""
    return max(order.waits_for(status) for order in orders)


def the_time_is_over(stage: Play, order: Purchase, becomes: str) -> None:
    """Waits for the deadline of the order's group, and lets the sweep see it."""
    group_id, anyone = order.group_id, order.shopper
    wait_until(lambda: is_over(anyone.group(group_id)), True, "the time over")
    stage.stack.admin("sweep")
    wait_until(lambda: anyone.group(group_id)["status"], becomes, f"the group of {anyone.name}")
    group = anyone.group(group_id)
    of_how_many = "" if group["seats_left"] is None else f" of {group['size']}"
    came = f"{group['paid_count']}{of_how_many} came"
    stage.timeline.line(SHOP, f"sweeps: {came}", f"the group is {group['status']}")


def is_over(group: Mapping[str, str]) -> bool:
    return group["server_time"] > group["expires_at"]


def expect(what: str, wanted: object, came: object) -> None:
    """Raises `Unexpected` unless they are the same."""
    if wanted != came:
        raise Unexpected(f"{what} to be {wanted}", came)


def balance_fen(stage: Play, account: str) -> int:
    """What the ledger says of an account now."""
    fen: int = stage.stack.admin("audit")["totals"]["balances_fen"][account]
    return fen


def after_a_sweep(stage: Play, look: Callable[[], object]) -> Callable[[], object]:
    """The same look, with the operators' command `sweep` before each."""

    def swept() -> object:
        stage.stack.admin("sweep")
        return look()

    return swept
