"""While rows of a table are away no day is written without them; once they are back it is."""

from collections.abc import Mapping
from typing import Any

import pytest

from chalicelib.kit.aws import dynamodb
from tests.files.test_export import DAY, day_is_over, exports, sold
from tests.files.test_months import MARK, THEIRS, month_is_over, trades
from tests.shop import Shop
from tests.tables import PREFIX

MARK_OF_DAY = f"exports/days/{DAY}.json"
STATEMENT = f"merchants/orchard/statements/{DAY}.csv"
NOT_TOGETHER = "The day's rows do not fit together; is a table being restored? "

Items = list[dict[str, Any]]


def taken_away(table: str, **equal: str) -> Items:
    """The rows that say so are not there any more."""
    items: Items = dynamodb().scan(TableName=f"{PREFIX}-{table}")["Items"]
    keys = {"orders": ("order_id",), "ledger": ("account_id", "entry")}[table]
    away = [
        each for each in items if all(each.get(name) == {"S": it} for name, it in equal.items())
    ]
    for each in away:
        key = {name: each[name] for name in keys}
        dynamodb().delete_item(TableName=f"{PREFIX}-{table}", Key=key)
    assert away
    return away


def put_back(table: str, items: Items) -> None:
    for item in items:
        dynamodb().put_item(TableName=f"{PREFIX}-{table}", Item=item)


def alarms(caplog: pytest.LogCaptureFixture) -> list[Mapping[str, Any]]:
    return [vars(record) for record in caplog.records if hasattr(record, "alarm")]


@pytest.mark.parametrize("table", ["orders", "ledger"])
def test_a_day_without_its_rows_is_not_written_until_they_are_back(
    shop: Shop, caplog: pytest.LogCaptureFixture, table: str
) -> None:
    order = sold(shop, "Ann")
    shop.settles()
    day_is_over(shop)
    said = {"orders": {"order_id": order.order_id}, "ledger": {"code": "payment"}}[table]
    away = taken_away(table, **said)

    assert DAY not in exports(shop)

    assert not {MARK_OF_DAY, STATEMENT} & set(shop.files.contents)
    (alarm,) = alarms(caplog)
    assert (alarm["alarm"], alarm["business_day"]) == ("day_not_exported", DAY)

    put_back(table, away)
    assert exports(shop) == [DAY]
    assert shop.files.contents[STATEMENT].decode().endswith("total,,,2000,0,0\r\n")


def test_by_hand_it_is_refused_and_says_what_is_not_there(shop: Shop) -> None:
    order = sold(shop, "Ann")
    shop.settles()
    day_is_over(shop)
    away = taken_away("orders", order_id=order.order_id)

    for dry_run in (True, False):
        refused = shop.tries_admin("export_day", day=DAY, dry_run=dry_run)["error"]
        assert refused["code"] == "not_allowed"
        assert refused["detail"] == f"{NOT_TOGETHER}There is no order {order.order_id}."
    assert shop.files.contents == {}

    put_back("orders", away)
    taken_away("ledger", code="payment")
    refused = shop.tries_admin("export_day", day=DAY)["error"]
    assert refused["detail"] == f"{NOT_TOGETHER}1 transfers were closed, 0 are there."


def test_a_month_made_while_orders_were_away_waits_for_them(shop: Shop) -> None:
    trades(shop)
    month_is_over(shop)
    away = taken_away("orders")
    exports(shop)
    assert not {MARK, THEIRS} & set(shop.files.contents)

    put_back("orders", away)
    assert exports(shop) == [DAY, "2026-11-24", "2026-11-30"]
    assert shop.files.contents[THEIRS].decode().endswith("total,4000,2000,2000\r\n")


def test_a_statement_settles_what_the_ledger_closed_or_is_not_written(shop: Shop) -> None:
    shop.ships(sold(shop, "Ann")).receives()
    shop.settles()
    shop.passes(8 * 24 * 3600)
    day_is_over(shop)
    settled = next(
        row["account_id"].removeprefix("day#")
        for row in shop.rows("ledger")
        if row["entry"] == "total#sales:orchard"
    )
    written = shop.admin("export_day", day=settled)["rows"]
    assert written[f"merchants/orchard/statements/{settled}.csv"] == 2

    dynamodb().update_item(
        TableName=f"{PREFIX}-ledger",
        Key={"account_id": {"S": f"day#{settled}"}, "entry": {"S": "total#sales:orchard"}},
        UpdateExpression="SET credits_posted_fen = :fen",
        ExpressionAttributeValues={":fen": {"N": "2100"}},
    )
    refused = shop.tries_admin("export_day", day=settled)["error"]
    assert refused["detail"] == f"{NOT_TOGETHER}closed of orchard are 2100 fen, settled 2000."
