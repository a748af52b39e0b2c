"""A file that is dropped: row by row through the operators' commands, the result beside it."""

import csv
import io
from collections.abc import Callable

import pytest

from tests.dropping import drops, event_of, outcomes, progress, results, take, takes
from tests.shop import Placed, Shop

HEADER = "order_id,carrier,tracking_no\n"
KEY = "in/shipments-1.csv"
OF_ORCHARD = "merchants/orchard/in/shipments.csv"
OF_FARM = "merchants/farm/in/shipments.csv"
PRODUCTS = "product_id,title,category,sku_id,sku_title,solo_price_fen,stock\n"
PRICES = "product_id,sku_id,solo_price_fen,stock\n"
TOO_BIG = "The file is larger than 2048 KiB: cut it into several."
TOO_LONG = "More than 5000 rows: cut the file into several."


def ready(shop: Shop, count: int) -> list[Placed]:
    """So many orders that can be shipped."""
    names = [f"Ann-{number}" for number in range(count)]
    orders = [shop.member(name).buys().pays() for name in names]
    shop.settles()
    return orders


def shipments(orders: list[Placed]) -> str:
    return HEADER + "".join(f"{order.order_id},SF,SF{n}\n" for n, order in enumerate(orders))


def time_for(entries: int) -> Callable[[], bool]:
    """There is time for so many entries in each run."""
    asked = iter(range(1, 10_000))
    return lambda: next(asked) % (entries + 1) != 0


def test_good_rows_are_done_and_wrong_ones_say_why(shop: Shop) -> None:
    first, second = ready(shop, 2)
    unpaid = shop.member("Ben").buys()
    forming = shop.member("Cat").opens().pays()
    rows = drops(
        shop,
        KEY,
        f"{HEADER}{first.order_id},顺丰,SF1\n"
        f"ord_nothing,SF,SF2\n"
        f"{unpaid.order_id},SF,SF3\n"
        f"{second.order_id},顺丰速递公司,SF4\n"
        f"{forming.order_id},SF,SF5\n"
        f"{second.order_id},,\n"
        f"{second.order_id},SF,SF6\n"
        f"{second.order_id},SF,SF7\n",
    )

    assert rows == [
        {"line": str(line), "about": about, "outcome": outcome, "what_was_wrong": what}
        for line, about, outcome, what in [
            (2, first.order_id, "done", ""),
            (3, "ord_nothing", "wrong", "There is no such order."),
            (4, unpaid.order_id, "wrong", "It is awaiting_payment: it cannot be shipped."),
            (
                5,
                second.order_id,
                "wrong",
                "carrier: String should match pattern '^[0-9A-Za-z_]{1,32}$'",
            ),
            (
                6,
                forming.order_id,
                "wrong",
                "Nothing ships before its group is complete, and drawn or promised.",
            ),
            (7, second.order_id, "unchanged", "Nothing is filled in."),
            (8, second.order_id, "done", ""),
            (9, second.order_id, "wrong", "It is shipped: it cannot be shipped."),
        ]
    ]
    assert [each.status for each in (first, second)] == ["shipped", "shipped"]
    assert unpaid.status == "awaiting_payment"
    assert progress(shop, KEY)["rows"] == {"done": 2, "unchanged": 1, "wrong": 5}
    assert progress(shop, KEY)["state"] == "finished"


def test_the_same_file_again_changes_nothing_and_says_so(shop: Shop) -> None:
    text = shipments(ready(shop, 3))
    assert outcomes(drops(shop, KEY, text)) == ["done"] * 3
    shop.settles()
    before = shop.everything()

    assert outcomes(drops(shop, KEY, text)) == ["unchanged"] * 3
    shop.settles()
    assert shop.everything() == before


def test_the_same_event_again_is_passed_over(shop: Shop) -> None:
    shop.files.contents[KEY] = shipments(ready(shop, 2)).encode()
    event = event_of(KEY)
    take(shop, event)
    written = list(shop.files.written)

    take(shop, event)

    assert shop.files.written == written
    assert outcomes(results(shop, KEY)) == ["done"] * 2


def test_out_of_time_it_goes_on_by_itself(shop: Shop) -> None:
    orders = ready(shop, 5)
    shop.files.contents[KEY] = shipments(orders).encode()

    runs = take(shop, event_of(KEY), time_left=time_for(2))

    assert runs == 3
    assert outcomes(results(shop, KEY)) == ["done"] * 5
    assert {order.status for order in orders} == {"shipped"}


def test_while_it_runs_it_shows_how_far_it_is(shop: Shop) -> None:
    shop.files.contents[KEY] = shipments(ready(shop, 3)).encode()
    takes(shop, event_of(KEY), time_for(2))

    seen = progress(shop, KEY)
    assert {name: seen[name] for name in ("file", "state", "at", "entries", "reached", "rows")} == {
        "file": "shipments-1.csv",
        "state": "running",
        "at": "2026-11-22T12:00:00Z",
        "entries": 3,
        "reached": 2,
        "rows": {"done": 2, "unchanged": 0, "wrong": 0},
    }
    assert "results/shipments-1.csv" not in shop.files.contents


class _Killed(BaseException):
    """Lambda ended the function."""


@pytest.mark.parametrize("after", range(4))
def test_killed_between_two_rows_the_retry_does_the_rest(shop: Shop, after: int) -> None:
    orders = ready(shop, 3)
    shop.files.contents[KEY] = shipments(orders).encode()
    event = event_of(KEY)
    asked = iter(range(10))

    def until_killed() -> bool:
        if next(asked) == after:
            raise _Killed
        return True

    if after < 3:
        with pytest.raises(_Killed):
            take(shop, event, time_left=until_killed)
    take(shop, event)
    shop.settles()

    assert {order.status for order in orders} == {"shipped"}
    expected = ["unchanged"] * after + ["done"] * (3 - after) if after < 3 else ["done"] * 3
    assert outcomes(results(shop, KEY)) == expected
    shop.assert_books_balance()


def test_dropped_again_with_other_content_the_old_one_is_left(shop: Shop) -> None:
    first, second, third = ready(shop, 3)
    shop.files.contents[KEY] = shipments([first, second]).encode()
    takes(shop, event_of(KEY), time_for(1))
    assert outcomes(drops(shop, KEY, shipments([third]))) == ["done"]
    assert (first.status, second.status, third.status) == ("shipped", "to_ship", "shipped")


def test_a_merchant_ships_their_own_and_learns_nothing_of_others(shop: Shop) -> None:
    (order,) = ready(shop, 1)
    shop.admin("put_merchant", merchant_id="farm", name="农场")
    text = f"{HEADER}{order.order_id},SF,SF1\nord_nothing,SF,SF1\n{order.order_id},x y,,\n"

    theirs = drops(shop, OF_FARM, text)
    assert outcomes(theirs) == ["wrong"] * 3
    assert [row["what_was_wrong"] for row in theirs] == [
        "There is no such order.",
        "There is no such order.",
        "tracking_no is empty.",
    ]
    assert order.status == "to_ship"
    assert outcomes(drops(shop, OF_ORCHARD, text)) == ["done", "wrong", "wrong"]


def test_a_merchant_puts_products_of_their_own_only(shop: Shop) -> None:
    shop.admin("put_merchant", merchant_id="farm", name="农场")
    key = "merchants/farm/in/products.csv"
    rows = drops(
        shop,
        key,
        f"{PRODUCTS}eggs,鸡蛋,,eggs-30,三十枚,3000,50\n"
        "apples,苹果,,apples-5,5斤装,1,100\n"
        "fruit,水果,,apples-5,5斤装,1,100\n",
    )

    assert [(row["outcome"], row["what_was_wrong"]) for row in rows] == [
        ("done", ""),
        ("wrong", "This product_id cannot be used here."),
        ("wrong", "sku_id apples-5 cannot be used here."),
    ]
    (eggs,) = shop.rows("catalog", id="eggs", kind="product")
    assert eggs["content"]["merchant_id"] == "farm"
    assert shop.units_left() == 100

    header = PRODUCTS.replace("product_id", "merchant_id,product_id")
    (row,) = drops(shop, key, f"{header}orchard,milk,牛奶,,milk-1,一升,900,5\n")
    assert row["what_was_wrong"] == "merchant_id has to be farm."


def test_what_a_merchant_may_not_drop_is_refused(shop: Shop) -> None:
    (row,) = drops(shop, "merchants/orchard/in/campaigns.csv", "campaign_id,sku_id\nautumn,a\n")
    assert row["what_was_wrong"] == (
        "A file for this folder is called products….csv, shipments….csv."
    )


def test_what_a_file_has_no_column_for_stays(shop: Shop) -> None:
    shop.admin(
        "put_product",
        **{**shop.product(), "description": "脆甜", "images": ["https://a.test/1.jpg"]},
    )
    before = shop.rows("catalog", id="apples", kind="product")[0]["content"]

    (row,) = drops(
        shop,
        "in/products.csv",
        f"{PRICES}apples,apples-5,2200,120\n",
    )

    after = shop.rows("catalog", id="apples", kind="product")[0]["content"]
    assert row["outcome"] == "done"
    assert after["skus"][0].pop("solo_price_fen") == 2200
    assert before["skus"][0].pop("solo_price_fen") == 2000
    assert after == before
    assert shop.units_left() == 120


def test_an_empty_cell_takes_the_default(shop: Shop) -> None:
    shop.admin("put_product", **{**shop.product(), "category": "水果"})
    text = f"{PRODUCTS}apples,红富士苹果,,apples-5,5斤装,2000,100\n"

    assert outcomes(drops(shop, "in/products.csv", text)) == ["done"]
    assert shop.rows("catalog", id="apples", kind="product")[0]["content"]["category"] == ""
    assert outcomes(drops(shop, "in/products.csv", text)) == ["unchanged"]


def test_campaigns_are_put_and_again_are_unchanged(shop: Shop) -> None:
    text = (
        "campaign_id,title,size,duration_seconds,starts_at,ends_at,sku_id,group_price_fen\n"
        "winter,冬季拼团,3,3600,2026-11-22 20:00,2026-11-24 20:00,apples-5,1200\n"
        "dear,太贵,3,3600,2026-11-22 20:00,2026-11-24 20:00,apples-5,2100\n"
        "autumn,秋季拼团,2,3600,,,apples-5,1500\n"
    )
    rows = drops(shop, "in/campaigns.csv", text)

    assert [(row["about"], row["outcome"], row["what_was_wrong"]) for row in rows] == [
        ("winter", "done", ""),
        (
            "dear",
            "wrong",
            "skus: SKU apples-5: the group price of 2100 fen is above the solo price of 2000 fen.",
        ),
        ("autumn", "wrong", "starts_at: Field required; ends_at: Field required"),
    ]
    assert shop.admin("get_campaign", campaign_id="winter")["starts_at"] == "2026-11-22T12:00:00Z"
    only_price = "campaign_id,sku_id,group_price_fen\nautumn,apples-5,1500\nwinter,apples-5,1100\n"
    assert outcomes(drops(shop, "in/campaigns.csv", only_price)) == ["unchanged", "done"]


@pytest.mark.parametrize(
    ("key", "content", "why"),
    [
        (
            "in/prices.csv",
            b"a",
            "A file for this folder is called campaigns….csv, products….csv, shipments….csv.",
        ),
        (
            KEY,
            b" " * (2 * 1024 * 1024 + 1),
            TOO_BIG,
        ),
        (KEY, b"", "The file is empty."),
        (
            KEY,
            HEADER.encode() + b"o,S,1\n" * 5001,
            TOO_LONG,
        ),
    ],
    ids=["name", "size", "empty", "rows"],
)
def test_a_file_that_is_refused_as_a_whole_has_one_row(
    shop: Shop, key: str, content: bytes, why: str
) -> None:
    before = shop.everything()
    (row,) = drops(shop, key, content)
    assert (row["line"], row["outcome"], row["what_was_wrong"]) == ("1", "wrong", why)
    assert shop.everything() == before


def test_no_cell_of_a_result_is_a_formula(shop: Shop) -> None:
    drops(shop, KEY, f'{HEADER}"=HYPERLINK(""http://x"")",SF,SF1\n@a,SF,SF1\n')
    content = shop.files.contents["results/shipments-1.csv"].decode("utf-8-sig")
    abouts = [row[1] for row in csv.reader(io.StringIO(content, newline=""))]
    assert abouts == ["about", '\'=HYPERLINK("http://x")', "'@a"]


def test_a_busy_database_is_no_verdict_on_the_row(shop: Shop) -> None:
    (order,) = ready(shop, 1)
    with shop.database_fails("TransactWriteItems", "UpdateItem"):
        (row,) = drops(shop, KEY, shipments([order]))
    assert row["outcome"] == "wrong"
    assert row["what_was_wrong"] == "Busy just now; please try again. Drop the file again."
    assert outcomes(drops(shop, KEY, shipments([order]))) == ["done"]


def test_what_is_gone_or_lies_elsewhere_leaves_nothing(shop: Shop) -> None:
    take(shop, event_of(KEY))
    take(shop, event_of("results/shipments-1.csv"))
    assert shop.files.written == []


def test_shipped_from_a_file_all_the_way_to_the_books(shop: Shop) -> None:
    orders = ready(shop, 3)
    text = "订单号,快递公司,快递单号\n" + "".join(
        f"{order.order_id},顺丰,SF{number}\n" for number, order in enumerate(orders)
    )

    assert outcomes(drops(shop, OF_ORCHARD, text.encode("gb18030"))) == ["done"] * 3
    shop.settles()
    for order in orders:
        order.receives()
    shop.settles()

    assert [order.now()["shipment"]["tracking_no"] for order in orders] == ["SF0", "SF1", "SF2"]
    shop.assert_books_balance()
