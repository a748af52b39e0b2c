"""Fee and tax to the fen, and the tables of docs/taxes.md worked out again."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.catalog.settings import TaxRegime, WithdrawalSettings
from chalicelib.withdrawals.breakdown import break_down, tax_per_payment_fen

TABLES = Path(__file__).parents[2] / "docs" / "taxes.md"
AMOUNTS = st.integers(min_value=1, max_value=100_000_000)


@pytest.mark.parametrize(
    ("income_fen", "tax_fen"),
    [
        (1, 0),
        (80_000, 0),
        (80_001, 0),
        (80_005, 1),
        (100_000, 4_000),
        (400_000, 64_000),
        (400_001, 64_000),
        (1_000_000, 160_000),
        (2_500_000, 400_000),
        (2_500_001, 400_000),
        (2_500_005, 400_001),
        (3_000_000, 520_000),
        (6_250_000, 1_300_000),
        (6_250_010, 1_300_003),
        (10_000_000, 2_500_000),
    ],
)
def test_the_tax_of_one_payment(income_fen: int, tax_fen: int) -> None:
    assert tax_per_payment_fen(income_fen) == tax_fen


@given(AMOUNTS, st.integers(min_value=0, max_value=10_000))
def test_fee_tax_and_net_are_the_whole(gross_fen: int, fee_bp: int) -> None:
    settings = WithdrawalSettings(fee_bp=fee_bp, tax_regime=TaxRegime.PER_PAYMENT)

    parts = break_down(gross_fen, settings)

    assert parts.fee_fen + parts.tax_fen + parts.net_fen == gross_fen
    assert parts.fee_fen * 10_000 <= gross_fen * fee_bp < (parts.fee_fen + 1) * 10_000
    assert 0 <= parts.tax_fen < gross_fen


@given(AMOUNTS)
def test_more_income_never_leaves_less(income_fen: int) -> None:
    after_fen = income_fen - tax_per_payment_fen(income_fen)
    assert income_fen + 1 - tax_per_payment_fen(income_fen + 1) >= after_fen


@pytest.mark.parametrize("regime", [TaxRegime.NONE, TaxRegime.EXTERNAL])
def test_no_tax_is_kept_back_where_it_is_none_or_worked_out_outside(regime: TaxRegime) -> None:
    parts = break_down(1_000_000, WithdrawalSettings(fee_bp=60, tax_regime=regime))
    assert (parts.fee_fen, parts.tax_fen, parts.net_fen) == (6_000, 0, 994_000)


def rows_of(heading: str) -> list[list[int]]:
    """The numbers of a table in docs/taxes.md, in fen: amounts in yuan, a rate in percent."""
    text = TABLES.read_text(encoding="utf-8").partition(f"## {heading}\n")[2].partition("\n## ")[0]
    rows = [line.strip("| ").split("|") for line in text.splitlines() if line.startswith("|")]
    return [[_hundredths(cell) for cell in row] for row in rows[2:]]


def _hundredths(cell: str) -> int:
    number = re.sub(r"[ ,%]", "", cell)
    assert re.fullmatch(r"[0-9]+\.[0-9]{2}", number), cell
    return int(number.replace(".", ""))


def test_every_row_of_the_tax_table_is_what_the_code_works_out() -> None:
    rows = rows_of("One payment")
    assert len(rows) >= 10
    for income_fen, _taxable_fen, _rate, tax_fen, left_fen in rows:
        assert tax_per_payment_fen(income_fen) == tax_fen
        assert income_fen - tax_fen == left_fen


def test_every_row_of_the_withdrawal_table_is_what_the_code_works_out() -> None:
    rows = rows_of("A withdrawal with fee and tax")
    assert len(rows) >= 4
    for gross_fen, fee_bp, fee_fen, tax_fen, net_fen in rows:
        settings = WithdrawalSettings(fee_bp=fee_bp, tax_regime=TaxRegime.PER_PAYMENT)
        parts = break_down(gross_fen, settings)
        assert (parts.fee_fen, parts.tax_fen, parts.net_fen) == (fee_fen, tax_fen, net_fen)
