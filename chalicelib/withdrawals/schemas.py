"""What clients send of withdrawals. Shapes only; the contract of docs/api.md."""

from datetime import date
from typing import Annotated

from pydantic import AfterValidator, Field

from chalicelib.kit.endpoint import Body
from chalicelib.kit.money import PriceFen
from chalicelib.members.model import Nickname
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
