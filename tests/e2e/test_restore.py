"""The command as an operator runs it, at the deployed stack: rows deleted by hand come back, and
the books balance.

The local AWS keeps no past: it restores what the table holds when it is first asked to.
"""

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from infra.local.books import close_books
from infra.local.sandbox_control import SandboxControl
from infra.local.shopper import Purchase
from infra.local.stack import Stack
from tests.e2e.conftest import Members

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).resolve().parents[2]
MOMENT = (datetime.now(UTC) - timedelta(minutes=1)).replace(microsecond=0).isoformat()
TABLES = ("ledger", "withdrawals", "commissions", "refunds", "orders")
"""What comes along with `orders`, and that."""


def restore(stack: Stack, table: str, *words: str) -> tuple[int, str]:
    """The status and what was said."""
    return command(stack, "--table", table, "--to", MOMENT, *words)


def command(stack: Stack, *words: str) -> tuple[int, str]:
    line = [sys.executable, "-m", "infra.restore", "--stage", "local"]
    line += ["--directory", str(stack.directory), *words]
    done = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def beside(stack: Stack) -> list[str]:
    names = stack.client("dynamodb").list_tables()["TableNames"]
    return [name for name in names if "-restored-" in name]


def delete_by_hand(stack: Stack, order_id: str) -> int:
    """The order and all that was booked of it; how many rows."""
    tables = stack.client("dynamodb")
    ledger = {"TableName": stack.table_name("ledger")}
    booked = tables.query(
        **ledger,
        KeyConditionExpression="account_id = :account",
        ExpressionAttributeValues={":account": {"S": f"order:{order_id}"}},
    )["Items"]
    for row in booked:
        key = {name: row[name] for name in ("account_id", "entry")}
        tables.delete_item(**ledger, Key=key)
    key = {"order_id": {"S": order_id}}
    tables.delete_item(TableName=stack.table_name("orders"), Key=key)
    return 1 + len(booked)


def test_rows_deleted_by_hand_come_back_and_the_books_balance(
    stack: Stack, member: Members, wechat: SandboxControl
) -> None:
    lost, stays = member().buys().pays(), member().buys().pays()
    for order in (lost, stays):
        order.waits_for("to_ship")
    assert close_books(stack, wechat).differences() == []
    status, said = restore(stack, "orders", "--yes")
    assert status == 1, said
    assert "what follows from rows by itself is on (relay_groups, relay_orders," in said
    assert beside(stack) == []
    status, said = command(stack, "--pause")
    assert status == 0, said
    try:
        loses_and_regains(stack, lost, stays)
    finally:
        status, said = command(stack, "--resume")
    assert status == 0, said
    assert "everything happens by itself again" in said
    assert close_books(stack, wechat).differences() == []
    follows = member().buys().pays()
    follows.waits_for("to_ship")


def loses_and_regains(stack: Stack, lost: Purchase, stays: Purchase) -> None:
    status, said = restore(stack, "orders", "--yes")
    assert status == 0, said
    assert said.count("0 rows are missing in the live table") == len(TABLES)
    assert len(beside(stack)) == len(TABLES)
    before = lost.now()

    assert delete_by_hand(stack, lost.order_id) == 2

    assert stack.admin("audit")["violations"] != []
    status, said = restore(stack, "orders")
    assert (status, said) == (1, "there is no terminal to ask at: add --yes\n")
    status, said = restore(stack, "ledger", "--yes")
    assert status == 2, said
    assert "1 rows are back, 0 are replaced" in said
    assert "the books do not balance" in said
    status, said = restore(stack, "orders", "--yes")
    assert status == 0, said
    assert f" {lost.order_id}\n" in said
    assert stays.order_id not in said
    assert "1 rows are back, 0 are replaced" in said
    assert "the books balance" in said
    assert "NOT ALL HAPPENS BY ITSELF YET" in said
    assert {**lost.now(), "server_time": ""} == {**before, "server_time": ""}
    assert beside(stack) == []
