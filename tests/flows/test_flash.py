"""Stories of flash sales (秒杀团): an exact window, units of their own spread over shards, and what
becomes of them when an order, a group or the sale is over.
"""

import pytest

from infra.local.sandbox_control import CLOSE_PATH
from tests.flash import available, flash, lots, offered, set_aside
from tests.in_process import just_before
from tests.shop import Member, Placed, Reply, Shop


def assert_refused(code: str, reply: Reply) -> None:
    assert (reply.status, reply.code) == (409, code), reply


def complete(leader: Member, joiner: Member, *, quantity: int = 1) -> tuple[Placed, Placed]:
    """A group of two of the sale, both paid."""
    leading = leader.opens("flash", quantity=quantity).pays()
    joining = joiner.joins(leading.group_id, quantity=quantity).pays()
    leader.shop.settles()
    return leading, joining


def unclosed(shop: Shop, name: str) -> Placed:
    """An order for three that is cancelled here, while WeChat lost our close and takes its
    payment.
    """
    order = shop.member(name).opens("flash", quantity=3)
    shop.sandbox.add_fault(CLOSE_PATH.format(order.order_id), "close_ignored")
    assert order.cancels()["status"] == "cancelled"
    return order


def test_a_flash_sale_from_its_first_millisecond_to_after_its_last(shop: Shop) -> None:
    flash(shop, 20, starts_at=shop.at(60), ends_at=shop.at(3660), per_member_limit=8)
    lin, ann, bo, cy = (shop.member(name) for name in ("Lin", "Ann", "Bo", "Cy"))
    assert (lots(shop), available(shop), shop.units_left()) == ([5, 5, 5, 5], 20, 80)

    shop.advance(59.999)
    before = shop.everything()
    assert_refused("campaign_not_live", lin.tries_to_open("flash"))
    assert shop.everything() == before
    shop.advance(0.001)
    leading = lin.opens("flash", quantity=7).pays()  # more than lies on any shard
    assert (sorted(lots(shop)), available(shop)) == ([0, 3, 5, 5], 13)
    assert_refused("limit_reached", lin.tries_to_open("flash", quantity=2))
    joining = ann.joins(leading.group_id, quantity=5).pays()
    shop.settles()
    assert [leading.status, joining.status] == ["to_ship"] * 2

    unpaid = bo.opens("flash", quantity=8)
    assert_refused("out_of_stock", cy.tries_to_open("flash"))
    assert available(shop) == 0
    shop.passes(900)
    assert (unpaid.status, available(shop)) == ("cancelled", 8)
    alone = cy.opens("flash", quantity=6, key="cy-opens").pays()
    assert (available(shop), shop.units_left()) == (2, 80)

    shop.advance(3600 - 900 - 0.001)
    waiting = bo.opens("flash", quantity=2)
    assert_refused("out_of_stock", ann.tries_to_open("flash"))
    shop.advance(0.001)
    assert_refused("campaign_not_live", ann.tries_to_open("flash"))
    shop.passes(0)
    assert (waiting.status, alone.status) == ("cancelled", "refunded")
    shop.passes(61)

    assert (lots(shop), available(shop), set_aside(shop)) == ([0, 0, 0, 0], 0, 0)
    assert shop.units_left() == 100 - 12
    leading.asks_refund()
    shop.settles()
    assert (leading.status, shop.units_left()) == ("refunded", 100 - 5)
    assert shop.send("GET", "/v1/campaigns/flash")["sold_count"] == 12
    assert shop.send("GET", "/v1/products/apples")["sold_count"] == 5
    shop.assert_books_balance()


def test_a_group_that_fails_gives_its_units_back_to_the_sale(shop: Shop) -> None:
    flash(shop, 4, ends_at=shop.at(24 * 3600), per_member_limit=4)
    lin, ann = shop.member("Lin"), shop.member("Ann")
    failing = lin.opens("flash", quantity=4).pays()
    assert_refused("out_of_stock", ann.tries_to_open("flash"))

    shop.passes(3600)

    assert (failing.status, available(shop)) == ("refunded", 4)
    complete(lin, ann, quantity=2)
    assert (available(shop), shop.units_left(), set_aside(shop)) == (0, 96, 4)
    shop.assert_books_balance()


def test_the_last_units_lie_on_different_shards_and_sell_together(shop: Shop) -> None:
    flash(shop, 8, shards=8)
    assert lots(shop) == [1] * 8

    three = shop.member("Lin").opens("flash", quantity=3).pays()
    joined = shop.member("Ann").joins(three.group_id, quantity=3).pays()
    assert sum(lots(shop)) == 2
    bo = shop.member("Bo")
    too_many = bo.tries_to_open("flash", quantity=3)
    assert_refused("out_of_stock", too_many)
    assert too_many["context"] == {"sku_id": "apples-5", "available": 2}
    two = bo.opens("flash", quantity=2).pays()
    shop.settles()

    assert lots(shop) == [0] * 8
    assert [three.status, joined.status, two.status] == ["to_ship", "to_ship", "paid"]
    shop.passes(3600)
    shop.passes(61)
    assert (two.status, shop.units_left(), set_aside(shop)) == ("refunded", 94, 0)
    shop.assert_books_balance()


def test_what_is_bought_alone_never_comes_from_the_sale(shop: Shop) -> None:
    flash(shop, 100)
    lin = shop.member("Lin")

    assert_refused("out_of_stock", lin.tries_to_buy())
    assert_refused("out_of_stock", lin.tries_to_open())
    assert lin.opens("flash").pays().status == "paid"
    product = shop.send("GET", "/v1/products/apples")
    assert (product["skus"][0]["available"], product["sold_count"]) == (0, 0)
    assert available(shop) == 99
    shop.settles()
    shop.assert_books_balance()


def test_the_same_request_again_takes_no_unit_twice(shop: Shop) -> None:
    flash(shop, 2)
    lin = shop.member("Lin")
    first = lin.tries_to_open("flash", quantity=2, key="lin-opens-once")

    again = lin.tries_to_open("flash", quantity=2, key="lin-opens-once")

    assert (first.status, again.status) == (201, 201)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again["order"]["order_id"] == first["order"]["order_id"]
    assert (sum(lots(shop)), len(shop.rows("orders"))) == (0, 1)
    shop.assert_audit_is_clean()


def test_a_late_payment_goes_back_and_its_units_went_to_somebody_else(shop: Shop) -> None:
    flash(shop, 3)
    late = unclosed(shop, "Lin")
    leading, joining = complete(shop.member("Ann"), shop.member("Bo"))

    late.pays()
    shop.settles()

    assert [late.status, leading.status, joining.status] == ["refunded", "to_ship", "to_ship"]
    assert available(shop) == 1
    shop.assert_books_balance()


def test_a_payment_later_than_the_sale_gives_nothing_back_twice(shop: Shop) -> None:
    flash(shop, 3)
    shop.advance(3600 - 60)
    late = unclosed(shop, "Lin")
    shop.passes(60)
    assert shop.units_left() == 100

    late.pays()
    shop.settles()

    assert (late.status, shop.units_left()) == ("refunded", 100)
    shop.assert_books_balance()


def test_a_refund_in_the_very_moment_the_sale_is_over_gives_each_unit_back_once(
    shop: Shop,
) -> None:
    flash(shop, 8, shards=1)
    leading, _ = complete(shop.member("Lin"), shop.member("Ann"), quantity=3)
    shop.advance(3600)

    with just_before("TransactWriteItems", shop.sweeps):
        leading.asks_refund()
    shop.settles()

    assert (leading.status, lots(shop), set_aside(shop)) == ("refunded", [0], 0)
    assert shop.units_left() == 97
    shop.assert_books_balance()


def test_the_sale_being_over_in_the_very_moment_of_a_refund_gives_each_unit_back_once(
    shop: Shop,
) -> None:
    flash(shop, 8, shards=1)
    leading, _ = complete(shop.member("Lin"), shop.member("Ann"), quantity=3)
    shop.advance(3600)

    with just_before("TransactWriteItems", leading.asks_refund):
        shop.sweeps()
    shop.settles()

    assert (leading.status, lots(shop), set_aside(shop)) == ("refunded", [0], 0)
    assert shop.units_left() == 97
    shop.assert_books_balance()


def test_units_added_while_the_sale_runs_can_be_bought_at_once(shop: Shop) -> None:
    flash(shop, 2)
    ann = shop.member("Ann")
    leading = shop.member("Lin").opens("flash", quantity=2).pays()
    assert_refused("out_of_stock", ann.tries_to_join(leading.group_id))

    flash(shop, 4)

    joining = ann.joins(leading.group_id, quantity=2).pays()
    shop.settles()
    assert [leading.status, joining.status, available(shop)] == ["to_ship", "to_ship", 0]
    assert (shop.units_left(), set_aside(shop)) == (96, 4)
    shop.assert_books_balance()


def test_a_sale_ended_by_hand_sells_to_groups_under_way_and_then_no_more(shop: Shop) -> None:
    shop.admin("put_settings", pay_window_seconds=900)
    flash(shop, 10, ends_at=shop.at(24 * 3600))
    leading = shop.member("Lin").opens("flash").pays()

    shop.admin("end_campaign", campaign_id="flash")

    assert_refused("campaign_not_live", shop.member("Bo").tries_to_open("flash"))
    shop.passes(3599)
    joining = shop.member("Ann").joins(leading.group_id).pays()
    shop.settles()
    assert [leading.status, joining.status] == ["to_ship"] * 2
    shop.passes(900)
    assert (sum(lots(shop)), shop.units_left()) == (8, 90)
    shop.passes(1)
    assert (sum(lots(shop)), shop.units_left(), set_aside(shop)) == (0, 98, 0)
    shop.assert_books_balance()


def test_ending_it_again_or_close_to_its_end_keeps_nothing_longer(shop: Shop) -> None:
    flash(shop, 10)
    shop.advance(1800)
    shop.admin("end_campaign", campaign_id="flash")
    shop.advance(1799)
    shop.admin("end_campaign", campaign_id="flash")
    shop.passes(1)

    assert (sum(lots(shop)), shop.units_left()) == (0, 100)
    shop.assert_audit_is_clean()


def test_an_end_put_sooner_leaves_units_to_groups_under_way(shop: Shop) -> None:
    flash(shop, 20, ends_at=shop.at(24 * 3600))
    leading = shop.member("Lin").opens("flash").pays()

    flash(shop, 20, ends_at=shop.at(600))

    shop.passes(600)
    assert_refused("campaign_not_live", shop.member("Bo").tries_to_open("flash"))
    shop.passes(2999)
    joining = shop.member("Ann").joins(leading.group_id).pays()
    shop.settles()
    assert [leading.status, joining.status] == ["to_ship"] * 2
    shop.passes(900)
    assert (sum(lots(shop)), shop.units_left()) == (18, 80)
    shop.passes(1)
    assert (sum(lots(shop)), shop.units_left(), set_aside(shop)) == (0, 98, 0)
    shop.assert_books_balance()


def test_a_shorter_duration_put_twice_and_the_end_leave_units_to_groups_under_way(
    shop: Shop,
) -> None:
    ends_at = shop.at(24 * 3600)
    flash(shop, 20, ends_at=ends_at)
    leading = shop.member("Lin").opens("flash").pays()

    flash(shop, 20, ends_at=ends_at, duration_seconds=600)
    flash(shop, 20, ends_at=shop.at(900), duration_seconds=60)
    shop.admin("end_campaign", campaign_id="flash")

    shop.passes(3599)
    joining = shop.member("Ann").joins(leading.group_id).pays()
    shop.settles()
    assert [leading.status, joining.status] == ["to_ship"] * 2
    shop.passes(901)
    assert (sum(lots(shop)), shop.units_left(), set_aside(shop)) == (0, 98, 0)
    shop.assert_books_balance()


def test_a_put_that_is_interrupted_lets_go_of_its_units_when_it_is_repeated(shop: Shop) -> None:
    flash(shop, 20, ends_at=shop.at(24 * 3600))
    starts_at, ends_at = shop.at(0), shop.at(24 * 3600)

    def stop() -> None:
        raise KeyboardInterrupt

    with just_before("GetItem", stop), pytest.raises(KeyboardInterrupt):
        shop.campaign("flash", starts_at=starts_at, ends_at=ends_at)
    assert shop.send("GET", "/v1/campaigns/flash")["rules"]["allotment"] is None

    shop.campaign("flash", starts_at=starts_at, ends_at=ends_at)

    shop.passes(900 + 3599)
    assert (shop.units_left(), set_aside(shop)) == (80, 20)
    shop.passes(1)
    assert (shop.units_left(), set_aside(shop)) == (100, 0)
    shop.assert_books_balance()


def test_a_put_that_meets_the_end_lets_go_of_all_that_it_set_aside(shop: Shop) -> None:
    shop.stocks(50, sku_id="pears-2")
    flash(shop, 20, ends_at=shop.at(24 * 3600))
    fields = {
        "campaign_id": "flash",
        "title": "秒杀",
        "size": 2,
        "duration_seconds": 600,
        "starts_at": shop.at(0),
        "ends_at": shop.at(48 * 3600),
        "rules": {"allotment": {"shards": 4}, "cross_product": True},
        "skus": [offered(20), offered(5, "pears-2")],
    }

    with just_before("TransactWriteItems", lambda: shop.admin("end_campaign", campaign_id="flash")):
        refused = shop.tries_admin("put_campaign", **fields)

    assert refused["error"]["code"] == "campaign_not_live"
    assert (set_aside(shop), set_aside(shop, "pears-2")) == (20, 5)
    shop.passes(900 + 3600)
    assert (set_aside(shop), set_aside(shop, "pears-2")) == (0, 0)
    assert (shop.units_left(), shop.units_left("pears-2")) == (100, 50)
    shop.assert_books_balance()


def test_the_rule_taken_out_lets_groups_under_way_end_and_put_back_begins_again(
    shop: Shop,
) -> None:
    flash(shop, 10, ends_at=shop.at(24 * 3600))
    leading = shop.member("Lin").opens("flash", quantity=2).pays()

    shop.campaign("flash")

    plain = shop.member("Bo").opens("flash").pays()
    joining = shop.member("Ann").joins(leading.group_id, quantity=2).pays()
    shop.settles()
    assert (sum(lots(shop)), shop.units_left(), available(shop)) == (6, 89, 89)
    flash(shop, 5, ends_at=shop.at(24 * 3600))
    assert (sum(lots(shop)), shop.units_left(), available(shop)) == (1, 94, 1)
    shop.campaign("flash")
    shop.passes(900 + 3600)
    assert (sum(lots(shop)), shop.units_left(), set_aside(shop)) == (0, 96, 0)
    assert [leading.status, joining.status, plain.status] == ["to_ship", "to_ship", "refunded"]
    flash(shop, 5, ends_at=shop.at(24 * 3600))
    assert (sum(lots(shop)), shop.units_left(), set_aside(shop)) == (1, 95, 5)
    assert shop.send("GET", "/v1/campaigns/flash")["sold_count"] == 4
    shop.assert_books_balance()


def test_each_sku_of_a_sale_has_units_of_its_own(shop: Shop) -> None:
    shop.stocks(50, sku_id="pears-2")
    flash(shop, 3, rules={"cross_product": True})
    shop.campaign(
        "flash",
        rules={"allotment": {"shards": 4}, "cross_product": True},
        skus=[offered(3), offered(2, "pears-2")],
    )

    ann = shop.member("Ann")
    leading = shop.member("Lin").opens("flash", sku_id="pears-2", quantity=2).pays()
    assert_refused("out_of_stock", ann.tries_to_join(leading.group_id, sku_id="pears-2"))
    ann.joins(leading.group_id, quantity=3).pays()
    shop.settles()

    assert (sum(lots(shop)), sum(lots(shop, sku_id="pears-2"))) == (0, 0)
    assert (shop.units_left(), shop.units_left("pears-2")) == (97, 48)
    shop.campaign("flash", rules={"allotment": {"shards": 4}}, skus=[offered(5)])
    shop.passes(900 + 3600)
    assert (set_aside(shop), set_aside(shop, "pears-2")) == (5, 0)
    shop.assert_books_balance()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"skus": [offered(101)]}, "101 more units were to be set aside, and 100 are left"),
        ({"rules": {"allotment": {"shards": 25}}}, "less than or equal to 24"),
        (
            {"skus": [{"sku_id": "apples-5", "group_price_fen": 1500}]},
            "the rule allotment needs its allotted_units",
        ),
        ({"rules": {}}, "allotted_units only mean something with the rule allotment"),
    ],
)
def test_a_sale_that_cannot_be_is_refused_and_sets_nothing_aside(
    shop: Shop, changes: dict[str, object], message: str
) -> None:
    before = shop.everything()
    fields = {
        "campaign_id": "flash",
        "title": "秒杀",
        "size": 2,
        "duration_seconds": 600,
        "starts_at": shop.at(0),
        "ends_at": shop.at(3600),
        "rules": {"allotment": {"shards": 4}},
        "skus": [offered(10)],
    }

    answer = shop.tries_admin("put_campaign", **{**fields, **changes})

    assert (answer["ok"], answer["error"]["code"]) == (False, "invalid_request")
    assert message in str(answer["error"])
    assert shop.everything() == before


def test_an_operator_gives_a_unit_back_to_the_sale_it_came_from(shop: Shop) -> None:
    flash(shop, 4, shards=1)
    leading, joining = complete(shop.member("Lin"), shop.member("Ann"))
    assert (leading.status, lots(shop)) == ("to_ship", [2])

    shop.admin("refund_order", order_id=joining.order_id, reason="压坏了")
    shop.settles()

    assert (leading.status, joining.status, lots(shop)) == ("to_ship", "refunded", [3])
    shop.assert_books_balance()
