"""Operators refund, decide, retry and resolve; whatever they send twice happens once."""

from collections.abc import Mapping
from typing import Any

import pytest

from chalicelib.orders.model import WITH_THE_MEMBER, OrderState
from chalicelib.refunds.model import RefundState
from tests.shop import Placed, Shop


def asks(shop: Shop, command: str, **fields: Any) -> Any:
    """The answer to a command that writes nothing."""
    before = shop.everything()
    answer = shop.tries_admin(command, **fields)
    assert shop.everything() == before
    return answer


def error(shop: Shop, command: str, **fields: Any) -> Any:
    """The error of a command that is refused and changes nothing, dry run or not."""
    rehearsed = asks(shop, command, **fields, dry_run=True)
    done = asks(shop, command, **fields)
    assert rehearsed["ok"] is False, rehearsed
    assert rehearsed["error"] == done["error"]
    return done["error"]["code"]


def bought(shop: Shop, name: str = "Lin") -> Placed:
    """A solo order of 20 yuan, paid."""
    return shop.member(name).buys().pays()


def asked(shop: Shop, name: str = "Lin", amount_fen: int = 600) -> tuple[Placed, str]:
    """A paid order, and a refund of a part that waits for an operator."""
    order = bought(shop, name)
    return order, order.asks_refund(amount_fen=amount_fen)["refund_id"]


def abnormal(shop: Shop) -> tuple[Placed, str]:
    """A whole refund that WeChat could not deliver."""
    shop.sandbox.configure(hold_refunds=True)
    order = bought(shop)
    refund_id = order.asks_refund()["refund_id"]
    shop.settles()
    shop.sandbox.settle_refund(f"{refund_id}_1", "abnormal")
    shop.settles()
    assert shop.admin("list_refunds", status="abnormal")["items"][0]["refund_id"] == refund_id
    return order, refund_id


# refund_order


def test_an_operator_refunds_a_whole_order_once(shop: Shop) -> None:
    order = bought(shop)

    rehearsed = asks(shop, "refund_order", order_id=order.order_id, dry_run=True)["result"]
    first = shop.admin("refund_order", order_id=order.order_id)
    again = shop.admin("refund_order", order_id=order.order_id)
    shop.settles()
    late = asks(shop, "refund_order", order_id=order.order_id)["result"]

    assert {one["refund_id"] for one in (rehearsed, first, again, late)} == {first["refund_id"]}
    assert [one["outcome"] for one in (rehearsed, first, again, late)] == [
        "requested",
        "requested",
        "unchanged",
        "unchanged",
    ]
    assert [rehearsed["status"], first["status"], late["status"]] == [
        "requested",
        "requested",
        "succeeded",
    ]
    assert [rehearsed["amount_fen"], rehearsed["ends_order"]] == [2000, True]
    assert order.status == "refunded"
    assert shop.units_left() == 100
    assert shop.sandbox.totals()["refunded_fen"] == 2000
    shop.assert_books_balance()


def test_an_operator_refunds_a_part_and_the_order_goes_on(shop: Shop) -> None:
    order = bought(shop)

    rehearsed = asks(shop, "refund_order", order_id=order.order_id, amount_fen=500, dry_run=True)[
        "result"
    ]
    shop.admin("refund_order", order_id=order.order_id, amount_fen=500)
    shop.admin("refund_order", order_id=order.order_id, amount_fen=500)
    shop.settles()

    assert [rehearsed["amount_fen"], rehearsed["ends_order"]] == [500, False]
    assert order.now()["refunded_fen"] == 500
    assert order.status == "to_ship"
    shop.assert_books_balance()


def test_the_same_amount_is_refunded_again_under_another_request_id(shop: Shop) -> None:
    order = bought(shop)

    for request_id in ("one", "two", "one"):
        fields = {"order_id": order.order_id, "amount_fen": 500, "request_id": request_id}
        shop.admin("refund_order", **fields)
        shop.settles()
        shop.passes(60)
        shop.passes(60)

    assert order.now()["refunded_fen"] == 1000
    shop.assert_books_balance()


def test_a_request_id_stands_for_one_content(shop: Shop) -> None:
    order = bought(shop)
    fields = {"order_id": order.order_id, "request_id": "one"}
    shop.admin("refund_order", **fields, amount_fen=500)

    assert error(shop, "refund_order", **fields, amount_fen=501) == "idempotency_conflict"
    assert error(shop, "refund_order", **fields) == "idempotency_conflict"


def test_more_than_is_left_is_not_refunded(shop: Shop) -> None:
    order = bought(shop)
    shop.admin("refund_order", order_id=order.order_id, amount_fen=500)
    shop.settles()

    refused = error(shop, "refund_order", order_id=order.order_id, amount_fen=1501)

    assert refused == "refund_exceeds_payment"


def test_a_dry_run_refuses_to_refund_the_orders_that_the_command_refuses(shop: Shop) -> None:
    lin = shop.member("Lin")
    order_ids = {}
    for state in set(OrderState) - {OrderState.PAID}:
        order_ids[state] = lin.buys().pays().order_id
        shop.break_row("orders", order_ids[state], "order_state", {"S": state.value})

    allowed = {OrderState.TO_SHIP, *WITH_THE_MEMBER}
    assert done_and_rehearsed(shop, "refund_order", "order_id", order_ids) == allowed


def done_and_rehearsed(
    shop: Shop, command: str, name: str, ids: Mapping[Any, str], **fields: Any
) -> set[Any]:
    """In which states the command does something; its dry run refuses all others in its words."""
    before = shop.everything()
    rehearsed = {
        state: shop.tries_admin(command, **{name: id}, **fields, dry_run=True)
        for state, id in ids.items()
    }
    assert shop.everything() == before
    done = {state: shop.tries_admin(command, **{name: id}, **fields) for state, id in ids.items()}
    for state, answer in done.items():
        assert rehearsed[state]["ok"] == answer["ok"], state
        assert rehearsed[state].get("error") == answer.get("error")
    return {state for state, answer in done.items() if answer["ok"]}


def test_an_unpaid_order_has_nothing_to_refund(shop: Shop) -> None:
    order = shop.member("Lin").buys()

    assert error(shop, "refund_order", order_id=order.order_id) == "order_not_refundable"


def test_an_order_in_a_forming_group_is_refunded_only_where_members_may_leave(shop: Shop) -> None:
    stays = shop.member("Lin").opens().pays()

    assert error(shop, "refund_order", order_id=stays.order_id) == "group_forming"
    fields = {"order_id": stays.order_id, "amount_fen": 100}
    assert error(shop, "refund_order", **fields) == "group_forming"
    shop.advance(3600)
    assert error(shop, "refund_order", order_id=stays.order_id) == "group_over"


def test_an_order_that_leaves_its_group_is_refunded_once(shop: Shop) -> None:
    shop.campaign("free", size=3, rules={"leave_allowed": True})
    shop.member("Lin").opens("free").pays()
    ann = shop.member("Ann").opens("free").pays()
    fields = {"order_id": ann.order_id}

    rehearsed = asks(shop, "refund_order", **fields, dry_run=True)["result"]
    first = shop.admin("refund_order", **fields)
    again = asks(shop, "refund_order", **fields)["result"]
    dry_again = asks(shop, "refund_order", **fields, dry_run=True)["result"]
    shop.settles()

    assert {one["refund_id"] for one in (rehearsed, first, again, dry_again)} == {
        first["refund_id"]
    }
    assert [again["outcome"], dry_again["outcome"]] == ["unchanged", "unchanged"]
    assert ann.status == "refunded"
    shop.assert_books_balance()


def test_an_order_of_a_complete_group_is_refunded_before_it_was_released(shop: Shop) -> None:
    lin = shop.member("Lin").opens().pays()
    shop.member("Ann").joins(lin.group_id).pays()
    assert lin.status == "paid"

    rehearsed = asks(shop, "refund_order", order_id=lin.order_id, dry_run=True)["result"]
    done = shop.admin("refund_order", order_id=lin.order_id)
    shop.settles()

    assert rehearsed["refund_id"] == done["refund_id"]
    assert lin.status == "refunded"
    shop.assert_books_balance()


def test_parts_that_take_the_whole_end_the_order(shop: Shop) -> None:
    order, refund_id = asked(shop, amount_fen=600)

    rest = shop.admin("refund_order", order_id=order.order_id)
    shop.admin("decide_refund", refund_id=refund_id, decision="approve")
    for _ in range(3):
        shop.passes(60)

    assert [rest["amount_fen"], rest["ends_order"]] == [1400, False]
    assert order.status == "refunded"
    assert shop.units_left() == 100
    shop.assert_books_balance()


# decide_refund


def test_a_refund_is_approved_once(shop: Shop) -> None:
    order, refund_id = asked(shop)
    fields = {"refund_id": refund_id, "decision": "approve"}

    rehearsed = asks(shop, "decide_refund", **fields, dry_run=True)["result"]
    first = shop.admin("decide_refund", **fields)
    again = asks(shop, "decide_refund", **fields)["result"]
    shop.settles()

    assert [rehearsed["status"], rehearsed["outcome"]] == ["awaiting_operator", "approved"]
    assert [first["status"], first["outcome"]] == ["requested", "approved"]
    assert again["outcome"] == "unchanged"
    assert error(shop, "decide_refund", refund_id=refund_id, decision="reject") == "not_allowed"
    assert order.now()["refunded_fen"] == 600
    shop.assert_books_balance()


def test_a_refund_is_approved_for_less(shop: Shop) -> None:
    order, refund_id = asked(shop)
    fields = {"refund_id": refund_id, "decision": "approve"}

    assert error(shop, "decide_refund", **fields, amount_fen=601) == "refund_exceeds_payment"
    shop.admin("decide_refund", **fields, amount_fen=400)
    shop.settles()

    assert order.now()["refunded_fen"] == 400
    assert shop.admin("get_order", order_id=order.order_id)["refundable_fen"] == 1600
    shop.assert_books_balance()


def test_a_refund_is_rejected_once(shop: Shop) -> None:
    order, refund_id = asked(shop)
    fields = {"refund_id": refund_id, "decision": "reject", "reason": "已发货"}

    first = shop.admin("decide_refund", **fields)
    again = asks(shop, "decide_refund", **fields)["result"]

    assert [first["status"], first["decision_reason"]] == ["rejected", "已发货"]
    assert again["outcome"] == "unchanged"
    assert error(shop, "decide_refund", refund_id=refund_id, decision="approve") == "not_allowed"
    assert shop.admin("get_order", order_id=order.order_id)["refundable_fen"] == 2000
    shop.settles()
    shop.assert_books_balance()


@pytest.mark.parametrize(
    "fields",
    [
        {"decision": "perhaps"},
        {},
        {"decision": "reject", "amount_fen": 1},
        {"decision": "approve", "amount_fen": 0},
        {"decision": "approve", "amount_fen": 1.5},
    ],
)
def test_a_decision_is_clear(shop: Shop, fields: dict[str, Any]) -> None:
    assert error(shop, "decide_refund", refund_id="rfd_any", **fields) == "invalid_request"


# retry_refund, resolve_abnormal_refund


def test_a_refund_that_wechat_closed_goes_out_under_its_next_number(shop: Shop) -> None:
    shop.sandbox.configure(hold_refunds=True)
    order = bought(shop)
    refund_id = order.asks_refund()["refund_id"]
    shop.settles()
    shop.sandbox.settle_refund(f"{refund_id}_1", "closed")
    shop.settles()
    shop.sandbox.configure(hold_refunds=False)
    shop.advance(61)

    rehearsed = asks(shop, "retry_refund", refund_id=refund_id, dry_run=True)["result"]
    first = shop.admin("retry_refund", refund_id=refund_id)
    again = shop.admin("retry_refund", refund_id=refund_id)
    shop.settles()

    assert rehearsed["status"] == "closed"
    assert [first["out_refund_no"], again["out_refund_no"]] == [f"{refund_id}_2"] * 2
    assert order.status == "refunded"
    assert shop.sandbox.totals()["refunds"] == 1
    assert error(shop, "retry_refund", refund_id=refund_id) == "not_allowed"
    shop.assert_books_balance()


def test_an_abnormal_refund_is_paid_by_hand_once(shop: Shop) -> None:
    order, refund_id = abnormal(shop)
    fields = {"refund_id": refund_id, "resolution": "paid_by_hand"}

    rehearsed = asks(shop, "resolve_abnormal_refund", **fields, dry_run=True)["result"]
    first = shop.admin("resolve_abnormal_refund", **fields)
    again = asks(shop, "resolve_abnormal_refund", **fields)["result"]
    shop.settles()

    assert [rehearsed["status"], rehearsed["outcome"]] == ["abnormal", "paid_by_hand"]
    assert [first["status"], first["paid_by_hand"]] == ["succeeded", True]
    assert again["outcome"] == "unchanged"
    assert order.status == "refunded"
    audit = shop.admin("audit")
    assert audit["violations"] == []
    assert audit["totals"]["refunded_by_hand_fen"] == 2000
    assert audit["totals"]["refunded_fen"] == shop.sandbox.totals()["refunded_fen"] == 0
    balances = audit["totals"]["balances_fen"]
    assert {name: fen for name, fen in balances.items() if fen} == {
        "outside_wechat": -2000,
        "wechat": 2000,
    }


def test_what_wechat_has_paid_meanwhile_is_not_paid_by_hand(shop: Shop) -> None:
    """And nobody has told us of it yet."""
    order, refund_id = abnormal(shop)
    shop.sandbox.settle_refund(f"{refund_id}_1", "success")
    fields = {"refund_id": refund_id, "resolution": "paid_by_hand"}

    first = shop.admin("resolve_abnormal_refund", **fields)
    shop.settles()

    assert [first["status"], first["paid_by_hand"]] == ["succeeded", False]
    assert first["outcome"] == "paid_by_wechat"
    assert order.status == "refunded"
    assert shop.findings() == []
    shop.assert_books_balance()


def test_while_wechat_cannot_be_asked_nothing_is_paid_by_hand(shop: Shop) -> None:
    _, refund_id = abnormal(shop)
    fields = {"refund_id": refund_id, "resolution": "paid_by_hand"}
    before = shop.everything()
    with shop.wechat_refuses(f"/v3/refund/domestic/refunds/{refund_id}_1"):
        answer = shop.tries_admin("resolve_abnormal_refund", **fields)

    assert answer["error"]["code"] == "wechat_unavailable"
    assert shop.everything() == before


def test_an_abnormal_refund_is_tried_again_under_its_number(shop: Shop) -> None:
    order, refund_id = abnormal(shop)
    fields = {"refund_id": refund_id, "resolution": "retry"}

    first = shop.admin("resolve_abnormal_refund", **fields)
    again = asks(shop, "resolve_abnormal_refund", **fields)["result"]
    dry_again = asks(shop, "resolve_abnormal_refund", **fields, dry_run=True)["result"]
    shop.sandbox.settle_refund(f"{refund_id}_1", "success")
    shop.settles()

    assert [first["status"], first["outcome"]] == ["requested", "retried"]
    assert [again["outcome"], dry_again["outcome"]] == ["unchanged", "unchanged"]
    assert order.status == "refunded"
    shop.assert_books_balance()


def test_money_that_wechat_returns_after_it_was_paid_by_hand_is_recorded(shop: Shop) -> None:
    _, refund_id = abnormal(shop)
    shop.admin("resolve_abnormal_refund", refund_id=refund_id, resolution="paid_by_hand")

    shop.sandbox.settle_refund(f"{refund_id}_1", "success")
    shop.settles()

    assert shop.findings() == ["refund_twice"]


@pytest.mark.parametrize(
    ("command", "fields", "allowed"),
    [
        ("retry_refund", {}, {"requested", "processing", "closed"}),
        ("resolve_abnormal_refund", {"resolution": "paid_by_hand"}, {"abnormal", "closed"}),
        (
            "resolve_abnormal_refund",
            {"resolution": "retry"},
            {"abnormal", "requested", "processing"},
        ),
        (
            "decide_refund",
            {"decision": "approve"},
            {state.value for state in RefundState} - {"rejected", "withdrawn"},
        ),
        (
            "decide_refund",
            {"decision": "reject"},
            {"awaiting_operator", "awaiting_return", "rejected", "withdrawn"},
        ),
    ],
)
def test_a_dry_run_refuses_what_the_command_refuses(
    shop: Shop, command: str, fields: dict[str, Any], allowed: set[str]
) -> None:
    lin = shop.member("Lin")
    refund_ids = {}
    for state in RefundState:
        order = lin.buys().pays()
        refund_ids[state] = order.asks_refund(amount_fen=600)["refund_id"]
        shop.break_row("refunds", refund_ids[state], "refund_state", {"S": state.value})

    assert done_and_rehearsed(shop, command, "refund_id", refund_ids, **fields) == allowed
