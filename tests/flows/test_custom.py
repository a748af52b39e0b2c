"""Stories of goods made to order (C2B 定制): the full group asks its merchant, who makes all of it
or nothing; and what ships late is reported to WeChat.
"""

from typing import Any

import pytest

from chalicelib.gateways.wechat_api import UploadOutcome, UploadResult
from tests.fakes import FakeWechatApi
from tests.made_to_order import (
    ANSWER_SECONDS,
    DAY_SECONDS,
    WISHES,
    accepts,
    answers,
    paid_for,
    production_of,
    rejects,
    takes_orders,
)
from tests.shop import Placed, Shop
from tests.vouchers.words import granted, state

RECEIVES_SECONDS = 10 * DAY_SECONDS
SETTLES_SECONDS = 7 * DAY_SECONDS


def statuses(placed: list[Placed]) -> list[str]:
    for order in placed:
        order.member.signs_in_again()
    return [order.status for order in placed]


def row_of(shop: Shop, order: Placed) -> dict[str, Any]:
    return shop.rows("orders", order_id=order.order_id)[0]


def report_of(shop: Shop, order: Placed) -> Any:
    return row_of(shop, order).get("presale_report")


def told_of(shop: Shop, order: Placed) -> Any:
    """Until when WeChat expects it to be shipped, if it was told."""
    report = shop.sandbox.mini_program.special_report_of(order.order_id)
    return report and report["delay_to"] - int(shop.clock.now().timestamp())


def waits_for_its_merchant(shop: Shop, group_id: str) -> bool:
    production = production_of(shop, group_id)
    return production is not None and production["status"] == "requested"


# From the wish to the money


def test_a_full_group_is_asked_for_made_reported_shipped_and_settled(shop: Shop) -> None:
    takes_orders(shop)
    shop.sandbox.configure(shipping_lag_seconds=0)
    placed = paid_for(shop, "Lin", "Ann")
    group_id = placed[0].group_id
    assert statuses(placed) == ["paid", "paid"]
    assert production_of(shop, group_id) == {
        "status": "requested",
        "requested_at": "2026-11-22T12:00:00Z",
        "ships_by": None,
    }
    shop.assert_books_balance()

    accepts(shop, group_id, days=30)

    assert statuses(placed) == ["to_ship", "to_ship"]
    assert production_of(shop, group_id)["ships_by"] == "2026-12-22T12:00:00Z"
    assert placed[0].now()["custom_fields"] == WISHES
    assert placed[0].now()["ships_by"] == "2026-12-22T12:00:00Z"
    assert [told_of(shop, order) for order in placed] == [30 * DAY_SECONDS] * 2
    assert [report_of(shop, order) for order in placed] == ["done", "done"]
    shop.assert_books_balance()

    shop.passes(25 * DAY_SECONDS)
    for order in placed:
        shop.ships(order)
    shop.passes(RECEIVES_SECONDS)
    assert statuses(placed) == ["received", "received"]
    shop.passes(SETTLES_SECONDS)
    assert statuses(placed) == ["settled", "settled"]
    assert shop.findings() == []
    assert shop.units_left() == 100
    shop.assert_books_balance()


def test_what_is_not_made_goes_back_to_everyone_and_counts_for_nobody(shop: Shop) -> None:
    takes_orders(shop, per_member_limit=1)
    placed = paid_for(shop, "Lin", "Ann")

    rejects(shop, placed[0].group_id)

    assert statuses(placed) == ["refunded", "refunded"]
    reasons = [refund["reason"] for order in placed for refund in order.now()["refunds"]]
    assert reasons == ["商家未接受定制，自动退款"] * 2
    assert production_of(shop, placed[0].group_id)["status"] == "rejected"
    assert shop.group(placed[0].group_id)["status"] == "complete"
    placed[0].member.opens("mug", custom_fields=WISHES)
    shop.passes(ANSWER_SECONDS)
    shop.assert_books_balance()


def test_a_merchant_who_never_answers_has_said_no(shop: Shop) -> None:
    takes_orders(shop)
    placed = paid_for(shop, "Lin", "Ann")

    shop.passes(ANSWER_SECONDS - 1)
    assert statuses(placed) == ["paid", "paid"]
    shop.passes(1)

    assert statuses(placed) == ["refunded", "refunded"]
    late = shop.tries_admin(
        "decide_production",
        group_id=placed[0].group_id,
        decision="accept",
        ships_by=shop.at(DAY_SECONDS),
    )
    assert late["error"]["code"] == "not_allowed"
    assert late["error"]["detail"] == "It was rejected before, by nobody."
    shop.assert_books_balance()


def test_an_answer_given_twice_is_given_once(shop: Shop) -> None:
    takes_orders(shop)
    made, unmade = paid_for(shop, "Lin", "Ann"), paid_for(shop, "Bo", "Cy")
    ships_by = shop.at(30 * DAY_SECONDS)
    accept = {"group_id": made[0].group_id, "decision": "accept"}
    assert shop.admin("decide_production", **accept, ships_by=ships_by)["outcome"] == "accepted"
    rejects(shop, unmade[0].group_id)
    shop.settles()
    before = shop.everything()

    again = shop.admin("decide_production", **accept, ships_by=ships_by)
    no_again = answers(shop, unmade[0].group_id, "reject")
    shop.settles()
    other_day = shop.tries_admin("decide_production", **accept, ships_by=shop.at(DAY_SECONDS))
    other = shop.tries_admin(
        "decide_production", group_id=made[0].group_id, decision="reject", operator="Zhou"
    )

    assert (again["outcome"], no_again["outcome"]) == ("unchanged", "unchanged")
    said = "It was accepted to ship by 2026-12-22T12:00:00Z before, by local."
    assert [one["error"]["detail"] for one in (other_day, other)] == [said, said]
    assert shop.everything() == before
    shop.assert_books_balance()


def test_members_are_told_that_their_wish_is_made_or_is_not(shop: Shop) -> None:
    fields = {"phrase1": "status"}
    notices = {
        kind: {"template_id": kind, "fields": fields} for kind in ("group_complete", "group_failed")
    }
    shop.admin("put_settings", notices=notices)
    takes_orders(shop)
    for name in ("Lin", "Bo"):
        member = shop.member(name)
        for kind in notices:
            shop.sandbox.mini_program.subscribe(name, kind)
            member.send("POST", "/v1/me/subscriptions", {"results": {kind: "accept"}})
    made, unmade = paid_for(shop, "Lin", "Ann"), paid_for(shop, "Bo", "Cy")

    accepts(shop, made[0].group_id, days=30)
    rejects(shop, unmade[0].group_id)

    told = [shop.sandbox.mini_program.notices_to(name) for name in ("Lin", "Bo")]
    assert [[each["data"]["phrase1"] for each in sent] for sent in told] == [
        ["拼团成功"],
        ["未能定制"],
    ]


@pytest.mark.parametrize("decision", ["accept", "reject"])
def test_what_no_stream_tells_the_sweep_makes_up_for(shop: Shop, decision: str) -> None:
    takes_orders(shop)
    lin = shop.member("Lin").opens("mug", custom_fields=WISHES).pays()
    ann = shop.member("Ann").joins(lin.group_id, custom_fields=WISHES).pays()
    shop.streams_are_lost()
    shop.advance(61)
    shop.sweeps()
    shop.streams_are_lost()
    assert waits_for_its_merchant(shop, lin.group_id)

    answers(shop, lin.group_id, decision, days=30 if decision == "accept" else None)
    shop.streams_are_lost()
    assert [lin.status, ann.status] == ["paid", "paid"]
    for _ in range(3):
        shop.advance(61)
        shop.sweeps()
        shop.streams_are_lost()
        shop.works_queue()
        shop.sandbox.pump()

    expected = "to_ship" if decision == "accept" else "refunded"
    assert [lin.status, ann.status] == [expected, expected]
    if decision == "accept":
        assert [report_of(shop, order) for order in (lin, ann)] == ["done", "done"]
    shop.passes(61)
    shop.assert_books_balance()


# Who wants their money back


def test_until_the_merchant_has_answered_a_member_may_leave_the_others_go_on(shop: Shop) -> None:
    takes_orders(shop)
    lin, ann = paid_for(shop, "Lin", "Ann")

    part = ann.asks_refund(amount_fen=100)
    whole = ann.asks_refund()
    shop.settles()

    assert (part.code, whole["status"]) == ("group_forming", "requested")
    assert [lin.status, ann.status] == ["paid", "refunded"]
    accepts(shop, lin.group_id, days=30)
    assert [lin.status, ann.status] == ["to_ship", "refunded"]
    assert told_of(shop, ann) is None
    shop.assert_books_balance()


def test_what_is_being_made_is_given_back_only_by_an_operator(shop: Shop) -> None:
    takes_orders(shop)
    lin, ann = paid_for(shop, "Lin", "Ann")
    accepts(shop, lin.group_id, days=10)

    asked = [order.asks_refund() for order in (lin, ann)]

    assert [reply["status"] for reply in asked] == ["awaiting_operator"] * 2
    shop.decides(asked[0]["refund_id"])
    shop.decides(asked[1]["refund_id"], "reject")
    assert [lin.status, ann.status] == ["refunded", "to_ship"]
    shop.ships(ann)
    assert ann.status == "shipped"
    shop.passes(61)
    shop.assert_books_balance()


def test_between_the_answer_and_what_follows_nobody_leaves(shop: Shop) -> None:
    takes_orders(shop)
    made, unmade = paid_for(shop, "Lin", "Ann"), paid_for(shop, "Bo", "Cy")
    answers(shop, made[0].group_id, "accept", days=30)
    answers(shop, unmade[0].group_id, "reject")

    refused = [made[1].asks_refund(), unmade[1].asks_refund()]

    assert [reply.code for reply in refused] == ["try_again", "order_not_refundable"]
    shop.settles()
    assert statuses([*made, *unmade]) == ["to_ship", "to_ship", "refunded", "refunded"]
    assert made[1].asks_refund()["status"] == "awaiting_operator"
    shop.assert_books_balance()


def test_an_operator_may_refund_at_any_time(shop: Shop) -> None:
    takes_orders(shop)
    lin, ann = paid_for(shop, "Lin", "Ann")
    shop.admin("refund_order", order_id=ann.order_id)
    shop.settles()
    answers(shop, lin.group_id, "accept", days=30)
    shop.admin("refund_order", order_id=lin.order_id)
    shop.settles()

    assert statuses([lin, ann]) == ["refunded", "refunded"]
    shop.passes(61)
    shop.assert_books_balance()


# With other rules


def test_units_set_aside_come_back_when_nothing_is_made_of_them(shop: Shop) -> None:
    sku = {"sku_id": "apples-5", "group_price_fen": 1500, "allotted_units": 10}
    takes_orders(shop, rules={"allotment": {"shards": 2}}, skus=[sku])
    made, unmade = paid_for(shop, "Lin", "Ann"), paid_for(shop, "Bo", "Cy")
    accepts(shop, made[0].group_id, days=30)
    rejects(shop, unmade[0].group_id)

    shop.passes(DAY_SECONDS)

    assert shop.units_left() == 98
    shop.assert_books_balance()


def test_a_voucher_comes_back_when_nothing_is_made_of_it(shop: Shop) -> None:
    takes_orders(shop)
    lin = granted(shop, "Lin")
    free = lin.opens("mug", voucher_id="v1", custom_fields=WISHES)
    shop.member("Ann").joins(free.group_id, custom_fields=WISHES).pays()
    shop.settles()

    rejects(shop, free.group_id)

    assert (free.status, free.now()["cancel_reason"]) == ("cancelled", "production_rejected")
    assert state(lin) == ("usable", None)
    shop.assert_books_balance()


def test_what_a_voucher_pays_for_is_made_and_wechat_has_nothing_to_know_of_it(shop: Shop) -> None:
    takes_orders(shop)
    free = granted(shop, "Lin").opens("mug", voucher_id="v1", custom_fields=WISHES)
    paid = shop.member("Ann").joins(free.group_id, custom_fields=WISHES).pays()
    shop.settles()

    accepts(shop, free.group_id, days=30)

    assert statuses([free, paid]) == ["to_ship", "to_ship"]
    assert [report_of(shop, order) for order in (free, paid)] == [None, "done"]
    shop.ships(free)
    shop.passes(61)
    shop.assert_books_balance()


def test_the_ladder_is_climbed_when_it_is_known_that_it_is_made(shop: Shop) -> None:
    tiers = [{"headcount": 2, "price_fen": 1500}, {"headcount": 3, "price_fen": 1200}]
    takes_orders(shop, size=3, rules={"tiers": tiers, "leader": {"free": True}})
    placed = paid_for(shop, "Lin", "Ann", "Bo")
    assert shop.sandbox.totals()["refunded_fen"] == 0

    accepts(shop, placed[0].group_id, days=30)
    for _ in range(2):
        shop.passes(61)

    assert [order.now()["refunded_fen"] for order in placed] == [1500, 300, 300]
    assert [report_of(shop, order) for order in placed] == [None, "done", "done"]
    assert placed[1].now()["ships_by"] is not None
    shop.assert_books_balance()


def test_a_group_honoured_short_asks_its_merchant_too(shop: Shop) -> None:
    takes_orders(shop, size=5, rules={"when_short": "honour", "minimum_payers": 2})
    placed = paid_for(shop, "Lin", "Ann")
    assert production_of(shop, placed[0].group_id) is None

    shop.passes(3600)
    assert waits_for_its_merchant(shop, placed[0].group_id)
    accepts(shop, placed[0].group_id, days=1)

    assert statuses(placed) == ["to_ship", "to_ship"]
    assert [told_of(shop, order) for order in placed] == [None, None]
    shop.passes(61)
    shop.assert_books_balance()


@pytest.mark.parametrize(
    ("decision", "status"), [("accept", "to_ship"), ("reject", "refunded"), (None, "refunded")]
)
def test_a_crowd_is_asked_for_once_and_every_shard_hears_the_answer(
    shop: Shop, decision: str | None, status: str
) -> None:
    rules = {"crowd": {"threshold": 3, "shards": 4}}
    takes_orders(shop, "many", rules=rules, duration_seconds=600)
    placed = [
        shop.member(f"M{n}").opens("many", custom_fields={"engraving": f"M{n}"}).pays()
        for n in range(6)
    ]
    shop.settles()
    shop.passes(600)
    group_id = placed[0].group_id
    assert waits_for_its_merchant(shop, group_id)
    assert statuses(placed) == ["paid"] * 6
    placed[0].asks_refund()
    shop.settles()

    if decision is None:
        shop.passes(ANSWER_SECONDS + 61)
    else:
        answers(shop, group_id, decision, days=30 if decision == "accept" else None)
        shop.settles()
    shop.passes(61)

    assert statuses(placed) == ["refunded", *[status] * 5]
    expected = "done" if status == "to_ship" else None
    assert [report_of(shop, order) for order in placed[1:]] == [expected] * 5
    assert len([one for one in shop.rows("groups") if one.get("production_queue")]) == 0
    shop.assert_books_balance()


def test_a_round_at_a_station_is_made_to_order(shop: Shop) -> None:
    leader = shop.member("Lead")
    shop.admin(
        "put_station",
        station_id="gate",
        name="东门",
        address="文三路 1 号",
        leader_id=leader.member_id,
    )
    rules = {"stations": ["gate"], "cutoff": "22:00", "leader": {"bonus_bp": 1000}}
    takes_orders(shop, "cakes", rules=rules)
    lin = shop.member("Lin")
    placed = [
        lin.opens("cakes", address=None, station_id="gate", custom_fields=wishes).pays()
        for wishes in (WISHES, {"engraving": "小安"})
    ]
    shop.settles()
    shop.passes(DAY_SECONDS)
    assert waits_for_its_merchant(shop, placed[0].group_id)

    accepts(shop, placed[0].group_id, days=20)

    assert statuses(placed) == ["to_ship", "to_ship"]
    assert [report_of(shop, order) for order in placed] == ["done", "done"]
    leader.signs_in_again()
    assert leader.send("GET", "/v1/wallet")["pending_fen"] == 300
    shop.passes(61)
    shop.assert_books_balance()


# What WeChat is told


@pytest.mark.parametrize(("days", "report"), [(1, None), (15, None), (16, "done"), (330, "done")])
def test_only_what_ships_later_than_15_days_is_reported(
    shop: Shop, days: int, report: str | None
) -> None:
    takes_orders(shop)
    lin, _ = paid_for(shop, "Lin", "Ann")

    accepts(shop, lin.group_id, days=days)

    assert report_of(shop, lin) == report
    assert told_of(shop, lin) == (None if report is None else days * DAY_SECONDS)


def test_a_wechat_that_lags_behind_is_told_again_until_it_knows(shop: Shop) -> None:
    shop.sandbox.configure(shipping_lag_seconds=45)
    takes_orders(shop)
    lin, ann = paid_for(shop, "Lin", "Ann")
    accepts(shop, lin.group_id, days=30)
    assert report_of(shop, lin) == "due"

    shop.passes(10)
    shop.passes(20)
    assert report_of(shop, lin) == "due"
    shop.passes(40)

    assert [report_of(shop, order) for order in (lin, ann)] == ["done", "done"]
    assert shop.findings() == []
    shop.assert_books_balance()


def test_a_wechat_that_cannot_be_reached_is_told_later(shop: Shop) -> None:
    takes_orders(shop)
    lin, ann = paid_for(shop, "Lin", "Ann")
    wechat, real = FakeWechatApi(), shop.wiring.wechat_api
    shop.wiring._wechat_api, wechat.is_down = wechat, True
    accepts(shop, lin.group_id, days=30)
    assert report_of(shop, lin) == "due"

    wechat.is_down = False
    shop.passes(10)
    shop.passes(60)

    assert [report_of(shop, order) for order in (lin, ann)] == ["done", "done"]
    assert len(wechat.presales) == 2
    shop.wiring._wechat_api = real
    shop.assert_books_balance()


def test_a_wechat_that_never_knows_is_a_matter_for_a_person(shop: Shop) -> None:
    shop.sandbox.configure(shipping_lag_seconds=40 * DAY_SECONDS)
    takes_orders(shop)
    lin, ann = paid_for(shop, "Lin", "Ann")
    accepts(shop, lin.group_id, days=16)

    for _ in range(14):
        shop.passes(3600)
    assert shop.findings() == ["presale_not_told", "presale_not_told"]
    shop.passes(16 * DAY_SECONDS)
    shop.passes(60)

    assert [report_of(shop, order) for order in (lin, ann)] == ["refused", "refused"]
    assert shop.findings() == ["presale_not_told"] * 4 + ["shipping_late"] * 2
    shop.ships(lin)
    assert statuses([lin, ann]) == ["shipped", "to_ship"]


def test_what_wechat_refuses_is_a_matter_for_a_person_and_ships_all_the_same(shop: Shop) -> None:
    takes_orders(shop)
    lin, ann = paid_for(shop, "Lin", "Ann")
    wechat, real = FakeWechatApi(), shop.wiring.wechat_api
    wechat.report_results.append(UploadResult(UploadOutcome.REFUSED, 268546001))
    shop.wiring._wechat_api = wechat

    accepts(shop, lin.group_id, days=30)

    assert sorted(str(report_of(shop, order)) for order in (lin, ann)) == ["done", "refused"]
    (finding,) = shop.rows("findings")
    assert (finding["kind"], finding["facts"]) == ("presale_refused", {"errcode": 268546001})
    shop.wiring._wechat_api = real
    for order in (lin, ann):
        shop.ships(order)
    assert statuses([lin, ann]) == ["shipped", "shipped"]
    shop.passes(61)
    shop.assert_books_balance()


def test_goods_that_ship_sooner_need_not_be_reported_any_more(shop: Shop) -> None:
    shop.sandbox.configure(shipping_lag_seconds=120)
    takes_orders(shop)
    lin, ann = paid_for(shop, "Lin", "Ann")
    accepts(shop, lin.group_id, days=30)
    assert report_of(shop, lin) == "due"

    shop.ships(lin)
    shop.passes(120)
    shop.passes(60)

    assert (report_of(shop, lin), told_of(shop, lin)) == ("not_needed", None)
    assert (row_of(shop, lin)["shipment_upload"], report_of(shop, ann)) == ("done", "done")
    assert shop.findings() == []
    shop.assert_books_balance()


# A merchant who is late


def test_a_merchant_who_is_late_is_told_of_once(shop: Shop) -> None:
    takes_orders(shop)
    lin, ann = paid_for(shop, "Lin", "Ann")
    accepts(shop, lin.group_id, days=5)
    shop.ships(ann)

    shop.passes(5 * DAY_SECONDS - 1)
    assert shop.findings() == []
    for _ in range(3):
        shop.passes(DAY_SECONDS)

    assert shop.findings() == ["shipping_late"]
    (finding,) = shop.rows("findings")
    assert (finding["about"], finding["facts"]) == (
        lin.order_id,
        {"ships_by": "2026-11-27T12:00:00Z"},
    )
    assert "due_at" not in row_of(shop, lin)
    shop.ships(lin)
    shop.passes(61)
    shop.assert_books_balance()
