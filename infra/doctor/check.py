"""What a check is, what it can find, and how it is run: alone, within its time, without taking the
others down.

Must never know what is checked.
"""

import threading
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from dataclasses import dataclass
from queue import Empty, SimpleQueue

from botocore.exceptions import BotoCoreError, ClientError
from requests import RequestException
from rich.console import Console
from rich.markup import escape

from chalicelib.kit.errors import Refusal, WechatUnavailable

GOOD, BAD, SKIPPED = "✓", "✗", "–"
COLOURS = {GOOD: "green", BAD: "red", SKIPPED: "yellow"}
SECONDS = 30.0
SAID_CHARACTERS = 160


@dataclass(frozen=True)
class Verdict:
    """What a check found: a mark, what is so, and, where it is not good, what to do."""

    mark: str
    said: str
    advice: str = ""


def good(said: str) -> Verdict:
    return Verdict(GOOD, said)


def bad(said: str, advice: str) -> Verdict:
    return Verdict(BAD, said, advice)


def skipped(said: str, advice: str = "") -> Verdict:
    """Nothing can be said, or what is missing need not be there."""
    return Verdict(SKIPPED, said, advice)


class CannotTell(Exception):
    """What the check would look at is not there; another check says why."""


@dataclass(frozen=True)
class Check:
    """A title, what looks, and how long it may take."""

    title: str
    look: Callable[[], Verdict]
    seconds: float = SECONDS


def examine(checks: Iterable[Check], console: Console) -> list[tuple[Check, Verdict]]:
    """Runs them one after the other and prints each as soon as it is known."""
    found = []
    for check in checks:
        animate = console.is_terminal
        with console.status(f"{check.title} …") if animate else nullcontext():
            verdict = judged(check)
        found.append((check, verdict))
        mark = f"[{COLOURS[verdict.mark]}]{verdict.mark}[/]"
        line = f"{mark} {escape(check.title):<34} {escape(verdict.said)}"
        console.print(line, highlight=False, soft_wrap=True)
        if verdict.advice:
            console.print(f"  → {verdict.advice}", highlight=False, markup=False, soft_wrap=True)
    return found


def judged(check: Check) -> Verdict:
    """Its verdict; bad when it fails on the outside, or takes longer than it may."""
    answers: SimpleQueue[Verdict | BaseException] = SimpleQueue()
    # A daemon: one that hangs must not keep the program from ending.
    threading.Thread(target=_look, args=(check, answers), daemon=True).start()
    try:
        answer = answers.get(timeout=check.seconds)
    except Empty:
        said = f"no answer within {check.seconds:.0f} s"
        return bad(said, "try again; if it stays so, look at the network between here and there")
    if isinstance(answer, Verdict):
        return answer
    raise answer


def _look(check: Check, answers: "SimpleQueue[Verdict | BaseException]") -> None:
    try:
        answers.put(_verdict(check))
    except BaseException as error:  # handed over, to be raised where it is awaited
        answers.put(error)


def _verdict(check: Check) -> Verdict:
    try:
        return check.look()
    except CannotTell as error:
        return skipped(str(error))
    except ClientError as error:
        said = error.response["Error"]
        return bad(
            f"AWS refuses: {said['Code']}: {said.get('Message', '')}",
            "if that is AccessDenied, whoever asks here may not look; give them read access",
        )
    except (BotoCoreError, OSError, RequestException) as error:
        return bad(
            f"no answer: {error}"[:SAID_CHARACTERS], "look at the network between here and there"
        )
    except (WechatUnavailable, Refusal) as error:
        return bad(str(error), "see docs/wechat.md and docs/runbook.md")
