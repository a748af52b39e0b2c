"""A transfer (记账): an amount that moves from a debit account to a credit account, for a reason,
once and unchangeably. Pure.

Double entry after TigerBeetle's model: every transfer debits one account and credits another, so
debits always equal credits. A pending transfer only announces; post and void transfers settle it
in parts. A correction is another transfer. The id derives from the cause, so that booking twice is
booking once.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from chalicelib.kit.ids import derived_id


class Account(StrEnum):
    """The shop's own accounts; what each holds."""

    WECHAT = "wechat"
    """The merchant's balance at WeChat Pay: paid in, refunded, paid out."""
    CUSTOMER_FUNDS = "customer_funds"
    """What members have paid for orders that are not settled yet."""
    OUTSIDE_WECHAT = "outside_wechat"
    """What an operator paid back by hand, outside WeChat."""
    COMMISSION_EXPENSE = "commission_expense"
    """What uplines have earned, at the shop's cost."""
    MARKETING_EXPENSE = "marketing_expense"
    """What free leaders and bonuses cost the shop."""
    PAYOUTS = "payouts"
    """Withdrawals on their way from a member's balance to what they are split into."""
    FEE_INCOME = "fee_income"
    """What the shop keeps of withdrawals as its fee."""
    TAX_PAYABLE = "tax_payable"
    """What is kept back of withdrawals as tax, owed to the tax office."""
    CORRECTIONS = "corrections"
    """What operators have put right in members' balances, at the shop's cost."""


_MEMBER, _SALES = "member:", "sales:"


def member_account(member_id: str) -> str:
    """What a member has earned."""
    return _MEMBER + member_id


def sales_account(merchant_id: str) -> str:
    """What a merchant has sold, of orders that are settled."""
    return _SALES + merchant_id


def is_member_account(account: str) -> bool:
    return account.startswith(_MEMBER)


def is_account(account: str) -> bool:
    """Whether this names an account at all."""
    return account in set(Account) or (
        account.startswith((_MEMBER, _SALES)) and not account.endswith(":")
    )


class Code(StrEnum):
    """Why an amount moves."""

    PAYMENT = "payment"
    """A member paid an order."""
    REFUND = "refund"
    """WeChat paid a refund back."""
    REFUND_BY_HAND = "refund_by_hand"
    """An operator paid a refund back outside WeChat."""
    SETTLEMENT = "settlement"
    """An order is settled: what is left of its payment is the merchant's sale."""
    VOUCHER = "voucher"
    """An order that a voucher paid for is settled: the shop pays the merchant."""
    MARKETING_REVERSED = "marketing_reversed"
    """A free leader's order is not shipped after all: what went back was theirs, not marketing."""
    LEADER_BONUS = "leader_bonus"
    """A leader earns on another member's order: pending, then posted or voided in parts."""
    LEADER_BONUS_CLAWBACK = "leader_bonus_clawback"
    """A released bonus is taken back in proportion to a refund."""
    COMMISSION = "commission"
    """An upline earns on an order: pending, then posted or voided in parts."""
    COMMISSION_CLAWBACK = "commission_clawback"
    """A released commission is taken back in proportion to a refund."""
    WITHDRAWAL = "withdrawal"
    """A member takes money out: pending while it is on its way, then posted or voided."""
    WITHDRAWAL_PAID = "withdrawal_paid"
    """The net amount, as WeChat paid it to the member."""
    WITHDRAWAL_FEE = "withdrawal_fee"
    """The shop's fee on a withdrawal."""
    WITHDRAWAL_TAX = "withdrawal_tax"
    """The tax kept back of a withdrawal."""
    CORRECTION = "correction"
    """Two operators have put a member's balance right, up or down."""


class Phase(StrEnum):
    """How far a transfer moves its amount."""

    SINGLE = "single"
    """At once and for good."""
    PENDING = "pending"
    """Announced; what was announced is posted or voided later, never more than that."""
    POST = "post"
    """A part, or the rest, of a pending transfer now moves."""
    VOID = "void"
    """A part, or the rest, of a pending transfer will not move."""


@dataclass(frozen=True)
class Transfer:
    """`amount_fen` (above zero) from `debit_account` to `credit_account`, about one order,
    withdrawal or adjustment. `pending_id`: the pending transfer that this one posts or voids a part
    of.
    """

    transfer_id: str
    about: str
    code: Code
    debit_account: str
    credit_account: str
    amount_fen: int
    posted_at: datetime
    phase: Phase = Phase.SINGLE
    pending_id: str | None = None

    def __post_init__(self) -> None:
        if self.amount_fen < 1:
            raise ValueError("a transfer moves at least one fen")
        if self.debit_account == self.credit_account:
            raise ValueError("a transfer needs two accounts")
        if (self.phase in (Phase.POST, Phase.VOID)) != (self.pending_id is not None):
            raise ValueError("to post or void takes a pending transfer, and only that does")


@dataclass(frozen=True)
class Balance:
    """An account's four sums in fen. What a member may take out is what was credited for good
    less what was debited for good or is on its way out; below zero it is a debt.
    """

    debits_pending_fen: int = 0
    debits_posted_fen: int = 0
    credits_pending_fen: int = 0
    credits_posted_fen: int = 0

    @property
    def available_fen(self) -> int:
        return self.credits_posted_fen - self.debits_posted_fen - self.debits_pending_fen

    def after(self, account: str, transfers: Iterable[Transfer]) -> "Balance":
        """The account's sums once these transfers are booked."""
        sums = {
            "debits_pending_fen": self.debits_pending_fen,
            "debits_posted_fen": self.debits_posted_fen,
            "credits_pending_fen": self.credits_pending_fen,
            "credits_posted_fen": self.credits_posted_fen,
        }
        for transfer in transfers:
            pending, posted = _moves(transfer)
            for side, own in (
                ("debits", transfer.debit_account),
                ("credits", transfer.credit_account),
            ):
                if own == account:
                    sums[f"{side}_pending_fen"] += pending
                    sums[f"{side}_posted_fen"] += posted
        return Balance(**sums)


def _moves(transfer: Transfer) -> tuple[int, int]:
    """What the transfer adds to the pending and to the posted sum of both its accounts."""
    amount_fen = transfer.amount_fen
    match transfer.phase:
        case Phase.SINGLE:
            return 0, amount_fen
        case Phase.PENDING:
            return amount_fen, 0
        case Phase.POST:
            return -amount_fen, amount_fen
        case Phase.VOID:
            return -amount_fen, 0


def transfer_id_for(code: Code, *cause: str) -> str:
    """The id of what this cause books."""
    return derived_id("trf", code.value, *cause)
