"""A deployment from end to end: where to, what would change, whether it may, doing it.

Must never change a stack without having shown what changes and been told yes.
"""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from rich.console import Console

from infra.deploy.artifacts import make_sure_of_bucket, runtimes, upload
from infra.deploy.change_set import Proposal, Request, execute, parameters_of, proposed
from infra.deploy.follow import Sleep, events_so_far, find_stack, follow
from infra.deploy.refusals import NotDeployed, stuck_stack
from infra.deploy.show import Events, changes_table
from infra.package import Package
from infra.place import Place
from infra.secrets.store import Store

BASE_URL = "public_base_url"

Agree = Callable[[str], bool]
"""From a question to whether the answer was yes."""


@dataclass(frozen=True)
class Wishes:
    """What the caller asks for beside the stage."""

    parameters: Mapping[str, str] = field(default_factory=dict)
    allow_replacement: bool = False
    adopt: bool = False


@dataclass(frozen=True)
class Surroundings:
    """What a deployment needs of the outside: a console, somebody to ask, and time."""

    console: Console
    agree: Agree
    sleep: Sleep
    now: Callable[[], datetime]


def require_same_python(template: Mapping[str, Any], version: tuple[int, int]) -> None:
    """Raises `NotDeployed` unless all functions run on the Python that packaged them: the package
    holds modules compiled for that one.
    """
    here = f"python{version[0]}.{version[1]}"
    others = sorted(runtimes(dict(template)) - {here})
    if others:
        raise NotDeployed(
            f"the functions are to run on {', '.join(others)}, and this is {here}, which packaged "
            "them: make .venv with that Python (PYTHON=… make bootstrap, after make clean)"
        )


def deploy(place: Place, packaged: Package, wishes: Wishes, around: Surroundings) -> dict[str, str]:
    """Brings the stack to what was packaged and answers its outputs.

    Raises `NothingToChange` and `NotDeployed`; AWS's own refusals pass through.
    """
    cloudformation, name = place.client("cloudformation"), place.stack_name
    stack = find_stack(cloudformation, name)
    stuck = stuck_stack(name, *_status_of(stack)) if stack else None
    if stuck:
        raise stuck
    known = frozenset(one["ParameterKey"] for one in (stack or {}).get("Parameters", []))
    parameters = parameters_of(packaged.read_template(), wishes.parameters, known)
    bucket = make_sure_of_bucket(cloudformation, around.sleep)
    around.console.print(f"code goes to s3://{bucket}", highlight=False)
    template_url = upload(packaged, place.client("s3"), bucket)
    request = Request(name, template_url, parameters, adopt=wishes.adopt)
    with proposed(cloudformation, request, _name(around.now()), around.sleep) as proposal:
        around.console.print(changes_table(proposal.changes))
        _require_allowed(proposal, wishes)
        if not around.agree(f"change stack {name}, {place}?"):
            raise NotDeployed("not agreed to: nothing was changed")
        known_events = events_so_far(cloudformation, name)
        execute(cloudformation, name, proposal)
    events = Events(around.console, len(proposal.changes))
    followed = follow(cloudformation, name, known_events, events.tell, around.sleep)
    if not followed.is_good:
        stuck = stuck_stack(name, followed.status)
        after = f"\n{stuck}" if stuck else "\nthe stack is as it was before; mend that and deploy"
        raise NotDeployed(f"stack {name} is {followed.status}:\n{followed.reasons}{after}")
    return outputs_of(cloudformation, name)


def outputs_of(cloudformation: Any, stack_name: str) -> dict[str, str]:
    """The outputs of a stack that stands; none of one that does not."""
    stack = find_stack(cloudformation, stack_name) or {}
    return {one["OutputKey"]: one["OutputValue"] for one in stack.get("Outputs", [])}


def make_sure_of_base_url(place: Place, outputs: Mapping[str, str], console: Console) -> str:
    """Where WeChat reaches the API: what Parameter Store says, else the stack's own address, which
    is written there.
    """
    store = Store(place.client("ssm"), place.parameter_prefix)
    present = store.read().get(BASE_URL)
    if present:
        return present.value.rstrip("/")
    url = outputs["EndpointURL"].rstrip("/")
    store.put(BASE_URL, url, None)
    console.print(f"[green]✓[/] {BASE_URL} is now {url}", highlight=False, soft_wrap=True)
    return url


def _status_of(stack: Mapping[str, Any]) -> tuple[str, str]:
    return stack["StackStatus"], stack.get("StackStatusReason", "")


def _require_allowed(proposal: Proposal, wishes: Wishes) -> None:
    losing = [change for change in proposal.changes if change.loses]
    if losing and not wishes.allow_replacement:
        lines = "\n".join(
            f"  {one.action}  {one.type} {one.logical_id}"
            + (f"  (because of {', '.join(one.because)})" if one.because else "")
            for one in losing
        )
        raise NotDeployed(
            "refused, because data or an address would be lost:\n"
            f"{lines}\n"
            "nothing was changed. If that is what you want, after a backup: --allow-replacement"
        )


def _name(now: datetime) -> str:
    """No two are alike, so that two people at once do not take each other's."""
    return f"deploy-{now:%Y%m%d-%H%M%S}-{secrets.token_hex(4)}"
