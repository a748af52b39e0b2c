"""Which accounts a business event debits and credits. One function per event; the table is in
README.md beside this file. Pure.
"""

from datetime import datetime

from chalicelib.ledger.transfers import Account, Code, Transfer, transfer_id_for


def payment(order_id: str, paid_fen: int, *, now: datetime) -> Transfer:
    """A member paid: WeChat holds more, and so do we for customers."""
    return Transfer(
        transfer_id=transfer_id_for(Code.PAYMENT, order_id),
        order_id=order_id,
        code=Code.PAYMENT,
        debit_account=Account.WECHAT,
        credit_account=Account.CUSTOMER_FUNDS,
        amount_fen=paid_fen,
        posted_at=now,
    )


def refund(
    order_id: str, refund_id: str, amount_fen: int, *, by_hand: bool, now: datetime
) -> Transfer:
    """A refund has reached the member: out of what we hold for customers, from WeChat or by
    hand.
    """
    code = Code.REFUND_BY_HAND if by_hand else Code.REFUND
    return Transfer(
        transfer_id=transfer_id_for(code, refund_id),
        order_id=order_id,
        code=code,
        debit_account=Account.CUSTOMER_FUNDS,
        credit_account=Account.OUTSIDE_WECHAT if by_hand else Account.WECHAT,
        amount_fen=amount_fen,
        posted_at=now,
    )
