"""What a run is mostly about. Played over everything at once, most of what can happen stays rare;
so each run has a theme that the seed picks: some wishes come often, some things go wrong often, and
time passes as it matters there.

Only says so: wishes.py, ground.py and disturbances.py draw.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.simulation.disturbances import Disturbance

D = Disturbance
PAY_WINDOW_SECONDS = 300
SECONDS_PER_GROUP = 600
_JOINING = ("joins",) * 6
_LONG = (610, 1800, 3700, 4 * 3600)


@dataclass(frozen=True)
class Theme:
    """`first`: what the first wishes are, one person after the other. `often`: weights of wishes
    instead of the usual, and `later` after the quiet time, which begins once `later_from` of them
    are gone; 1: there is none. `rushes`: what several want at once, in so many of the draws as
    `in_rushes` says; `breaks_seconds`: how long nothing happens, in `in_breaks` of them.
    `pays_at_once`: how many do after they have bought. `earns`: everybody's buying earns somebody.
    `likely`: what goes wrong more often than the weather has it.
    """

    rushes: tuple[str, ...]
    breaks_seconds: tuple[int, ...]
    first: tuple[str, ...] = ()
    often: Mapping[str, int] = field(default_factory=dict)
    later: Mapping[str, int] = field(default_factory=dict)
    later_from: float = 0.6
    in_breaks: float = 0.1
    in_rushes: float = 0.25
    pays_at_once: float = 0.65
    earns: bool = False
    settles_refunds_after: tuple[int, ...] = (0, 0, 40)
    likely: Mapping[Disturbance, float] = field(default_factory=dict)


_AFTER_SALES = {"asks_back": 8, "pays_back": 5, "decides": 6, "takes_back": 2, "repairs": 2}
THEMES: dict[str, Theme] = {
    "groups": Theme(
        rushes=(*_JOINING, "opens", "buys", "cancels", "asks_back", "ships", "checks", "repeats"),
        breaks_seconds=(1, 5, 5, 20, 20, 20, 70, 70, 130, 310, *_LONG),
        later_from=1,
        in_breaks=0.06,
        in_rushes=0.4,
    ),
    "deadlines": Theme(
        rushes=(*_JOINING, "buys", "pays_late", "pays_late", "cancels", "cancels", "checks"),
        breaks_seconds=(5, 20, 100, 200, 280, 301, 301, 590, 601),
        often={"pays_late": 16, "checks": 6, "cancels": 8, "opens": 8, "buys": 8},
        later_from=1,
        in_breaks=0.14,
        pays_at_once=0.4,
        likely={D.CLOSE_IGNORED: 0.4, D.EXTRA_SWEEP: 0.1, D.DROPPED: 0.05},
    ),
    "money_back": Theme(
        rushes=("asks_back", "asks_back", "decides", "pays_back", "takes_back", "joins", "repairs"),
        breaks_seconds=(5, 20, 65, 65, 70, 130),
        first=("buys", "buys", "joins", "joins", "buys", "joins"),
        often={**_AFTER_SALES, "ships": 8, "receives": 3, "refund_fails": 6, "sends_back": 3},
        later={**_AFTER_SALES, "refund_fails": 6, "sends_back": 4, "joins": 5, "repeats": 4},
        later_from=0.45,
        in_breaks=0.08,
        settles_refunds_after=(0, 40, 90),
        likely={D.ANSWER_LOST: 0.02, D.ERROR_AFTER: 0.03},
    ),
    "money_out": Theme(
        rushes=(*("withdraws",) * 4, "confirms", "confirms", "cancels_withdrawal", "asks_back"),
        breaks_seconds=(5, 20, 65, 70, 130),
        first=("buys",) * 6,
        often={"ships": 10},
        later={
            "withdraws": 40,
            "confirms": 40,
            "cancels_withdrawal": 12,
            "judges_withdrawal": 14,
            "asks_back": 6,
            "pays_back": 6,
            "decides": 3,
            "joins": 5,
            "looks": 0,
        },
        later_from=0.3,
        pays_at_once=0.9,
        in_breaks=0.08,
        earns=True,
        likely={D.ANSWER_LOST: 0.01, D.ERROR_AFTER: 0.03},
    ),
}
DRAWN_FROM = ("groups", *sorted(THEMES))
