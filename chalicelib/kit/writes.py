"""The commit: guarded writes gathered by stores, sent as one, each failed guard turned into the
refusal it stands for.

One write goes as a plain conditional write (half the price), several as one TransactWriteItems. A
conflict with another transaction is tried again with jitter; a failed guard never is. Nothing is
written except through here.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action, Update

from chalicelib.kit import correlation
from chalicelib.kit.aws import dynamodb
from chalicelib.kit.errors import TryAgain
from chalicelib.kit.pauses import pause
from chalicelib.kit.tables import Key, Row

RefusalOf = Callable[[Any], Exception]
"""From the item as it is now (a row, or None when there is none) to what its failed guard means."""

_STAMP = "correlation_id"
_ATTEMPTS = 8
_FIRST_PAUSE_MILLISECONDS = 15
_PASSING = frozenset(
    {
        "TransactionConflict",
        "TransactionConflictException",
        "TransactionInProgressException",
        "ThrottlingError",
        "ThrottlingException",
        "ProvisionedThroughputExceeded",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
    }
)


class Changed(Exception):
    """A row is no longer as it was read; the verb reads again and decides anew."""


def changed(_row: object) -> Changed:
    """The refusal of a guard that only says "as it was read"."""
    return Changed()


@dataclass(frozen=True)
class _Write:
    operation: str
    row: type[Row]
    request: dict[str, Any]
    refusal: RefusalOf


class WriteSet:
    """Writes that happen together or not at all. Guards are checked in the order they were
    added.
    """

    def __init__(self) -> None:
        self._writes: list[_Write] = []

    def __len__(self) -> int:
        return len(self._writes)

    def put(
        self, row: Row, *, guard: Condition | None = None, refusal: RefusalOf = changed
    ) -> None:
        """Write a whole new item; without a guard it replaces whatever is there."""
        item = row.to_item()
        if (stamp := _stamp(type(row))) is not None:
            item[_STAMP] = {"S": stamp}
        self._add("Put", type(row), {"Item": item}, guard, refusal)

    def update(
        self,
        key: Key[Row],
        actions: Sequence[Action],
        *,
        guard: Condition | None = None,
        refusal: RefusalOf = changed,
    ) -> None:
        """Change attributes of an item; what is not named keeps its value."""
        request: dict[str, Any] = {"Key": key.to_item()}
        if (stamp := _stamp(key.row)) is not None:
            actions = [*actions, _attribute(key.row).set(stamp)]
        self._add("Update", key.row, request, guard, refusal, actions)

    def delete(
        self, key: Key[Row], *, guard: Condition | None = None, refusal: RefusalOf = changed
    ) -> None:
        self._add("Delete", key.row, {"Key": key.to_item()}, guard, refusal)

    def check(self, key: Key[Row], *, guard: Condition, refusal: RefusalOf = changed) -> None:
        """Write nothing to this item, but let all fail unless the guard holds."""
        self._add("ConditionCheck", key.row, {"Key": key.to_item()}, guard, refusal)

    def commit(self) -> None:
        """Do it. Raises the refusal of the first guard that failed, or TryAgain when DynamoDB
        stays busy.
        """
        if not self._writes:
            return
        pause_milliseconds = _FIRST_PAUSE_MILLISECONDS
        for _ in range(_ATTEMPTS):
            refusals = self._send()
            if refusals is None:
                return
            _pause(pause_milliseconds)
            pause_milliseconds *= 2
        raise TryAgain("The database is busy with the same rows.")

    def _send(self) -> ClientError | None:
        """None when done; something when it is worth another try; raises what a failed guard
        means.
        """
        try:
            if len(self._writes) == 1 and self._writes[0].operation != "ConditionCheck":
                self._send_one(self._writes[0])
            else:
                items = [{write.operation: write.request} for write in self._writes]
                dynamodb().transact_write_items(TransactItems=items)
        except ClientError as error:
            self._raise_for(error)
            return error
        return None

    def _send_one(self, write: _Write) -> None:
        send = {
            "Put": dynamodb().put_item,
            "Update": dynamodb().update_item,
            "Delete": dynamodb().delete_item,
        }[write.operation]
        send(**write.request)

    def _raise_for(self, error: ClientError) -> None:
        """Raise the refusal that the error stands for; return only when another try may help."""
        code = error.response["Error"]["Code"]
        if code == "ConditionalCheckFailedException":
            write = self._writes[0]
            raise write.refusal(_row_of(write, error.response.get("Item"))) from error
        if code == "TransactionCanceledException":
            reasons: list[dict[str, Any]] = error.response.get("CancellationReasons", [])
            for write, reason in zip(self._writes, reasons, strict=False):
                if reason.get("Code") == "ConditionalCheckFailed":
                    raise write.refusal(_row_of(write, reason.get("Item"))) from error
            codes = {reason.get("Code") for reason in reasons} - {"None", None}
            if codes and codes <= _PASSING:
                return
        if code in _PASSING:
            return
        raise error

    def _add(
        self,
        operation: str,
        row: type[Row],
        request: dict[str, Any],
        guard: Condition | None,
        refusal: RefusalOf,
        actions: Sequence[Action] = (),
    ) -> None:
        names: dict[str, str] = {}
        values: dict[str, Any] = {}
        request["TableName"] = row.table_name()
        if actions:
            request["UpdateExpression"] = Update(*actions).serialize(names, values)
        if guard is not None:
            request["ConditionExpression"] = guard.serialize(names, values)
            request["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
        if names:
            request["ExpressionAttributeNames"] = {short: name for name, short in names.items()}
        if values:
            request["ExpressionAttributeValues"] = values
        self._writes.append(_Write(operation, row, request, refusal))


def _attribute(row: type[Row]) -> Any:
    return row.get_attributes().get(_STAMP)


def _stamp(row: type[Row]) -> str | None:
    """The id to leave on a row that carries one; None where there is no request, or no room."""
    return correlation.current() if _attribute(row) is not None else None


def _row_of(write: _Write, item: dict[str, Any] | None) -> Row | None:
    return write.row.from_item(item) if item else None


def _pause(most_milliseconds: int) -> None:
    pause(random.randint(1, most_milliseconds))
