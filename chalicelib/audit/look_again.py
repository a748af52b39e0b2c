"""Second looks: only what they show too is wrong. Others write while an audit reads.

Reads around one row, consistently. Never reports.
"""

from collections.abc import Iterable
from datetime import datetime

from chalicelib.audit.around import read_around
from chalicelib.audit.invariants import Violation, violations_of

SECOND_LOOKS = 2


def look_again(kind: str, id: str, now: datetime) -> list[Violation]:
    """What each of two more looks at the row and its neighbours shows just the same."""
    return in_all(_look(kind, id, now) for _ in range(SECOND_LOOKS))


def in_all(looks: Iterable[list[Violation]]) -> list[Violation]:
    """What every look shows; the next is not taken when nothing is left of it."""
    found: list[Violation] | None = None
    for look in looks:
        found = look if found is None else [one for one in found if one in look]
        if not found:
            return []
    return found or []


def _look(kind: str, id: str, now: datetime) -> list[Violation]:
    try:
        books = read_around(kind, id, now)
    except (ValueError, TypeError, LookupError):  # a neighbour is unreadable, and named as such
        return []
    return violations_of(books, kind, id) if id in books.subjects()[kind] else []
