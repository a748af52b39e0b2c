"""Command: how far the audit in slices is, and what its last round has seen, `{}`."""

from typing import Any

from chalicelib.admin.command import Command
from chalicelib.audit import store
from chalicelib.audit.model import LastRound, Round
from chalicelib.kit.clock import shown
from chalicelib.wiring import Wiring


class Payload(Command):
    """Nothing."""


def run(_payload: Payload, wiring: Wiring) -> dict[str, Any]:
    """`present` is null between rounds, `last` before the first has ended. `behind`: the present
    round has taken longer than it may.
    """
    progress, now = store.find(), wiring.clock.now()
    present, last, due_at = progress.round, progress.last_round, progress.next_due_at()
    return {
        "present": _present(present) if present is not None else None,
        "last": _last(last) if last is not None else None,
        "next_due_at": shown(due_at) if due_at is not None else None,
        "behind": present is not None and present.is_behind(now),
    }


def _present(round: Round) -> dict[str, Any]:
    return {
        "began_at": shown(round.began_at),
        "leg": round.leg.value,
        "after_key": round.last_key or None,
        "rows": dict(round.rows),
        "looked": dict(round.looked),
        "suspects": len(round.suspects),
        "violation_count": round.violations_count,
    }


def _last(last: LastRound) -> dict[str, Any]:
    return {
        "began_at": shown(last.began_at),
        "ended_at": shown(last.ended_at),
        "rows": dict(last.rows),
        "looked": dict(last.looked),
        "violation_count": last.violations_count,
    }
