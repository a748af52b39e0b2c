"""Writes rows of the table beside into the live one, each guarded on its own.

Must never delete, nor write over a row that is not exactly what it was compared as.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from infra.restore.around import Surroundings
from infra.restore.beside import Beside
from infra.restore.compare import Pair
from infra.restore.items import KEYS_AT_ONCE, Item, Reader, chunks, is_same, joined
from infra.tables import Table

REFUSED = "ConditionalCheckFailedException"


@dataclass
class Written:
    """What came of it. `taken`: somebody else wrote the row first; `let_go`: needed no longer
    when its turn came; `moved`: it was changed after it was compared, so it was not replaced.
    """

    brought_back: int = 0
    taken: list[Item] = field(default_factory=list)
    let_go: list[Item] = field(default_factory=list)
    replaced: int = 0
    moved: list[str] = field(default_factory=list)

    @property
    def count(self) -> int:
        return self.brought_back + self.replaced


def bring_back(
    tables: Any,
    table: Table,
    beside: Beside,
    keys: Sequence[Item],
    needless: Callable[[list[Item]], frozenset[str]],
    reader: Reader,
    around: Surroundings,
    written: Written,
) -> None:
    """Puts each row that is not there; one that appeared meanwhile stays as it is. `needless` is
    asked again just before: the answer to the question may have taken long.
    """
    name = table.key[0].name
    guard = {
        "ConditionExpression": "attribute_not_exists(#key)",
        "ExpressionAttributeNames": {"#key": name},
    }

    def put(row: Item) -> bool:
        return _put(tables, beside.live, row, guard)

    with around.working("bringing rows back") as tell:
        for part in chunks(keys, KEYS_AT_ONCE):
            rows = list(reader.read(beside.name, table, part).values())
            not_needed = needless(rows)
            written.let_go += [row for row in rows if joined(table, row) in not_needed]
            needed = [row for row in rows if joined(table, row) not in not_needed]
            for row, is_done in _all(put, needed, around.at_once):
                if is_done:
                    written.brought_back += 1
                else:
                    written.taken.append(row)
            tell(f"{written.brought_back:,} of {len(keys):,}")


def replace(
    tables: Any,
    beside: Beside,
    pairs: Mapping[str, Pair],
    attributes: Iterable[str],
    written: Written,
) -> None:
    """Puts each row as it was, if the live one is still exactly what it was compared with."""
    for name, pair in pairs.items():
        if _put(tables, beside.live, pair.then, exactly(pair.now, attributes)):
            written.replaced += 1
        else:
            written.moved.append(name)


def exactly(row: Item, attributes: Iterable[str]) -> dict[str, Any]:
    """A condition: all attributes of the row as they are in it, and of the others none."""
    names = {f"#a{number}": name for number, name in enumerate(sorted({*attributes, *row}))}
    values: Item = {}
    terms = []
    for place, name in names.items():
        if name in row:
            value = place.replace("#", ":")
            values[value] = row[name]
            terms.append(f"{place} = {value}")
        else:
            terms.append(f"attribute_not_exists({place})")
    return {
        "ConditionExpression": " AND ".join(terms),
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": values,
    }


def _put(tables: Any, table_name: str, row: Item, guard: Mapping[str, Any]) -> bool:
    """Whether the row stands now as it is here. A request that is sent again after its answer was
    lost finds its own work.
    """
    try:
        tables.put_item(
            TableName=table_name,
            Item=row,
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
            **guard,
        )
    except ClientError as error:
        if error.response["Error"]["Code"] != REFUSED:
            raise
        return is_same(error.response.get("Item"), row)
    return True


def _all(put: Callable[[Item], bool], rows: list[Item], at_once: int) -> list[tuple[Item, bool]]:
    with ThreadPoolExecutor(at_once) as pool:
        return list(zip(rows, pool.map(put, rows), strict=True))
