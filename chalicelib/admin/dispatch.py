"""Operators' commands: from an event to the command's file and back to an answer. Never raises.

Only the file of the command that is called is imported, so that a cold start pays for one.
"""

import importlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aws_lambda_powertools import Logger
from botocore.exceptions import BotoCoreError, ClientError
from pydantic import ValidationError

from chalicelib import wiring
from chalicelib.admin.command import Command, MoneyCommand, Run
from chalicelib.kit.endpoint import invalid
from chalicelib.kit.errors import InvalidRequest, NotAllowed, Refusal, TryAgain

MOVES_MONEY: Mapping[str, bool] = {
    "put_merchant": False,
    "put_station": False,
    "get_station": False,
    "list_stations": False,
    "get_demand": False,
    "arrive_at_station": False,
    "redeem_pickup": False,
    "put_store": False,
    "create_guides": False,
    "put_product": False,
    "put_freight": False,
    "put_campaign": False,
    "pause_campaign": False,
    "end_campaign": False,
    "put_settings": False,
    "get_settings": False,
    "get_campaign": False,
    "get_member": False,
    "block_member": False,
    "erase_member": False,
    "get_store": False,
    "get_order": False,
    "get_group": False,
    "list_orders": False,
    "list_groups": False,
    "list_refunds": False,
    "list_productions": False,
    "get_production": False,
    "get_wallet": False,
    "list_withdrawals": False,
    "list_adjustments": False,
    "list_findings": False,
    "get_reconciliation": False,
    "reconcile": False,
    "find": False,
    "audit": False,
    "get_audit": False,
    "sweep": False,
    "export_day": False,
    "cancel_order": False,
    "ship_order": False,
    "correct_shipment": False,
    "grant_voucher": True,
    "revoke_voucher": True,
    "cancel_group": True,
    "decide_production": True,
    "take_payment": True,
    "refund_order": True,
    "decide_refund": True,
    "retry_refund": True,
    "resolve_abnormal_refund": True,
    "approve_withdrawal": True,
    "reject_withdrawal": True,
    "resolve_withdrawal": True,
    "adjust_wallet": True,
    "confirm_adjustment": True,
    "reject_adjustment": True,
}
"""Every command, and whether it moves money."""


@dataclass(frozen=True)
class Commands:
    """The commands of one package: a file each, and whether each moves money."""

    package: str
    moves_money: Mapping[str, bool]


OPERATORS = Commands("chalicelib.admin", MOVES_MONEY)

_LOCAL = "local"

logger = Logger()


def dispatch(event: Any, *, money: bool | None, commands: Commands = OPERATORS) -> dict[str, Any]:
    """Run one command: `{"ok": true, "result"}` or `{"ok": false, "error": {"code", "detail"}}`.

    `money`: False in the function that must not move any, True in the one that does nothing else,
    None where there is only one.
    """
    try:
        name, fields = _named(event, commands)
        _refuse_wrong_function(name, commands.moves_money[name], money)
        payload, run = _command(f"{commands.package}.{name}", fields)
        _log(name, payload)
        return {"ok": True, "result": run(payload, wiring.current())}
    except _UnknownCommand as unknown:
        return _error("unknown_command", str(unknown), commands=sorted(commands.moves_money))
    except Refusal as refusal:
        return _refused(refusal)
    except (BotoCoreError, ClientError):
        logger.exception("aws_unavailable", alarm="aws_unavailable")
        return _refused(TryAgain())
    except Exception as error:  # an operator gets an answer, the log the traceback
        logger.exception("unexpected", alarm="unexpected")
        detail = f"{type(error).__name__}: the function's log has the traceback."
        return _error("unexpected", detail)


class _UnknownCommand(Exception):
    """The event names no command of ours."""


def _named(event: Any, commands: Commands) -> tuple[str, dict[str, Any]]:
    """The command and its fields."""
    if not isinstance(event, dict):
        raise InvalidRequest('Send an object: {"command": "…", …}.')
    fields = dict(event)
    name = fields.pop("command", None)
    if name is None:
        raise _UnknownCommand("The event names no command.")
    if not isinstance(name, str) or name not in commands.moves_money:
        raise _UnknownCommand(f"There is no command {str(name)[:64]!r}.")
    return name, fields


def _refuse_wrong_function(name: str, moves_money: bool, money: bool | None) -> None:
    """Keep money commands to the function that IAM keeps for them, and only them to it."""
    if money is None or money is moves_money:
        return
    if not moves_money:
        raise NotAllowed(f"{name} moves no money; send it to the admin function.")
    if not _is_local():
        raise NotAllowed(f"{name} moves money; send it to the admin_money function.")


def _command(module_name: str, fields: dict[str, Any]) -> tuple[Command, Run]:
    """The checked payload and what runs it. Raises InvalidRequest naming each wrong field."""
    module = importlib.import_module(module_name)
    payload_class: type[Command] = module.Payload
    if issubclass(payload_class, MoneyCommand) and _is_local():
        fields = {"operator": _LOCAL, "reason": _LOCAL, **fields}
    try:
        payload = payload_class.model_validate_json(json.dumps(fields), strict=True)
    except ValidationError as error:
        raise invalid(error) from error
    run: Run = module.run
    return payload, run


def _is_local() -> bool:
    """Whether one function takes everything, and an operator need not say who and why."""
    return wiring.current().environment.admin_takes_money_commands


def _log(name: str, payload: Command) -> None:
    """Who did what and why; not the fields, which may hold personal data."""
    who: dict[str, Any] = {}
    if isinstance(payload, MoneyCommand):
        who = {"operator": payload.operator, "reason": payload.reason}
    logger.info("admin_command", command=name, dry_run=payload.dry_run, **who)


def _refused(refusal: Refusal) -> dict[str, Any]:
    logger.info("refused", code=refusal.code, detail=refusal.detail)
    more: dict[str, Any] = {}
    if isinstance(refusal, InvalidRequest) and refusal.errors:
        more["errors"] = refusal.errors
    if refusal.context is not None:
        more["context"] = refusal.context
    return _error(refusal.code, refusal.detail, **more)


def _error(code: str, detail: str, **more: Any) -> dict[str, Any]:
    return {"ok": False, "error": {"code": code, "detail": detail, **more}}
