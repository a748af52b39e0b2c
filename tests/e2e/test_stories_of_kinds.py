"""Kinds of group on the deployed stack, played as `make demo KIND=…` plays them; and one campaign
that combines two rules.

Sweeps, so it must come after test_schedules.py.
"""

import io
from functools import partial

import pytest
from rich.console import Console

from infra.local.kinds import ladder, table
from infra.local.play import Play, after_a_sweep, joins, opens, put_campaign, the_time_is_over
from infra.local.sandbox_control import SandboxControl
from infra.local.shopper import Purchase, wait_until
from infra.local.stack import Stack
from infra.local.timeline import Timeline

pytestmark = pytest.mark.e2e

HURRY_SECONDS = 6
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
def climbed(stage: Play) -> list[Purchase]:
    """The orders of a ladder with a free leader, three of five seats taken when its time is over.

    First of all, since the leader's second refund follows the first after a minute.
    """
    table.sign_in(stage, ["Lin", "Wang", "Chen"])
    rules = {**ladder.CAMPAIGN["rules"], "leader": {"free": True}}
    hurried = {"campaign_id": "ladder-and-free", "duration_seconds": HURRY_SECONDS}
    campaign_id = put_campaign(stage, ladder.CAMPAIGN, rules=rules, **hurried)
    leader = opens(stage, "Lin", campaign_id)
    orders = [leader, *(joins(stage, name, leader) for name in ("Wang", "Chen"))]
    for order in orders:
        order.waits_for("paid")
    the_time_is_over(stage, leader, "complete")
    return orders


@pytest.fixture(autouse=True)
def _the_minute_runs(climbed: list[Purchase]) -> None:
    """So that the test of the second refund waits less."""


def lines_of(stage: Play, told: io.StringIO, name: str) -> str:
    """What is told while a kind is played; whatever is not as it should be raises."""
    before = len(told.getvalue())
    table.play(stage, [name])
    return told.getvalue()[before:]


def test_the_difference_to_the_tier_reached_goes_back_and_the_goods_are_shipped(
    climbed: list[Purchase],
) -> None:
    for order in climbed[1:]:
        order.waits_for_refunds("succeeded")
        seen = order.now()
        assert (seen["status"], seen["refunded_fen"]) == ("to_ship", PAID_FEN - REACHED_FEN)


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


def test_a_voucher_opens_a_group_and_the_shop_pays_the_merchant(
    stage: Play, told: io.StringIO
) -> None:
    assert "¥26.90 from marketing to the merchant" in lines_of(stage, told, "voucher")


def test_a_free_leader_on_a_ladder_has_both_back_and_is_sent_the_goods(
    stage: Play, wechat: SandboxControl, climbed: list[Purchase]
) -> None:
    leader = climbed[0]
    look = after_a_sweep(stage, partial(refunded_fen, leader))

    wait_until(look, PAID_FEN, "what the leader has back", within_seconds=TWO_REFUNDS_SECONDS)

    seen = leader.now()
    assert seen["status"] == "to_ship"
    assert [refund["amount_fen"] for refund in seen["refunds"]] == [300, REACHED_FEN]
    assert len(wechat.refunds(leader.order_id)) == 2


def refunded_fen(order: Purchase) -> object:
    return order.now()["refunded_fen"]
