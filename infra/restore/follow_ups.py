"""What happens by itself: the functions that read the streams, and those on a schedule. Off while
rows are brought back, so that nothing is done again for want of a row that is not back yet.

A stream keeps what it tells for a day, and reading it goes on where it stopped; a schedule looks at
whatever has become due. Must never touch what feeds another function.
"""

from collections.abc import Iterator
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from infra.place import Place
from infra.restore.around import Surroundings
from infra.restore.refusals import NotRestored
from infra.template import FUNCTIONS, Function, stage_settings

LOOK_SECONDS, LOOKS = 5.0, 60
MOVING = frozenset({"Creating", "Enabling", "Disabling", "Updating"})
HOW_TO_RESUME = 'make restore STAGE={stage} ARGUMENTS="--resume"'
HOW_TO_PAUSE = 'make restore STAGE={stage} ARGUMENTS="--pause"'


class FollowUps:
    """Of one stage."""

    def __init__(self, place: Place, around: Surroundings) -> None:
        self._place = place
        self._around = around
        self._lambdas = place.client("lambda")
        self._events = place.client("events")

    def pause(self) -> None:
        """Switches all of them off. Raises `NotRestored` with those that are not."""
        left = self._switch(on=False)
        if left:
            raise NotRestored(f"still on: {', '.join(left)}. Run it again")
        self._around.say(
            "nothing happens by itself now: no refund is started, no group ends, no commission is "
            "booked. The streams keep what they tell for 24 hours. Switch it on again before:\n"
            f"  {HOW_TO_RESUME.format(stage=self._place.stage)}",
            style="yellow",
        )

    def resume(self) -> None:
        """Switches all of them on. Raises `NotRestored` with those that are not."""
        left = self._switch(on=True)
        if left:
            raise NotRestored(
                f"STILL OFF: {', '.join(left)}. Run it again; `make doctor "
                f"STAGE={self._place.stage}` says what is off, and how else to switch it on"
            )
        self._around.say("everything happens by itself again", style="green")

    def require_paused(self) -> None:
        """Raises `NotRestored` unless all of them are off."""
        running = [name for name, state in self._states() if not _is_off(state)]
        if running:
            raise NotRestored(
                f"what follows from rows by itself is on ({', '.join(running)}), and would be done "
                "again for want of rows that are not back yet: money twice. Switch it off, run "
                "this again, and switch it on when all is back:\n"
                f"  {HOW_TO_PAUSE.format(stage=self._place.stage)}\n"
                f"  {HOW_TO_RESUME.format(stage=self._place.stage)}\nNothing changed"
            )

    def are_all_on(self) -> bool:
        """Whether everything happens by itself."""
        return all(_is_on(state) for _, state in self._states())

    def _switch(self, *, on: bool) -> list[str]:
        """All that can be; the names of the functions that are not as wished afterwards."""
        for function in _FOLLOWING:
            try:
                self._switch_one(function, on=on)
            except (BotoCoreError, ClientError) as error:
                self._around.say(f"{function.name}: {error}", style="red")
        is_done = _is_on if on else _is_off
        for _ in range(LOOKS):
            if not MOVING & {state for _, state in self._states()}:
                break
            self._around.sleep(LOOK_SECONDS)
        return [name for name, state in self._states() if not is_done(state)]

    def _switch_one(self, function: Function, *, on: bool) -> None:
        for mapping in self._mappings(function):
            if mapping["State"] != (_ON if on else _OFF):
                self._lambdas.update_event_source_mapping(UUID=mapping["UUID"], Enabled=on)
        for rule in self._rules(function):
            (self._events.enable_rule if on else self._events.disable_rule)(Name=rule)

    def _states(self) -> Iterator[tuple[str, str]]:
        """By function; one that nothing feeds is neither on nor off."""
        for function in _FOLLOWING:
            found = [str(one["State"]) for one in self._mappings(function)]
            found += [self._state_of(rule) for rule in self._rules(function)]
            yield from ((function.name, state) for state in found or [_MISSING])

    def _state_of(self, rule: str) -> str:
        """In Lambda's words: `Enabled` where EventBridge says `ENABLED`."""
        return str(self._events.describe_rule(Name=rule)["State"]).capitalize()

    def _mappings(self, function: Function) -> list[dict[str, Any]]:
        if function.stream_of is None:
            return []
        name = self._deployed(function)
        answer = self._lambdas.list_event_source_mappings(FunctionName=name)
        found: list[dict[str, Any]] = answer["EventSourceMappings"]
        return found

    def _rules(self, function: Function) -> list[str]:
        if function.schedule is None:
            return []
        name = self._deployed(function)
        arn = self._lambdas.get_function_configuration(FunctionName=name)["FunctionArn"]
        names: list[str] = self._events.list_rule_names_by_target(TargetArn=arn)["RuleNames"]
        return names

    def _deployed(self, function: Function) -> str:
        return stage_settings(self._place.stage).function_name(function)


_ON, _OFF, _MISSING = "Enabled", "Disabled", "not there"
_FOLLOWING = tuple(each for each in FUNCTIONS if each.stream_of or each.schedule)


def _is_on(state: str) -> bool:
    return state == _ON


def _is_off(state: str) -> bool:
    return state in (_OFF, _MISSING)
