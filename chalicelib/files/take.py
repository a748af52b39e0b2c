"""Take a file that was dropped: each entry through the very command that operators send, the result
beside it.

Entries are done one after the other, and how far it is is written down now and then. Interrupted
anywhere it goes on from there; what is done twice then is `unchanged`, since every command is once.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from aws_lambda_powertools import Logger
from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.files.complete import NOT_FILLED_IN, NotTheirs, complete
from chalicelib.files.entries import Entry, read_entries
from chalicelib.files.model import (
    OF_MERCHANTS,
    Drop,
    FileKind,
    Progress,
    RowOutcome,
    RowResult,
    progress_of,
)
from chalicelib.files.tables import MOST_BYTES, Unreadable, write_table
from chalicelib.gateways.files import CSV, JSON, Files, StoredFile
from chalicelib.kit.clock import Clock, shown
from chalicelib.kit.errors import Refusal

RESULT_HEADER = ("line", "about", "outcome", "what_was_wrong")
ENTRIES_PER_SAVE = 25
ATTEMPTS = 3
AGAIN = "Drop the file again."
_MOST_PROGRESS_BYTES = 8 * 1024 * 1024
_PASSING = frozenset({"try_again", "wechat_unavailable"})

logger = Logger()

Command = Callable[[dict[str, Any]], dict[str, Any]]
"""What an operator's command answers; never raises."""


@dataclass(frozen=True)
class Tools:
    """What taking a file needs of the world around it."""

    files: Files
    command: Command
    clock: Clock
    time_left: Callable[[], bool]


def take(drop: Drop, drop_id: str, tools: Tools, *, goes_on: bool = False) -> bool:
    """Whether nothing is left to do; False: the time is over, start it again with `goes_on`.

    Dropped again, a file is gone through again; told of again, it is not.
    """
    stored = tools.files.read(drop.key, most_bytes=MOST_BYTES)
    if stored is None:
        logger.info("file_gone", kind=drop.kind)
        return True
    before = _progress(drop, tools)
    is_same = before is not None and (before.drop_id, before.tag) == (drop_id, stored.tag)
    if before is not None and is_same and before.finished:
        return True
    if goes_on and not is_same:
        logger.info("file_dropped_again", kind=drop.kind)
        return True
    try:
        kind, entries = _read(drop, stored)
    except Unreadable as refusal:
        refused = RowResult(1, drop.name, RowOutcome.WRONG, str(refusal))
        _finish(drop, Progress(drop_id, stored.tag, 0, results=(refused,)), tools)
        return True
    fresh = Progress(drop_id, stored.tag, len(entries))
    return _go_through(drop, kind, entries, before if before and is_same else fresh, tools)


def _progress(drop: Drop, tools: Tools) -> Progress | None:
    found = tools.files.read(drop.progress_key, most_bytes=_MOST_PROGRESS_BYTES)
    return progress_of(found.content) if found is not None and found.content else None


def _read(drop: Drop, stored: StoredFile) -> tuple[FileKind, list[Entry]]:
    if drop.kind is None:
        kinds = OF_MERCHANTS if drop.merchant_id is not None else FileKind
        names = ", ".join(f"{kind.value}….csv" for kind in sorted(kinds))
        raise Unreadable(f"A file for this folder is called {names}.")
    if stored.content is None:
        raise Unreadable(f"The file is larger than {MOST_BYTES // 1024} KiB: cut it into several.")
    return drop.kind, read_entries(drop.kind, stored.content)


def _go_through(
    drop: Drop, kind: FileKind, entries: list[Entry], progress: Progress, tools: Tools
) -> bool:
    _save(drop, progress, tools)
    while progress.reached < len(entries):
        if not tools.time_left():
            _save(drop, progress, tools)
            return False
        results = _do(kind, entries[progress.reached], drop.merchant_id, tools)
        reached = progress.reached + 1
        progress = replace(progress, reached=reached, results=(*progress.results, *results))
        if reached % ENTRIES_PER_SAVE == 0:
            _save(drop, progress, tools)
    _finish(drop, progress, tools)
    return True


def _do(
    kind: FileKind, entry: Entry, merchant_id: str | None, tools: Tools
) -> tuple[RowResult, ...]:
    outcome, what = RowOutcome.WRONG, entry.wrong
    if not what:
        try:
            event = complete(kind, entry, merchant_id)
        except NotTheirs as refusal:
            what = str(refusal)
        except (Refusal, BotoCoreError, ClientError) as passing:
            logger.warning("entry_put_off", error=type(passing).__name__)
            what = f"What is there could not be read just now. {AGAIN}"
        else:
            outcome, what = _run(event, tools) if event else (RowOutcome.UNCHANGED, NOT_FILLED_IN)
    return tuple(RowResult(line, entry.about, outcome, what) for line in entry.lines)


def _run(event: dict[str, Any], tools: Tools) -> tuple[RowOutcome, str]:
    answer: dict[str, Any] = {}
    for _ in range(ATTEMPTS):
        answer = tools.command(event)
        if answer["ok"]:
            same = answer["result"]["outcome"] == RowOutcome.UNCHANGED.value
            return (RowOutcome.UNCHANGED if same else RowOutcome.DONE), ""
        if answer["error"]["code"] not in _PASSING:
            break
    return RowOutcome.WRONG, _in_words(answer["error"])


def _in_words(error: dict[str, Any]) -> str:
    fields = [f"{one['field']}: {one['message']}" for one in error.get("errors", ())]
    if error["code"] in _PASSING:
        return f"{error['detail']} {AGAIN}"
    return "; ".join(fields) or str(error["detail"])


def _save(drop: Drop, progress: Progress, tools: Tools) -> None:
    at = shown(tools.clock.now())
    content = progress.shown(drop.name, at)
    tools.files.write(drop.progress_key, content, content_type=JSON)


def _finish(drop: Drop, progress: Progress, tools: Tools) -> None:
    """The result first, so that `finished` is never said of one that is not there."""
    rows = [(one.line, one.about, one.outcome.value, one.what) for one in progress.results]
    tools.files.write(drop.result_key, write_table(RESULT_HEADER, rows), content_type=CSV)
    _save(drop, replace(progress, finished=True), tools)
    logger.info("file_taken", kind=drop.kind, merchant_id=drop.merchant_id, rows=progress.counts)
