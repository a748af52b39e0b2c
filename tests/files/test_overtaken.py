"""What a file sets is what the shop has once it is finished, though an earlier file of the same
name was still being gone through.
"""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from chalicelib.admin.dispatch import dispatch
from chalicelib.files.model import Drop, Progress, RowOutcome, RowResult
from chalicelib.files.take import ONE_ENTRY_SECONDS, Tools, take
from chalicelib.kit import pauses
from tests.dropping import drops, event_of, outcomes, progress, results, takes
from tests.policy_watch import working_as
from tests.shop import Shop

KEY = "in/products-1.csv"
DROP = Drop(KEY, "products-1.csv")
HEADER = "product_id,sku_id,solo_price_fen,stock\n"
MISTAKEN = f"{HEADER}apples,apples-5,2000,100\np2,p2-5,2100,100\np3,p3-5,210,100\n"
CORRECTED = f"{HEADER}p3,p3-5,2100,100\n"


@pytest.fixture(autouse=True)
def waited_milliseconds() -> Iterator[list[int]]:
    waited: list[int] = []
    pauses.use(waited.append)
    yield waited
    pauses.use(None)


@pytest.fixture(autouse=True)
def products(shop: Shop) -> None:
    for product_id in ("p2", "p3"):
        fields = shop.product(sku_id=f"{product_id}-5", units=100)
        shop.admin("put_product", **{**fields, "product_id": product_id})
    put_p3(shop, 2100)


def put_p3(shop: Shop, price_fen: int) -> None:
    fields = shop.product(sku_id="p3-5", units=100)
    fields["skus"][0]["solo_price_fen"] = price_fen
    shop.admin("put_product", **{**fields, "product_id": "p3"})


def price_fen(shop: Shop, product_id: str = "p3") -> int:
    """What a buyer pays: of the product, and of the SKU that is sold."""
    (product,) = shop.rows("catalog", id=product_id, kind="product")
    (sku,) = shop.rows("catalog", id=f"{product_id}-5", kind="sku")
    (price,) = {
        int(one["solo_price_fen"]) for one in (product["content"]["skus"][0], sku["content"])
    }
    return price


class Killed(BaseException):
    """The run got no further."""


def at(number: int, act: Callable[[], object]) -> Callable[[], bool]:
    """There is always time; `act` happens when it is asked about for the nth time."""
    asked = iter(range(10_000))

    def time_left() -> bool:
        if next(asked) == number:
            act()
        return True

    return time_left


def overtaken(shop: Shop) -> Callable[[], object]:
    """The mistaken file is at its last row: what it reads is read, what it writes is on the way.
    Doing that is answered.
    """
    on_the_way: list[dict[str, Any]] = []

    def command(event: dict[str, Any]) -> dict[str, Any]:
        if event["product_id"] == "p3":
            on_the_way.append(event)
            raise Killed
        return dispatch(event, money=False)

    shop.files.contents[KEY] = MISTAKEN.encode()
    sequencer = event_of(KEY)["detail"]["object"]["sequencer"]
    tools = Tools(shop.files, command, shop.clock, lambda: True)
    with pytest.raises(Killed):
        take(DROP, sequencer, tools)
    return lambda: dispatch(on_the_way[0], money=False)


@pytest.mark.parametrize("row", range(3))
def test_an_earlier_run_writes_nothing_once_a_later_one_has_begun(shop: Shop, row: int) -> None:
    shop.files.contents[KEY] = MISTAKEN.encode()
    put_p3(shop, 1900)
    takes(shop, event_of(KEY), at(row, lambda: drops(shop, KEY, CORRECTED)))

    assert price_fen(shop) == 2100
    assert outcomes(results(shop, KEY)) == ["done"]
    assert progress(shop, KEY)["state"] == "finished"


def test_what_an_earlier_run_was_writing_meanwhile_is_put_right(
    shop: Shop, waited_milliseconds: list[int]
) -> None:
    """The later file finds the price as it wants it, so the earlier one's revision still fits."""
    writes = overtaken(shop)

    def pause(milliseconds: int) -> None:
        waited_milliseconds.append(milliseconds)
        if len(waited_milliseconds) == 3:
            writes()
            with working_as(None):
                assert price_fen(shop) == 210

    pauses.use(pause)
    (row,) = drops(shop, KEY, CORRECTED)

    assert price_fen(shop) == 2100
    assert row["outcome"] == "done"
    assert sum(waited_milliseconds) == ONE_ENTRY_SECONDS * 1000


def test_out_of_time_a_run_that_took_over_still_goes_through_it_once_more(shop: Shop) -> None:
    writes = overtaken(shop)
    asked = iter(range(10_000))

    def time_left() -> bool:
        return next(asked) != 1  # over while it waits

    shop.files.contents[KEY] = CORRECTED.encode()
    takes(shop, event_of(KEY), time_left)
    assert progress(shop, KEY)["state"] == "running"
    writes()
    takes(shop, shop.files.to_go_on.popleft())

    assert price_fen(shop) == 2100
    assert outcomes(results(shop, KEY)) == ["done"]
    assert progress(shop, KEY)["state"] == "finished"


def test_nobody_waits_for_a_run_that_is_done(shop: Shop, waited_milliseconds: list[int]) -> None:
    assert outcomes(drops(shop, KEY, MISTAKEN)) == ["unchanged", "done", "done"]
    assert outcomes(drops(shop, KEY, CORRECTED)) == ["done"]
    assert (price_fen(shop), waited_milliseconds) == (2100, [])


def test_what_was_done_the_first_time_is_done_unless_the_second_says_otherwise() -> None:
    def row(line: int, outcome: RowOutcome, what: str = "") -> RowResult:
        return RowResult(line, "p", outcome, what)

    done, unchanged, wrong = RowOutcome.DONE, RowOutcome.UNCHANGED, RowOutcome.WRONG
    first = (row(2, done), row(3, done), row(4, unchanged), row(5, wrong, "Why."))
    again = Progress("1", "tag", 2, 0, results=first)
    second = (row(2, unchanged), row(3, wrong, "Gone."), row(4, done))

    again = again.with_results(second).with_results((row(5, done),))

    assert again.results == (row(2, done), row(3, wrong, "Gone."), row(4, done), row(5, done))
    assert again.reached == 2
