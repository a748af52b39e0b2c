"""What a deployment refuses, and what it says: against stand-ins for AWS's clients that keep the
promises of CloudFormation's API reference. tests/infra/test_deploy_to_aws_here.py deploys for real.
"""

import copy
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError
from rich.console import Console

from infra.deploy.artifacts import bucket_template, runtimes
from infra.deploy.change_set import (
    CAPABILITIES,
    Change,
    Request,
    execute,
    parameters_of,
    proposed,
    read_change,
)
from infra.deploy.follow import follow
from infra.deploy.refusals import NotDeployed, NothingToChange, stuck_stack
from infra.deploy.run import require_same_python
from infra.deploy.show import Events, changes_table
from infra.package import Package
from infra.place import CannotReach, Place, reach, remember_place, require_usual_place, who_am_i

ADDED = {"Action": "Add", "LogicalResourceId": "Admin", "ResourceType": "AWS::Lambda::Function"}
REMOVED = {
    "Action": "Remove",
    "LogicalResourceId": "RefundQueue",
    "ResourceType": "AWS::SQS::Queue",
    "PolicyAction": "Retain",
}
TEMPLATE = {
    "Parameters": {
        "WechatAppId": {"Type": "String", "Description": "AppID of the mini-program"},
        "WechatPayBaseUrl": {"Type": "String", "Default": "https://api.mch.weixin.qq.com"},
    }
}
REQUEST = Request("kaituan-test", "https://bucket/template", ({"ParameterKey": "WechatAppId"},))


def refusal(code: str, message: str, operation: str = "Call") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, operation)


class FakeCloudFormation:
    """One stack and its change sets. `looks` is how the change set stands, look after look."""

    def __init__(self, status: str | None, looks: list[dict[str, Any]]) -> None:
        self.status = status
        self.looks = looks
        self.sets: dict[str, dict[str, Any]] = {}
        self.deleted: list[str] = []
        self.asked: dict[str, Any] = {}

    def describe_stacks(self, StackName: str) -> dict[str, Any]:  # noqa: N803
        if self.status is None:
            raise refusal("ValidationError", f"Stack with id {StackName} does not exist")
        return {"Stacks": [{"StackName": StackName, "StackStatus": self.status}]}

    def create_change_set(self, **asked: Any) -> None:
        self.asked = asked
        self.status = self.status or "REVIEW_IN_PROGRESS"
        self.sets[asked["ChangeSetName"]] = self.looks[0]

    def describe_change_set(self, **asked: str) -> dict[str, Any]:
        name = asked["ChangeSetName"]
        if name not in self.sets:
            raise refusal("ChangeSetNotFound", "no such change set")
        self.sets[name] = look = self.looks.pop(0) if self.looks[1:] else self.looks[0]
        if isinstance(look.get("raises"), BaseException):
            raise look["raises"]
        return {"ExecutionStatus": "AVAILABLE", **copy.deepcopy(look)}

    def get_paginator(self, operation: str) -> "FakeCloudFormation":
        assert operation == "describe_change_set"
        return self

    def paginate(self, **asked: str) -> list[dict[str, Any]]:
        return [self.describe_change_set(**asked)]

    def delete_change_set(self, StackName: str, ChangeSetName: str) -> None:  # noqa: N803
        assert not self.sets[ChangeSetName]["Status"].endswith("_IN_PROGRESS")
        del self.sets[ChangeSetName]
        self.deleted.append("change set")

    def list_change_sets(self, StackName: str) -> dict[str, Any]:  # noqa: N803
        return {"Summaries": list(self.sets)}

    def delete_stack(self, StackName: str) -> None:  # noqa: N803
        self.status = None
        self.deleted.append("stack")

    def execute_change_set(self, StackName: str, ChangeSetName: str) -> None:  # noqa: N803
        self.looks = [{**self.looks[0], "ExecutionStatus": "EXECUTE_IN_PROGRESS"}]


def ready(*changes: Mapping[str, Any]) -> dict[str, Any]:
    resources = [{"ResourceChange": change} for change in changes]
    return {"Status": "CREATE_COMPLETE", "Changes": resources}


def no_pause(_seconds: float) -> None:
    return


def rows_of(*changes: Change) -> list[list[str]]:
    console = Console(record=True, width=160, file=io.StringIO())
    console.print(changes_table(changes))
    lines = [line for line in console.export_text().splitlines() if line.startswith("│")]
    return [[cell.strip() for cell in line.strip("│").split("│")] for line in lines]


def test_a_first_deployment_makes_the_stack_with_all_capabilities() -> None:
    cloudformation = FakeCloudFormation(None, [{"Status": "CREATE_IN_PROGRESS"}, ready(ADDED)])
    with proposed(cloudformation, REQUEST, "deploy-1", no_pause) as proposal:
        execute(cloudformation, "kaituan-test", proposal)
    assert proposal.changes == (Change("add", "Admin", "AWS::Lambda::Function"),)
    assert cloudformation.asked["ChangeSetType"] == "CREATE"
    assert cloudformation.asked["Capabilities"] == CAPABILITIES
    assert "ImportExistingResources" not in cloudformation.asked
    assert cloudformation.deleted == []


def test_an_existing_stack_is_updated() -> None:
    cloudformation = FakeCloudFormation("UPDATE_ROLLBACK_COMPLETE", [ready(ADDED)])
    with proposed(cloudformation, REQUEST, "deploy-1", no_pause):
        assert cloudformation.asked["ChangeSetType"] == "UPDATE"


def test_what_is_left_of_a_first_try_is_made_anew() -> None:
    cloudformation = FakeCloudFormation("REVIEW_IN_PROGRESS", [ready(ADDED)])
    with proposed(cloudformation, REQUEST, "deploy-1", no_pause):
        assert cloudformation.asked["ChangeSetType"] == "CREATE"


@pytest.mark.parametrize(
    "reason",
    [
        "The submitted information didn't contain changes. Submit different information.",
        "No updates are to be performed.",
    ],
)
def test_nothing_to_change_is_said_and_the_change_set_is_gone(reason: str) -> None:
    failed = {"Status": "FAILED", "StatusReason": reason, "ExecutionStatus": "UNAVAILABLE"}
    cloudformation = FakeCloudFormation("UPDATE_COMPLETE", [failed])
    with (
        pytest.raises(NothingToChange),
        proposed(cloudformation, REQUEST, "deploy-1", no_pause),
    ):
        pass
    assert (cloudformation.sets, cloudformation.deleted) == ({}, ["change set"])


def test_a_change_that_is_not_taken_says_why_and_is_gone_with_its_empty_stack() -> None:
    failed = {"Status": "FAILED", "StatusReason": "Template error: no such function"}
    cloudformation = FakeCloudFormation(None, [failed])
    with (
        pytest.raises(NotDeployed, match="no such function"),
        proposed(cloudformation, REQUEST, "deploy-1", no_pause),
    ):
        pass
    assert (cloudformation.sets, cloudformation.status) == ({}, None)


def test_an_interruption_while_it_is_being_made_leaves_nothing() -> None:
    being_made: dict[str, Any] = {"Status": "CREATE_IN_PROGRESS"}
    looks = [{**being_made, "raises": KeyboardInterrupt()}, being_made, being_made, ready(ADDED)]
    cloudformation = FakeCloudFormation(None, looks)
    with (
        pytest.raises(KeyboardInterrupt),
        proposed(cloudformation, REQUEST, "deploy-1", no_pause),
    ):
        pass
    assert (cloudformation.sets, cloudformation.status) == ({}, None)
    assert cloudformation.deleted == ["change set", "stack"]


def test_a_refused_execution_leaves_nothing() -> None:
    class Forbidding(FakeCloudFormation):
        def execute_change_set(self, StackName: str, ChangeSetName: str) -> None:  # noqa: N803
            raise refusal("AccessDenied", "you may not")

    cloudformation = Forbidding("UPDATE_COMPLETE", [ready(ADDED)])
    with (
        pytest.raises(ClientError, match="AccessDenied"),
        proposed(cloudformation, REQUEST, "deploy-1", no_pause) as proposal,
    ):
        execute(cloudformation, "kaituan-test", proposal)
    assert cloudformation.sets == {}


def test_what_is_executed_is_left_to_cloudformation_even_when_the_answer_is_lost() -> None:
    class Losing(FakeCloudFormation):
        def execute_change_set(self, StackName: str, ChangeSetName: str) -> None:  # noqa: N803
            super().execute_change_set(StackName, ChangeSetName)
            raise EndpointConnectionError(endpoint_url="https://cloudformation")

    cloudformation = Losing("UPDATE_COMPLETE", [ready(ADDED)])
    with (
        pytest.raises(EndpointConnectionError),
        proposed(cloudformation, REQUEST, "deploy-1", no_pause) as proposal,
    ):
        execute(cloudformation, "kaituan-test", proposal)
    assert cloudformation.deleted == []


@pytest.mark.parametrize(
    ("action", "replacement", "kind", "loses"),
    [
        ("Modify", "False", "AWS::DynamoDB::Table", False),
        ("Modify", "True", "AWS::DynamoDB::Table", True),
        ("Modify", "Conditional", "AWS::DynamoDB::Table", True),
        ("Remove", "False", "AWS::DynamoDB::Table", True),
        ("Remove", "False", "AWS::S3::Bucket", True),
        ("Modify", "True", "AWS::SQS::Queue", True),
        ("Modify", "True", "AWS::ApiGateway::RestApi", True),
        ("Modify", "Conditional", "AWS::ApiGateway::RestApi", False),
        ("Remove", "False", "AWS::ApiGateway::DomainName", True),
        ("Remove", "False", "AWS::ApiGateway::Deployment", False),
        ("Modify", "True", "AWS::Lambda::Permission", False),
        ("Add", "False", "AWS::DynamoDB::Table", False),
    ],
)
def test_what_loses_data_or_the_address(
    action: str, replacement: str, kind: str, loses: bool
) -> None:
    change = read_change(
        {
            "Action": action,
            "Replacement": replacement,
            "LogicalResourceId": "Thing",
            "ResourceType": kind,
        }
    )
    assert change.loses is loses


def test_changes_are_shown_by_kind_with_what_loses_something_first() -> None:
    table = read_change(
        {
            "Action": "Modify",
            "Replacement": "True",
            "LogicalResourceId": "OrdersTable",
            "ResourceType": "AWS::DynamoDB::Table",
            "Details": [{"Target": {"Attribute": "Properties", "Name": "KeySchema"}}],
        }
    )
    functions = [Change("change", name, "AWS::Lambda::Function", ("Code",)) for name in ("A", "B")]
    assert rows_of(*functions, table, read_change(REMOVED)) == [
        [
            "REMOVE",
            "AWS::SQS::Queue (the present one stays, outside the stack)",
            "RefundQueue",
            "",
        ],
        ["REPLACE", "AWS::DynamoDB::Table", "OrdersTable", "KeySchema"],
        ["~ change", "2 AWS::Lambda::Function", "A, B", "Code"],
    ]


def test_parameters_are_given_once_and_kept() -> None:
    with pytest.raises(NotDeployed, match=r"--parameter WechatAppId=….*AppID of the mini-program"):
        parameters_of(TEMPLATE, {}, frozenset())
    with pytest.raises(NotDeployed, match="no parameter WechatApp; there are: WechatAppId"):
        parameters_of(TEMPLATE, {"WechatApp": "wx1"}, frozenset())
    assert parameters_of(TEMPLATE, {"WechatAppId": "wx1"}, frozenset()) == (
        {"ParameterKey": "WechatAppId", "ParameterValue": "wx1"},
    )
    known = frozenset({"WechatAppId", "WechatPayBaseUrl", "GoneFromTheTemplate"})
    assert parameters_of(TEMPLATE, {"WechatAppId": "wx2"}, known) == (
        {"ParameterKey": "WechatAppId", "ParameterValue": "wx2"},
        {"ParameterKey": "WechatPayBaseUrl", "UsePreviousValue": True},
    )


@pytest.mark.parametrize(
    ("status", "remedy"),
    [
        ("ROLLBACK_COMPLETE", "delete-stack --stack-name kaituan-test"),
        ("ROLLBACK_FAILED", "delete-stack --stack-name kaituan-test"),
        ("UPDATE_ROLLBACK_FAILED", "continue-update-rollback --stack-name kaituan-test"),
        ("DELETE_FAILED", "describe-stack-events --stack-name kaituan-test"),
        ("UPDATE_IN_PROGRESS", "Wait until that is over"),
        ("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "Wait until that is over"),
    ],
)
def test_a_stuck_stack_is_refused_with_the_command_that_helps(status: str, remedy: str) -> None:
    stuck = stuck_stack("kaituan-test", status)
    assert stuck is not None
    assert f"kaituan-test is {status}" in str(stuck)
    assert remedy in str(stuck)


@pytest.mark.parametrize(
    "status",
    ["CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "REVIEW_IN_PROGRESS"],
)
def test_a_stack_at_rest_can_be_changed(status: str) -> None:
    assert stuck_stack("kaituan-test", status) is None


class Happening:
    """A stack of which each look shows one event more; `statuses` is how it stands each time."""

    def __init__(self, statuses: list[str], events: list[dict[str, Any]]) -> None:
        self._statuses = statuses
        self._events = events
        self._shown = 0

    def describe_stacks(self, **_asked: str) -> dict[str, Any]:
        status = self._statuses.pop(0) if self._statuses[1:] else self._statuses[0]
        return {"Stacks": [{"StackStatus": status}]}

    def get_paginator(self, _operation: str) -> "Happening":
        return self

    def paginate(self, **_asked: str) -> list[dict[str, Any]]:
        self._shown += 1
        newest_first = list(reversed(self._events[: self._shown]))
        return [{"StackEvents": newest_first[:1]}, {"StackEvents": newest_first[1:]}]


def event(number: int, name: str, status: str, reason: str = "") -> dict[str, Any]:
    is_stack = name == "kaituan-test"
    kind = "AWS::CloudFormation::Stack" if is_stack else "AWS::DynamoDB::Table"
    told = {"ResourceStatusReason": reason} if reason else {}
    return {
        "EventId": str(number),
        "LogicalResourceId": name,
        "ResourceType": kind,
        "ResourceStatus": status,
        **told,
    }


def test_events_are_told_once_in_order_and_failures_are_kept() -> None:
    happened = [
        event(0, "kaituan-test", "CREATE_COMPLETE"),
        event(1, "kaituan-test", "UPDATE_IN_PROGRESS"),
        event(2, "OrdersTable", "UPDATE_FAILED", "too many indexes at once"),
        event(3, "kaituan-test", "UPDATE_ROLLBACK_COMPLETE"),
    ]
    # At first the status is still that of before.
    statuses = ["CREATE_COMPLETE", "UPDATE_IN_PROGRESS", "UPDATE_IN_PROGRESS"]
    statuses += ["UPDATE_ROLLBACK_COMPLETE"]
    told: list[str] = []
    followed = follow(
        Happening(statuses, happened),
        "kaituan-test",
        frozenset({"0"}),
        lambda each: told.append(each["EventId"]),
        no_pause,
    )
    assert told == ["1", "2", "3"]
    assert (followed.status, followed.is_good) == ("UPDATE_ROLLBACK_COMPLETE", False)
    assert followed.reasons == "  OrdersTable (AWS::DynamoDB::Table): too many indexes at once"


def test_a_failure_is_printed_with_its_reason() -> None:
    console = Console(record=True, width=120)
    events = Events(console, 2)
    events.tell(event(1, "OrdersTable", "CREATE_IN_PROGRESS"))
    events.tell(event(2, "OrdersTable", "CREATE_COMPLETE"))
    events.tell(event(3, "GroupsTable", "CREATE_FAILED", "limit [1] exceeded"))
    assert console.export_text().splitlines() == [
        "✓     1/2  CREATE_COMPLETE          AWS::DynamoDB::Table OrdersTable",
        "✗     1/2  CREATE_FAILED            AWS::DynamoDB::Table GroupsTable",
        "           limit [1] exceeded",
    ]


def test_the_record_that_a_certificate_waits_for_is_printed() -> None:
    console = Console(record=True, width=200)
    reason = "Content of DNS Record is: {Name: _a.api.example.cn.,Type: CNAME,Value: _b.acm.aws.}"
    Events(console, 2).tell(event(1, "Certificate", "CREATE_IN_PROGRESS", reason))
    assert console.export_text().strip() == (
        f"…          waits for you to enter at your DNS provider: {reason}"
    )


def test_another_python_than_the_functions_is_refused(packaged: Package) -> None:
    template = packaged.read_template()
    (python,) = runtimes(template)
    major, minor = (int(part) for part in python.removeprefix("python").split("."))
    require_same_python(template, (major, minor))
    with pytest.raises(NotDeployed, match=rf"run on {python}, and this is python{major}\.99"):
        require_same_python(template, (major, 99))


def test_what_lies_in_the_bucket_by_its_content_never_expires() -> None:
    bucket = bucket_template()["Resources"]["Bucket"]
    (rule,) = bucket["Properties"]["LifecycleConfiguration"]["Rules"]
    assert "ExpirationInDays" not in rule
    assert rule["NoncurrentVersionExpiration"] == {"NoncurrentDays": 30}
    assert bucket["DeletionPolicy"] == "Retain"


class FakeSts:
    def __init__(self, error: Exception | None = None) -> None:
        self._error = error

    def get_caller_identity(self) -> dict[str, Any]:
        if self._error:
            raise self._error
        return {"Account": "123456789012"}


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (NoCredentialsError(), "aws configure"),
        (refusal("ExpiredToken", "expired"), "have expired: `aws sso login`"),
        (refusal("InvalidClientTokenId", "invalid"), "cn-north-1"),
        (refusal("AccessDenied", "no"), "refuses to say"),
        (EndpointConnectionError(endpoint_url="https://sts"), "does not answer"),
    ],
)
def test_credentials_that_do_not_do_say_what_to_do(error: Exception, says: str) -> None:
    with pytest.raises(CannotReach, match=says):
        who_am_i(FakeSts(error))
    assert who_am_i(FakeSts()) == "123456789012"


@pytest.fixture
def nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine on which nobody ever set up AWS."""
    for name in ("AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


def test_a_region_a_profile_and_credentials_are_asked_for_by_name(nobody: None) -> None:
    with pytest.raises(CannotReach, match="no region was named"):
        reach("test")
    with pytest.raises(CannotReach, match="AWS has no region 'eu-wets-1'"):
        reach("test", region="eu-wets-1")
    with pytest.raises(CannotReach, match="list-profiles"):
        reach("test", region="cn-north-1", profile="shop")
    with pytest.raises(CannotReach, match="no AWS credentials were found"):
        reach("test", region="ap-southeast-1")


def test_a_stage_does_not_move_to_another_account_or_region_unasked(tmp_path: Path) -> None:
    def of(account: str, region: str) -> Place:
        return Place("test", account, region, lambda _service: None)

    here = of("123456789012", "ap-southeast-1")
    require_usual_place(here, elsewhere=False, build=tmp_path)
    remember_place(here, build=tmp_path)
    require_usual_place(here, elsewhere=False, build=tmp_path)
    for other in (of("210987654321", "ap-southeast-1"), of("123456789012", "us-east-1")):
        with pytest.raises(CannotReach, match=r"last deployed to account 123456789012, .*south"):
            require_usual_place(other, elsewhere=False, build=tmp_path)
        require_usual_place(other, elsewhere=True, build=tmp_path)
