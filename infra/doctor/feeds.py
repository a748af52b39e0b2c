"""Does everything that is to happen by itself happen: schedules, streams, the refund queue."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from infra.doctor.check import Verdict, bad, good
from infra.template import FUNCTIONS

FINE = ("OK", "No records processed")
Mappings = Mapping[str, Sequence[Mapping[str, Any]]]


def schedules_are_on(events: Any, rules: Iterable[str]) -> Verdict:
    """Each schedule of the stack is enabled, and so is what tells of dropped files; none is
    missing.
    """
    names = list(rules)
    wanted = sum(1 for each in FUNCTIONS if each.schedule or each.takes_files)
    off = [name for name in names if events.describe_rule(Name=name)["State"] != "ENABLED"]
    if off:
        return bad(
            f"disabled: {', '.join(off)}",
            "\n    ".join(f"aws events enable-rule --name {name}" for name in off),
        )
    if len(names) < wanted:
        return bad(f"{len(names)} of {wanted}", "deploy again: rules are missing from the stack")
    return good(f"{len(names)} enabled")


def mappings_of(lambdas: Any, functions: Mapping[str, str]) -> dict[str, list[dict[str, Any]]]:
    """What feeds each function, by its name in app.py; `functions` has the deployed names."""
    pages = lambdas.get_paginator("list_event_source_mappings")
    return {
        name: [
            one
            for page in pages.paginate(FunctionName=deployed)
            for one in page["EventSourceMappings"]
        ]
        for name, deployed in functions.items()
    }


def mappings_work(mappings: Mappings) -> Verdict:
    """Each function is fed, by a mapping that is enabled and whose last batch went well."""
    ill, to_enable = [], []
    for name, found in mappings.items():
        if not found:
            ill.append(f"{name} has none")
        for mapping in found:
            state = mapping.get("State", "")
            result = mapping.get("LastProcessingResult") or FINE[0]
            if state not in ("Enabled", "Enabling", "Creating", "Updating"):
                ill.append(f"{name} is {state} ({mapping.get('StateTransitionReason', '')})")
                to_enable.append(mapping["UUID"])
            elif not result.startswith(FINE):
                ill.append(f"{name}: {result}")
    if not ill:
        return good(f"{len(mappings)} enabled")
    commands = [
        f"aws lambda update-event-source-mapping --enabled --uuid {uuid}" for uuid in to_enable
    ]
    logs = "look at the logs of the function, then at docs/runbook.md"
    return bad("; ".join(ill), "\n    ".join(commands) or logs)
