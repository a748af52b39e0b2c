"""Stories of crowds (超级团): heads are counted on shards, and at the end it is enough or all of it
goes back, whatever is under way just then.
"""

from typing import Any

import pytest

from tests.crowds import (
    DURATION_SECONDS,
    end,
    paid,
    shard_of,
    shards,
    statuses,
    super_campaign,
)
from tests.shop import Placed, Shop

CLOSE_PATH = "/v3/pay/transactions/out-trade-no/{}/close"
TIERS = [
    {"headcount": 3, "price_fen": 1500},
    {"headcount": 4, "price_fen": 1200},
    {"headcount": 5000, "price_fen": 900},
]


def page(shop: Shop, placed: Placed, *names: str) -> list[Any]:
    """What the member sees of the crowd, a while later."""
    shop.advance(2)
    group = shop.group(placed.group_id, placed.member)
    return [group[name] for name in names]


def sold(shop: Shop) -> Any:
    return shop.send("GET", "/v1/campaigns/super")["sold_count"]


def test_the_more_come_the_less_each_pays_and_nobody_sees_who(shop: Shop) -> None:
    super_campaign(shop, tiers=TIERS)
    placed = paid(shop, 5)
    waiting = shop.member("Late").joins(placed[0].group_id)

    assert len({each.group_id for each in [*placed, waiting]}) == 1
    counts = page(shop, placed[0], "status", "size", "seats_left", "enough_count")
    assert counts == ["forming", 2, None, 3]
    assert page(shop, placed[0], "paid_count", "held_count") == [5, 1]
    assert page(shop, placed[0], "members", "leader") == [[], None]
    seen = page(shop, placed[0], "my_order_id", "joinable", "refusal_code", "poll_after_seconds")
    assert seen == [placed[0].order_id, False, "already_joined", 10]
    assert page(shop, placed[0], "tier", "next_tier") == [
        {"headcount": 4, "price_fen": 1200},
        {"headcount": 5000, "price_fen": 900, "heads_missing": 4995},
    ]
    listed = shop.send("GET", "/v1/campaigns/super/groups")["items"]
    assert [(one["group_id"], one["paid_count"]) for one in listed] == [(placed[0].group_id, 5)]

    end(shop)

    assert waiting.status == "cancelled"
    assert statuses(placed) == ["to_ship"] * 5
    assert [each.now()["refunded_fen"] for each in placed] == [300] * 5
    seen = page(shop, placed[0], "status", "paid_count", "held_count", "poll_after_seconds")
    assert seen == ["complete", 5, 0, 60]
    assert page(shop, waiting, "my_order_id", "refusal_code") == [None, "group_over"]
    assert shop.send("GET", "/v1/campaigns/super/groups")["items"] == []
    assert (sold(shop), shop.units_left()) == (5, 95)
    shop.assert_books_balance()


def test_a_payment_under_way_at_the_deadline_makes_up_the_threshold(shop: Shop) -> None:
    super_campaign(shop, threshold=3)
    placed = paid(shop, 2)
    last = shop.member("Last").opens("super").pays(times=0)
    assert page(shop, last, "paid_count", "held_count") == [2, 1]

    end(shop)

    assert statuses([*placed, last]) == ["to_ship"] * 3
    assert page(shop, last, "status", "paid_count") == ["complete", 3]
    shop.assert_books_balance()


def test_one_head_too_few_and_everybody_gets_everything_back(shop: Shop) -> None:
    super_campaign(shop, threshold=3)
    placed = paid(shop, 2)
    never = shop.member("Never").opens("super")

    end(shop)

    assert (never.status, statuses(placed)) == ("cancelled", ["refunded"] * 2)
    assert page(shop, placed[0], "status", "paid_count", "tier") == ["failed", 2, None]
    assert {row["cause"] for row in shop.rows("refunds")} == {"group_failed"}
    assert (shop.units_left(), sold(shop)) == (100, 0)
    shop.assert_books_balance()


@pytest.mark.parametrize("threshold", [2, 3])
def test_a_payment_that_meets_a_closed_shard_goes_back_by_itself_once(
    shop: Shop, threshold: int
) -> None:
    super_campaign(shop, threshold=threshold, shards=1)
    placed = paid(shop, 2)
    late = shop.member("Late").opens("super")
    shop.sandbox.add_fault(CLOSE_PATH.format(late.order_id), "close_ignored")
    shop.passes(DURATION_SECONDS)
    assert (late.status, shard_of(late)["held_count"]) == ("cancelled", 0)

    late.pays(times=3)
    shop.settles()
    shop.passes(61)

    assert late.status == "refunded"
    assert statuses(placed) == ["to_ship" if threshold == 2 else "refunded"] * 2
    (refund,) = shop.rows("refunds", order_id=late.order_id)
    assert (refund["cause"], refund["amount_fen"]) == ("late_payment", 1500)
    assert page(shop, placed[0], "paid_count") == [2]
    shop.assert_books_balance()


def test_whoever_comes_after_the_end_opens_the_next_crowd(shop: Shop) -> None:
    super_campaign(shop, threshold=2)
    first = paid(shop, 2)
    shop.advance(DURATION_SECONDS)
    refused = shop.member("Late").tries_to_join(first[0].group_id)
    second = paid(shop, 2, name="N")

    assert (refused.status, refused.code) == (409, "group_over")
    assert first[0].group_id != second[0].group_id
    assert page(shop, second[0], "paid_count", "status") == [2, "forming"]
    again = first[0].member.opens("super").pays()
    assert again.group_id == second[0].group_id
    end(shop)
    assert statuses([*first, *second, again]) == ["to_ship"] * 5
    assert sold(shop) == 5
    shop.assert_books_balance()


def test_an_operator_calls_a_crowd_off(shop: Shop) -> None:
    super_campaign(shop, threshold=1)
    placed = paid(shop, 3)
    held = shop.member("Held").joins(placed[0].group_id)
    shop.advance(60)

    answer = shop.admin("cancel_group", group_id=placed[0].group_id)

    counts = [answer[name] for name in ("status", "outcome", "refunded_count", "cancelled_count")]
    assert counts == ["failed", "failed", 3, 1]
    assert held.status == "cancelled"
    shop.settles()
    assert statuses(placed) == ["refunded"] * 3
    refused = held.member.tries_to_join(placed[0].group_id)
    assert (refused.status, refused.code) == (409, "group_over")
    following = held.member.opens("super")
    assert following.group_id != placed[0].group_id
    assert shop.admin("cancel_group", group_id=placed[0].group_id)["refunded_count"] == 0
    shop.assert_books_balance()


def test_who_may_leave_leaves_until_the_end_and_counts_no_more(shop: Shop) -> None:
    super_campaign(shop, threshold=3, leave_allowed=True)
    placed = paid(shop, 3)

    assert placed[0].cancels()["status"] == "refunding"

    shop.settles()
    assert page(shop, placed[1], "paid_count") == [2]
    assert page(shop, placed[0], "my_order_id", "joinable") == [None, True]
    shop.advance(DURATION_SECONDS)
    refused = placed[1].cancels()
    assert (refused.status, refused.code) == (409, "order_not_cancellable")
    end(shop)
    assert statuses(placed) == ["refunded"] * 3
    causes = sorted(row["cause"] for row in shop.rows("refunds"))
    assert causes == ["group_failed", "group_failed", "member_left"]
    shop.assert_books_balance()


def test_who_left_may_come_again(shop: Shop) -> None:
    super_campaign(shop, threshold=1, leave_allowed=True)
    (first,) = paid(shop, 1)
    first.cancels()
    again = first.member.opens("super").pays()

    end(shop)

    assert (first.status, again.status) == ("refunded", "to_ship")
    assert again.group_id == first.group_id
    shop.assert_books_balance()


@pytest.mark.parametrize(("heads", "expected"), [(2, "to_ship"), (1, "refunded")])
def test_a_crowd_that_is_short_is_honoured_from_so_many_on(
    shop: Shop, heads: int, expected: str
) -> None:
    super_campaign(shop, threshold=100, when_short="honour", minimum_payers=2)
    placed = paid(shop, heads)
    assert page(shop, placed[0], "enough_count") == [2]

    end(shop)

    assert statuses(placed) == [expected] * heads
    shop.assert_books_balance()


def test_a_crowd_for_newcomers_lets_in_nobody_who_has_paid_before(shop: Shop) -> None:
    old, waiting, new = (shop.member(name) for name in ("Old", "Waiting", "New"))
    old.buys().pays()
    open_order = waiting.buys()
    shop.settles()
    super_campaign(shop, threshold=1, who="newcomers")
    before = shop.everything()

    refused = [old.tries_to_open("super"), waiting.tries_to_open("super")]

    assert [(one.status, one.code) for one in refused] == [(409, "newcomers_only")] * 2
    assert "context" not in refused[0].content
    assert refused[1]["context"] == {"order_id": open_order.order_id}
    assert shop.everything() == before
    placed = new.opens("super").pays()
    refused = [old.tries_to_join(placed.group_id), waiting.tries_to_join(placed.group_id)]
    assert [one.code for one in refused] == ["newcomers_only"] * 2
    assert refused[1]["context"] == {"order_id": open_order.order_id}
    shop.advance(2)
    assert shop.group(placed.group_id, old)["refusal_code"] == "newcomers_only"
    open_order.cancels()
    coming = waiting.joins(placed.group_id).pays()
    end(shop)
    assert statuses([placed, coming]) == ["to_ship"] * 2
    shop.assert_books_balance()


def test_a_repeat_finds_the_first_and_a_second_order_is_refused(shop: Shop) -> None:
    super_campaign(shop)
    ann = shop.member("Ann")
    first = ann.tries_to_open("super", key="ann-opens-1")

    again = ann.tries_to_open("super", key="ann-opens-1")
    other = ann.tries_to_open("super", key="ann-opens-1", quantity=2)
    refused = [ann.tries_to_open("super"), ann.tries_to_join(first["group"]["group_id"])]

    assert (again.status, again["order"]["order_id"]) == (201, first["order"]["order_id"])
    assert (other.status, other.code) == (409, "idempotency_conflict")
    for one in refused:
        assert (one.status, one.code) == (409, "already_joined")
        assert one["context"] == {"order_id": first["order"]["order_id"]}
    assert len(shop.rows("orders")) == 1
    assert sum(row["held_count"] for row in shards(shop, first["group"]["group_id"])) == 1


def test_a_shard_is_nothing_that_anybody_can_look_at_or_join(shop: Shop) -> None:
    super_campaign(shop)
    (placed,) = paid(shop, 1)
    shard_id = shard_of(placed)["group_id"].replace("#", "%23")

    looked = shop.send("GET", f"/v1/groups/{shard_id}")
    joined = shop.member("Bo").tries_to_join(shard_id)

    assert [(one.status, one.code) for one in (looked, joined)] == [(404, "not_found")] * 2


def test_a_crowd_waits_for_wechats_word_on_who_may_have_paid(shop: Shop) -> None:
    super_campaign(shop, threshold=3)
    placed = paid(shop, 2)
    last = shop.member("Last").opens("super").pays(times=0)
    shop.sandbox.add_fault("/v3/pay/transactions", "error_before", 10_000)

    shop.passes(DURATION_SECONDS)

    group_id = placed[0].group_id
    open_still = [row for row in shards(shop, group_id) if row["group_state"] == "forming"]
    assert [row["group_id"] for row in open_still] == [shard_of(last)["group_id"]]
    assert page(shop, last, "status", "paid_count", "refusal_code") == [
        "forming",
        2,
        "already_joined",
    ]
    assert statuses(placed) == ["paid"] * 2
    shop.assert_audit_is_clean()

    shop.sandbox.forget_faults()
    shop.passes(61)
    shop.passes(61)

    assert statuses([*placed, last]) == ["to_ship"] * 3
    shop.assert_books_balance()


def test_more_than_a_page_is_dealt_with_by_streams_alone(shop: Shop) -> None:
    super_campaign(shop, threshold=30, shards=1)
    placed = paid(shop, 30)
    shop.advance(DURATION_SECONDS)
    shop.sweeps()

    shop.settles()

    assert {row["order_state"] for row in shop.rows("orders")} == {"to_ship"}
    assert "due_at" not in shard_of(placed[0])
    assert (sold(shop), shop.units_left()) == (30, 70)
    shop.assert_books_balance()


def test_more_than_a_page_is_refunded_by_sweeps_alone_and_past_one_that_is_stuck(
    shop: Shop,
) -> None:
    super_campaign(shop, threshold=31, shards=1)
    placed = paid(shop, 30)
    stuck = placed[0]
    shop.break_row("orders", stuck.order_id, "order_state", {"S": "no such state"})
    shop.advance(DURATION_SECONDS)
    for _ in range(4):
        shop.sweeps()
        shop.streams_are_lost()
        shop.advance(61)

    states = {row["order_id"]: row["order_state"] for row in shop.rows("orders")}
    assert states.pop(stuck.order_id) == "no such state"
    assert set(states.values()) <= {"refunding", "refunded"}
    shop.break_row("orders", stuck.order_id, "order_state", {"S": "paid"})
    for _ in range(3):
        shop.passes(3601)
    assert statuses(placed) == ["refunded"] * 30
    assert "due_at" not in shard_of(stuck)
    assert len(shop.rows("refunds")) == 30
    shop.assert_books_balance()
