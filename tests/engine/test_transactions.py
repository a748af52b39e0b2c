"""What a commit relies on, asked of DynamoDB's own engine rather than of a copy of it."""

import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import pytest
from botocore.awsrequest import AWSPreparedRequest
from botocore.exceptions import ClientError, ConnectionClosedError
from botocore.httpsession import URLLib3Session

from tests.tables import local_client

THREADS = 16
Item = dict[str, dict[str, Any]]


def key(sku_id: str) -> Item:
    return {"sku_id": {"S": sku_id}, "shard": {"N": "0"}}


def take_one(table: str, sku_id: str) -> dict[str, Any]:
    """Take a unit, guarded by there being one."""
    return {
        "TableName": table,
        "Key": key(sku_id),
        "UpdateExpression": "SET units_left = units_left - :one",
        "ConditionExpression": "units_left >= :one",
        "ExpressionAttributeValues": {":one": {"N": "1"}},
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }


def supply(client: Any, table: str, sku_id: str, units: int) -> None:
    client.put_item(TableName=table, Item={**key(sku_id), "units_left": {"N": str(units)}})


def units_left(client: Any, table: str, sku_id: str) -> int:
    found = client.get_item(TableName=table, Key=key(sku_id), ConsistentRead=True)
    return int(found["Item"]["units_left"]["N"])


def reason_codes(error: ClientError) -> list[str]:
    reasons: list[dict[str, Any]] = error.response["CancellationReasons"]
    return [reason["Code"] for reason in reasons]


class LostAnswer:
    """Lets a client's first request arrive and loses the answer; the next ones pass.

    Remembers what was sent, so that a test can compare one attempt with the next.
    """

    def __init__(self, client: Any) -> None:
        self.bodies: list[dict[str, Any]] = []
        client.meta.events.register("before-send.dynamodb", self._send)

    def _send(self, request: AWSPreparedRequest, **_: Any) -> None:
        self.bodies.append(json.loads(request.body))
        if len(self.bodies) == 1:
            with closing(URLLib3Session()) as session:
                assert session.send(request).status_code == 200
            raise ConnectionClosedError(endpoint_url=request.url)


def test_sixteen_buyers_never_take_more_units_than_there_are(
    client: Any, tables: dict[str, str]
) -> None:
    stock = tables["stock"]
    supply(client, stock, "scarce", 8)
    for buyer in range(THREADS):
        supply(client, stock, f"own-{buyer}", 100)

    def buys_twice(buyer: int) -> Counter[str]:
        outcomes: Counter[str] = Counter()
        for _ in range(2):
            writes = [take_one(stock, "scarce"), take_one(stock, f"own-{buyer}")]
            try:
                client.transact_write_items(TransactItems=[{"Update": write} for write in writes])
                outcomes["taken"] += 1
            except ClientError as error:
                outcomes[" ".join(reason_codes(error))] += 1
        return outcomes

    with ThreadPoolExecutor(THREADS) as buyers:
        outcomes = sum(buyers.map(buys_twice, range(THREADS)), Counter[str]())

    # The engine works through transactions one at a time: unlike the service, it never answers
    # TransactionConflict, so what a conflict does is proved elsewhere, with a client that says it.
    assert outcomes == {"taken": 8, "ConditionalCheckFailed None": 24}
    assert units_left(client, stock, "scarce") == 0
    spent = sum(100 - units_left(client, stock, f"own-{buyer}") for buyer in range(THREADS))
    assert spent == 8


def test_each_failed_guard_of_a_cancelled_transaction_shows_its_item_in_the_order_of_the_writes(
    client: Any, tables: dict[str, str]
) -> None:
    stock = tables["stock"]
    supply(client, stock, "none-left", 0)
    supply(client, stock, "some-units", 2)
    supply(client, stock, "some-left", 3)
    absent = {
        "TableName": tables["orders"],
        "Key": {"order_id": {"S": "unknown"}},
        "ConditionExpression": "attribute_exists(order_id)",
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }
    taken_id = {
        "TableName": stock,
        "Item": {**key("some-left"), "units_left": {"N": "9"}},
        "ConditionExpression": "attribute_not_exists(sku_id)",
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }

    with pytest.raises(ClientError) as refused:
        client.transact_write_items(
            TransactItems=[
                {"Update": take_one(stock, "none-left")},
                {"Update": take_one(stock, "some-units")},
                {"ConditionCheck": absent},
                {"Put": taken_id},
            ]
        )

    reasons: list[dict[str, Any]] = refused.value.response["CancellationReasons"]
    assert [reason["Code"] for reason in reasons] == [
        "ConditionalCheckFailed",
        "None",
        "ConditionalCheckFailed",
        "ConditionalCheckFailed",
    ]
    assert [reason.get("Item") for reason in reasons] == [
        {**key("none-left"), "units_left": {"N": "0"}},
        None,
        None,
        {**key("some-left"), "units_left": {"N": "3"}},
    ]
    assert units_left(client, stock, "some-units") == 2
    assert units_left(client, stock, "some-left") == 3


def test_a_failed_guard_of_a_single_write_shows_its_item_too(
    client: Any, tables: dict[str, str]
) -> None:
    supply(client, tables["stock"], "none-left", 0)

    with pytest.raises(ClientError) as refused:
        client.update_item(**take_one(tables["stock"], "none-left"))

    assert refused.value.response["Error"]["Code"] == "ConditionalCheckFailedException"
    assert refused.value.response["Item"] == {**key("none-left"), "units_left": {"N": "0"}}


def test_two_writes_to_one_item_are_refused_as_a_whole(client: Any, tables: dict[str, str]) -> None:
    stock = tables["stock"]
    supply(client, stock, "one", 5)

    with pytest.raises(ClientError) as refused:
        client.transact_write_items(TransactItems=[{"Update": take_one(stock, "one")}] * 2)

    assert refused.value.response["Error"]["Code"] == "ValidationException"
    assert units_left(client, stock, "one") == 5


def test_giving_back_to_a_counter_that_has_vanished_leaves_it_at_zero(
    client: Any, tables: dict[str, str]
) -> None:
    give_back = {
        "TableName": tables["limits"],
        "Key": {"limit_key": {"S": "member:day"}},
        "UpdateExpression": "SET used = if_not_exists(used, :quantity) - :quantity",
        "ExpressionAttributeValues": {":quantity": {"N": "3"}},
    }

    client.transact_write_items(TransactItems=[{"Update": give_back}])

    found = client.get_item(TableName=tables["limits"], Key=give_back["Key"])
    assert found["Item"]["used"] == {"N": "0"}


def test_a_counter_guarded_by_its_absence_or_its_value_stops_exactly_at_its_limit(
    client: Any, tables: dict[str, str]
) -> None:
    count_two_of_five = {
        "TableName": tables["limits"],
        "Key": {"limit_key": {"S": "member:day"}},
        "UpdateExpression": "SET used = if_not_exists(used, :nothing) + :two",
        "ConditionExpression": "attribute_not_exists(used) OR used <= :limit_minus_two",
        "ExpressionAttributeValues": {
            ":nothing": {"N": "0"},
            ":two": {"N": "2"},
            ":limit_minus_two": {"N": "3"},
        },
    }

    client.update_item(**count_two_of_five)
    client.update_item(**count_two_of_five)
    with pytest.raises(ClientError, match="ConditionalCheckFailed"):
        client.update_item(**count_two_of_five)

    found = client.get_item(TableName=tables["limits"], Key=count_two_of_five["Key"])
    assert found["Item"]["used"] == {"N": "4"}


def test_a_transaction_whose_answer_is_lost_is_sent_again_under_its_token_and_done_once(
    dynamodb_endpoint: str, client: Any, tables: dict[str, str]
) -> None:
    stock = tables["stock"]
    supply(client, stock, "last", 1)
    retrying = local_client(dynamodb_endpoint, attempts=3)
    lost = LostAnswer(retrying)

    retrying.transact_write_items(TransactItems=[{"Update": take_one(stock, "last")}])

    first, second = (body["ClientRequestToken"] for body in lost.bodies)
    assert first == second
    assert units_left(client, stock, "last") == 0


def test_each_transaction_has_a_token_of_its_own(
    dynamodb_endpoint: str, client: Any, tables: dict[str, str]
) -> None:
    stock = tables["stock"]
    supply(client, stock, "two", 2)
    retrying = local_client(dynamodb_endpoint, attempts=3)
    lost = LostAnswer(retrying)

    retrying.transact_write_items(TransactItems=[{"Update": take_one(stock, "two")}])
    retrying.transact_write_items(TransactItems=[{"Update": take_one(stock, "two")}])

    assert len({body["ClientRequestToken"] for body in lost.bodies}) == 2
    assert units_left(client, stock, "two") == 0


def test_a_single_write_whose_answer_is_lost_fails_its_own_guard_when_sent_again(
    dynamodb_endpoint: str, client: Any, tables: dict[str, str]
) -> None:
    stock = tables["stock"]
    supply(client, stock, "last", 1)
    retrying = local_client(dynamodb_endpoint, attempts=3)
    lost = LostAnswer(retrying)

    with pytest.raises(ClientError) as refused:
        retrying.update_item(**take_one(stock, "last"))

    # A single write has no token. Whoever reads this refusal must look whether it was done.
    assert refused.value.response["Error"]["Code"] == "ConditionalCheckFailedException"
    assert len(lost.bodies) == 2
    assert units_left(client, stock, "last") == 0


@pytest.mark.parametrize(
    ("sku_id", "outcome"), [("first", None), ("second", "IdempotentParameterMismatchException")]
)
def test_a_token_of_ours_would_hide_a_repeat_and_break_on_another_request(
    client: Any, tables: dict[str, str], sku_id: str, outcome: str | None
) -> None:
    stock = tables["stock"]
    supply(client, stock, "first", 5)
    supply(client, stock, "second", 5)
    token = f"{stock}-token"[:36]
    writes = [{"Update": take_one(stock, "first")}]
    client.transact_write_items(TransactItems=writes, ClientRequestToken=token)

    try:
        again = [{"Update": take_one(stock, sku_id)}]
        client.transact_write_items(TransactItems=again, ClientRequestToken=token)
        code = None
    except ClientError as error:
        code = error.response["Error"]["Code"]

    assert code == outcome
    assert units_left(client, stock, "first") == 4
    assert units_left(client, stock, "second") == 5


def test_an_item_is_in_the_index_of_what_is_due_only_while_it_has_a_due_time(
    client: Any, tables: dict[str, str]
) -> None:
    orders = tables["orders"]
    order = {"order_id": {"S": "ord_1"}}
    due = {"due_shard": {"N": "3"}, "due_at": {"S": "2026-11-22T15:08:44.120Z"}}

    def what_is_due() -> list[Item]:
        found: list[Item] = client.query(
            TableName=orders,
            IndexName="due",
            KeyConditionExpression="due_shard = :shard",
            ExpressionAttributeValues={":shard": {"N": "3"}},
        )["Items"]
        return found

    client.put_item(TableName=orders, Item={**order, **due, "amount_fen": {"N": "100"}})
    assert what_is_due() == [{**order, **due}]

    client.update_item(TableName=orders, Key=order, UpdateExpression="REMOVE due_shard, due_at")
    assert what_is_due() == []
