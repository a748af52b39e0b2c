"""A bucket that nobody outside the account reads: encrypted, owned whole by the account, no part of
it ever public. Every bucket of ours is one.
"""

from collections.abc import Mapping, Sequence
from typing import Any


def private_bucket(
    rules: Sequence[Mapping[str, Any]],
    *,
    keep: bool,
    more: Mapping[str, Any],
) -> dict[str, Any]:
    """The resource: what its lifecycle `rules` forget, and whether it outlives its stack. `more` is
    further properties, its name among them where it has one.
    """
    policy = "Retain" if keep else "Delete"
    encryption = {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
    return {
        "Type": "AWS::S3::Bucket",
        "DeletionPolicy": policy,
        "UpdateReplacePolicy": policy,
        "Properties": {
            **more,
            "BucketEncryption": {"ServerSideEncryptionConfiguration": [encryption]},
            "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
            "PublicAccessBlockConfiguration": {
                "BlockPublicAcls": True,
                "BlockPublicPolicy": True,
                "IgnorePublicAcls": True,
                "RestrictPublicBuckets": True,
            },
            "LifecycleConfiguration": {"Rules": list(rules)},
        },
    }
