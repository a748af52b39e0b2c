"""What API Gateway refuses by itself looks like what the app refuses."""

import json

import pytest

from infra.refusals import REFUSALS, TITLE_CHARACTERS_MAX, GatewayRefusal, gateway_responses

ORIGIN = "https://shop.example"
TYPES = [refusal.response_type for refusal in REFUSALS]


@pytest.mark.parametrize("refusal", REFUSALS, ids=TYPES)
def test_each_is_problem_json_with_cors_headers(refusal: GatewayRefusal) -> None:
    response = gateway_responses(ORIGIN)[refusal.response_type]

    headers = response["ResponseParameters"]["Headers"]
    assert headers["Content-Type"] == "'application/problem+json'"
    assert headers["Access-Control-Allow-Origin"] == f"'{ORIGIN}'"
    assert headers["X-Request-Id"] == "context.requestId"
    problem = json.loads(response["ResponseTemplates"]["application/json"])
    assert set(problem) == {"type", "title", "status", "code", "detail"}
    assert response["StatusCode"] == str(problem["status"])


@pytest.mark.parametrize("refusal", REFUSALS, ids=TYPES)
def test_each_title_is_a_chinese_sentence_that_fits_a_toast(refusal: GatewayRefusal) -> None:
    assert 0 < len(refusal.title) <= TITLE_CHARACTERS_MAX
    assert all(ord(character) > 127 for character in refusal.title)


def test_a_path_that_does_not_exist_is_not_found() -> None:
    answers = {refusal.response_type: (refusal.status, refusal.code) for refusal in REFUSALS}
    assert answers["MISSING_AUTHENTICATION_TOKEN"] == (404, "not_found")
    assert answers["INVALID_SIGNATURE"] == (404, "not_found")
    assert answers["REQUEST_TOO_LARGE"] == (413, "too_large")
    assert answers["UNSUPPORTED_MEDIA_TYPE"] == (415, "unsupported_type")


def test_who_may_try_again_is_told_when() -> None:
    for refusal in REFUSALS:
        waits = refusal.status in {429, 503}
        headers = gateway_responses(ORIGIN)[refusal.response_type]["ResponseParameters"]["Headers"]
        assert ("Retry-After" in headers) is waits, refusal.response_type


def test_whatever_is_not_named_has_a_default() -> None:
    assert {"DEFAULT_4XX", "DEFAULT_5XX"} <= set(TYPES)
