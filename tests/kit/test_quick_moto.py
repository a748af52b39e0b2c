"""moto in a hurry says what moto says."""

from typing import Any

import pytest

from chalicelib.kit import aws
from tests.quick_moto import is_plain, slowly
from tests.streams import Streams
from tests.tables import PREFIX

ORDERS = f"{PREFIX}-orders"
ITEM = {
    "order_id": {"S": "ord_1"},
    "title": {"S": "红富士苹果"},
    "remark": {"S": ""},
    "amount_fen": {"N": "1500"},
    "counts_as_first": {"BOOL": False},
    "group_id": {"NULL": True},
    "address": {"M": {"city": {"S": "杭州市"}, "lines": {"L": [{"N": "1"}, {"M": {}}]}}},
    "uplines": {"L": []},
    "tags": {"SS": ["a", "b"]},
    "sealed": {"B": b"\x00\xff"},
}


def answers() -> list[Any]:
    """Whatever an item comes back in."""
    client, key = aws.dynamodb(), {"order_id": ITEM["order_id"]}
    return [
        client.get_item(TableName=ORDERS, Key=key)["Item"],
        client.scan(TableName=ORDERS)["Items"],
        client.batch_get_item(RequestItems={ORDERS: {"Keys": [key]}})["Responses"],
        client.delete_item(TableName=ORDERS, Key=key, ReturnValues="ALL_OLD")["Attributes"],
    ]


def put() -> None:
    client = aws.dynamodb()
    client.put_item(TableName=ORDERS, Item=ITEM)
    set_title = {
        "UpdateExpression": "SET title = :t",
        "ExpressionAttributeValues": {":t": {"S": "梨"}},
    }
    client.update_item(TableName=ORDERS, Key={"order_id": ITEM["order_id"]}, **set_title)


def test_items_come_back_the_same(database: None) -> None:
    put()
    quick = answers()
    with slowly():
        put()
        assert quick == answers()
    assert quick[0] == {**ITEM, "title": {"S": "梨"}}


def test_streams_tell_the_same(database: None) -> None:
    streams = Streams(aws.dynamodb())
    put()
    quick = images(streams)
    answers()
    assert images(streams) == [("REMOVE", None, {**ITEM, "title": {"S": "梨"}})]
    with slowly():
        put()
        assert images(streams) == quick
    assert quick == [("INSERT", ITEM, None), ("MODIFY", {**ITEM, "title": {"S": "梨"}}, ITEM)]


def images(streams: Streams) -> list[Any]:
    told = [(record["eventName"], record["dynamodb"]) for record in streams.take_of("orders")]
    return [(name, images.get("NewImage"), images.get("OldImage")) for name, images in told]


def test_a_transaction_that_fails_leaves_all_as_it_was(database: None) -> None:
    put()
    client, streams = aws.dynamodb(), Streams(aws.dynamodb())
    before = client.scan(TableName=ORDERS)["Items"]
    key = {"order_id": ITEM["order_id"]}
    change = {
        "TableName": ORDERS,
        "Key": key,
        "UpdateExpression": "SET address.city = :c, uplines = :u REMOVE title",
        "ExpressionAttributeValues": {":c": {"S": "宁波市"}, ":u": {"L": [{"N": "1"}]}},
    }
    never = {
        "TableName": ORDERS,
        "Key": {"order_id": {"S": "ord_2"}},
        "ConditionExpression": "attribute_exists(order_id)",
    }
    with pytest.raises(client.exceptions.TransactionCanceledException):
        client.transact_write_items(TransactItems=[{"Update": change}, {"ConditionCheck": never}])
    assert client.scan(TableName=ORDERS)["Items"] == before
    assert streams.take_of("orders") == []
    client.update_item(**change)
    assert [record["eventName"] for record in streams.take_of("orders")] == ["MODIFY"]


@pytest.mark.parametrize(
    "value",
    [
        {"B": b"\x00"},
        {"SS": ["a"]},
        {"N": 1},
        {"S": None},
        {"M": {"a": {"B": b""}}},
        {"L": [1]},
        {},
    ],
)
def test_what_is_not_sent_as_it_is_kept_goes_motos_way(value: Any) -> None:
    assert not is_plain(value)
