"""What a deployment would change: a change set that is made, read, and gone again unless it is
executed.

Must never leave one behind, nor the empty stack that a first one brings along.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from infra.deploy.follow import Sleep, find_stack
from infra.deploy.refusals import NotDeployed, NothingToChange

CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]
LOOK_SECONDS = 1.0
LOOKS_MAX = 300
NO_CHANGES = ("didn't contain changes", "No updates are to be performed")
NOT_YET_MADE = "REVIEW_IN_PROGRESS"

HOLDS_DATA = frozenset(
    {
        "AWS::DynamoDB::Table",
        "AWS::DynamoDB::GlobalTable",
        "AWS::SQS::Queue",
        "AWS::S3::Bucket",
    }
)
"""What loses something when it is removed, or replaced by an empty one."""

ADDRESSES = frozenset({"AWS::ApiGateway::RestApi", "AWS::ApiGateway::DomainName"})
"""With another one the address changes that WeChat was given. CloudFormation is never sure about an
API when a function changes, so only a sure replacement counts.
"""


@dataclass(frozen=True)
class Change:
    """What would happen to one resource. `action` is one of: add, import, change, replace, may
    replace, remove. `because` names what differs.
    """

    action: str
    logical_id: str
    type: str
    because: tuple[str, ...] = ()
    kept: bool = False
    """Whether the present one stays in the account, out of the stack's hands."""

    @property
    def loses(self) -> bool:
        """Whether data would be gone from the stack, or its address."""
        if self.type in ADDRESSES:
            return self.action in ("replace", "remove")
        return self.type in HOLDS_DATA and self.action in ("replace", "may replace", "remove")


@dataclass(frozen=True)
class Request:
    """What is asked of CloudFormation; `parameters` in its own form."""

    stack_name: str
    template_url: str
    parameters: tuple[dict[str, Any], ...]
    adopt: bool = False
    """Take over resources of these names that are there already, from a stack that is gone."""


@dataclass
class Proposal:
    """A change set that is there to be executed."""

    name: str
    changes: tuple[Change, ...]
    is_executed: bool = field(default=False)


@contextmanager
def proposed(cloudformation: Any, request: Request, name: str, sleep: Sleep) -> Iterator[Proposal]:
    """The change set as a proposal, discarded when the block is left without executing it.

    Raises `NothingToChange`, and `NotDeployed` when CloudFormation does not take it.
    """
    stack = find_stack(cloudformation, request.stack_name)
    is_new = stack is None or stack["StackStatus"] == NOT_YET_MADE
    proposal = Proposal(name, ())
    try:
        cloudformation.create_change_set(**_arguments(request, name, is_new=is_new))
        _wait(cloudformation, request.stack_name, name, sleep)
        proposal.changes = _changes(cloudformation, request.stack_name, name)
        yield proposal
    finally:
        if not proposal.is_executed:
            _discard(cloudformation, request.stack_name, name, sleep)


def execute(cloudformation: Any, stack_name: str, proposal: Proposal) -> None:
    """Begins to do what was proposed."""
    cloudformation.execute_change_set(StackName=stack_name, ChangeSetName=proposal.name)
    proposal.is_executed = True


def parameters_of(
    template: Mapping[str, Any], given: Mapping[str, str], known: frozenset[str]
) -> tuple[dict[str, Any], ...]:
    """What has to be said of the template's parameters: those given, and the previous value of
    those that are `known` to the stack.

    Raises `NotDeployed` for one the template does not have, and for one that nobody ever gave.
    """
    wanted = template.get("Parameters", {})
    unknown = sorted(set(given) - set(wanted))
    if unknown:
        names = ", ".join(wanted)
        raise NotDeployed(f"there is no parameter {', '.join(unknown)}; there are: {names}")
    missing = [
        name
        for name, about in wanted.items()
        if name not in given and name not in known and "Default" not in about
    ]
    if missing:
        lines = "\n".join(
            f"  --parameter {name}=…    {wanted[name].get('Description', '')}" for name in missing
        )
        raise NotDeployed(f"give once, on the first deployment:\n{lines}")
    said = [
        {"ParameterKey": name, "ParameterValue": given[name]} for name in wanted if name in given
    ]
    kept = [name for name in wanted if name in known and name not in given]
    return (*said, *({"ParameterKey": name, "UsePreviousValue": True} for name in kept))


def _arguments(request: Request, name: str, *, is_new: bool) -> dict[str, Any]:
    adopting = {"ImportExistingResources": True} if request.adopt else {}
    return {
        "StackName": request.stack_name,
        "ChangeSetName": name,
        "ChangeSetType": "CREATE" if is_new else "UPDATE",
        "TemplateURL": request.template_url,
        "Capabilities": CAPABILITIES,
        "Parameters": list(request.parameters),
        **adopting,
    }


def _wait(cloudformation: Any, stack_name: str, name: str, sleep: Sleep) -> None:
    for _ in range(LOOKS_MAX):
        described = cloudformation.describe_change_set(StackName=stack_name, ChangeSetName=name)
        status, reason = described["Status"], described.get("StatusReason", "")
        if status == "CREATE_COMPLETE":
            return
        if status == "FAILED":
            if any(words in reason for words in NO_CHANGES):
                raise NothingToChange(stack_name)
            raise NotDeployed(f"CloudFormation does not take the change: {reason}")
        sleep(LOOK_SECONDS)
    raise NotDeployed("CloudFormation is still working out what changes; try again later")


def _changes(cloudformation: Any, stack_name: str, name: str) -> tuple[Change, ...]:
    pages = cloudformation.get_paginator("describe_change_set").paginate(
        StackName=stack_name, ChangeSetName=name
    )
    resources = [one["ResourceChange"] for page in pages for one in page["Changes"]]
    return tuple(read_change(resource) for resource in resources)


def read_change(resource: Mapping[str, Any]) -> Change:
    """A `ResourceChange` of CloudFormation's."""
    action = {"Add": "add", "Remove": "remove", "Import": "import"}.get(resource["Action"])
    if action is None:
        replacement = resource.get("Replacement", "False")
        action = {"True": "replace", "Conditional": "may replace"}.get(replacement, "change")
    targets = [detail.get("Target", {}) for detail in resource.get("Details", [])]
    because = {target.get("Name") or target.get("Attribute") or "" for target in targets} - {""}
    return Change(
        action,
        resource["LogicalResourceId"],
        resource["ResourceType"],
        tuple(sorted(because)),
        kept=resource.get("PolicyAction") in ("Retain", "ReplaceAndRetain"),
    )


def _discard(cloudformation: Any, stack_name: str, name: str, sleep: Sleep) -> None:
    """Deletes the change set, and the stack when it never was more than a change set."""
    described = _describe(cloudformation, stack_name, name)
    for _ in range(LOOKS_MAX):
        if described is None or not described["Status"].endswith("_IN_PROGRESS"):
            break
        # While it is being made it cannot be deleted.
        sleep(LOOK_SECONDS)
        described = _describe(cloudformation, stack_name, name)
    if described is not None:
        if described["ExecutionStatus"].startswith("EXECUTE"):
            return
        cloudformation.delete_change_set(StackName=stack_name, ChangeSetName=name)
    stack = find_stack(cloudformation, stack_name)
    if (
        stack
        and stack["StackStatus"] == NOT_YET_MADE
        and not _has_change_sets(cloudformation, stack_name)
    ):
        cloudformation.delete_stack(StackName=stack_name)


def _describe(cloudformation: Any, stack_name: str, name: str) -> dict[str, Any] | None:
    try:
        described: dict[str, Any] = cloudformation.describe_change_set(
            StackName=stack_name, ChangeSetName=name
        )
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("ChangeSetNotFound", "ValidationError"):
            raise
        return None
    return described


def _has_change_sets(cloudformation: Any, stack_name: str) -> bool:
    """Somebody else's, that is: ours is gone."""
    return bool(cloudformation.list_change_sets(StackName=stack_name)["Summaries"])
