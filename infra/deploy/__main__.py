"""`python -m infra.deploy --stage prod`: packages a stage, shows what would change at AWS, and does
it when told yes.

Answers 0 when the stage is deployed and well, 1 when it was not deployed, 2 when it was and the
doctor found something.
"""

import argparse
import signal
import sys
import time
from datetime import UTC, datetime
from types import FrameType

from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console

from infra.dependencies import DependenciesUnavailable
from infra.deploy.refusals import NotDeployed, NothingToChange
from infra.deploy.run import (
    Agree,
    Surroundings,
    Wishes,
    deploy,
    make_sure_of_base_url,
    outputs_of,
    require_same_python,
)
from infra.deploy.show import addresses
from infra.doctor.visit import keep_logs_off_the_console, visit
from infra.local.progress import Progress
from infra.package import Package, PackagingFailed, package
from infra.place import LOCAL, CannotReach, Place, reach, remember_place, require_usual_place
from infra.template import STAGES

DEPLOYED, NOT_DEPLOYED, UNWELL = 0, 1, 2
EXPLAINED = (CannotReach, DependenciesUnavailable, NotDeployed, PackagingFailed)


def main() -> int:
    """The command line."""
    arguments = _arguments()
    console = Console()
    keep_logs_off_the_console()
    signal.signal(signal.SIGTERM, _leave)
    try:
        place, outputs = _deployed(arguments, console)
        addresses(console, outputs, make_sure_of_base_url(place, outputs, console))
        if arguments.no_doctor:
            return DEPLOYED
        console.print()
        return DEPLOYED if visit(place, console) else UNWELL
    except EXPLAINED as error:
        console.print(str(error), style="red", markup=False, soft_wrap=True)
    except (BotoCoreError, ClientError) as error:
        console.print(f"AWS says: {error}", style="red", markup=False, soft_wrap=True)
    except KeyboardInterrupt:
        console.print(
            "stopped. What CloudFormation has begun it goes on with; deploy again to watch or redo"
        )
    return NOT_DEPLOYED


def _deployed(arguments: argparse.Namespace, console: Console) -> tuple[Place, dict[str, str]]:
    place = reach(
        arguments.stage,
        profile=arguments.profile,
        region=arguments.region,
        account=arguments.account,
    )
    require_usual_place(place, elsewhere=arguments.elsewhere)
    console.print(f"stage {place.stage} to {place}, stack {place.stack_name}", highlight=False)
    packaged = _packaged(arguments.stage, console)
    wishes = Wishes(
        parameters=_parameters(arguments.parameter),
        allow_replacement=arguments.allow_replacement,
        adopt=arguments.adopt,
    )
    around = Surroundings(console, _agree(yes=arguments.yes), time.sleep, lambda: datetime.now(UTC))
    try:
        outputs = deploy(place, packaged, wishes, around)
    except NothingToChange:
        console.print("nothing to change: the stack is already what was packaged")
        outputs = outputs_of(place.client("cloudformation"), place.stack_name)
    remember_place(place)
    return place, outputs


def _packaged(stage: str, console: Console) -> Package:
    with Progress(console).phase("package the app"):
        packaged = package(stage)
    require_same_python(packaged.read_template(), sys.version_info[:2])
    return packaged


def _parameters(given: list[str]) -> dict[str, str]:
    pairs = [one.partition("=") for one in given]
    if not all(name and value for name, _, value in pairs):
        raise NotDeployed("--parameter takes Name=Value")
    return {name: value for name, _, value in pairs}


def _agree(*, yes: bool) -> Agree:
    if yes:
        return lambda _question: True
    if not sys.stdin.isatty():
        raise NotDeployed("there is no terminal to ask at: add --yes")
    return lambda question: input(f"{question} [yes/no] ").strip().lower() in ("y", "yes")


def _leave(number: int, _frame: FrameType | None) -> None:
    """SIGTERM unwinds like Ctrl-C does, so that no change set is left behind."""
    raise SystemExit(128 + number)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m infra.deploy", description=__doc__)
    stages = [stage for stage in STAGES if stage != LOCAL]
    parser.add_argument("--stage", choices=stages, default="dev")
    parser.add_argument("--profile", help="an AWS profile")
    parser.add_argument("--region", help="an AWS region")
    parser.add_argument("--account", help="refuse any other account")
    parser.add_argument(
        "--elsewhere", action="store_true", help="to another account or region than the last time"
    )
    parser.add_argument(
        "--parameter",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="of the template; AWS keeps it, so that once is enough",
    )
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.add_argument(
        "--allow-replacement",
        action="store_true",
        help="even when a table, queue, bucket or the API would be replaced or removed",
    )
    parser.add_argument(
        "--adopt", action="store_true", help="take over the tables that a deleted stack left"
    )
    parser.add_argument("--no-doctor", action="store_true", help="no look at it afterwards")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
