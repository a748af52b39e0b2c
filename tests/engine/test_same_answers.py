"""That the database most tests run on, the one in this process, says what DynamoDB's own engine
says: the same requests, one after the other, are put to both.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests import dynamodb_here
from tests.tables import create_tables

HERE = "here"
Request = tuple[str, dict[str, Any]]
KEPT = ("Item", "Items", "Attributes", "Count", "ScannedCount", "LastEvaluatedKey", "Responses")


def number(value: int) -> dict[str, str]:
    return {"N": str(value)}


def values(**given: int) -> dict[str, Any]:
    return {"ExpressionAttributeValues": {f":{name}": number(of) for name, of in given.items()}}


def key(name: str) -> dict[str, Any]:
    return {"sku_id": {"S": name}, "shard": number(0)}


def put(name: str, **more: Any) -> dict[str, Any]:
    return {"TableName": "stock", "Item": {**key(name), "units_left": number(3)}, **more}


def update(name: str, expression: str, **more: Any) -> dict[str, Any]:
    return {"TableName": "stock", "Key": key(name), "UpdateExpression": expression, **more}


def take(name: str, units: int) -> dict[str, Any]:
    """As the shop takes units: never more than there are."""
    return update(
        name,
        "SET units_left = units_left - :one ADD taken :one",
        ConditionExpression="units_left >= :one",
        ReturnValuesOnConditionCheckFailure="ALL_OLD",
        **values(one=units),
    )


def transaction(*items: tuple[str, dict[str, Any]]) -> Request:
    return "transact_write_items", {"TransactItems": [{kind: each} for kind, each in items]}


def order(serial: int, **more: Any) -> Request:
    item = {"order_id": {"S": f"o{serial}"}, "member_id": {"S": "m"}, "note": {"S": "x" * 300}}
    placed = {"placed_at": {"S": f"2026-01-{serial:02d}"}}
    return "put_item", {"TableName": "orders", "Item": {**item, **placed, **more}}


def orders_of(member_id: str, **more: Any) -> Request:
    return "query", {
        "TableName": "orders",
        "IndexName": "by_member",
        "KeyConditionExpression": "member_id = :member",
        "ExpressionAttributeValues": {":member": {"S": member_id}},
        **more,
    }


NEW = {"ConditionExpression": "attribute_not_exists(sku_id)"}
SEEN = {"ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
CHANGED = {"ReturnValues": "ALL_NEW"}
NEXT = {"order_id": {"S": "o2"}, "member_id": {"S": "m"}, "placed_at": {"S": "2026-01-02"}}
PARTS: dict[str, tuple[Request, ...]] = {
    "one item": (
        ("get_item", {"TableName": "stock", "Key": key("a")}),
        ("put_item", put("a", **NEW)),
        ("put_item", put("a", **NEW)),
        ("put_item", put("a", **NEW, **SEEN)),
        ("update_item", {**take("a", 2), **CHANGED}),
        ("update_item", take("a", 2)),
        ("update_item", take("nobody", 1)),
        ("get_item", {"TableName": "stock", "Key": key("a"), "ConsistentRead": True}),
        ("delete_item", {"TableName": "stock", "Key": key("a"), "ReturnValues": "ALL_OLD"}),
        ("delete_item", {"TableName": "stock", "Key": key("a")}),
    ),
    "what can be written": (
        ("update_item", update("b", "SET n = if_not_exists(n, :n) + :n", **values(n=4), **CHANGED)),
        ("update_item", update("b", "ADD m :n, n :n REMOVE units_left", **values(n=1), **CHANGED)),
        ("update_item", update("b", "SET n = missing + :n", **values(n=1))),
        ("update_item", update("b", "SET shard = :n", **values(n=1))),
        ("update_item", update("b", "SET n = :n", **values(n=1, unused=2))),
        ("update_item", update("b", "SET n = :absent")),
        ("update_item", update("b", "SET status = :n", **values(n=1))),
        ("put_item", put("b", Item={**key("b"), "set": {"SS": []}})),
        ("put_item", put("b", Item={**key("b"), "set": {"SS": ["x", "x"]}})),
        ("put_item", put("b", Item={"sku_id": {"S": "b"}})),
        ("put_item", put("b", Item={**key("b"), "sku_id": {"S": ""}})),
        ("put_item", put("b", Item={**key("b"), "big": {"S": "x" * 410_000}})),
        ("put_item", put("b", Item={**key("b"), "due_shard": {"S": "no number"}})),
        ("get_item", {"TableName": "stock", "Key": {"sku_id": {"S": "b"}}}),
        ("get_item", {"TableName": "stock", "Key": key("b")}),
    ),
    "transactions": (
        transaction(("Put", put("c", **NEW)), ("Put", put("d", **NEW))),
        transaction(("Put", put("c", **NEW, **SEEN)), ("Put", put("e", **NEW))),
        transaction(("Update", take("c", 3)), ("Update", take("d", 4))),
        transaction(("Update", take("c", 1)), ("Update", take("d", 1))),
        transaction(("Update", take("c", 1)), ("Update", take("c", 1))),
        transaction(("Delete", {"TableName": "stock", "Key": key("d"), **NEW})),
        transaction(("ConditionCheck", {"TableName": "stock", "Key": key("c"), **NEW})),
        transaction(*(("Put", put(f"many-{each}")) for each in range(101))),
        transaction(*(("Put", put(f"many-{each}")) for each in range(100))),
        ("get_item", {"TableName": "stock", "Key": key("c")}),
        ("get_item", {"TableName": "stock", "Key": key("d")}),
        ("get_item", {"TableName": "stock", "Key": key("e")}),
    ),
    "queries": (
        *(order(serial) for serial in (1, 2, 3, 4)),
        order(5, member_id={"S": "another"}),
        orders_of("m"),
        orders_of("m", ScanIndexForward=False, Limit=3),
        orders_of("m", Limit=2),
        orders_of("m", Limit=2, ExclusiveStartKey=NEXT),
        orders_of("m", ConsistentRead=True),
        orders_of("m", KeyConditionExpression="member_id = :member AND note = :member"),
        orders_of("m", ExclusiveStartKey={"order_id": {"S": "o2"}}),
        orders_of("nobody"),
        orders_of("m", IndexName="no_such_index"),
        ("query", {**orders_of("m")[1], "TableName": "no-such-table"}),
        (
            "batch_get_item",
            {"RequestItems": {"orders": {"Keys": [{"order_id": {"S": "o1"}}] * 2}}},
        ),
        (
            "batch_get_item",
            {"RequestItems": {"orders": {"Keys": [{"order_id": {"S": n}} for n in ("o1", "o9")]}}},
        ),
    ),
}


@pytest.fixture
def here() -> Iterator[Any]:
    """The one in this process."""
    dynamodb_here.delete_tables()
    client = dynamodb_here.Client()
    create_tables(client, HERE, with_expiry=False)
    yield client
    dynamodb_here.delete_tables()


@pytest.mark.parametrize(
    "request_of_neither",
    [
        ("update_item", update("b", "SET n = :n, n = :n", **values(n=1))),
        orders_of("m", FilterExpression="begins_with(note, :member)"),
    ],
    ids=["an attribute set twice", "a filter on what the index does not hold"],
)
def test_it_takes_what_the_engine_refuses_in_two_cases(
    here: Any, client: Any, tables: dict[str, str], request_of_neither: Request
) -> None:
    """Neither is asked by the shop: its updates name each path once, and only queries of a table
    itself filter.
    """
    assert _said(client, request_of_neither, tables)[0] == "ValidationException"
    assert isinstance(_said(here, request_of_neither, {n: f"{HERE}-{n}" for n in tables}), dict)


@pytest.mark.parametrize("part", PARTS)
def test_it_says_what_the_engine_says(
    part: str, here: Any, client: Any, tables: dict[str, str]
) -> None:
    names_here = {name: f"{HERE}-{name}" for name in tables}
    for serial, request in enumerate(PARTS[part]):
        said = _said(client, request, tables)
        assert _said(here, request, names_here) == said, (serial, request)


def _said(client: Any, request: Request, names: dict[str, str]) -> Any:
    """What of the answer the shop's code looks at."""
    operation, fields = request
    try:
        answer = getattr(client, operation)(**_named(fields, names))
    except ClientError as error:
        reasons = error.response.get("CancellationReasons", [])
        told = [(reason.get("Code"), reason.get("Item")) for reason in reasons]
        return error.response["Error"]["Code"], told, error.response.get("Item")
    kept = {name: answer[name] for name in KEPT if name in answer}
    if "Responses" in kept:
        ((_, kept["Responses"]),) = kept["Responses"].items()
    return kept


def _named(fields: Any, names: dict[str, str]) -> Any:
    """The same request with this database's own table names."""
    if isinstance(fields, list):
        return [_named(each, names) for each in fields]
    if not isinstance(fields, dict):
        return fields
    named = {name: _named(each, names) for name, each in fields.items()}
    if "TableName" in named:
        named["TableName"] = names.get(named["TableName"], named["TableName"])
    if "RequestItems" in named:
        named["RequestItems"] = {names[name]: of for name, of in named["RequestItems"].items()}
    return named
