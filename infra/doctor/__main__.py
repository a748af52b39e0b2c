"""`python -m infra.doctor --stage prod`: looks at what usually goes wrong with a deployment, a line
for each, with what to do. Changes nothing.

Answers 0 only when nothing is red.
"""

import argparse
import sys
from pathlib import Path

from rich.console import Console

from infra.doctor.visit import keep_logs_off_the_console, visit
from infra.local.endpoints import LOCAL_DIRECTORY, NoStack
from infra.place import CannotReach, reach
from infra.template import STAGES


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m infra.doctor", description=__doc__)
    parser.add_argument("--stage", choices=STAGES, default="dev")
    parser.add_argument("--profile", help="an AWS profile")
    parser.add_argument("--region", help="an AWS region")
    parser.add_argument("--account", help="refuse any other account")
    parser.add_argument("--directory", type=Path, default=LOCAL_DIRECTORY, help="stage local's")
    arguments = parser.parse_args()
    console = Console()
    keep_logs_off_the_console()
    try:
        place = reach(
            arguments.stage,
            profile=arguments.profile,
            region=arguments.region,
            account=arguments.account,
            directory=arguments.directory,
        )
        return 0 if visit(place, console) else 1
    except (CannotReach, NoStack) as error:
        console.print(str(error), style="red", markup=False, soft_wrap=True)
    except KeyboardInterrupt:
        console.print("stopped")
    return 1


if __name__ == "__main__":
    sys.exit(main())
