"""What the gateway lets through: an end for everything, a nearer one where WeChat has to work."""

from typing import Any

import pytest

from app import app
from infra.throttles import EVERYTHING, THROTTLES, Throttle, method_settings
from tests.infra.conftest import Resources

NAMES = [f"{one.method} {one.path}" for one in THROTTLES]


@pytest.mark.parametrize("throttle", THROTTLES, ids=NAMES)
def test_each_throttle_is_for_a_route_that_exists_and_nearer_than_that_for_all(
    throttle: Throttle,
) -> None:
    assert throttle.method in app.routes[throttle.path]
    assert throttle.per_second < EVERYTHING.per_second
    assert throttle.at_once < EVERYTHING.at_once


def test_signing_in_and_codes_to_scan_which_anybody_may_ask_for_are_among_them() -> None:
    assert {"POST /v1/sessions", "GET /v1/shares/{share_code}/qrcode"} <= set(NAMES)


def test_the_packaged_api_has_them(resources: Resources) -> None:
    settings: list[dict[str, Any]] = resources["RestAPI"]["Properties"]["MethodSettings"]
    assert settings == method_settings()
    assert settings[0] == {
        "HttpMethod": "*",
        "ResourcePath": "/*",
        "ThrottlingRateLimit": 500,
        "ThrottlingBurstLimit": 1000,
    }
    assert {one["ResourcePath"] for one in settings[1:]} >= {
        "/~1v1~1sessions",
        "/~1v1~1shares~1{share_code}~1qrcode",
    }
