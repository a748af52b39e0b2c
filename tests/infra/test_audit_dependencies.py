"""An audit of the pinned packages says what is known, and what could not be asked."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from infra.audit_dependencies import audited, read_answer

FINE = {"name": "requests", "version": "2.34.2", "vulns": []}
BAD = {
    "name": "urllib3",
    "version": "1.0.0",
    "vulns": [{"id": "PYSEC-2019-1", "fix_versions": ["1.0.1"], "aliases": [], "description": ""}],
}
NOT_FOUND = {"name": "ministack", "skip_reason": "Dependency not found"}


def result(*dependencies: Mapping[str, Any]) -> str:
    return json.dumps({"dependencies": dependencies, "fixes": []})


def test_packages_without_an_advisory_pass() -> None:
    status, lines = audited(lambda _service: result(FINE))
    assert status == 0
    assert lines == ["pypi knows 1 of the pinned packages.", "Nothing is known against them."]


def test_an_advisory_fails_and_says_where_it_is_fixed() -> None:
    status, lines = audited(lambda _service: result(FINE, BAD))
    assert status == 1
    assert lines[-1] == "  urllib3 1.0.0: PYSEC-2019-1, fixed in 1.0.1"


def test_a_package_that_nobody_knows_is_no_good_news() -> None:
    status, lines = audited(lambda _service: result(FINE, NOT_FOUND))
    assert status == 2
    assert "It could say nothing about: ministack." in lines


@pytest.mark.parametrize("silence", ["", "connection refused", "{}", "[]", result(NOT_FOUND)])
def test_no_service_at_all_is_said_plainly_and_fails(silence: str) -> None:
    status, lines = audited(lambda _service: silence)
    assert status == 2
    assert lines[0].startswith("No advisory service could be asked (pypi: ")
    assert "osv: " in lines[0]


def test_the_second_service_is_asked_when_the_first_is_silent() -> None:
    answers = {"pypi": "", "osv": result(FINE, BAD)}
    status, lines = audited(lambda service: answers[service])
    assert (status, lines[0]) == (1, "osv knows 2 of the pinned packages.")


def test_what_is_no_result_is_told_from_one_without_packages() -> None:
    assert read_answer("pypi", "") is None
    answer = read_answer("pypi", result())
    assert answer is not None
    assert answer.known == ()
