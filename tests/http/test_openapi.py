"""The OpenAPI document: served, complete, the same as docs/api.md, and kept by what is answered."""

import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chalicelib.contract.refusals import BY_API_GATEWAY
from chalicelib.contract.shapes import Problem
from infra.fuzz.checks import EXCUSES, operations_in
from infra.refusals import REFUSALS
from tests.http.routes import route
from tests.http.scene import Scene
from tests.http.test_authorisation_matrix import operations
from tests.promises import broken_by, document
from tests.shop import OUR_URL

ROOT = Path(__file__).resolve().parents[2]
API_PAGE = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
ROUTE_IN_A_ROW = re.compile(r"^\| `((?:GET|POST|PUT|DELETE) /v1/[^`]+)`", re.MULTILINE)
CODE_IN_A_ROW = re.compile(r"^\| (\d{3}) \| `(\w+)` \|", re.MULTILINE)
BEFORE_ANY_ROUTE = {("405", "method_not_allowed")}
MOST_BYTES = 200_000
HEALTH = "/v1/health"
GOOD_HEADERS = {"Content-Type": "application/json; charset=utf-8", "X-Request-Id": "1"}
GOOD_HEALTH = {"status": "ok", "server_time": "2026-11-22T12:00:02Z"}


def components() -> dict[str, Any]:
    found: dict[str, Any] = document()["components"]["schemas"]
    return found


def resolved(response: dict[str, Any]) -> dict[str, Any]:
    name = response.get("$ref", "").removeprefix("#/components/responses/")
    found: dict[str, Any] = document()["components"]["responses"][name] if name else response
    return found


def refusals_in(operation: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Status and code of whatever the operation may be refused with."""
    for status, response in operation["responses"].items():
        if status >= "400":
            content = resolved(response)["content"]["application/problem+json"]
            _, narrowed = content["schema"]["allOf"]
            yield from ((status, code) for code in narrowed["properties"]["code"].values())


def codes_in(operation: dict[str, Any]) -> set[tuple[str, str]]:
    return {(status, code) for status, codes in refusals_in(operation) for code in codes}


def test_it_is_served_whole_and_may_be_kept_for_a_while(scene: Scene) -> None:
    reply = scene.send(route("GET", "/v1/openapi.json"), token=None)

    assert reply.content == {**document(), "servers": [{"url": OUR_URL}]}
    assert reply.headers["Content-Type"] == "application/json; charset=utf-8"
    assert reply.headers["Cache-Control"] == "public, max-age=600"
    assert len(json.dumps(reply.content, ensure_ascii=False).encode()) < MOST_BYTES


def test_it_has_the_routes_of_the_page_and_no_other() -> None:
    assert set(ROUTE_IN_A_ROW.findall(API_PAGE)) == set(operations())


def test_it_has_the_codes_of_the_page_and_no_other() -> None:
    promised = {code for operation in operations().values() for code in codes_in(operation)}

    assert set(CODE_IN_A_ROW.findall(API_PAGE)) == promised | BEFORE_ANY_ROUTE


def test_what_api_gateway_refuses_by_itself_is_promised_of_every_route() -> None:
    worded = {(each.status, each.code) for each in REFUSALS}

    assert worded == {(each.status, each.code) for each in BY_API_GATEWAY} | {(404, "not_found")}
    for name, operation in operations().items():
        mine = {(str(each.status), each.code) for each in BY_API_GATEWAY}
        assert mine <= codes_in(operation), name


def test_every_operation_has_a_name_of_its_own_and_a_sentence() -> None:
    found = operations().values()

    assert len({each["operationId"] for each in found}) == len(operations())
    assert [each["operationId"] for each in found if not each["summary"]] == []


def test_what_is_taken_is_closed_and_what_is_answered_may_grow() -> None:
    closed = {
        name for name, each in components().items() if each.get("additionalProperties") is False
    }
    taken = {
        operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
        for operation in operations().values()
        if "$ref" in json.dumps(operation.get("requestBody", {}))
    }
    listed = {name for name, each in components().items() if "enum" in each}

    assert closed == taken | {"Address"}
    assert listed == {"CommissionStateTaken", "ShareTargetTaken", "SubscribeResult"}
    assert components()["OrderState"]["x-extensible-enum"][0] == "awaiting_payment"


def test_rules_are_answered_with_those_left_out_too() -> None:
    assert set(components()["Rules"]["required"]) == set(components()["Rules"]["properties"])


def test_it_names_the_version_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

    assert document()["info"]["version"] == project["version"]


@pytest.mark.parametrize("excuse", EXCUSES, ids=[each.reason for each in EXCUSES])
def test_every_excuse_of_the_fuzzing_is_for_somebody(excuse: Any) -> None:
    assert any(excuse.of(operation) for operation in operations_in(document()))


@pytest.mark.parametrize(
    ("status", "headers", "content"),
    [
        (418, GOOD_HEADERS, GOOD_HEALTH),
        (200, {**GOOD_HEADERS, "Content-Type": "text/plain"}, GOOD_HEALTH),
        (200, {"Content-Type": "application/json"}, GOOD_HEALTH),
        (200, GOOD_HEADERS, {**GOOD_HEALTH, "uptime": 7}),
        (200, GOOD_HEADERS, {"status": "ok"}),
        (200, GOOD_HEADERS, {**GOOD_HEALTH, "status": "fine"}),
        (200, GOOD_HEADERS, {**GOOD_HEALTH, "server_time": "2026-11-22 12:00"}),
        (204, GOOD_HEADERS, None),
    ],
)
def test_an_answer_that_is_not_promised_is_found(status: int, headers: Any, content: Any) -> None:
    assert broken_by("GET", HEALTH, 200, GOOD_HEADERS, GOOD_HEALTH) == []
    assert len(broken_by("GET", HEALTH, status, headers, content)) == 1


def test_a_refusal_of_another_route_is_found() -> None:
    headers = {**GOOD_HEADERS, "Content-Type": "application/problem+json"}
    problem: Problem = {
        "type": "about:blank",
        "title": "该团已满",
        "status": 409,
        "code": "group_full",
        "detail": "This group is full.",
    }

    assert broken_by("POST", "/v1/groups/grp_1/members", 409, headers, problem) == []
    assert len(broken_by("POST", "/v1/orders", 409, headers, problem)) == 1
