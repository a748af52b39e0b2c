"""How far a file is must be readable by the run that goes on, or somebody is told."""

from typing import Any

import pytest

from chalicelib.files.model import Drop, Progress, RowOutcome, RowResult
from chalicelib.files.take import MOST_WHAT_CHARACTERS, Tools, take
from chalicelib.files.turn import Turn
from tests.dropping import drops, event_of, progress, results, takes
from tests.fakes import FakeClock, FakeFiles
from tests.shop import Shop

HEADER = "order_id,carrier,tracking_no\n"
KEY = "in/shipments-1.csv"
PROGRESS = "results/shipments-1.progress.json"
DROP = Drop(KEY, "shipments-1.csv")
MOST_ROWS = 5000


def test_the_longest_progress_there_can_be_is_read_again() -> None:
    """Each character takes six in JSON, as those of control do."""
    files = FakeFiles()
    row = RowResult(1, "\x01" * 64, RowOutcome.WRONG, "\x01" * MOST_WHAT_CHARACTERS)
    written = Progress("1", "tag", MOST_ROWS, MOST_ROWS, results=(row,) * MOST_ROWS)
    Turn.begin(DROP, files, FakeClock())[0].save(written)
    assert Turn.begin(DROP, files, FakeClock())[1] == written


def answering(detail: str) -> Any:
    """A command that is refused in these words."""
    refused = {"ok": False, "error": {"code": "not_allowed", "detail": detail}}
    return lambda _event: refused


@pytest.mark.parametrize(
    ("detail", "shown"),
    [("x" * 500, "x" * 500), ("x" * 501, "x" * 499 + "…"), ("苹" * 9000, "苹" * 499 + "…")],
    ids=["just fits", "too long", "far too long"],
)
def test_what_was_wrong_is_cut(detail: str, shown: str) -> None:
    files = FakeFiles()
    files.contents[KEY] = f"{HEADER}ord_1,SF,SF1\n".encode()
    take(DROP, "1", Tools(files, answering(detail), FakeClock(), lambda: True))
    content = files.contents["results/shipments-1.csv"].decode()
    assert content == f"\ufeffline,about,outcome,what_was_wrong\r\n2,ord_1,wrong,{shown}\r\n"


@pytest.mark.parametrize("content", [b"{", None], ids=["broken", "gone"])
def test_a_run_that_cannot_go_on_says_so(
    shop: Shop, caplog: pytest.LogCaptureFixture, content: bytes | None
) -> None:
    text = f"{HEADER}ord_1,SF,SF1\nord_2,SF,SF2\n"
    shop.files.contents[KEY] = text.encode()
    asked = iter([True, False])
    takes(shop, event_of(KEY), lambda: next(asked))
    assert progress(shop, KEY)["state"] == "running"
    del shop.files.contents[PROGRESS]
    if content is not None:
        shop.files.contents[PROGRESS] = content

    takes(shop, shop.files.to_go_on.popleft())

    told = [vars(record) for record in caplog.records if hasattr(record, "alarm")]
    assert [(one["alarm"], one["kind"], one["levelname"]) for one in told] == [
        ("progress_unreadable", "shipments", "ERROR")
    ]
    assert not shop.files.to_go_on
    assert "results/shipments-1.csv" not in shop.files.contents

    assert len(drops(shop, KEY, text)) == len(results(shop, KEY)) == 2
    assert progress(shop, KEY)["state"] == "finished"
