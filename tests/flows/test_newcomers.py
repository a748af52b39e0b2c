"""Groups for newcomers (老带新): who is let in, what stands in the way, and what makes somebody an
old customer.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from chalicelib.kit.aws import dynamodb
from tests.in_process import just_before
from tests.shop import Member, Placed, Reply, Shop

NEWCOMERS = {"who": "newcomers"}


@pytest.fixture
def shop(shop: Shop) -> Shop:
    """A shop with a campaign of three for newcomers."""
    shop.campaign("new", size=3, rules=NEWCOMERS)
    return shop


def old_customer(shop: Shop, name: str) -> Member:
    """Somebody who has bought something before, and everything that follows has happened."""
    order = shop.member(name).buys().pays()
    shop.settles()
    assert order.status == "to_ship"
    return order.member


def group_of(shop: Shop, leader: str, campaign_id: str = "new") -> Placed:
    """The order with which an old customer has opened a group, and its payment is booked."""
    opened = old_customer(shop, leader).opens(campaign_id).pays()
    shop.settles()
    return opened


def counted(shop: Shop, member: Member) -> int:
    """How many orders stand in the way of their being new."""
    rows = shop.rows("members", member_id=member.member_id, kind="buyer")
    count: int = rows[0]["first_orders_count"] if rows else 0
    return count


def has_paid(shop: Shop, member: Member) -> bool:
    """Whether it is noted that they have paid."""
    rows = shop.rows("members", member_id=member.member_id, kind="buyer")
    return bool(rows) and "first_paid_at" in rows[0]


def assert_refused(
    shop: Shop, member: Member, group_id: str, *, context: dict[str, str] | None = None
) -> Reply:
    """They may not join, are told so beforehand, and nothing changes."""
    before = shop.everything()
    page = shop.group(group_id, member)
    quoted = member.send(
        "POST", "/v1/quotes", {"sku_id": "apples-5", "quantity": 1, "group_id": group_id}
    )
    refused = member.tries_to_join(group_id)

    assert (refused.status, refused.code) == (409, "newcomers_only")
    assert refused.content.get("context") == context
    assert (page["joinable"], page["refusal_code"]) == (False, "newcomers_only")
    assert (quoted.status, quoted["refusal_code"]) == (200, "newcomers_only")
    assert shop.everything() == before
    return refused


def assert_let_in(shop: Shop, member: Member, group_id: str) -> Placed:
    page = shop.group(group_id, member)
    quoted = member.send(
        "POST", "/v1/quotes", {"sku_id": "apples-5", "quantity": 1, "group_id": group_id}
    )
    assert (page["joinable"], page["refusal_code"]) == (True, None)
    assert (quoted.status, quoted["refusal_code"]) == (200, None)
    return member.joins(group_id)


# Who is let in


def test_an_old_customer_brings_two_newcomers_and_the_group_completes(shop: Shop) -> None:
    lin = group_of(shop, "Lin")
    ann = assert_let_in(shop, shop.member("Ann"), lin.group_id).pays()
    bo = assert_let_in(shop, shop.member("Bo"), lin.group_id).pays()

    shop.settles()

    assert [order.status for order in (lin, ann, bo)] == ["to_ship"] * 3
    assert [has_paid(shop, order.member) for order in (lin, ann, bo)] == [True] * 3
    shop.assert_books_balance()


def test_a_newcomer_opens_such_a_group_too_and_a_solo_price_asks_nobody(shop: Shop) -> None:
    lin = shop.member("Lin").opens("new").pays()
    ann = shop.member("Ann").joins(lin.group_id).pays()
    again = lin.member.opens("new").pays()
    alone = ann.member.buys().pays()
    shop.settles()

    assert [order.status for order in (lin, ann, again)] == ["paid"] * 3
    assert alone.status == "to_ship"
    shop.assert_books_balance()


def test_an_old_customer_is_refused_and_nothing_changes(shop: Shop) -> None:
    lin = group_of(shop, "Lin")
    old = old_customer(shop, "Old")

    refused = assert_refused(shop, old, lin.group_id)

    assert refused["title"] == "仅限新用户参团"
    assert refused["detail"] == "Only newcomers can join this group."
    everyones = shop.member("Mei").opens().pays()
    assert old.joins(everyones.group_id).pays().status == "paid"
    shop.settles()
    shop.assert_books_balance()


def test_whoever_is_not_signed_in_sees_an_open_group(shop: Shop) -> None:
    lin = group_of(shop, "Lin")

    page = shop.group(lin.group_id)

    assert (page["joinable"], page["refusal_code"]) == (True, None)


def test_a_group_s_page_reads_one_item_more_and_only_where_the_rules_ask(shop: Shop) -> None:
    lin, everyones = group_of(shop, "Lin"), shop.member("Mei").opens().pays()
    ann = shop.member("Ann")
    for group_id in (lin.group_id, everyones.group_id):
        shop.group(group_id)

    with shop.reads_of("GetItem", "BatchGetItem") as asked:
        shop.group(everyones.group_id, ann)
        shop.group(lin.group_id)
        shop.group(lin.group_id, lin.member)
        assert asked == []
        shop.group(lin.group_id, ann)

    assert [read["Key"]["kind"] for read in asked] == [{"S": "buyer"}]


def test_of_two_groups_at_once_a_newcomer_gets_into_one(shop: Shop) -> None:
    lin, mei = group_of(shop, "Lin"), group_of(shop, "Mei")
    ann = shop.member("Ann")
    first = ann.joins(lin.group_id)

    refused = assert_refused(shop, ann, mei.group_id, context={"order_id": first.order_id})

    assert refused["detail"] == (
        "An order of yours waits for its payment; cancel it to join this group."
    )
    first.pays()
    assert_refused(shop, ann, mei.group_id)
    shop.settles()
    assert_refused(shop, ann, mei.group_id)
    shop.assert_books_balance()


def test_a_seat_of_one_s_own_is_what_the_page_and_the_quote_speak_of(shop: Shop) -> None:
    lin = group_of(shop, "Lin")
    ann = shop.member("Ann").joins(lin.group_id)

    quoted = ann.member.send(
        "POST", "/v1/quotes", {"sku_id": "apples-5", "quantity": 1, "group_id": lin.group_id}
    )
    again = ann.member.tries_to_join(lin.group_id)

    assert shop.group(lin.group_id, ann.member)["refusal_code"] == "already_joined"
    assert quoted["refusal_code"] == "already_joined"
    assert (again.code, again["context"]) == ("already_joined", {"order_id": ann.order_id})


# What stands in the way


@pytest.mark.parametrize("ending", ["cancelled", "expired"])
def test_an_unpaid_order_stands_in_the_way_until_it_is_over(shop: Shop, ending: str) -> None:
    lin = group_of(shop, "Lin")
    ann = shop.member("Ann")
    alone = ann.buys()
    assert_refused(shop, ann, lin.group_id, context={"order_id": alone.order_id})

    if ending == "cancelled":
        assert [alone.cancels()["status"] for _ in range(2)] == ["cancelled"] * 2
    else:
        shop.passes(901)
        shop.passes(121)

    assert alone.status == "cancelled"
    assert counted(shop, ann) == 0
    assert_let_in(shop, ann, lin.group_id).pays()
    shop.settles()
    assert counted(shop, ann) == 1
    shop.assert_books_balance()


def test_each_of_two_unpaid_orders_stands_in_the_way(shop: Shop) -> None:
    lin = group_of(shop, "Lin")
    ann = shop.member("Ann")
    first, second = ann.buys(), ann.opens()

    assert_refused(shop, ann, lin.group_id, context={"order_id": second.order_id})
    second.cancels()
    assert_refused(shop, ann, lin.group_id)
    first.cancels()

    assert_let_in(shop, ann, lin.group_id)
    shop.assert_books_balance()


def test_who_has_just_paid_is_refused_before_any_reaction_has_run(shop: Shop) -> None:
    lin = group_of(shop, "Lin")
    alone = shop.member("Ann").buys().pays()
    assert not has_paid(shop, alone.member)

    assert_refused(shop, alone.member, lin.group_id)

    shop.streams_are_lost()
    assert_refused(shop, alone.member, lin.group_id)
    shop.passes(61)
    assert has_paid(shop, alone.member)
    assert_refused(shop, alone.member, lin.group_id)
    shop.assert_books_balance()


def test_an_order_placed_while_a_seat_is_claimed_is_noticed_by_the_commit(shop: Shop) -> None:
    lin = group_of(shop, "Lin")
    ann = shop.member("Ann")
    bought: list[Placed] = []

    with just_before("TransactWriteItems", lambda: bought.append(ann.buys())):
        refused = ann.tries_to_join(lin.group_id)

    assert (refused.status, refused.code) == (409, "newcomers_only")
    assert refused["context"] == {"order_id": bought[0].order_id}
    assert counted(shop, ann) == 1
    assert shop.group(lin.group_id)["held_count"] == 0
    shop.assert_books_balance()


def test_an_order_placed_after_a_seat_was_claimed_takes_nothing_from_it(shop: Shop) -> None:
    lin = group_of(shop, "Lin")
    ann = shop.member("Ann")
    joined = ann.joins(lin.group_id)
    alone = ann.buys().pays()
    shop.settles()

    joined.pays()
    shop.settles()

    assert [joined.status, alone.status] == ["paid", "to_ship"]
    shop.assert_books_balance()


def test_a_newcomer_who_cancels_before_paying_may_join_another_group(shop: Shop) -> None:
    lin, mei = group_of(shop, "Lin"), group_of(shop, "Mei")
    ann = shop.member("Ann")
    first = ann.joins(lin.group_id)

    assert first.cancels()["status"] == "cancelled"

    second = assert_let_in(shop, ann, mei.group_id).pays()
    shop.settles()
    assert [first.status, second.status] == ["cancelled", "paid"]
    assert counted(shop, ann) == 1
    shop.assert_books_balance()


def test_whose_group_was_abandoned_is_new_again(shop: Shop) -> None:
    lin = group_of(shop, "Lin")
    ann = shop.member("Ann")
    opened = ann.opens("new")
    assert_refused(shop, ann, lin.group_id, context={"order_id": opened.order_id})

    shop.passes(901)

    assert shop.group(opened.group_id)["status"] == "abandoned"
    assert_let_in(shop, ann, lin.group_id)
    shop.assert_books_balance()


def test_of_a_group_that_an_operator_cancels_only_who_had_paid_are_old_customers(
    shop: Shop,
) -> None:
    lin, mei = group_of(shop, "Lin"), group_of(shop, "Mei")
    paid = shop.member("Ann").joins(lin.group_id).pays()
    held = shop.member("Bo").joins(lin.group_id)

    shop.admin("cancel_group", group_id=lin.group_id, operator="op", reason="停售")
    shop.settles()

    assert [paid.status, held.status] == ["refunded", "cancelled"]
    assert_refused(shop, paid.member, mei.group_id)
    assert_let_in(shop, held.member, mei.group_id)
    shop.assert_books_balance()


@pytest.mark.parametrize("ending", ["leaves", "fails"])
def test_a_leader_with_a_voucher_that_goes_back_is_new_again(shop: Shop, ending: str) -> None:
    shop.campaign("open", rules={"leave_allowed": True})
    lin = group_of(shop, "Lin")
    ann = shop.member("Ann")
    shop.admin("grant_voucher", member_id=ann.member_id, voucher_id="v1", expires_at=shop.at(9000))
    reply = ann.tries_to_open("open", voucher_id="v1")
    order_id, group_id = reply["order"]["order_id"], reply["order"]["group_id"]
    assert_refused(shop, ann, lin.group_id)

    if ending == "leaves":
        assert ann.send("POST", f"/v1/orders/{order_id}/cancel")["status"] == "cancelled"
    else:
        shop.admin("cancel_group", group_id=group_id, operator="op", reason="停售")
    shop.settles()

    assert (counted(shop, ann), has_paid(shop, ann)) == (0, False)
    assert_let_in(shop, ann, lin.group_id).pays()
    shop.settles()
    shop.assert_books_balance()


def test_goods_that_a_voucher_paid_for_make_an_old_customer(shop: Shop) -> None:
    lin = group_of(shop, "Lin")
    ann = shop.member("Ann")
    shop.admin("grant_voucher", member_id=ann.member_id, voucher_id="v1", expires_at=shop.at(9000))
    group_id = ann.tries_to_open(voucher_id="v1")["order"]["group_id"]
    shop.member("Bo").joins(group_id).pays()
    shop.settles()

    assert shop.group(group_id)["status"] == "complete"
    assert_refused(shop, ann, lin.group_id)
    shop.assert_books_balance()


# What makes an old customer


@pytest.mark.parametrize("told", ["in time", "too late"])
def test_who_paid_in_a_group_that_failed_is_new_no_more(shop: Shop, told: str) -> None:
    lin = group_of(shop, "Lin")
    ann = shop.member("Ann").joins(lin.group_id).pays()
    if told == "in time":
        shop.settles()
    else:
        shop.streams_are_lost()

    shop.advance(3601)
    shop.sweeps()
    shop.settles()

    assert [lin.status, ann.status] == ["refunded", "refunded"]
    assert has_paid(shop, ann.member)
    mei = group_of(shop, "Mei")
    assert_refused(shop, ann.member, mei.group_id)
    shop.assert_books_balance()


def test_who_was_refunded_is_new_no_more(shop: Shop) -> None:
    lin = group_of(shop, "Lin")
    alone = shop.member("Ann").buys().pays()
    shop.settles()
    alone.asks_refund()
    shop.settles()

    assert alone.status == "refunded"
    assert_refused(shop, alone.member, lin.group_id)
    shop.assert_books_balance()


def test_a_payment_after_the_order_was_cancelled_makes_no_old_customer(shop: Shop) -> None:
    lin = group_of(shop, "Lin")
    late = shop.member("Ann").buys()
    shop.wechat_misses_closing(late)
    assert counted(shop, late.member) == 0

    late.pays(times=3)
    shop.settles()

    assert late.status == "refunded"
    assert (counted(shop, late.member), has_paid(shop, late.member)) == (0, False)
    assert_let_in(shop, late.member, lin.group_id)
    shop.assert_books_balance()


def test_a_late_payment_goes_back_while_the_seat_taken_since_stays(shop: Shop) -> None:
    lin = group_of(shop, "Lin")
    ann = shop.member("Ann")
    late = ann.buys()
    shop.wechat_misses_closing(late)
    joined = ann.joins(lin.group_id)

    late.pays()
    shop.settles()
    joined.pays()
    shop.settles()

    assert [late.status, joined.status] == ["refunded", "paid"]
    assert (counted(shop, ann), has_paid(shop, ann)) == (1, True)
    shop.assert_books_balance()


def test_a_payment_in_another_amount_makes_no_old_customer(shop: Shop) -> None:
    lin = group_of(shop, "Lin")
    ann = shop.member("Ann").joins(lin.group_id)
    ann.pays(corrupt="amount")
    shop.streams_flow()

    assert ann.status == "refunding"
    assert (counted(shop, ann.member), has_paid(shop, ann.member)) == (0, False)
    assert_let_in(shop, ann.member, lin.group_id)
    shop.assert_audit_is_clean()


def test_a_payment_against_the_expiry_of_its_order_counts_it_once(shop: Shop) -> None:
    lin = group_of(shop, "Lin")
    alone = shop.member("Ann").buys().pays(times=0)
    shop.advance(901)

    with just_before("TransactWriteItems", lambda: shop.sandbox.replay(alone.order_id)):
        shop.sweeps()
    shop.sandbox.pump()
    shop.settles()

    assert alone.status == "to_ship"
    assert (counted(shop, alone.member), has_paid(shop, alone.member)) == (1, True)
    assert_refused(shop, alone.member, lin.group_id)
    shop.assert_books_balance()


# Leaving


def test_a_leader_who_leaves_cannot_come_back_and_the_newcomers_go_on(shop: Shop) -> None:
    shop.campaign("open", size=3, rules={**NEWCOMERS, "leave_allowed": True})
    lin = group_of(shop, "Lin", "open")
    ann = shop.member("Ann").joins(lin.group_id).pays()

    assert lin.cancels().status == 200
    shop.settles()

    assert lin.status == "refunded"
    assert_refused(shop, lin.member, lin.group_id)
    others = [shop.member(name).joins(lin.group_id).pays() for name in ("Bo", "Cy")]
    shop.settles()
    assert [order.status for order in (ann, *others)] == ["to_ship"] * 3
    shop.assert_books_balance()


def test_a_newcomer_who_leaves_after_paying_cannot_come_back(shop: Shop) -> None:
    shop.campaign("open", size=3, rules={**NEWCOMERS, "leave_allowed": True})
    lin = group_of(shop, "Lin", "open")
    ann = shop.member("Ann").joins(lin.group_id).pays()

    assert ann.cancels().status == 200
    shop.settles()

    assert ann.status == "refunded"
    assert_refused(shop, ann.member, lin.group_id)
    shop.assert_books_balance()


def test_an_account_that_was_erased_leaves_no_count_behind(shop: Shop) -> None:
    lin = group_of(shop, "Lin")
    ann = shop.member("Ann")
    alone = ann.buys()
    assert ann.send("DELETE", "/v1/me").code == "account_in_use"
    alone.cancels()
    shop.passes(121)

    assert ann.send("DELETE", "/v1/me").status == 204

    assert shop.rows("members", member_id=ann.member_id) == []
    anew = shop.member("Ann")
    assert anew.member_id != ann.member_id
    assert_let_in(shop, anew, lin.group_id)
    shop.assert_books_balance()


def test_a_count_that_went_with_its_member_never_falls_below_zero(shop: Shop) -> None:
    alone = shop.member("Ann").buys()
    key = {"member_id": {"S": alone.member.member_id}, "kind": {"S": "buyer"}}
    dynamodb().delete_item(TableName="kaituan-test-members", Key=key)

    shop.passes(901)

    assert alone.status == "cancelled"
    assert counted(shop, alone.member) == 0
    shop.assert_books_balance()


# Repeats, and what was there before


@contextmanager
def a_read_that_ends_too_early(shop: Shop) -> Iterator[None]:
    """The next batch of reads misses orders and seats, as if they came in the middle of it."""
    done: list[object] = []

    def forget(parsed: dict[str, Any], **_: Any) -> None:
        if not done:
            done.append(True)
            parsed["Responses"]["kaituan-test-orders"] = []
            of_group = parsed["Responses"]["kaituan-test-groups"]
            of_group[:] = [item for item in of_group if item["kind"] == {"S": "group"}]

    events = dynamodb().meta.events
    events.register("after-call.dynamodb.BatchGetItem", forget)
    yield
    events.unregister("after-call.dynamodb.BatchGetItem", forget)
    assert done


def test_joining_again_under_the_same_key_is_no_second_claim(shop: Shop) -> None:
    lin = group_of(shop, "Lin")
    ann = shop.member("Ann")
    first = ann.joins(lin.group_id, key="the-same-key")

    again = ann.tries_to_join(lin.group_id, key="the-same-key")
    assert (again.status, again["order"]["order_id"]) == (201, first.order_id)
    first.pays()
    shop.settles()
    paid = ann.tries_to_join(lin.group_id, key="the-same-key")

    assert (paid.status, paid["order"]["status"]) == (201, "paid")
    assert paid.headers["Idempotency-Replayed"] == "true"
    assert counted(shop, ann) == 1
    shop.assert_books_balance()


def test_a_repeat_that_reads_its_twin_s_claim_before_its_order_finds_the_order(shop: Shop) -> None:
    lin = group_of(shop, "Lin")
    ann = shop.member("Ann")
    first = ann.joins(lin.group_id, key="the-same-key")

    with a_read_that_ends_too_early(shop):
        again = ann.tries_to_join(lin.group_id, key="the-same-key")

    assert (again.status, again["order"]["order_id"]) == (201, first.order_id)
    assert counted(shop, ann) == 1


def test_a_running_group_keeps_its_newcomers_when_the_campaign_lets_everyone_in(
    shop: Shop,
) -> None:
    lin = group_of(shop, "Lin")
    old = old_customer(shop, "Old")

    shop.campaign("new", size=3, rules={})

    assert_refused(shop, old, lin.group_id)
    later = lin.member.opens("new").pays()
    assert_let_in(shop, old, later.group_id).pays()
    for name in ("Ann", "Bo"):
        shop.member(name).joins(lin.group_id).pays()
    shop.settles()
    assert lin.status == "to_ship"
    shop.assert_books_balance()


def test_a_running_group_stays_open_to_all_when_the_campaign_asks_for_newcomers(
    shop: Shop,
) -> None:
    shop.campaign("all", size=3)
    mei = shop.member("Mei").opens("all").pays()
    old = old_customer(shop, "Old")

    shop.campaign("all", size=3, rules=NEWCOMERS)

    assert_let_in(shop, old, mei.group_id).pays()
    later = mei.member.opens("all").pays()
    assert_refused(shop, old, later.group_id)
    shop.settles()
    shop.assert_books_balance()


def test_an_order_from_before_orders_were_counted_is_cancelled_without_a_count(shop: Shop) -> None:
    ann = shop.member("Ann")
    before = ann.buys()
    dynamodb().update_item(
        TableName="kaituan-test-orders",
        Key={"order_id": {"S": before.order_id}},
        UpdateExpression="REMOVE counts_as_first",
    )
    dynamodb().delete_item(
        TableName="kaituan-test-members",
        Key={"member_id": {"S": ann.member_id}, "kind": {"S": "buyer"}},
    )
    counted_one = ann.buys()

    before.cancels()

    assert counted(shop, ann) == 1
    counted_one.cancels()
    assert counted(shop, ann) == 0
    shop.assert_books_balance()
