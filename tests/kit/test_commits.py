"""The commit: guards become refusals, in the order they were added; conflicts are tried again;
nothing else is.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from botocore.exceptions import ClientError

from chalicelib.kit.aws import dynamodb
from chalicelib.kit.errors import TryAgain
from chalicelib.kit.reads import read
from chalicelib.kit.repeat import until_settled
from chalicelib.kit.writes import Changed, WriteSet
from chalicelib.stock.errors import OutOfStock
from chalicelib.stock.store import StockRow, release, reserve, stock_key


def supply(sku_id: str, units: int) -> None:
    writes = WriteSet()
    writes.put(StockRow(sku_id=sku_id, shard=0, supplied=units, units_left=units))
    writes.commit()


def units_left(sku_id: str) -> int:
    key = stock_key(sku_id)
    row = read(key).find(key)
    assert row is not None
    return int(row.units_left)


@contextmanager
def failing(operation: str, times: int, error: ClientError) -> Iterator[list[int]]:
    """DynamoDB refuses so many calls with this error; what is kept is how many were made."""
    calls = [0]

    def refuse(**_: Any) -> None:
        calls[0] += 1
        if calls[0] <= times:
            raise error

    event = f"before-parameter-build.dynamodb.{operation}"
    dynamodb().meta.events.register(event, refuse)
    yield calls
    dynamodb().meta.events.unregister(event, refuse)


def cancelled(*codes: str) -> ClientError:
    reasons = [{"Code": code} for code in codes]
    error = {"Code": "TransactionCanceledException", "Message": "cancelled"}
    return ClientError({"Error": error, "CancellationReasons": reasons}, "TransactWriteItems")


def two_reservations() -> WriteSet:
    writes = WriteSet()
    reserve(writes, "apples", 1)
    reserve(writes, "pears", 1)
    return writes


def test_a_failed_guard_is_the_refusal_it_was_added_with_and_nothing_is_written(
    database: None,
) -> None:
    supply("apples", 5)
    supply("pears", 0)

    with pytest.raises(OutOfStock) as refused:
        two_reservations().commit()

    assert refused.value.context == {"sku_id": "pears", "available": 0}
    assert (units_left("apples"), units_left("pears")) == (5, 0)


def test_of_two_failed_guards_the_one_added_first_speaks(database: None) -> None:
    supply("apples", 0)
    supply("pears", 0)

    with pytest.raises(OutOfStock) as refused:
        two_reservations().commit()

    assert refused.value.context == {"sku_id": "apples", "available": 0}


def test_a_single_write_is_guarded_as_well(database: None) -> None:
    supply("apples", 1)
    writes = WriteSet()
    reserve(writes, "apples", 2)

    with pytest.raises(OutOfStock) as refused:
        writes.commit()

    assert refused.value.context == {"sku_id": "apples", "available": 1}


def test_a_conflict_with_another_transaction_is_tried_again(database: None) -> None:
    supply("apples", 5)
    supply("pears", 5)

    with failing("TransactWriteItems", 3, cancelled("None", "TransactionConflict")) as calls:
        two_reservations().commit()

    assert calls == [4]
    assert (units_left("apples"), units_left("pears")) == (4, 4)


def test_conflicts_without_end_are_a_refusal_to_be_repeated(database: None) -> None:
    supply("apples", 5)
    supply("pears", 5)

    with (
        failing("TransactWriteItems", 99, cancelled("TransactionConflict", "None")) as calls,
        pytest.raises(TryAgain),
    ):
        two_reservations().commit()

    assert calls == [8]
    assert (units_left("apples"), units_left("pears")) == (5, 5)


def test_what_is_neither_guard_nor_conflict_is_an_error(database: None) -> None:
    with (
        failing("TransactWriteItems", 1, cancelled("ValidationError", "None")) as calls,
        pytest.raises(ClientError),
    ):
        two_reservations().commit()

    assert calls == [1]


def test_an_empty_commit_asks_nobody(database: None) -> None:
    with failing("TransactWriteItems", 1, cancelled("None")) as calls:
        WriteSet().commit()

    assert calls == [0]


def test_a_checked_row_is_not_written(database: None) -> None:
    supply("apples", 1)
    writes = WriteSet()
    writes.check(stock_key("apples"), guard=StockRow.units_left >= 2)

    with pytest.raises(Changed):
        writes.commit()

    assert units_left("apples") == 1


def test_giving_back_is_relative(database: None) -> None:
    supply("apples", 1)
    writes = WriteSet()
    release(writes, "apples", 3)
    writes.commit()

    assert units_left("apples") == 4


def test_a_verb_reads_again_until_nobody_wrote_in_between() -> None:
    attempts: list[int] = []

    def attempt() -> str:
        attempts.append(len(attempts))
        if len(attempts) < 3:
            raise Changed()
        return "done"

    assert until_settled(attempt) == "done"
    assert attempts == [0, 1, 2]


def test_a_verb_gives_up_on_rows_that_never_stand_still() -> None:
    attempts: list[int] = []

    def attempt() -> None:
        attempts.append(1)
        raise Changed()

    with pytest.raises(TryAgain):
        until_settled(attempt)
    assert len(attempts) == 12
