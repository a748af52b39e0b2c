"""Two files of one name dropped one right after the other: the later one's result and progress
stay, however the two runs meet.
"""

from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.files.model import Drop, Progress, RowOutcome, RowResult, is_earlier
from chalicelib.files.turn import TakenOver, Turn
from chalicelib.gateways.files import CSV
from chalicelib.kit.errors import TryAgain
from tests.dropping import drops, event_of, outcomes, progress, results, take, takes
from tests.fakes import FakeClock, FakeFiles
from tests.shop import Placed, Shop

HEADER = "order_id,carrier,tracking_no\n"
KEY = "in/shipments-1.csv"
DROP = Drop(KEY, "shipments-1.csv")
PROGRESS = "results/shipments-1.progress.json"
RESULT = "results/shipments-1.csv"
RESULT_OF_NEW = "\ufeffline,about,outcome,what_was_wrong\r\n2,new,done,\r\n"


def ready(shop: Shop, count: int) -> list[Placed]:
    """So many orders that can be shipped."""
    orders = [shop.member(f"Ann-{number}").buys().pays() for number in range(count)]
    shop.settles()
    return orders


def rows(orders: list[Placed]) -> str:
    return HEADER + "".join(f"{order.order_id},SF,SF{n}\n" for n, order in enumerate(orders))


def meanwhile(act: Callable[[], object], *, after: int) -> Callable[[], bool]:
    """There is always time; once so many entries are done, `act` happens."""
    asked = iter(range(10_000))

    def time_left() -> bool:
        if next(asked) == after:
            act()
        return True

    return time_left


@pytest.mark.parametrize("after", range(4))
def test_the_older_of_two_runs_leaves_the_newer_ones_result(shop: Shop, after: int) -> None:
    *old, new = ready(shop, 5)
    shop.files.contents[KEY] = rows(old).encode()
    newer: list[list[dict[str, str]]] = []

    def dropped_again() -> None:
        newer.append(drops(shop, KEY, rows([new])))

    take(shop, event_of(KEY), time_left=meanwhile(dropped_again, after=after))

    assert newer == [results(shop, KEY)]
    assert [row["about"] for row in results(shop, KEY)] == [new.order_id]
    assert (progress(shop, KEY)["entries"], progress(shop, KEY)["state"]) == (1, "finished")


def test_an_older_run_stops_before_its_next_entry(shop: Shop) -> None:
    """Of 30 rows one is done; what comes after is the newer file's."""
    *old, new = [f"ord_{number}" for number in range(31)]
    shop.files.contents[KEY] = (HEADER + "".join(f"{one},SF,S1\n" for one in old)).encode()
    asked: list[int] = []

    def counted() -> bool:
        asked.append(len(asked))
        if len(asked) == 2:
            drops(shop, KEY, f"{HEADER}{new},SF,S1\n")
        return True

    takes(shop, event_of(KEY), counted)
    assert (len(asked), len(shop.files.to_go_on)) == (2, 0)
    assert [row["about"] for row in results(shop, KEY)] == [new]


def test_out_of_time_an_older_run_does_not_go_on(shop: Shop) -> None:
    first, second = ready(shop, 2)
    shop.files.contents[KEY] = rows([first]).encode()

    def dropped_again() -> bool:
        drops(shop, KEY, rows([second]))
        return False

    assert take(shop, event_of(KEY), time_left=dropped_again) == 1
    assert [row["about"] for row in results(shop, KEY)] == [second.order_id]
    assert (first.status, second.status) == ("to_ship", "shipped")


def test_told_of_late_an_older_drop_is_passed_over(shop: Shop) -> None:
    first, second = event_of(KEY), event_of(KEY)
    shop.files.contents[KEY] = rows(ready(shop, 2)).encode()
    take(shop, second)
    written = list(shop.files.written)

    take(shop, first)

    assert shop.files.written == written
    assert outcomes(results(shop, KEY)) == ["done"] * 2


def test_told_of_twice_at_once_only_one_run_finishes(shop: Shop) -> None:
    shop.files.contents[KEY] = rows(ready(shop, 3)).encode()
    event = event_of(KEY)
    time_left = meanwhile(lambda: takes(shop, event), after=1)

    takes(shop, event, time_left)

    assert shop.files.written.count(RESULT) == 1
    assert progress(shop, KEY)["state"] == "finished"


@pytest.mark.parametrize(
    ("drop_id", "other", "earlier"),
    [
        ("0055AED6DCD90281E5", "0055AED6DCD90281E6", True),
        ("0055AED6DCD90281E5", "0055AED6DCD90281E5", False),
        ("0055AED6DCD90281E6", "0055aed6dcd90281e5", False),
        ("FF", "100", False),
        ("100", "FF", True),
        ("100", "00FF", False),
        ("00FF", "100", True),
        ("0055AED6DCD90281E5", "0055AED6DCD90281E501", True),
        ("0055AED6DCD90281E501", "0055AED6DCD90281E6", True),
        ("0055AED6DCD90281E5", "0055AED6DCD90281E500", False),
        ("event-1", "event-2", False),
        ("FF", "event-2", False),
    ],
)
def test_drops_are_ordered_by_s3s_sequencers(drop_id: str, other: str, earlier: bool) -> None:
    assert is_earlier(drop_id, other) is earlier


class Interrupted(FakeFiles):
    """Before a file is replaced for the nth time, something else happens."""

    def __init__(self, key: str, act: Callable[["Interrupted"], object]) -> None:
        super().__init__()
        self._key, self._act = key, act

    def replace(self, key: str, content: bytes, **how: Any) -> str | None:
        if key == self._key:
            self._key = ""
            self._act(self)
        return super().replace(key, content, **how)


def turn(files: FakeFiles) -> Turn:
    """Of a run that begins now."""
    return Turn.begin(DROP, files, FakeClock())[0]


def finished(drop_id: str, about: str) -> Progress:
    return Progress(drop_id, "tag", 1, 1, results=(RowResult(2, about, RowOutcome.DONE),))


def test_between_the_check_and_the_result_a_newer_run_may_finish() -> None:
    files = Interrupted(RESULT, lambda them: turn(them).finish(finished("2", "new")))
    with pytest.raises(TakenOver):
        turn(files).finish(finished("1", "old"))
    assert files.contents[RESULT].decode() == RESULT_OF_NEW
    assert b'"drop_id": "2"' in files.contents[PROGRESS]


def test_an_older_runs_result_does_not_stop_the_newer_one() -> None:
    def writes(files: FakeFiles) -> None:
        files.write(RESULT, b"old", content_type=CSV)

    files = Interrupted(RESULT, writes)
    turn(files).finish(finished("2", "new"))
    assert files.contents[RESULT].decode() == RESULT_OF_NEW


def test_progress_that_was_deleted_is_written_again() -> None:
    files = FakeFiles()
    own = turn(files)
    own.save(finished("1", "own"))
    del files.contents[PROGRESS]
    own.save(finished("1", "own"))
    assert PROGRESS in files.contents


class Deaf(FakeFiles):
    """Writes, and the answer is lost; or does neither."""

    def __init__(self, *, writes: bool) -> None:
        super().__init__()
        self._writes = writes

    def replace(self, key: str, content: bytes, **how: Any) -> str | None:
        if self._writes:
            super().replace(key, content, **how)
        return None


def test_a_save_whose_answer_was_lost_is_its_own() -> None:
    turn(Deaf(writes=True)).save(finished("1", "own"))


def test_what_cannot_be_saved_is_not_taken_for_done() -> None:
    with pytest.raises(TryAgain):
        turn(Deaf(writes=False)).save(finished("1", "own"))
