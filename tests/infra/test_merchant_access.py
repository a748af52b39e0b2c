"""A merchant's policy, evaluated: their own folder, and nothing of anybody else's."""

import json
from fnmatch import fnmatchcase
from typing import Any

import pytest

from infra.merchant_access import main, merchant_template
from infra.template import stage_settings

BUCKET = "arn:aws:s3:::kaituan-prod-files-123456789012-cn-north-1"
TOLD = {"AWS::Partition": "aws", "AWS::AccountId": "123456789012", "AWS::Region": "cn-north-1"}


def policy(merchant_id: str) -> list[dict[str, Any]]:
    """The statements, with what CloudFormation puts in."""
    template = merchant_template(stage_settings("prod"), merchant_id)
    text = json.dumps(template["Resources"]["MerchantAccess"]["Properties"]["PolicyDocument"])
    for name, value in TOLD.items():
        text = text.replace(f"${{{name}}}", value)
    statements: list[dict[str, Any]] = json.loads(text)["Statement"]
    return statements


def is_allowed(merchant_id: str, action: str, resource: str, prefix: str | None = None) -> bool:
    """IAM's verdict: allowed by some statement whose conditions hold; none of them denies."""
    for statement in policy(merchant_id):
        assert statement["Effect"] == "Allow"
        named = [one["Fn::Sub"] for one in statement["Resource"]]
        wanted = statement.get("Condition", {}).get("StringLike", {}).get("s3:prefix")
        holds = wanted is None or (
            prefix is not None and any(fnmatchcase(prefix, one) for one in wanted)
        )
        fits = any(fnmatchcase(resource, one) for one in named)
        if action in statement["Action"] and fits and holds:
            return True
    return False


@pytest.mark.parametrize(
    ("action", "key"),
    [
        ("s3:GetObject", "merchants/orchard/orders/2026-11-22.csv"),
        ("s3:GetObject", "merchants/orchard/results/shipments.csv"),
        ("s3:GetObject", "merchants/orchard/statements/2026-11-22.csv"),
        ("s3:GetObject", "merchants/orchard/in/shipments.csv"),
        ("s3:PutObject", "merchants/orchard/in/shipments.csv"),
    ],
)
def test_a_merchant_has_their_own_folder(action: str, key: str) -> None:
    assert is_allowed("orchard", action, f"{BUCKET}/{key}")


@pytest.mark.parametrize(
    ("action", "key"),
    [
        ("s3:GetObject", "merchants/farm/orders/2026-11-22.csv"),
        ("s3:GetObject", "merchants/orchard2/orders/2026-11-22.csv"),
        ("s3:PutObject", "merchants/farm/in/shipments.csv"),
        ("s3:PutObject", "merchants/orchard2/in/shipments.csv"),
        ("s3:PutObject", "merchants/orchard/results/shipments.csv"),
        ("s3:PutObject", "merchants/orchard/statements/2026-11-22.csv"),
        ("s3:DeleteObject", "merchants/orchard/in/shipments.csv"),
        ("s3:GetObject", "exports/orders/2026-11-22.csv"),
        ("s3:GetObject", "results/products.csv"),
        ("s3:PutObject", "in/products.csv"),
    ],
)
def test_and_nothing_else(action: str, key: str) -> None:
    assert not is_allowed("orchard", action, f"{BUCKET}/{key}")


def test_a_merchant_lists_their_own_folder_only() -> None:
    for prefix in ("merchants/orchard/", "merchants/orchard/orders/2026"):
        assert is_allowed("orchard", "s3:ListBucket", BUCKET, prefix)
    others = (None, "", "merchants/", "merchants/orchard", "merchants/farm/", "exports/")
    assert not any(is_allowed("orchard", "s3:ListBucket", BUCKET, prefix) for prefix in others)


def test_another_stage_is_another_bucket() -> None:
    other = BUCKET.replace("-prod-", "-test-")
    assert not is_allowed("orchard", "s3:GetObject", f"{other}/merchants/orchard/orders/a.csv")


@pytest.mark.parametrize("merchant_id", ["*", "orch?rd", "", "a/b", "${aws:username}", "a" * 65])
def test_no_wildcard_gets_into_a_policy(merchant_id: str) -> None:
    with pytest.raises(ValueError, match="no merchant's id"):
        merchant_template(stage_settings("prod"), merchant_id)


def test_the_command_prints_a_template(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--stage", "prod", "--merchant", "orchard"]) == 0
    template = json.loads(capsys.readouterr().out)
    assert template == merchant_template(stage_settings("prod"), "orchard")
    properties = template["Resources"]["MerchantAccess"]["Properties"]
    assert properties["ManagedPolicyName"] == "kaituan-prod-merchant-orchard"

    assert main(["--stage", "prod", "--merchant", "*"]) == 1
    assert capsys.readouterr().err == "'*' is no merchant's id\n"
