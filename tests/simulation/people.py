"""Those who use the shop while everything goes wrong: they ask, are cut off, ask again under the
same key, give up, and come back.

What they do, and when, is in wishes.py.
"""

from dataclasses import dataclass, field
from random import Random
from typing import Any

from tests.phones import Reply
from tests.simulation.world import CUT_OFF, World

MOST_TRIES = 4
LONGEST_THOUGHT = 8
"""In turns: what happens between two tries."""
_AGAIN = frozenset({CUT_OFF, 429, 503})
_UNHEARD_OF = frozenset({401, 422, 500, 504})
"""Answers nobody in this play should get: everyone is signed in and asks properly."""


@dataclass(frozen=True)
class Bought:
    """An order somebody knows of, with the pay parameters they were handed, if any."""

    order_id: str
    group_id: str
    payment: dict[str, str] | None


@dataclass
class Person:
    """Somebody with a phone."""

    world: World
    name: str
    token: str
    member_id: str
    bought: list[Bought] = field(default_factory=list)
    sent: list[tuple[str, Any, str, str]] = field(default_factory=list)
    """Keyed requests that were answered: path, body, key, and the id of what they made."""
    keys: int = 0

    def asks(
        self, method: str, path: str, body: Any = None, *, chance: Random, key: str | None = None
    ) -> Reply:
        """Until there is an answer, or they give up."""
        headers = {"Idempotency-Key": key} if key else {}
        for left in reversed(range(MOST_TRIES)):
            reply = self.world.send(method, path, body, token=self.token, headers=headers)
            self._judge(method, path, reply)
            if reply.status not in _AGAIN or left == 0 or chance.random() < 0.2:
                return reply
            self.world.scheduler.rest(chance.randint(1, LONGEST_THOUGHT))
        raise AssertionError("unreachable")

    def makes(self, path: str, body: Any, name: str, *, chance: Random) -> Reply:
        """A keyed request; `name` is where in the answer the id stands."""
        self.keys += 1
        key = f"{self.name}-{self.keys:06d}"
        reply = self.asks("POST", path, body, chance=chance, key=key)
        if reply.status == 201:
            self.sent.append((path, body, key, _id_in(reply, name)))
        return reply

    def buys(self, path: str, body: Any, *, chance: Random) -> Bought | None:
        reply = self.makes(path, body, "order", chance=chance)
        if reply.status != 201:
            return None
        order = reply["order"]
        bought = Bought(order["order_id"], order["group_id"] or "", reply["payment"])
        self.bought.append(bought)
        return bought

    def repeats(self, chance: Random) -> None:
        """Send an old request again: the same comes of it."""
        if not self.sent:
            return
        path, body, key, made = chance.choice(self.sent)
        reply = self.asks("POST", path, body, chance=chance, key=key)
        if reply.status in _AGAIN:
            return
        name = "order" if reply.status == 201 and "order" in reply.content else "id"
        if reply.status != 201 or _id_in(reply, name) != made:
            self.world.scheduler.trouble.append(f"{path} repeated: {reply.status} {reply.code}")

    def _judge(self, method: str, path: str, reply: Reply) -> None:
        if reply.status in _UNHEARD_OF:
            said = f"{self.name}: {method} {path}: {reply.status} {reply.content}"
            self.world.scheduler.trouble.append(said)
        self.world.scheduler.note(f"{self.name}: {method} {path} -> {reply.status} {reply.code}")


def _id_in(reply: Reply, name: str) -> str:
    if name == "order":
        return str(reply["order"]["order_id"])
    found = next(name for name in ("refund_id", "withdrawal_id") if name in reply.content)
    return str(reply[found])
