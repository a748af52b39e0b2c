"""The way of a command: what is not one, what is wrong with it, and where money commands may go."""

from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from chalicelib.admin.dispatch import MOVES_MONEY, Commands, dispatch
from chalicelib.settings import Environment
from chalicelib.wiring import Wiring
from tests.in_process import everything, just_before


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


TRIALS = Commands("tests.admin.trials", {"try_it": False, "try_money": True})


def test_a_command_is_given_its_checked_payload(wired: Wiring) -> None:
    answer = dispatch({"command": "try_it", "dry_run": True}, money=False, commands=TRIALS)

    assert answer == {"ok": True, "result": {"dry_run": True, "fails": False}}


def test_a_crash_is_answered_without_what_it_said(wired: Wiring) -> None:
    answer = dispatch({"command": "try_it", "fails": True}, money=False, commands=TRIALS)

    assert answer["ok"] is False
    assert answer["error"]["code"] == "unexpected"
    assert "LookupError" in answer["error"]["detail"]
    assert "a member's name" not in str(answer)


WHO_AND_WHY = {"operator": "wang", "reason": "asked by phone"}


def test_a_money_command_is_refused_where_none_may_run(wired: Wiring) -> None:
    event = {"command": "try_money", **WHO_AND_WHY}

    answer = dispatch(event, money=False, commands=TRIALS)

    assert answer["error"]["code"] == "not_allowed"
    assert "admin_money" in answer["error"]["detail"]


def test_a_money_command_runs_where_money_moves(wired: Wiring) -> None:
    event = {"command": "try_money", **WHO_AND_WHY}

    for money in (True, None):
        answer = dispatch(event, money=money, commands=TRIALS)
        assert answer == {"ok": True, "result": {"dry_run": False, **WHO_AND_WHY}}


def test_any_other_command_is_refused_where_money_moves(wired: Wiring) -> None:
    answer = dispatch({"command": "try_it"}, money=True, commands=TRIALS)

    assert answer["error"]["code"] == "not_allowed"


@pytest.mark.parametrize("given", [{}, {"operator": "wang"}, {"operator": "", "reason": ""}])
def test_a_money_command_says_who_and_why(wired: Wiring, given: dict[str, str]) -> None:
    answer = dispatch({"command": "try_money", **given}, money=True, commands=TRIALS)

    assert answer["error"]["code"] == "invalid_request"
    assert "reason" in [found["field"] for found in answer["error"]["errors"]]


@pytest.mark.parametrize("environment", [Environment(admin_takes_money_commands=True)])
def test_on_the_local_stack_admin_takes_both_and_who_and_why_have_defaults(wired: Wiring) -> None:
    answer = dispatch({"command": "try_money"}, money=False, commands=TRIALS)
    assert answer["result"] == {"dry_run": False, "operator": "local", "reason": "local"}

    answer = dispatch({"command": "try_money", **WHO_AND_WHY}, money=False, commands=TRIALS)
    assert answer["result"] == {"dry_run": False, **WHO_AND_WHY}


def test_a_database_out_of_reach_is_answered_as_passing(wired: Wiring) -> None:
    def out_of_reach() -> None:
        raise EndpointConnectionError(endpoint_url="https://dynamodb.test")

    with just_before("GetItem", out_of_reach):
        answer = dispatch({"command": "get_order", "order_id": "ord_1"}, money=False)

    assert (answer["ok"], answer["error"]["code"]) == (False, "try_again")
