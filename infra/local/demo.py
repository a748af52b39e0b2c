"""`make demo`: brings the local stack up, plays a story over HTTP, and closes the books.

Without a kind the whole story; with one, that kind of group; with `all`, every kind in turn.
Answers 0 only when every expectation held and the books agree.
"""

import argparse
import io
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import requests
from rich.console import Console

from infra.local import story
from infra.local.books import close_books, closing_table, ledger_table, verdict, wallets_table
from infra.local.kinds import table as kinds
from infra.local.logs import save_function_logs
from infra.local.play import Play
from infra.local.run import FAILURES
from infra.local.sandbox_control import ControlRefused, SandboxControl
from infra.local.seed import seed_catalogue
from infra.local.shopper import Unexpected
from infra.local.stack import CommandRefused, Stack, running_stack
from infra.local.timeline import Timeline

ALL = "all"


@dataclass(frozen=True)
class Programme:
    """What is played: how the shop is prepared for it, and the scenes."""

    prepare: Callable[[Stack], None]
    play: Callable[[Play], None]


def main() -> int:
    """Plays once. Answers the exit status."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    programme = asked_for(sys.argv[1:])
    console = Console(highlight=False)
    began = time.monotonic()

    def seed(stack: Stack) -> None:
        seed_catalogue(stack)
        programme.prepare(stack)

    try:
        with running_stack(console=console, seed=seed) as stack:
            agrees = told(stack, console, programme.play)
        console.print(f"everything stopped; {time.monotonic() - began:.0f} s in all")
    except KeyboardInterrupt:
        console.print("interrupted; everything stopped")
        return 130
    except FAILURES as error:
        console.print(str(error), style="red", markup=False, soft_wrap=True)
        return 1
    return 0 if agrees else 1


def asked_for(arguments: Sequence[str]) -> Programme:
    """What the command line asks for. Ends the program when there is no such kind."""
    parser = argparse.ArgumentParser(prog="python -m infra.local.demo", description=__doc__)
    parser.add_argument(
        "--kind", type=kinds_named, default=(), metavar="KIND", help=f"{names_of_kinds()}"
    )
    chosen: Sequence[str] = parser.parse_args(arguments).kind
    if not chosen:
        return Programme(story.put_catalogue, story.play)
    return Programme(kinds.put_plan, lambda stage: kinds.play(stage, chosen))


def kinds_named(text: str) -> Sequence[str]:
    """The kinds that somebody asks for, `-` as good as `_`; none for an empty text."""
    name = text.strip().replace("-", "_")
    if name == ALL:
        return tuple(kinds.KINDS)
    if name and name not in kinds.KINDS:
        raise argparse.ArgumentTypeError(f"there is no kind {text!r}; there are {names_of_kinds()}")
    return (name,) if name else ()


def names_of_kinds() -> str:
    return ", ".join((*kinds.KINDS, ALL))


def told(stack: Stack, console: Console, play: Callable[[Play], None]) -> bool:
    """Whether the story went as expected to its end. If not, keeps what the functions logged."""
    stage = Play(stack, SandboxControl(stack.endpoints.sandbox_url), Timeline(console), {})
    try:
        play(stage)
        agrees = the_books_are_closed(stage, console)
    except (Unexpected, CommandRefused, ControlRefused, requests.RequestException) as error:
        console.print(str(error), style="red", markup=False, soft_wrap=True)
        agrees = False
    if not agrees:
        logs = stack.directory / "logs"
        save_function_logs(stack.endpoints.aws_endpoint_url, logs / "functions.log")
        console.print(f"logs: {logs}", markup=False, soft_wrap=True)
    return agrees


def the_books_are_closed(stage: Play, console: Console) -> bool:
    """Prints both sides; whether they agree."""
    books = close_books(stage.stack, stage.wechat)
    console.print()
    console.print(closing_table(books))
    console.print(ledger_table(books))
    if books.ours["wallets"]:
        names = {member.member_id: name for name, member in stage.members.items()}
        console.print(wallets_table(books, names))
    console.print(verdict(books), soft_wrap=True)
    differences = books.differences()
    for difference in differences:
        console.print(f"[red]the books disagree:[/] {difference}", soft_wrap=True)
    if not differences:
        console.print("[green]the books agree[/]")
    return not differences


if __name__ == "__main__":
    sys.exit(main())
