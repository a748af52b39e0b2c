"""Where code and template lie for CloudFormation to fetch: one private bucket of an account and
region, made by a small stack of its own, shared by all stages.

Must never be public, and never lose what a stack may have to go back to.
"""

import hashlib
import json
from typing import Any

from botocore.exceptions import ClientError

from infra.deploy.follow import Sleep, find_stack, follow
from infra.deploy.refusals import NotDeployed, stuck_stack
from infra.local.deployment import CODE_PLACEHOLDER
from infra.package import Package
from infra.private_bucket import private_bucket

STACK_NAME = "kaituan-artifacts"
OUTPUT = "BucketName"
OLD_VERSIONS_DAYS = 30
UNFINISHED_UPLOADS_DAYS = 7
_ABSENT = frozenset({"404", "NoSuchKey", "NotFound"})


def bucket_template() -> dict[str, Any]:
    """The bucket's stack. What lies there by its content stays; versions that were overwritten and
    uploads that broke off go.
    """
    forget = {
        "Id": "forget-old-versions",
        "Status": "Enabled",
        "NoncurrentVersionExpiration": {"NoncurrentDays": OLD_VERSIONS_DAYS},
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": UNFINISHED_UPLOADS_DAYS},
    }
    versioned = {"VersioningConfiguration": {"Status": "Enabled"}}
    only_over_tls = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [{"Fn::GetAtt": ["Bucket", "Arn"]}, {"Fn::Sub": "${Bucket.Arn}/*"}],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    policy = {
        "Bucket": {"Ref": "Bucket"},
        "PolicyDocument": {"Version": "2012-10-17", "Statement": [only_over_tls]},
    }
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": "kaituan, where packaged code lies to be deployed",
        "Resources": {
            "Bucket": private_bucket([forget], keep=True, more=versioned),
            "OnlyOverTls": {"Type": "AWS::S3::BucketPolicy", "Properties": policy},
        },
        "Outputs": {OUTPUT: {"Value": {"Ref": "Bucket"}}},
    }


def make_sure_of_bucket(cloudformation: Any, sleep: Sleep) -> str:
    """The bucket's name; its stack is made when there is none. Raises `NotDeployed`."""
    stack = find_stack(cloudformation, STACK_NAME)
    if stack is None:
        cloudformation.create_stack(
            StackName=STACK_NAME, TemplateBody=json.dumps(bucket_template())
        )
        followed = follow(cloudformation, STACK_NAME, frozenset(), lambda _event: None, sleep)
        if not followed.is_good:
            raise NotDeployed(f"the bucket for code was not made:\n{followed.reasons}")
        stack = find_stack(cloudformation, STACK_NAME)
    if stack is None:
        raise NotDeployed(f"stack {STACK_NAME} is gone as soon as it was made; try again")
    stuck = stuck_stack(STACK_NAME, stack["StackStatus"])
    if stuck:
        raise stuck
    outputs = {one["OutputKey"]: str(one["OutputValue"]) for one in stack.get("Outputs", [])}
    return outputs[OUTPUT]


def upload(packaged: Package, storage: Any, bucket: str) -> str:
    """Puts code and template there, each under a name made of its content, unless they are there;
    answers the template's address. The code's name says which Python it was packaged for.
    """
    template = packaged.read_template()
    code = packaged.code.read_bytes()
    (python,) = runtimes(template)
    code_key = f"{packaged.stage}/{python}-{hashlib.sha256(code).hexdigest()}.zip"
    _put_unless_there(storage, bucket, code_key, code)
    for resource in template["Resources"].values():
        if resource.get("Properties", {}).get("CodeUri") == CODE_PLACEHOLDER:
            resource["Properties"]["CodeUri"] = {"Bucket": bucket, "Key": code_key}
    body = json.dumps(template, ensure_ascii=False).encode()
    template_key = f"{packaged.stage}/{hashlib.sha256(body).hexdigest()}.json"
    _put_unless_there(storage, bucket, template_key, body)
    return f"{storage.meta.endpoint_url}/{bucket}/{template_key}"


def runtimes(template: dict[str, Any]) -> set[str]:
    """The Pythons that a template's functions run on."""
    resources = template["Resources"].values()
    found = (one.get("Properties", {}).get("Runtime") for one in resources)
    return {runtime for runtime in found if runtime}


def _put_unless_there(storage: Any, bucket: str, key: str, body: bytes) -> None:
    try:
        storage.head_object(Bucket=bucket, Key=key)
    except ClientError as error:
        if error.response["Error"]["Code"] not in _ABSENT:
            raise
        storage.put_object(Bucket=bucket, Key=key, Body=body)
