"""A restoration from end to end: the tables as they were beside the live ones, what differs, what
comes back, whether the books balance.

Can be interrupted between any two lines: running it again with the same words goes on. Must never
write without having shown what and been told yes.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum

from infra.place import Place
from infra.restore.around import Surroundings
from infra.restore.beside import Beside, how_to_remove, make_sure_of, remove
from infra.restore.bring_back import Written, bring_back, replace
from infra.restore.compare import Comparing, Comparison, Found, Pair
from infra.restore.follow_ups import HOW_TO_RESUME, FollowUps
from infra.restore.items import Item, Reader, joined, name_of
from infra.restore.prove import Verdict, prove
from infra.restore.refusals import NotRestored
from infra.restore.taken_away import no_longer_needed
from infra.restore.together import in_order, need_rest
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
    """What is asked for: which tables, when, and which rows beside the missing ones, by name."""

    tables: tuple[str, ...]
    moment: datetime
    replace: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    keep: bool = False


@dataclass
class Part:
    """One of the tables: what was found of it, what is to be done with it, what was."""

    table: Table
    beside: Beside
    compared: Comparison
    also: list[Item] = field(default_factory=list)
    """The keys of rows that stay away but for being asked for."""
    pairs: dict[str, Pair] = field(default_factory=dict)
    written: Written = field(default_factory=Written)

    @property
    def missing(self) -> list[Item]:
        return [*self.compared.of(Found.MISSING), *self.also]


def restore(place: Place, wishes: Wishes, around: Surroundings) -> Outcome:
    """Raises `NotRestored`; AWS's own refusals pass through."""
    tables, together = place.client("dynamodb"), in_order(wishes.tables)
    follow_ups = FollowUps(place, around)
    if need_rest(together):
        follow_ups.require_paused()
    prefix = place.stack_name
    besides = {each.name: Beside(f"{prefix}-{each.name}", wishes.moment) for each in together}
    make_sure_of(tables, list(besides.values()), place, around)
    reader = Reader(tables, around.sleep, around.at_once)
    parts = _compare(together, besides, wishes, place, reader, around)
    _choose(parts, wishes)
    to_do = [part for part in parts if part.missing or part.pairs]
    if to_do:
        if not around.agree(_question(to_do)):
            raise NotRestored(
                f"not agreed to: {_lives(to_do)} as it was. What is beside stays for another run; "
                f"to be rid of it:\n{_how_to_remove(parts, place)}"
            )
        if need_rest(together):
            follow_ups.require_paused()
        for part in to_do:
            _write(part, besides, place, reader, around)
    written = sum(part.written.count for part in parts)
    all_on = follow_ups.are_all_on()
    verdict = prove(place, around, after_writing=written > 0, is_paused=not all_on)
    is_all_done = not any(part.written.moved for part in parts)
    if written and verdict.balances and is_all_done and not wishes.keep:
        for part in parts:
            remove(tables, part.beside)
            around.say(f"{part.beside.name} is deleted")
    else:
        around.say(f"what is beside stays; to be rid of it:\n{_how_to_remove(parts, place)}")
    _conclude(verdict, around)
    if not all_on:
        resume = HOW_TO_RESUME.format(stage=place.stage)
        around.say(f"NOT ALL HAPPENS BY ITSELF YET. When all is back:\n  {resume}", style="yellow")
    return Outcome.BALANCED if verdict.balances and is_all_done else Outcome.NOT_PROVEN


def _compare(
    together: Iterable[Table],
    besides: Mapping[str, Beside],
    wishes: Wishes,
    place: Place,
    reader: Reader,
    around: Surroundings,
) -> list[Part]:
    asked_for = frozenset({*wishes.replace, *wishes.also})
    parts = []
    for table in together:
        beside, now = besides[table.name], around.now()
        comparing = Comparing(table, place.stack_name, beside, _names(besides), now, asked_for)
        compared = comparing.compare(place.client("dynamodb"), reader, around)
        around.say(f"{beside.live} and {beside.name}:")
        _show(compared, table, around)
        parts.append(Part(table, beside, compared))
    return parts


def _names(besides: Mapping[str, Beside]) -> dict[str, str]:
    return {name: beside.name for name, beside in besides.items()}


def _question(to_do: Iterable[Part]) -> str:
    counts = [f"{len(part.missing)} rows back to {part.beside.live}" for part in to_do]
    return f"bring {', '.join(counts)} and replace {sum(len(part.pairs) for part in to_do)}?"


def _lives(parts: Iterable[Part]) -> str:
    names = [part.beside.live for part in parts]
    return f"{', '.join(names)} {'is' if len(names) == 1 else 'are each'}"


def _how_to_remove(parts: Iterable[Part], place: Place) -> str:
    return "\n".join(f"  {how_to_remove(part.beside, place)}" for part in parts)


def _write(
    part: Part,
    besides: Mapping[str, Beside],
    place: Place,
    reader: Reader,
    around: Surroundings,
) -> None:
    tables, table, names = place.client("dynamodb"), part.table, _names(besides)
    insisted = {joined(table, key) for key in part.also}

    def needless(rows: list[Item]) -> frozenset[str]:
        return no_longer_needed(table, rows, place.stack_name, names, reader) - insisted

    missing, written = part.missing, part.written
    bring_back(tables, table, part.beside, missing, needless, reader, around, written)
    replace(tables, part.beside, part.pairs, part.compared.attributes, written)
    around.say(f"{part.beside.live}:")
    _tell_written(written, table, around)


def _choose(parts: Iterable[Part], wishes: Wishes) -> None:
    """Finds the rows asked for by name. Raises `NotRestored` when a name is no row's, or of one
    that the other word is for.
    """
    for name in dict.fromkeys((*wishes.replace, *wishes.also)):
        found = [(part, one) for part in parts for one in part.compared.asked.get(name, [])]
        if not found:
            raise NotRestored(
                f"the table beside has no row {name}: take a key as it is shown. Nothing changed"
            )
        if len(found) > 1:
            raise NotRestored(f"{name} is the name of several rows. Nothing changed")
        ((part, (stands, key)),) = found
        if stands is Found.EXPIRED:
            raise NotRestored(f"{name} had an end that has passed. Nothing changed")
        for names, right, other, word in (
            (wishes.replace, Found.DIFFERENT, Found.PERHAPS_RIGHTLY, "--also"),
            (wishes.also, Found.PERHAPS_RIGHTLY, Found.DIFFERENT, "--replace"),
        ):
            if name in names and stands is other:
                raise NotRestored(f"{name} is {stands.value}, not {right.value}: say {word} {name}")
        if name in wishes.also and stands is Found.PERHAPS_RIGHTLY:
            part.also.append(key)
        if name in wishes.replace and name in part.compared.pairs:
            part.pairs[name] = part.compared.pairs[name]


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
            "shows the round in slices, which looks at everything within a day while it is on "
            "(docs/operations.md, Restore a table to a point in time)",
            style="yellow",
        )
