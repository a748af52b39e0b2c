"""Which accounts a business event debits and credits. One function per event; the table is in
README.md beside this file. Pure.
"""

from dataclasses import dataclass
from datetime import datetime

from chalicelib.ledger.transfers import (
    Account,
    Code,
    Phase,
    Transfer,
    member_account,
    sales_account,
    transfer_id_for,
)


def payment(order_id: str, paid_fen: int, *, now: datetime) -> Transfer:
    """A member paid: WeChat holds more, and so do we for customers."""
    return Transfer(
        transfer_id=transfer_id_for(Code.PAYMENT, order_id),
        about=order_id,
        code=Code.PAYMENT,
        debit_account=Account.WECHAT,
        credit_account=Account.CUSTOMER_FUNDS,
        amount_fen=paid_fen,
        posted_at=now,
    )


def refund(
    order_id: str,
    refund_id: str,
    amount_fen: int,
    *,
    by_hand: bool,
    sold_by: str | None = None,
    is_marketing: bool = False,
    now: datetime,
) -> Transfer:
    """A refund has reached the member, from WeChat or by hand: out of what we hold for customers;
    or, once the order was settled, out of the sales of the merchant `sold_by`; or, `is_marketing`,
    at the shop's expense.
    """
    code = Code.REFUND_BY_HAND if by_hand else Code.REFUND
    paid_from = Account.CUSTOMER_FUNDS if sold_by is None else sales_account(sold_by)
    return Transfer(
        transfer_id=transfer_id_for(code, refund_id),
        about=order_id,
        code=code,
        debit_account=Account.MARKETING_EXPENSE if is_marketing else paid_from,
        credit_account=Account.OUTSIDE_WECHAT if by_hand else Account.WECHAT,
        amount_fen=amount_fen,
        posted_at=now,
    )


def settlement(order_id: str, merchant_id: str, settled_fen: int, *, now: datetime) -> Transfer:
    """An order is settled: what is left of its payment is the merchant's sale."""
    return Transfer(
        transfer_id=transfer_id_for(Code.SETTLEMENT, order_id),
        about=order_id,
        code=Code.SETTLEMENT,
        debit_account=Account.CUSTOMER_FUNDS,
        credit_account=sales_account(merchant_id),
        amount_fen=settled_fen,
        posted_at=now,
    )


def voucher(order_id: str, merchant_id: str, amount_fen: int, *, now: datetime) -> Transfer:
    """An order that a voucher paid for is settled: the merchant's sale, at the shop's expense."""
    return Transfer(
        transfer_id=transfer_id_for(Code.VOUCHER, order_id),
        about=order_id,
        code=Code.VOUCHER,
        debit_account=Account.MARKETING_EXPENSE,
        credit_account=sales_account(merchant_id),
        amount_fen=amount_fen,
        posted_at=now,
    )


def marketing_reversed(order_id: str, amount_fen: int, *, now: datetime) -> Transfer:
    """A free leader's order is not shipped after all: the refund is one of what customers paid."""
    return Transfer(
        transfer_id=transfer_id_for(Code.MARKETING_REVERSED, order_id),
        about=order_id,
        code=Code.MARKETING_REVERSED,
        debit_account=Account.CUSTOMER_FUNDS,
        credit_account=Account.MARKETING_EXPENSE,
        amount_fen=amount_fen,
        posted_at=now,
    )


@dataclass(frozen=True)
class Earning:
    """What a member earns on somebody's order: under which codes, at which account's expense."""

    code: Code
    clawback: Code
    expense: Account


COMMISSION = Earning(Code.COMMISSION, Code.COMMISSION_CLAWBACK, Account.COMMISSION_EXPENSE)
LEADER_BONUS = Earning(Code.LEADER_BONUS, Code.LEADER_BONUS_CLAWBACK, Account.MARKETING_EXPENSE)


def earning_id_of(earning: Earning, commission_id: str) -> str:
    """The id of the pending transfer that announces this commission or bonus."""
    return transfer_id_for(earning.code, commission_id)


def commission_accrued(
    member_id: str,
    order_id: str,
    commission_id: str,
    amount_fen: int,
    *,
    earning: Earning = COMMISSION,
    now: datetime,
) -> Transfer:
    """Somebody is to earn on an order: announced, not theirs yet."""
    return Transfer(
        transfer_id=earning_id_of(earning, commission_id),
        about=order_id,
        code=earning.code,
        debit_account=earning.expense,
        credit_account=member_account(member_id),
        amount_fen=amount_fen,
        posted_at=now,
        phase=Phase.PENDING,
    )


def commission_reversed(
    member_id: str,
    order_id: str,
    commission_id: str,
    amount_fen: int,
    *,
    target_fen: int,
    earning: Earning = COMMISSION,
    now: datetime,
) -> Transfer:
    """A refund takes a part of what was announced, down to `target_fen`, before it was theirs."""
    return Transfer(
        transfer_id=transfer_id_for(earning.code, commission_id, "void", str(target_fen)),
        about=order_id,
        code=earning.code,
        debit_account=earning.expense,
        credit_account=member_account(member_id),
        amount_fen=amount_fen,
        posted_at=now,
        phase=Phase.VOID,
        pending_id=earning_id_of(earning, commission_id),
    )


def commission_released(
    member_id: str,
    order_id: str,
    commission_id: str,
    amount_fen: int,
    *,
    earning: Earning = COMMISSION,
    now: datetime,
) -> Transfer:
    """What is left of an announced commission or bonus is theirs now."""
    return Transfer(
        transfer_id=transfer_id_for(earning.code, commission_id, "post"),
        about=order_id,
        code=earning.code,
        debit_account=earning.expense,
        credit_account=member_account(member_id),
        amount_fen=amount_fen,
        posted_at=now,
        phase=Phase.POST,
        pending_id=earning_id_of(earning, commission_id),
    )


def commission_clawed_back(
    member_id: str,
    order_id: str,
    commission_id: str,
    amount_fen: int,
    *,
    target_fen: int,
    earning: Earning = COMMISSION,
    now: datetime,
) -> Transfer:
    """A refund takes a part of what was theirs already, down to `target_fen`, into debt if need
    be.
    """
    return Transfer(
        transfer_id=transfer_id_for(earning.clawback, commission_id, str(target_fen)),
        about=order_id,
        code=earning.clawback,
        debit_account=member_account(member_id),
        credit_account=earning.expense,
        amount_fen=amount_fen,
        posted_at=now,
    )


def withdrawal_id_of(withdrawal_id: str) -> str:
    """The id of the pending transfer that reserves this withdrawal."""
    return transfer_id_for(Code.WITHDRAWAL, withdrawal_id)


def withdrawal_reserved(
    member_id: str, withdrawal_id: str, gross_fen: int, *, now: datetime
) -> Transfer:
    """A member asks for money: it is set aside, nobody has it yet."""
    return Transfer(
        transfer_id=withdrawal_id_of(withdrawal_id),
        about=withdrawal_id,
        code=Code.WITHDRAWAL,
        debit_account=member_account(member_id),
        credit_account=Account.PAYOUTS,
        amount_fen=gross_fen,
        posted_at=now,
        phase=Phase.PENDING,
    )


def withdrawal_ended(
    member_id: str, withdrawal_id: str, gross_fen: int, *, paid: bool, now: datetime
) -> Transfer:
    """What was set aside is gone for good, or the member's again."""
    phase = Phase.POST if paid else Phase.VOID
    return Transfer(
        transfer_id=transfer_id_for(Code.WITHDRAWAL, withdrawal_id, phase.value),
        about=withdrawal_id,
        code=Code.WITHDRAWAL,
        debit_account=member_account(member_id),
        credit_account=Account.PAYOUTS,
        amount_fen=gross_fen,
        posted_at=now,
        phase=phase,
        pending_id=withdrawal_id_of(withdrawal_id),
    )


def withdrawal_split(
    withdrawal_id: str, *, net_fen: int, fee_fen: int, tax_fen: int, now: datetime
) -> list[Transfer]:
    """Where a paid withdrawal went: to the member through WeChat, to the shop, to the tax
    office. Parts of nothing are left out.
    """
    parts = (
        (Code.WITHDRAWAL_PAID, Account.WECHAT, net_fen),
        (Code.WITHDRAWAL_FEE, Account.FEE_INCOME, fee_fen),
        (Code.WITHDRAWAL_TAX, Account.TAX_PAYABLE, tax_fen),
    )
    return [
        Transfer(
            transfer_id=transfer_id_for(code, withdrawal_id),
            about=withdrawal_id,
            code=code,
            debit_account=Account.PAYOUTS,
            credit_account=account,
            amount_fen=amount_fen,
            posted_at=now,
        )
        for code, account, amount_fen in parts
        if amount_fen > 0
    ]


def correction(member_id: str, adjustment_id: str, amount_fen: int, *, now: datetime) -> Transfer:
    """An adjustment is confirmed: the shop gives the member the amount, or below zero takes it."""
    given, shop = amount_fen > 0, Account.CORRECTIONS
    member = member_account(member_id)
    return Transfer(
        transfer_id=transfer_id_for(Code.CORRECTION, adjustment_id),
        about=adjustment_id,
        code=Code.CORRECTION,
        debit_account=shop if given else member,
        credit_account=member if given else shop,
        amount_fen=abs(amount_fen),
        posted_at=now,
    )
