"""Command: every invariant of the domain that our tables can show, with its figures, `{}`.

Reads only. What looks wrong is read again, twice, before it is reported: others write meanwhile.
"""

from typing import Any

from aws_lambda_powertools import Logger

from chalicelib.admin.command import Command
from chalicelib.audit.check_everything import check_everything
from chalicelib.audit.everything import count_findings
from chalicelib.audit.totals import totals_of
from chalicelib.kit.clock import after
from chalicelib.wiring import Wiring

SECONDS_FOR_ALL = 45
"""Well within the function's minute, so that an operator gets an answer."""

logger = Logger()


class Payload(Command):
    """Nothing."""


def run(_payload: Payload, wiring: Wiring) -> dict[str, Any]:
    """`complete` is false, and `stopped_at` says where, when not everything was looked at."""
    now = wiring.clock.now()
    ends_at = after(now, SECONDS_FOR_ALL)
    books, report = check_everything(now, time_left=lambda: wiring.clock.now() < ends_at)
    invariants = report.to_answer()
    if report.violations:
        names = sorted({violation.invariant for violation in report.violations})
        logger.error("audit_found_violations", alarm="audit_violation", invariants=names)
    return {
        "complete": report.stopped_at is None,
        "stopped_at": report.stopped_at,
        "invariants": invariants,
        "totals": {**totals_of(books), "findings_today": count_findings(now)},
        "violations": [one for invariant in invariants for one in invariant["violations"]],
    }
