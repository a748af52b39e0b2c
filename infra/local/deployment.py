"""Deploys a packaged stage to the local AWS as it is deployed to the real one: code and template
go to S3, then CloudFormation makes the stack.

Must never change the packaged template beyond naming where the code lies.
"""

import hashlib
import json
import time
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from infra.local.emulator import client
from infra.package import Package

BUCKET = "kaituan-packages"
CODE_PLACEHOLDER = "./deployment.zip"
DEPLOY_SECONDS_MAX = 180.0
POLL_SECONDS = 0.1
CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]


class DeploymentFailed(Exception):
    """CloudFormation could not make the stack; the message lists what failed and why."""


@dataclass(frozen=True)
class Deployment:
    """A stack that stands: its name and outputs, and the template it was made from."""

    stack_name: str
    outputs: dict[str, str]
    template: dict[str, Any]


def deploy(
    packaged: Package, aws_url: str, stack_name: str, parameters: dict[str, str]
) -> Deployment:
    """Makes the stack, or updates the one of that name. Raises `DeploymentFailed`."""
    template = packaged.read_template()
    template_url = _upload(packaged, template, aws_url)
    cloudformation = client("cloudformation", aws_url)
    arguments = {
        "StackName": stack_name,
        "TemplateURL": template_url,
        "Capabilities": CAPABILITIES,
        "Parameters": [
            {"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()
        ],
    }
    if _exists(cloudformation, stack_name):
        try:
            cloudformation.update_stack(**arguments)
        except ClientError as error:
            if "No updates are to be performed" not in str(error):
                raise
    else:
        cloudformation.create_stack(**arguments)
    stack = _wait(cloudformation, stack_name)
    outputs = {item["OutputKey"]: item["OutputValue"] for item in stack.get("Outputs", [])}
    return Deployment(stack_name, outputs, template)


def _upload(packaged: Package, template: dict[str, Any], aws_url: str) -> str:
    """Puts code and template into S3 under names made of their content."""
    storage = client("s3", aws_url)
    storage.create_bucket(Bucket=BUCKET)
    code = packaged.code.read_bytes()
    code_key = f"{hashlib.sha256(code).hexdigest()}.zip"
    storage.put_object(Bucket=BUCKET, Key=code_key, Body=code)
    for resource in template["Resources"].values():
        if resource["Properties"].get("CodeUri") == CODE_PLACEHOLDER:
            resource["Properties"]["CodeUri"] = {"Bucket": BUCKET, "Key": code_key}
    body = json.dumps(template, ensure_ascii=False).encode()
    template_key = f"{hashlib.sha256(body).hexdigest()}.json"
    storage.put_object(Bucket=BUCKET, Key=template_key, Body=body)
    return f"{aws_url}/{BUCKET}/{template_key}"


def _exists(cloudformation: Any, stack_name: str) -> bool:
    try:
        cloudformation.describe_stacks(StackName=stack_name)
    except ClientError:
        return False
    return True


def _wait(cloudformation: Any, stack_name: str) -> dict[str, Any]:
    deadline = time.monotonic() + DEPLOY_SECONDS_MAX
    while time.monotonic() < deadline:
        stack: dict[str, Any] = cloudformation.describe_stacks(StackName=stack_name)["Stacks"][0]
        status = stack["StackStatus"]
        if status in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
            return stack
        if not status.endswith("_IN_PROGRESS"):
            reasons = _reasons(cloudformation, stack_name)
            raise DeploymentFailed(f"stack {stack_name} is {status}:\n{reasons}")
        time.sleep(POLL_SECONDS)
    raise DeploymentFailed(f"stack {stack_name} was not made in {DEPLOY_SECONDS_MAX:.0f} s")


def _reasons(cloudformation: Any, stack_name: str) -> str:
    events = cloudformation.describe_stack_events(StackName=stack_name)["StackEvents"]
    return "\n".join(
        f"  {event['LogicalResourceId']}: {event.get('ResourceStatusReason', 'no reason given')}"
        for event in events
        if event["ResourceStatus"].endswith("FAILED")
    )
