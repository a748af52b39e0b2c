"""From rows to entries: each is one order, product or campaign, of one row or of several that
follow each other. Pure.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Any

from chalicelib.files.columns import COLUMNS, CellWrong, Column, columns_of
from chalicelib.files.model import FileKind
from chalicelib.files.tables import Line, read_table

_MOST_ABOUT_CHARACTERS = 64


@dataclass(frozen=True)
class Entry:
    """What the file says of one thing. A field is None where its cell is empty, and is not there
    where the file has no such column. `wrong` says why it cannot be done; nothing else holds then.
    """

    lines: tuple[int, ...]
    about: str
    fields: dict[str, Any] = field(default_factory=dict)
    skus: tuple[dict[str, Any], ...] = ()
    wrong: str = ""


def read_entries(kind: FileKind, content: bytes) -> list[Entry]:
    """In the order of the file. Raises Unreadable."""
    header, lines = read_table(content)
    columns = columns_of(kind, header)
    rows = [_row(line, columns, kind) for line in lines]
    if kind is FileKind.SHIPMENTS:
        return rows
    entries = [_together(list(rows)) for _, rows in groupby(rows, lambda row: row.about)]
    count = Counter(entry.about for entry in entries)
    apart = f"Its rows have to follow each other, with all its SKUs: one {COLUMNS[kind][0].name}."
    return [
        replace(entry, wrong=entry.wrong or apart) if count[entry.about] > 1 else entry
        for entry in entries
    ]


def _row(line: Line, columns: Sequence[Column | None], kind: FileKind) -> Entry:
    wrong: list[str] = []
    fields: dict[str, Any] = {}
    sku: dict[str, Any] = {}
    about = ""
    cells = (*line.cells, *[""] * (len(columns) - len(line.cells)))
    for column, cell in zip(columns, cells, strict=False):
        if column is None:
            continue
        if column is COLUMNS[kind][0]:
            about = cell[:_MOST_ABOUT_CHARACTERS]
        value = None
        try:
            value = column.read(cell) if cell else None
        except CellWrong as why:
            wrong.append(f"{column.name} {why}")
        (sku if column.of_sku else fields)[column.field] = value
    if any(cells[len(columns) :]):
        wrong.append("the row has more cells than the header")
    wrong += _empty(columns, fields | sku, kind) if not wrong else []
    return Entry((line.number,), about, fields, (sku,) if sku else (), _sentence(wrong))


def _empty(columns: Sequence[Column | None], values: dict[str, Any], kind: FileKind) -> list[str]:
    """Which cells have to say something. A shipment not filled in yet says nothing at all."""
    names = [each.name for each in columns if each is not None and each.required]
    empty = [name for name in names if values[name] is None]
    if kind is FileKind.SHIPMENTS and set(empty) == {"carrier", "tracking_no"}:
        return []
    return [f"{name} is empty" for name in empty]


def _together(rows: list[Entry]) -> Entry:
    """One entry of rows about the same thing. What is said once holds for all of them."""
    lines = tuple(number for row in rows for number in row.lines)
    wrong = next((row.wrong for row in rows if row.wrong), "")
    fields = dict(rows[0].fields)
    for row in rows[1:]:
        for name, value in row.fields.items():
            if fields[name] is None:
                fields[name] = value
            elif value is not None and value != fields[name] and not wrong:
                wrong = _sentence([f"{name} differs between its rows"])
    skus = tuple(sku for row in rows for sku in row.skus)
    return Entry(lines, rows[0].about, fields, skus, wrong)


def _sentence(parts: list[str]) -> str:
    said = "; ".join(parts)
    return f"{said}." if said else ""
