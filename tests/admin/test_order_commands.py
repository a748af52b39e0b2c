"""Operators look at orders and groups, and cancel what has not been paid or is not complete."""

from typing import Any

import pytest

from chalicelib.orders.model import OrderState
from tests.shop import ADDRESS, Shop


def asks(shop: Shop, command: str, **fields: Any) -> Any:
    """The answer to a command that writes nothing."""
    before = shop.everything()
    answer = shop.tries_admin(command, **fields)
    assert shop.everything() == before
    return answer


def refusal(shop: Shop, command: str, **fields: Any) -> Any:
    """The code of a refusal that changes nothing."""
    answer = asks(shop, command, **fields)
    assert answer["ok"] is False, answer
    return answer["error"]["code"]


def test_an_operator_sees_the_whole_order(shop: Shop) -> None:
    lin = shop.member("Lin").opens().pays()

    seen = asks(shop, "get_order", order_id=lin.order_id)["result"]

    assert seen["order_id"] == lin.order_id
    assert seen["member_id"] == lin.member.member_id
    assert seen["status"] == "paid"
    assert [seen["paid_fen"], seen["refundable_fen"], seen["units_held"]] == [1500, 1500, 1]
    assert seen["address"] == ADDRESS
    assert seen["wechat"]["out_trade_no"] == lin.order_id
    assert seen["refunds"] == []
    assert "openid" not in str(seen)


def test_the_address_of_an_order_is_not_logged(
    shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    lin = shop.member("Lin").buys()
    with caplog.at_level("DEBUG"):
        shop.admin("get_order", order_id=lin.order_id)
        shop.admin("find", phone_last4="1234")
        shop.admin("audit")

    logged = [str(vars(record)) for record in caplog.records]

    assert any("get_order" in line for line in logged)
    for personal in (ADDRESS["phone"], ADDRESS["recipient"], ADDRESS["detail"], "1234"):
        assert not any(personal in line for line in logged if "botocore" not in line)


def test_an_operator_sees_who_sits_in_a_group(shop: Shop) -> None:
    lin = shop.member("Lin").opens().pays()
    ann = shop.member("Ann").joins(lin.group_id)

    seen = asks(shop, "get_group", group_id=lin.group_id)["result"]

    assert [seen["status"], seen["leader_id"]] == ["forming", lin.member.member_id]
    assert [seen["paid_count"], seen["held_count"], seen["seats_left"]] == [1, 1, 0]
    assert [(seat["member_id"], seat["order_id"], seat["status"]) for seat in seen["seats"]] == [
        (lin.member.member_id, lin.order_id, "paid"),
        (ann.member.member_id, ann.order_id, "held"),
    ]


@pytest.mark.parametrize(
    ("command", "fields"),
    [
        ("get_order", {"order_id": "ord_nothing"}),
        ("get_group", {"group_id": "grp_nothing"}),
        ("cancel_order", {"order_id": "ord_nothing", "reason": "why"}),
        ("cancel_group", {"group_id": "grp_nothing"}),
        ("refund_order", {"order_id": "ord_nothing"}),
        ("decide_refund", {"refund_id": "rfd_nothing", "decision": "approve"}),
        ("retry_refund", {"refund_id": "rfd_nothing"}),
        ("resolve_abnormal_refund", {"refund_id": "rfd_nothing", "resolution": "retry"}),
    ],
)
@pytest.mark.parametrize("dry_run", [False, True])
def test_what_does_not_exist_is_not_found(
    shop: Shop, command: str, fields: dict[str, Any], dry_run: bool
) -> None:
    assert refusal(shop, command, **fields, dry_run=dry_run) == "not_found"


def test_an_unpaid_order_is_cancelled_once(shop: Shop) -> None:
    lin = shop.member("Lin").buys()

    first = shop.admin("cancel_order", order_id=lin.order_id, reason="缺货")
    again = asks(shop, "cancel_order", order_id=lin.order_id, reason="缺货")["result"]

    assert [first["status"], first["outcome"]] == ["cancelled", "cancelled"]
    assert first["cancel_reason"] == "缺货"
    assert [again["status"], again["outcome"]] == ["cancelled", "unchanged"]
    assert shop.units_left() == 100
    shop.assert_books_balance()


def test_a_dry_run_says_that_an_order_would_be_cancelled(shop: Shop) -> None:
    lin = shop.member("Lin").buys()

    answer = asks(shop, "cancel_order", order_id=lin.order_id, reason="缺货", dry_run=True)

    assert answer["result"]["outcome"] == "cancelled"
    assert answer["result"]["status"] == "awaiting_payment"
    assert lin.pays().status == "to_ship"


def test_an_order_that_wechat_took_money_for_is_kept_as_paid(shop: Shop) -> None:
    lin = shop.member("Lin").buys()
    shop.sandbox.pay("Lin", lin.payment)

    answer = shop.tries_admin("cancel_order", order_id=lin.order_id, reason="缺货")

    assert answer["error"]["code"] == "order_not_cancellable"
    assert lin.status == "to_ship"
    shop.settles()
    shop.assert_books_balance()


def test_a_dry_run_refuses_to_cancel_the_orders_that_the_command_refuses(shop: Shop) -> None:
    lin = shop.member("Lin")
    for state in OrderState:
        order = lin.buys()
        shop.break_row("orders", order.order_id, "order_state", {"S": state.value})
        fields = {"order_id": order.order_id, "reason": "缺货"}

        rehearsed = shop.tries_admin("cancel_order", **fields, dry_run=True)
        done = shop.tries_admin("cancel_order", **fields)

        assert rehearsed["ok"] == done["ok"] == (state in {"awaiting_payment", "cancelled"})
        assert rehearsed.get("error") == done.get("error")


def test_a_forming_group_is_cancelled_once(shop: Shop) -> None:
    shop.campaign("trio", size=3, rules={"when_short": "honour"})
    lin = shop.member("Lin").opens("trio").pays()
    ann = shop.member("Ann").joins(lin.group_id)
    shop.settles()

    rehearsed = asks(shop, "cancel_group", group_id=lin.group_id, dry_run=True)["result"]
    first = shop.admin("cancel_group", group_id=lin.group_id)
    shop.settles()
    again = asks(shop, "cancel_group", group_id=lin.group_id)["result"]

    assert [rehearsed["status"], rehearsed["outcome"]] == ["forming", "failed"]
    assert [first["status"], first["outcome"]] == ["failed", "failed"]
    assert [first["refunded_count"], first["cancelled_count"]] == [1, 1]
    assert [rehearsed["refunded_count"], rehearsed["cancelled_count"]] == [1, 1]
    assert [again["status"], again["refunded_count"], again["cancelled_count"]] == ["failed", 0, 0]
    assert [lin.status, ann.status] == ["refunded", "cancelled"]
    shop.assert_books_balance()


def test_a_group_whose_leader_has_not_paid_is_abandoned_when_cancelled(shop: Shop) -> None:
    lin = shop.member("Lin").opens()

    rehearsed = asks(shop, "cancel_group", group_id=lin.group_id, dry_run=True)["result"]
    done = shop.admin("cancel_group", group_id=lin.group_id)
    again = asks(shop, "cancel_group", group_id=lin.group_id)["result"]

    assert [rehearsed["status"], rehearsed["outcome"]] == ["pending", "abandoned"]
    assert [done["status"], again["status"]] == ["abandoned", "abandoned"]
    assert lin.status == "cancelled"
    assert shop.admin("get_group", group_id=lin.group_id)["seats"] == []
    shop.assert_books_balance()


@pytest.mark.parametrize("dry_run", [False, True])
def test_a_complete_group_is_not_cancelled(shop: Shop, dry_run: bool) -> None:
    lin = shop.member("Lin").opens().pays()
    shop.member("Ann").joins(lin.group_id).pays()
    shop.settles()

    assert refusal(shop, "cancel_group", group_id=lin.group_id, dry_run=dry_run) == "group_over"
