"""Stories of bonuses for leaders (团长奖励): earned on what the others buy, theirs once that is
settled, taken back with it.
"""

from typing import Any

import pytest

from chalicelib.commissions.adjust import adjust
from chalicelib.commissions.model import commission_id_for
from tests.commissions.words import commissions
from tests.led import FREEZE_SECONDS, balances, led, settled
from tests.shop import Member, Placed, Shop
from tests.withdrawals.words import paid, wallet

THOUSAND = {"leader": {"bonus_fen": 1000}}


@pytest.fixture
def shop(shop: Shop) -> Shop:
    """A shop whose orders settle an hour after receipt, and that pays out small amounts."""
    shop.admin(
        "put_settings",
        commission={"freeze_seconds": FREEZE_SECONDS},
        withdrawal={"minimum_fen": 1},
    )
    return shop


def bonuses(shop: Shop) -> list[tuple[str, int, int]]:
    """State, amount and what was taken back, of each, in the order of what was announced."""
    rows = shop.rows("commissions", commission_level=0)
    return sorted((row["commission_state"], row["amount_fen"], row["reversed_fen"]) for row in rows)


def in_hand(member: Member) -> tuple[int, int, int]:
    """What is announced, what is theirs, and what they owe."""
    seen = wallet(member)
    return seen["pending_fen"], seen["available_fen"], seen["debt_fen"]


def refunds(shop: Shop, order: Placed, **fields: Any) -> None:
    shop.admin("refund_order", order_id=order.order_id, reason="坏了", **fields)
    shop.settles()
    shop.passes(61)


# How much, and when it is theirs


def test_a_fixed_bonus_is_earned_on_each_joiners_order_and_makes_up_the_whole(shop: Shop) -> None:
    lin, *joined = led(shop, THOUSAND, "Lin", "Ann", "Bo", "Cy")
    shop.settles()

    assert bonuses(shop) == [("pending", 333, 0), ("pending", 333, 0), ("pending", 334, 0)]
    assert commissions(shop, lin.order_id) == {}
    assert in_hand(lin.member) == (1000, 0, 0)

    settled(shop, lin, *joined)

    assert {state for state, _, _ in bonuses(shop)} == {"released"}
    assert in_hand(lin.member) == (0, 1000, 0)
    assert balances(shop) == {
        "wechat": 6000,
        "sales": -6000,
        "marketing_expense": 1000,
        "members": -1000,
    }
    shop.assert_books_balance()


def test_a_share_is_of_what_each_pays_for_goods_without_freight(shop: Shop) -> None:
    shop.admin("put_freight", merchant_id="orchard", flat_fen=700)
    shop.campaign("led", size=3, rules={"leader": {"bonus_bp": 333}})
    lin = shop.member("Lin").opens("led", quantity=9).pays()
    ann = shop.member("Ann").joins(lin.group_id).pays()
    bo = shop.member("Bo").joins(lin.group_id, quantity=2).pays()
    shop.settles()

    assert commissions(shop, ann.order_id) == {0: ("pending", 49, 0)}
    assert commissions(shop, bo.order_id) == {0: ("pending", 99, 0)}
    assert in_hand(lin.member) == (148, 0, 0)
    shop.assert_books_balance()


def test_a_bonus_is_released_with_the_order_it_is_earned_on(shop: Shop) -> None:
    lin, ann, bo = led(shop, THOUSAND, "Lin", "Ann", "Bo")
    shop.settles()

    settled(shop, ann)

    assert (ann.status, lin.status, bo.status) == ("settled", "to_ship", "to_ship")
    assert in_hand(lin.member) == (500, 500, 0)
    shop.assert_books_balance()


def test_the_member_sees_what_each_was_for(shop: Shop) -> None:
    shop.admin("put_settings", commission={"rates_bp": [1000]})
    shop.member("Ann").visits(shop.member("Lin").shares())
    lin, ann = led(shop, THOUSAND, "Lin", "Ann")
    shop.settles()
    settled(shop, lin, ann)

    listed = lin.member.send("GET", "/v1/commissions")["items"]
    moved = lin.member.send("GET", "/v1/wallet/transfers")["items"]

    assert sorted((one["kind"], one["level"], one["amount_fen"]) for one in listed) == [
        ("leader_bonus", 0, 1000),
        ("referral", 1, 150),
    ]
    assert {(one["order_id"], one["status"]) for one in listed} == {(ann.order_id, "released")}
    (bonus,) = [one for one in listed if one["level"] == 0]
    assert bonus == {
        "commission_id": commission_id_for(ann.order_id, 0),
        "order_id": ann.order_id,
        "kind": "leader_bonus",
        "level": 0,
        "amount_fen": 1000,
        "reversed_fen": 0,
        "status": "released",
        "accrued_at": "2026-11-22T12:00:00Z",
        "release_at": "2026-11-22T13:00:01Z",
    }
    assert sorted((one["code"], one["state"], one["amount_fen"]) for one in moved) == [
        ("commission", "pending", 150),
        ("commission", "posted", 150),
        ("leader_bonus", "pending", 1000),
        ("leader_bonus", "posted", 1000),
    ]
    assert {(one["direction"], one["about"]) for one in moved} == {("in", ann.order_id)}
    assert len(ann.member.send("GET", "/v1/commissions")["items"]) == 0


def test_who_leads_and_brought_the_joiner_earns_both_in_one_commit(shop: Shop) -> None:
    shop.admin("put_settings", commission={"rates_bp": [1000, 500]})
    lin, ann = shop.member("Lin"), shop.member("Ann")
    ann.visits(lin.shares())
    shop.member("Bo").visits(ann.shares())
    leads, of_ann, of_bo = led(shop, THOUSAND, "Lin", "Ann", "Bo")
    shop.settles()

    assert commissions(shop, of_ann.order_id) == {1: ("pending", 150, 0), 0: ("pending", 500, 0)}
    assert commissions(shop, of_bo.order_id) == {
        1: ("pending", 150, 0),
        2: ("pending", 75, 0),
        0: ("pending", 500, 0),
    }
    assert (in_hand(lin), in_hand(ann)) == ((150 + 75 + 1000, 0, 0), (150, 0, 0))
    settled(shop, leads, of_ann, of_bo)
    assert (in_hand(lin), in_hand(ann)) == ((0, 1225, 0), (0, 150, 0))
    assert balances(shop) == {
        "wechat": 4500,
        "sales": -4500,
        "commission_expense": 375,
        "marketing_expense": 1000,
        "members": -1375,
    }
    shop.assert_books_balance()


def test_a_bonus_is_on_no_board_and_in_no_invitees_figures(shop: Shop) -> None:
    shop.admin("put_settings", commission={"rates_bp": [1000]})
    shop.member("Ann").visits(shop.member("Lin").shares())
    lin, ann = led(shop, THOUSAND, "Lin", "Ann")
    shop.settles()
    settled(shop, lin, ann)
    refunds(shop, ann, amount_fen=750)

    (invitee,) = lin.member.send("GET", "/v1/me/invitees")["items"]
    (rank,) = lin.member.send("GET", "/v1/leaderboard")["items"]

    assert (invitee["orders_count"], invitee["commission_fen"]) == (1, 75)
    assert rank["commission_fen"] == 75
    assert in_hand(lin.member) == (0, 575, 0)
    assert [row.get("due_at") for row in shop.rows("commissions")] == [None, None]


# Taken back


def test_a_joiner_refunded_before_shipping_takes_their_part_of_the_bonus_along(
    shop: Shop,
) -> None:
    lin, ann, bo = led(shop, THOUSAND, "Lin", "Ann", "Bo")
    shop.settles()

    ann.asks_refund()
    shop.settles()

    assert commissions(shop, ann.order_id) == {0: ("voided", 500, 500)}
    assert in_hand(lin.member) == (500, 0, 0)
    settled(shop, lin, bo)
    assert in_hand(lin.member) == (0, 500, 0)
    assert balances(shop)["marketing_expense"] == 500
    shop.assert_books_balance()


def test_a_part_refunded_takes_its_part_of_the_bonus_back_rounded_down(shop: Shop) -> None:
    lin, ann, bo = led(shop, THOUSAND, "Lin", "Ann", "Bo")
    shop.settles()

    refunds(shop, ann, amount_fen=100, request_id="one")
    assert commissions(shop, ann.order_id) == {0: ("pending", 500, 34)}
    refunds(shop, ann, amount_fen=100, request_id="two")

    assert commissions(shop, ann.order_id) == {0: ("pending", 500, 67)}
    settled(shop, lin, ann, bo)
    assert in_hand(lin.member) == (0, 933, 0)
    shop.assert_books_balance()


def test_a_refund_after_settlement_claws_the_bonus_back_into_debt(shop: Shop) -> None:
    lin, ann, bo = led(shop, THOUSAND, "Lin", "Ann", "Bo")
    shop.settles()
    settled(shop, lin, ann, bo)
    paid(lin.member, 1000)

    refunds(shop, ann)

    assert commissions(shop, ann.order_id) == {0: ("released", 500, 500)}
    assert in_hand(lin.member) == (0, 0, 500)
    moved = lin.member.send("GET", "/v1/wallet/transfers")["items"]
    (clawback,) = [one for one in moved if one["code"] == "leader_bonus_clawback"]
    assert (clawback["direction"], clawback["state"]) == ("out", "posted")
    assert balances(shop) == {
        "wechat": 4500 - 1500 - 1000,
        "sales": -3000,
        "marketing_expense": 500,
        "members": 500,
    }
    shop.assert_books_balance()

    lin, *joined = led(shop, THOUSAND, lin.member, "Di", campaign_id="again")
    shop.settles()
    settled(shop, lin, *joined)
    assert in_hand(lin.member) == (0, 500, 0)


def test_an_open_refund_keeps_the_bonus_from_being_released(shop: Shop) -> None:
    lin, ann = led(shop, THOUSAND, "Lin", "Ann")
    shop.settles()
    shop.ships(ann)
    ann.receives()
    asked = ann.asks_refund(amount_fen=500)
    shop.passes(FREEZE_SECONDS + 1)
    assert in_hand(lin.member) == (1000, 0, 0)

    shop.decides(asked["refund_id"], "reject", reason="没坏")
    shop.passes(FREEZE_SECONDS)

    assert in_hand(lin.member) == (0, 1000, 0)
    shop.assert_books_balance()


# Trouble


@pytest.mark.parametrize("times", [0, 3])
def test_a_bonus_is_earned_once_whatever_the_streams_lose_or_repeat(shop: Shop, times: int) -> None:
    lin, *joined = led(shop, THOUSAND, "Lin", "Ann", "Bo")
    if times:
        shop.streams_flow(times=times)
    else:
        shop.streams_are_lost()
    for _ in range(3):
        shop.passes(61)
        if not times:
            shop.streams_are_lost()
    for order in joined:
        adjust(order.order_id, clock=shop.clock)

    assert bonuses(shop) == [("pending", 500, 0)] * 2
    settled(shop, lin, *joined)
    assert in_hand(lin.member) == (0, 1000, 0)
    shop.assert_books_balance()


def test_a_joiner_refunded_before_the_group_is_dealt_with_earns_the_leader_nothing(
    shop: Shop,
) -> None:
    lin, ann, bo = led(shop, THOUSAND, "Lin", "Ann", "Bo")
    shop.admin("refund_order", order_id=ann.order_id, reason="打错了")

    shop.settles()

    assert (ann.status, bo.status) == ("refunded", "to_ship")
    assert commissions(shop, ann.order_id) == {}
    assert in_hand(lin.member) == (500, 0, 0)
    shop.assert_books_balance()


def test_a_leader_with_a_bonus_announced_cannot_leave_and_later_can(shop: Shop) -> None:
    lin, ann = led(shop, THOUSAND, "Lin", "Ann")
    shop.settles()
    lin.asks_refund()
    shop.settles()
    assert lin.status == "refunded"
    assert in_hand(lin.member) == (1000, 0, 0)
    assert lin.member.send("DELETE", "/v1/me").code == "account_in_use"

    settled(shop, ann)
    paid(lin.member, 1000)
    assert lin.member.send("DELETE", "/v1/me").status == 204
    refunds(shop, ann)

    assert commissions(shop, ann.order_id) == {0: ("released", 1000, 1000)}
    assert shop.rows("members", member_id=lin.member.member_id) == []
    shop.assert_books_balance()


def test_a_leader_who_has_left_before_it_is_announced_earns_nothing_new(shop: Shop) -> None:
    shop.admin("put_settings", commission={"rates_bp": [1000]})
    shop.member("Ann").visits(shop.member("Eve").shares())
    lin, ann = led(shop, THOUSAND, "Lin", "Ann")
    shop.relays("groups")
    shop.streams_are_lost()
    lin.asks_refund()
    shop.settles()
    shop.passes(1)
    assert lin.member.send("DELETE", "/v1/me").status == 204

    shop.passes(61)

    assert commissions(shop, ann.order_id) == {1: ("pending", 150, 0)}
    assert [row.get("due_at") for row in shop.rows("orders", order_id=ann.order_id)] == [None]
    settled(shop, ann)
    assert balances(shop) == {
        "wechat": 1500,
        "sales": -1500,
        "commission_expense": 150,
        "members": -150,
    }
    shop.assert_books_balance()
