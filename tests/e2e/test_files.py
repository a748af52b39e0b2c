"""Files dropped into the deployed bucket: the function starts by itself, and the result appears."""

import csv
import io
import json
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from infra.local.emulator import REGION
from infra.local.seed import SKU_ID
from infra.local.stack import STAGE, Stack
from infra.merchant_access import merchant_template
from infra.template import stage_settings
from tests.e2e.conftest import Members, log_lines

pytestmark = pytest.mark.e2e

SECONDS_MAX = 60.0
CLOCK = {
    "version": "0",
    "id": "clock",
    "source": "aws.events",
    "detail-type": "Scheduled Event",
    "account": "000000000000",
    "time": "2026-01-01T00:00:00Z",
    "region": REGION,
    "resources": [],
    "detail": {},
}
"""What a schedule sends."""
BUSINESS = ZoneInfo("Asia/Shanghai")


@pytest.fixture
def merchant_id(stack: Stack) -> str:
    """Whose goods the seed sells."""
    item = stack.client("dynamodb").get_item(
        TableName=stack.table_name("catalog"), Key={"id": {"S": SKU_ID}, "kind": {"S": "sku"}}
    )["Item"]
    return str(item["content"]["M"]["merchant_id"]["S"])


def drop(stack: Stack, key: str, content: str, encoding: str = "utf-8") -> None:
    stack.client("s3").put_object(
        Bucket=stack.outputs["FilesBucketName"], Key=key, Body=content.encode(encoding)
    )


def read(stack: Stack, key: str) -> bytes | None:
    s3 = stack.client("s3")
    try:
        answer = s3.get_object(Bucket=stack.outputs["FilesBucketName"], Key=key)
    except s3.exceptions.NoSuchKey:
        return None
    content: bytes = answer["Body"].read()
    return content


def result(stack: Stack, stem: str) -> list[dict[str, str]]:
    """The rows of the result, once all is done."""
    deadline = time.monotonic() + SECONDS_MAX
    while time.monotonic() < deadline:
        progress: Any = json.loads(read(stack, f"{stem}.progress.json") or b"{}")
        if progress.get("state") == "finished":
            content = read(stack, f"{stem}.csv")
            assert content is not None
            return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))
        time.sleep(0.2)
    raise AssertionError(f"no {stem}.csv within {SECONDS_MAX:.0f} s")


def test_a_merchants_shipments_are_shipped(stack: Stack, member: Members, merchant_id: str) -> None:
    order = member().buys().pays()
    order.waits_for("to_ship")
    folder = f"merchants/{merchant_id}"
    text = (
        f"订单号,快递公司,快递单号\r\n{order.order_id},顺丰,SF7001\r\nord_nothing,顺丰,SF7002\r\n"
    )

    drop(stack, f"{folder}/in/shipments-e2e.csv", text, "gb18030")

    rows = result(stack, f"{folder}/results/shipments-e2e")
    assert [(row["about"], row["outcome"], row["what_was_wrong"]) for row in rows] == [
        (order.order_id, "done", ""),
        ("ord_nothing", "wrong", "There is no such order."),
    ]
    order.waits_for("shipped")


def test_products_and_campaigns_are_put(stack: Stack, merchant_id: str) -> None:
    products = (
        "product_id,merchant_id,title,sku_id,sku_title,solo_price_fen,stock\n"
        f"e2e-plums,{merchant_id},李子,e2e-plums-3,三斤装,1990,50\n"
    )
    drop(stack, "in/products-e2e.csv", products)
    assert [row["outcome"] for row in result(stack, "results/products-e2e")] == ["done"]
    campaigns = (
        "campaign_id,title,size,duration_seconds,starts_at,ends_at,sku_id,group_price_fen\n"
        "e2e-plums,李子三人团,3,3600,2026-01-01 00:00,2999-01-01 00:00,e2e-plums-3,1500\n"
    )
    drop(stack, "in/campaigns-e2e.csv", campaigns)
    assert [row["outcome"] for row in result(stack, "results/campaigns-e2e")] == ["done"]
    assert stack.admin("get_campaign", campaign_id="e2e-plums")["title"] == "李子三人团"
    stack.admin("end_campaign", campaign_id="e2e-plums")


def test_a_result_starts_nothing(stack: Stack) -> None:
    drop(stack, "in/prices-e2e.csv", "a\n")
    (row,) = result(stack, "results/prices-e2e")
    assert row["outcome"] == "wrong"
    assert "file_not_taken" not in {line["message"] for line in log_lines(stack, "take_files")}


def test_a_closed_day_is_written(stack: Stack, member: Members, merchant_id: str) -> None:
    order = member().buys().pays()
    order.waits_for("to_ship")
    now = datetime.now(BUSINESS)
    day, today = f"{now - timedelta(days=2):%Y-%m-%d}", f"{now:%Y-%m-%d}"
    stack.invoke("reconcile_days", CLOCK)

    stack.invoke("export_days", CLOCK)
    written = stack.admin("export_day", day=day)

    assert read(stack, f"exports/days/{day}.json") is not None
    key = f"merchants/{merchant_id}/orders/{today}.csv"
    assert written["rows"][key] >= 1
    content = read(stack, key)
    assert content is not None
    assert order.order_id in content.decode("utf-8-sig")


def test_a_merchant_sees_their_own_folder_only(stack: Stack, merchant_id: str) -> None:
    bucket = stack.outputs["FilesBucketName"]
    template = merchant_template(stage_settings(STAGE), merchant_id)
    cloudformation, iam = stack.client("cloudformation"), stack.client("iam")
    cloudformation.create_stack(
        StackName="merchant",
        TemplateBody=json.dumps(template),
        Capabilities=["CAPABILITY_NAMED_IAM"],
    )
    cloudformation.get_waiter("stack_create_complete").wait(
        StackName="merchant", WaiterConfig={"Delay": 1, "MaxAttempts": 30}
    )
    (found,) = cloudformation.describe_stacks(StackName="merchant")["Stacks"]
    outputs = {one["OutputKey"]: one["OutputValue"] for one in found["Outputs"]}
    iam.create_user(UserName="merchant")
    iam.attach_user_policy(UserName="merchant", PolicyArn=outputs["PolicyArn"])
    key = iam.create_access_key(UserName="merchant")["AccessKey"]
    s3 = boto3.client(
        "s3",
        aws_access_key_id=key["AccessKeyId"],
        aws_secret_access_key=key["SecretAccessKey"],
        region_name=REGION,
        endpoint_url=stack.endpoints.aws_endpoint_url,
        config=Config(s3={"addressing_style": "path"}, proxies={}),
    )
    drop(stack, "merchants/somebody-else/orders/a.csv", "private")
    drop(stack, f"merchants/{merchant_id}/orders/a.csv", "theirs")
    own = f"merchants/{merchant_id}/"

    assert s3.get_object(Bucket=bucket, Key=f"{own}orders/a.csv")["Body"].read() == b"theirs"
    assert s3.list_objects_v2(Bucket=bucket, Prefix=own)["KeyCount"] >= 1
    refusals: list[Callable[[], Any]] = [
        lambda: s3.get_object(Bucket=bucket, Key="merchants/somebody-else/orders/a.csv"),
        lambda: s3.put_object(Bucket=bucket, Key="merchants/somebody-else/in/a.csv", Body=b""),
        lambda: s3.put_object(Bucket=bucket, Key=f"{own}orders/a.csv", Body=b""),
        lambda: s3.list_objects_v2(Bucket=bucket, Prefix="merchants/"),
    ]
    for refused in refusals:
        with pytest.raises(ClientError, match="AccessDenied"):
            refused()
