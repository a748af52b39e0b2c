"""A restoration from end to end: the table as it was beside the live one, what differs, what comes
back, whether the books balance.

Can be interrupted between any two lines: running it again with the same words goes on. Must never
write without having shown what and been told yes.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum

from infra.place import Place
from infra.restore.around import Surroundings
from infra.restore.beside import Beside, how_to_remove, make_sure_of, remove
from infra.restore.bring_back import Written, bring_back, replace
from infra.restore.compare import Comparing, Comparison, Found
from infra.restore.items import Item, Reader, joined, name_of
from infra.restore.prove import Verdict, prove
from infra.restore.refusals import NotRestored
from infra.restore.taken_away import no_longer_needed
from infra.tables import Table

NAMES_SHOWN = 10
_TOLD = {
    Found.SAME: "are the same in both",
    Found.MISSING: "are missing in the live table: they come back",
    Found.PERHAPS_RIGHTLY: (
        "are missing, but the shop takes such rows away itself and nothing says that they are "
        "still needed: they stay away, but for --also KEY"
    ),
    Found.DIFFERENT: "were changed since, rightly or not: they stay, but for --replace KEY",
    Found.EXPIRED: "had an end that has passed: left out",
}


class Outcome(IntEnum):
    """How it ended; the command's status."""

    BALANCED = 0
    """All that was asked for is done, and the books balance."""
    NOT_DONE = 1
    """Refused, not agreed to or stopped."""
    NOT_PROVEN = 2
    """Rows are back, but not all that was asked for, or the books do not balance, or not all of
    them was looked at.
    """


@dataclass(frozen=True)
class Wishes:
    """What is asked for: which table, when, and which rows beside the missing ones, by name."""

    table: Table
    moment: datetime
    replace: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    keep: bool = False


def restore(place: Place, wishes: Wishes, around: Surroundings) -> Outcome:
    """Raises `NotRestored`; AWS's own refusals pass through."""
    tables, table = place.client("dynamodb"), wishes.table
    beside = Beside(f"{place.stack_name}-{table.name}", wishes.moment)
    make_sure_of(tables, beside, place, around)
    reader = Reader(tables, around.sleep, around.at_once)
    asked_for = frozenset({*wishes.replace, *wishes.also})
    comparing = Comparing(table, place.stack_name, beside, around.now(), asked_for)
    compared = comparing.compare(tables, reader, around)
    _show(compared, table, around)
    also = _also(compared, wishes)
    pairs = {name: compared.pairs[name] for name in wishes.replace if name in compared.pairs}
    missing = [*compared.of(Found.MISSING), *also]
    written = Written()
    if missing or pairs:
        question = f"bring {len(missing)} rows back to {beside.live} and replace {len(pairs)}?"
        if not around.agree(question):
            raise NotRestored(
                f"not agreed to: {beside.live} is as it was. {beside.name} stays for another run; "
                f"to be rid of it:\n  {how_to_remove(beside, place)}"
            )
        insisted = {joined(table, key) for key in also}

        def needless(rows: list[Item]) -> frozenset[str]:
            return no_longer_needed(table, rows, place.stack_name, beside.name, reader) - insisted

        bring_back(tables, table, beside, missing, needless, reader, around, written)
        replace(tables, beside, pairs, compared.attributes, written)
        _tell_written(written, table, around)
    verdict = prove(place, around, after_writing=written.count > 0)
    is_all_done = not written.moved
    if written.count and verdict.balances and is_all_done and not wishes.keep:
        remove(tables, beside)
        around.say(f"{beside.name} is deleted")
    else:
        around.say(f"{beside.name} stays; to be rid of it:\n  {how_to_remove(beside, place)}")
    _conclude(verdict, around)
    return Outcome.BALANCED if verdict.balances and is_all_done else Outcome.NOT_PROVEN


def _also(compared: Comparison, wishes: Wishes) -> list[Item]:
    """The keys of what is asked for beside. Raises `NotRestored` when a name is no row's, or of one
    that the other word is for.
    """
    for name in (*wishes.replace, *wishes.also):
        standing = compared.asked.get(name, [])
        if not standing:
            raise NotRestored(
                f"the table beside has no row {name}: take a key as it is shown. Nothing changed"
            )
        if len(standing) > 1:
            raise NotRestored(f"{name} is the name of several rows. Nothing changed")
    for names, right, other, word in (
        (wishes.replace, Found.DIFFERENT, Found.PERHAPS_RIGHTLY, "--also"),
        (wishes.also, Found.PERHAPS_RIGHTLY, Found.DIFFERENT, "--replace"),
    ):
        for name in names:
            ((found, _),) = compared.asked[name]
            if found is other:
                raise NotRestored(f"{name} is {found.value}, not {right.value}: say {word} {name}")
            if found is Found.EXPIRED:
                raise NotRestored(f"{name} had an end that has passed. Nothing changed")
    standing_of = [compared.asked[name][0] for name in dict.fromkeys(wishes.also)]
    return [key for found, key in standing_of if found is Found.PERHAPS_RIGHTLY]


def _show(compared: Comparison, table: Table, around: Surroundings) -> None:
    """Counts, and the first keys; never what is in a row."""
    for found, count in compared.counts.items():
        if count or found in (Found.SAME, Found.MISSING):
            around.say(f"{count:>9,} rows {_TOLD[found]}")
            _show_names((name_of(table, key) for key in compared.of(found)), count, around)


def _show_names(names: Iterable[str], count: int, around: Surroundings) -> None:
    for number, name in enumerate(names):
        if number == NAMES_SHOWN:
            around.say(f"            … and {count - number:,} more")
            return
        around.say(f"            {name}")


def _tell_written(written: Written, table: Table, around: Surroundings) -> None:
    around.say(f"{written.brought_back} rows are back, {written.replaced} are replaced")
    if written.taken:
        around.say(f"{len(written.taken)} appeared meanwhile and stay as they are:")
        names = (name_of(table, row) for row in written.taken)
        _show_names(names, len(written.taken), around)
    if written.let_go:
        around.say(f"{len(written.let_go)} were no longer needed when their turn came:")
        names = (name_of(table, row) for row in written.let_go)
        _show_names(names, len(written.let_go), around)
    if written.moved:
        around.say(
            f"{len(written.moved)} were changed after they were compared and not replaced: "
            f"{', '.join(written.moved)}. Look whether that was right; to replace them all the "
            "same, run it again",
            style="red",
        )


def _conclude(verdict: Verdict, around: Surroundings) -> None:
    if verdict.balances:
        around.say("the books balance", style="green")
    elif verdict.violations:
        around.say(
            "the books do not balance: docs/operations.md, Restore a table to a point in time, "
            "says what next; what each violation means, docs/domain.md",
            style="red",
        )
    else:
        around.say(
            "no fault was found, but the shop is too large for one look: the command `get_audit` "
            "shows the round in slices, which looks at everything within a day "
            "(docs/operations.md, Restore a table to a point in time)",
            style="yellow",
        )
