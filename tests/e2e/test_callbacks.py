"""What comes to the notification addresses: forged, probing, repeated, and the real thing."""

import pytest

from infra.local.sandbox_control import SandboxControl
from infra.local.shopper import Purchase, wait_until
from tests.e2e.conftest import Members

pytestmark = pytest.mark.e2e


def answers(wechat: SandboxControl, order: Purchase) -> list[int]:
    """How we answered what WeChat said of the order's payment, in order."""
    told = wechat.notifications(out_trade_no=order.order_id)
    return [attempt["status"] for one in told for attempt in one["attempts"]]


@pytest.mark.parametrize("corrupt", ["signature", "signtest", "timestamp", "serial", "body"])
def test_a_forged_notification_is_refused_and_the_real_one_believed(
    wechat: SandboxControl, member: Members, corrupt: str
) -> None:
    order = member().buys().pays(corrupt=corrupt)
    wait_until(lambda: answers(wechat, order), [401], "the answer to a forgery")
    assert order.status == "awaiting_payment"

    wechat.replay(out_trade_no=order.order_id)

    # The order is committed before WeChat has read our answer.
    wait_until(lambda: answers(wechat, order), [401, 204], "the answer to the real one")
    assert order.status == "to_ship"


@pytest.mark.parametrize("path", ["payments", "refunds"])
def test_a_call_that_proves_nothing_is_refused(member: Members, path: str) -> None:
    reply = member().send("POST", f"/v1/wechat/{path}", {"id": "1"})
    assert reply.status == 401
    assert reply.headers["Content-Type"] == "application/problem+json"


def test_a_notification_may_come_many_times(wechat: SandboxControl, member: Members) -> None:
    order = member().buys().pays(times=3)
    wait_until(lambda: answers(wechat, order), [204] * 3, "the answers to three copies")
    wechat.replay(out_trade_no=order.order_id, times=2)
    wait_until(lambda: answers(wechat, order), [204] * 5, "the answers to five copies")
    assert order.status == "to_ship"
    assert order.now()["refunds"] == []
