"""What is dropped into the bucket, whose it is, and how far it has been gone through. Pure."""

import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any

_KEY = re.compile(r"(?:merchants/(?P<merchant_id>[0-9A-Za-z_-]{1,64})/)?in/(?P<name>.+[^/])")

_SEQUENCER = re.compile(r"[0-9A-Fa-f]{1,64}")


class FileKind(StrEnum):
    """What a file holds, by the beginning of its name."""

    PRODUCTS = "products"
    """A product each, a row for each of its SKUs."""
    CAMPAIGNS = "campaigns"
    """A campaign each, a row for each SKU in it."""
    SHIPMENTS = "shipments"
    """An order each, who carries it and under which number."""


OF_MERCHANTS = frozenset({FileKind.PRODUCTS, FileKind.SHIPMENTS})
"""What a merchant may drop into their own folder."""


@dataclass(frozen=True)
class Drop:
    """A file in an `in/` folder: the operator's, or one merchant's."""

    key: str
    name: str
    merchant_id: str | None = None

    @property
    def kind(self) -> FileKind | None:
        """None when the name says nothing that this folder takes."""
        file_name = self.name.rpartition("/")[2].lower()
        if not file_name.endswith(".csv"):
            return None
        kinds = (kind for kind in FileKind if file_name.startswith(kind.value))
        kind = next(kinds, None)
        return kind if self.merchant_id is None or kind in OF_MERCHANTS else None

    @property
    def result_key(self) -> str:
        return f"{self._results}.csv"

    @property
    def progress_key(self) -> str:
        return f"{self._results}.progress.json"

    @property
    def _results(self) -> str:
        folder = f"merchants/{self.merchant_id}/" if self.merchant_id is not None else ""
        stem = self.name[:-4] if self.name.lower().endswith(".csv") else self.name
        return f"{folder}results/{stem}"


def drop_of(key: str) -> Drop | None:
    """None for whatever lies in no `in/` folder."""
    match = _KEY.fullmatch(key)
    return Drop(key, match["name"], match["merchant_id"]) if match else None


def is_earlier(drop_id: str, other: str) -> bool:
    """Whether a drop came before another of the same key. S3's sequencers are hexadecimal digits;
    the shorter is filled up with zeros on its right, and then they are compared as texts. Of ids
    that are none, nothing is known.
    """
    if not (_SEQUENCER.fullmatch(drop_id) and _SEQUENCER.fullmatch(other)):
        return False
    digits = max(len(drop_id), len(other))
    return drop_id.upper().ljust(digits, "0") < other.upper().ljust(digits, "0")


class RowOutcome(StrEnum):
    """What came of a row."""

    DONE = "done"
    """It changed something."""
    UNCHANGED = "unchanged"
    """All it says was so already."""
    WRONG = "wrong"
    """It was refused, and changed nothing."""


@dataclass(frozen=True)
class RowResult:
    """One line of the result: of which line, about what, and what was wrong."""

    line: int
    about: str
    outcome: RowOutcome
    what: str = ""


@dataclass(frozen=True)
class Progress:
    """How far one drop of a file has been gone through. `drop_id` is another each time it is
    dropped, `tag` only when its content is; `reached` counts what is done with, not lines.
    `once_more`: it took over from a run that may still be at an entry, so after its last entry it
    is gone through again.
    """

    drop_id: str
    tag: str
    entries_count: int
    reached: int = 0
    finished: bool = False
    once_more: bool = False
    results: tuple[RowResult, ...] = ()

    @property
    def counts(self) -> dict[str, int]:
        """How many rows came out how."""
        return {
            outcome.value: sum(each.outcome is outcome for each in self.results)
            for outcome in RowOutcome
        }

    def with_results(self, results: Sequence[RowResult]) -> "Progress":
        """One entry further. Done the first time stays done where it is unchanged the second."""
        reached = self.reached + 1
        if not self.results or self.results[-1].line < results[0].line:
            return replace(self, reached=reached, results=(*self.results, *results))
        by_line = {each.line: each for each in self.results}
        for each in results:
            was_done = by_line[each.line].outcome is RowOutcome.DONE
            if not (was_done and each.outcome is RowOutcome.UNCHANGED):
                by_line[each.line] = each
        return replace(self, reached=reached, results=tuple(by_line.values()))

    def shown(self, file_name: str, at: str) -> bytes:
        """As it lies beside the file: figures first, for whoever looks."""
        results = () if self.finished else self.results
        said = {
            "file": file_name,
            "state": "finished" if self.finished else "running",
            "at": at,
            "entries": self.entries_count,
            "reached": self.reached,
            "rows": self.counts,
            "drop_id": self.drop_id,
            "tag": self.tag,
            "once_more": self.once_more,
            "results": [list(asdict(one).values()) for one in results],
        }
        return json.dumps(said, ensure_ascii=False).encode()


def progress_of(content: bytes) -> Progress | None:
    """The inverse of `shown`; None when it is nothing of ours."""
    try:
        said: dict[str, Any] = json.loads(content)
        results = tuple(
            RowResult(int(line), about, RowOutcome(outcome), what)
            for line, about, outcome, what in said["results"]
        )
        return Progress(
            drop_id=said["drop_id"],
            tag=said["tag"],
            entries_count=said["entries"],
            reached=said["reached"],
            finished=said["state"] == "finished",
            once_more=said.get("once_more", False),
            results=results,
        )
    except (ValueError, TypeError, KeyError):
        return None
