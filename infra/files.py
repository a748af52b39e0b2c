"""The bucket of files that go in and out, one per stage: private, encrypted, and forgetful where
there is something of a person in it.

The bucket tells EventBridge of what is dropped, and knows no function: so neither waits for the
other when they are deployed.
"""

from typing import Any, Protocol

from infra.private_bucket import private_bucket

PERSONAL_DAYS = 30
PERSONAL = ("in/", "results/", "merchants/", "exports/orders/")
"""Where names and addresses lie, or what somebody dropped; whatever else is in `exports/` stays."""
UNFINISHED_DAYS = 7


class Place(Protocol):
    """What the bucket needs to know of its stage."""

    @property
    def prefix(self) -> str: ...

    @property
    def keep(self) -> bool: ...


def files_bucket(stage: Place) -> dict[str, Any]:
    """The resource."""
    name = {"Fn::Sub": f"{stage.prefix}-files-${{AWS::AccountId}}-${{AWS::Region}}"}
    told = {"EventBridgeConfiguration": {"EventBridgeEnabled": True}}
    more = {"BucketName": name, "NotificationConfiguration": told}
    return {"FilesBucket": private_bucket(_rules(), keep=stage.keep, more=more)}


def files_dropped() -> dict[str, Any]:
    """Which of the bucket's events start the function: what it writes itself never does."""
    return {
        "detail": {
            "bucket": {"name": [{"Ref": "FilesBucket"}]},
            "object": {"key": [{"prefix": "in/"}, {"wildcard": "merchants/*/in/*"}]},
        }
    }


def _rules() -> list[dict[str, Any]]:
    forget = [
        {
            "Id": f"forget-{prefix.strip('/').replace('/', '-')}",
            "Status": "Enabled",
            "Prefix": prefix,
            "ExpirationInDays": PERSONAL_DAYS,
        }
        for prefix in PERSONAL
    ]
    unfinished = {
        "Id": "drop-unfinished-uploads",
        "Status": "Enabled",
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": UNFINISHED_DAYS},
    }
    return [*forget, unfinished]
