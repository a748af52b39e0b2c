"""What the doctor's checks find where the local stack cannot show it: against stand-ins for AWS and
WeChat. tests/e2e/test_doctor.py runs all of them on the deployed stack.
"""

import json
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
import requests
from botocore.exceptions import ClientError
from rich.console import Console

from chalicelib.gateways.http import Answer
from chalicelib.kit.errors import WechatUnavailable
from infra.doctor import address, clocks, feeds, leftovers, parameters, stack
from infra.doctor.address import Reply
from infra.doctor.check import (
    BAD,
    GOOD,
    SKIPPED,
    CannotTell,
    Check,
    Verdict,
    bad,
    examine,
    good,
    judged,
)
from infra.doctor.facts import WechatAccount, secrets_of
from infra.doctor.wechat import ECHO_PATH, PayChecks, token_is_given
from infra.local.wechat.credentials import Credentials
from infra.secrets.store import Stored
from tests.fakes import NOON

BASE = "https://api.shop.example.com"
API = "https://abc123.execute-api.ap-southeast-1.amazonaws.com/prod"
WECHAT = Credentials.generate()


def refusal(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, "Call")


# The runner.


def late() -> Verdict:
    time.sleep(5)
    return good("late")


def test_a_check_that_takes_too_long_is_red_and_the_others_go_on() -> None:
    console = Console(record=True, width=120)
    slow = Check("slow", late, seconds=0.05)
    quick = Check("quick", lambda: good("here"))
    began = time.monotonic()
    found = examine([slow, quick], console)
    assert time.monotonic() - began < 3
    assert [verdict.mark for _, verdict in found] == [BAD, GOOD]
    assert "no answer within 0 s" in console.export_text()


def raising(error: Exception) -> Callable[[], Verdict]:
    def look() -> Verdict:
        raise error

    return look


@pytest.mark.parametrize(
    ("error", "mark", "said"),
    [
        (CannotTell("there is no stack"), SKIPPED, "there is no stack"),
        (refusal("AccessDeniedException"), BAD, "AWS refuses: AccessDeniedException: no"),
        (requests.ConnectionError("no route"), BAD, "no answer: no route"),
        (WechatUnavailable("WeChat Pay did not answer."), BAD, "WeChat Pay did not answer."),
    ],
)
def test_what_the_outside_refuses_is_a_verdict(error: Exception, mark: str, said: str) -> None:
    verdict = judged(Check("it", raising(error)))
    assert (verdict.mark, verdict.said) == (mark, said)


def test_a_mistake_of_our_own_is_not_taken_for_a_finding() -> None:
    with pytest.raises(ZeroDivisionError):
        judged(Check("it", raising(ZeroDivisionError())))


def test_each_line_says_what_is_so_and_what_to_do() -> None:
    console = Console(record=True, width=120)
    examine([Check("alarms", lambda: bad("one [rings]", "see the runbook"))], console)
    assert console.export_text().splitlines() == [
        "✗ alarms                             one [rings]",
        "  → see the runbook",
    ]


# The deployment.


@pytest.mark.parametrize(
    ("status", "mark", "advice"),
    [
        ("CREATE_COMPLETE", GOOD, ""),
        ("UPDATE_COMPLETE", GOOD, ""),
        ("UPDATE_ROLLBACK_COMPLETE", BAD, "describe-stack-events"),
        ("ROLLBACK_COMPLETE", BAD, "delete-stack"),
        ("UPDATE_ROLLBACK_FAILED", BAD, "continue-update-rollback"),
        ("UPDATE_IN_PROGRESS", BAD, "Wait until that is over"),
    ],
)
def test_how_the_stack_stands(status: str, mark: str, advice: str) -> None:
    verdict = stack.stack_stands({"StackStatus": status}, "kaituan-prod", "prod")
    assert verdict.mark == mark
    assert advice in verdict.advice


def test_functions_that_are_missing_failed_or_half_updated() -> None:
    well = {"State": "Active", "LastUpdateStatus": "Successful"}
    idle = {"State": "Inactive", "LastUpdateStatus": "Successful"}
    assert stack.functions_run({"admin": well, "sweep_orders": idle}) == good("2 active")
    verdict = stack.functions_run(
        {
            "admin": None,
            "api_handler": {"State": "Failed", "StateReason": "no role"},
            "sweep_orders": {**well, "LastUpdateStatus": "InProgress"},
        }
    )
    assert verdict.mark == BAD
    assert verdict.said == (
        "admin is missing; api_handler is Failed (no role); "
        "the last update of sweep_orders is InProgress"
    )


def test_the_package_says_in_its_name_which_python_it_is_for() -> None:
    place = {"Bucket": "b", "Key": "prod/python3.12-0af1.zip"}
    template = {"Resources": {"Admin": {"Properties": {"Runtime": "python3.11", "CodeUri": place}}}}
    assert stack.packaged_for(template) == {"python3.12"}
    place["Key"] = "0af1.zip"
    assert stack.packaged_for(template) == {"python3.11"}


class Pages:
    """A client with one paginator, or several, each of one page."""

    def __init__(self, **pages: Mapping[str, Any]) -> None:
        self._pages = pages
        self._page: Mapping[str, Any] = {}

    def get_paginator(self, operation: str) -> "Pages":
        self._page = self._pages[operation]
        return self

    def paginate(self, **_asked: Any) -> list[Mapping[str, Any]]:
        return [self._page]


def test_an_alarm_that_rings() -> None:
    def look(*states: str) -> Verdict:
        alarms = [{"AlarmName": f"a{n}", "StateValue": state} for n, state in enumerate(states)]
        return stack.no_alarm(Pages(describe_alarms={"MetricAlarms": alarms}), "kaituan-prod")

    assert look() == Verdict(SKIPPED, "there are none")
    assert look("OK", "INSUFFICIENT_DATA") == good("2, none rings")
    assert (look("OK", "ALARM").mark, look("OK", "ALARM").said) == (BAD, "a1")


# What happens by itself.


def test_mappings_that_are_missing_or_whose_last_batch_failed() -> None:
    fine = {"UUID": "u1", "State": "Enabled", "LastProcessingResult": "No records processed"}
    failed = {**fine, "LastProcessingResult": "PROBLEM: Function call failed"}
    assert feeds.mappings_work({"relay_orders": [fine]}) == good("1 enabled")
    assert feeds.mappings_work({"relay_orders": []}).said == "relay_orders has none"
    verdict = feeds.mappings_work({"relay_orders": [fine], "relay_groups": [failed]})
    assert verdict.mark == BAD
    assert verdict.said == "relay_groups: PROBLEM: Function call failed"
    assert "look at the logs" in verdict.advice


def test_schedules_that_are_missing_from_the_stack() -> None:
    class Events:
        def describe_rule(self, Name: str) -> dict[str, str]:  # noqa: N803
            return {"State": "ENABLED"}

    verdict = feeds.schedules_are_on(Events(), ["one"])
    assert (verdict.mark, verdict.said) == (BAD, "1 of 9")


class Queue:
    """How many messages wait, look after look."""

    def __init__(self, *waiting: int) -> None:
        self._waiting = list(waiting)

    def get_queue_attributes(self, **_asked: Any) -> dict[str, Any]:
        waiting = self._waiting.pop(0) if self._waiting[1:] else self._waiting[0]
        return {"Attributes": {"ApproximateNumberOfMessages": str(waiting)}}


def test_a_queue_that_is_worked_off_is_well_and_one_that_stays_full_is_not() -> None:
    pauses: list[float] = []
    assert leftovers.queue_is_empty(Queue(3, 0), "url", pauses.append) == good("empty")
    assert pauses == [2.0]
    verdict = leftovers.queue_is_empty(Queue(3, 2, 2), "url", pauses.append)
    assert (verdict.mark, verdict.said) == (BAD, "2 refunds wait to be sent")


def test_what_is_overdue_is_told_with_its_age() -> None:
    class Tables:
        def __init__(self) -> None:
            self.asked: list[tuple[str, str]] = []

        def query(self, **asked: Any) -> dict[str, Any]:
            values = asked["ExpressionAttributeValues"]
            self.asked.append((asked["TableName"], values[":latest"]["S"]))
            is_there = asked["TableName"] == "kaituan-prod-orders"
            due_at = f"2026-11-22T11:3{values[':shard']['N']}:00.000000Z"
            return {"Items": [{"due_at": {"S": due_at}}] if is_there else []}

    tables = Tables()
    verdict = leftovers.nothing_is_overdue(tables, "kaituan-prod", NOON)
    assert verdict.mark == BAD
    assert verdict.said == "overdue: orders since 2026-11-22T11:30:00.000000Z"
    assert len(tables.asked) == 8 * 7
    (latest,) = {latest for _, latest in tables.asked}
    assert latest.startswith("2026-11-22T11:55:00")


# Parameters.


def test_a_secret_that_lies_in_the_open() -> None:
    held = {
        "wechat_api_v3_key": Stored("k" * 32, "String"),
        "wechat_merchant_serial": Stored("A" * 40, "String"),
    }
    verdict = parameters.are_encrypted(held, "prod")
    assert (verdict.mark, verdict.said) == (BAD, "not encrypted, so not used: wechat_api_v3_key")
    assert "--stage prod --replace wechat_api_v3_key" in verdict.advice
    assert secrets_of(held).wechat_api_v3_key is None
    assert secrets_of(held).wechat_merchant_serial == "A" * 40


# The address.


class Web:
    """Answers by the beginning of the URL; the longest that fits."""

    def __init__(self, **answers: Reply) -> None:
        self.answers: dict[str, Reply] = {}
        self.sent: list[tuple[str, str, Mapping[str, str]]] = []

    def __call__(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None
    ) -> Reply:
        self.sent.append((method, url, headers))
        for beginning in sorted(self.answers, key=len, reverse=True):
            if url.startswith(beginning):
                return self.answers[beginning]
        raise requests.ConnectionError("Name or service not known")


class Gateway:
    """API Gateway with one custom domain, or none."""

    def __init__(self, mappings: list[dict[str, str]] | None) -> None:
        self._mappings = mappings

    def get_base_path_mappings(self, domainName: str) -> dict[str, Any]:  # noqa: N803
        if self._mappings is None:
            raise refusal("NotFoundException")
        return {"items": self._mappings}


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        (BASE, ""),
        (f"{BASE}/shop", ""),
        ("http://api.shop.example.com", "does not begin with https://"),
        (f"{BASE}?stage=prod", "has a query string"),
        (f"{BASE}#prod", "has a query string or a fragment"),
        ("api.shop.example.com", "does not begin with https://"),
    ],
)
def test_an_address_that_wechat_does_not_take(url: str, complaint: str) -> None:
    verdict = address.base_url_is_usable(url, "prod", is_local=False)
    assert verdict.mark == (BAD if complaint else GOOD)
    assert complaint in verdict.said


def test_a_custom_domain_leads_to_the_stacks_api_or_to_another() -> None:
    def ours(mappings: list[dict[str, str]] | None, url: str = BASE) -> Verdict:
        return address.base_url_is_ours(Web(), Gateway(mappings), url, API, "abc123")

    root = {"basePath": "(none)", "restApiId": "abc123"}
    assert ours(None, API) == good("the stack's own address")
    assert ours([root]) == good("a custom domain of the stack's API")
    shop = {"basePath": "shop", "restApiId": "abc123"}
    assert ours([shop], f"{BASE}/shop") == good("a custom domain of the stack's API")
    assert ours([shop]).mark == BAD
    other = ours([{"basePath": "(none)", "restApiId": "old456"}])
    assert other.said == (
        "the domain api.shop.example.com leads to API old456, and the stack's is abc123"
    )


def test_an_address_behind_another_front_is_known_by_what_the_api_says_of_itself() -> None:
    def told(url: str) -> Reply:
        return Reply(200, json.dumps({"servers": [{"url": url}]}).encode())

    web = Web()
    web.answers = {BASE: told(BASE), API: told(BASE)}
    verdict = address.base_url_is_ours(web, Gateway(None), BASE, API, "abc123")
    assert verdict == good("passed on to the stack's API")
    web.answers[BASE] = told("https://another.example.com")
    assert address.base_url_is_ours(web, Gateway(None), BASE, API, "abc123").mark == BAD


@pytest.mark.parametrize(
    ("status", "mark", "said"),
    [
        (401, GOOD, "all 4 answer 401"),
        (204, BAD, "/v1/wechat/payments answers 204 to a forged notification"),
        (503, BAD, "/v1/wechat/payments answers 503: payment is off"),
        (404, BAD, "/v1/wechat/payments answers 404 to a forged notification, not 401"),
    ],
)
def test_a_callback_that_believes_anybody(status: int, mark: str, said: str) -> None:
    web = Web()
    web.answers = {BASE: Reply(status, b"")}
    verdict = address.callbacks_refuse_a_probe(web, BASE, "PUB_KEY_ID_1")
    assert (verdict.mark, verdict.said) == (mark, said)
    method, _, headers = web.sent[0]
    assert method == "POST"
    assert headers["Wechatpay-Serial"] == "PUB_KEY_ID_1"
    assert headers["Wechatpay-Signature"].startswith("WECHATPAY/SIGNTEST/")


def test_a_message_push_that_is_off_or_refused() -> None:
    web = Web()
    web.answers = {BASE: Reply(401, b"")}
    assert address.push_is_taken(web, BASE, None).mark == SKIPPED
    verdict = address.push_is_taken(web, BASE, "token")
    assert (verdict.mark, verdict.said) == (BAD, "/v1/wechat/messages answers 401")


# Clocks.


def test_a_minute_of_skew_is_too_much() -> None:
    def seconds_away(seconds: int) -> Verdict:
        date = format_datetime(NOON + timedelta(seconds=seconds), usegmt=True)
        return clocks.agrees("AWS", date, lambda: NOON)

    assert seconds_away(59).mark == GOOD
    assert seconds_away(-60).mark == BAD
    assert seconds_away(60).said == "60 s between this machine and AWS"
    assert clocks.agrees("AWS", None, lambda: NOON).mark == SKIPPED


# WeChat.


class Script:
    """WeChat's answers by path, and what was asked."""

    def __init__(self, answers: Mapping[str, Answer]) -> None:
        self._answers = answers
        self.asked: list[str] = []

    def call(self, method: str, path: str, **_rest: Any) -> Answer:
        self.asked.append(path)
        return next(answer for start, answer in self._answers.items() if path.startswith(start))


def answered(status: int, **content: Any) -> Answer:
    return Answer(status, {}, json.dumps(content).encode())


def account(**changes: str) -> WechatAccount:
    values = {
        "wechat_app_secret": WECHAT.app_secret,
        "wechat_merchant_private_key": WECHAT.merchant_private_key_pem,
        "wechat_merchant_serial": WECHAT.merchant_serial,
        "wechat_api_v3_key": WECHAT.api_v3_key,
        "wechat_public_keys": json.dumps(
            {WECHAT.active_key.key_id: WECHAT.active_key.public_key_pem}
        ),
        **changes,
    }
    stored = {name: Stored(value, "SecureString") for name, value in values.items()}
    return WechatAccount("wx1", "1900000001", "https://pay", "https://api", secrets_of(stored))


def now() -> datetime:
    return datetime.now(UTC)


def test_where_there_is_no_echo_a_harmless_query_is_asked_instead() -> None:
    script = Script(
        {
            ECHO_PATH: answered(404, code="RESOURCE_NOT_EXISTS"),
            "/v3/pay/transactions/out-trade-no/doctor": answered(404, code="ORDER_NOT_EXIST"),
        }
    )
    verdict = PayChecks(account(), script, now).all_keys_are_known()  # type: ignore[arg-type]
    assert verdict.mark == GOOD
    assert "WeChat understood a signed query" in verdict.said
    assert len(script.asked) == 2
    assert script.asked[1].endswith("?mchid=1900000001")


def test_a_refusal_in_the_query_is_a_refusal() -> None:
    detail = {"field": "serial_no"}
    script = Script(
        {
            ECHO_PATH: answered(404, code="RESOURCE_NOT_EXISTS"),
            "/v3/pay": answered(401, code="SIGN_ERROR", detail=detail),
        }
    )
    verdict = PayChecks(account(), script, now).all_keys_are_known()  # type: ignore[arg-type]
    assert (verdict.mark, verdict.said) == (BAD, "WeChat answers 401 SIGN_ERROR (serial_no)")


def test_an_answer_that_wechat_did_not_sign_is_not_believed() -> None:
    script = Script({ECHO_PATH: answered(200, echo_message="forged")})
    verdict = PayChecks(account(), script, now).all_keys_are_known()  # type: ignore[arg-type]
    assert verdict.mark == BAD
    assert "is not signed by" in verdict.said


@pytest.mark.parametrize(
    ("errcode", "remedy"),
    [(40013, "WechatAppId"), (40125, "reset it"), (40164, "IP白名单"), (99999, "docs/wechat.md")],
)
def test_an_access_token_that_is_not_given(errcode: int, remedy: str) -> None:
    script = Script({"/cgi-bin/": answered(200, errcode=errcode, errmsg="no")})
    verdict = token_is_given(account(), script, now)  # type: ignore[arg-type]
    assert verdict.mark == BAD
    assert str(errcode) in verdict.said
    assert remedy in verdict.advice


def test_without_keys_there_is_nothing_to_ask_wechat_with() -> None:
    with pytest.raises(CannotTell, match="missing or unreadable: wechat_api_v3_key"):
        PayChecks(account(wechat_api_v3_key="short"), Script({}), now)  # type: ignore[arg-type]
    with pytest.raises(CannotTell, match="wechat_app_secret"):
        token_is_given(account(wechat_app_secret="?"), Script({}), now)  # type: ignore[arg-type]
