"""Making a failing run short: leaves out wishes and disturbances as long as it still fails, halves
first, then ever smaller pieces (delta debugging, after Zeller and Hildebrandt).

Asks for runs only; what a failure is, is for the caller to say.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

from tests.simulation.run import Outcome, Plan

Try = Callable[[Plan], Outcome | None]
"""Plays a plan: its outcome if that still fails, else None; also once the caller has had enough."""


def shrink(failed: Outcome, attempt: Try) -> Outcome:
    """The shortest run found that fails as well. Everything it is made of is named in its plan."""
    best = failed
    wishes, disturbances = failed.wishes, failed.disturbances
    plan = replace(failed.plan, wishes=frozenset(wishes), disturbances=frozenset(disturbances))

    def without_disturbances(kept: Sequence[str]) -> Outcome | None:
        return attempt(replace(best.plan, disturbances=frozenset(kept)))

    def without_wishes(kept: Sequence[str]) -> Outcome | None:
        return attempt(replace(best.plan, wishes=frozenset(kept)))

    again = attempt(plan)
    if again is None:
        return failed
    best = again
    before = None
    while before != best.plan:
        before = best.plan
        best = _fewer(best, best.wishes, without_wishes)
        best = _fewer(best, best.disturbances, without_disturbances)
    return best


def _fewer(
    best: Outcome, parts: Sequence[str], attempt: Callable[[Sequence[str]], Outcome | None]
) -> Outcome:
    """The outcome with as few of these parts as can be found."""
    kept, pieces = list(parts), 2
    while kept:
        size = max(len(kept) // pieces, 1)
        for start in range(0, len(kept), size):
            fewer = kept[:start] + kept[start + size :]
            shorter = attempt(fewer)
            if shorter is not None:
                best, kept, pieces = shorter, fewer, max(pieces - 1, 2)
                break
        else:
            if size == 1:
                return best
            pieces = min(pieces * 2, len(kept))
    return best
