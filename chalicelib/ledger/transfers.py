"""A transfer (记账): an amount that moves from a credit account to a debit account, for a reason,
once and unchangeably. Pure.

Double entry after TigerBeetle's model: every transfer debits one account and credits another, so
debits always equal credits. A correction is another transfer. The id derives from the cause, so
that booking twice is booking once.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from chalicelib.kit.ids import derived_id


class Account(StrEnum):
    """The shop's own accounts; what each holds."""

    WECHAT = "wechat"
    """The merchant's balance at WeChat Pay: paid in, refunded."""
    CUSTOMER_FUNDS = "customer_funds"
    """What members have paid for orders that are not settled yet."""
    OUTSIDE_WECHAT = "outside_wechat"
    """What an operator paid back by hand, outside WeChat."""


class Code(StrEnum):
    """Why an amount moves."""

    PAYMENT = "payment"
    """A member paid an order."""
    REFUND = "refund"
    """WeChat paid a refund back."""
    REFUND_BY_HAND = "refund_by_hand"
    """An operator paid a refund back outside WeChat."""


@dataclass(frozen=True)
class Transfer:
    """`amount_fen` (above zero) from `credit_account` to `debit_account`, about one order."""

    transfer_id: str
    order_id: str
    code: Code
    debit_account: Account
    credit_account: Account
    amount_fen: int
    posted_at: datetime

    def __post_init__(self) -> None:
        if self.amount_fen < 1:
            raise ValueError("a transfer moves at least one fen")
        if self.debit_account is self.credit_account:
            raise ValueError("a transfer needs two accounts")


def transfer_id_for(code: Code, cause: str) -> str:
    """The id of what this cause books."""
    return derived_id("trf", code.value, cause)
