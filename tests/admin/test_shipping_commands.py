"""Operators ship orders and correct shipments: once, in the right state, and rehearsed first."""

from typing import Any

import pytest

from chalicelib.kit.aws import dynamodb
from tests.shop import Placed, Shop
from tests.tables import PREFIX

SHIPMENT = {"carrier": "SF", "tracking_no": "SF1001"}


def ready(shop: Shop) -> Placed:
    order = shop.member("Lin").buys().pays()
    shop.settles()
    return order


def refusal(shop: Shop, command: str, **fields: Any) -> Any:
    """The code of a refusal that changes nothing."""
    before = shop.everything()
    answer = shop.tries_admin(command, **fields)
    assert answer["ok"] is False, answer
    assert shop.everything() == before
    return answer["error"]["code"]


def test_an_order_is_shipped_once_however_often_it_is_said(shop: Shop) -> None:
    order = ready(shop)

    shipped = shop.admin("ship_order", order_id=order.order_id, **SHIPMENT)
    again = shop.admin("ship_order", order_id=order.order_id, **SHIPMENT)

    assert shipped == {
        "order_id": order.order_id,
        "status": "shipped",
        "shipment": {**SHIPMENT, "shipped_at": "2026-11-22T12:00:00Z"},
        "shipment_upload": "due",
        "receives_at": "2026-12-02T12:00:00Z",
        "settles_at": None,
        "due_at": "2026-11-22T12:01:00Z",
        "outcome": "shipped",
        "dry_run": False,
    }
    assert again == {**shipped, "outcome": "unchanged"}
    other = {**SHIPMENT, "tracking_no": "SF1002"}
    assert refusal(shop, "ship_order", order_id=order.order_id, **other) == "not_allowed"
    shop.settles()
    shop.ships(order)
    assert len(shop.sandbox.mini_program.shipments_of(order.order_id)) == 1


def test_a_rehearsal_ships_and_corrects_nothing(shop: Shop) -> None:
    order = ready(shop)
    before = shop.everything()
    rehearsed = shop.admin("ship_order", order_id=order.order_id, dry_run=True, **SHIPMENT)
    assert (rehearsed["outcome"], rehearsed["status"]) == ("shipped", "to_ship")
    assert shop.everything() == before

    shop.ships(order)
    before = shop.everything()
    other = {**SHIPMENT, "tracking_no": "SF1002"}
    rehearsed = shop.admin("correct_shipment", order_id=order.order_id, dry_run=True, **other)
    assert (rehearsed["outcome"], rehearsed["shipment"]["tracking_no"]) == ("corrected", "SF1001")
    assert shop.everything() == before


@pytest.mark.parametrize("dry_run", [False, True])
def test_only_what_waits_to_be_shipped_is(shop: Shop, dry_run: bool) -> None:
    unpaid = shop.member("Ann").buys()
    forming = shop.member("Ben").opens().pays()
    ended = ready(shop)
    ended.asks_refund()
    shop.settles()

    def refused(order_id: str) -> Any:
        return refusal(shop, "ship_order", order_id=order_id, dry_run=dry_run, **SHIPMENT)

    assert refused(unpaid.order_id) == "not_allowed"
    assert refused(forming.order_id) == "group_forming"
    assert refused(ended.order_id) == "not_allowed"
    assert refused("ord_nothing") == "not_found"


@pytest.mark.parametrize("dry_run", [False, True])
def test_what_may_all_go_back_is_not_shipped(shop: Shop, dry_run: bool) -> None:
    order = ready(shop)
    order.asks_refund(amount_fen=500)
    order.asks_refund()

    code = refusal(shop, "ship_order", order_id=order.order_id, dry_run=dry_run, **SHIPMENT)

    assert (order.status, code) == ("to_ship", "not_allowed")


@pytest.mark.parametrize("dry_run", [False, True])
def test_only_a_shipment_can_be_corrected(shop: Shop, dry_run: bool) -> None:
    order = ready(shop)
    asked = {"order_id": order.order_id, "dry_run": dry_run}
    assert refusal(shop, "correct_shipment", **asked, **SHIPMENT) == "not_allowed"

    shop.ships(order)
    whole = order.asks_refund()
    shop.decides(whole["refund_id"])
    other = {**SHIPMENT, "tracking_no": "SF1002"}
    assert refusal(shop, "correct_shipment", **asked, **other) == "not_allowed"


def test_correcting_to_what_it_is_changes_nothing(shop: Shop) -> None:
    order = shop.ships(ready(shop))
    before = shop.everything()

    corrected = shop.admin("correct_shipment", order_id=order.order_id, **SHIPMENT)

    assert (corrected["outcome"], corrected["shipment_upload"]) == ("unchanged", "done")
    assert shop.everything() == before


@pytest.mark.parametrize(
    "wrong",
    [
        {"carrier": "顺丰", "tracking_no": "SF1001"},
        {"carrier": "", "tracking_no": "SF1001"},
        {"carrier": "SF", "tracking_no": ""},
        {"carrier": "SF", "tracking_no": "SF 1001"},
        {"carrier": "SF", "tracking_no": "1" * 65},
        {"carrier": "SF"},
        {"carrier": "SF", "tracking_no": 1001},
    ],
)
def test_a_shipment_that_makes_no_sense_is_refused(shop: Shop, wrong: Any) -> None:
    order = ready(shop)
    for command in ("ship_order", "correct_shipment"):
        assert refusal(shop, command, order_id=order.order_id, **wrong) == "invalid_request"


def test_a_whole_refund_of_a_shipped_order_by_an_operator_is_rehearsed_and_keeps_the_goods(
    shop: Shop,
) -> None:
    order = shop.ships(ready(shop))
    before = shop.everything()
    rehearsed = shop.admin("refund_order", order_id=order.order_id, dry_run=True)
    assert (rehearsed["status"], rehearsed["ends_order"]) == ("requested", True)
    assert shop.everything() == before

    shop.admin("refund_order", order_id=order.order_id)
    shop.settles()

    assert (order.status, shop.units_left()) == ("refunded", 99)
    shop.assert_books_balance()


def test_deciding_about_a_return_is_rehearsed(shop: Shop) -> None:
    order = shop.ships(ready(shop))
    refund_id = order.asks_refund(type="return_goods")["refund_id"]
    shop.decides(refund_id, reason="send it back")
    before = shop.everything()

    def rehearsed(**fields: Any) -> Any:
        asked = {"refund_id": refund_id, "dry_run": True, **fields}
        return shop.admin("decide_refund", **asked)["outcome"]

    assert rehearsed(decision="approve", reason="send it back") == "unchanged"
    assert rehearsed(decision="approve", reason="it is here") == "approved"
    assert rehearsed(decision="reject") == "rejected"
    more = {"refund_id": refund_id, "decision": "approve", "amount_fen": 2001}
    code = refusal(shop, "decide_refund", dry_run=True, reason="it is here", **more)
    assert code == "refund_exceeds_payment"
    assert shop.everything() == before


@pytest.mark.parametrize("state", ["shipped", "received"])
def test_the_audit_finds_goods_on_their_way_that_no_sweep_will_look_at(
    shop: Shop, state: str
) -> None:
    order = shop.ships(ready(shop))
    if state == "received":
        order.receives()
    shop.assert_audit_is_clean()
    dynamodb().update_item(
        TableName=f"{PREFIX}-orders",
        Key={"order_id": {"S": order.order_id}},
        UpdateExpression="REMOVE due_at, due_shard",
    )

    (found,) = shop.admin("audit")["violations"]

    assert (found["invariant"], found["id"]) == ("whatever_waits_is_due", order.order_id)
    assert found["detail"] == f"{state}, and no sweep will ever look"
