"""What says that a day or a month is written, and how many rows each of its files has. The mark of
a day also keeps what each merchant's statement comes to, and that of a month of which it was made.

Written last: what has no mark is written again.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict
from hashlib import sha256
from typing import Any

from chalicelib.files.bookkeeping import Sums
from chalicelib.files.tables import count_rows
from chalicelib.gateways.files import CSV, JSON, Files

_MOST_BYTES = 8 * 1024 * 1024

Made = dict[str, bytes]
"""Files by their keys."""
SumsByDay = Mapping[str, Mapping[str, Sums]]
"""What each merchant's statement comes to, by day."""


def write_tables(made: Made, files: Files) -> None:
    for key, content in made.items():
        files.write(key, content, content_type=CSV)


def rows_in(made: Made) -> dict[str, int]:
    """How many rows each file has, by its key."""
    return {key: count_rows(content) for key, content in made.items()}


def mark_day(day: str, made: Made, sums: Mapping[str, Sums], files: Files) -> None:
    statements = {merchant_id: asdict(each) for merchant_id, each in sums.items()}
    _write(_key(day), {"day": day, "rows": rows_in(made), "statements": statements}, files)


def sums_of_day(day: str, files: Files) -> Mapping[str, Sums] | None:
    """What each merchant's statement of the day comes to; None when it is not written, or by a
    version that did not say.
    """
    said = _read(_key(day), files)
    if "statements" not in said:
        return None
    return {merchant_id: Sums(**each) for merchant_id, each in said["statements"].items()}


def is_day_written(day: str, files: Files) -> bool:
    return sums_of_day(day, files) is not None


def mark_month(month: str, made: Made, by_day: SumsByDay, files: Files) -> None:
    said = {"month": month, "rows": rows_in(made), "made_of": _fingerprint(by_day)}
    _write(_key(month), said, files)


def is_month_of(month: str, by_day: SumsByDay, files: Files) -> bool:
    """Whether it is written, of these very days."""
    return _read(_key(month), files).get("made_of") == _fingerprint(by_day)


def statements_before(name: str, files: Files) -> list[str]:
    """The statements that a day or a month has had so far, by its mark."""
    return [key for key in _read(_key(name), files).get("rows", ()) if "/statements/" in key]


def mark_packed(today: str, made: Made, files: Files) -> None:
    """What was to be shipped on a day has been written."""
    _write(_key(f"{today}-to-ship"), {"day": today, "rows": rows_in(made)}, files)


def is_packed(today: str, files: Files) -> bool:
    return bool(_read(_key(f"{today}-to-ship"), files))


def _fingerprint(by_day: SumsByDay) -> str:
    said = {
        day: {merchant_id: asdict(each) for merchant_id, each in sums.items()}
        for day, sums in by_day.items()
    }
    return sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def _key(name: str) -> str:
    return f"exports/days/{name}.json"


def _write(key: str, said: dict[str, Any], files: Files) -> None:
    files.write(key, json.dumps(said, sort_keys=True).encode(), content_type=JSON)


def _read(key: str, files: Files) -> dict[str, Any]:
    """Nothing when there is none."""
    found = files.read(key, most_bytes=_MOST_BYTES)
    said: dict[str, Any] = json.loads(found.content) if found and found.content else {}
    return said
