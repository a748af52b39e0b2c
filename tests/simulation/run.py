"""One run: a shop, its people, so many wishes, everything going wrong on the way; then the dust
settles and everything must be right.

The same seed gives the same run. What it was made of can be left out piece by piece.
"""

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from random import Random

from chalicelib.kit import aws, metrics
from chalicelib.kit.clock import from_stored
from infra.tables import all_tables, create_table_arguments
from tests import dynamodb_here
from tests.simulation import ground as grounds
from tests.simulation import wishes as wishing
from tests.simulation.database import Database
from tests.simulation.deliveries import Deliveries
from tests.simulation.disturbances import Disturbance, Disturbances
from tests.simulation.ears import Ears
from tests.simulation.ground import KINDS, Ground
from tests.simulation.scheduler import Scheduler
from tests.simulation.themes import DRAWN_FROM, THEMES
from tests.simulation.verdict import reached_in, verdict
from tests.simulation.wishes import Wish
from tests.simulation.world import World
from tests.tables import PREFIX, REGION

WISHES = 30
MOST_TURNS = 20_000
BREAK_SECONDS = 15
"""A longer time passes only when every function that was under way has ended or was killed."""
QUIET_SECONDS = 2 * 3600
SCHEDULED_SECONDS = 30
"""While all comes to rest, the schedules fire no more often than this."""
SETTLING_SECONDS = 16 * 86_400
MOST_SWEEPS = 150
_DAY_SECONDS = 86_400
_SWEPT = {
    "orders": "sweep_orders",
    "groups": "sweep_groups",
    "draws": "sweep_groups",
    "stock": "sweep_groups",
    "refunds": "sweep_refunds",
    "commissions": "sweep_commissions",
    "withdrawals": "sweep_withdrawals",
}
RECONCILIATION, AUDIT = "reconcile_days", "audit_slice"
SWEEPS = tuple(dict.fromkeys(_SWEPT.values()))


@dataclass(frozen=True)
class Plan:
    """What a run is made of. None: everything that the seed draws."""

    seed: int
    kind: str | None = None
    theme: str | None = None
    wishes: frozenset[str] | None = None
    disturbances: frozenset[str] | None = None


@dataclass(frozen=True)
class Outcome:
    """What became of it. No `violations`: everything is right."""

    plan: Plan
    kind: str
    theme: str
    violations: tuple[str, ...]
    wishes: tuple[str, ...]
    disturbances: tuple[str, ...]
    trace: tuple[str, ...]
    figures: dict[str, int] = field(default_factory=dict)
    reached: dict[str, int] = field(default_factory=dict)
    """How many rows ended in which state, as `orders settled`."""


@contextmanager
def simulated_database() -> Iterator[Database]:
    """The process's DynamoDB client talks to a database in this process, tables made: each tells of
    its changes, also those of which nobody is told where it is deployed.
    """
    before = dict(os.environ)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        os.environ[name] = "test"
    os.environ |= {"AWS_DEFAULT_REGION": REGION, "TABLE_PREFIX": PREFIX}
    os.environ.pop("AWS_ENDPOINT_URL_DYNAMODB", None)
    aws.forget_clients()
    database = Database()
    aws.use_client("dynamodb", database)
    for table in all_tables():
        database.create_table(**create_table_arguments(replace(table, has_stream=True), PREFIX))
    try:
        with metrics.written_to(lambda _counted, _stage: None):
            yield database
    finally:
        dynamodb_here.delete_tables()
        aws.forget_clients()
        os.environ.clear()
        os.environ |= before


def play(plan: Plan, database: Database, *, loud: bool = False) -> Outcome:
    """One run from beginning to end."""
    with Ears(silent=not loud) as ears:
        return _Run(plan, database, ears).play()


class _Run:
    def __init__(self, plan: Plan, database: Database, ears: Ears) -> None:
        self._plan = plan
        self._ears = ears
        self._theme_name = plan.theme or Random(f"{plan.seed} theme").choice(DRAWN_FROM)
        self._theme = THEMES[self._theme_name]
        likely = self._theme.likely
        self._disturbances = Disturbances(plan.seed, plan.disturbances, likely)
        self._scheduler = Scheduler(self._disturbances)
        self._world = World(database, self._scheduler)
        self._deliveries = Deliveries(self._world, self._scheduler)

    def play(self) -> Outcome:
        plan, calls = self._plan, self._world.database.calls
        wished = wishing.draw(plan.seed, WISHES, self._theme)
        wished = [one for one in wished if plan.wishes is None or one.name in plan.wishes]
        chance = self._disturbances.random("ground")
        drawn = chance.choice(sorted(KINDS))  # also when another is asked for: the rest stays
        kind = plan.kind or drawn
        reached: Counter[str] = Counter()
        try:
            ground = grounds.lay(self._world, kind, self._theme, chance)
            self._world.fires(RECONCILIATION)
            self._world.begins()
            found = self._play_out(ground, wished)
            reached = reached_in(self._world)
        except Exception as error:
            found = [f"{type(error).__name__}: {error}", *self._scheduler.trouble]
        finally:
            self._world.close()
        return Outcome(
            plan=plan,
            kind=kind,
            theme=self._theme_name,
            violations=tuple(found),
            wishes=tuple(one.name for one in wished),
            disturbances=tuple(self._disturbances.happened),
            trace=tuple(self._scheduler.trace),
            figures={
                "calls": self._world.database.calls - calls,
                "deliveries": self._deliveries.delivered,
            },
            reached=dict(reached),
        )

    def _play_out(self, ground: Ground, wished: Sequence[Wish]) -> list[str]:
        """All of it, and what is wrong in the end."""
        self._play(ground, wished)
        self._disturbances.are_over = True
        for step in (self._settle, self._reconcile, self._settle):
            if not self._scheduler.trouble:
                step(ground)
        if self._scheduler.trouble:  # what is wrong already explains whatever else would be
            return [*self._scheduler.trouble, *self._ears.heard]
        with self._world.undisturbed():
            return [*self._ears.heard, *verdict(ground)]

    def _play(self, ground: Ground, wished: Sequence[Wish]) -> None:
        waiting, is_later = list(wished), False
        later = wishing.later_from(WISHES, self._theme)
        while waiting and not self._scheduler.trouble:
            if self._step():
                continue
            if not is_later and waiting[0].name >= later:
                is_later = True
                self._rest(ground)
            wish = waiting.pop(0)
            if self._disturbances.happens(Disturbance.EXTRA_SWEEP, wish.name):
                chance = self._disturbances.random(wish.name)
                self._deliveries.fire(chance.choice((*SWEEPS, RECONCILIATION, AUDIT)))
            if wish.what == "time":
                self._pass(wish.seconds, wish.name)
            else:
                self._begin(wish, ground)
        self._come_to_rest()

    def _rest(self, ground: Ground) -> None:
        """A quiet time: what was sold is sent and received, and earned."""
        self._disturbances.are_over = True
        self._settle(ground, seconds=QUIET_SECONDS)
        self._disturbances.are_over = False

    def _begin(self, wish: Wish, ground: Ground) -> None:
        """Those of a rush have the same thing in mind, and get in each other's way."""
        chance = self._disturbances.random(f"{wish.rush or wish.name} {wish.what}")
        self._scheduler.start(
            f"{wish.name} {wish.what}",
            lambda: wishing.fulfil(wish, ground, chance),
            is_function=False,
            in_a_rush=bool(wish.rush),
        )

    def _step(self) -> bool:
        """Whoever may go next goes; whether there was anyone."""
        self._scheduler.turn += 1
        task = self._scheduler.awake()
        if task is not None:
            self._scheduler.wake(task)
            return True
        return self._deliveries.begin_next()

    def _come_to_rest(self) -> None:
        """Nobody is under way any more, and nothing waits to be brought."""
        for _ in range(MOST_TURNS):
            moved = self._step()
            if not moved and not self._scheduler.parked and not self._deliveries.are_waiting:
                return
        raise AssertionError("it never came to rest")

    def _pass(self, seconds: int, name: str) -> None:
        """Time passes and the schedules fire. No function lives longer than a minute."""
        if seconds > BREAK_SECONDS:
            for task in list(self._scheduler.parked):
                if task.is_function and self._disturbances.happens(
                    Disturbance.CRASH_BEFORE, f"{task.name} at {name}"
                ):
                    self._scheduler.kill(task)
            while self._scheduler.parked:
                self._scheduler.turn += 1
                task = self._scheduler.awake() or self._scheduler.parked[0]
                self._scheduler.wake(task)
        self._world.advance(seconds)
        self._scheduler.note(f"{name}: {seconds} s pass")
        for sweep in SWEEPS:
            self._deliveries.fire(sweep)

    def _settle(self, ground: Ground, *, seconds: int = SETTLING_SECONDS) -> None:
        """Nothing goes wrong any more, and all that is due for so long comes."""
        self._come_to_rest()
        end = self._world.clock.now().timestamp() + seconds
        chance = self._disturbances.random("repairs")
        for number in range(MOST_SWEEPS):
            if number % 10 == 0 or not self._due():
                with self._world.undisturbed():
                    wishing.clear_up(ground, chance)
                self._come_to_rest()
            due, now = self._due(), self._world.clock.now().timestamp()
            if now >= end or not due or self._scheduler.trouble:
                return
            self._world.advance(
                min(max(min(due.values()) - now, SCHEDULED_SECONDS) + 1, _DAY_SECONDS)
            )
            now = self._world.clock.now().timestamp()
            for sweep in dict.fromkeys(_SWEPT[table] for table, at in due.items() if at <= now):
                self._deliveries.fire(sweep)
            self._come_to_rest()
        self._scheduler.trouble.append(f"still due after {MOST_SWEEPS} sweeps: {self._due()}")

    def _reconcile(self, ground: Ground) -> None:
        """WeChat's bills of all these days are compared with our books; what only they show is
        seen to by an operator.
        """
        self._world.advance(2 * _DAY_SECONDS)
        for _ in range(2):
            self._deliveries.fire(RECONCILIATION)
            self._come_to_rest()
        with self._world.undisturbed():
            wishing.take_lost_payments(ground)
        self._come_to_rest()

    def _due(self) -> dict[str, float]:
        """When the next thing of each table is due, where anything is."""
        found: dict[str, float] = {}
        for table in _SWEPT:
            due = [row["due_at"] for row in self._world.rows(table) if "due_at" in row]
            if due:
                found[table] = from_stored(min(due)).timestamp()
        return found
