"""What rows say: columns by their names, cells by their columns, rows of one thing together."""

import pytest

from chalicelib.files.entries import read_entries
from chalicelib.files.model import Drop, FileKind, drop_of
from chalicelib.files.tables import Unreadable

SHIPMENTS = "order_id,carrier,tracking_no\n"
PRODUCTS = "product_id,title,specs,on_sale,sku_id,solo_price_fen,stock\n"


def wrong_in(kind: FileKind, text: str) -> list[str]:
    return [entry.wrong for entry in read_entries(kind, text.encode())]


def refusal_of(kind: FileKind, text: str) -> str:
    with pytest.raises(Unreadable) as refusal:
        read_entries(kind, text.encode())
    return str(refusal.value)


def test_shipments_may_have_chinese_headers_and_carriers() -> None:
    (entry,) = read_entries(
        FileKind.SHIPMENTS, "快递单号,订单号,快递公司\nSF1,ord_1,顺丰\n".encode("gb18030")
    )
    assert (entry.lines, entry.about) == ((2,), "ord_1")
    assert entry.fields == {"tracking_no": "SF1", "order_id": "ord_1", "carrier": "SF"}


def test_unknown_columns_are_refused_with_those_that_are_known() -> None:
    assert refusal_of(FileKind.SHIPMENTS, "order_id,carrier,tracking_no,price\n") == (
        "Unknown columns: price. Known: order_id, 订单号, 订单编号, carrier, 快递公司, 物流公司,"
        " tracking_no, 快递单号, 物流单号, 运单号."
    )


def test_a_column_is_there_once_and_not_left_out() -> None:
    assert refusal_of(FileKind.SHIPMENTS, "order_id,carrier\n") == "Missing columns: tracking_no."
    twice = "order_id,订单号,carrier,tracking_no\n"
    assert refusal_of(FileKind.SHIPMENTS, twice) == "Columns that stand twice: order_id."


def test_each_wrong_row_says_what_is_wrong_with_it() -> None:
    rows = [
        "ord_1,SF,1.23E+11",
        "=ord,SF,SF1",
        "ord_3,,SF3",
        "ord_4,SF,SF4,more",
        "ord_5,,",
        "ord_6,SF,SF6",
    ]
    assert wrong_in(FileKind.SHIPMENTS, SHIPMENTS + "\n".join(rows)) == [
        "tracking_no was shortened by Excel: make the column a text and type it again.",
        "order_id must be 1 to 64 of 0-9, A-Z, a-z, _ and -.",
        "carrier is empty.",
        "the row has more cells than the header.",
        "",
        "",
    ]


@pytest.mark.parametrize("price", ["19.90", "¥1990", "1,990", "1990.0", "1e3", "１９９０"])
def test_money_is_whole_fen_and_nothing_else(price: str) -> None:
    (wrong,) = wrong_in(FileKind.PRODUCTS, f'{PRODUCTS}apples,苹果,,yes,apples-5,"{price}",9\n')
    assert wrong == ("solo_price_fen must be a whole number of fen, such as 1990 for 19.90 yuan.")


def test_rows_of_one_product_are_one_entry() -> None:
    text = (
        "apples,苹果,产地: 陕西|净重：5斤,是,apples-5,2000,10\n"
        "apples,,,,apples-9,3500,20\n"
        "pears,梨,,no,pears-5,1800,5\n"
    )
    apples, pears = read_entries(FileKind.PRODUCTS, (PRODUCTS + text).encode())

    assert (apples.lines, apples.about, apples.wrong) == ((2, 3), "apples", "")
    assert apples.fields == {
        "product_id": "apples",
        "title": "苹果",
        "specs": {"产地": "陕西", "净重": "5斤"},
        "on_sale": True,
    }
    assert apples.skus == (
        {"sku_id": "apples-5", "solo_price_fen": 2000, "stock": 10},
        {"sku_id": "apples-9", "solo_price_fen": 3500, "stock": 20},
    )
    assert (pears.lines, pears.fields["on_sale"], pears.fields["specs"]) == ((4,), False, None)


def test_rows_of_one_product_agree_and_follow_each_other() -> None:
    text = (
        "apples,苹果,,,apples-5,2000,10\n"
        "apples,梨,,,apples-9,3500,20\n"
        "pears,梨,,,pears-5,1800,5\n"
        "plums,李,,,plums-5,1800,5\n"
        "pears,梨,,,pears-9,1800,5\n"
    )
    apart = "Its rows have to follow each other, with all its SKUs: one product_id."
    assert wrong_in(FileKind.PRODUCTS, PRODUCTS + text) == [
        "title differs between its rows.",
        apart,
        "",
        apart,
    ]


def test_a_campaigns_time_may_be_as_excel_writes_it() -> None:
    header = "campaign_id,starts_at,ends_at,rules,sku_id,tier_prices_fen\n"
    rows = (
        'autumn,2026/11/22 9:05,2026-11-23T20:00:00+08:00,"{""who"": ""newcomers""}",a,900 800\n'
        "winter,2026/13/22 9:05,,[],a,9.5\n"
    )
    autumn, winter = read_entries(FileKind.CAMPAIGNS, (header + rows).encode())

    assert autumn.fields["starts_at"] == "2026-11-22T01:05:00Z"
    assert autumn.fields["ends_at"] == "2026-11-23T20:00:00+08:00"
    assert autumn.fields["rules"] == {"who": "newcomers"}
    assert autumn.skus == ({"sku_id": "a", "tier_prices_fen": [900, 800]},)
    assert winter.wrong == (
        "starts_at must be a time, such as 2026-11-22 20:00; rules must be JSON, such as {};"
        " tier_prices_fen must be a whole number of fen, such as 1990 for 19.90 yuan."
    )


@pytest.mark.parametrize(
    ("key", "drop", "kind"),
    [
        ("in/products-1.csv", Drop("in/products-1.csv", "products-1.csv"), FileKind.PRODUCTS),
        ("in/a/Shipments.CSV", Drop("in/a/Shipments.CSV", "a/Shipments.CSV"), FileKind.SHIPMENTS),
        (
            "merchants/orchard/in/campaigns.csv",
            Drop("merchants/orchard/in/campaigns.csv", "campaigns.csv", "orchard"),
            None,
        ),
        ("in/prices.csv", Drop("in/prices.csv", "prices.csv"), None),
        ("in/products.xlsx", Drop("in/products.xlsx", "products.xlsx"), None),
    ],
)
def test_a_file_is_known_by_its_folder_and_name(key: str, drop: Drop, kind: FileKind) -> None:
    assert drop_of(key) == drop
    assert drop.kind is kind


@pytest.mark.parametrize(
    "key", ["in/", "in/a/", "results/a.csv", "merchants/a b/in/x.csv", "merchants/a/results/in/x"]
)
def test_what_lies_elsewhere_is_no_drop(key: str) -> None:
    assert drop_of(key) is None


def test_the_result_lies_beside_it() -> None:
    drop = drop_of("merchants/orchard/in/shipments-7.csv")
    assert drop is not None
    assert drop.result_key == "merchants/orchard/results/shipments-7.csv"
    assert drop.progress_key == "merchants/orchard/results/shipments-7.progress.json"


@pytest.mark.parametrize(
    ("cell", "wrong"),
    [
        ("0001-01-01 00:00,", "starts_at must be a time, such as 2026-11-22 20:00"),
        ("2026-11-22 20:00," + "[" * 60_000, "rules must be JSON, such as {}"),
    ],
    ids=["a moment before all moments", "lists without end"],
)
def test_what_no_machine_can_read_is_said_to_be_wrong(cell: str, wrong: str) -> None:
    header = "campaign_id,title,starts_at,rules,sku_id,group_price_fen\n"
    (said,) = wrong_in(FileKind.CAMPAIGNS, f"{header}autumn,t,{cell},apples-5,1\n")
    assert wrong in said
