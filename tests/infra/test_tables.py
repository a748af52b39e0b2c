"""The tables as the template makes them."""

import pytest
from moto import mock_aws

from infra.tables import Table, all_tables, create_table_arguments
from infra.template import FUNCTIONS, merge_template, stage_settings
from tests.infra.conftest import Resources

NAMES = [table.name for table in all_tables()]


def test_each_table_is_in_the_template_under_its_prefix(merged: Resources) -> None:
    made = {
        resource["Properties"]["TableName"]
        for resource in merged.values()
        if resource.get("Type") == "AWS::DynamoDB::Table"
    }
    assert made == {f"kaituan-prod-{name}" for name in NAMES}


def test_a_table_that_is_relayed_has_a_stream_of_both_images_and_no_other(
    merged: Resources,
) -> None:
    streams = {
        name: resource["Properties"]["StreamSpecification"]
        for name, resource in merged.items()
        if "StreamSpecification" in resource.get("Properties", {})
    }
    relayed = {
        f"{function.stream_of.capitalize()}Table" for function in FUNCTIONS if function.stream_of
    }
    assert set(streams) == relayed
    assert all(stream == {"StreamViewType": "NEW_AND_OLD_IMAGES"} for stream in streams.values())


def test_only_counters_boards_and_findings_are_forgotten(merged: Resources) -> None:
    expiring = {
        name: resource["Properties"]["TimeToLiveSpecification"]["AttributeName"]
        for name, resource in merged.items()
        if "TimeToLiveSpecification" in resource.get("Properties", {})
    }
    assert expiring == {
        "LimitsTable": "expires_epoch_seconds",
        "FindingsTable": "expires_epoch_seconds",
        "RankingsTable": "expires_epoch_seconds",
    }


@pytest.mark.parametrize("table", all_tables(), ids=NAMES)
def test_each_table_is_on_demand_backed_up_encrypted_and_kept(
    table: Table, merged: Resources
) -> None:
    resource = merged[table.logical_id]
    properties = resource["Properties"]
    assert properties["BillingMode"] == "PAY_PER_REQUEST"
    assert properties["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert properties["SSESpecification"] == {"SSEEnabled": True}
    assert properties["DeletionProtectionEnabled"] is True
    assert resource["DeletionPolicy"] == resource["UpdateReplacePolicy"] == "Retain"


def test_a_test_stage_can_be_deleted_whole() -> None:
    resources = merge_template(stage_settings("test"))["Resources"]
    policies = {resource.get("DeletionPolicy", "Delete") for resource in resources.values()}
    assert policies == {"Delete"}


def test_every_index_but_the_closing_of_days_carries_keys_only(merged: Resources) -> None:
    projections = {
        index["IndexName"]: index["Projection"]
        for resource in merged.values()
        for index in resource["Properties"].get("GlobalSecondaryIndexes", [])
    }
    assert projections.pop("by_day") == {
        "ProjectionType": "INCLUDE",
        "NonKeyAttributes": ["phase", "code", "debit_account", "credit_account", "amount_fen"],
    }
    assert projections
    assert all(each == {"ProjectionType": "KEYS_ONLY"} for each in projections.values())


def test_the_due_index_is_the_same_wherever_it_is() -> None:
    due = [
        [(key.name, key.type) for key in table.indexes["due"]]
        for table in all_tables()
        if "due" in table.indexes
    ]
    assert due
    assert all(keys == [("due_shard", "N"), ("due_at", "S")] for keys in due)


@mock_aws
def test_the_definitions_can_be_used_to_create_tables() -> None:
    import boto3

    dynamodb = boto3.client("dynamodb", region_name="us-east-1")
    for table in all_tables():
        dynamodb.create_table(**create_table_arguments(table, "kaituan-test"))
    made = dynamodb.list_tables()["TableNames"]
    assert sorted(made) == sorted(f"kaituan-test-{name}" for name in NAMES)
