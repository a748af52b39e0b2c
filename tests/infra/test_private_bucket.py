"""Every bucket of every template is private, encrypted and the account's own."""

from typing import Any

import pytest

from infra.console.template import console_template
from infra.deploy.artifacts import bucket_template
from infra.template import STAGES, merge_template, stage_settings

PRIVATE = {
    "BucketEncryption": {
        "ServerSideEncryptionConfiguration": [
            {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
        ]
    },
    "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
    "PublicAccessBlockConfiguration": {
        "BlockPublicAcls": True,
        "BlockPublicPolicy": True,
        "IgnorePublicAcls": True,
        "RestrictPublicBuckets": True,
    },
}


def buckets(template: dict[str, Any]) -> dict[str, Any]:
    resources = template["Resources"].items()
    return {name: each for name, each in resources if each.get("Type") == "AWS::S3::Bucket"}


@pytest.mark.parametrize("name", STAGES)
def test_every_bucket_is_private(name: str) -> None:
    stage = stage_settings(name)
    found = buckets(merge_template(stage)) | buckets(console_template(stage))
    found |= buckets(bucket_template())

    assert set(found) == {"FailedRecordsBucket", "FilesBucket", "TrailBucket", "Bucket"}
    for bucket in found.values():
        assert PRIVATE.items() <= bucket["Properties"].items()
        assert bucket["Properties"]["LifecycleConfiguration"]["Rules"]


@pytest.mark.parametrize(("name", "policy"), [("prod", "Retain"), ("test", "Delete")])
def test_what_is_productions_outlives_its_stack(name: str, policy: str) -> None:
    found = buckets(merge_template(stage_settings(name)))
    kept = {(each["DeletionPolicy"], each["UpdateReplacePolicy"]) for each in found.values()}
    assert kept == {(policy, policy)}
