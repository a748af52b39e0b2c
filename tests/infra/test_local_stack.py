"""The packaged app, deployed to the local stack by CloudFormation and called over HTTP."""

import json
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
import requests
from botocore.exceptions import ClientError

from infra.local.endpoints import FILE_NAME, NoStack, read_endpoints
from infra.local.stack import Stack, running_stack
from infra.tables import all_tables
from infra.template import FUNCTIONS

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("stack")


@pytest.fixture(scope="module")
def stack(directory: Path) -> Iterator[Stack]:
    with running_stack(directory=directory, warm=False) as stack:
        yield stack
    assert not (directory / FILE_NAME).exists()
    with pytest.raises(NoStack):
        read_endpoints(directory)


def test_the_endpoints_are_written_down(stack: Stack, directory: Path) -> None:
    assert read_endpoints(directory) == stack.endpoints
    content = json.loads((directory / FILE_NAME).read_text(encoding="utf-8"))
    assert set(content) == {
        "api_url",
        "sandbox_url",
        "aws_endpoint_url",
        "region",
        "stack_name",
        "admin_function",
    }
    assert content["api_url"].startswith("http://127.0.0.1:")


def test_an_unknown_path_is_not_found_in_our_words(stack: Stack) -> None:
    answer = requests.get(f"{stack.endpoints.api_url}/v1/no-such-path", timeout=30)
    assert answer.status_code == 404
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["Access-Control-Allow-Origin"]
    assert answer.json()["code"] == "not_found"


def test_the_api_answers(stack: Stack) -> None:
    answer = requests.get(f"{stack.endpoints.api_url}/v1/health", timeout=30)
    assert answer.status_code == 200


def test_every_table_and_function_is_deployed(stack: Stack) -> None:
    tables = stack.client("dynamodb").list_tables()["TableNames"]
    assert sorted(tables) == sorted(stack.table_name(table.name) for table in all_tables())
    functions = stack.client("lambda").list_functions()["Functions"]
    deployed = {function["FunctionName"] for function in functions}
    assert deployed == {f"kaituan-local-{function.name}" for function in FUNCTIONS}


def test_the_callback_address_and_the_secrets_are_parameters(stack: Stack) -> None:
    pages = stack.client("ssm").get_paginator("get_parameters_by_path")
    found = {
        parameter["Name"].removeprefix("/kaituan/local/"): parameter["Value"]
        for page in pages.paginate(Path="/kaituan/local", WithDecryption=True)
        for parameter in page["Parameters"]
    }
    assert set(found) == {
        "session_signing_keys",
        "wechat_app_secret",
        "wechat_merchant_private_key",
        "wechat_merchant_serial",
        "wechat_api_v3_key",
        "wechat_public_keys",
        "public_base_url",
    }
    assert found["public_base_url"] == stack.endpoints.api_url
    assert "?" not in found["public_base_url"]


def test_policies_are_enforced(stack: Stack) -> None:
    """The role of a sweep may not read members: the emulator refuses as AWS does."""
    identity = stack.client("iam")
    role = next(
        role["RoleName"]
        for role in identity.list_roles()["Roles"]
        if "SweepRefunds" in role["RoleName"]
    )
    (policy,) = identity.list_role_policies(RoleName=role)["PolicyNames"]
    text = json.dumps(identity.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"])
    assert "kaituan-local-refunds" in text
    assert "kaituan-local-members" not in text
    arn = identity.get_role(RoleName=role)["Role"]["Arn"]
    session = stack.client("sts").assume_role(RoleArn=arn, RoleSessionName="test")["Credentials"]
    swept = boto3.client(
        "dynamodb",
        endpoint_url=stack.endpoints.aws_endpoint_url,
        region_name=stack.endpoints.region,
        aws_access_key_id=session["AccessKeyId"],
        aws_secret_access_key=session["SecretAccessKey"],
        aws_session_token=session["SessionToken"],
    )
    key = {"member_id": {"S": "m1"}, "kind": {"S": "profile"}}
    with pytest.raises(ClientError, match="AccessDenied"):
        swept.get_item(TableName=stack.table_name("members"), Key=key)
    refund = {"refund_id": {"S": "r1"}}
    assert "Item" not in swept.get_item(TableName=stack.table_name("refunds"), Key=refund)
