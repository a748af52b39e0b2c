"""`make load`: brings the local stack up, puts it under load, and closes the books.

Answers 0 only when every answer was as it should be, the books agree and nothing is stuck.
"""

import argparse
import io
import sys
import time

import requests
from rich.console import Console

from infra.local.load.catalogue import put_catalogue
from infra.local.load.report import print_outcome
from infra.local.load.soak import Plan, soak
from infra.local.logs import save_function_logs
from infra.local.run import FAILURES
from infra.local.sandbox_control import ControlRefused
from infra.local.shopper import Unexpected
from infra.local.stack import running_stack

PLAIN_WIDTH = 120
"""Of a line where nobody looks on."""


def main() -> int:
    """Runs once. Answers the exit status."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    plan = asked_for(sys.argv[1:])
    console = Console(highlight=False, width=None if sys.stdout.isatty() else PLAIN_WIDTH)
    began = time.monotonic()
    try:
        with running_stack(console=console, seed=put_catalogue) as stack:
            outcome = soak(stack, plan, lambda text: console.print(text, markup=False))
            print_outcome(console, outcome)
            if outcome.problems:
                log = stack.directory / "logs" / "functions.log"
                save_function_logs(stack.endpoints.aws_endpoint_url, log)
                console.print(f"logs: {log.parent}", markup=False, soft_wrap=True)
        console.print(f"everything stopped; {time.monotonic() - began:.0f} s in all")
    except KeyboardInterrupt:
        console.print("interrupted; everything stopped")
        return 130
    except (*FAILURES, ControlRefused, Unexpected, requests.RequestException) as error:
        console.print(str(error), style="red", markup=False, soft_wrap=True)
        return 1
    return 1 if outcome.problems else 0


def asked_for(arguments: list[str]) -> Plan:
    """What the command line asks for. Ends the program when it makes no sense."""
    parser = argparse.ArgumentParser(prog="python -m infra.local.load.run", description=__doc__)
    usual = Plan()
    parser.add_argument("--seconds", type=float, default=usual.seconds, help="of load")
    parser.add_argument("--members", type=int, default=usual.members, help="how many there are")
    parser.add_argument("--at-once", type=int, default=usual.at_once, help="how many act at a time")
    parser.add_argument("--seed", type=int, default=usual.seed, help="who does what")
    given = parser.parse_args(arguments)
    if given.seconds <= 0 or given.members < 1 or given.at_once < 1:
        parser.error("some seconds, some members, and some of them at once")
    at_once = min(given.at_once, given.members)
    return Plan(given.seconds, given.members, at_once, given.seed)


if __name__ == "__main__":
    sys.exit(main())
