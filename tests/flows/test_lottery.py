"""Lottery groups (抽奖团): everyone pays, some get the goods, the others their money back."""

from tests.shop import Shop

LOTTERY = {"draw": {"winners": 1}}


def test_one_of_three_gets_the_goods_and_the_others_their_money(shop: Shop) -> None:
    shop.campaign("luck", size=3, rules=LOTTERY)
    lin = shop.member("Lin").opens("luck").pays()
    placed = [lin, *(shop.member(name).joins(lin.group_id).pays() for name in ("Ann", "Bo"))]

    shop.settles()

    assert sorted(order.status for order in placed) == ["refunded", "refunded", "to_ship"]
    assert shop.units_left() == 99
    assert shop.sandbox.totals()["refunded_fen"] == 3000
    shop.assert_books_balance()


def test_a_campaigns_draw_is_held_at_its_end_over_all_its_complete_groups(shop: Shop) -> None:
    rules = {"draw": {"winners": 2, "scope": "campaign"}}
    shop.campaign("big", duration_seconds=600, ends_at=shop.at(1000), rules=rules)
    complete = []
    for number in range(3):
        lin = shop.member(f"L{number}").opens("big").pays()
        complete += [lin, shop.member(f"J{number}").joins(lin.group_id).pays()]
    alone = shop.member("Al").opens("big").pays()
    shop.settles()
    assert {order.status for order in complete} == {"paid"}

    shop.passes(601)
    assert alone.status == "refunded"
    assert {order.status for order in complete} == {"paid"}
    shop.passes(400)

    states = sorted(order.status for order in complete)
    assert states == ["refunded"] * 4 + ["to_ship"] * 2
    shop.assert_books_balance()
