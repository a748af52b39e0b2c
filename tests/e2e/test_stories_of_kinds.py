"""Kinds of group on the deployed stack, played as `make demo KIND=…` plays them; and one campaign
that combines two rules.

Sweeps, so it must come after test_schedules.py.
"""

import io
from functools import partial

import pytest
from rich.console import Console

from infra.local.kinds import table
from infra.local.play import (
    Play,
    after_a_sweep,
    at_once,
    joins,
    opens,
    put_campaign,
    sign_in,
    the_time_is_over,
)
from infra.local.sandbox_control import SandboxControl
from infra.local.shopper import Purchase, wait_until
from infra.local.stack import Stack
from infra.local.timeline import Timeline

pytestmark = pytest.mark.e2e

HURRY_SECONDS = 12
PAID_FEN, REACHED_FEN = 2990, 2690
TWO_REFUNDS_SECONDS = 90
"""Refunds of one order go to WeChat a minute apart."""


@pytest.fixture(scope="module")
def told() -> io.StringIO:
    """The lines of all stories here."""
    return io.StringIO()


@pytest.fixture(scope="module")
def stage(stack: Stack, wechat: SandboxControl, told: io.StringIO) -> Play:
    table.put_plan(stack)
    console = Console(file=told, width=200)
    return Play(stack, wechat, Timeline(console), {})


@pytest.fixture(scope="module")
def climbing(stage: Play) -> list[Purchase]:
    """The orders of a ladder with a free leader, three of five seats taken."""
    sign_in(stage, ["Lin", "Wang", "Chen"])
    ladder = table.KINDS["ladder"].campaign
    rules = {**ladder["rules"], "leader": {"free": True}}
    hurried = {"campaign_id": "ladder-and-free", "duration_seconds": HURRY_SECONDS}
    leader = opens(stage, "Lin", put_campaign(stage, ladder, rules=rules, **hurried))
    return [leader, *(joins(stage, name, leader) for name in ("Wang", "Chen"))]


@pytest.fixture(autouse=True)
def _the_clock_runs(climbing: list[Purchase]) -> None:
    """The ladder begins before everything else, so that its tests wait less."""


def lines_of(stage: Play, told: io.StringIO, name: str) -> str:
    """What is told while a kind is played; whatever is not as it should be raises."""
    before = len(told.getvalue())
    table.play(stage, [name])
    return told.getvalue()[before:]


def test_an_old_customer_is_refused_where_only_newcomers_may_join(
    stage: Play, told: io.StringIO
) -> None:
    assert lines_of(stage, told, "newcomers").count("joining is refused: newcomers_only") == 2


def test_who_wins_a_lottery_can_be_worked_out_again_from_what_is_published(
    stage: Play, told: io.StringIO
) -> None:
    lines = lines_of(stage, told, "lottery")

    assert "works it out again" in lines
    assert lines.count("has won: the order is to_ship") == 1
    assert lines.count("has ¥9.90 back") == 2


def test_the_difference_to_the_tier_reached_goes_back_and_the_goods_are_shipped(
    stage: Play, climbing: list[Purchase]
) -> None:
    the_time_is_over(stage, climbing[0], "complete")

    for order in climbing[1:]:
        order.waits_for_refunds("succeeded")
        seen = order.now()
        assert (seen["status"], seen["refunded_fen"]) == ("to_ship", PAID_FEN - REACHED_FEN)


def test_a_voucher_opens_a_group_and_the_shop_pays_the_merchant(
    stage: Play, told: io.StringIO
) -> None:
    assert "¥26.90 from marketing to the merchant" in lines_of(stage, told, "voucher")


def test_a_crowd_and_a_neighbourhood_end_side_by_side(stage: Play, told: io.StringIO) -> None:
    """Each waits for the end of its time, so they wait together."""
    before = len(told.getvalue())

    at_once([partial(table.play, stage, [name]) for name in ("super", "community")])

    lines = told.getvalue()[before:]
    assert "twelve came: ¥24.90 each · everybody has ¥5.00 back" in lines
    assert "has the demand sheet: 3 to east-gate, 1 to swimming-pool" in lines
    assert [lines.count(code) for code in ("not_arrived", "not_allowed", "code_used")] == [1] * 3


def test_a_flash_sale_sells_all_that_was_set_aside_and_nothing_more(
    stage: Play, told: io.StringIO
) -> None:
    lines = lines_of(stage, told, "flash")

    assert lines.count("joining is refused: out_of_stock") == 1
    assert "sold 12 of 12, and none of the other" in lines


def test_what_is_made_to_order_is_asked_of_the_merchant(stage: Play, told: io.StringIO) -> None:
    lines = lines_of(stage, told, "custom")

    assert "asks the merchant for 小满 in 青, 平安 in 白" in lines
    assert "tells WeChat that both ship late" in lines
    assert "both have ¥49.00 back" in lines


@pytest.mark.parametrize("name", ["team", "leader_free", "leader_bonus", "cross_product"])
def test_a_kind_ends_as_the_demo_expects_it(stage: Play, told: io.StringIO, name: str) -> None:
    assert table.KINDS[name].title in lines_of(stage, told, name)


def test_a_free_leader_on_a_ladder_has_both_back_and_is_sent_the_goods(
    stage: Play, wechat: SandboxControl, climbing: list[Purchase]
) -> None:
    leader = climbing[0]
    look = after_a_sweep(stage, partial(refunded_fen, leader))

    wait_until(look, PAID_FEN, "what the leader has back", within_seconds=TWO_REFUNDS_SECONDS)

    seen = leader.now()
    assert seen["status"] == "to_ship"
    assert [refund["amount_fen"] for refund in seen["refunds"]] == [300, REACHED_FEN]
    assert len(wechat.refunds(leader.order_id)) == 2


def refunded_fen(order: Purchase) -> object:
    return order.now()["refunded_fen"]
