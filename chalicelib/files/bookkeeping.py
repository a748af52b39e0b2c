"""What a closed business day comes to on paper: commissions, withdrawals, and each merchant's
statement, all from the transfers of the ledger. Pure.

Rows are in the order in which they were booked, and a transfer never changes: written again, a file
has the same bytes.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from chalicelib.files.tables import Cell, write_table
from chalicelib.kit.clock import shown
from chalicelib.ledger.transfers import Code, Phase, sales_account
from chalicelib.withdrawals.model import Withdrawal

COMMISSIONS = ("booked_at", "code", "phase", "member_id", "order_id", "amount_fen")
WITHDRAWALS = (
    "booked_at",
    "withdrawal_id",
    "member_id",
    "gross_fen",
    "fee_fen",
    "tax_fen",
    "net_fen",
    "tax_regime",
)
STATEMENT = ("booked_at", "order_id", "code", "paid_fen", "refunded_fen", "settled_fen")
TOTAL = "total"

_EARNED = frozenset(
    {
        Code.COMMISSION,
        Code.COMMISSION_CLAWBACK,
        Code.LEADER_BONUS,
        Code.LEADER_BONUS_CLAWBACK,
    }
)
_REFUNDED = frozenset({Code.REFUND, Code.REFUND_BY_HAND})
OF_ORDERS = frozenset({Code.PAYMENT, Code.SETTLEMENT, Code.VOUCHER, *_REFUNDED})
"""What a merchant's statement is made of."""
_MEMBER = "member:"


@dataclass(frozen=True)
class Booked:
    """A transfer as the day's files need it."""

    booked_at: datetime
    transfer_id: str
    about: str
    code: Code
    phase: Phase
    debit_account: str
    credit_account: str
    amount_fen: int

    @property
    def is_paid_withdrawal(self) -> bool:
        return self.code is Code.WITHDRAWAL and self.phase is Phase.POST

    def change_fen(self, account: str) -> int:
        """What it adds to an account that is credited."""
        sign = (self.credit_account == account) - (self.debit_account == account)
        return self.amount_fen * sign


def in_order(booked: Iterable[Booked]) -> list[Booked]:
    return sorted(booked, key=lambda one: (one.booked_at, one.transfer_id))


def commissions(booked: Iterable[Booked]) -> bytes:
    """Every movement of what members earn: announced, released, taken back."""
    return write_table(COMMISSIONS, (_earning(one) for one in booked if one.code in _EARNED))


def _earning(one: Booked) -> tuple[Cell, ...]:
    accounts = (one.debit_account, one.credit_account)
    member = next(account for account in accounts if account.startswith(_MEMBER))
    return (
        shown(one.booked_at),
        one.code.value,
        one.phase.value,
        member.removeprefix(_MEMBER),
        one.about,
        one.amount_fen,
    )


def withdrawals(booked: Iterable[Booked], by_id: Mapping[str, Withdrawal]) -> bytes:
    """What was paid out, with fee and tax as they were kept back."""
    paid = [(one, by_id[one.about]) for one in booked if one.is_paid_withdrawal]
    rows = [
        (
            shown(one.booked_at),
            each.withdrawal_id,
            each.member_id,
            each.gross_fen,
            each.fee_fen,
            each.tax_fen,
            each.net_fen,
            each.tax_regime,
        )
        for one, each in paid
    ]
    return write_table(WITHDRAWALS, rows)


def statement(merchant_id: str, booked: Iterable[Booked]) -> bytes:
    """What was sold, given back and settled of one merchant's orders, summed up in the last row:
    `settled_fen` is how much the merchant's account in the ledger went up by.
    """
    account = sales_account(merchant_id)
    rows: list[tuple[Cell, ...]] = []
    paid_fen = refunded_fen = settled_fen = 0
    for one in booked:
        was_paid_fen = one.amount_fen if one.code is Code.PAYMENT else 0
        was_refunded_fen = one.amount_fen if one.code in _REFUNDED else 0
        was_settled_fen = one.change_fen(account)
        paid_fen += was_paid_fen
        refunded_fen += was_refunded_fen
        settled_fen += was_settled_fen
        amounts = (was_paid_fen, was_refunded_fen, was_settled_fen)
        rows.append((shown(one.booked_at), one.about, one.code.value, *amounts))
    rows.append((TOTAL, None, None, paid_fen, refunded_fen, settled_fen))
    return write_table(STATEMENT, rows)
