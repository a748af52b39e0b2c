"""What clients send and see of the wallet and of withdrawals. Shapes only; the contract of
docs/api.md.
"""

from datetime import date
from typing import Annotated, Literal

from pydantic import AfterValidator, Field
from typing_extensions import TypedDict

from chalicelib.kit.declared import Fen, Page, Time
from chalicelib.kit.endpoint import Body
from chalicelib.kit.money import PriceFen
from chalicelib.ledger.transfers import Code
from chalicelib.members.model import Nickname
from chalicelib.withdrawals.model import WithdrawalState
from chalicelib.withdrawals.payee import has_right_check_digit


class WithdrawalBody(Body):
    """How much to take out, fee and tax included."""

    amount_fen: PriceFen


def _is_an_id_number(text: str) -> str:
    number = text.upper()
    try:
        date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        raise ValueError("the date of birth in it is none") from None
    if not has_right_check_digit(number):
        raise ValueError("its last sign does not fit the others")
    return number


RealName = Nickname
"""Of the same signs as a nickname."""

IdNumber = Annotated[
    str, Field(pattern=r"^[1-9][0-9]{16}[0-9Xx]$"), AfterValidator(_is_an_id_number)
]
"""Eighteen signs; a small x is a large one."""


class PayeeBody(Body):
    """Who is paid."""

    real_name: Annotated[RealName, Field(min_length=2)] = Field(repr=False)
    id_number: IdNumber = Field(repr=False)


class PayeeAnswer(TypedDict):
    """Who is paid is kept, and never shown."""

    has_payee: Literal[True]


class WalletAnswer(TypedDict):
    """The balance: announced, available, on its way out, taken out so far, owed."""

    pending_fen: Fen
    available_fen: Fen
    withdrawing_fen: Fen
    withdrawn_fen: Fen
    debt_fen: Fen


TransferCode = Literal[
    Code.COMMISSION,
    Code.COMMISSION_CLAWBACK,
    Code.LEADER_BONUS,
    Code.LEADER_BONUS_CLAWBACK,
    Code.WITHDRAWAL,
    Code.CORRECTION,
]
"""Of all codes those that move a member's balance."""


class TransferAnswer(TypedDict):
    """An amount that moves. `about`: the order or withdrawal it is for, or the adjustment of a
    `correction`. `voided`: announced, and will not move.
    """

    transfer_id: str
    code: TransferCode
    amount_fen: Fen
    direction: Literal["in", "out"]
    state: Literal["pending", "posted", "voided"]
    at: Time
    about: str


class TransfersPage(Page):
    """One's own transfers, newest first."""

    items: list[TransferAnswer]


class ConfirmAnswer(TypedDict):
    """What `wx.requestMerchantTransfer` takes."""

    mch_id: str
    app_id: str
    package: str


class WithdrawalAnswer(TypedDict):
    """A withdrawal. `amount_fen` is `fee_fen`, `tax_fen` and `net_fen`, which arrives, together.
    `transfer` is there while it is to be confirmed.
    """

    withdrawal_id: str
    status: WithdrawalState
    amount_fen: Fen
    fee_fen: Fen
    tax_fen: Fen
    net_fen: Fen
    requested_at: Time
    settled_at: Time | None
    fail_reason: str | None
    transfer: ConfirmAnswer | None


class WithdrawalsPage(Page):
    """One's own withdrawals, newest first."""

    items: list[WithdrawalAnswer]
