"""What the machines have in common: how many steps they take, the rows they take them on, and what
is looked at after every commit.

A machine drives the project's own verbs, each of which may see the rows as they stood some commits
ago, as it does when others write between its read and its write. What has to be true it works out
for itself, from what happened.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar, TypeVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, run_state_machine_as_test

from chalicelib.kit import aws
from chalicelib.kit.errors import Refusal
from chalicelib.kit.tables import Row
from chalicelib.kit.writes import WriteSet
from tests.fakes import FakeClock
from tests.in_memory import InMemory, Moment, in_memory
from tests.tables import PREFIX, REGION

STEPS = settings(
    max_examples=80, stateful_step_count=30, derandomize=True, deadline=None, print_blob=True
)
"""The same steps every time, and no more than a build has time for."""

BEHIND = st.sampled_from((0, 0, 0, 1, 1, 2, 3, 8))
"""How many commits ago a verb has read what it goes by."""

T = TypeVar("T")


@dataclass(frozen=True)
class Arrows:
    """A state diagram: the attribute that holds the state, from each state to those that may follow
    it, and in which an item may begin.
    """

    table: type[Row]
    attribute: str
    first: Collection[str]
    then: Mapping[str, Collection[str]]

    def check(self, before: Moment, after: Moment) -> None:
        """Every item that has a state has moved along an arrow, if at all, and none has gone."""
        was, is_now = self._states(before), self._states(after)
        assert was.keys() <= is_now.keys()
        for address, state in is_now.items():
            old = was.get(address)
            may_be = self.first if old is None else {old, *self.then.get(old, ())}
            assert state in may_be, f"{address}: {old} -> {state}"

    def _states(self, moment: Moment) -> dict[tuple[str, ...], str]:
        return {
            address: item[self.attribute]["S"]
            for address, item in moment[self.table.table_name()].items()
            if self.attribute in item
        }


@pytest.fixture(scope="module")
def memory() -> Iterator[InMemory]:
    """The project's tables in this process, for a module's machines."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("AWS_ENDPOINT_URL_DYNAMODB", raising=False)  # whatever a race left there
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(name, "test")
        patch.setenv("AWS_DEFAULT_REGION", REGION)
        patch.setenv("TABLE_PREFIX", PREFIX)
        aws.forget_clients()
        with in_memory() as tables:
            yield tables
    aws.forget_clients()


def run(machine: Callable[[], RuleBasedStateMachine], steps: settings = STEPS) -> None:
    """Let machines made so run; raises what the shortest failing one finds."""
    run_state_machine_as_test(machine, settings=steps)  # type: ignore[arg-type]


class RowsMachine(RuleBasedStateMachine):
    """Verbs over rows. What is said of commits here holds for every one that was made."""

    arrows: ClassVar[Sequence[Arrows]] = ()
    _prepared: ClassVar[dict[type, dict[tuple[object, ...], Moment]]] = {}

    def __init__(self, memory: InMemory) -> None:
        super().__init__()
        memory.clear()
        self.memory = memory
        self.clock = FakeClock()
        self._looked_at = 0

    def picture(self) -> object:
        """What counts of the rows: all of it but what a person is told."""
        return {t: rows for t, rows in self.memory.now.items() if not t.endswith("-findings")}

    def does(self, verb: Callable[[], T], *, behind: int = 0, since: int = 0) -> T | Refusal:
        """What the verb answers, or why it refuses, having changed nothing that counts."""
        before = self.picture()
        try:
            with self.memory.behind(behind, since=since):
                return verb()
        except Refusal as refusal:
            assert self.picture() == before
            return refusal

    def tries(
        self, verb: Callable[[], object], *, may: bool, behind: int = 0, since: int = 0
    ) -> bool:
        """Whether the verb did anything: only where it may, and always where it may, unless what it
        went by was old.
        """
        before = self.picture()
        self.does(verb, behind=behind, since=since)
        did = self.picture() != before
        assert did == may or (may and behind), "done, and should not be" if did else "not done"
        return did

    def writes(self, add: Callable[[WriteSet], object]) -> None:
        """One commit of what a store adds."""
        writes = WriteSet()
        add(writes)
        writes.commit()

    def begins(self, *after: object, prepare: Callable[[], object]) -> None:
        """Prepare the rows a story begins with: once, and from then on as they were. `after`: what
        tells them from those of other stories.
        """
        prepared = type(self)._prepared.setdefault(type(self), {})
        if after not in prepared:
            prepare()
            prepared[after] = self.memory.now
        self.memory.clear(prepared[after])

    def first_seen(self, table: type[Row], row_id: str) -> int:
        """After how many commits the row was there: nobody knows its id sooner."""
        moments = enumerate(self.memory.moments)
        return next(count for count, each in moments if (row_id,) in each[table.table_name()])

    def looks_right(self) -> None:
        """Assert what is true after every step; each machine says what that is."""

    @invariant()
    def always(self) -> None:
        """Every commit since the last time went along the arrows, and all looks right."""
        moments = self.memory.moments[self._looked_at :]
        self._looked_at = len(self.memory.moments) - 1
        for before, after in pairwise(moments):
            for arrows in self.arrows:
                arrows.check(before, after)
        self.looks_right()
