"""The closing table of the demo: when the books agree, and what is said when they do not."""

import io
from typing import Any

import pytest
from rich.console import Console

from infra.local.books import Books, closing_table, ledger_table, verdict, wallets_table, yuan
from infra.local.shopper import Unexpected, wait_until
from infra.local.timeline import Timeline

WECHAT = {
    "payments": 3,
    "paid_fen": 7470,
    "refunds": 1,
    "refunded_fen": 2490,
    "transfers": 1,
    "transferred_fen": 500,
}


def account(debits_fen: int, credits_fen: int, pending_fen: int = 0) -> dict[str, int]:
    """An account's sums as the audit answers them."""
    return {
        "debits_pending_fen": pending_fen,
        "debits_posted_fen": debits_fen,
        "credits_pending_fen": 0,
        "credits_posted_fen": credits_fen,
        "balance_fen": debits_fen - credits_fen,
    }


def wallet(member_id: str, available_fen: int, debt_fen: int = 0) -> dict[str, Any]:
    """A balance as the audit answers it."""
    return {
        "member_id": member_id,
        "available_fen": available_fen,
        "pending_fen": 123,
        "on_its_way_fen": 0,
        "withdrawn_fen": 500,
        "debt_fen": debt_fen,
    }


def books(*, ours: dict[str, Any] | None = None, **audit: Any) -> Books:
    """Books that agree, but for what is given."""
    totals = {
        **WECHAT,
        "orders": 4,
        "orders_by_status": {"cancelled": 1, "refunded": 1, "to_ship": 2},
        "balances_fen": {"wechat": 4480},
        "accounts": {
            "wechat": account(7470, 2990),
            "customer_funds": account(2490, 7470),
            "commission_expense": account(500, 0, pending_fen=123),
            "tax_payable": account(0, 0),
        },
        "wallets": [wallet("mem_a", 42), wallet("mem_b", 0, debt_fen=77)],
        **(ours or {}),
    }
    invariants = [{"name": "amounts_add_up", "checked": 4, "violation_count": 0}]
    whole = {
        "totals": totals,
        "complete": True,
        "stopped_at": None,
        "invariants": invariants,
        "violations": [],
    }
    return Books(audit={**whole, **audit}, wechat=dict(WECHAT))


def printed(*things: Any) -> str:
    console = Console(file=io.StringIO(), width=80)
    for thing in things:
        console.print(thing, soft_wrap=True)
    text: str = console.file.getvalue()  # type: ignore[attr-defined]
    return text


def test_books_that_agree_have_no_differences() -> None:
    assert books().differences() == []


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (books(ours={"payments": 2}), "payments: ours 2, WeChat's 3"),
        (books(ours={"paid_fen": 1}), "paid_fen: ours 1, WeChat's 7470"),
        (books(ours={"refunds": 0}), "refunds: ours 0, WeChat's 1"),
        (books(ours={"refunded_fen": 2491}), "refunded_fen: ours 2491, WeChat's 2490"),
        (books(ours={"transfers": 2}), "transfers: ours 2, WeChat's 1"),
        (books(ours={"transferred_fen": 0}), "transferred_fen: ours 0, WeChat's 500"),
        (
            books(ours={"balances_fen": {"wechat": 7470}}),
            "left over: 7470 fen in our ledger, 4480 fen at WeChat",
        ),
        (books(complete=False, stopped_at={"at": "orders"}), "the audit stopped at"),
        (
            books(
                violations=[
                    {"invariant": "amounts_add_up", "kind": "order", "id": "o1", "detail": "off"}
                ]
            ),
            "amounts_add_up: order o1: off",
        ),
    ],
)
def test_whatever_does_not_agree_is_said(given: Books, said: str) -> None:
    (difference,) = given.differences()
    assert difference.startswith(said)


def test_the_table_has_counts_and_yuan_of_both_sides() -> None:
    text = printed(closing_table(books()), verdict(books()))
    assert text.count("3 · ¥74.70") == 2
    assert text.count("1 · ¥24.90") == 2
    assert text.count("1 · ¥5.00") == 2
    assert text.count("¥44.80") == 2
    assert "audit: 1 invariants, 4 looks, 0 violations" in text
    assert "1 cancelled, 1 refunded, 2 to_ship" in text


def test_the_ledger_is_shown_by_account_with_what_is_left_of_each() -> None:
    rows = printed(ledger_table(books())).splitlines()

    def row(name: str) -> list[str]:
        (line,) = [line for line in rows if name in line]
        return [part.strip() for part in line.split("│")[2:-1]]

    assert row("wechat") == ["¥74.70", "¥29.90", "¥44.80", "¥0.00"]
    assert row("customer_funds") == ["¥24.90", "¥74.70", "-¥49.80", "¥0.00"]
    assert row("commission_expense") == ["¥5.00", "¥0.00", "¥5.00", "¥1.23"]
    assert row("all together") == ["", "", "¥0.00", ""]
    assert not any("tax_payable" in line for line in rows)


def test_wallets_are_shown_by_name_where_it_is_known() -> None:
    text = printed(wallets_table(books(), {"mem_a": "小林"}))

    (named,) = [line for line in text.splitlines() if "小林" in line]
    (unnamed,) = [line for line in text.splitlines() if "mem_b" in line]
    assert [part.strip() for part in named.split("│")[2:-1]] == [
        *("¥1.23", "¥0.42", "¥0.00", "¥5.00", "¥0.00")
    ]
    assert unnamed.split("│")[-2].strip() == "¥0.77"


@pytest.mark.parametrize(
    ("fen", "said"),
    [(-5, "-¥0.05"), (0, "¥0.00"), (5, "¥0.05"), (5970, "¥59.70"), (123456789, "¥1,234,567.89")],
)
def test_amounts_for_people(fen: int, said: str) -> None:
    assert yuan(fen) == said


def test_a_line_tells_when_who_and_what_without_a_terminal() -> None:
    console = Console(file=io.StringIO(), width=80)
    Timeline(console).line("小林", "opens a group of 3", "pays ¥59.70")
    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert text == "   0.0 s  小林      opens a group of 3 · pays ¥59.70\n"


def test_what_never_comes_is_named_with_what_came() -> None:
    with pytest.raises(Unexpected) as unexpected:
        wait_until(lambda: "paid", "to_ship", "the order", within_seconds=-1)
    assert str(unexpected.value) == (
        "expected the order to be to_ship within -1 s; what came is paid"
    )
