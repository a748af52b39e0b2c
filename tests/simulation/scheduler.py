"""Who goes on when: every function invocation and every person is a task, and only one runs at a
time, until it calls outside. Then another may go first.

Knows nothing of shops, of faults it only hands on which.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from greenlet import getcurrent, greenlet

from tests.simulation.disturbances import Disturbance, Disturbances

LONGEST_WAIT = 25
"""In turns: for how many others a task that was switched away from lets go first, at most."""


class Killed(BaseException):
    """The function is gone between two lines; nothing of ours may catch this."""


@dataclass
class Task:
    """Something under way. `calls` counts what it has asked of the outside."""

    name: str
    run: Callable[[], object]
    is_function: bool = True
    in_a_rush: bool = False
    calls: int = 0
    wakes_at: int = 0
    coroutine: Any = None


@dataclass
class Scheduler:
    """Runs tasks in turns, the longest waiting first."""

    disturbances: Disturbances
    turn: int = 0
    trace: list[str] = field(default_factory=list)
    trouble: list[str] = field(default_factory=list)
    parked: list[Task] = field(default_factory=list)
    current: Task | None = None

    def start(
        self,
        name: str,
        run: Callable[[], object],
        *,
        is_function: bool = True,
        in_a_rush: bool = False,
    ) -> Task:
        """Begin, and run until it ends or lets others go first."""
        task = Task(name, run, is_function, in_a_rush)
        task.coroutine = greenlet(lambda: self._body(task))
        self.note(f"{name} begins")
        self._resume(task)
        return task

    def awake(self) -> Task | None:
        """Who has waited long enough."""
        ready = [task for task in self.parked if task.wakes_at <= self.turn]
        return min(ready, key=lambda task: task.wakes_at) if ready else None

    def wake(self, task: Task) -> None:
        """Let it go on."""
        self.parked.remove(task)
        self._resume(task)

    def kill(self, task: Task) -> None:
        """It has run out of time: a function lives a minute."""
        self.parked.remove(task)
        self.note(f"{task.name} runs out of time")
        self._resume(task, Killed())

    def call(self, what: str, kinds: Sequence[Disturbance]) -> Disturbance | None:
        """The running task is about to call outside: lets others go first, perhaps, and says what
        goes wrong with the call. Raises Killed.
        """
        task = self.current
        if task is None:
            return None
        task.calls += 1
        where = f"{task.name}.{task.calls}"
        switch = Disturbance.RUSH if task.in_a_rush else Disturbance.SWITCH
        if self.disturbances.happens(switch, where):
            self.note(f"{where} {what}: others go first")
            self.rest(self.disturbances.random(f"wait {where}").randint(1, LONGEST_WAIT))
        fault = self.disturbances.one_of(kinds, where)
        self.note(f"{where} {what}" + (f": {fault.value}" if fault else ""))
        if fault is Disturbance.CRASH_BEFORE:
            raise Killed()
        return fault

    def rest(self, turns: int) -> None:
        """The running task waits for so many turns of others."""
        task = self.current
        assert task is not None
        task.wakes_at = self.turn + turns
        self.parked.append(task)
        task.coroutine.parent.switch()

    def note(self, line: str) -> None:
        self.trace.append(line)

    def _resume(self, task: Task, *thrown: BaseException) -> None:
        before, self.current = self.current, task
        task.coroutine.parent = getcurrent()
        if thrown:
            task.coroutine.throw(*thrown)
        else:
            task.coroutine.switch()
        self.current = before

    def _body(self, task: Task) -> None:
        try:
            task.run()
        except Killed:
            self.note(f"{task.name} is killed")
        except Exception as error:
            self.note(f"{task.name} fails: {type(error).__name__}: {error}")
            if not task.is_function or self.disturbances.are_over:
                self.trouble.append(f"{task.name}: {type(error).__name__}: {error}")
