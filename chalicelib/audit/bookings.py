"""The ledger as an audit reads it: transfers, members' balances and closed days, believed in
nothing, and what they add up to. Pure.

Adds up on its own, so that a mistake in the ledger's own sums does not prove itself right.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from chalicelib.ledger.transfers import Balance, Phase, is_account, is_member_account

Item = Mapping[str, Any]
"""An item in DynamoDB's own JSON."""

MEMBERS = "members"
"""All members' accounts together."""
SALES = "sales"
"""All merchants' sales together."""

_SALES_ACCOUNT = "sales:"
_ADDED: dict[str, tuple[int, int]] = {
    Phase.SINGLE.value: (0, 1),
    Phase.PENDING.value: (1, 0),
    Phase.POST.value: (-1, 1),
    Phase.VOID.value: (-1, 0),
}
"""What a transfer of each phase adds to the pending and to the posted sum, in its amount."""


@dataclass(frozen=True)
class Booking:
    """A transfer as it lies in the ledger, under `account_id`."""

    account_id: str
    transfer_id: str
    about: str
    code: str
    phase: str
    debit_account: str
    credit_account: str
    amount_fen: int
    pending_id: str = ""
    business_day: str = ""

    @property
    def is_sound(self) -> bool:
        """Whether it moves at least one fen, in a phase there is, between two accounts that
        exist.
        """
        accounts = {self.debit_account, self.credit_account}
        known = self.phase in _ADDED and all(is_account(account) for account in accounts)
        return self.amount_fen > 0 and len(accounts) == 2 and known


@dataclass(frozen=True)
class Wallet:
    """A member's balance item, as it is kept beside the transfers it sums up."""

    sums: Balance
    available_fen: int
    withdrawn_fen: int
    open_withdrawal_id: str
    is_closed: bool


@dataclass
class ClosedDay:
    """What a business day was closed with. `is_closed`: the closing, written last, is there."""

    totals: dict[str, Balance] = field(default_factory=dict)
    transfer_count: int = 0
    is_closed: bool = False


def booking_of(item: Item) -> Booking:
    """A transfer's item. Raises ValueError when its amount is no whole number."""
    return Booking(
        account_id=text(item, "account_id"),
        transfer_id=text(item, "transfer_id") or text(item, "entry").rpartition("#")[2],
        about=text(item, "about"),
        code=text(item, "code"),
        phase=text(item, "phase"),
        debit_account=text(item, "debit_account"),
        credit_account=text(item, "credit_account"),
        amount_fen=whole(item, "amount_fen"),
        pending_id=text(item, "pending_id"),
        business_day=text(item, "day_shard").partition("#")[0],
    )


def wallet_of(item: Item) -> Wallet:
    """A member's balance item. Raises ValueError when a sum is no whole number."""
    return Wallet(
        sums=sums_in(item),
        available_fen=whole(item, "available_fen"),
        withdrawn_fen=whole(item, "withdrawn_fen"),
        open_withdrawal_id=text(item, "open_withdrawal_id"),
        is_closed="closed_at" in item,
    )


def sums_in(item: Item) -> Balance:
    """The four sums that an item keeps. Raises ValueError when one is no whole number."""
    return Balance(
        debits_pending_fen=whole(item, "debits_pending_fen"),
        debits_posted_fen=whole(item, "debits_posted_fen"),
        credits_pending_fen=whole(item, "credits_pending_fen"),
        credits_posted_fen=whole(item, "credits_posted_fen"),
    )


def members_together(account: str) -> str:
    """The line of a closed day that an account belongs to."""
    return MEMBERS if is_member_account(account) else account


def members_and_sales_together(account: str) -> str:
    """The line of the totals that an account belongs to."""
    return SALES if account.startswith(_SALES_ACCOUNT) else members_together(account)


def sums_by_account(
    bookings: Iterable[Booking], line_of: Callable[[str], str] = str
) -> dict[str, Balance]:
    """What these transfers add up to, by account, or by the line each account belongs to."""
    sums: dict[str, list[int]] = {}
    for booking in bookings:
        pending, posted = _ADDED.get(booking.phase, (0, 0))
        for first, account in ((0, booking.debit_account), (2, booking.credit_account)):
            line = sums.setdefault(line_of(account), [0, 0, 0, 0])
            line[first] += pending * booking.amount_fen
            line[first + 1] += posted * booking.amount_fen
    return {line: Balance(*four) for line, four in sums.items()}


def sums_of(bookings: Iterable[Booking], account: str) -> Balance:
    """What these transfers add up to on one account."""
    return sums_by_account(bookings).get(account, Balance())


def balance_fen(sums: Balance) -> int:
    """Debits less credits, of what is posted."""
    return sums.debits_posted_fen - sums.credits_posted_fen


def text(item: Item, name: str) -> str:
    """A text; absent is empty."""
    return str(item.get(name, {}).get("S", ""))


def whole(item: Item, name: str) -> int:
    """A whole number; absent is 0. Raises ValueError for any other."""
    return int(item.get(name, {}).get("N", "0"))
