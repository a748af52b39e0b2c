"""What every answer has, whoever made it: a request id, CORS for the configured origins, and a hint
when to come back.
"""

from typing import Any

import pytest

from app import app
from tests.http.routes import CALLBACKS, PURCHASE, ROUTES, Route, route
from tests.http.scene import Scene
from tests.shop import LambdaContext, Reply

OURS = "https://admin.shop.test"
ALSO_OURS = "http://localhost:5173"
OTHERS = (
    "https://evil.test",
    "https://shop.test",
    "https://admin.shop.test.evil.test",
    "https://admin.shop.test:443",
    "http://admin.shop.test",
    "https://ADMIN.shop.test",
    "https://admin.shop.test/",
    "null",
    "*",
    "",
    " ",
    f"{OURS}, {ALSO_OURS}",
    "https://admin.shop.test\n",
)
EXPOSED = "X-Request-Id, Idempotency-Replayed, Retry-After"
SENT = "Authorization, Content-Type, Idempotency-Key, Accept-Language"


@pytest.fixture(autouse=True)
def origins(scene: Scene) -> None:
    """Two origins are configured."""
    more = {"allowed_origins": f"{OURS}, {ALSO_OURS}"}
    scene.shop.wiring.environment = scene.shop.wiring.environment.model_copy(update=more)


def answers_of_all_kinds(scene: Scene, headers: dict[str, str]) -> dict[str, Reply]:
    """Successes and refusals by Chalice, by the middleware and by verbs."""
    quotes = route("POST", "/v1/quotes")
    return {
        "success": scene.send(quotes, headers=headers),
        "nothing due": scene.send(route("GET", "/v1/config"), token=None, headers=headers),
        "400": scene.send(quotes, body=b"x", headers=headers),
        "401": scene.send(quotes, token=None, headers=headers),
        "404": scene.send(
            route("GET", "/v1/orders/{order_id}"), ids={"order_id": "no"}, headers=headers
        ),
        "405": scene.send(Route("DELETE", "/v1/quotes"), headers=headers),
        "409": scene.send(
            route("POST", "/v1/orders"), body={**PURCHASE, "quantity": 999}, headers=headers
        ),
        "413": scene.send(quotes, body=b"x" * 40_000, headers=headers),
        "415": scene.send(quotes, headers={**headers, "Content-Type": "text/plain"}),
        "422": scene.send(quotes, body=b"{}", headers=headers),
        "callback": scene.send(CALLBACKS[0], headers=headers),
    }


NOTHING_ALLOWED = {"Vary": "Origin"}
"""Caches must tell origins apart, and that is all that is said."""


def cors_of(reply: Reply) -> dict[str, str]:
    names = {"Vary"} | {name for name in reply.headers if name.startswith("Access-Control-")}
    return {name: reply.headers[name] for name in names if name in reply.headers}


def test_a_configured_origin_may_read_every_answer(scene: Scene) -> None:
    for origin in (OURS, ALSO_OURS):
        expected = {
            "Access-Control-Allow-Origin": origin,
            "Access-Control-Expose-Headers": EXPOSED,
            "Vary": "Origin",
        }
        for what, reply in answers_of_all_kinds(scene, {"Origin": origin}).items():
            assert cors_of(reply) == expected, what


def test_every_route_answers_a_configured_origin(scene: Scene) -> None:
    for each in ROUTES:
        reply = scene.send(each, token="x", body=b"x", headers={"Origin": OURS})
        assert reply.headers["Access-Control-Allow-Origin"] == OURS, each


def test_other_origins_may_read_nothing(scene: Scene) -> None:
    for origin in OTHERS:
        for what, reply in answers_of_all_kinds(scene, {"Origin": origin}).items():
            assert cors_of(reply) == NOTHING_ALLOWED, (origin, what)


def test_without_an_origin_there_is_no_cors(scene: Scene) -> None:
    for what, reply in answers_of_all_kinds(scene, {}).items():
        assert cors_of(reply) == NOTHING_ALLOWED, what


def test_a_configured_origin_is_told_each_path_s_methods(scene: Scene) -> None:
    methods: dict[str, list[str]] = {}
    for each in ROUTES:
        methods.setdefault(each.path, []).append(each.method)
    asked = {
        "Origin": OURS,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization, idempotency-key",
    }
    with scene.stays():
        for path, taken in methods.items():
            reply = scene.send(Route("OPTIONS", path), token=None, headers=asked)
            assert (reply.status, reply.content) == (204, None)
            assert cors_of(reply) == {
                "Access-Control-Allow-Origin": OURS,
                "Access-Control-Allow-Methods": ", ".join(sorted(taken)),
                "Access-Control-Allow-Headers": SENT,
                "Access-Control-Max-Age": "600",
                "Access-Control-Expose-Headers": EXPOSED,
                "Vary": "Origin",
            }, path


def test_other_origins_get_an_empty_preflight(scene: Scene) -> None:
    for each in ROUTES:
        for headers in ({}, *({"Origin": origin} for origin in OTHERS)):
            reply = scene.send(Route("OPTIONS", each.path), token=None, headers=headers)
            assert (reply.status, reply.content) == (204, None), each
            assert cors_of(reply) == NOTHING_ALLOWED, each


def test_a_preflight_looks_at_no_token_id_or_query(scene: Scene) -> None:
    path = "/v1/orders/{order_id}/refunds"
    headers = {"Origin": OURS, "Authorization": "Bearer nonsense"}
    reply = scene.send(
        Route("OPTIONS", path), token=None, ids={"order_id": "%00"}, query="?x=1", headers=headers
    )
    assert (reply.status, reply.headers["Access-Control-Allow-Methods"]) == (204, "POST")


def test_without_configured_origins_nobody_has_cors(scene: Scene) -> None:
    environment = scene.shop.wiring.environment
    for none in ("", " ", " , ,"):
        more = {"allowed_origins": none}
        scene.shop.wiring.environment = environment.model_copy(update=more)
        for origin in (OURS, "", "null", "*"):
            reply = scene.send(route("GET", "/v1/config"), headers={"Origin": origin})
            assert (reply.status, cors_of(reply)) == (200, NOTHING_ALLOWED), (none, origin)


def gateway_event(method: str, path: str, **changes: Any) -> dict[str, Any]:
    """What a REST API hands the function: text or nothing for a body, null where there is none."""
    return {
        "resource": path,
        "path": path,
        "httpMethod": method,
        "headers": None,
        "multiValueHeaders": None,
        "queryStringParameters": None,
        "multiValueQueryStringParameters": None,
        "pathParameters": None,
        "stageVariables": None,
        "body": None,
        "isBase64Encoded": False,
        "requestContext": {
            "httpMethod": method,
            "resourcePath": path,
            "requestId": "c6af9ac6-7b61-11e6-9a41-93e8deadbeef",
            "stage": "api",
        },
        **changes,
    }


@pytest.mark.parametrize(
    ("status", "event"),
    [
        (200, gateway_event("GET", "/v1/health")),
        (204, gateway_event("OPTIONS", "/v1/orders")),
        (400, gateway_event("POST", "/v1/sessions")),
        (401, gateway_event("GET", "/v1/orders", headers={})),
        (405, gateway_event("DELETE", "/v1/orders")),
        (415, gateway_event("POST", "/v1/quotes", headers={"Content-Type": "text/plain"})),
        (422, gateway_event("POST", "/v1/sessions", body='{"code": "登录"}')),
        (422, gateway_event("GET", "/v1/health", multiValueQueryStringParameters={"x": ["1"]})),
        (404, gateway_event("GET", "/v1/groups/{group_id}", pathParameters={"group_id": "%00"})),
    ],
)
def test_every_answer_carries_the_gateway_s_request_id(
    scene: Scene, status: int, event: dict[str, Any]
) -> None:
    answer = app(event, LambdaContext())

    assert answer["statusCode"] == status
    assert answer["headers"]["X-Request-Id"] == "c6af9ac6-7b61-11e6-9a41-93e8deadbeef"


def test_every_kind_of_answer_has_a_request_id_header(scene: Scene) -> None:
    for what, reply in answers_of_all_kinds(scene, {}).items():
        assert "X-Request-Id" in reply.headers, what


def test_success_is_json_in_utf_8_and_204_is_empty(scene: Scene) -> None:
    config = scene.send(route("GET", "/v1/config"))
    assert config.headers["Content-Type"] == "application/json; charset=utf-8"
    assert scene.send(Route("OPTIONS", "/v1/config")).content is None
