"""Playing many runs, several at a time, and looking for the shortest that fails."""

import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from tests.simulation.database import Database
from tests.simulation.run import Outcome, Plan, play, simulated_database
from tests.simulation.shrink import shrink

_AT_ONCE = 5
"""Runs per errand of a worker, so that what it costs to send one does not count."""


def in_parallel(plans: Iterable[Plan], workers: int) -> Iterator[Outcome]:
    """Each plan's outcome, in their order, without the traces of those where all is right."""
    errands = list(_in_pieces(list(plans)))
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        try:
            for outcomes in pool.map(play_all, errands):
                yield from outcomes
        finally:
            pool.shutdown(cancel_futures=True)


def play_all(plans: list[Plan]) -> list[Outcome]:
    """These, one after the other; the first that fails is the last."""
    outcomes = []
    with simulated_database() as database:
        for plan in plans:
            outcomes.append(play(plan, database))
            if outcomes[-1].violations:
                break
    return outcomes


def shortest(failed: Outcome, database: Database, *, seconds: float) -> Outcome:
    """As short as can be found in so much time; it fails with one of the same kinds of words."""
    ends_at = time.monotonic() + seconds
    wrong = {_sort(violation) for violation in failed.violations}

    def attempt(plan: Plan) -> Outcome | None:
        if time.monotonic() > ends_at:
            return None
        outcome = play(plan, database)
        return outcome if wrong & {_sort(one) for one in outcome.violations} else None

    return shrink(failed, attempt)


def _in_pieces(plans: list[Plan]) -> Iterator[list[Plan]]:
    for start in range(0, len(plans), _AT_ONCE):
        yield plans[start : start + _AT_ONCE]


def _sort(violation: str) -> str:
    """What a violation is about, without whom it is about."""
    words = violation.partition(" in ")[0].split()
    return " ".join(word for word in words if "_" not in word and not word.isdigit())
