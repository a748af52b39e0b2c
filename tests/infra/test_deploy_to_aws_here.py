"""The deployment as an operator makes it, against an emulated AWS of its own: made, changed,
refused and left alone. The stage is prod, as packaged for AWS.
"""

import dataclasses
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from infra.deploy.artifacts import STACK_NAME as ARTIFACTS
from infra.deploy.refusals import NotDeployed, NothingToChange
from infra.deploy.run import Surroundings, Wishes, deploy, make_sure_of_base_url
from infra.local.emulator import client, start_emulator
from infra.local.processes import ProcessGroup
from infra.package import Package, package
from infra.place import Place
from infra.tables import all_tables
from infra.template import FUNCTIONS
from tests.fakes import NOON

GIVEN = {"WechatAppId": "wx0123456789abcdef", "WechatMerchantId": "1900000001"}
Change = Callable[[dict[str, Any]], None]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    processes = ProcessGroup(tmp_path_factory.mktemp("aws"))
    try:
        url = start_emulator(processes).url
        yield Place("prod", "000000000000", "us-east-1", lambda service: client(service, url))
    finally:
        processes.stop()


@pytest.fixture(scope="module")
def packaged() -> Package:
    return package("prod")


@pytest.fixture(scope="module")
def deployed(place: Place, packaged: Package) -> dict[str, str]:
    """The stack, made once; each test looks at it, or changes it and says so."""
    return deploy(place, packaged, Wishes(GIVEN), around())


def around(console: Console | None = None, *, says_yes: bool = True) -> Surroundings:
    quiet = console or Console(record=True, width=200, quiet=True)
    return Surroundings(quiet, lambda _question: says_yes, lambda _seconds: None, lambda: NOON)


def changed(packaged: Package, directory: Path, change: Change) -> Package:
    template = packaged.read_template()
    change(template)
    path = directory / "sam.json"
    path.write_text(json.dumps(template), encoding="utf-8")
    return dataclasses.replace(packaged, template=path)


def shows(place: Place) -> tuple[str, int]:
    """How the stack stands, and how many change sets lie about."""
    cloudformation = place.client("cloudformation")
    stack = cloudformation.describe_stacks(StackName="kaituan-prod")["Stacks"][0]
    sets = cloudformation.list_change_sets(StackName="kaituan-prod")["Summaries"]
    waiting = [one for one in sets if one["ExecutionStatus"] != "EXECUTE_COMPLETE"]
    return stack["StackStatus"], len(waiting)


def test_the_whole_package_is_deployed(place: Place, deployed: dict[str, str]) -> None:
    tables = place.client("dynamodb").list_tables()["TableNames"]
    assert sorted(tables) == sorted(f"kaituan-prod-{table.name}" for table in all_tables())
    functions = place.client("lambda").list_functions()["Functions"]
    names = {function["FunctionName"] for function in functions}
    assert names == {f"kaituan-prod-{function.name}" for function in FUNCTIONS}
    variables = functions[0]["Environment"]["Variables"]
    assert variables["WECHAT_MERCHANT_ID"] == GIVEN["WechatMerchantId"]
    assert deployed["AdminFunction"] == "kaituan-prod-admin"
    assert deployed["EndpointURL"].startswith("https://")


def test_the_bucket_for_code_is_private_encrypted_and_versioned(
    place: Place, deployed: dict[str, str]
) -> None:
    stack = place.client("cloudformation").describe_stacks(StackName=ARTIFACTS)["Stacks"][0]
    bucket = stack["Outputs"][0]["OutputValue"]
    storage = place.client("s3")
    blocked = storage.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    assert set(blocked.values()) == {True}
    assert storage.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    keys = sorted(one["Key"] for one in storage.list_objects_v2(Bucket=bucket)["Contents"])
    assert [key.partition("/")[0] for key in keys] == ["prod"] * len(keys)
    assert sum(key.startswith("prod/python3.") and key.endswith(".zip") for key in keys) == 1


def test_the_same_package_again_changes_nothing_and_leaves_nothing_behind(
    place: Place, deployed: dict[str, str], packaged: Package
) -> None:
    before = shows(place)
    with pytest.raises(NothingToChange):
        deploy(place, packaged, Wishes(), around())
    assert shows(place) == before


def test_a_changed_template_is_shown_and_done_and_parameters_are_kept(
    place: Place, deployed: dict[str, str], packaged: Package, tmp_path: Path
) -> None:
    def change(template: dict[str, Any]) -> None:
        template["Resources"]["Admin"]["Properties"]["MemorySize"] = 768

    console = Console(record=True, width=160)
    deploy(place, changed(packaged, tmp_path, change), Wishes(), around(console))

    said = console.export_text()
    assert "~ change" in said
    assert "MemorySize" in said
    assert "AWS::Lambda::Function Admin" in said
    assert shows(place) == ("UPDATE_COMPLETE", 0)
    admin = place.client("lambda").get_function_configuration(FunctionName="kaituan-prod-admin")
    assert admin["MemorySize"] == 768
    assert admin["Environment"]["Variables"]["WECHAT_APP_ID"] == GIVEN["WechatAppId"]


def lose_a_table(template: dict[str, Any]) -> None:
    name = {"TableName": "kaituan-prod-orders-anew"}
    template["Resources"]["OrdersTable"]["Properties"] |= name


def test_a_table_that_would_be_replaced_is_refused(
    place: Place, deployed: dict[str, str], packaged: Package, tmp_path: Path
) -> None:
    before, console = shows(place), Console(record=True, width=160)
    with pytest.raises(NotDeployed, match=r"replace {2}AWS::DynamoDB::Table OrdersTable"):
        deploy(place, changed(packaged, tmp_path, lose_a_table), Wishes(), around(console))
    assert "REPLACE" in console.export_text()
    assert shows(place) == before
    tables = place.client("dynamodb").list_tables()["TableNames"]
    assert "kaituan-prod-orders" in tables


def test_a_no_changes_nothing_and_leaves_no_change_set(
    place: Place, deployed: dict[str, str], packaged: Package, tmp_path: Path
) -> None:
    def change(template: dict[str, Any]) -> None:
        template["Resources"]["Admin"]["Properties"]["MemorySize"] = 640

    before = shows(place)
    with pytest.raises(NotDeployed, match="not agreed to"):
        deploy(place, changed(packaged, tmp_path, change), Wishes(), around(says_yes=False))
    assert shows(place) == before


def test_ctrl_c_at_the_question_leaves_no_change_set(
    place: Place, deployed: dict[str, str], packaged: Package, tmp_path: Path
) -> None:
    def change(template: dict[str, Any]) -> None:
        template["Resources"]["Admin"]["Properties"]["MemorySize"] = 640

    def interrupt(_question: str) -> bool:
        raise KeyboardInterrupt

    before = shows(place)
    interrupted = dataclasses.replace(around(), agree=interrupt)
    with pytest.raises(KeyboardInterrupt):
        deploy(place, changed(packaged, tmp_path, change), Wishes(), interrupted)
    assert shows(place) == before


def test_the_stacks_own_address_is_written_down_once(
    place: Place, deployed: dict[str, str]
) -> None:
    console = Console(quiet=True)
    own = deployed["EndpointURL"].rstrip("/")
    assert make_sure_of_base_url(place, deployed, console) == own
    other = "https://api.shop.example.com"
    place.client("ssm").put_parameter(
        Name="/kaituan/prod/public_base_url", Value=other, Type="String", Overwrite=True
    )
    assert make_sure_of_base_url(place, deployed, console) == other


def test_the_tables_of_a_deleted_stack_are_taken_over_with_their_rows(
    place: Place, deployed: dict[str, str], packaged: Package
) -> None:
    cloudformation, tables = place.client("cloudformation"), place.client("dynamodb")
    product = {"id": {"S": "apples"}, "kind": {"S": "product"}}
    tables.put_item(TableName="kaituan-prod-catalog", Item=product)
    cloudformation.delete_stack(StackName="kaituan-prod")
    cloudformation.get_waiter("stack_delete_complete").wait(StackName="kaituan-prod")
    assert "Item" in tables.get_item(TableName="kaituan-prod-catalog", Key=product)
    # What has no name in the template cannot be taken over, and would be in the way.
    for output in ("RefundQueueUrl", "DeadRefundQueueUrl"):
        place.client("sqs").delete_queue(QueueUrl=deployed[output])
    for output in ("FailedRecordsBucketName", "FilesBucketName"):
        place.client("s3").delete_bucket(Bucket=deployed[output])

    console = Console(record=True, width=160)
    deploy(place, packaged, Wishes(GIVEN, adopt=True), around(console))

    said = console.export_text()
    assert f"+ take over │ {len(all_tables())} AWS::DynamoDB::Table" in said
    assert f"+ add       │ {len(FUNCTIONS)} AWS::Lambda::Function" in said
    assert shows(place) == ("CREATE_COMPLETE", 0)
    assert "Item" in tables.get_item(TableName="kaituan-prod-catalog", Key=product)
