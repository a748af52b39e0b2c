"""What clients see of refusals through the gateway: the shape, the status, CORS, odd addresses."""

import pytest

from infra.local.shopper import Reply, Shopper
from infra.local.stack import Stack
from tests.e2e.conftest import ORIGIN, Members

pytestmark = pytest.mark.e2e

FROM_A_PAGE = {"Origin": ORIGIN}
PROBLEM = {"type", "title", "status", "code", "detail"}


@pytest.fixture(scope="module")
def lin(member: Members) -> Shopper:
    return member()


@pytest.fixture(scope="module")
def stranger(stack: Stack) -> Shopper:
    """Somebody who has not signed in."""
    return Shopper(stack.endpoints, "stranger")


def assert_problem(reply: Reply, status: int, code: str) -> None:
    assert (reply.status, reply.code) == (status, code)
    assert reply.headers["Content-Type"] == "application/problem+json"
    assert reply.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert reply.headers["X-Request-Id"]
    assert set(reply.content) >= PROBLEM
    assert reply["status"] == status
    assert 0 < len(reply["title"]) <= 20


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/no-such-path"),
        ("GET", "/no-such-version"),
        ("POST", "/v1/groups/grp_1/no-such-thing"),
        # The gateway passes on no method that a path does not have.
        ("PUT", "/v1/health"),
        ("DELETE", "/v1/orders"),
    ],
)
def test_no_such_path_and_method(stranger: Shopper, lin: Shopper, method: str, path: str) -> None:
    for somebody in (stranger, lin):
        reply = somebody.send(method, path, headers=FROM_A_PAGE)
        assert_problem(reply, 404, "not_found")


@pytest.mark.parametrize("path", ["/v1/me", "/v1/orders", "/v1/orders/ord_1"])
def test_signing_in_is_required(stranger: Shopper, path: str) -> None:
    assert_problem(stranger.send("GET", path, headers=FROM_A_PAGE), 401, "not_signed_in")
    forged = {**FROM_A_PAGE, "Authorization": "Bearer forged.token"}
    assert_problem(stranger.send("GET", path, headers=forged), 401, "not_signed_in")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b'{"code":', 400, "malformed_json"),
        (b'{"code": 1}', 422, "invalid_request"),
        (b"[]", 422, "invalid_request"),
        (b'"' + b"x" * 33 * 1024 + b'"', 413, "too_large"),
    ],
)
def test_bodies_that_cannot_be_taken(
    stranger: Shopper, body: bytes, status: int, code: str
) -> None:
    reply = stranger.send("POST", "/v1/sessions", body, headers=FROM_A_PAGE)
    assert_problem(reply, status, code)
    if status == 422:
        assert all(set(error) == {"field", "message"} for error in reply["errors"])


def test_bodies_are_json(stranger: Shopper) -> None:
    headers = {**FROM_A_PAGE, "Content-Type": "text/plain"}
    reply = stranger.send("POST", "/v1/sessions", b"hello", headers=headers)
    assert_problem(reply, 415, "unsupported_type")


def test_what_makes_something_needs_a_key(lin: Shopper) -> None:
    reply = lin.send("POST", "/v1/orders", {}, headers=FROM_A_PAGE)
    assert_problem(reply, 400, "idempotency_key_required")


def test_a_page_of_the_configured_origin_may_ask(stranger: Shopper) -> None:
    headers = {**FROM_A_PAGE, "Access-Control-Request-Method": "POST"}
    reply = stranger.send("OPTIONS", "/v1/orders", headers=headers)
    assert reply.status == 204
    assert reply.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert reply.headers["Access-Control-Allow-Methods"] == "GET, POST"
    assert "Idempotency-Key" in reply.headers["Access-Control-Allow-Headers"]


def test_a_page_of_another_origin_may_not_read(stranger: Shopper) -> None:
    reply = stranger.send("GET", "/v1/health", headers={"Origin": "https://evil.test"})
    assert reply.status == 200
    assert "Access-Control-Allow-Origin" not in reply.headers


@pytest.mark.parametrize(
    "id", ["%E4%B8%AD%E6%96%87", "a%2Fb", "..%2F..", "%00", "%zz", "%", "a%20b", "%C0%AF"]
)
def test_odd_ids_are_not_found(lin: Shopper, id: str) -> None:
    assert_problem(lin.send("GET", f"/v1/orders/{id}", headers=FROM_A_PAGE), 404, "not_found")


def test_an_id_may_be_escaped(lin: Shopper) -> None:
    order = lin.buys()
    escaped = order.order_id.replace("_", "%5F")
    assert lin.send("GET", f"/v1/orders/{escaped}")["order_id"] == order.order_id


@pytest.mark.parametrize(
    ("query", "status"),
    [("status=to%5Fship", 200), ("status=%zz", 422), ("cursor=%E4%B8%AD", 422), ("limit=0", 422)],
)
def test_escapes_in_queries(lin: Shopper, query: str, status: int) -> None:
    reply = lin.send("GET", f"/v1/orders?{query}", headers=FROM_A_PAGE)
    assert reply.status == status
    assert status == 200 or reply.code == "invalid_request"


def test_an_order_is_nobody_elses(lin: Shopper, member: Members) -> None:
    order = lin.buys()
    somebody = member()
    path = f"/v1/orders/{order.order_id}"
    assert_problem(somebody.send("GET", path, headers=FROM_A_PAGE), 404, "not_found")
    assert somebody.send("POST", f"{path}/cancel").status == 404
    assert order.status == "awaiting_payment"
