"""Holding a draw: who is passed over, what is left when it is interrupted, and twice is once."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from chalicelib.draws import store as draws
from chalicelib.draws.hold import hold
from chalicelib.draws.model import winners_of
from chalicelib.draws.seeds import Seeds
from chalicelib.kit.aws import dynamodb
from chalicelib.orders import store as orders
from chalicelib.orders.model import Order
from chalicelib.refunds.request import RefundRequest, request
from tests.draws.words import (
    ALL_IS_WELL,
    all_entries,
    big_lottery,
    full_group,
    lottery,
    of_campaign,
    seen,
    states,
    what_anyone_finds,
    winners_among,
)
from tests.in_process import just_before
from tests.shop import DRAW_KEY, Placed, Shop

SEEDS = Seeds({"1": DRAW_KEY})


def ranked(shop: Shop, campaign_id: str = "big") -> list[str]:
    """Order ids of a campaign's entries, best first, as only its key can tell before the draw."""
    draw = draws.get(of_campaign(shop, campaign_id)["draw_id"])
    entries = [entry for one in draws.participations(draw.draw_id) for entry in one.entries]
    return list(winners_of(SEEDS.reveal(draw), entries, len(entries)))


def by_rank(shop: Shop, placed: list[Placed]) -> list[Placed]:
    order_ids = ranked(shop)
    return sorted(placed, key=lambda order: order_ids.index(order.order_id))


def filled(shop: Shop, groups: int = 3) -> list[Placed]:
    """So many complete groups of two in a campaign that draws two winners, best rank first."""
    big_lottery(shop)
    placed = [
        order
        for number in range(groups)
        for order in full_group(shop, "big", f"L{number}", f"J{number}")
    ]
    shop.settles()
    return by_rank(shop, placed)


def test_whoever_asked_for_the_money_before_the_draw_is_passed_over(
    shop: Shop, tmp_path: Path
) -> None:
    first, second, third, *others = filled(shop)
    asked = first.asks_refund()
    shop.settles()
    assert (asked.status, first.status) == (201, "refunded")
    shop.admin("refund_order", order_id=third.order_id, reason="不卖了")
    shop.settles()

    shop.passes(1001)

    draw = seen(shop, first.group_id, first.member)
    winners = [second.order_id, others[0].order_id]
    assert (draw["winners"], draw["won"]) == (winners, False)
    passed_over = {entry["order_id"] for entry in draw["entries"] if entry["passed_over"]}
    assert passed_over == {first.order_id, third.order_id}
    assert (draw["passed_over_count"], draw["entries_count"]) == (2, 6)
    assert what_anyone_finds(draw, tmp_path) == ALL_IS_WELL
    assert states([first, second, third, *others]) == ["refunded"] * 4 + ["to_ship"] * 2
    refunded = {row["order_id"]: row["cause"] for row in shop.rows("refunds")}
    assert refunded[first.order_id] == refunded[third.order_id] == "asked"
    assert shop.sandbox.totals()["refunds"] == 4
    shop.assert_books_balance()


def test_who_asked_for_the_money_behind_the_last_winner_is_not_even_marked(shop: Shop) -> None:
    placed = filled(shop)
    placed[-1].asks_refund()
    shop.settles()

    shop.passes(1001)

    draw = of_campaign(shop)
    assert draw["winners"] == [order.order_id for order in placed[:2]]
    assert draw["passed_over_count"] == 0
    assert shop.sandbox.totals()["refunds"] == 4
    shop.assert_books_balance()


def test_when_all_have_asked_for_their_money_nobody_wins(shop: Shop, tmp_path: Path) -> None:
    placed = filled(shop, groups=1)
    for order in placed:
        order.asks_refund()
    shop.settles()

    shop.passes(1001)

    draw = seen(shop, placed[0].group_id)
    assert (draw["status"], draw["winners"], draw["passed_over_count"]) == ("drawn", [], 2)
    assert what_anyone_finds(draw, tmp_path) == ALL_IS_WELL
    assert shop.units_left() == 100
    shop.assert_books_balance()


def test_a_part_cannot_go_back_before_the_draw(shop: Shop) -> None:
    first, *_ = filled(shop, groups=1)
    before = shop.everything()

    assert first.asks_refund(amount_fen=1).code == "group_forming"
    by_operator = shop.tries_admin(
        "refund_order", order_id=first.order_id, reason="坏了", amount_fen=1
    )

    assert by_operator["error"]["code"] == "group_forming"
    assert shop.everything() == before


def test_a_winner_who_gives_up_after_the_draw_moves_nobody_up(shop: Shop, tmp_path: Path) -> None:
    first, second, *others = filled(shop)
    shop.passes(1001)

    assert first.asks_refund().status == 201
    shop.settles()

    draw = seen(shop, first.group_id, first.member)
    assert (draw["winners"], draw["won"]) == ([first.order_id, second.order_id], True)
    assert what_anyone_finds(draw, tmp_path) == ALL_IS_WELL
    assert states([first, second, *others]) == ["refunded"] * 5 + ["to_ship"]
    shop.assert_books_balance()


@contextmanager
def dies_after(commits: int) -> Iterator[None]:
    """So many writes go through, then no other: the Lambda is gone."""
    done: list[str] = []

    def write(**_: Any) -> None:
        if len(done) == commits:
            raise EndpointConnectionError(endpoint_url="https://dynamodb.test")

    def count(http_response: Any, model: Any, **_: Any) -> None:
        if http_response.status_code == 200:
            done.append(model.name)

    events = dynamodb().meta.events
    hooks = [
        (f"{when}.dynamodb.{operation}", hook)
        for when, hook in (("before-call", write), ("after-call", count))
        for operation in ("PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems")
    ]
    for event, hook in hooks:
        events.register(event, hook)
    try:
        yield
    finally:
        for event, hook in hooks:
            events.unregister(event, hook)


def dies_again_and_again(shop: Shop) -> int:
    """Every look of the sweep ends after one commit, until nothing is due; how many there were."""
    for looks in range(1, 60):
        shop.advance(61)
        with dies_after(1):
            shop.sweeps()
        shop.streams_are_lost()
        if not [
            row for table in ("draws", "groups") for row in shop.rows(table) if "due_at" in row
        ]:
            return looks
    raise AssertionError("it never came to an end")


def test_a_groups_draw_that_dies_after_every_commit_ends_well(shop: Shop, tmp_path: Path) -> None:
    lottery(shop)
    placed = full_group(shop, "luck", "Lin", "Ann", "Bo")
    shop.streams_are_lost()

    # entered, closed, published, one shipped and two given back, the group's end
    assert dies_again_and_again(shop) >= 7

    shop.passes(61)
    draw = seen(shop, placed[0].group_id)
    assert what_anyone_finds(draw, tmp_path) == ALL_IS_WELL
    assert draw["winners"] == winners_among(placed)
    assert states(placed) == ["refunded", "refunded", "to_ship"]
    assert shop.units_left() == 99
    shop.assert_books_balance()


def test_a_campaigns_draw_that_dies_after_every_commit_ends_well(
    shop: Shop, tmp_path: Path
) -> None:
    first, second, third, fourth = filled(shop, groups=2)
    first.asks_refund()
    shop.settles()
    shop.advance(1001)

    # closed, passed over, published; both groups told, and noted; three dealt with; two ends
    assert dies_again_and_again(shop) >= 11

    shop.passes(61)
    draw = seen(shop, first.group_id)
    assert what_anyone_finds(draw, tmp_path) == ALL_IS_WELL
    assert draw["winners"] == [second.order_id, third.order_id]
    assert states([first, second, third, fourth]) == ["refunded"] * 2 + ["to_ship"] * 2
    shop.assert_books_balance()


def test_what_was_passed_over_in_a_broken_attempt_stays_so(shop: Shop, tmp_path: Path) -> None:
    first, second, third, *_ = filled(shop, groups=2)
    first.asks_refund()
    shop.settles()
    shop.advance(1001)
    draw_id = of_campaign(shop)["draw_id"]
    with dies_after(2), pytest.raises(EndpointConnectionError):
        hold(draw_id, clock=shop.clock, seeds=SEEDS)
    second.asks_refund()
    assert draws.get(draw_id).draw_state == "closed"
    closed = of_campaign(shop)
    assert (closed["status"], closed["seed"], closed["passed_over_count"]) == ("announced", None, 0)
    assert not any(entry["passed_over"] for entry in all_entries(shop, closed))

    shop.passes(61)

    draw = seen(shop, first.group_id)
    assert draw["winners"][0] == third.order_id
    assert draw["passed_over_count"] == 2
    assert what_anyone_finds(draw, tmp_path) == ALL_IS_WELL
    shop.settles()
    shop.assert_books_balance()


def test_every_record_delivered_three_times_draws_once(shop: Shop) -> None:
    big_lottery(shop)
    lottery(shop)
    small = full_group(shop, "luck", "Lin", "Ann", "Bo")
    big = [*full_group(shop, "big", "Cy", "Di"), *full_group(shop, "big", "Ed", "Fay")]
    shop.streams_flow(times=3)
    shop.settles()
    shop.advance(1001)
    for _ in range(3):
        shop.sweeps()
        shop.streams_flow(times=3)
    shop.settles()

    assert states(small) == ["refunded", "refunded", "to_ship"]
    assert states(big) == ["refunded", "refunded", "to_ship", "to_ship"]
    assert winners_among(big) == sorted(of_campaign(shop)["winners"])
    assert shop.sandbox.totals()["refunds"] == 4
    shop.assert_books_balance()


def test_all_streams_lost_the_sweeps_do_it(shop: Shop) -> None:
    big_lottery(shop)
    placed = [*full_group(shop, "big", "Cy", "Di"), *full_group(shop, "big", "Ed", "Fay")]
    for seconds in (1001, 61, 61, 61):
        shop.streams_are_lost()
        shop.advance(seconds)
        shop.sweeps()
    shop.works_queue()
    shop.settles()

    assert states(placed) == ["refunded", "refunded", "to_ship", "to_ship"]
    shop.assert_books_balance()


def between(shop: Shop, act: Callable[[], object]) -> None:
    """Hold the draw of `big`; `act` happens after the orders are read and before what follows from
    that is written.
    """
    draw_id = str(of_campaign(shop)["draw_id"])
    shop.advance(1001)
    draws.close(draws.get(draw_id))
    with just_before("UpdateItem", act):  # publishing it is the first
        hold(draw_id, clock=shop.clock, seeds=SEEDS, due_at=shop.clock.now())


def refunded(order: Placed, shop: Shop) -> Order:
    """Its member asked for the money, and nothing has followed yet."""
    asked = RefundRequest(order.order_id, "a-key-of-this-test", "不想要了")
    request(asked, clock=shop.clock)
    return orders.get(order.order_id)


def test_a_holder_who_saw_less_gives_way_to_one_who_saw_more(shop: Shop, tmp_path: Path) -> None:
    first, second, third, *_ = filled(shop, groups=2)

    def refund_and_hold_too() -> None:
        refunded(first, shop)
        hold(str(draw["draw_id"]), clock=shop.clock, seeds=SEEDS, due_at=shop.clock.now())

    draw = of_campaign(shop)
    between(shop, refund_and_hold_too)

    drawn = seen(shop, first.group_id)
    assert drawn["winners"] == [second.order_id, third.order_id]
    assert what_anyone_finds(drawn, tmp_path) == ALL_IS_WELL


def test_a_holder_who_saw_less_draws_anew_when_the_other_only_passed_over(
    shop: Shop, tmp_path: Path
) -> None:
    first, second, third, *_ = filled(shop, groups=2)

    def refund_and_pass_over() -> None:
        refunded(first, shop)
        draw = draws.get(of_campaign(shop)["draw_id"])
        group = draws.find_participation(draw.draw_id, first.group_id)
        assert group is not None
        draws.pass_over(draw, group, {first.order_id})

    between(shop, refund_and_pass_over)

    drawn = seen(shop, first.group_id)
    assert drawn["winners"] == [second.order_id, third.order_id]
    assert drawn["passed_over_count"] == 1
    assert what_anyone_finds(drawn, tmp_path) == ALL_IS_WELL


def test_a_refund_in_the_last_moment_leaves_the_win_and_the_books_as_they_are(
    shop: Shop, tmp_path: Path
) -> None:
    first, second, *others = filled(shop, groups=2)

    between(shop, lambda: refunded(first, shop))

    drawn = seen(shop, first.group_id, first.member)
    assert (drawn["winners"], drawn["won"]) == ([first.order_id, second.order_id], True)
    assert what_anyone_finds(drawn, tmp_path) == ALL_IS_WELL
    shop.passes(61)
    assert states([first, second, *others]) == ["refunded"] * 3 + ["to_ship"]
    shop.assert_books_balance()
