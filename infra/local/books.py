"""Closing the books of a local stack: what our tables say beside what WeChat's say.

Must never mend a difference: it reads both, and says whether they agree.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rich.table import Table

from infra.local.sandbox_control import SandboxControl
from infra.local.stack import Stack

SAME = ("payments", "paid_fen", "refunds", "refunded_fen", "transfers", "transferred_fen")
LOOK_SECONDS = 0.5
PATIENCE_SECONDS = 15.0
FEN_PER_YUAN = 100


@dataclass(frozen=True)
class Books:
    """The answer of the operators' `audit` command, and the totals of the sandbox."""

    audit: dict[str, Any]
    wechat: dict[str, int]

    @property
    def ours(self) -> dict[str, Any]:
        totals: dict[str, Any] = self.audit["totals"]
        return totals

    @property
    def wechat_holds_fen(self) -> int:
        """What is left of the payments, by WeChat's totals."""
        wechat = self.wechat
        return wechat["paid_fen"] - wechat["refunded_fen"] - wechat["transferred_fen"]

    @property
    def ledger_holds_fen(self) -> int:
        """The same by our ledger, which is booked apart from orders, refunds and withdrawals."""
        fen: int = self.ours["balances_fen"]["wechat"]
        return fen

    def differences(self) -> list[str]:
        """A sentence for whatever does not agree; nothing when the books are right."""
        found = [
            f"{name}: ours {self.ours[name]}, WeChat's {self.wechat[name]}"
            for name in SAME
            if self.ours[name] != self.wechat[name]
        ]
        if self.ledger_holds_fen != self.wechat_holds_fen:
            found.append(
                f"left over: {self.ledger_holds_fen} fen in our ledger, "
                f"{self.wechat_holds_fen} fen at WeChat"
            )
        if not self.audit["complete"]:
            found.append(f"the audit stopped at {self.audit['stopped_at']}")
        found += [
            f"{one['invariant']}: {one['kind']} {one['id']}: {one['detail']}"
            for one in self.audit["violations"]
        ]
        return found


def read_books(stack: Stack, sandbox: SandboxControl) -> Books:
    """Both sides as they are now."""
    return Books(audit=stack.admin("audit"), wechat=sandbox.totals())


def close_books(
    stack: Stack, sandbox: SandboxControl, *, within_seconds: float = PATIENCE_SECONDS
) -> Books:
    """Both sides once they agree, or as they are when that takes too long: the last postings
    follow their orders through the streams.
    """
    gives_up_at = time.monotonic() + within_seconds
    while True:
        books = read_books(stack, sandbox)
        if not books.differences() or time.monotonic() > gives_up_at:
            return books
        time.sleep(LOOK_SECONDS)


def yuan(fen: int) -> str:
    """An amount for people."""
    whole, rest = divmod(abs(fen), FEN_PER_YUAN)
    return f"{'-' if fen < 0 else ''}¥{whole:,}.{rest:02}"


def closing_table(books: Books) -> Table:
    """Counts and yuan, ours beside WeChat's."""
    ours, wechat = books.ours, books.wechat
    table = Table(title="The books", title_justify="left", title_style="bold")
    table.add_column("")
    for side in ("ours", "WeChat's"):
        table.add_column(side, justify="right")
    table.add_row("orders", str(ours["orders"]), "–")
    for count, amount_fen in zip(SAME[::2], SAME[1::2], strict=True):
        table.add_row(
            count,
            *(f"{side[count]} · {yuan(side[amount_fen])}" for side in (ours, wechat)),
        )
    table.add_row("left over", yuan(books.ledger_holds_fen), yuan(books.wechat_holds_fen))
    return table


def ledger_table(books: Books) -> Table:
    """The ledger by account, in yuan: what was debited and credited, what is left of it, and what
    is announced or on its way.
    """
    table = Table(title="The ledger", title_justify="left", title_style="bold")
    table.add_column("")
    for column in ("debits", "credits", "balance", "pending"):
        table.add_column(column, justify="right")
    total_fen = 0
    for name, sums in books.ours["accounts"].items():
        pending_fen = sums["debits_pending_fen"] - sums["credits_pending_fen"]
        amounts = (sums["debits_posted_fen"], sums["credits_posted_fen"], sums["balance_fen"])
        total_fen += sums["balance_fen"]
        if any(amounts) or pending_fen:
            table.add_row(name, *(yuan(fen) for fen in (*amounts, pending_fen)))
    table.add_section()
    table.add_row("all together", "", "", yuan(total_fen), "")
    return table


def wallets_table(books: Books, names: Mapping[str, str]) -> Table:
    """The fullest wallets in yuan, by the members' names where they are given."""
    table = Table(title="The wallets", title_justify="left", title_style="bold")
    table.add_column("")
    columns = ("pending", "available", "on its way", "withdrawn", "debt")
    for column in columns:
        table.add_column(column, justify="right")
    for wallet in books.ours["wallets"]:
        member_id = wallet["member_id"]
        amounts = (wallet[f"{column.replace(' ', '_')}_fen"] for column in columns)
        table.add_row(names.get(member_id, member_id), *(yuan(fen) for fen in amounts))
    return table


def verdict(books: Books) -> str:
    """The audit in one line."""
    invariants = books.audit["invariants"]
    looks = sum(one["checked"] for one in invariants)
    broken = sum(one["violation_count"] for one in invariants)
    by_status = ", ".join(
        f"{count} {status}" for status, count in books.ours["orders_by_status"].items()
    )
    return (
        f"audit: {len(invariants)} invariants, {looks} looks, {broken} violations"
        f" · orders: {by_status}"
    )
