"""Asks the deployed shop itself whether its books balance: the operators' command `audit`.

Reads only.
"""

import json
from dataclasses import dataclass
from typing import Any

from infra.place import Place
from infra.restore.around import Surroundings
from infra.restore.refusals import NotRestored

LOOKS, PAUSE_SECONDS = 3, 10.0
VIOLATIONS_SHOWN = 20


OVERDUE = "nothing_is_overdue"


@dataclass(frozen=True)
class Verdict:
    """What `audit` answers. `stopped_at`: where it stopped, when not everything was looked at.
    `waiting`: how much is overdue for no other reason than that nothing happens by itself.
    """

    violations: tuple[dict[str, Any], ...]
    complete: bool
    stopped_at: str | None
    waiting: int = 0

    @property
    def balances(self) -> bool:
        return self.complete and not self.violations


def prove(
    place: Place, around: Surroundings, *, after_writing: bool, is_paused: bool = False
) -> Verdict:
    """The verdict, told. Postings follow rows that came back by the streams: after writing, a
    violation is looked at again a little later before it is believed. While what happens by itself
    is switched off, what is due waits, and is nothing wrong.
    """
    with around.working("audit") as tell:
        verdict = _ask(place, is_paused)
        for look in range(1, LOOKS if after_writing else 1):
            if not verdict.violations:
                break
            tell(f"{len(verdict.violations)} violations; look {look + 1} of {LOOKS}")
            around.sleep(PAUSE_SECONDS)
            verdict = _ask(place, is_paused)
    _show(verdict, around)
    return verdict


def _ask(place: Place, is_paused: bool) -> Verdict:
    name = f"{place.stack_name}-admin"
    payload = json.dumps({"command": "audit"})
    answer = place.client("lambda").invoke(FunctionName=name, Payload=payload)
    said = json.loads(answer["Payload"].read())
    if "FunctionError" in answer or not said.get("ok"):
        told = said.get("errorMessage") or said.get("error", {}).get("detail") or "no reason"
        raise NotRestored(
            f"{name} could not carry out the audit: {told}\nSend it the command `audit` once more, "
            "or run this again: what is back stays back"
        )
    result = said["result"]
    found = result["violations"]
    waiting = [one for one in found if is_paused and one["invariant"] == OVERDUE]
    wrong = tuple(one for one in found if one not in waiting)
    return Verdict(wrong, result["complete"], result["stopped_at"], len(waiting))


def _show(verdict: Verdict, around: Surroundings) -> None:
    for one in verdict.violations[:VIOLATIONS_SHOWN]:
        around.say(f"  {one['invariant']}: {one['kind']} {one['id']}: {one['detail']}", style="red")
    if verdict.waiting:
        around.say(f"  {verdict.waiting} rows are overdue: they wait for --resume")
    found = f"audit: {len(verdict.violations)} violations"
    if verdict.complete:
        around.say(f"{found}, everything looked at")
    else:
        around.say(f"{found}, and not everything looked at: it stopped at {verdict.stopped_at}")
