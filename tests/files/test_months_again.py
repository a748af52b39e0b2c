"""A day that is written again, and the month that has to say the same."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.files.months import write_month
from tests.fakes import FakeFiles
from tests.files.test_export import exports, text
from tests.files.test_months import MARK, MONTH, OF_FARM, OURS, THEIRS, month_is_over, trades
from tests.shop import Shop

DAY = "2026-11-24"
MARK_OF_DAY = f"exports/days/{DAY}.json"
OF_FARM_THAT_DAY = "merchants/farm/statements/2026-11-22.csv"
EMPTY = "\ufeffday,paid_fen,refunded_fen,settled_fen\r\ntotal,0,0,0\r\n"


class Meanwhile(FakeFiles):
    """The same bucket; before a file is written for the first time something else happens."""

    def __init__(self, files: FakeFiles, key: str, act: Callable[[], object]) -> None:
        super().__init__()
        self.contents = files.contents
        self._key, self._act = key, act

    def write(self, key: str, content: bytes, **how: Any) -> None:
        if key == self._key:
            self._key = ""
            self._act()
        super().write(key, content, **how)


@pytest.fixture
def right(shop: Shop) -> str:
    """The month is written, and this is what it says."""
    trades(shop)
    month_is_over(shop)
    exports(shop)
    return text(shop, THEIRS)


def say(shop: Shop, day: str, statements: dict[str, Any]) -> None:
    """The day's mark says so of each merchant."""
    key = f"exports/days/{day}.json"
    mark = {**json.loads(text(shop, key)), "statements": statements}
    shop.files.contents[key] = json.dumps(mark).encode()


def forget(shop: Shop) -> None:
    """The day was written when it said nothing of the orchard."""
    say(shop, DAY, {})


@pytest.mark.parametrize("key", [THEIRS, OURS, MARK])
def test_of_two_at_once_both_leave_what_the_days_say(shop: Shop, right: str, key: str) -> None:
    """The one has read the days when the other writes one of them again, and the month."""
    forget(shop)
    day_again = lambda: shop.admin("export_day", day=DAY)  # noqa: E731

    write_month(MONTH, Meanwhile(shop.files, key, day_again))

    assert text(shop, THEIRS) == text(shop, OURS) == right
    assert exports(shop) == []


def test_a_month_that_its_days_do_not_come_to_is_not_written(shop: Shop, right: str) -> None:
    """A run broke between the day and its month."""
    forget(shop)
    write_month(MONTH, shop.files)
    wrong = text(shop, THEIRS)
    assert wrong != right
    mark = shop.files.contents[MARK]
    shop.admin("export_day", day=DAY)
    assert text(shop, THEIRS) == right
    shop.files.contents.update({THEIRS: wrong.encode(), MARK: mark})

    assert exports(shop) == []

    assert text(shop, THEIRS) == right
    written = list(shop.files.written)
    assert exports(shop) == []
    assert shop.files.written == written


def test_a_mark_of_a_month_that_does_not_say_of_what_is_none(shop: Shop, right: str) -> None:
    mark = json.loads(text(shop, MARK))
    del mark["made_of"]
    shop.files.contents.update({MARK: json.dumps(mark).encode(), THEIRS: b""})
    exports(shop)
    assert text(shop, THEIRS) == right


def test_whoever_is_in_no_day_any_more_has_an_empty_month(shop: Shop, right: str) -> None:
    of_farm = text(shop, OF_FARM)
    for day in ("2026-11-22", "2026-11-30"):
        statements = json.loads(text(shop, f"exports/days/{day}.json"))["statements"]
        say(shop, day, {name: each for name, each in statements.items() if name != "farm"})

    exports(shop)

    assert text(shop, OF_FARM) == text(shop, f"exports/statements/{MONTH}/farm.csv") == EMPTY
    assert text(shop, THEIRS) == right

    shop.admin("export_day", day="2026-11-22")
    shop.admin("export_day", day="2026-11-30")
    assert text(shop, OF_FARM) == of_farm


def test_whoever_is_in_a_day_no_more_has_an_empty_statement_of_it(shop: Shop, right: str) -> None:
    key = f"merchants/nobody/statements/{DAY}.csv"
    mark = json.loads(text(shop, MARK_OF_DAY))
    mark["rows"][key] = 2
    shop.files.contents.update({MARK_OF_DAY: json.dumps(mark).encode(), key: b"old"})

    rows = shop.admin("export_day", day=DAY)["rows"]

    assert rows[key] == 1
    assert text(shop, key) == (
        "\ufeffbooked_at,order_id,code,paid_fen,refunded_fen,settled_fen\r\ntotal,,,0,0,0\r\n"
    )
