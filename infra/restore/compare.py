"""The table as it was beside the live one, row by row: what is missing, what differs.

Must never write, nor keep more of a row than its key, but for the rows that are to be replaced.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any

from infra.restore.around import Surroundings
from infra.restore.beside import Beside
from infra.restore.items import Item, Reader, is_same, joined, key_of, name_of, pages
from infra.restore.taken_away import no_longer_needed
from infra.tables import Table


class Found(Enum):
    """How a row of the table beside stands in the live table."""

    SAME = "the same"
    """It is there, attribute for attribute."""
    MISSING = "missing"
    """It is not there, and to be brought back."""
    PERHAPS_RIGHTLY = "missing, perhaps rightly"
    """It is not there, the shop takes such rows away itself, and nothing says it is needed."""
    DIFFERENT = "different"
    """It was changed since, rightly or not."""
    EXPIRED = "expired"
    """Its time was over meanwhile; it is left alone, wherever it is."""


@dataclass(frozen=True)
class Pair:
    """A row as it was at the moment, and as it is now."""

    then: Item
    now: Item


@dataclass
class Comparison:
    """Counts of all; keys of those that something could be done about."""

    counts: dict[Found, int] = field(default_factory=lambda: dict.fromkeys(Found, 0))
    keys: dict[Found, list[Item]] = field(default_factory=dict)
    asked: dict[str, list[tuple[Found, Item]]] = field(default_factory=dict)
    """Of the rows asked for by name, how they stand, and the key."""
    pairs: dict[str, Pair] = field(default_factory=dict)
    """Of these, those that differ, whole."""
    attributes: set[str] = field(default_factory=set)
    """The names of all attributes that any row has, then or now."""

    def of(self, found: Found) -> list[Item]:
        """The keys, in the order they were found."""
        return self.keys.get(found, [])


@dataclass(frozen=True)
class Comparing:
    """Which table, under which prefix, beside which, as of which now. `besides`: the names of all
    tables beside, by the name of the table that each was.
    """

    table: Table
    prefix: str
    beside: Beside
    besides: Mapping[str, str]
    now: datetime
    asked_for: Collection[str] = ()

    def compare(self, tables: Any, reader: Reader, around: Surroundings) -> Comparison:
        """Reads all of the table beside, and each of its rows in the live table."""
        result = Comparison()
        looked = 0
        with around.working(f"comparing {self.beside.live}") as tell:
            for page in pages(tables, self.beside.name):
                self._compare_page(page, reader, result)
                looked += len(page)
                tell(f"{looked:,} rows")
        return result

    def _compare_page(self, page: list[Item], reader: Reader, result: Comparison) -> None:
        standing = [row for row in page if not self._is_over(row)]
        result.counts[Found.EXPIRED] += len(page) - len(standing)
        self._note(result, Found.EXPIRED, (row for row in page if self._is_over(row)))
        keys = [key_of(self.table, row) for row in standing]
        live = reader.read(self.beside.live, self.table, keys)
        missing = [row for row in standing if joined(self.table, row) not in live]
        not_needed = no_longer_needed(self.table, missing, self.prefix, self.besides, reader)
        for row in standing:
            now = live.get(joined(self.table, row))
            found = self._stands(row, now, not_needed)
            result.counts[found] += 1
            result.attributes.update(row, now or ())
            if found is not Found.SAME:
                result.keys.setdefault(found, []).append(key_of(self.table, row))
            self._note(result, found, [row])
            name = self._name(row)
            if found is Found.DIFFERENT and now is not None and name in self.asked_for:
                result.pairs[name] = Pair(row, now)

    def _stands(self, row: Item, now: Item | None, not_needed: Collection[str]) -> Found:
        if now is not None:
            return Found.SAME if is_same(row, now) else Found.DIFFERENT
        is_needed = joined(self.table, row) not in not_needed
        return Found.MISSING if is_needed else Found.PERHAPS_RIGHTLY

    def _note(self, result: Comparison, found: Found, rows: Iterable[Item]) -> None:
        for row in rows:
            if (name := self._name(row)) in self.asked_for:
                key = key_of(self.table, row)
                result.asked.setdefault(name, []).append((found, key))

    def _is_over(self, row: Item) -> bool:
        ends = row.get(self.table.expires_by or "", {}).get("N")
        return ends is not None and float(ends) <= self.now.timestamp()

    def _name(self, row: Item) -> str:
        return name_of(self.table, key_of(self.table, row))
