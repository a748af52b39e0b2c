"""Who and what is on stage while a story is played. Must never decide anything."""

from dataclasses import dataclass

from infra.local.books import yuan
from infra.local.sandbox_control import SandboxControl
from infra.local.shopper import Purchase, Shopper
from infra.local.stack import Stack
from infra.local.timeline import Timeline

TWICE = 2


@dataclass(frozen=True)
class Play:
    """The stack, WeChat, the lines told so far, and the members by name."""

    stack: Stack
    wechat: SandboxControl
    timeline: Timeline
    members: dict[str, Shopper]


def pays(order: Purchase) -> str:
    """What paying is told as."""
    return f"pays {yuan(order.amount_fen)}, notified twice"
