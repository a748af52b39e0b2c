"""The hand-written policies, before packaging narrows them to a stage."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from infra.tables import all_tables
from infra.template import CHALICE_CONFIG, FUNCTIONS
from tests.policy_watch import is_lambdas_own

POLICIES = sorted(CHALICE_CONFIG.parent.glob("policy-*.json"))
READING_A_STREAM = ("DescribeStream", "GetRecords", "GetShardIterator", "ListStreams")
TABLE = re.compile(r"table/kaituan-\*-(\w+)")


def statements(path: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["Statement"]
    return found


def test_each_function_names_the_policy_of_its_name() -> None:
    config = json.loads(CHALICE_CONFIG.read_text(encoding="utf-8"))
    named = {
        name: settings["iam_policy_file"] for name, settings in config["lambda_functions"].items()
    }
    assert named == {function.name: f"policy-{function.name}.json" for function in FUNCTIONS}
    assert config["autogen_policy"] is False
    assert {path.name for path in POLICIES} == set(named.values())


@pytest.mark.parametrize("path", POLICIES, ids=[path.stem for path in POLICIES])
def test_each_table_in_a_policy_exists(path: Path) -> None:
    tables = {table.name for table in all_tables()}
    for statement in statements(path):
        for resource in statement["Resource"]:
            for name in TABLE.findall(resource):
                assert name in tables, f"{path.name} names {name}"


@pytest.mark.parametrize("path", POLICIES, ids=[path.stem for path in POLICIES])
def test_each_function_may_log_to_its_own_log_only(path: Path) -> None:
    function = path.stem.removeprefix("policy-")
    logging = next(found for found in statements(path) if found["Sid"] == "WriteLogs")
    assert logging["Resource"] == [f"arn:*:logs:*:*:log-group:/aws/lambda/kaituan-*-{function}:*"]


def test_the_api_may_read_every_index_that_a_member_s_own_list_comes_from() -> None:
    path = CHALICE_CONFIG.with_name("policy-api_handler.json")
    queried = {
        resource
        for statement in statements(path)
        if "dynamodb:Query" in statement["Action"]
        for resource in statement["Resource"]
    }
    listed = {
        table.name
        for table in all_tables()
        for keys in table.indexes.values()
        if keys[0].name in {"member_id", "beneficiary_id", "leader_id"}
    }
    assert listed == {"orders", "commissions", "withdrawals", "stations"}
    assert {f"arn:*:dynamodb:*:*:table/kaituan-*-{name}/index/*" for name in listed} <= queried


@pytest.mark.parametrize("function", [function for function in FUNCTIONS if function.stream_of])
def test_a_relay_reads_its_own_stream_only(function: Any) -> None:
    path = CHALICE_CONFIG.with_name(f"policy-{function.name}.json")
    reading = [found for found in statements(path) if "dynamodb:GetRecords" in found["Action"]]
    (statement,) = reading
    table = f"arn:*:dynamodb:*:*:table/kaituan-*-{function.stream_of}/stream/*"
    assert statement["Resource"] == [table]


def test_no_policy_allows_scans_but_the_operators_and_the_audits() -> None:
    scanning = {
        path.stem
        for path in POLICIES
        for statement in statements(path)
        if "dynamodb:Scan" in statement["Action"]
    }
    assert scanning == {"policy-admin", "policy-audit_slice", "policy-export_days"}


def test_nobody_may_take_anything_out_of_the_books() -> None:
    allowed = {
        action
        for path in POLICIES
        for statement in statements(path)
        for action in statement["Action"]
        if any("-ledger" in resource for resource in statement["Resource"])
    }
    assert allowed == {
        "dynamodb:BatchGetItem",
        "dynamodb:ConditionCheckItem",
        "dynamodb:GetItem",
        "dynamodb:PutItem",
        "dynamodb:Query",
        "dynamodb:Scan",
        "dynamodb:UpdateItem",
    }


@pytest.mark.parametrize("function", FUNCTIONS, ids=[function.name for function in FUNCTIONS])
def test_what_lambda_does_for_a_function_is_no_more_than_it_needs(function: Any) -> None:
    """What none of our code calls, and so no story shows."""
    path = CHALICE_CONFIG.with_name(f"policy-{function.name}.json")
    granted = {
        action for found in statements(path) for action in found["Action"] if is_lambdas_own(action)
    }
    needed = {"logs:CreateLogStream", "logs:PutLogEvents"}
    if function.stream_of:
        needed |= {f"dynamodb:{name}" for name in READING_A_STREAM}
    if function.name == "execute_refunds":
        needed |= {"sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"}
    assert granted == needed
    assert any("failed-records" in str(found) for found in statements(path)) == bool(
        function.stream_of
    )
