"""What a withdrawal is split into: the fee, the tax kept back, and what is transferred. Pure.

The tables of docs/taxes.md are worked out with these functions, and a test works them out again.
"""

from dataclasses import dataclass

from chalicelib.catalog.settings import WHOLE_BP, TaxRegime, WithdrawalSettings

_EXEMPT_UP_TO_FEN = 800_00
_DEDUCTION_FEN = 800_00
_DEDUCTION_UP_TO_FEN = 4_000_00
_TAXABLE_BP_ABOVE = 8_000
_RATES = ((20_000_00, 2_000, 0), (50_000_00, 3_000, 2_000_00))
"""Up to this taxable income, at this rate, less this quick deduction."""
_TOP_RATE_BP, _TOP_QUICK_DEDUCTION_FEN = 4_000, 7_000_00


@dataclass(frozen=True)
class Breakdown:
    """`gross_fen` leaves the member's balance; nothing of it is lost between the parts."""

    gross_fen: int
    fee_fen: int
    tax_fen: int

    @property
    def net_fen(self) -> int:
        """What the member receives."""
        return self.gross_fen - self.fee_fen - self.tax_fen


def break_down(gross_fen: int, settings: WithdrawalSettings) -> Breakdown:
    """The parts of a withdrawal of this size; fee and tax are rounded down to whole fen."""
    taxed_here = settings.tax_regime is TaxRegime.PER_PAYMENT
    return Breakdown(
        gross_fen=gross_fen,
        fee_fen=gross_fen * settings.fee_bp // WHOLE_BP,
        tax_fen=tax_per_payment_fen(gross_fen) if taxed_here else 0,
    )


def tax_per_payment_fen(income_fen: int) -> int:
    """The tax kept back of one payment for a service (劳务报酬预扣预缴), whose income is all that
    is paid for it, our fee included.
    """
    taxable = taxable_bp_fen(income_fen)
    for most_fen, rate_bp, quick_deduction_fen in _RATES:
        if taxable <= most_fen * WHOLE_BP:
            return taxable * rate_bp // (WHOLE_BP * WHOLE_BP) - quick_deduction_fen
    return taxable * _TOP_RATE_BP // (WHOLE_BP * WHOLE_BP) - _TOP_QUICK_DEDUCTION_FEN


def taxable_bp_fen(income_fen: int) -> int:
    """The income less what may be deducted, in basis points of a fen, so that nothing is rounded
    before the tax is.
    """
    if income_fen <= _EXEMPT_UP_TO_FEN:
        return 0
    if income_fen <= _DEDUCTION_UP_TO_FEN:
        return (income_fen - _DEDUCTION_FEN) * WHOLE_BP
    return income_fen * _TAXABLE_BP_ABOVE
