"""Is everything deployed, and does it run: the stack, the functions, their Python, the alarms."""

from collections.abc import Mapping
from typing import Any

from infra.deploy.artifacts import runtimes
from infra.deploy.refusals import stuck_stack
from infra.doctor.check import Verdict, bad, good, skipped
from infra.local.deployment import CODE_PLACEHOLDER

Functions = Mapping[str, Mapping[str, Any] | None]

AT_REST = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE"})


def stack_stands(stack: Mapping[str, Any] | None, stack_name: str, stage: str) -> Verdict:
    """The stack is there, and its last change went well."""
    if stack is None:
        return bad(f"there is no stack {stack_name} here", f"make deploy STAGE={stage}")
    status = stack["StackStatus"]
    if status in AT_REST:
        return good(status)
    stuck = stuck_stack(stack_name, status)
    if stuck:
        return bad(status, str(stuck))
    return bad(
        f"{status}: the last change was undone, what was there before runs",
        f"aws cloudformation describe-stack-events --stack-name {stack_name}; then deploy again",
    )


def functions_run(functions: Functions) -> Verdict:
    """Every function is there, active, and has its last code."""
    ill = []
    for name, configuration in functions.items():
        if configuration is None:
            ill.append(f"{name} is missing")
            continue
        state = configuration.get("State", "Active")
        update = configuration.get("LastUpdateStatus", "Successful")
        reason = configuration.get("LastUpdateStatusReason") or configuration.get("StateReason")
        told = f" ({reason})" if reason else ""
        if state not in ("Active", "Inactive"):
            ill.append(f"{name} is {state}{told}")
        elif update != "Successful":
            ill.append(f"the last update of {name} is {update}{told}")
    if ill:
        return bad("; ".join(ill), "wait a minute and look again; if it stays so, deploy again")
    return good(f"{len(functions)} active")


def python_is_the_packages(functions: Functions, template: Mapping[str, Any]) -> Verdict:
    """The functions run on the Python that their code was packaged for."""
    wanted = packaged_for(template)
    others = {
        name: configuration.get("Runtime", "none")
        for name, configuration in functions.items()
        if configuration and configuration.get("Runtime") not in wanted
    }
    if others:
        names = ", ".join(f"{name} on {runtime}" for name, runtime in others.items())
        return bad(
            f"packaged for {', '.join(sorted(wanted))}, but {names}",
            "somebody changed it by hand: set it back to that Python, or deploy again after a "
            "change of code",
        )
    return good(", ".join(sorted(wanted)))


def packaged_for(template: Mapping[str, Any]) -> set[str]:
    """The Python in the name of the code, else the one that the template names."""
    found = set()
    for resource in template["Resources"].values():
        place = resource.get("Properties", {}).get("CodeUri")
        key = "" if place in (None, CODE_PLACEHOLDER) else str(place.get("Key", ""))
        name = key.rpartition("/")[2].partition("-")[0]
        if name.startswith("python"):
            found.add(name)
    return found or runtimes(dict(template))


def no_alarm(cloudwatch: Any, prefix: str) -> Verdict:
    """No alarm of the stage rings."""
    pages = cloudwatch.get_paginator("describe_alarms").paginate(AlarmNamePrefix=prefix)
    alarms = [
        alarm
        for page in pages
        for alarm in (*page.get("MetricAlarms", []), *page.get("CompositeAlarms", []))
    ]
    ringing = [alarm["AlarmName"] for alarm in alarms if alarm["StateValue"] == "ALARM"]
    if ringing:
        return bad(", ".join(ringing), "docs/runbook.md says what each means and what to do")
    return good(f"{len(alarms)}, none rings") if alarms else skipped("there are none")
