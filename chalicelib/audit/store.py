"""The audits table: one item that says where the audit in slices is. Read at the beginning of a
run, written after each step, guarded by nobody else having written it since.

An interrupted step is so taken again, and of two runs at once one stops.
"""

from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from chalicelib.audit.model import DayWalk, LastRound, Leg, Progress, Round, UnitsWalk
from chalicelib.kit.clock import from_stored, stored
from chalicelib.kit.reads import read
from chalicelib.kit.tables import Key, PlainMapAttribute, Row
from chalicelib.kit.writes import WriteSet

ROUND = "round"


class AuditRow(Row):
    """Where the audit is, and what its last round has seen."""

    class Meta:
        table = "audits"

    audit_id = UnicodeAttribute(hash_key=True)
    version = NumberAttribute()
    round = PlainMapAttribute(null=True)
    last_round = PlainMapAttribute(null=True)


def progress_key() -> Key[AuditRow]:
    return AuditRow.key(ROUND)


def find() -> Progress:
    """Read consistently; before the first run there is nothing."""
    row = read(progress_key()).find(progress_key())
    if row is None:
        return Progress()
    last = row.last_round
    return Progress(
        round=_round_of(row.round) if row.round else None,
        last_round=LastRound(**_with_times(last, "began_at", "ended_at")) if last else None,
        version=int(row.version),
    )


def save(before: Progress, progress: Progress) -> Progress:
    """Write it down. Guard: as read -> Changed."""
    version = before.version + 1
    given: dict[str, Any] = {}
    if progress.round is not None:
        given["round"] = _plain(asdict(progress.round))
    if progress.last_round is not None:
        given["last_round"] = _plain(asdict(progress.last_round))
    row = AuditRow(audit_id=ROUND, version=version, **given)
    as_read = AuditRow.version == before.version
    writes = WriteSet()
    writes.put(row, guard=as_read if before.version else AuditRow.audit_id.does_not_exist())
    writes.commit()
    return replace(progress, version=version)


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """Moments as text; what is empty is left out."""
    plain = {name: _plain_value(value) for name, value in values.items()}
    return {name: value for name, value in plain.items() if value not in (None, (), [], {}, "", 0)}


def _plain_value(value: Any) -> Any:
    match value:
        case datetime():
            return stored(value)
        case dict() if "look" in value:
            return _plain(value)
        case _:
            return value


def _round_of(plain: Mapping[str, Any]) -> Round:
    given = _with_times(plain, "began_at")
    given["leg"] = Leg(plain["leg"])
    given["suspects"] = tuple((kind, id) for kind, id in plain.get("suspects", ()))
    if "day" in plain:
        given["day"] = DayWalk(**plain["day"])
    if "units" in plain:
        given["units"] = UnitsWalk(**{"lots": {}, **_with_times(plain["units"], *_MOMENTS)})
    return Round(**given)


_MOMENTS = ("from_at", "until_at")


def _with_times(plain: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {**plain, **{name: from_stored(plain[name]) for name in names}}
