"""The tasks of docs/operations.md on the deployed stack: its events go to the functions, as they
stand on the page. What comes of each in detail is shown in tests/flows/test_operations.py.
"""

from typing import Any

import pytest

from infra.local.shopper import Purchase
from infra.local.stack import Stack
from tests.e2e.conftest import Members
from tests.flows.test_operations import Ids, events_of, filled_in

pytestmark = pytest.mark.e2e


def plays(stack: Stack, section: str, ids: Ids) -> list[Any]:
    """Send every event of a section to the deployed function; what each was answered."""
    answers = []
    for event in events_of(section):
        fields = filled_in(event, ids)
        result = stack.admin(fields.pop("command"), **fields)
        answers.append(result)
        if "adjustment_id" in result:
            ids["adj_PUT-THE-ID-HERE"] = result["adjustment_id"]
    return answers


@pytest.fixture
def order(member: Members) -> Purchase:
    """Paid, and to be shipped."""
    order = member().buys().pays()
    order.waits_for("to_ship")
    return order


def ids_of(order: Purchase) -> Ids:
    return {
        "ord_PUT-THE-ID-HERE": order.order_id,
        "mem_PUT-THE-ID-HERE": order.shopper.member_id,
        "PUT-WECHATS-NUMBER-HERE": order.now()["wechat"]["transaction_id"],
    }


def test_a_campaign_is_published_and_bought_from(stack: Stack, member: Members) -> None:
    *_, shown, paused, resumed = plays(stack, "Publish a campaign", {})
    assert (shown["state"], paused["state"], resumed["state"]) == ("live", "paused", "live")
    opened = member().opens("pears-in-three", sku_id="pears-5")
    assert opened.amount_fen == 2990
    assert opened.cancels().status == 200


def test_an_order_is_shipped_and_a_late_refund_of_it_decided(stack: Stack, order: Purchase) -> None:
    ids = ids_of(order)
    plays(stack, "Ship orders", ids)
    order.waits_for("shipped")
    assert order.now()["shipment"]["tracking_no"] == "SF1234567891"

    ids["rfd_PUT-THE-ID-HERE"] = order.asks_refund().expect(201, "a refund")["refund_id"]
    shown, listed, _ = plays(stack, "Find out why a refund is late", ids)
    assert [one["status"] for one in shown["refunds"]] == ["awaiting_operator"]
    assert ids["rfd_PUT-THE-ID-HERE"] in {one["refund_id"] for one in listed["items"]}
    order.waits_for_refunds("succeeded")


def test_who_complained_is_found_and_paid_back(stack: Stack, order: Purchase) -> None:
    ids = ids_of(order)
    _, found, _ = plays(stack, "Pass a WeChat complaint on", ids)
    assert [one["order_id"] for one in found["items"]] == [order.order_id]
    order.waits_for("refunded")
    (invoiced,) = plays(stack, "Answer an invoice request", ids)
    (one,) = invoiced["items"]
    assert one["refunded_fen"] == one["amount_fen"] == order.amount_fen


def test_a_balance_is_put_right_and_a_member_blocked(stack: Stack, order: Purchase) -> None:
    ids = ids_of(order)
    plays(stack, "Put a balance right", ids)
    assert order.shopper.wallet()["available_fen"] == 250
    plays(stack, "Block a member", ids)
    assert order.shopper.tries_to_buy().code == "account_blocked"


def test_a_member_is_erased(stack: Stack, member: Members) -> None:
    gone = member()
    (erased,) = plays(stack, "Erase a member", {"mem_PUT-THE-ID-HERE": gone.member_id})
    assert erased["outcome"] == "erased"
    assert gone.tries_to_buy().code == "not_signed_in"


def test_whatever_is_due_is_done_and_the_books_are_looked_at(stack: Stack) -> None:
    (swept,) = plays(stack, "Redrive a queue", {})
    assert {"orders", "refunds", "complete"} <= swept.keys()
    audit, _ = plays(stack, "See that the books balance", {})
    assert audit["violations"] == []
