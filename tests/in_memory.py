"""DynamoDB's items as plain values in this process, behind the project's own client: rows read,
guarded writes and commits, quickly enough for tests that take thousands of steps.

Knows the expressions that PynamoDB writes and refuses all others. It keeps every state there ever
was, so that whoever reads can be made to see how things stood some commits ago.
"""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from chalicelib.kit import aws
from chalicelib.kit.tables import Key, Row
from infra.tables import all_tables
from tests.tables import PREFIX

Item = dict[str, Any]
Moment = dict[str, dict[tuple[str, ...], Item]]
"""Every item by table and key, as all of it stood once. Never changed, only followed by another."""

_TOKEN = re.compile(r"\s*(#\w+|:\w+|\w+|<>|<=|>=|[=<>(),+-])")
_MOST_WRITES = 100


class InMemory:
    """The tables. `catch_up` ends what `behind` began: so does any write, and so should any word
    with somebody outside, after which nobody still sees what was before.
    """

    def __init__(self) -> None:
        self._keys = {
            f"{PREFIX}-{table.name}": tuple(part.name for part in table.key)
            for table in all_tables()
        }
        self.clear()

    def clear(self, first: Moment | None = None) -> None:
        """Nothing is there, or what stood at some moment; and nothing ever was."""
        self.moments: list[Moment] = [first or {table: {} for table in self._keys}]
        self._seen: Moment | None = None

    @property
    def now(self) -> Moment:
        return self.moments[-1]

    @contextmanager
    def behind(self, commits: int, *, since: int = 0) -> Iterator[None]:
        """Whoever reads sees what stood so many commits ago, until they write; but never what stood
        before there had been `since` commits, when they had no reason to read yet.
        """
        self._seen = self.moments[max(self.commit_count - commits, since)]
        try:
            yield
        finally:
            self.catch_up()

    @property
    def commit_count(self) -> int:
        return len(self.moments) - 1

    def catch_up(self) -> None:
        self._seen = None

    def rows(self, table: type[Row], moment: Moment | None = None) -> list[Any]:
        """Every row of a table, now or then."""
        items = (moment or self.now)[table.table_name()].values()
        return [table.from_item(item) for item in items]

    def row(self, key: Key[Any]) -> Any:
        """One row as it is now; None when there is none."""
        address = self._address(key.row.table_name(), key.to_item())
        item = self.now[key.row.table_name()].get(address)
        return key.row.from_item(item) if item is not None else None

    def answer(self, model: Any, params: dict[str, Any], **_: Any) -> tuple[Any, dict[str, Any]]:
        """What the client takes for DynamoDB's answer."""
        request = json.loads(params["body"])
        answers = {
            "GetItem": self._get,
            "BatchGetItem": self._batch_get,
            "Query": self._query,
            "PutItem": lambda one: self._write_one("Put", one),
            "UpdateItem": lambda one: self._write_one("Update", one),
            "DeleteItem": lambda one: self._write_one("Delete", one),
            "TransactWriteItems": self._transact,
        }
        answer = answers[model.name](request)
        status = 400 if "Error" in answer else 200
        return SimpleNamespace(status_code=status), answer

    def _get(self, request: Item) -> Item:
        item = self._find(self._seen or self.now, request["TableName"], request["Key"])
        return {"Item": item} if item is not None else {}

    def _batch_get(self, request: Item) -> Item:
        moment = self._seen or self.now
        found = {
            table: [self._find(moment, table, key) for key in asked["Keys"]]
            for table, asked in request["RequestItems"].items()
        }
        return {
            "Responses": {
                table: [item for item in items if item is not None]
                for table, items in found.items()
            }
        }

    def _query(self, request: Item) -> Item:
        """A page, whole: what would go on to another is refused."""
        if "ExclusiveStartKey" in request:
            raise ValueError("pages after the first")
        table = request["TableName"]
        moment = self._seen or self.now
        expressions = [request["KeyConditionExpression"], request.get("FilterExpression")]
        items = [
            item
            for _, item in sorted(moment[table].items())
            if all(_Reading(request, item).holds(each) for each in expressions if each)
        ]
        return {"Items": items[: request["Limit"]]}

    def _write_one(self, operation: str, request: Item) -> Item:
        error = self._commit([(operation, request)])
        if error is None:
            return {}
        (reason,) = error["CancellationReasons"]
        code = {"Code": "ConditionalCheckFailedException", "Message": ""}
        return {"Error": code, **{name: reason[name] for name in ("Item",) if name in reason}}

    def _transact(self, request: Item) -> Item:
        writes = [next(iter(each.items())) for each in request["TransactItems"]]
        return self._commit(writes) or {}

    def _commit(self, writes: list[tuple[str, Item]]) -> Item | None:
        """All of them or none; what DynamoDB says to those of which a guard fails."""
        self.catch_up()
        addresses = [
            (each["TableName"], self._address(each["TableName"], each.get("Key") or each["Item"]))
            for _, each in writes
        ]
        if len(set(addresses)) < len(writes) or len(writes) > _MOST_WRITES:
            raise ValueError("DynamoDB takes 100 writes at most, each to an item of its own")
        before = [self.now[table].get(address) for table, address in addresses]
        reasons = [_reason(each, item) for (_, each), item in zip(writes, before, strict=True)]
        if any(reason["Code"] != "None" for reason in reasons):
            code = {"Code": "TransactionCanceledException", "Message": ""}
            return {"Error": code, "CancellationReasons": reasons}
        after = {table: dict(items) for table, items in self.now.items()}
        for (operation, each), (table, address), item in zip(
            writes, addresses, before, strict=True
        ):
            if operation == "Delete":
                after[table].pop(address, None)
            elif operation != "ConditionCheck":
                after[table][address] = _written(operation, each, item)
        self.moments.append(after)
        return None

    def _find(self, moment: Moment, table: str, key: Item) -> Item | None:
        return moment[table].get(self._address(table, key))

    def _address(self, table: str, item: Item) -> tuple[str, ...]:
        return tuple(str(next(iter(item[name].values()))) for name in self._keys[table])


@contextmanager
def in_memory() -> Iterator[InMemory]:
    """Empty tables that the project's client reads and writes meanwhile."""
    memory = InMemory()
    events = aws.dynamodb().meta.events
    events.register("before-call.dynamodb", memory.answer)
    yield memory
    events.unregister("before-call.dynamodb", memory.answer)


def _reason(request: Item, item: Item | None) -> Item:
    guard = request.get("ConditionExpression")
    if guard is None or _Reading(request, item or {}).holds(guard):
        return {"Code": "None"}
    return {"Code": "ConditionalCheckFailed", **({"Item": item} if item is not None else {})}


def _written(operation: str, request: Item, item: Item | None) -> Item:
    if operation == "Put":
        return dict(request["Item"])
    before = {**request["Key"], **(item or {})}
    return _Reading(request, before).updated(request["UpdateExpression"])


@dataclass
class _Reading:
    """Works through one expression of a request, for one item."""

    request: Item
    item: Item
    tokens: list[str] = field(default_factory=list)

    def holds(self, condition: str) -> bool:
        self.tokens = _split(condition)
        result = self._either()
        self._at_end()
        return result

    def updated(self, update: str) -> Item:
        """The item as the update leaves it; every value is worked out from the item as it was."""
        self.tokens = _split(update)
        after = dict(self.item)
        while self.tokens:
            section = self.tokens.pop(0)
            while True:
                name = self._name(self.tokens.pop(0))
                if section == "SET":
                    self._expect("=")
                    after[name] = self._required(self._sum())
                elif section == "REMOVE":
                    after.pop(name, None)
                else:
                    _change(after, section, name, self._required(self._sum()))
                if not self._takes(","):
                    break
        return after

    def _either(self) -> bool:
        result = self._both()
        while self._takes("OR"):
            result = self._both() or result
        return result

    def _both(self) -> bool:
        result = self._one()
        while self._takes("AND"):
            result = self._one() and result
        return result

    def _one(self) -> bool:
        if self._takes("NOT"):
            return not self._one()
        if self._takes("("):
            result = self._either()
            self._expect(")")
            return result
        if self.tokens[0] in ("attribute_exists", "attribute_not_exists", "begins_with"):
            return self._function()
        left, operator, right = self._sum(), self.tokens.pop(0), self._sum()
        return _compare(left, operator, right)

    def _function(self) -> bool:
        function = self.tokens.pop(0)
        self._expect("(")
        value = self._sum()
        if function != "begins_with":
            self._expect(")")
            return (value is not None) == (function == "attribute_exists")
        self._expect(",")
        start = self._required(self._sum())
        self._expect(")")
        return value is not None and str(value["S"]).startswith(start["S"])

    def _sum(self) -> Item | None:
        left = self._value()
        while self.tokens and self.tokens[0] in "+-":
            sign = 1 if self.tokens.pop(0) == "+" else -1
            first, second = self._required(left), self._required(self._value())
            left = {"N": str(int(first["N"]) + sign * int(second["N"]))}
        return left

    def _value(self) -> Item | None:
        token = self.tokens.pop(0)
        if token == "size":
            self._expect("(")
            measured = self._sum()
            self._expect(")")
            return None if measured is None else {"N": str(len(next(iter(measured.values()))))}
        if token in ("if_not_exists", "list_append"):
            self._expect("(")
            first = self._sum()
            self._expect(",")
            second = self._required(self._sum())
            self._expect(")")
            if token == "if_not_exists":
                return first if first is not None else second
            return {"L": [*self._required(first)["L"], *second["L"]]}
        if token.startswith(":"):
            value: Item = self.request["ExpressionAttributeValues"][token]
            return value
        return self.item.get(self._name(token))

    def _name(self, token: str) -> str:
        return str(self.request["ExpressionAttributeNames"][token])

    def _required(self, value: Item | None) -> Item:
        if value is None:
            raise ValueError(f"an attribute is missing that an expression works with: {self.item}")
        return value

    def _takes(self, token: str) -> bool:
        takes = self.tokens[:1] == [token]
        if takes:
            self.tokens.pop(0)
        return takes

    def _expect(self, token: str) -> None:
        if not self._takes(token):
            raise ValueError(f"{self.tokens} where {token} was expected")

    def _at_end(self) -> None:
        if self.tokens:
            raise ValueError(f"{self.tokens} after the end")


def _change(item: Item, section: str, name: str, by: Item) -> None:
    """ADD members to a set or DELETE them from it; a set of none is none at all."""
    ((kind, members),) = by.items()
    if kind != "SS" or section not in ("ADD", "DELETE"):
        raise ValueError(f"{section} {by}")
    before = set(item.get(name, {kind: []})[kind])
    after = before | set(members) if section == "ADD" else before - set(members)
    item.pop(name, None)
    if after:
        item[name] = {kind: sorted(after)}


def _split(expression: str) -> list[str]:
    tokens = _TOKEN.findall(expression)
    if "".join(tokens) != re.sub(r"\s", "", expression):
        raise ValueError(expression)
    return tokens


def _compare(left: Item | None, operator: str, right: Item | None) -> bool:
    """As DynamoDB does: what is missing is equal to nothing, and neither is another type."""
    if operator == "<>":
        return left != right
    if left is None or right is None or left.keys() != right.keys():
        return False
    if operator == "=":
        return left == right
    ((kind, first),), ((_, second),) = left.items(), right.items()
    if kind not in "NS":
        raise ValueError(f"{operator} between values of {kind}")
    one, other = (int(first), int(second)) if kind == "N" else (first, second)
    return {"<": one < other, "<=": one <= other, ">": one > other, ">=": one >= other}[operator]
