"""Words for stories about bills: the day they are of, the morning after, and what was found."""

from typing import Any

from chalicelib import sweeps
from chalicelib.gateways.wechat_bills import day_before
from chalicelib.kit.aws import dynamodb
from tests.policy_watch import working_as
from tests.shop import Placed, Shop

DAY, NEXT_DAY = "2026-11-22", "2026-11-23"
HOUR = 3600
TO_MIDNIGHT = 4 * HOUR
TO_THE_MORNING_AFTER = 14 * HOUR + 60
"""From the shop's first moment to a minute past ten."""

AGREES: dict[str, int] = {}


def days_before_are_closed(days: int = 31, until: str = DAY) -> None:
    """The ledger's days before the shop's first are closed, as they would be after a month."""
    for back in range(1, days + 1):
        day = day_before(until, back)
        item = {"account_id": {"S": f"day#{day}"}, "entry": {"S": "closing"}}
        dynamodb().put_item(TableName="kaituan-test-ledger", Item=item)


def runs(shop: Shop, **how: Any) -> list[str]:
    """The hourly function runs; which days it has finished."""
    with working_as("reconcile_days"):
        return sweeps.reconcile_days(shop.wiring, **how)["reconciled"]


def sells(shop: Shop, name: str = "Lin", **changes: Any) -> Placed:
    """An order, paid and told of."""
    order = shop.member(name).buys(**changes).pays()
    shop.settles()
    return order


def morning_after(shop: Shop) -> None:
    """A minute past ten on the day after the shop's first."""
    shop.advance(TO_THE_MORNING_AFTER)


def compared(shop: Shop, day: str = DAY) -> Any:
    """What an operator is told of the day."""
    return shop.admin("get_reconciliation", day=day)


def found(shop: Shop, day: str = DAY) -> list[tuple[str, str]]:
    """Kind and subject of each difference that stands."""
    items = compared(shop, day)["items"]
    return [(one["kind"], one["about"]) for one in items if one["stands"]]


def the_difference(shop: Shop, kind: str, about: str, day: str = DAY) -> Any:
    """The facts of the day's only difference, which is that one; a person was told."""
    seen = compared(shop, day)
    assert [(one["kind"], one["about"]) for one in seen["items"]] == [(kind, about)]
    assert (seen["status"], seen["differences"]) == ("differs", {kind: 1})
    told = shop.rows("findings", kind="bills_differ")
    assert [(one["about"], one["facts"][kind]) for one in told] == [(day, 1)]
    return seen["items"][0]["facts"]


def assert_agrees(shop: Shop, day: str = DAY) -> Any:
    """The day was compared to its end, and nothing differs."""
    seen = compared(shop, day)
    assert (seen["status"], seen["differences"], seen["items"]) == ("agrees", AGREES, [])
    assert "bills_differ" not in shop.findings()
    return seen


def write_row(shop: Shop, table: str, key: dict[str, str], name: str, value: Any) -> None:
    """Something of ours is not as WeChat has it."""
    stored = {"N": str(value)} if isinstance(value, int) else {"S": value}
    dynamodb().update_item(
        TableName=f"kaituan-test-{table}",
        Key={part: {"S": text} for part, text in key.items()},
        UpdateExpression="SET #name = :value",
        ExpressionAttributeNames={"#name": name},
        ExpressionAttributeValues={":value": stored},
    )
