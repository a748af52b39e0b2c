"""What was asked of the stack under load: how often, how long it took, what was refused.

Several threads note at once. Must never judge more than one answer: what the books say is for
others to see.
"""

import re
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from infra.local.endpoints import Endpoints
from infra.local.shopper import Reply, Shopper

REFUSALS = frozenset(
    {
        "already_joined",
        "amount_not_allowed",
        "daily_limit_reached",
        "group_forming",
        "group_full",
        "group_not_open",
        "group_over",
        "insufficient_balance",
        "order_not_cancellable",
        "order_not_payable",
        "order_not_receivable",
        "order_not_refundable",
        "out_of_stock",
        "refund_exceeds_payment",
        "too_many_unpaid",
        "withdrawal_open",
    }
)
"""What a member who is too late, or wants too much, is rightly told. Anything else is a fault."""

MOST_EXAMPLES = 20


@dataclass
class Operation:
    """One kind of request: the seconds of each, refusals by code, and what should not have come."""

    seconds: list[float] = field(default_factory=list)
    refusals: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)

    def percentile_seconds(self, percent: int) -> float:
        """The time that so many of a hundred did not take longer than; 0 without any."""
        if not self.seconds:
            return 0.0
        ordered = sorted(self.seconds)
        return ordered[max(0, -(-len(ordered) * percent // 100) - 1)]


class Measures:
    """Of a whole run, by the name of the operation."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._operations: dict[str, Operation] = {}
        self._examples: list[str] = []
        self._is_over = False

    def note(self, name: str, seconds: float, *, refusal: str = "", fault: str = "") -> None:
        """One request is answered. `fault`: in a way that it should not have been."""
        with self._lock:
            if self._is_over and not fault:
                return
            operation = self._operations.setdefault(name, Operation())
            operation.seconds.append(seconds)
            if refusal:
                operation.refusals[refusal] += 1
            if fault:
                operation.faults[fault] += 1

    def end(self) -> None:
        """The load is over: what comes from here on is noted only when it is a fault."""
        with self._lock:
            self._is_over = True

    def keep_example(self, text: str) -> None:
        """Words about a fault, for whoever has to find its cause."""
        with self._lock:
            if len(self._examples) < MOST_EXAMPLES:
                self._examples.append(text)

    @contextmanager
    def timed(self, name: str, *refused: type[Exception]) -> Iterator[None]:
        """Notes how long the block takes; what it raises of `refused` counts as a refusal."""
        began = time.monotonic()
        try:
            yield
        except refused as refusal:
            code = getattr(refusal, "code", type(refusal).__name__)
            self.note(name, time.monotonic() - began, refusal=code)
            raise
        self.note(name, time.monotonic() - began)

    @property
    def operations(self) -> Mapping[str, Operation]:
        with self._lock:
            return dict(self._operations)

    @property
    def count(self) -> int:
        """All requests so far."""
        with self._lock:
            return sum(len(operation.seconds) for operation in self._operations.values())

    def faults(self) -> list[str]:
        """What should not have been answered, each kind once with how often; then examples."""
        counted = [
            f"{name}: {fault}, {times} times"
            for name, operation in sorted(self.operations.items())
            for fault, times in operation.faults.items()
        ]
        return counted + self._examples


class Routes:
    """Gives each request the name of its route, as the deployed template declares it."""

    def __init__(self, paths: Iterable[str]) -> None:
        self._patterns = [
            (re.compile(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(path))), path) for path in paths
        ]

    @classmethod
    def of_template(cls, template: Mapping[str, Any]) -> "Routes":
        """Those of a packaged stage; paths without parameters first, which are nearer."""
        paths = template["Resources"]["RestAPI"]["Properties"]["DefinitionBody"]["paths"]
        return cls(sorted(paths, key=lambda path: ("{" in path, path)))

    def name(self, method: str, path: str) -> str:
        """`GET /v1/groups/{group_id}`; the path as it is when no route fits."""
        bare = path.partition("?")[0]
        return f"{method} {next((at for fit, at in self._patterns if fit.fullmatch(bare)), bare)}"


class TimedShopper(Shopper):
    """A shopper whose every request is noted."""

    def __init__(self, endpoints: Endpoints, name: str, measures: Measures, routes: Routes) -> None:
        super().__init__(endpoints, name)
        self._measures = measures
        self._routes = routes

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        key: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        name, began = self._routes.name(method, path), time.monotonic()
        reply = super().send(method, path, body, key=key, headers=headers)
        seconds = time.monotonic() - began
        if reply.status < 400:
            self._measures.note(name, seconds)
        elif reply.code in REFUSALS:
            self._measures.note(name, seconds, refusal=str(reply.code))
        else:
            self._measures.note(name, seconds, fault=f"{reply.status} {reply.code}")
            self._measures.keep_example(f"{name}: {reply.status} {reply.content}")
        return reply


def total(operations: Sequence[Operation]) -> Operation:
    """All of them as one."""
    together = Operation()
    for operation in operations:
        together.seconds += operation.seconds
        together.refusals += operation.refusals
        together.faults += operation.faults
    return together
