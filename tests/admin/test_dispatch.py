"""The way of a command: what is not one, what is wrong with it, and where money commands may go."""

from collections.abc import Iterator
from types import ModuleType
from typing import Any
import sys

import pytest

from chalicelib.admin import dispatch as dispatching
from chalicelib.admin.command import Command, MoneyCommand
from chalicelib.admin.dispatch import MOVES_MONEY, dispatch
from chalicelib.settings import Environment
from chalicelib.wiring import Wiring
from tests.in_process import everything


def refused(event: Any, *, money: bool | None = False) -> dict[str, Any]:
    """The error of a command that must change nothing."""
    before = everything()
    answer = dispatch(event, money=money)
    assert answer["ok"] is False
    assert everything() == before
    error: dict[str, Any] = answer["error"]
    return error


@pytest.mark.parametrize(
    "event",
    [{}, {"command": None}, {"command": "drop_table"}, {"command": 7}, {"command": "dispatch"}],
)
def test_what_names_no_command_gets_the_list_of_them(wired: Wiring, event: Any) -> None:
    error = refused(event)

    assert error["code"] == "unknown_command"
    assert error["commands"] == sorted(MOVES_MONEY)


@pytest.mark.parametrize("event", [None, [], "put_merchant", 7])
def test_an_event_is_an_object(wired: Wiring, event: Any) -> None:
    assert refused(event)["code"] == "invalid_request"


@pytest.mark.parametrize("command", sorted(MOVES_MONEY))
def test_every_command_of_the_table_has_its_file(wired: Wiring, command: str) -> None:
    error = refused({"command": command, "nonsense": 1}, money=MOVES_MONEY[command])

    assert error["code"] == "invalid_request"
    assert "nonsense" in [found["field"] for found in error["errors"]]


def test_wrong_fields_are_named_and_not_repeated(wired: Wiring) -> None:
    error = refused({"command": "put_merchant", "merchant_id": "a b", "secret": "hunter2"})

    assert error["code"] == "invalid_request"
    assert sorted(found["field"] for found in error["errors"]) == ["merchant_id", "name", "secret"]
    assert "hunter2" not in str(error)


@pytest.mark.parametrize("dry_run", ["yes", 1, None])
def test_a_dry_run_is_yes_or_no(wired: Wiring, dry_run: Any) -> None:
    event = {"command": "put_merchant", "merchant_id": "orchard", "name": "果园"}

    error = refused({**event, "dry_run": dry_run})

    assert [found["field"] for found in error["errors"]] == ["dry_run"]


def test_a_refusal_is_answered_with_its_code(wired: Wiring) -> None:
    error = refused({"command": "get_campaign", "campaign_id": "nothing"})

    assert error == {"code": "not_found", "detail": "There is no campaign nothing."}


class Payload(Command):
    """What the trial commands take."""

    fails: bool = False


class MoneyPayload(MoneyCommand):
    """What the trial money commands take."""


def trial(name: str, payload_class: type[Command]) -> ModuleType:
    module = ModuleType(f"chalicelib.admin.{name}")

    def run(payload: Any, _wiring: Wiring) -> dict[str, Any]:
        if getattr(payload, "fails", False):
            raise LookupError("a member's name")
        return dict(payload.model_dump())

    module.__dict__.update(Payload=payload_class, run=run)
    return module


@pytest.fixture
def trials(wired: Wiring, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Two more commands: `try_it`, and `try_money`, which moves money."""
    table = {**MOVES_MONEY, "try_it": False, "try_money": True}
    monkeypatch.setitem(sys.modules, "chalicelib.admin.try_it", trial("try_it", Payload))
    monkeypatch.setitem(sys.modules, "chalicelib.admin.try_money", trial("try_money", MoneyPayload))
    yield
