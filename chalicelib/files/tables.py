"""Tables as people keep them in Excel: CSV in, in any of the ways Excel saves it, and CSV out, so
that Excel opens it and takes no cell for a formula.

Pure. A file that cannot be read is refused as a whole, in words for whoever dropped it.
"""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

MOST_BYTES = 2 * 1024 * 1024
MOST_ROWS = 5000
_BOM = "\ufeff"
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_FORMULAS = ("=", "+", "-", "@", "\t", "\r")

Cell = str | int | None


class Unreadable(ValueError):
    """Why nothing in the file is done."""


@dataclass(frozen=True)
class Line:
    """A row with something in it, and the line of the file it begins on."""

    number: int
    cells: tuple[str, ...]


def read_table(content: bytes) -> tuple[Line, list[Line]]:
    """The header and the rows below it, cells without the blanks around them. Raises Unreadable."""
    text = _text(content)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text))
    lines: list[Line] = []
    number = 1
    try:
        for cells in reader:
            stripped = tuple(cell.strip() for cell in cells)
            if any(stripped):
                lines.append(Line(number, stripped))
            if len(lines) > MOST_ROWS + 1:
                raise Unreadable(f"More than {MOST_ROWS} rows: cut the file into several.")
            number = reader.line_num + 1
    except csv.Error as error:
        raise Unreadable(f"Line {number} is no CSV: {error}.") from error
    if not lines:
        raise Unreadable("The file is empty.")
    return lines[0], lines[1:]


def _text(content: bytes) -> str:
    """UTF-8 with or without its mark, else GB18030, which is how Excel in China saves CSV."""
    if content.startswith(_UTF_16):
        raise Unreadable("It is UTF-16: save it as CSV UTF-8.")
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise Unreadable("It is neither UTF-8 nor GB18030: save it as CSV UTF-8.")


def _delimiter(text: str) -> str:
    """Tabs when the first line with something in it has more of them than commas."""
    first = next((line for line in io.StringIO(text) if line.strip(", \t\r\n")), "")
    return "\t" if first.count("\t") > first.count(",") else ","


def write_table(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    """A CSV that Excel opens as it is meant: UTF-8 with its mark, lines that end as Windows' do."""
    out = io.StringIO(newline="")
    out.write(_BOM)
    writer = csv.writer(out)
    writer.writerow(header)
    for row in rows:
        writer.writerow([_safe(cell) for cell in row])
    return out.getvalue().encode()


def count_rows(content: bytes) -> int:
    """How many rows a table that was written here has below its header: lines end outside of
    quotes, and every second part between quotes is inside of them.
    """
    return sum(part.count(b"\r\n") for part in content.split(b'"')[::2]) - 1


def _safe(cell: Cell) -> str:
    """A text that Excel would calculate gets a quote before it; a number is one."""
    if cell is None:
        return ""
    if isinstance(cell, int):
        return str(cell)
    return f"'{cell}" if cell.startswith(_FORMULAS) else cell
