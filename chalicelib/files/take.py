"""Take a file that was dropped: each entry through the very command that operators send, the result
beside it.

Entries are done one after the other, and how far it is is written down now and then. Interrupted
anywhere it goes on from there; what is done twice then is `unchanged`, since every command is once.

Of two drops of one name the later one's content stays: an earlier run looks whether the file is
still its own after it has read what an entry writes over and before it writes. The later run waits
until such an entry is over, and then goes through its own once more.
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
    is_earlier,
)
from chalicelib.files.tables import MOST_BYTES, Unreadable
from chalicelib.files.turn import TakenOver, Turn
from chalicelib.gateways.files import Files, StoredFile
from chalicelib.kit.clock import Clock
from chalicelib.kit.errors import Refusal
from chalicelib.kit.pauses import pause

ENTRIES_PER_SAVE = 25
ONE_ENTRY_SECONDS = 20
"""Longer than it takes from the look at whose turn it is to the end of the write."""
ATTEMPTS = 3
MOST_WHAT_CHARACTERS = 500
"""Of what was wrong with a row, so that a whole file of them still fits into its progress."""
AGAIN = "Drop the file again."
_WRITTEN_OVER = frozenset({FileKind.PRODUCTS, FileKind.CAMPAIGNS})
"""Of these the last to write is right; of shipments the first."""
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

    Dropped again, a file is gone through again; told of again, it is not. An older drop's run
    leaves off before its next entry.
    """
    try:
        return _take(drop, drop_id, tools, goes_on=goes_on)
    except TakenOver:
        logger.info("file_taken_over", kind=drop.kind)
        return True


def _take(drop: Drop, drop_id: str, tools: Tools, *, goes_on: bool) -> bool:
    turn, before = Turn.begin(drop, tools.files, tools.clock)
    stored = tools.files.read(drop.key, most_bytes=MOST_BYTES)
    if stored is None:
        logger.info("file_gone", kind=drop.kind)
        return True
    is_same = before is not None and (before.drop_id, before.tag) == (drop_id, stored.tag)
    if before is not None and is_same and before.finished:
        return True
    if goes_on and before is None:
        what = "progress_unreadable"
        logger.error(what, alarm=what, kind=drop.kind, merchant_id=drop.merchant_id)
        return True
    if (before is not None and is_earlier(drop_id, before.drop_id)) or (goes_on and not is_same):
        raise TakenOver
    try:
        kind, entries = _read(drop, stored)
    except Unreadable as refusal:
        refused = RowResult(1, drop.name, RowOutcome.WRONG, str(refusal))
        _finish(drop, Progress(drop_id, stored.tag, 0, results=(refused,)), turn)
        return True
    overtakes = before is not None and not before.finished and kind in _WRITTEN_OVER
    fresh = Progress(drop_id, stored.tag, len(entries), once_more=overtakes)
    progress = before if before is not None and is_same else fresh
    progress = _go_through(drop, kind, entries, progress, tools, turn)
    if progress.once_more and _waited(progress, tools, turn):
        again = replace(progress, reached=0, once_more=False)
        progress = _go_through(drop, kind, entries, again, tools, turn)
    if progress.once_more or progress.reached < len(entries):
        return False
    _finish(drop, progress, turn)
    return True


def _waited(progress: Progress, tools: Tools, turn: Turn) -> bool:
    """Whether it is through, and whoever had the file before is done with the entry they were at.
    False: the time is over.
    """
    if progress.reached < progress.entries_count:
        return False
    turn.save(progress)
    for _ in range(ONE_ENTRY_SECONDS):
        if not tools.time_left():
            return False
        pause(1000)
    return True


def _read(drop: Drop, stored: StoredFile) -> tuple[FileKind, list[Entry]]:
    if drop.kind is None:
        kinds = OF_MERCHANTS if drop.merchant_id is not None else FileKind
        names = ", ".join(f"{kind.value}….csv" for kind in sorted(kinds))
        raise Unreadable(f"A file for this folder is called {names}.")
    if stored.content is None:
        raise Unreadable(f"The file is larger than {MOST_BYTES // 1024} KiB: cut it into several.")
    return drop.kind, read_entries(drop.kind, stored.content)


def _go_through(
    drop: Drop,
    kind: FileKind,
    entries: list[Entry],
    progress: Progress,
    tools: Tools,
    turn: Turn,
) -> Progress:
    """As far as the time allows. What is reached is saved, but for the last few of a whole file."""
    turn.save(progress)
    while progress.reached < len(entries):
        if not tools.time_left():
            turn.save(progress)
            break
        results = _do(kind, entries[progress.reached], drop.merchant_id, tools, turn)
        progress = progress.with_results(results)
        if progress.reached % ENTRIES_PER_SAVE == 0:
            turn.save(progress)
    return progress


def _do(
    kind: FileKind, entry: Entry, merchant_id: str | None, tools: Tools, turn: Turn
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
            outcome, what = (
                _run(event, tools, turn) if event else (RowOutcome.UNCHANGED, NOT_FILLED_IN)
            )
    if len(what) > MOST_WHAT_CHARACTERS:
        what = f"{what[: MOST_WHAT_CHARACTERS - 1]}…"
    return tuple(RowResult(line, entry.about, outcome, what) for line in entry.lines)


def _run(event: dict[str, Any], tools: Tools, turn: Turn) -> tuple[RowOutcome, str]:
    answer: dict[str, Any] = {}
    for _ in range(ATTEMPTS):
        turn.check()
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


def _finish(drop: Drop, progress: Progress, turn: Turn) -> None:
    turn.finish(progress)
    logger.info("file_taken", kind=drop.kind, merchant_id=drop.merchant_id, rows=progress.counts)
