"""The kinds of group that `make demo KIND=…` can play, in the order of docs/plays.md.

Nobody is on stage in two kinds: who is new, or owns what, in one says nothing in another.
"""

from collections.abc import Iterable, Mapping

from infra.local.kinds import (
    community,
    cross_product,
    crowd,
    custom,
    flash,
    honour,
    ladder,
    leader_bonus,
    leader_free,
    lottery,
    newcomers,
    team,
    voucher,
)
from infra.local.kinds.kind import Kind
from infra.local.play import Play, sign_in
from infra.local.stack import Stack

FREEZE_SECONDS = 2

KINDS: Mapping[str, Kind] = {
    "team": team.KIND,
    "newcomers": newcomers.KIND,
    "lottery": lottery.KIND,
    "leader_free": leader_free.KIND,
    "leader_bonus": leader_bonus.KIND,
    "voucher": voucher.KIND,
    "ladder": ladder.KIND,
    "cross_product": cross_product.KIND,
    "honour": honour.KIND,
    "flash": flash.KIND,
    "super": crowd.KIND,
    "community": community.KIND,
    "custom": custom.KIND,
}


def put_plan(stack: Stack) -> None:
    """What kinds need beside the small catalogue: a freeze so short that a story can wait for
    it.
    """
    stack.admin("put_settings", commission={"freeze_seconds": FREEZE_SECONDS})


def play(stage: Play, names: Iterable[str]) -> None:
    """These kinds, one after the other."""
    for name in names:
        kind = KINDS[name]
        stage.timeline.scene(kind.title)
        sign_in(stage, kind.names)
        stage.timeline.line("everyone", "signs in", ", ".join(kind.names))
        kind.play(stage)
