"""A closed day on paper: the very bytes, the same again, and sums that are the ledger's."""

import csv
import io
from typing import Any

import pytest

from chalicelib import sweeps
from chalicelib.files import export
from chalicelib.files.to_ship import orders_to_ship
from chalicelib.kit.aws import dynamodb
from chalicelib.kit.days import day_of
from chalicelib.kit.errors import NotAllowed
from tests.dropping import drops, outcomes
from tests.policy_watch import working_as
from tests.shop import Placed, Shop
from tests.stations.words import collects, looks_after, orders
from tests.tables import PREFIX
from tests.withdrawals.words import earner, paid

DAY = "2026-11-22"
NEXT = "2026-11-23"
SIX_HOURS = 6 * 3600


def closes_days(shop: Shop) -> None:
    """The hourly function runs."""
    with working_as("reconcile_days"):
        sweeps.reconcile_days(shop.wiring)


def export_day(*given: Any, **how: Any) -> Any:
    """As the schedule writes it."""
    with working_as("export_days"):
        return export.export_day(*given, **how)


def exports(shop: Shop, **how: Any) -> list[str]:
    """The other one; which days it has written."""
    with working_as("export_days"):
        return sweeps.export_days(shop.wiring, **how)


def day_is_over(shop: Shop) -> None:
    shop.passes(SIX_HOURS)
    closes_days(shop)
    shop.settles()


def text(shop: Shop, key: str) -> str:
    return shop.files.contents[key].decode()


def table(shop: Shop, key: str) -> list[dict[str, str]]:
    content = shop.files.contents[key].decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(content, newline="")))


def sold(shop: Shop, name: str) -> Placed:
    return shop.member(name).buys().pays()


def eggs(shop: Shop) -> str:
    """Goods of another merchant."""
    shop.admin("put_merchant", merchant_id="farm", name="农场")
    product = {**shop.product(sku_id="eggs-30"), "merchant_id": "farm", "title": "=鸡蛋"}
    shop.admin("put_product", **product)
    return "eggs-30"


def closed(shop: Shop, day: str, account: str) -> int:
    """What the closed day has of an account, credits less debits."""
    (row,) = shop.rows("ledger", account_id=f"day#{day}", entry=f"total#{account}")
    return int(row["credits_posted_fen"] - row["debits_posted_fen"])


def test_what_waits_is_in_the_merchants_folder_and_the_operators_only(shop: Shop) -> None:
    apples = sold(shop, "Ann")
    shipped = shop.ships(sold(shop, "Ben"))
    of_farm = shop.member("Cat").buys(sku_id=eggs(shop)).pays()
    shop.settles()
    day_is_over(shop)

    export_day(DAY, clock=shop.clock, files=shop.files)

    header = (
        "\ufefforder_id,carrier,tracking_no,merchant_id,title,sku_id,quantity,custom_fields,"
        "recipient,phone,province,city,county,detail,remark,paid_at,ships_by\r\n"
    )
    address = "林小满,13800001234,浙江省,杭州市,西湖区,文三路 1 号,,2026-11-22T12:00:00Z,\r\n"
    ours = f"{apples.order_id},,,orchard,红富士苹果 5斤装,apples-5,1,,{address}"
    theirs = f"{of_farm.order_id},,,farm,'=鸡蛋 5斤装,eggs-30,1,,{address}"
    assert text(shop, f"merchants/orchard/orders/{NEXT}.csv") == header + ours
    assert text(shop, f"merchants/farm/orders/{NEXT}.csv") == header + theirs
    assert text(shop, f"exports/orders/{NEXT}.csv") == header + theirs + ours
    assert shipped.order_id not in text(shop, f"exports/orders/{NEXT}.csv")


def test_a_row_of_several_lines_is_counted_once(shop: Shop) -> None:
    shop.admin("put_product", **{**shop.product(), "title": "红富士\r\n苹果"})
    sold(shop, "Ann")
    shop.settles()
    day_is_over(shop)

    rows = export_day(DAY, clock=shop.clock, files=shop.files)

    assert rows[f"exports/orders/{NEXT}.csv"] == 1
    assert len(table(shop, f"exports/orders/{NEXT}.csv")) == 1


def test_filled_in_it_is_a_file_of_shipments(shop: Shop) -> None:
    first, second = sold(shop, "Ann"), sold(shop, "Ben")
    shop.settles()
    day_is_over(shop)
    export_day(DAY, clock=shop.clock, files=shop.files)
    written = text(shop, f"merchants/orchard/orders/{NEXT}.csv")

    filled_in = written.replace(f"{first.order_id},,", f"{first.order_id},顺丰,SF1")
    results = drops(shop, "merchants/orchard/in/shipments.csv", filled_in)

    assert sorted(outcomes(results)) == ["done", "unchanged"]
    assert (first.status, second.status) == ("shipped", "to_ship")


def test_a_statement_has_what_was_sold_and_given_back(shop: Shop) -> None:
    kept, back = shop.ships(sold(shop, "Ann")), sold(shop, "Ben")
    shop.settles()
    back.asks_refund()
    shop.settles()
    day_is_over(shop)

    export_day(DAY, clock=shop.clock, files=shop.files)

    rows = table(shop, f"merchants/orchard/statements/{DAY}.csv")
    assert sorted(list(row.values())[1:] for row in rows[:-1]) == sorted(
        [
            [kept.order_id, "payment", "2000", "0", "0"],
            [back.order_id, "payment", "2000", "0", "0"],
            [back.order_id, "refund", "0", "2000", "0"],
        ]
    )
    assert list(rows[-1].values()) == ["total", "", "", "4000", "2000", "0"]
    same = shop.files.contents[f"exports/statements/{DAY}/orchard.csv"]
    assert same == shop.files.contents[f"merchants/orchard/statements/{DAY}.csv"]


def test_what_is_settled_is_what_the_ledger_closed(shop: Shop) -> None:
    first = shop.ships(sold(shop, "Ann")).receives()
    second = shop.ships(sold(shop, "Ben")).receives()
    other = shop.ships(shop.member("Cat").buys(sku_id=eggs(shop)).pays()).receives()
    shop.settles()
    shop.passes(8 * 24 * 3600)
    placed = {each.order_id for each in (first, second, other)}
    assert {row["order_id"] for row in shop.rows("orders", order_state="settled")} == placed
    day = day_of(shop.clock.now())
    shop.admin("refund_order", order_id=second.order_id, amount_fen=500)
    shop.settles()
    shop.passes(24 * 3600)
    closes_days(shop)

    export_day(day, clock=shop.clock, files=shop.files)

    totals = {
        merchant_id: list(table(shop, f"merchants/{merchant_id}/statements/{day}.csv")[-1].values())
        for merchant_id in ("orchard", "farm")
    }
    assert totals == {
        "orchard": ["total", "", "", "0", "500", "3500"],
        "farm": ["total", "", "", "0", "0", "2000"],
    }
    assert closed(shop, day, "sales:orchard") == 3500
    assert closed(shop, day, "sales:farm") == 2000


def test_commissions_and_withdrawals_are_the_ledgers(shop: Shop) -> None:
    lin = earner(shop)
    withdrawal_id = paid(lin)
    day_is_over(shop)

    export_day(DAY, clock=shop.clock, files=shop.files)

    earned = table(shop, f"exports/commissions/{DAY}.csv")
    assert {row["phase"]: (row["member_id"], row["amount_fen"]) for row in earned} == {
        "pending": (lin.member_id, "5000"),
        "post": (lin.member_id, "5000"),
    }
    assert text(shop, f"exports/withdrawals/{DAY}.csv") == (
        "\ufeffbooked_at,withdrawal_id,member_id,gross_fen,fee_fen,tax_fen,net_fen,tax_regime\r\n"
        f"2026-11-22T12:00:00Z,{withdrawal_id},{lin.member_id},2000,0,0,2000,none\r\n"
    )


def test_what_operators_gave_and_took_is_on_paper(shop: Shop) -> None:
    lin = shop.member("Lin")
    given = []
    for amount_fen in (250, -100):
        said = {"reason": "late goods", "amount_fen": amount_fen}
        asked = shop.admin(
            "adjust_wallet",
            member_id=lin.member_id,
            request_id=f"ticket{amount_fen}",
            operator="chen",
            **said,
        )
        given.append(asked["adjustment_id"])
        shop.admin("confirm_adjustment", adjustment_id=given[-1], operator="wu", reason="looked at")
        shop.advance(1)
    day_is_over(shop)

    export_day(DAY, clock=shop.clock, files=shop.files)

    assert text(shop, f"exports/corrections/{DAY}.csv") == (
        "\ufeffbooked_at,adjustment_id,member_id,amount_fen\r\n"
        f"2026-11-22T12:00:00Z,{given[0]},{lin.member_id},250\r\n"
        f"2026-11-22T12:00:01Z,{given[1]},{lin.member_id},-100\r\n"
    )


def test_what_each_station_wants_is_on_paper(shop: Shop) -> None:
    for name in ("gate", "park"):
        looks_after(shop, name.title(), name)
    collects(shop, "gate", "park")
    lin = shop.member("Lin")
    for station_id, quantity in (("gate", 1), ("gate", 2), ("park", 4)):
        orders(lin, station_id, quantity=quantity).pays()
    orders(lin, "park", quantity=8)  # not paid, so not wanted
    shop.settles()
    day_is_over(shop)

    export_day(DAY, clock=shop.clock, files=shop.files)

    rows = table(shop, f"exports/demand/{DAY}.csv")
    assert [(row["station_id"], row["sku_id"], row["units"], row["orders"]) for row in rows] == [
        ("gate", "apples-5", "3", "2"),
        ("park", "apples-5", "4", "1"),
    ]
    assert all(row["station_name"] and row["group_id"] and row["ends_at"] for row in rows)
    assert table(shop, f"exports/orders/{NEXT}.csv") == []


def test_written_again_a_day_has_the_same_bytes(shop: Shop) -> None:
    sold(shop, "Ann")
    sold(shop, "Ben").asks_refund()
    shop.settles()
    day_is_over(shop)
    first = shop.admin("export_day", day=DAY)
    before = dict(shop.files.contents)

    shop.advance(3600)
    again = shop.admin("export_day", day=DAY)

    assert again == first
    assert shop.files.contents == before
    assert first["rows"][f"merchants/orchard/statements/{DAY}.csv"] == 4
    assert f"exports/days/{DAY}.json" in before


def test_a_rehearsal_writes_nothing(shop: Shop) -> None:
    sold(shop, "Ann")
    shop.settles()
    day_is_over(shop)
    rehearsed = shop.admin("export_day", day=DAY, dry_run=True)
    assert rehearsed["rows"][f"exports/orders/{NEXT}.csv"] == 1
    assert shop.files.contents == {}


def test_a_day_that_is_not_closed_is_not_written(shop: Shop) -> None:
    sold(shop, "Ann")
    shop.settles()
    with pytest.raises(NotAllowed, match="not closed"):
        export_day(DAY, clock=shop.clock, files=shop.files)
    assert DAY not in exports(shop)
    refused = shop.tries_admin("export_day", day=DAY)["error"]["code"]
    assert refused == "not_allowed"


def test_the_schedule_writes_each_closed_day_once(shop: Shop) -> None:
    sold(shop, "Ann")
    shop.settles()
    day_is_over(shop)

    assert exports(shop)[-1] == DAY
    written = list(shop.files.written)
    assert exports(shop) == []
    assert shop.files.written == written


def test_out_of_time_the_rest_is_for_the_next_run(shop: Shop) -> None:
    day_is_over(shop)
    assert exports(shop, time_left=lambda: False) == []
    assert shop.files.written == []


def test_what_is_too_much_for_one_file_waits_and_somebody_is_told(
    shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    sold(shop, "Ann")
    sold(shop, "Ben")
    shop.settles()
    assert sum(len(rows) for rows in orders_to_ship(most=1).values()) == 1
    assert "orders_left_out" in caplog.text


def test_a_day_that_cannot_be_written_stops_no_other(
    shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    """Of the first a transfer has a code that no version of ours wrote."""
    sold(shop, "Ann")
    shop.settles()
    day_is_over(shop)
    shop.passes(24 * 3600)
    closes_days(shop)
    broken = next(row for row in shop.rows("ledger") if row.get("code") == "payment")
    dynamodb().update_item(
        TableName=f"{PREFIX}-ledger",
        Key={name: {"S": broken[name]} for name in ("account_id", "entry")},
        UpdateExpression="SET code = :code",
        ExpressionAttributeValues={":code": {"S": "nobody-knows"}},
    )

    written = exports(shop)

    assert DAY not in written
    assert written[-1] == NEXT
    alarms = [getattr(record, "alarm", None) for record in caplog.records]
    assert alarms.count("day_not_exported") == 1
    assert f"exports/days/{DAY}.json" not in shop.files.contents


def test_a_day_closed_while_transfers_were_away_is_closed_anew_by_hand(shop: Shop) -> None:
    """As docs/operations.md says: its items are deleted, the next hour closes it again."""
    sold(shop, "Ann")
    sold(shop, "Bo")
    shop.settles()
    (away, *_) = shop.rows("ledger", code="payment")
    key = {name: {"S": away[name]} for name in ("account_id", "entry")}
    item = dynamodb().get_item(TableName=f"{PREFIX}-ledger", Key=key)["Item"]
    dynamodb().delete_item(TableName=f"{PREFIX}-ledger", Key=key)
    day_is_over(shop)
    dynamodb().put_item(TableName=f"{PREFIX}-ledger", Item=item)
    assert shop.tries_admin("export_day", day=DAY)["error"]["code"] == "not_allowed"

    for row in shop.rows("ledger", account_id=f"day#{DAY}"):
        closed_key = {name: {"S": row[name]} for name in ("account_id", "entry")}
        dynamodb().delete_item(TableName=f"{PREFIX}-ledger", Key=closed_key)
    closes_days(shop)

    assert shop.admin("export_day", day=DAY)["rows"][f"exports/statements/{DAY}/orchard.csv"] == 3
    shop.assert_books_balance()
