"""What CloudFormation made of the packaged app on the local stack."""

import json

import boto3
import pytest
from botocore.exceptions import ClientError

from infra.local.endpoints import FILE_NAME, read_endpoints
from infra.local.seed import ADDRESS
from infra.local.shopper import wait_until
from infra.local.stack import Stack
from infra.tables import all_tables
from infra.template import FUNCTIONS
from infra.throttles import EVERYTHING, THROTTLES
from tests.e2e.conftest import Members, log_lines

pytestmark = pytest.mark.e2e


def test_the_endpoints_are_written_down(stack: Stack) -> None:
    assert read_endpoints(stack.directory) == stack.endpoints
    content = json.loads((stack.directory / FILE_NAME).read_text(encoding="utf-8"))
    assert set(content) == {
        "api_url",
        "sandbox_url",
        "aws_endpoint_url",
        "region",
        "stack_name",
        "admin_function",
    }
    assert content["api_url"].startswith("http://127.0.0.1:")


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
        "wechat_message_token",
        "wechat_message_aes_key",
        "payee_keys",
        "draw_keys",
        "public_base_url",
    }
    assert found["public_base_url"] == stack.endpoints.api_url
    assert "?" not in found["public_base_url"]


def test_the_gateway_lets_no_more_through_than_its_throttles_say(stack: Stack) -> None:
    stage = stack.client("apigateway").get_stage(
        restApiId=stack.outputs["RestAPIId"], stageName="local"
    )
    everything = stage["methodSettings"]["*/*"]
    assert everything["throttlingRateLimit"] == EVERYTHING.per_second
    assert everything["throttlingBurstLimit"] == EVERYTHING.at_once
    assert len(stage["methodSettings"]) == 1 + len(THROTTLES)


def test_policies_are_enforced(stack: Stack) -> None:
    """The role that asks for refunds may not read members: the emulator refuses as AWS does."""
    identity = stack.client("iam")
    role = next(
        role["RoleName"]
        for role in identity.list_roles()["Roles"]
        if "ExecuteRefunds" in role["RoleName"]
    )
    (policy,) = identity.list_role_policies(RoleName=role)["PolicyNames"]
    text = json.dumps(identity.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"])
    assert "kaituan-local-refunds" in text
    assert "kaituan-local-members" not in text
    arn = identity.get_role(RoleName=role)["Role"]["Arn"]
    session = stack.client("sts").assume_role(RoleArn=arn, RoleSessionName="test")["Credentials"]
    refunding = boto3.client(
        "dynamodb",
        endpoint_url=stack.endpoints.aws_endpoint_url,
        region_name=stack.endpoints.region,
        aws_access_key_id=session["AccessKeyId"],
        aws_secret_access_key=session["SecretAccessKey"],
        aws_session_token=session["SessionToken"],
    )
    key = {"member_id": {"S": "m1"}, "kind": {"S": "profile"}}
    with pytest.raises(ClientError, match="AccessDenied"):
        refunding.get_item(TableName=stack.table_name("members"), Key=key)
    refund = {"refund_id": {"S": "r1"}}
    assert "Item" not in refunding.get_item(TableName=stack.table_name("refunds"), Key=refund)


def test_the_schedules_are_on(stack: Stack) -> None:
    every_rule = stack.client("events").list_rules()["Rules"]
    rules = [rule for rule in every_rule if "ScheduleExpression" in rule]
    assert {(rule["ScheduleExpression"], rule["State"]) for rule in rules} == {
        ("rate(1 minute)", "ENABLED"),
        ("rate(5 minutes)", "ENABLED"),
        ("rate(1 hour)", "ENABLED"),
    }
    targets = {
        target["Arn"].rpartition(":")[2]
        for rule in rules
        for target in stack.client("events").list_targets_by_rule(Rule=rule["Name"])["Targets"]
    }
    scheduled = {function.name for function in FUNCTIONS if function.schedule}
    assert targets == {f"kaituan-local-{name}" for name in scheduled}


def test_refunds_that_keep_failing_go_to_the_dead_letter_queue(stack: Stack) -> None:
    queues = stack.client("sqs")
    urls = (stack.outputs["RefundQueueUrl"], stack.outputs["DeadRefundQueueUrl"])
    refunds, dead = (
        queues.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        for url in urls
    )
    policy = json.loads(refunds["RedrivePolicy"])
    assert (policy["deadLetterTargetArn"], policy["maxReceiveCount"]) == (dead["QueueArn"], 5)
    assert dead["ApproximateNumberOfMessages"] == "0"


def test_each_request_is_one_line_of_json_without_the_person(stack: Stack, member: Members) -> None:
    somebody = member()
    order = somebody.buys()
    order.now()

    def routes_seen() -> set[str]:
        return {line.get("route") for line in log_lines(stack, "api_handler")}

    wait_until(lambda: "/v1/orders/{order_id}" in routes_seen(), True, "the request in the log")

    lines = log_lines(stack, "api_handler")
    (line, *_) = (line for line in lines if line.get("route") == "/v1/orders/{order_id}")
    assert (line["level"], line["method"], line["status"]) == ("INFO", "GET", 200)
    assert isinstance(line["milliseconds"], int)
    assert line["correlation_id"]
    everything = json.dumps(lines, ensure_ascii=False)
    for personal in (somebody.token, ADDRESS["phone"], ADDRESS["recipient"], ADDRESS["detail"]):
        assert personal not in everything
