"""`python -m infra.restore --stage prod --table orders --to 2026-11-22T20:15:00+08:00`: restores
tables as they were then beside the live ones, brings the rows back that are missing there, and asks
the shop whether its books balance. `--pause` before it and `--resume` after it switch off and on
what happens by itself.

Nothing is ever deleted from the live table, and nothing in it is changed unasked. Running it again
with the same words goes on where it was. Answers 0 when the books balance, 1 when it was not done,
2 when rows are back and the books are not proven.
"""

import argparse
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console

from infra.local.endpoints import LOCAL_DIRECTORY, NoStack
from infra.place import CannotReach, reach, require_usual_place
from infra.restore.around import Agree, Surroundings
from infra.restore.beside import moment_of
from infra.restore.follow_ups import FollowUps
from infra.restore.refusals import NotRestored
from infra.restore.run import Outcome, Wishes, restore
from infra.restore.together import ALL
from infra.tables import all_tables
from infra.template import STAGES

GOES_ON = "run it again with the same words: it goes on where it was"


def main() -> int:
    """The command line."""
    arguments = command_line().parse_args()
    console = Console()
    try:
        return _restore(arguments, console)
    except (CannotReach, NoStack, NotRestored) as error:
        console.print(str(error), style="red", markup=False, soft_wrap=True)
    except (BotoCoreError, ClientError) as error:
        console.print(f"AWS says: {error}\n{GOES_ON}", style="red", markup=False, soft_wrap=True)
    except (KeyboardInterrupt, EOFError):
        console.print(
            "stopped. A restoration that AWS has begun it goes on with, and rows that are back "
            f"stay back; {GOES_ON}",
            soft_wrap=True,
        )
    return Outcome.NOT_DONE


def _restore(arguments: argparse.Namespace, console: Console) -> int:
    is_asked = not (arguments.pause or arguments.resume or arguments.yes)
    agree = _agree() if is_asked else lambda _question: True
    around = Surroundings(console, agree, time.sleep, lambda: datetime.now(UTC))
    is_switch = arguments.pause or arguments.resume
    if not is_switch and not (arguments.table and arguments.to):
        raise NotRestored("say --table and --to; or --pause, or --resume")
    place = reach(
        arguments.stage,
        profile=arguments.profile,
        region=arguments.region,
        account=arguments.account,
        directory=arguments.directory,
    )
    require_usual_place(place, elsewhere=arguments.elsewhere)
    console.print(f"stage {place.stage}, {place}", highlight=False)
    if is_switch:
        follow_ups = FollowUps(place, around)
        (follow_ups.pause if arguments.pause else follow_ups.resume)()
        return 0
    wishes = Wishes(
        tables=tuple(arguments.table),
        moment=moment_of(arguments.to, around.now()),
        replace=tuple(arguments.replace),
        also=tuple(arguments.also),
        keep=arguments.keep,
    )
    return restore(place, wishes, around)


def _agree() -> Agree:
    if not sys.stdin.isatty():
        raise NotRestored("there is no terminal to ask at: add --yes")
    return lambda question: input(f"{question} [yes/no] ").strip().lower() in ("y", "yes")


def command_line() -> argparse.ArgumentParser:
    """What it takes."""
    parser = argparse.ArgumentParser(prog="python -m infra.restore", description=__doc__)
    parser.add_argument("--stage", choices=STAGES, default="dev")
    parser.add_argument("--profile", help="an AWS profile")
    parser.add_argument("--region", help="an AWS region")
    parser.add_argument("--account", help="refuse any other account")
    parser.add_argument(
        "--elsewhere", action="store_true", help="elsewhere than this checkout deployed it"
    )
    parser.add_argument("--directory", type=Path, default=LOCAL_DIRECTORY, help="stage local's")
    names = [table.name for table in all_tables()]
    parser.add_argument(
        "--table",
        action="append",
        default=[],
        choices=[*names, ALL],
        help="may be given several times; those that have to come along do",
    )
    parser.add_argument("--to", metavar="MOMENT", help="like 2026-11-22T20:15:00+08:00")
    switch = parser.add_mutually_exclusive_group()
    switch.add_argument("--pause", action="store_true", help="let nothing happen by itself")
    switch.add_argument("--resume", action="store_true", help="let everything happen again")
    parser.add_argument(
        "--replace",
        action="append",
        default=[],
        metavar="KEY",
        help="put a row back that was changed since, as it was then",
    )
    parser.add_argument(
        "--also",
        action="append",
        default=[],
        metavar="KEY",
        help="bring a row back that the shop may have taken away itself",
    )
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.add_argument("--keep", action="store_true", help="do not delete the table beside")
    return parser


if __name__ == "__main__":
    sys.exit(main())
