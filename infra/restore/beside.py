"""The table as it was, restored by DynamoDB beside the live one: made, waited for, removed.

Must never touch a table whose name does not say that it was restored.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as NotConnected

from infra.place import Place
from infra.restore.around import Surroundings
from infra.restore.refusals import NotRestored

RESTORED = "-restored-"
LOOK_SECONDS = 15.0
LOOKS_FOR_IT = 20
"""How often it may not be there before it is given up: a new one is listed within seconds."""
WAIT = timedelta(hours=12)
ACTIVE, CREATING = "ACTIVE", "CREATING"
NOT_THERE, NOT_REACHED = "not there", "not known (AWS is not reached)"
_EXAMPLE = "2026-11-22T20:15:00+08:00"
_NO_TABLE = frozenset({"ResourceNotFoundException", "TableNotFoundException"})


@dataclass(frozen=True)
class Beside:
    """The live table of that name, as it was at that moment."""

    live: str
    moment: datetime

    @property
    def name(self) -> str:
        """Of the table beside: the same for the same moment, so that another run finds it."""
        return f"{self.live}{RESTORED}{self.moment.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def moment_of(text: str, now: datetime) -> datetime:
    """A moment of the past to the second, whose offset from UTC is said. Raises `NotRestored`."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise NotRestored(f"--to {text} is not a moment: write it as {_EXAMPLE}") from None
    if moment.tzinfo is None:
        raise NotRestored(
            f"--to {text} does not say whose clock that is: add the offset, as in {_EXAMPLE}"
        )
    if moment.microsecond:
        raise NotRestored(f"--to {text}: DynamoDB goes by whole seconds, as in {_EXAMPLE}")
    if moment > now:
        raise NotRestored(f"--to {text} is in the future: by this machine it is {_shown(now)}")
    return moment


def describe(tables: Any, table_name: str) -> dict[str, Any] | None:
    """DynamoDB's description of a table, or None when there is none."""
    try:
        table: dict[str, Any] = tables.describe_table(TableName=table_name)["Table"]
    except ClientError as error:
        if error.response["Error"]["Code"] not in _NO_TABLE:
            raise
        return None
    return table


def make_sure_of(
    tables: Any, besides: Sequence[Beside], place: Place, around: Surroundings
) -> None:
    """Has each table restored beside unless it is there, all at the same time, and waits until they
    can be read.
    """
    for beside in besides:
        _require_live(tables, beside, place)
    for beside in besides:
        found = describe(tables, beside.name)
        if found is None:
            _begin(tables, beside, place, around)
        else:
            _require_same(found, beside)
            around.say(f"{beside.name} is there already: going on with it")
    for beside in besides:
        _wait(tables, beside, around)


def remove(tables: Any, beside: Beside) -> None:
    """Deletes the table beside; DynamoDB takes a moment for it."""
    try:
        tables.delete_table(TableName=beside.name)
    except ClientError as error:
        if error.response["Error"]["Code"] not in _NO_TABLE:
            raise


def how_to_remove(beside: Beside, place: Place) -> str:
    """A command for who wants to be rid of it."""
    return f"aws dynamodb delete-table --region {place.region} --table-name {beside.name}"


def _require_live(tables: Any, beside: Beside, place: Place) -> None:
    if describe(tables, beside.live) is None:
        raise NotRestored(
            f"there is no table {beside.live}, {place}. Was it deleted altogether? "
            "docs/operations.md, Restore a table to a point in time, says what to do then"
        )


def _begin(tables: Any, beside: Beside, place: Place, around: Surroundings) -> None:
    if place.local:
        around.say(f"the local stack keeps no past: it restores what {beside.live} holds now")
    else:
        _require_restorable(tables, beside)
    try:
        tables.restore_table_to_point_in_time(
            SourceTableName=beside.live,
            TargetTableName=beside.name,
            RestoreDateTime=beside.moment.astimezone(UTC),
        )
    except ClientError as error:
        code = error.response["Error"]["Code"]
        # Somebody else began it, or this request was sent again after its answer was lost.
        if code != "TableAlreadyExistsException":
            raise
    around.say(f"DynamoDB restores {beside.live} as of {_shown(beside.moment)} to {beside.name}")


def _require_restorable(tables: Any, beside: Beside) -> None:
    answer = tables.describe_continuous_backups(TableName=beside.live)
    found = answer["ContinuousBackupsDescription"].get("PointInTimeRecoveryDescription", {})
    if found.get("PointInTimeRecoveryStatus") != "ENABLED":
        raise NotRestored(
            f"point-in-time recovery of {beside.live} is off, so that its past is not kept: "
            "a deployment turns it on, for what comes after"
        )
    earliest, latest = found["EarliestRestorableDateTime"], found["LatestRestorableDateTime"]
    if beside.moment < earliest:
        raise NotRestored(
            f"{_shown(beside.moment)} is too long ago: the past of {beside.live} is kept from "
            f"{_shown(earliest)} on"
        )
    if beside.moment > latest:
        raise NotRestored(
            f"{_shown(beside.moment)} cannot be restored yet: the past of {beside.live} is there "
            f"up to {_shown(latest)}, and follows within about five minutes. Run it again then"
        )


def _require_same(found: dict[str, Any], beside: Beside) -> None:
    """Raises `NotRestored` when what is there was restored from something else."""
    summary = found.get("RestoreSummary", {})
    source = summary.get("SourceTableArn", beside.live).rpartition("/")[2]
    moment = summary.get("RestoreDateTime", beside.moment)
    if source != beside.live or moment.replace(microsecond=0) != beside.moment:
        raise NotRestored(
            f"{beside.name} was restored from {source} as of {_shown(moment)}, so it is not what "
            "its name says: look who made it, delete it, run this again"
        )


def _wait(tables: Any, beside: Beside, around: Surroundings) -> None:
    began_at, not_there = around.now(), 0
    with around.working(f"DynamoDB makes {beside.name} (often 10 to 60 minutes)") as tell:
        while (status := _status(tables, beside)) != ACTIVE:
            waited = around.now() - began_at
            not_there = not_there + 1 if status == NOT_THERE else 0
            is_odd = status not in (CREATING, NOT_THERE, NOT_REACHED)
            if is_odd or not_there > LOOKS_FOR_IT:
                raise NotRestored(
                    f"{beside.name} is {status}: run it again in a few minutes; if that does not "
                    "help, look at it in the DynamoDB console"
                )
            if waited >= WAIT:
                raise NotRestored(f"{beside.name} is still {status}: run it again to wait on")
            tell(f"{status}, {waited.total_seconds() / 60:.0f} min")
            around.sleep(LOOK_SECONDS)
    around.say(f"{beside.name} can be read")


def _status(tables: Any, beside: Beside) -> str:
    """DynamoDB's word, or ours. While AWS is not reached it works on all the same."""
    try:
        found = describe(tables, beside.name)
    except (NotConnected, HTTPClientError):
        return NOT_REACHED
    return str(found["TableStatus"]) if found else NOT_THERE


def _shown(moment: datetime) -> str:
    """In the words it was given in, and in UTC."""
    said = moment.isoformat(timespec="seconds")
    return said if not moment.utcoffset() else f"{said} ({moment.astimezone(UTC):%H:%M:%S} UTC)"
