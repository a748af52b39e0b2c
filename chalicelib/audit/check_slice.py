"""Check the next slice of everything (巡检): what the schedule runs, all day, a page at a time.

A first look is cheap and proves nothing; whatever seems wrong is looked at again, consistently, and
only what stays wrong becomes a finding. Writes nothing but findings and where it is: that is
guarded and written after each step, so an interrupted step is taken again and none is skipped.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from aws_lambda_powertools import Logger

from chalicelib.audit import store
from chalicelib.audit.books import ROWS
from chalicelib.audit.check_everything import unreadable_detail
from chalicelib.audit.days import walk_day
from chalicelib.audit.invariants import READABLE, Violation
from chalicelib.audit.legs import look
from chalicelib.audit.look_again import look_again
from chalicelib.audit.model import DayWalk, Leg, Progress, Round
from chalicelib.audit.pages import read_page
from chalicelib.audit.setting_aside import setting_aside
from chalicelib.audit.units import walk_units
from chalicelib.kit import findings
from chalicelib.kit.clock import Clock, stored
from chalicelib.kit.writes import Changed

ITEMS_PER_PAGE = {Leg.GROUPS: 250, Leg.LEDGER: 500}
"""Elsewhere a hundred: that is how many neighbours fit into one read."""
SECOND_LOOKS_AT_ONCE = 10
MOST_SUSPECTS = 2000
"""Of one page: what fits beside the cursor. More than that is no slip of one row."""
VIOLATION = "audit_violation"
BEHIND = "audit_behind"
LEFT_OUT = "audit_left_out"

logger = Logger()

TimeLeft = Callable[[], bool]


def check_slice(*, clock: Clock, time_left: TimeLeft, most_rows: int | None = None) -> Progress:
    """Go on with the round, or begin one that is due; where it is then. `most_rows`: of this run,
    instead of what its pace asks for. Raises TryAgain when a finding cannot be stored.
    """
    now = clock.now()
    progress = store.find()
    if progress.is_resting(now):
        return progress
    under_way = progress.round or Round(began_at=now)
    progress = replace(progress, round=under_way)
    _say_if_behind(under_way, clock)
    most = progress.rows_for_run(under_way, now) if most_rows is None else most_rows
    most += under_way.rows_count
    while progress.round is not None and time_left() and progress.round.rows_count < most:
        rows_left = most - progress.round.rows_count
        try:
            progress = store.save(progress, _step(progress, progress.round, rows_left, clock))
        except Changed:
            logger.info("audit_slice_overtaken")
            return progress
    _log(progress)
    return progress


def _step(progress: Progress, round: Round, rows_left: int, clock: Clock) -> Progress:
    """The next thing to do, done but for writing down that it is."""
    if round.suspects:
        return replace(progress, round=_confirm(round, clock))
    if round.day is not None or round.days:
        return replace(progress, round=_go_through_day(round, clock))
    if round.leg is Leg.UNITS:
        return _go_through_units(progress, round, rows_left, clock)
    return replace(progress, round=_read_on(round, rows_left, clock))


def _read_on(round: Round, rows_left: int, clock: Clock) -> Round:
    """A page of the leg's table, and what seems wrong in it."""
    limit = min(ITEMS_PER_PAGE.get(round.leg, 100), rows_left)
    row = ROWS[round.leg.value]
    page = read_page(row, limit=limit, start=round.start, last_key=round.last_key)
    looked = look(round.leg, page.items, clock=clock)
    for key in page.left_out:
        _say_left_out(round.leg.value, key, clock)
    reported = _report_unreadable(looked.unreadable, clock)
    round = round.has_read(round.leg.value, page.rows_read).has_looked(looked.at)
    if len(looked.suspects) > MOST_SUSPECTS:
        _say_left_out("suspects", page.last_key, clock)
    suspects = looked.suspects[:MOST_SUSPECTS]
    round = round.suspects_also(suspects).has_days(looked.days).reports(reported)
    return round.moves_to(page.start, page.last_key)


def _confirm(round: Round, clock: Clock) -> Round:
    """Look again at the first of what seems wrong."""
    now, reported = clock.now(), 0
    for kind, id in round.suspects[:SECOND_LOOKS_AT_ONCE]:
        with setting_aside(id, clock):
            reported += _report(look_again(kind, id, now), clock)
    return replace(round, suspects=round.suspects[SECOND_LOOKS_AT_ONCE:]).reports(reported)


def _go_through_day(round: Round, clock: Clock) -> Round:
    day = round.day or DayWalk(round.days[0])
    walked = walk_day(day, clock.now())
    if walked.left_out:
        _say_left_out("day", day.day, clock)
    round = round.has_read("days", walked.rows_read).reports(_report(walked.violations, clock))
    if walked.walk is not None:
        return replace(round, day=walked.walk)
    rest = tuple(each for each in round.days if each != day.day)
    return replace(round, day=None, days=rest).has_looked({"day": 1})


def _go_through_units(progress: Progress, round: Round, rows_left: int, clock: Clock) -> Progress:
    """The last leg; the round ends with it."""
    walked = walk_units(round.units, rows_left, clock)
    for sku_id in walked.too_many:
        _say_left_out("stock", sku_id, clock)
    reported = _report(walked.violations, clock) + _report_unreadable(walked.unreadable, clock)
    for name, count in walked.rows.items():
        round = round.has_read(name, count)
    round = round.reports(reported).has_looked({"stock": walked.looked_count})
    if walked.walk is None:
        return progress.ended(replace(round, units=None), clock.now())
    return replace(progress, round=replace(round, units=walked.walk))


def _report(violations: Iterable[Violation], clock: Clock) -> int:
    """One finding a day for each invariant and row; how many there were."""
    together: dict[tuple[str, str, str], list[str]] = {}
    for one in violations:
        together.setdefault((one.invariant, one.kind, one.id), []).append(one.detail)
    for (invariant, kind, id), details in together.items():
        facts = {"invariant": invariant, "kind": kind, "detail": "; ".join(details)[:1000]}
        same = (invariant, kind)
        findings.record(VIOLATION, id, facts, clock=clock, must=True, same=same)
    return len(together)


def _report_unreadable(unreadable: Mapping[tuple[str, str], str], clock: Clock) -> int:
    return _report(
        (
            Violation(READABLE, table, name, unreadable_detail(why))
            for (table, name), why in unreadable.items()
        ),
        clock,
    )


def _say_if_behind(round: Round, clock: Clock) -> None:
    if round.is_behind(clock.now()):
        facts = {"began_at": stored(round.began_at), "leg": round.leg.value}
        findings.record(BEHIND, "audit", facts, clock=clock, same=(stored(round.began_at),))


def _say_left_out(what: str, id: str, clock: Clock) -> None:
    findings.record(LEFT_OUT, id, {"what": what}, clock=clock)


def _log(progress: Progress) -> None:
    if progress.round is not None:
        logger.info("audit_slice", leg=progress.round.leg.value, rows=progress.round.rows_count)
    elif progress.last_round is not None:
        last = progress.last_round
        logger.info("audit_round", rows=last.rows_count, violations=last.violations_count)
