"""A member can leave only so many orders unpaid: each holds units, and perhaps a seat."""

import pytest

from tests.shop import Member, Placed, Reply, Shop
from tests.vouchers.words import granted

MOST = 3


@pytest.fixture
def lin(shop: Shop) -> Member:
    shop.admin("put_settings", most_unpaid_orders=MOST)
    return shop.member("Lin")


def noted(shop: Shop, member: Member) -> set[str]:
    (profile,) = shop.rows("members", kind="profile", member_id=member.member_id)
    return set(profile.get("unpaid_order_ids", ()))


def unpaid_orders(member: Member, count: int = MOST) -> list[Placed]:
    return [member.buys() for _ in range(count)]


def assert_refused(reply: Reply, orders: list[Placed]) -> None:
    assert (reply.status, reply.code) == (429, "too_many_unpaid"), reply
    assert reply.headers["Retry-After"] == "60"
    assert reply["context"] == {"order_ids": sorted(order.order_id for order in orders)}


def test_one_more_than_the_settings_allow_is_refused_and_changes_nothing(
    shop: Shop, lin: Member
) -> None:
    leader = shop.member("Ann").opens().pays()
    shop.settles()
    orders = unpaid_orders(lin)
    before = shop.everything()

    assert_refused(lin.tries_to_buy(), orders)
    assert_refused(lin.tries_to_open(), orders)
    assert_refused(lin.tries_to_join(leader.group_id), orders)

    assert shop.everything() == before
    assert noted(shop, lin) == {order.order_id for order in orders}


def test_ten_are_allowed_unless_the_settings_say_otherwise(shop: Shop) -> None:
    ann = shop.member("Ann")
    orders = unpaid_orders(ann, 10)
    assert_refused(ann.tries_to_buy(), orders)


def test_a_crowd_is_no_way_around_it(shop: Shop, lin: Member) -> None:
    crowd = {"threshold": 2, "shards": 2}
    shop.campaign("super", rules={"crowd": crowd}, duration_seconds=600)
    orders = unpaid_orders(lin)

    assert_refused(lin.tries_to_open("super"), orders)


@pytest.mark.parametrize("way", ["pays", "cancels"])
def test_what_is_paid_or_cancelled_makes_room_for_another(
    shop: Shop, lin: Member, way: str
) -> None:
    first, second, third = unpaid_orders(lin)
    getattr(first, way)()

    fourth = lin.buys()

    assert noted(shop, lin) == {second.order_id, third.order_id, fourth.order_id}
    assert_refused(lin.tries_to_buy(), [second, third, fourth])


def test_whoever_pays_each_order_is_never_told_to_wait(shop: Shop, lin: Member) -> None:
    for _ in range(3 * MOST):
        lin.buys().pays()
    shop.settles()

    assert len(noted(shop, lin)) <= MOST
    shop.assert_books_balance()


def test_orders_whose_time_to_pay_is_over_make_room_once_they_are_swept(
    shop: Shop, lin: Member
) -> None:
    orders = unpaid_orders(lin)
    shop.advance(901)
    assert_refused(lin.tries_to_buy(), orders)

    shop.sweeps()

    assert lin.buys().status == "awaiting_payment"


def test_the_same_request_again_is_answered_with_its_order_and_not_refused(
    shop: Shop, lin: Member
) -> None:
    unpaid_orders(lin, MOST - 1)
    last = lin.tries_to_buy(key="the-last-of-them")
    again = lin.tries_to_buy(key="the-last-of-them")

    assert (again.status, again["order"]["order_id"]) == (201, last["order"]["order_id"])
    assert len(noted(shop, lin)) == MOST


def test_a_group_opened_with_a_voucher_leaves_nothing_unpaid(shop: Shop, lin: Member) -> None:
    unpaid_orders(lin)
    granted(shop, "Lin")
    free = lin.opens(voucher_id="v1")

    assert free.status == "paid"
    assert free.order_id not in noted(shop, lin)


def test_fewer_allowed_than_there_are_lets_nobody_in_until_enough_are_gone(
    shop: Shop, lin: Member
) -> None:
    first, second, third = unpaid_orders(lin)
    shop.admin("put_settings", most_unpaid_orders=1)
    shop.passes(6)
    first.pays()
    second.pays()
    assert_refused(lin.tries_to_buy(), [third])
    third.pays()

    assert len(noted(shop, lin)) == MOST
    fourth = lin.buys()
    assert noted(shop, lin) == {fourth.order_id}


def test_another_members_orders_do_not_count(shop: Shop, lin: Member) -> None:
    unpaid_orders(lin)
    assert shop.member("Ann").buys().status == "awaiting_payment"


def test_who_is_on_the_way_out_places_nothing(shop: Shop, lin: Member) -> None:
    token = lin.token
    assert lin.send("DELETE", "/v1/me").status == 204
    reply = shop.send(
        "POST", "/v1/orders", shop.purchase(), token=token, headers={"Idempotency-Key": "too-late"}
    )
    assert (reply.status, reply.code) == (401, "not_signed_in")
