"""The doctor finds the deployed stack well, and each fault that is planted.

What functions keep in memory (parameters) is planted beside the stack, so that no function reads
it; everything else on the stack, and taken back.
"""

import dataclasses
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from rich.console import Console

from infra.doctor.check import BAD, GOOD, SKIPPED, examine, judged
from infra.doctor.visit import all_checks, visit
from infra.local.shopper import wait_until
from infra.local.stack import PARAMETER_PREFIX, Stack
from infra.local.wechat.credentials import Credentials
from infra.place import Place, local_place

pytestmark = pytest.mark.e2e

QUIET = Console(quiet=True)
OTHER = Credentials.generate()


@pytest.fixture(scope="module")
def place(stack: Stack) -> Place:
    return local_place(stack.endpoints)


class ParametersBeside:
    """Parameter Store as it is, but for some; nothing is written."""

    def __init__(self, real: Any, changes: dict[str, str | None]) -> None:
        self._real = real
        self._changes = {f"{PARAMETER_PREFIX}/{name}": value for name, value in changes.items()}

    def get_paginator(self, operation: str) -> "ParametersBeside":
        assert operation == "get_parameters_by_path"
        return self

    def paginate(self, **asked: Any) -> Iterator[dict[str, Any]]:
        for page in self._real.get_paginator("get_parameters_by_path").paginate(**asked):
            held = {one["Name"]: one for one in page["Parameters"]}
            for name, value in self._changes.items():
                if name in held:
                    held[name]["Value"] = value
            yield {"Parameters": [one for one in held.values() if one["Value"] is not None]}


def with_parameters(place: Place, **changes: str | None) -> Place:
    """The same place, as if these parameters were so, or absent."""

    def client(service: str) -> Any:
        real = place.client(service)
        return ParametersBeside(real, changes) if service == "ssm" else real

    return dataclasses.replace(place, client=client)


def found(place: Place, title: str, now: datetime | None = None) -> tuple[str, str]:
    """What one check says: its mark, and everything it says."""
    checks = all_checks(place, (lambda: now) if now else lambda: datetime.now(UTC))
    (check,) = (one for one in checks if one.title == title)
    verdict = judged(check)
    return verdict.mark, f"{verdict.said} → {verdict.advice}"


def test_the_deployed_stack_is_well(place: Place) -> None:
    console = Console(record=True, width=200)
    assert visit(place, console)
    lines = console.export_text().splitlines()
    assert lines[-1].startswith("all is well (")
    left_out = [line.split()[1] for line in lines if line.startswith(SKIPPED)]
    assert (len(lines), set(left_out) <= {"alarms"}) == (2 + 24, True)


def test_no_secret_is_in_what_it_prints(place: Place, stack: Stack) -> None:
    console = Console(record=True, width=400)
    examine(all_checks(place), console)
    wrong = all_checks(with_parameters(place, wechat_app_secret="0" * 32))
    examine([check for check in wrong if "WeChat" in check.title], console)
    said = console.export_text()
    secret = stack.credentials
    for value in (secret.app_secret, secret.api_v3_key, secret.message_token, "0" * 32):
        assert value not in said
    assert "PRIVATE KEY" not in said


@pytest.mark.parametrize("name", ["wechat_app_secret", "wechat_merchant_private_key"])
def test_a_missing_parameter(place: Place, name: str) -> None:
    mark, said = found(with_parameters(place, **{name: None}), "parameters")
    assert mark == BAD
    assert f"missing: {name}; off is" in said
    assert "make secrets STAGE=local" in said


def test_a_missing_option_is_no_fault(place: Place) -> None:
    without = with_parameters(place, draw_keys=None)
    assert found(without, "parameters")[0] == GOOD
    mark, said = found(without, "parameters one can do without")
    assert (mark, "draw_keys: draws off" in said) == (SKIPPED, True)


def test_a_parameter_of_the_wrong_form(place: Place) -> None:
    mark, said = found(with_parameters(place, wechat_api_v3_key="short"), "their form")
    assert mark == BAD
    assert "wechat_api_v3_key is not 32 bytes long" in said


@pytest.mark.parametrize(
    ("name", "value", "field", "remedy"),
    [
        (
            "wechat_merchant_private_key",
            OTHER.merchant_private_key_pem,
            "signature",
            "apiclient_key.pem of the same download",
        ),
        (
            "wechat_merchant_serial",
            OTHER.merchant_serial,
            "serial_no",
            "take it from apiclient_cert.pem",
        ),
    ],
    ids=["another key", "another serial"],
)
def test_a_key_that_does_not_match_its_serial(
    place: Place, name: str, value: str, field: str, remedy: str
) -> None:
    mark, said = found(with_parameters(place, **{name: value}), "WeChat Pay knows our key")
    assert mark == BAD
    assert f"401 SIGN_ERROR ({field})" in said
    assert remedy in said


def test_another_public_key_under_wechats_id(place: Place, stack: Stack) -> None:
    keys = {stack.credentials.active_key.key_id: OTHER.active_key.public_key_pem}
    forged = with_parameters(place, wechat_public_keys=json.dumps(keys))
    mark, said = found(forged, "WeChat Pay knows our key")
    assert mark == BAD
    assert "look at it in the console" in said or "take pub_key.pem" in said


def test_a_wrong_app_secret(place: Place) -> None:
    mark, said = found(with_parameters(place, wechat_app_secret="0" * 32), "WeChat knows our app")
    assert mark == BAD
    assert "errcode 40125" in said
    assert "wechat_app_secret is not this app's" in said


def test_a_base_url_with_a_query_string(place: Place, stack: Stack) -> None:
    url = f"{stack.endpoints.api_url}?stage=local"
    mark, said = found(with_parameters(place, public_base_url=url), "public_base_url")
    assert mark == BAD
    assert "has a query string" in said


def test_a_base_url_that_cannot_be_reached(place: Place) -> None:
    away = with_parameters(place, public_base_url="http://127.0.0.1:9/local")
    mark, said = found(away, "public_base_url answers")
    assert mark == BAD
    assert "cannot be reached: ConnectionError" in said
    assert found(away, "public_base_url is this stack")[0] == BAD


def test_a_base_url_where_something_else_answers(place: Place, stack: Stack) -> None:
    elsewhere = with_parameters(place, public_base_url=stack.endpoints.sandbox_url)
    mark, said = found(elsewhere, "public_base_url answers")
    assert mark == BAD
    assert "/v1/health answers 404" in said
    assert found(elsewhere, "public_base_url is this stack")[0] == BAD


@pytest.mark.parametrize("title", ["clock of AWS", "clock of WeChat"])
def test_a_clock_that_is_off(place: Place, title: str) -> None:
    assert found(place, title)[0] == GOOD
    mark, said = found(place, title, datetime.now(UTC) + timedelta(seconds=90))
    assert mark == BAD
    assert "between this machine and" in said


@contextmanager
def disabled_rule(stack: Stack) -> Iterator[str]:
    events = stack.client("events")
    name = next(one["Name"] for one in events.list_rules()["Rules"] if "Reconcile" in one["Name"])
    events.disable_rule(Name=name)
    try:
        yield name
    finally:
        events.enable_rule(Name=name)


def test_a_disabled_schedule(place: Place, stack: Stack) -> None:
    with disabled_rule(stack) as name:
        mark, said = found(place, "schedules")
        assert mark == BAD
        assert f"disabled: {name}" in said
        assert f"aws events enable-rule --name {name}" in said
    assert found(place, "schedules") == (GOOD, "9 enabled → ")


def test_a_disabled_stream_mapping(place: Place, stack: Stack) -> None:
    lambdas = stack.client("lambda")
    listed = lambdas.list_event_source_mappings(FunctionName="kaituan-local-relay_withdrawals")
    (mapping,) = listed["EventSourceMappings"]
    lambdas.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
    try:
        mark, said = found(place, "streams")
        assert mark == BAD
        assert "relay_withdrawals is Disabled" in said
        assert f"--enabled --uuid {mapping['UUID']}" in said
    finally:
        lambdas.update_event_source_mapping(UUID=mapping["UUID"], Enabled=True)
    assert found(place, "streams")[0] == GOOD


def test_a_refund_that_kept_failing(place: Place, stack: Stack) -> None:
    queues, url = stack.client("sqs"), stack.outputs["DeadRefundQueueUrl"]
    queues.send_message(QueueUrl=url, MessageBody="{}")
    try:
        mark, said = found(place, "refunds that kept failing")
        assert mark == BAD
        assert "1 messages" in said
    finally:
        queues.purge_queue(QueueUrl=url)
    assert found(place, "refunds that kept failing")[0] == GOOD


def test_a_stream_record_that_was_given_up(place: Place, stack: Stack) -> None:
    storage, bucket = stack.client("s3"), stack.outputs["FailedRecordsBucketName"]
    storage.put_object(Bucket=bucket, Key="relay_orders/record.json", Body=b"{}")
    try:
        mark, said = found(place, "stream records given up")
        assert mark == BAD
        assert "relay_orders/record.json" in said
    finally:
        storage.delete_object(Bucket=bucket, Key="relay_orders/record.json")
    assert found(place, "stream records given up")[0] == GOOD


def test_functions_on_another_python_than_the_package(place: Place, stack: Stack) -> None:
    lambdas, name = stack.client("lambda"), "kaituan-local-admin_money"
    runtime = lambdas.get_function_configuration(FunctionName=name)["Runtime"]
    lambdas.update_function_configuration(FunctionName=name, Runtime="python3.14")
    try:
        mark, said = found(place, "Python of the functions")
        assert mark == BAD
        assert f"packaged for {runtime}, but admin_money on python3.14" in said
    finally:
        lambdas.update_function_configuration(FunctionName=name, Runtime=runtime)
    wait_until(lambda: found(place, "functions")[0], GOOD, "the function to be updated")
    assert found(place, "Python of the functions") == (GOOD, f"{runtime} → ")


def test_no_stack_is_one_red_line_and_what_hangs_on_it_is_left_out(place: Place) -> None:
    away = dataclasses.replace(place, stage="test", local=None)
    console = Console(record=True, width=200)
    assert not visit(away, console)
    lines = [line for line in console.export_text().splitlines() if not line.startswith("  →")]
    assert lines[1].split() == ["✗", "stack", "there", "is", "no", "stack", "kaituan-test", "here"]
    assert lines[2].split() == ["–", "functions", "there", "are", "no", "functions"]
