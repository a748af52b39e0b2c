"""While WeChat is silent, the database out of order or a row unreadable: a refusal that says when
to come back, and nothing half done.
"""

import pytest

from tests.http.problems import wrong_in
from tests.http.routes import ROUTES, route
from tests.http.scene import Scene
from tests.shop import Reply

FAULTS = ("error_before", "error_after", "timeout_before", "timeout_after", "garbage")


@pytest.mark.parametrize("fault", FAULTS)
def test_a_silent_wechat_is_503_with_a_time_to_come_back(scene: Scene, fault: str) -> None:
    code = scene.shop.sandbox.login_code("Ann").code
    scene.shop.sandbox.add_fault("/sns/jscode2session", fault)
    with scene.stays():
        reply = scene.send(route("POST", "/v1/sessions"), token=None, body={"code": code})

    assert wrong_in(reply, 503, "wechat_unavailable") == []
    assert reply.headers["Retry-After"] == "3"


def test_wechat_s_limit_on_logins_is_429_for_a_minute(scene: Scene) -> None:
    code = scene.shop.sandbox.login_code("Ann").code
    scene.shop.sandbox.add_fault("/sns/jscode2session", "rate_limit")
    with scene.stays():
        reply = scene.send(route("POST", "/v1/sessions"), token=None, body={"code": code})

    assert wrong_in(reply, 429, "slow_down") == []
    assert reply.headers["Retry-After"] == "60"


def test_a_login_code_that_wechat_does_not_know_or_had_before_signs_nobody_in(
    scene: Scene,
) -> None:
    used = scene.shop.sandbox.login_code("Eve").code
    body = {"code": used}
    assert scene.send(route("POST", "/v1/sessions"), token=None, body=body).status == 201
    with scene.stays():
        for code in (used, "made-up", "a" * 256):
            reply = scene.send(route("POST", "/v1/sessions"), token=None, body={"code": code})
            assert wrong_in(reply, 401, "not_signed_in") == []


def test_when_wechat_cannot_be_asked_nothing_is_cancelled(scene: Scene) -> None:
    cancel = route("POST", "/v1/orders/{order_id}/cancel")
    for fault in ("error_before", "timeout_before", "bad_signature", "garbage", "rate_limit"):
        scene.shop.sandbox.add_fault("/v3/pay/transactions", fault)
        with scene.stays():
            reply = scene.send(cancel)
        assert wrong_in(reply, 503, "wechat_unavailable") == [], fault
        assert reply.headers["Retry-After"] == "3"


READS = ("GetItem", "BatchGetItem", "Query", "Scan")
WRITES = ("PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems")
WRITING_WITHOUT_READING = ("PUT /v1/me/payee",)
"""What the write guards needs no read before it."""

NOT_IN_THIS_STATE = (
    "POST /v1/orders/{order_id}/receipt",
    "POST /v1/refunds/{refund_id}/return-shipment",
)
ASKING_NO_TABLE = (
    "/v1/config",
    "/v1/health",
    "/v1/openapi.json",
    "/wechat/complaints",
    "/wechat/payments",
    "/wechat/refunds",
    "/wechat/transfers",
    "/wechat/messages",
)
WRITING = (
    "POST /v1/sessions",
    "PUT /v1/me",
    "DELETE /v1/me",
    "PUT /v1/me/payee",
    "POST /v1/me/subscriptions",
    "POST /v1/shares",
    "POST /v1/shares/{share_code}/visits",
    "POST /v1/groups",
    "POST /v1/groups/{group_id}/members",
    "POST /v1/orders",
    "POST /v1/orders/{order_id}/payment",
    "POST /v1/orders/{order_id}/payment-check",
    "POST /v1/orders/{order_id}/cancel",
    "POST /v1/orders/{order_id}/refunds",
    "POST /v1/refunds/{refund_id}/cancel",
    "POST /v1/stations/{station_id}/redemptions",
    "POST /v1/withdrawals",
)


def out_of_order(scene: Scene, operations: tuple[str, ...]) -> dict[str, Reply]:
    """Every route's answer to a good request while DynamoDB refuses these."""
    replies = {}
    code = scene.shop.sandbox.login_code("Zoe").code
    group = scene.shop.member("Ann").opens(key=f"{operations[0]}-000001").pays()
    with scene.stays(), scene.shop.database_fails(*operations):
        for each in ROUTES:
            if operations == READS and str(each) in WRITING_WITHOUT_READING:
                continue
            body = {"code": code} if each.path == "/v1/sessions" else None
            ids = {"group_id": group.group_id}
            if each.path.endswith("/refunds"):
                ids["order_id"] = scene.paid_order_id
            replies[str(each)] = scene.send(each, body=body, ids=ids)
    return replies


def test_while_nothing_can_be_read_every_route_says_try_again(scene: Scene) -> None:
    replies = out_of_order(scene, READS)

    asking = {name for name in replies if not name.endswith(ASKING_NO_TABLE)}
    assert {name: wrong_in(replies[name], 503, "try_again") for name in asking} == {
        name: [] for name in asking
    }
    others = {name: reply.status for name, reply in replies.items() if name not in asking}
    assert set(others.values()) == {200, 401}


def test_while_nothing_can_be_written_what_writes_says_try_again(scene: Scene) -> None:
    replies = out_of_order(scene, WRITES)

    told = {name for name, reply in replies.items() if reply.status == 503}
    assert told == set(WRITING)
    assert [wrong_in(replies[name], 503, "try_again") for name in WRITING] == [[]] * len(WRITING)
    assert {replies[name].headers["Retry-After"] for name in WRITING} == {"1"}
    assert {replies.pop(name).status for name in NOT_IN_THIS_STATE} == {409}
    assert {reply.status for reply in replies.values()} == {200, 401, 503}


def test_our_own_mistakes_are_503_and_show_nothing_of_us(scene: Scene) -> None:
    order_id = scene.paid_order_id
    good = scene.shop.rows("orders", order_id=order_id)[0]["order_state"]
    for broken in ({"S": "nonsense"}, {"S": ""}, {"N": "7"}):
        scene.shop.break_row("orders", order_id, "order_state", broken)
        for method, path in (("GET", "/v1/orders/{order_id}"), ("GET", "/v1/orders")):
            reply = scene.send(route(method, path), ids={"order_id": order_id})
            assert wrong_in(reply, 503, "try_again") == [], broken
            assert reply["title"] == "系统繁忙，请稍后再试"
            assert reply.headers["Retry-After"] == "3"
            english = scene.send(
                route(method, path), ids={"order_id": order_id}, headers={"Accept-Language": "en"}
            )
            assert wrong_in(english, 503, "try_again", english=True) == []
    scene.shop.break_row("orders", order_id, "order_state", {"S": good})
    assert scene.send(route("GET", "/v1/orders")).status == 200
