"""What AWS and WeChat bring to our functions: stream records, queue messages, notifications, the
clock. At least once each, in the order they promise and no other, or not at all once they give up.

Starts the tasks; what goes wrong inside is the scheduler's.
"""

from collections import deque
from dataclasses import dataclass, field
from typing import Any

from chalicelib.kit.ids import shard_of
from infra.local.wechat.outbox import Dispatch
from infra.tables import all_tables
from tests import dynamodb_here
from tests.simulation.disturbances import Disturbance
from tests.simulation.scheduler import LONGEST_WAIT, Scheduler
from tests.simulation.witness import wrong_in
from tests.simulation.world import World
from tests.tables import PREFIX

D = Disturbance
SHARDS = 2
MOST_RECORDS = 6
STREAMED = frozenset(table.name for table in all_tables() if table.has_stream)
"""Those of whose changes functions are told."""
MOST_TRIES = 11
MOST_MESSAGES = 5
MOST_RECEIVES = 5
_QUEUE_ARN = "arn:aws:sqs:us-east-1:123456789012:refunds"


@dataclass
class _Shard:
    """A part of a table's stream: its records stay in order, one batch is under way at a time."""

    table: str
    number: int
    records: deque[dict[str, Any]] = field(default_factory=deque)
    batches: int = 0
    tries: int = 0
    is_busy: bool = False
    held_until: int = 0

    @property
    def name(self) -> str:
        return f"{self.table}/{self.number}#{self.batches}"


@dataclass
class _Waiting:
    """A message or a notification on its way."""

    what: Any
    number: int
    receives: int = 0
    held_until: int = 0


class Deliveries:
    """Everything on its way to us."""

    def __init__(self, world: World, scheduler: Scheduler) -> None:
        self._world = world
        self._scheduler = scheduler
        self._disturbances = scheduler.disturbances
        self._shards: dict[tuple[str, int], _Shard] = {}
        self._messages: list[_Waiting] = []
        self._notifications: list[_Waiting] = []
        self._counts: dict[str, int] = {}
        self.delivered = 0

    @property
    def are_waiting(self) -> bool:
        """Whether anything has still to be brought."""
        self._collect()
        is_streaming = any(shard.records for shard in self._shards.values())
        return is_streaming or bool(self._messages) or bool(self._notifications)

    def begin_next(self) -> bool:
        """Bring the next thing that may go; whether there was one."""
        self._collect()
        return self._begin_records() or self._begin_messages() or self._begin_notification()

    def fire(self, sweep: str) -> None:
        """A schedule fires."""
        name = self._numbered(sweep)
        self._scheduler.start(name, lambda: self._world.fires(sweep))

    def _numbered(self, name: str) -> str:
        self._counts[name] = self._counts.get(name, 0) + 1
        return f"{name}#{self._counts[name]}"

    def _collect(self) -> None:
        for table, record in dynamodb_here.take_records():
            short = table.removeprefix(f"{PREFIX}-")
            self._scheduler.trouble += wrong_in(self._world, short, record)
            if short not in STREAMED:
                continue
            key = record["dynamodb"]["Keys"]
            number = shard_of(str(sorted(str(value) for value in key.values())), SHARDS)
            shard = self._shards.setdefault((short, number), _Shard(short, number))
            shard.records.append(record)
        for refund_id, receives in self._world.queue.take():
            number = self._count("message")
            self._messages.append(
                _Waiting(refund_id, number, receives, self._late("message", number))
            )
        for dispatch in self._world.sandbox.take_due():
            number = self._count("notification")
            held_until = self._late("notification", number)
            self._notifications.append(_Waiting(dispatch, number, held_until=held_until))

    def _count(self, name: str) -> int:
        self._counts[name] = self._counts.get(name, 0) + 1
        return self._counts[name]

    def _late(self, kind: str, number: int) -> int:
        where = f"{kind} {number}"
        if not self._disturbances.happens(D.LATE, where):
            return 0
        return self._scheduler.turn + self._disturbances.random(where).randint(1, 4 * LONGEST_WAIT)

    # Streams

    def _begin_records(self) -> bool:
        turn = self._scheduler.turn
        for shard in list(self._shards.values()):
            if not shard.records or shard.is_busy or shard.held_until > turn:
                continue
            if shard.tries == 0 and not shard.held_until:
                shard.held_until = self._late(shard.table, 100 * shard.number + shard.batches)
                if shard.held_until:
                    continue
            self._begin_batch(shard)
            return True
        return False

    def _begin_batch(self, shard: _Shard) -> None:
        most = self._disturbances.random(f"size {shard.name}").randint(1, MOST_RECORDS)
        batch = [shard.records[index] for index in range(min(most, len(shard.records)))]
        if self._disturbances.happens(D.DROPPED, f"{shard.name}.{shard.tries}"):
            self._done(shard, batch)
            return
        shard.is_busy = True
        shard.tries += 1
        name = f"relay_{shard.name}.{shard.tries}"
        self._scheduler.start(name, lambda: self._relay(shard, batch, name))

    def _relay(self, shard: _Shard, batch: list[dict[str, Any]], name: str) -> None:
        is_done = False
        try:
            self._world.invoke(f"relay_{shard.table}", {"Records": batch})
            is_done = not self._disturbances.happens(D.AGAIN, name)
        finally:
            shard.is_busy = False
            self.delivered += len(batch)
            if is_done or shard.tries >= MOST_TRIES:
                self._done(shard, batch)

    def _done(self, shard: _Shard, batch: list[dict[str, Any]]) -> None:
        for _ in batch:
            shard.records.popleft()
        shard.batches += 1
        shard.tries = shard.held_until = 0

    # The queue

    def _begin_messages(self) -> bool:
        turn = self._scheduler.turn
        taken = [one for one in self._messages if one.held_until <= turn][:MOST_MESSAGES]
        if not taken:
            return False
        for message in taken:
            self._messages.remove(message)
        name = self._numbered("execute_refunds")
        self._scheduler.start(name, lambda: self._work(taken, name))
        return True

    def _work(self, taken: list[_Waiting], name: str) -> None:
        failed = {str(one.number) for one in taken}
        try:
            answer = self._world.invoke("execute_refunds", _queue_event(taken))
            failed = {one["itemIdentifier"] for one in answer["batchItemFailures"]}
            if self._disturbances.happens(D.AGAIN, name):
                failed = {str(one.number) for one in taken}
        finally:
            self.delivered += len(taken)
            for message in taken:
                message.receives += 1
                if str(message.number) in failed and message.receives < MOST_RECEIVES:
                    self._messages.append(message)

    # WeChat's notifications

    def _begin_notification(self) -> bool:
        turn = self._scheduler.turn
        ready = next((one for one in self._notifications if one.held_until <= turn), None)
        if ready is None:
            return False
        self._notifications.remove(ready)
        name = f"notification#{ready.number}"
        self._scheduler.start(name, lambda: self._notify(ready.what, name))
        return True

    def _notify(self, dispatch: Dispatch, name: str) -> None:
        sandbox = self._world.sandbox
        if self._disturbances.happens(D.DROPPED, name):
            self._world.swallows_notifications = True
            sandbox.send(dispatch)
            self._world.swallows_notifications = False
            return
        self.delivered += 1
        sandbox.send(dispatch)
        if self._disturbances.happens(D.AGAIN, name):
            self.delivered += 1
            sandbox.send(dispatch)


def _queue_event(taken: list[_Waiting]) -> dict[str, Any]:
    message = {
        "receiptHandle": "handle",
        "attributes": {},
        "messageAttributes": {},
        "md5OfBody": "",
        "eventSource": "aws:sqs",
        "eventSourceARN": _QUEUE_ARN,
        "awsRegion": "us-east-1",
    }
    return {
        "Records": [
            message | {"messageId": str(one.number), "body": f'{{"refund_id": "{one.what}"}}'}
            for one in taken
        ]
    }
