"""The table of ledger/README.md is what the recipes book: every recipe, code and phase, and which
accounts.
"""

import inspect
from pathlib import Path
from typing import Any

from chalicelib.ledger import recipes
from chalicelib.ledger.transfers import Code, Transfer
from tests.fakes import NOON

README = Path(recipes.__file__).with_name("README.md")
NOT_A_RECIPE = frozenset({"earning_id_of", "withdrawal_id_of"})

Line = tuple[str, str, str, str, str]
"""Recipe, code, phase, debit and credit."""


def lines_in_readme() -> set[Line]:
    """The rows of its table without the event and the amount."""
    rows = [line for line in README.read_text(encoding="utf-8").splitlines() if "| `" in line]
    cells = [[cell.strip().strip("`") for cell in row.strip("|").split("|")] for row in rows]
    return {(row[1], row[2], row[3], row[4], row[5]) for row in cells}


def line(recipe: str, transfer: Transfer) -> Line:
    debit, credit = (
        account.replace("mem_1", "<id>").replace(":orchard", ":<merchant>")
        for account in (str(transfer.debit_account), str(transfer.credit_account))
    )
    return recipe, transfer.code.value, transfer.phase.value, debit, credit


def booked() -> list[tuple[str, Transfer]]:
    """Every recipe with everything it can book."""
    earner = ("mem_1", "ord_1", "com_1", 5)
    refunds = [
        recipes.refund("ord_1", "rfd_1", 5, by_hand=by_hand, sold_by=sold_by, now=NOON)
        for by_hand in (False, True)
        for sold_by in (None, "orchard")
    ]
    refunds += [
        recipes.refund("ord_1", "rfd_1", 5, by_hand=by_hand, is_marketing=True, now=NOON)
        for by_hand in (False, True)
    ]
    ended = [
        recipes.withdrawal_ended("mem_1", "wdr1", 5, paid=paid, now=NOON) for paid in (False, True)
    ]
    split = recipes.withdrawal_split("wdr1", net_fen=3, fee_fen=1, tax_fen=1, now=NOON)
    return [
        ("payment", recipes.payment("ord_1", 5, now=NOON)),
        *(("refund", one) for one in refunds),
        ("settlement", recipes.settlement("ord_1", "orchard", 5, now=NOON)),
        ("voucher", recipes.voucher("ord_1", "orchard", 5, now=NOON)),
        ("marketing_reversed", recipes.marketing_reversed("ord_1", 5, now=NOON)),
        *_earned(earner, recipes.COMMISSION),
        *_earned(earner, recipes.LEADER_BONUS),
        ("withdrawal_reserved", recipes.withdrawal_reserved("mem_1", "wdr1", 5, now=NOON)),
        *(("withdrawal_ended", one) for one in ended),
        *(("withdrawal_split", one) for one in split),
        *(("correction", recipes.correction("mem_1", "adj_1", fen, now=NOON)) for fen in (5, -5)),
    ]


def _earned(
    earner: tuple[str, str, str, int], earning: recipes.Earning
) -> list[tuple[str, Transfer]]:
    """What becomes of a commission or a bonus."""
    how: dict[str, Any] = {"earning": earning, "now": NOON}
    return [
        ("commission_accrued", recipes.commission_accrued(*earner, **how)),
        ("commission_reversed", recipes.commission_reversed(*earner, target_fen=0, **how)),
        ("commission_released", recipes.commission_released(*earner, **how)),
        ("commission_clawed_back", recipes.commission_clawed_back(*earner, target_fen=0, **how)),
    ]


def test_every_recipe_has_its_rows_and_every_row_its_recipe() -> None:
    assert lines_in_readme() == {line(recipe, transfer) for recipe, transfer in booked()}


def test_no_recipe_and_no_code_is_left_out() -> None:
    defined = {
        name
        for name, function in inspect.getmembers(recipes, inspect.isfunction)
        if function.__module__ == recipes.__name__
    }

    assert {recipe for recipe, _ in booked()} == defined - NOT_A_RECIPE
    assert {transfer.code for _, transfer in booked()} == set(Code)
