"""What a closed business day comes to on paper: commissions, corrections, withdrawals, and each
merchant's statement, all from the transfers of the ledger; and a month, from its days. Pure.

Rows are in the order in which they were booked, and a transfer never changes: written again, a file
has the same bytes.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from chalicelib.files.tables import Cell, write_table
from chalicelib.kit.clock import shown
from chalicelib.ledger.transfers import Code, Phase, sales_account
from chalicelib.withdrawals.model import Withdrawal

COMMISSIONS = ("booked_at", "code", "phase", "member_id", "order_id", "amount_fen")
CORRECTIONS = ("booked_at", "adjustment_id", "member_id", "amount_fen")
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
MONTHLY_STATEMENT = ("day", "paid_fen", "refunded_fen", "settled_fen")
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


@dataclass(frozen=True)
class Sums:
    """What a merchant's statement comes to: its last row."""

    paid_fen: int = 0
    refunded_fen: int = 0
    settled_fen: int = 0

    def __add__(self, other: "Sums") -> "Sums":
        return Sums(
            self.paid_fen + other.paid_fen,
            self.refunded_fen + other.refunded_fen,
            self.settled_fen + other.settled_fen,
        )


def in_order(booked: Iterable[Booked]) -> list[Booked]:
    return sorted(booked, key=lambda one: (one.booked_at, one.transfer_id))


def commissions(booked: Iterable[Booked]) -> bytes:
    """Every movement of what members earn: announced, released, taken back."""
    return write_table(COMMISSIONS, (_earning(one) for one in booked if one.code in _EARNED))


def _earning(one: Booked) -> tuple[Cell, ...]:
    return (
        shown(one.booked_at),
        one.code.value,
        one.phase.value,
        _member_of(one).removeprefix(_MEMBER),
        one.about,
        one.amount_fen,
    )


def corrections(booked: Iterable[Booked]) -> bytes:
    """What two operators have given members, or taken from them."""
    return write_table(
        CORRECTIONS, (_correction(one) for one in booked if one.code is Code.CORRECTION)
    )


def _correction(one: Booked) -> tuple[Cell, ...]:
    member = _member_of(one)
    return (
        shown(one.booked_at),
        one.about,
        member.removeprefix(_MEMBER),
        one.change_fen(member),
    )


def _member_of(one: Booked) -> str:
    """The account of whoever it concerns."""
    accounts = (one.debit_account, one.credit_account)
    return next(account for account in accounts if account.startswith(_MEMBER))


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


def statement(merchant_id: str, booked: Sequence[Booked]) -> bytes:
    """What was sold, given back and settled of one merchant's orders, summed up in the last row:
    `settled_fen` is how much the merchant's account in the ledger went up by.
    """
    rows: list[tuple[Cell, ...]] = [
        (shown(one.booked_at), one.about, one.code.value, *_amounts(_sums_of(merchant_id, one)))
        for one in booked
    ]
    rows.append((TOTAL, None, None, *_amounts(sums(merchant_id, booked))))
    return write_table(STATEMENT, rows)


def sums(merchant_id: str, booked: Iterable[Booked]) -> Sums:
    """The last row of their statement."""
    return sum((_sums_of(merchant_id, one) for one in booked), Sums())


def _sums_of(merchant_id: str, one: Booked) -> Sums:
    return Sums(
        paid_fen=one.amount_fen if one.code is Code.PAYMENT else 0,
        refunded_fen=one.amount_fen if one.code in _REFUNDED else 0,
        settled_fen=one.change_fen(sales_account(merchant_id)),
    )


def _amounts(each: Sums) -> tuple[int, int, int]:
    return each.paid_fen, each.refunded_fen, each.settled_fen


def monthly_statement(by_day: Mapping[str, Sums]) -> bytes:
    """One merchant's days on which something happened, summed up in the last row."""
    rows: list[tuple[Cell, ...]] = [(day, *_amounts(by_day[day])) for day in sorted(by_day)]
    rows.append((TOTAL, *_amounts(sum(by_day.values(), Sums()))))
    return write_table(MONTHLY_STATEMENT, rows)
