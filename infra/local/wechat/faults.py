"""Misbehaviour on request: which of the next calls fail, and how.

Owns the plan of faults, never their effect: the API that takes a fault applies it.
"""

from dataclasses import dataclass
from enum import StrEnum


class FaultKind(StrEnum):
    ERROR_BEFORE = "error_before"
    """Nothing is done and the answer is a system error."""
    ERROR_AFTER = "error_after"
    """The work is done and the answer is a system error all the same."""
    TIMEOUT_BEFORE = "timeout_before"
    """Nothing is done and no answer comes in time."""
    TIMEOUT_AFTER = "timeout_after"
    """The work is done and no answer comes in time."""
    RATE_LIMIT = "rate_limit"
    """Nothing is done: too many calls."""
    BAD_SIGNATURE = "bad_signature"
    """The work is done and the answer's signature does not match it."""
    GARBAGE = "garbage"
    """The work is done and the answer, though signed, breaks off in the middle."""
    CLOSE_IGNORED = "close_ignored"
    """Closing an order is answered as done and is not: the payer's cashier was faster. Other
    calls leave it to the next close."""
    BILL_CREATING = "bill_creating"
    """A bill that is asked for is still being written."""
    BILL_MISSING = "bill_missing"
    """There is no bill of that day."""
    BILL_TORN = "bill_torn"
    """A bill's file breaks off in the middle."""


FAULT_KINDS = tuple(kind.value for kind in FaultKind)
CLOSE_SUFFIX = "/close"
BILL_PREFIX, BILL_FILE_PREFIX = "/v3/bill/", "/v3/billdownload/"
ABOUT_CERTAIN_CALLS = frozenset(
    {
        FaultKind.CLOSE_IGNORED,
        FaultKind.BILL_CREATING,
        FaultKind.BILL_MISSING,
        FaultKind.BILL_TORN,
    }
)
"""They leave all other calls alone."""
BEFORE = frozenset({FaultKind.ERROR_BEFORE, FaultKind.TIMEOUT_BEFORE, FaultKind.RATE_LIMIT})


class AnswerWithheld(Exception):
    """In process: the caller would have waited for an answer until its own timeout."""


@dataclass
class _Fault:
    path_prefix: str
    kind: FaultKind
    times_left: int

    def hits(self, path: str) -> bool:
        return path.startswith(self.path_prefix) and _is_possible(self.kind, path)


def _is_possible(kind: FaultKind, path: str) -> bool:
    """Whether a fault of that kind can hit a call to that path."""
    match kind:
        case FaultKind.CLOSE_IGNORED:
            return path.endswith(CLOSE_SUFFIX)
        case FaultKind.BILL_CREATING | FaultKind.BILL_MISSING:
            return path.startswith(BILL_PREFIX)
        case FaultKind.BILL_TORN:
            return path.startswith(BILL_FILE_PREFIX)
    return True


class FaultPlan:
    """First planned, first taken, among the faults whose prefix fits."""

    def __init__(self) -> None:
        self._faults: list[_Fault] = []

    def add(self, path_prefix: str, kind: FaultKind, times: int) -> None:
        self._faults.append(_Fault(path_prefix, kind, times))

    def take(self, path: str) -> FaultKind | None:
        for fault in self._faults:
            if fault.hits(path):
                fault.times_left -= 1
                if fault.times_left == 0:
                    self._faults.remove(fault)
                return fault.kind
        return None
