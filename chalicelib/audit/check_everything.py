"""Check everything at once: read every table, check it, look again at whatever seems wrong.

For an operator who waits for the answer. What the schedule runs is in slices, check_slice.py.
"""

from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from chalicelib.audit.books import Books
from chalicelib.audit.everything import TimeLeft, read_everything, read_units
from chalicelib.audit.invariants import INVARIANTS, READABLE, STOCK, Violation, violations_of
from chalicelib.audit.look_again import SECOND_LOOKS, in_all, look_again

MOST_SHOWN = 20
MOST_SECOND_LOOKS = 500


@dataclass
class Report:
    """What was checked and what was found."""

    checked: dict[str, int] = field(default_factory=dict)
    violations: list[Violation] = field(default_factory=list)
    stopped_at: dict[str, Any] | None = None

    def to_answer(self) -> list[dict[str, Any]]:
        """Each invariant with its figures, its first violations shown."""
        answers = []
        for name, checked in self.checked.items():
            found = [asdict(one) for one in self.violations if one.invariant == name]
            answers.append(
                {
                    "name": name,
                    "checked": checked,
                    "violation_count": len(found),
                    "violations": found[:MOST_SHOWN],
                }
            )
        return answers


def check_everything(now: datetime, *, time_left: TimeLeft) -> tuple[Books, Report]:
    """The books as read, and what is wrong in them."""
    books, stopped_at = read_everything(now, time_left=time_left)
    subjects = books.subjects()
    report = Report(stopped_at=stopped_at)
    for name, by_kind in INVARIANTS.items():
        report.checked[name] = sum(len(subjects[kind]) for kind in by_kind)
    suspects = [
        (kind, id) for kind, ids in subjects.items() for id in ids if violations_of(books, kind, id)
    ]
    _confirm([one for one in suspects if one[0] != STOCK], report, now, time_left)
    _confirm_units([id for kind, id in suspects if kind == STOCK], report, now, time_left)
    _add_unreadable(books, report)
    return books, report


def _confirm(
    suspects: list[tuple[str, str]], report: Report, now: datetime, time_left: TimeLeft
) -> None:
    """Keep what two more looks at the row and its neighbours show just the same."""
    for looked, (kind, id) in enumerate(suspects):
        if looked >= MOST_SECOND_LOOKS or not time_left():
            report.stopped_at = {"at": "second_look", "left": len(suspects) - looked}
            return
        report.violations += look_again(kind, id, now)


def _confirm_units(sku_ids: list[str], report: Report, now: datetime, time_left: TimeLeft) -> None:
    """The same for units. They are spread over all orders, so another look reads them all."""
    if not sku_ids:
        return
    looks = []
    for _ in range(SECOND_LOOKS):
        books = read_units(now, time_left=time_left)
        if books is None:
            report.stopped_at = {"at": "second_look", "left": len(sku_ids)}
            return
        looks.append([one for id in sku_ids for one in violations_of(books, STOCK, id)])
    report.violations += in_all(looks)


def _add_unreadable(books: Books, report: Report) -> None:
    """Every row says what the rows of its table say."""
    read = (
        *(books.orders, books.refunds, books.groups, books.seats, books.draws, books.supplies),
        *(books.commissions, books.withdrawals, books.bookings, books.wallets, books.days),
    )
    report.checked[READABLE] = sum(len(rows) for rows in read) + len(books.unreadable)
    report.violations += [
        Violation(READABLE, table, name, unreadable_detail(why))
        for (table, name), why in books.unreadable.items()
    ]


def unreadable_detail(why: str) -> str:
    """What is said of a row that makes no sense."""
    return f"cannot be read: {why}"
