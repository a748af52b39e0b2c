"""A month on paper: the very bytes, the same again, and the days' own sums."""

import json
from typing import Any

import pytest

from chalicelib.files.bookkeeping import Sums, monthly_statement
from chalicelib.files.months import days_of_month
from tests.files.test_export import closed, closes_days, eggs, exports, sold, table, text
from tests.shop import Shop

MONTH = "2026-11"
DAYS = days_of_month(MONTH)
THEIRS = f"merchants/orchard/statements/{MONTH}.csv"
OURS = f"exports/statements/{MONTH}/orchard.csv"
OF_FARM = f"merchants/farm/statements/{MONTH}.csv"
MARK = f"exports/days/{MONTH}.json"
HEADER = "\ufeffday,paid_fen,refunded_fen,settled_fen\r\n"
DAY_SECONDS = 24 * 3600


def trades(shop: Shop) -> None:
    """On the 22nd two of the orchard's and one of the farm's are sold and received; on the 24th one
    goes back; on the 30th what was kept is settled, and the farm sells another.
    """
    kept, back = shop.ships(sold(shop, "Ann")).receives(), sold(shop, "Ben")
    other = shop.ships(shop.member("Cat").buys(sku_id=eggs(shop)).pays()).receives()
    shop.settles()
    shop.passes(2 * DAY_SECONDS)
    back.asks_refund()
    shop.settles()
    shop.passes(6 * DAY_SECONDS)
    settled = {row["order_id"] for row in shop.rows("orders", order_state="settled")}
    assert settled == {kept.order_id, other.order_id}
    shop.member("Dan").buys(sku_id="eggs-30").pays()
    shop.settles()


def month_is_over(shop: Shop) -> None:
    """It is the first of December, 2 in the morning."""
    shop.passes(6 * 3600)
    closes_days(shop)


def test_the_month_is_written_once_its_last_day_is(shop: Shop) -> None:
    trades(shop)
    exports(shop)
    assert THEIRS not in shop.files.contents
    month_is_over(shop)

    assert exports(shop)[-1] == "2026-11-30"

    assert text(shop, THEIRS) == (
        f"{HEADER}"
        "2026-11-22,4000,0,0\r\n"
        "2026-11-24,0,2000,0\r\n"
        "2026-11-30,0,0,2000\r\n"
        "total,4000,2000,2000\r\n"
    )
    assert text(shop, OF_FARM) == (
        f"{HEADER}2026-11-22,2000,0,0\r\n2026-11-30,2000,0,2000\r\ntotal,4000,0,2000\r\n"
    )
    assert text(shop, OURS) == text(shop, THEIRS)
    assert json.loads(text(shop, MARK)) == {
        "month": MONTH,
        "rows": {
            THEIRS: 4,
            OURS: 4,
            OF_FARM: 3,
            f"exports/statements/{MONTH}/farm.csv": 3,
        },
        "made_of": json.loads(text(shop, MARK))["made_of"],
    }


def test_it_says_what_the_days_say_and_the_ledger(shop: Shop) -> None:
    trades(shop)
    month_is_over(shop)
    exports(shop)

    *days, total = table(shop, THEIRS)
    for row in days:
        last = table(shop, f"merchants/orchard/statements/{row['day']}.csv")[-1]
        names = ("paid_fen", "refunded_fen", "settled_fen")
        assert [row[name] for name in names] == [last[name] for name in names]
    assert int(total["settled_fen"]) == closed(shop, "2026-11-30", "sales:orchard") == 2000


def test_written_again_the_month_has_the_same_bytes(shop: Shop) -> None:
    trades(shop)
    month_is_over(shop)
    exports(shop)
    before = dict(shop.files.contents)

    assert exports(shop) == []
    assert shop.files.written.count(THEIRS) == 1
    again = shop.admin("export_day", day="2026-11-22")

    assert shop.files.written.count(THEIRS) == 2
    assert shop.files.contents == before
    assert again["rows"][THEIRS] == 4


def test_a_rehearsal_writes_no_month(shop: Shop) -> None:
    trades(shop)
    month_is_over(shop)
    exports(shop)
    written = list(shop.files.written)
    rehearsed = shop.admin("export_day", day="2026-11-22", dry_run=True)
    assert rehearsed["rows"][THEIRS] == 4
    assert shop.files.written == written


def test_all_days_of_the_month_are_written_before_it(shop: Shop) -> None:
    """The first day on which anything is written is the first of December."""
    trades(shop)
    month_is_over(shop)
    assert exports(shop) == DAYS
    assert text(shop, THEIRS).endswith("total,4000,2000,2000\r\n")


def test_a_day_whose_mark_says_no_sums_is_written_once_more(shop: Shop) -> None:
    trades(shop)
    month_is_over(shop)
    exports(shop)
    expected = text(shop, THEIRS)
    mark = json.loads(text(shop, "exports/days/2026-11-22.json"))
    assert mark.pop("statements") == {
        "farm": {"paid_fen": 2000, "refunded_fen": 0, "settled_fen": 0},
        "orchard": {"paid_fen": 4000, "refunded_fen": 0, "settled_fen": 0},
    }
    shop.files.contents["exports/days/2026-11-22.json"] = json.dumps(mark).encode()
    del shop.files.contents[MARK], shop.files.contents[THEIRS]

    assert exports(shop) == ["2026-11-22"]
    assert text(shop, THEIRS) == expected


def test_without_one_of_its_days_there_is_no_month(shop: Shop) -> None:
    """The time is over before the last two."""
    trades(shop)
    month_is_over(shop)
    asked = iter(range(100))
    assert exports(shop, time_left=lambda: next(asked) < 28) == DAYS[:28]
    assert THEIRS not in shop.files.contents
    shop.admin("export_day", day="2026-11-30")
    assert not {THEIRS, MARK} & set(shop.files.contents)

    assert exports(shop) == ["2026-11-29"]
    assert text(shop, THEIRS).endswith("total,4000,2000,2000\r\n")


def test_the_last_day_of_the_month_may_be_written_by_hand(shop: Shop) -> None:
    trades(shop)
    exports(shop)
    month_is_over(shop)
    for day in DAYS:
        shop.admin("export_day", day=day)
    assert text(shop, THEIRS).endswith("total,4000,2000,2000\r\n")
    assert exports(shop) == []


def test_a_month_in_which_nothing_happened_has_no_statement(shop: Shop) -> None:
    shop.advance(9 * DAY_SECONDS)
    closes_days(shop)
    exports(shop)
    mark = json.loads(text(shop, MARK))
    assert (mark["month"], mark["rows"], len(mark["made_of"])) == (MONTH, {}, 64)
    assert not [key for key in shop.files.contents if key.endswith(f"{MONTH}.csv")]


@pytest.mark.parametrize(
    ("month", "count", "last"),
    [("2026-02", 28, "2026-02-28"), ("2028-02", 29, "2028-02-29"), ("2026-12", 31, "2026-12-31")],
)
def test_a_month_has_its_days(month: str, count: int, last: str) -> None:
    days = days_of_month(month)
    assert (len(days), days[0], days[-1]) == (count, f"{month}-01", last)


def test_days_are_summed_up_in_their_order() -> None:
    by_day: dict[str, Any] = {"2026-11-09": Sums(1, 2, -3), "2026-11-03": Sums(10, 20, 30)}
    assert monthly_statement(by_day).decode() == (
        f"{HEADER}2026-11-03,10,20,30\r\n2026-11-09,1,2,-3\r\ntotal,11,22,27\r\n"
    )
