"""Requests of every kind, made by schemathesis from the OpenAPI document, at the deployed stack.

The last of the folder: what it buys, cancels and withdraws stays behind.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from infra.fuzz.fuzzing import Fuzzed, fuzz
from infra.fuzz.scene import Scene, set_scene
from infra.local.books import close_books
from infra.local.sandbox_control import SandboxControl
from infra.local.stack import Stack
from tests.e2e.conftest import Members
from tests.http.routes import ROUTES

pytestmark = pytest.mark.e2e

CASES = 5
SEED = 1
READ_BY_WECHAT = "/v1/wechat/messages"
HEALTH = "/v1/health"


@pytest.fixture(scope="module")
def scene(stack: Stack) -> Scene:
    return set_scene(stack)


@pytest.fixture(scope="module")
def fuzzed(stack: Stack, scene: Scene, tmp_path_factory: pytest.TempPathFactory) -> Fuzzed:
    directory: Path = tmp_path_factory.mktemp("fuzz")
    return fuzz(stack, scene, cases=CASES, directory=directory, seed=SEED)


def test_whatever_can_be_read_is_read_with_the_rights_that_the_function_has(
    stack: Stack, scene: Scene, member: Members
) -> None:
    lin = member()
    lin.token = scene.tokens["lin"]
    ids = {name: found[0] for name, found in scene.ids.items()}
    paths = [each.path for each in ROUTES if each.method == "GET" and each.path != READ_BY_WECHAT]

    answered = {path: lin.send("GET", path.format_map(ids)).status for path in paths}

    assert answered == dict.fromkeys(paths, 200)


def test_every_answer_is_one_that_the_document_promises(
    fuzzed: Fuzzed, record_property: Callable[[str, object], None]
) -> None:
    assert fuzzed.failures == 0, fuzzed.report
    assert fuzzed.is_complete, fuzzed.report
    assert fuzzed.operations == len(ROUTES)
    record_property("requests, operations, failures", _figures(fuzzed))


def test_the_books_agree_after_it(stack: Stack, wechat: SandboxControl, fuzzed: Fuzzed) -> None:
    books = close_books(stack, wechat)

    assert books.differences() == []
    assert books.audit["complete"]


def without_the_time(document: Any) -> Any:
    """Only whether the function runs, and less of it than is answered."""
    health = document["components"]["schemas"]["HealthAnswer"]
    del health["properties"]["server_time"]
    health["required"].remove("server_time")
    return {**document, "paths": {HEALTH: document["paths"][HEALTH]}}


def test_an_answer_that_is_not_promised_is_found(
    stack: Stack, scene: Scene, tmp_path: Path
) -> None:
    fuzzed = fuzz(stack, scene, cases=1, directory=tmp_path, change=without_the_time)

    assert fuzzed.failures > 0
    assert "server_time" in fuzzed.report


def _figures(fuzzed: Fuzzed) -> str:
    return f"{fuzzed.cases}, {fuzzed.operations}, {fuzzed.failures} in {fuzzed.seconds:.0f} s"
