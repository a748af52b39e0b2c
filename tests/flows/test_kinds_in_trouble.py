"""Stories of kinds of group in trouble: a draw put off while it is held, free orders that cannot
ship, refunds that others hang on, rows that make no sense. Everybody still gets what is theirs.
"""

from collections.abc import Mapping
from typing import Any

import pytest

from chalicelib.catalog import store as catalog
from chalicelib.catalog.model import AS_STORED, Campaign, CampaignStanding
from chalicelib.draws import store as draws
from chalicelib.draws.enter import enter
from chalicelib.draws.follow_up import follow_up
from chalicelib.draws.hold import hold
from chalicelib.draws.model import campaign_draw_id, winners_of
from chalicelib.draws.seeds import Seeds
from chalicelib.groups.deal import deal
from chalicelib.kit.errors import TryAgain
from chalicelib.kit.reads import read
from chalicelib.kit.writes import WriteSet
from chalicelib.ledger import recipes
from chalicelib.ledger import store as ledger
from chalicelib.orders import store as orders
from chalicelib.sweeps import always
from tests.broken import Change, broken
from tests.commissions.words import commissions
from tests.draws.words import big_lottery, full_group, of_campaign, states
from tests.in_process import just_before
from tests.led import FREEZE_SECONDS, balances, led, settled
from tests.shop import DRAW_KEY, Placed, Reply, Shop
from tests.vouchers.words import granted, state

SEEDS = Seeds({"1": DRAW_KEY})
BIG = campaign_draw_id("big")
FREE: dict[str, Any] = {"leader": {"free": True}}
LADDER = {"tiers": [{"headcount": 2, "price_fen": 1500}, {"headcount": 3, "price_fen": 900}]}
AN_HOUR_SECONDS = 3600


@pytest.fixture
def shop(shop: Shop) -> Shop:
    """A shop whose orders settle an hour after receipt."""
    shop.admin("put_settings", commission={"freeze_seconds": FREEZE_SECONDS})
    return shop


def makes_no_sense(shop: Shop, order: Placed) -> None:
    shop.break_row("orders", order.order_id, "order_state", {"S": "no such state"})


def mended(shop: Shop, order: Placed) -> None:
    """A person has put it right, and what was set aside comes again."""
    shop.break_row("orders", order.order_id, "order_state", {"S": "paid"})
    shop.passes(AN_HOUR_SECONDS + 1)
    shop.passes(61)


def poisoned(shop: Shop) -> set[str]:
    """The orders that a person was told to look at; stream records are told of by their own ids."""
    about = {row["about"] for row in shop.rows("findings", kind="poison_item")}
    return {each for each in about if each.startswith("ord_")}


def sold(shop: Shop, campaign_id: str) -> Any:
    return shop.send("GET", f"/v1/campaigns/{campaign_id}")["sold_count"]


def cancelled_by_operator(shop: Shop, order: Placed, **fields: Any) -> Any:
    return shop.tries_admin("cancel_order", order_id=order.order_id, reason="缺货", **fields)


# A campaign's draw that is put off


@pytest.mark.parametrize("operation", ["Query", "UpdateItem"])
def test_a_draw_put_off_while_it_is_about_to_be_held_is_held_at_the_new_end(
    shop: Shop, operation: str
) -> None:
    big_lottery(shop)
    placed = full_group(shop, "big", "Lin", "Ann")
    shop.settles()
    shop.advance(1001)

    with (
        just_before(operation, lambda: big_lottery(shop, ends_at=shop.at(5000))),
        pytest.raises(TryAgain, match="put off"),
    ):
        follow_up(BIG, clock=shop.clock, seeds=SEEDS, time_left=always)

    shop.passes(61)
    assert of_campaign(shop)["status"] == "announced"
    later = full_group(shop, "big", "Bo", "Cy")
    shop.settles()
    assert states([*placed, *later]) == ["paid"] * 4
    shop.passes(5000)
    shop.passes(61)
    draw = of_campaign(shop)
    assert (draw["status"], draw["entries_count"], len(draw["winners"])) == ("drawn", 4, 2)
    assert states([*placed, *later]) == ["refunded"] * 2 + ["to_ship"] * 2
    shop.assert_books_balance()


def test_a_draw_that_was_taken_out_moves_with_its_campaign_and_can_be_put_back(shop: Shop) -> None:
    starts_at, end, later = shop.at(500), shop.at(1000), shop.at(5000)
    big_lottery(shop, starts_at=starts_at, ends_at=end)
    big_lottery(shop, starts_at=starts_at, ends_at=end, rules={})
    big_lottery(shop, starts_at=starts_at, ends_at=later, rules={})

    shop.passes(1001)
    (row,) = shop.rows("draws")
    assert row["draw_state"] == "open"
    big_lottery(shop, starts_at=starts_at, ends_at=later)
    placed = full_group(shop, "big", "Lin", "Ann")
    shop.settles()
    assert (of_campaign(shop)["status"], states(placed)) == ("announced", ["paid"] * 2)
    shop.passes(4000)
    shop.passes(61)

    assert (of_campaign(shop)["status"], states(placed)) == ("drawn", ["to_ship"] * 2)
    shop.assert_books_balance()


def test_a_draw_with_an_entry_that_makes_no_sense_waits_until_it_is_mended(shop: Shop) -> None:
    big_lottery(shop)
    placed = [*full_group(shop, "big", "Lin", "Ann"), *full_group(shop, "big", "Bo", "Cy")]
    shop.settles()
    draw = draws.get(BIG)
    entries = [entry for one in draws.participations(BIG) for entry in one.entries]
    (best,) = winners_of(SEEDS.reveal(draw), entries, 1)
    (bad,) = (order for order in placed if order.order_id == best)
    others = [order for order in placed if order is not bad]
    makes_no_sense(shop, bad)

    shop.passes(1001)
    shop.passes(61)

    assert poisoned(shop) == {bad.order_id}
    assert (of_campaign(shop)["status"], states(others)) == ("announced", ["paid"] * 3)
    mended(shop, bad)
    assert of_campaign(shop)["winners"][0] == bad.order_id
    assert bad.status == "to_ship"
    assert states(placed) == ["refunded"] * 2 + ["to_ship"] * 2
    shop.assert_books_balance()


def test_a_group_that_deals_before_its_draw_tells_it_is_counted_as_sold_once(shop: Shop) -> None:
    big_lottery(shop)
    placed = full_group(shop, "big", "Lin", "Ann")
    group_id = placed[0].group_id
    shop.streams_are_lost()
    enter(BIG, group_id, orders.read_all([order.order_id for order in placed]))
    shop.advance(1001)
    hold(BIG, clock=shop.clock, seeds=SEEDS, due_at=shop.clock.now())

    deal(group_id, clock=shop.clock, seeds=SEEDS)

    assert sold(shop, "big") == 2
    for _ in range(3):
        shop.passes(61)
    assert (sold(shop, "big"), states(placed)) == (2, ["to_ship"] * 2)
    assert [row for row in shop.rows("groups", group_id=group_id) if "due_at" in row] == []
    shop.assert_books_balance()


# Free orders that cannot be shipped


def free_led(shop: Shop) -> tuple[Placed, Placed]:
    """A free leader, and the only joiner."""
    lin, ann = led(shop, FREE, "Lin", "Ann")
    shop.settles()
    shop.passes(61)
    return lin, ann


def reversals(shop: Shop, order: Placed) -> list[int]:
    """What was taken off marketing for it."""
    account_id = f"order:{order.order_id}"
    rows = shop.rows("ledger", account_id=account_id, code="marketing_reversed")
    return [row["amount_fen"] for row in rows if row.get("phase") == "single"]


def test_a_free_leaders_order_that_cannot_ship_is_over_and_nothing_is_marketing(
    shop: Shop,
) -> None:
    lin, ann = free_led(shop)
    assert balances(shop) == {"wechat": 1500, "marketing_expense": 1500, "customer_funds": -3000}
    before = shop.everything()
    tried = cancelled_by_operator(shop, lin, dry_run=True)
    assert (tried["ok"], shop.everything()) == (True, before)

    ended = cancelled_by_operator(shop, lin)

    assert (ended["ok"], ended["result"]["status"]) == (True, "refunded")
    assert (lin.status, lin.now()["refunded_fen"], shop.units_left()) == ("refunded", 1500, 99)
    assert balances(shop) == {"wechat": 1500, "customer_funds": -1500}
    shop.assert_books_balance()
    after = shop.everything()
    assert cancelled_by_operator(shop, lin)["ok"]
    assert cancelled_by_operator(shop, lin, dry_run=True)["ok"]
    assert shop.everything() == after
    settled(shop, ann)
    assert (balances(shop), reversals(shop, lin)) == ({"wechat": 1500, "sales": -1500}, [1500])
    lin.member.signs_in_again()
    assert lin.member.send("DELETE", "/v1/me").status == 204
    shop.assert_books_balance()


def test_a_free_leaders_order_ended_before_wechat_has_paid_back_is_refunding_until_then(
    shop: Shop,
) -> None:
    shop.sandbox.configure(hold_refunds=True)
    lin, ann = led(shop, FREE, "Lin", "Ann")
    shop.settles()

    assert cancelled_by_operator(shop, lin)["result"]["status"] == "refunding"
    assert cancelled_by_operator(shop, lin)["result"]["status"] == "refunding"

    assert (lin.now()["refunded_fen"], shop.units_left()) == (0, 99)
    shop.assert_audit_is_clean()
    (refund,) = lin.now()["refunds"]
    shop.sandbox.settle_refund(f"{refund['refund_id']}_1", "success")
    shop.settles()
    assert (lin.status, lin.now()["refunded_fen"]) == ("refunded", 1500)
    shop.passes(61)
    settled(shop, ann)
    assert (balances(shop), reversals(shop, lin)) == ({"wechat": 1500, "sales": -1500}, [1500])
    shop.assert_books_balance()


def test_an_order_that_a_voucher_paid_for_and_cannot_ship_is_cancelled_and_all_is_back(
    shop: Shop,
) -> None:
    lin = granted(shop, "Lin").opens(voucher_id="v1")
    ann = shop.member("Ann").joins(lin.group_id).pays()
    shop.settles()
    assert (lin.status, shop.units_left()) == ("to_ship", 98)

    ended = [cancelled_by_operator(shop, lin)["result"]["status"] for _ in range(2)]

    assert ended == ["cancelled"] * 2
    assert (lin.status, ann.status, shop.units_left()) == ("cancelled", "to_ship", 99)
    assert state(lin.member) == ("usable", None)
    shop.assert_books_balance()
    settled(shop, ann)
    assert balances(shop) == {"wechat": 1500, "sales": -1500}
    lin.member.signs_in_again()
    assert lin.member.send("DELETE", "/v1/me").status == 204
    shop.assert_books_balance()


@pytest.mark.parametrize("dry_run", [False, True])
def test_a_free_order_on_its_way_or_with_a_refund_to_be_decided_cannot_be_ended(
    shop: Shop, dry_run: bool
) -> None:
    lin, ann = free_led(shop)
    with broken(Change("orders", {"order_id": lin.order_id}, {"undecided_fen": 1})):
        before = shop.everything()
        refused = cancelled_by_operator(shop, lin, dry_run=dry_run)
        assert refused["error"]["code"] == "order_not_cancellable"
        assert shop.everything() == before
    shop.ships(lin)
    before = shop.everything()

    for order in (lin, ann):
        refused = cancelled_by_operator(shop, order, dry_run=dry_run)
        assert refused["error"]["code"] == "order_not_cancellable"

    assert shop.everything() == before
    settled(shop, lin, ann)
    assert balances(shop) == {"wechat": 1500, "marketing_expense": 1500, "sales": -3000}
    shop.assert_books_balance()


def test_the_audit_names_marketing_that_was_not_reversed_or_was_without_reason(shop: Shop) -> None:
    lin, _ = free_led(shop)
    account_id = f"order:{lin.order_id}"
    now = shop.clock.now()
    ledger.post(recipes.marketing_reversed(lin.order_id, 1500, now=now))
    (row,) = shop.rows("ledger", account_id=account_id, code="marketing_reversed")
    booked = Change("ledger", {"account_id": account_id, "entry": row["entry"]}, {}, gone=True)

    without_reason = shop.admin("audit")["violations"]

    assert [one["id"] for one in without_reason] == [lin.order_id]
    with broken(booked):
        shop.assert_audit_is_clean()
        assert cancelled_by_operator(shop, lin)["ok"]
    shop.assert_audit_is_clean()
    with broken(booked):
        missing = shop.admin("audit")["violations"]
    assert {one["id"] for one in missing} == {lin.order_id}
    assert "settlements_are_booked_once" in {one["invariant"] for one in missing}
    shop.assert_books_balance()


# Refunds that others hang on


def joined_free(shop: Shop) -> tuple[Placed, list[Placed]]:
    _, ann = led(shop, FREE, "Lin", "Ann")
    return ann, []


def joined_voucher(shop: Shop) -> tuple[Placed, list[Placed]]:
    lin = granted(shop, "Lin").opens(voucher_id="v1")
    return shop.member("Ann").joins(lin.group_id).pays(), []


def on_lower_tier(shop: Shop) -> tuple[Placed, list[Placed]]:
    _, ann, bo = led(shop, LADDER, "Lin", "Ann", "Bo")
    return ann, [bo]


CARRIES = {"free leader": joined_free, "voucher": joined_voucher, "ladder": on_lower_tier}


@pytest.mark.parametrize("decision", ["approve", "reject"])
@pytest.mark.parametrize("kind", CARRIES)
def test_a_refund_of_who_made_it_cheaper_for_others_waits_for_an_operator(
    shop: Shop, kind: str, decision: str
) -> None:
    ann, others = CARRIES[kind](shop)
    shop.settles()
    shop.passes(61)
    before = ann.now()

    asked = ann.asks_refund()

    assert (asked.status, asked["status"], ann.status) == (201, "awaiting_operator", "to_ship")
    shop.assert_audit_is_clean()
    shop.decides(asked["refund_id"], decision, operator="店主", reason="看过了")
    shop.passes(61)
    after = ann.now()
    if decision == "approve":
        assert (after["status"], after["refunded_fen"]) == ("refunded", 1500)
    else:
        same = ("status", "refunded_fen", "amount_fen")
        assert [after[name] for name in same] == [before[name] for name in same]
        settled(shop, ann)
        assert ann.status == "settled"
    assert states(others) == ["to_ship"] * len(others)
    shop.assert_books_balance()


DRAW = {"draw": {"winners": 1}}
AT_ONCE: dict[str, tuple[Mapping[str, Any], int]] = {
    "plain": ({}, 3),
    "lottery": (DRAW, 3),
    "first tier": (LADDER, 4),
    "bonus": ({"leader": {"bonus_fen": 100}}, 3),
}


@pytest.mark.parametrize("kind", AT_ONCE)
def test_a_refund_of_who_made_it_cheaper_for_nobody_goes_out_at_once(shop: Shop, kind: str) -> None:
    rules, size = AT_ONCE[kind]
    names = ("Lin", "Ann") if kind == "first tier" else ("Lin", "Ann", "Bo")
    placed = led(shop, rules, *names, size=size)
    shop.passes(AN_HOUR_SECONDS) if kind == "first tier" else shop.settles()
    asks = next(order for order in reversed(placed) if order.status == "to_ship")

    asked = asks.asks_refund()

    assert (asked.status, asked["status"], asked["amount_fen"]) == (201, "requested", 1500)
    shop.settles()
    assert (asks.status, asks.now()["refunded_fen"]) == ("refunded", 1500)
    shop.assert_books_balance()


# How much is free


def quoted(order_of: Any, **body: Any) -> Reply:
    reply: Reply = order_of.send("POST", "/v1/quotes", {"sku_id": "apples-5", **body})
    assert reply.status == 200, reply
    return reply


def test_a_free_leader_takes_one_unit_where_no_limit_says_otherwise(shop: Shop) -> None:
    shop.campaign("led", rules=FREE)
    shop.campaign("three", rules=FREE, per_member_limit=3)
    lin, ann = shop.member("Lin"), shop.member("Ann")
    before = shop.everything()

    refused = lin.tries_to_open("led", quantity=2)

    assert (refused.status, refused.code) == (409, "limit_reached")
    assert quoted(lin, campaign_id="led", quantity=2)["refusal_code"] == "limit_reached"
    assert quoted(lin, campaign_id="led", quantity=1)["refusal_code"] is None
    assert quoted(lin, campaign_id="three", quantity=3)["refusal_code"] is None
    assert quoted(lin, campaign_id="three", quantity=4)["refusal_code"] == "limit_reached"
    assert shop.everything() == before
    one = lin.opens("led").pays()
    assert quoted(ann, group_id=one.group_id, quantity=5)["refusal_code"] is None
    five = ann.joins(one.group_id, quantity=5).pays()
    three = lin.opens("three", quantity=3).pays()
    other = ann.joins(three.group_id).pays()
    shop.settles()
    shop.passes(61)
    assert states([one, five, three, other]) == ["to_ship"] * 4
    assert [order.now()["refunded_fen"] for order in (one, five, three)] == [1500, 0, 4500]
    shop.assert_books_balance()


# Orders that make no sense


ONE_BY_ONE: list[tuple[Mapping[str, Any], list[int]]] = [
    ({}, [0, 0, 0]),
    (LADDER, [600, 600, 600]),
    (FREE, [1500, 0, 0]),
]


@pytest.mark.parametrize("number", [0, 2])
@pytest.mark.parametrize(("rules", "back_fen"), ONE_BY_ONE)
def test_an_order_that_makes_no_sense_keeps_nobody_else_from_the_goods(
    shop: Shop, rules: Mapping[str, Any], back_fen: list[int], number: int
) -> None:
    placed = led(shop, rules, "Lin", "Ann", "Bo")
    bad = placed[number]
    others = [order for order in placed if order is not bad]
    makes_no_sense(shop, bad)

    shop.settles()
    shop.passes(61)

    assert (states(others), poisoned(shop)) == (["to_ship"] * 2, {bad.order_id})
    assert sold(shop, "led") == 0
    mended(shop, bad)
    assert states(placed) == ["to_ship"] * 3
    assert [order.now()["refunded_fen"] for order in placed] == back_fen
    assert sold(shop, "led") == 3
    shop.passes(61)
    assert sold(shop, "led") == 3
    shop.assert_books_balance()


def test_who_joined_a_free_leader_whose_order_makes_no_sense_is_waited_for_all_the_same(
    shop: Shop,
) -> None:
    lin, ann = led(shop, FREE, "Lin", "Ann")
    makes_no_sense(shop, lin)
    shop.settles()

    asked = ann.asks_refund()

    assert (asked["status"], ann.status) == ("awaiting_operator", "to_ship")
    mended(shop, lin)
    assert (lin.status, lin.now()["refunded_fen"]) == ("to_ship", 1500)
    shop.assert_books_balance()


@pytest.mark.parametrize("rules", [DRAW, {"leader": {"bonus_fen": 100}}])
def test_where_all_hangs_on_all_an_order_that_makes_no_sense_is_waited_for(
    shop: Shop, rules: Mapping[str, Any]
) -> None:
    placed = led(shop, rules, "Lin", "Ann", "Bo")
    makes_no_sense(shop, placed[2])

    shop.settles()
    shop.passes(61)

    assert (states(placed[:2]), poisoned(shop)) == (["paid"] * 2, {placed[2].order_id})
    mended(shop, placed[2])
    shipped = 1 if rules is DRAW else 3
    assert states(placed) == ["refunded"] * (3 - shipped) + ["to_ship"] * shipped
    assert sold(shop, "led") == shipped
    shop.assert_books_balance()


# Vouchers with other rules


def test_what_a_voucher_bought_on_a_ladder_is_borne_at_the_price_of_the_tier_reached(
    shop: Shop,
) -> None:
    shop.campaign("led", size=3, rules=LADDER)
    lin = granted(shop, "Lin").opens("led", voucher_id="v1")
    ann, bo = (shop.member(name).joins(lin.group_id).pays() for name in ("Ann", "Bo"))
    shop.settles()
    shop.passes(61)

    settled(shop, lin, ann, bo)

    assert states([lin, ann, bo]) == ["settled"] * 3
    assert balances(shop) == {"wechat": 1800, "marketing_expense": 900, "sales": -2700}
    shop.assert_books_balance()


LOWERED: list[tuple[Mapping[str, Any], int]] = [
    ({"when_short": "honour", "minimum_payers": 2}, 2),
    ({"when_short": "honour"}, 1),
    ({"tiers": [{"headcount": 1, "price_fen": 1500}, {"headcount": 5, "price_fen": 900}]}, 1),
]


@pytest.mark.parametrize(("rules", "enough"), LOWERED)
def test_a_leader_with_a_voucher_who_leaves_takes_along_the_head_that_did_not_count(
    shop: Shop, rules: Mapping[str, Any], enough: int
) -> None:
    shop.campaign("led", size=5, rules={**rules, "leave_allowed": True})
    lin = granted(shop, "Lin").opens("led", voucher_id="v1")
    assert shop.group(lin.group_id)["enough_count"] == enough + 1
    names = ("Ann", "Bo")[:enough]
    placed = [shop.member(name).joins(lin.group_id).pays() for name in names]

    assert lin.cancels()["status"] == "cancelled"

    seen = shop.group(lin.group_id)
    assert (seen["enough_count"], seen["paid_count"]) == (enough, enough)
    shop.passes(AN_HOUR_SECONDS)
    assert shop.group(lin.group_id)["status"] == "complete"
    assert states(placed) == ["to_ship"] * enough
    shop.assert_books_balance()


# What was put before


def test_a_group_keeps_to_rules_that_could_not_be_put_any_more(shop: Shop) -> None:
    shop.campaign("led", rules={"leader": {"bonus_fen": 1500}})
    row = read(catalog.campaign_key("led")).find(catalog.campaign_key("led"))
    put = catalog.standing_of(row)
    assert row is not None
    assert put is not None
    said = put.campaign.model_dump(mode="json")
    said["rules"]["leader"]["bonus_fen"] = 2000
    once = Campaign.model_validate(said, context=AS_STORED)
    writes = WriteSet()
    standing = CampaignStanding.model_construct(campaign=once, paused=False, ended=False)
    product_ids = frozenset(row.product_ids or ())
    catalog.save(writes, catalog.campaign_row(standing, product_ids=product_ids), before=row)
    catalog.keep_revision(writes, once)
    writes.commit()
    refused = shop.tries_admin("put_campaign", **said)
    assert "bonus_fen of 2000" in refused["error"]["errors"][0]["message"]

    lin = shop.member("Lin").opens("led").pays()
    ann = shop.member("Ann").joins(lin.group_id).pays()
    shop.settles()

    assert states([lin, ann]) == ["to_ship"] * 2
    assert commissions(shop, ann.order_id) == {0: ("pending", 2000, 0)}
    assert shop.findings() == []
    shop.assert_books_balance()
