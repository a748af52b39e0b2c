"""The packaged template of production holds what is promised."""

from typing import Any

import pytest

from infra.package import Package
from infra.tables import all_tables
from infra.template import FUNCTIONS, Function
from tests.infra.conftest import Resources, policy_of

NAMES = [function.name for function in FUNCTIONS]
STREAMED = [function for function in FUNCTIONS if function.stream_of]
SCHEDULED = [function for function in FUNCTIONS if function.schedule]


def properties(resources: Resources, name: str) -> dict[str, Any]:
    found: dict[str, Any] = resources[name]["Properties"]
    return found


def event(resources: Resources, function: Function) -> tuple[str, dict[str, Any]]:
    ((_, source),) = properties(resources, function.logical_id)["Events"].items()
    return source["Type"], source["Properties"]


def test_every_handler_is_in_app_py_and_known_here(resources: Resources) -> None:
    handlers = {
        name: resource["Properties"]["Handler"]
        for name, resource in resources.items()
        if resource["Type"] == "AWS::Serverless::Function"
    }
    assert set(handlers) == {function.logical_id for function in FUNCTIONS}
    assert all(handler.startswith("app.") for handler in handlers.values())


@pytest.mark.parametrize("function", FUNCTIONS, ids=NAMES)
def test_each_function_can_be_found_by_name_with_its_log(
    function: Function, resources: Resources
) -> None:
    name = f"kaituan-prod-{function.name}"
    assert properties(resources, function.logical_id)["FunctionName"] == name
    log = properties(resources, f"{function.logical_id}Logs")
    assert log == {"LogGroupName": f"/aws/lambda/{name}", "RetentionInDays": 180}


def test_every_function_has_a_role_of_its_own(resources: Resources) -> None:
    roles = {
        properties(resources, function.logical_id)["Role"]["Fn::GetAtt"][0]
        for function in FUNCTIONS
    }
    assert len(roles) == len(FUNCTIONS)


@pytest.mark.parametrize("function", STREAMED, ids=[function.name for function in STREAMED])
def test_a_stream_retries_splits_and_sets_aside(function: Function, resources: Resources) -> None:
    kind, source = event(resources, function)
    assert kind == "DynamoDB"
    table = f"{str(function.stream_of).capitalize()}Table"
    assert source["Stream"] == {"Fn::GetAtt": [table, "StreamArn"]}
    assert source["StartingPosition"] == "TRIM_HORIZON"
    assert source["MaximumRetryAttempts"] == 10
    assert source["BisectBatchOnFunctionError"] is True
    assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert source["DestinationConfig"]["OnFailure"]["Type"] == "S3"


def test_refunds_are_executed_a_few_at_a_time_and_one_by_one_on_failure(
    resources: Resources,
) -> None:
    worker = next(function for function in FUNCTIONS if function.reads_refund_queue)
    kind, source = event(resources, worker)
    assert kind == "SQS"
    assert source["Queue"] == {"Fn::Sub": "${RefundQueue.Arn}"}
    assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert source["ScalingConfig"] == {"MaximumConcurrency": 5}
    # A reservation would keep small accounts, with ten executions in all, from deploying.
    assert "ReservedConcurrentExecutions" not in properties(resources, worker.logical_id)


def test_a_message_stays_hidden_six_times_as_long_as_the_worker_may_take(
    resources: Resources,
) -> None:
    timeout_seconds = properties(resources, "ExecuteRefunds")["Timeout"]
    queue = properties(resources, "RefundQueue")
    assert queue["VisibilityTimeout"] >= 6 * timeout_seconds
    assert queue["RedrivePolicy"] == {
        "deadLetterTargetArn": {"Fn::GetAtt": ["DeadRefundQueue", "Arn"]},
        "maxReceiveCount": 5,
    }
    dead = properties(resources, "DeadRefundQueue")
    assert dead["MessageRetentionPeriod"] > queue["MessageRetentionPeriod"]


@pytest.mark.parametrize("function", SCHEDULED, ids=[function.name for function in SCHEDULED])
def test_a_schedule_fires_in_its_time_and_is_not_piled_up(
    function: Function, resources: Resources
) -> None:
    kind, source = event(resources, function)
    assert kind == "Schedule"
    slower = {"audit_slice": "rate(5 minutes)"} | dict.fromkeys(
        ("reconcile_days", "export_days"), "rate(1 hour)"
    )
    assert source["Schedule"] == slower.get(function.name, "rate(1 minute)")
    assert source["RetryPolicy"] == {"MaximumRetryAttempts": 0, "MaximumEventAgeInSeconds": 60}


def test_whatever_can_be_due_is_swept_and_whatever_has_a_stream_is_relayed() -> None:
    """Draws and allotments are swept with the groups of their campaigns."""
    with_groups = {"draws", "stock"}
    swept = {table.name for table in all_tables() if "due" in table.indexes} - with_groups
    due = {f"sweep_{name}" for name in swept}
    others = {"reconcile_days", "audit_slice", "export_days"}
    assert {function.name for function in SCHEDULED} == due | others
    streamed = {f"relay_{table.name}" for table in all_tables() if table.has_stream}
    assert {function.name for function in STREAMED} == streamed


def test_secrets_are_not_in_the_template(packaged: Package) -> None:
    variables = packaged.read_template()["Globals"]["Function"]["Environment"]["Variables"]
    assert set(variables) == {
        "FILES_BUCKET",
        "REFUND_QUEUE_URL",
        "WECHAT_APP_ID",
        "WECHAT_MERCHANT_ID",
        "WECHAT_PAY_BASE_URL",
        "WECHAT_API_BASE_URL",
    }
    text = packaged.template.read_text(encoding="utf-8").lower()
    assert "private key" not in text
    assert "app_secret" not in text


@pytest.mark.parametrize("function", FUNCTIONS, ids=NAMES)
def test_each_function_knows_its_stage(function: Function, resources: Resources) -> None:
    variables = properties(resources, function.logical_id)["Environment"]["Variables"]
    assert variables["STAGE"] == "prod"
    assert variables["TABLE_PREFIX"] == "kaituan-prod"
    assert variables["PARAMETER_PREFIX"] == "/kaituan/prod"
    assert "ADMIN_TAKES_MONEY_COMMANDS" not in variables


def test_the_gateway_answers_for_itself_in_our_words(resources: Resources) -> None:
    responses = properties(resources, "RestAPI")["GatewayResponses"]
    assert responses["MISSING_AUTHENTICATION_TOKEN"]["StatusCode"] == "404"
    assert {"DEFAULT_4XX", "DEFAULT_5XX", "REQUEST_TOO_LARGE", "THROTTLED"} <= set(responses)


def test_failed_records_are_private_and_forgotten(resources: Resources) -> None:
    bucket = properties(resources, "FailedRecordsBucket")
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    (rule,) = bucket["LifecycleConfiguration"]["Rules"]
    assert (rule["Status"], rule["ExpirationInDays"]) == ("Enabled", 90)


def test_no_function_may_do_more_than_it_names(resources: Resources) -> None:
    """`*` as a resource is for listing streams only: that action takes no other."""
    wide = {
        (function.name, action)
        for function in FUNCTIONS
        for statement in policy_of(resources, function.logical_id)
        for action in statement["Action"]
        if statement["Resource"] == ["*"] or "*" in action
    }
    assert wide == {(function.name, "dynamodb:ListStreams") for function in STREAMED}


@pytest.mark.parametrize("function", FUNCTIONS, ids=NAMES)
def test_each_policy_names_its_stage_and_no_partition(
    function: Function, resources: Resources
) -> None:
    named = [
        resource
        for statement in policy_of(resources, function.logical_id)
        for resource in statement["Resource"]
        if resource != "*"
    ]
    assert named
    for resource in named:
        assert resource.startswith("arn:*:"), resource
        assert "kaituan-prod-" in resource or "/kaituan/prod*" in resource, resource


def test_only_the_worker_takes_refunds_and_only_it_cannot_enqueue(resources: Resources) -> None:
    takers = {
        function.name
        for function in FUNCTIONS
        for statement in policy_of(resources, function.logical_id)
        if "sqs:ReceiveMessage" in statement["Action"]
    }
    assert takers == {"execute_refunds"}


def test_files_are_private_encrypted_and_forgotten_where_people_are_in_them(
    resources: Resources,
) -> None:
    bucket = properties(resources, "FilesBucket")
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    (encryption,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert encryption == {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
    rules = bucket["LifecycleConfiguration"]["Rules"]
    forgotten = {rule["Prefix"]: rule["ExpirationInDays"] for rule in rules if "Prefix" in rule}
    assert forgotten == {"in/": 30, "results/": 30, "merchants/": 30, "exports/orders/": 30}
    assert resources["FilesBucket"]["DeletionPolicy"] == "Retain"


def test_only_what_is_dropped_starts_the_function_and_no_circle_is_made(
    resources: Resources,
) -> None:
    function = next(function for function in FUNCTIONS if function.takes_files)
    kind, source = event(resources, function)
    assert kind == "CloudWatchEvent"
    assert source["Pattern"] == {
        "source": ["aws.s3"],
        "detail-type": ["Object Created"],
        "detail": {
            "bucket": {"name": [{"Ref": "FilesBucket"}]},
            "object": {"key": [{"prefix": "in/"}, {"wildcard": "merchants/*/in/*"}]},
        },
    }
    told = properties(resources, "FilesBucket")["NotificationConfiguration"]
    assert told == {"EventBridgeConfiguration": {"EventBridgeEnabled": True}}


def test_the_function_writes_where_nothing_starts_it(resources: Resources) -> None:
    written = [
        resource
        for statement in policy_of(resources, "TakeFiles")
        for resource in statement["Resource"]
        if "s3:PutObject" in statement["Action"]
    ]
    assert written == ["arn:*:s3:::kaituan-prod-files-*/results/*"]  # and in merchants' folders
