"""Watches CloudFormation work on a stack until it is done: its events, in order, each once.

Must never change a stack.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

Event = dict[str, Any]
Tell = Callable[[Event], None]
Sleep = Callable[[float], None]

LOOK_SECONDS = 2.0
SECONDS_MAX = 3600.0
BEGINS_IN_SECONDS = 20.0
STACK = "AWS::CloudFormation::Stack"
GOOD = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE"})


@dataclass(frozen=True)
class Followed:
    """How it ended. `failures` are the events that say why it did not go well."""

    status: str
    failures: tuple[Event, ...]

    @property
    def is_good(self) -> bool:
        return self.status in GOOD

    @property
    def reasons(self) -> str:
        """A line for each failure, the first cause first."""
        return "\n".join(
            f"  {event['LogicalResourceId']} ({event['ResourceType']}): "
            f"{event.get('ResourceStatusReason', 'no reason given')}"
            for event in self.failures
        )


def find_stack(cloudformation: Any, stack_name: str) -> dict[str, Any] | None:
    """CloudFormation's description of a stack, or None when there is none."""
    try:
        stack: dict[str, Any] = cloudformation.describe_stacks(StackName=stack_name)["Stacks"][0]
    except ClientError as error:
        if "does not exist" not in str(error):
            raise
        return None
    return None if stack["StackStatus"] == "DELETE_COMPLETE" else stack


def events_so_far(cloudformation: Any, stack_name: str) -> frozenset[str]:
    """The ids of what has happened to the stack up to now."""
    return frozenset(event["EventId"] for event in _events(cloudformation, stack_name))


def follow(
    cloudformation: Any, stack_name: str, known: frozenset[str], tell: Tell, sleep: Sleep
) -> Followed:
    """Tells each event that is not known, oldest first, until the stack is at rest."""
    seen = set(known)
    failures: list[Event] = []
    has_begun = False
    waited_seconds = 0.0
    while True:
        # The status first: what led to it is then among the events.
        stack = find_stack(cloudformation, stack_name)
        status = stack["StackStatus"] if stack else "DELETE_COMPLETE"
        fresh = [one for one in _events(cloudformation, stack_name) if one["EventId"] not in seen]
        for event in reversed(fresh):
            seen.add(event["EventId"])
            if event["ResourceStatus"].endswith("_FAILED"):
                failures.append(event)
            has_begun = has_begun or event["ResourceType"] == STACK
            tell(event)
        is_at_rest = not status.endswith("_IN_PROGRESS")
        # Just after the word to begin, the status may still be that of the time before.
        if is_at_rest and (has_begun or waited_seconds >= BEGINS_IN_SECONDS):
            return Followed(status, tuple(failures))
        if waited_seconds >= SECONDS_MAX:
            return Followed(status, tuple(failures))
        sleep(LOOK_SECONDS)
        waited_seconds += LOOK_SECONDS


def _events(cloudformation: Any, stack_name: str) -> Iterable[Event]:
    """Newest first, as CloudFormation lists them."""
    try:
        pages = cloudformation.get_paginator("describe_stack_events").paginate(StackName=stack_name)
        return [event for page in pages for event in page["StackEvents"]]
    except ClientError as error:
        if "does not exist" not in str(error):
            raise
        return []
