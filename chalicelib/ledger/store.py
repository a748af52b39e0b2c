"""The ledger table: one item per transfer, written once, never changed, never deleted; and one
balance item per member, changed in the same commit as the transfers it sums up.

A transfer lies under the member it is about; one between the shop's own accounts lies under its
order or withdrawal. The shop's accounts have no balance item: their totals are closed per day.
"""

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from datetime import datetime
from typing import Any

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib.kit import reads
from chalicelib.kit.clock import stored
from chalicelib.kit.days import day_of
from chalicelib.kit.errors import NotFound, Refusal
from chalicelib.kit.ids import shard_of
from chalicelib.kit.tables import Key, Row, TimeAttribute
from chalicelib.kit.writes import Changed, RefusalOf, WriteSet
from chalicelib.ledger.errors import AccountClosed, InsufficientBalance, WithdrawalOpen
from chalicelib.ledger.transfers import Balance, Transfer, member_account

BALANCE = "balance"
TRANSFER = "transfer#"
DAY_SHARDS = 16
"""Over how many partitions of the index one day's transfers are spread."""


class LedgerRow(Row):
    """One transfer; or, with the entry `balance`, what a member's transfers add up to."""

    class Meta:
        table = "ledger"

    account_id = UnicodeAttribute(hash_key=True)
    entry = UnicodeAttribute(range_key=True)
    day_shard = UnicodeAttribute(null=True)
    transfer_id = UnicodeAttribute(null=True)
    about = UnicodeAttribute(null=True)
    code = UnicodeAttribute(null=True)
    phase = UnicodeAttribute(null=True)
    pending_id = UnicodeAttribute(null=True)
    debit_account = UnicodeAttribute(null=True)
    credit_account = UnicodeAttribute(null=True)
    amount_fen = NumberAttribute(null=True)
    posted_at = TimeAttribute(null=True)
    debits_pending_fen = NumberAttribute(null=True)
    debits_posted_fen = NumberAttribute(null=True)
    credits_pending_fen = NumberAttribute(null=True)
    credits_posted_fen = NumberAttribute(null=True)
    available_fen = NumberAttribute(null=True)
    withdrawn_fen = NumberAttribute(null=True)
    open_withdrawal_id = UnicodeAttribute(null=True)
    closed_at = TimeAttribute(null=True)
    transfer_count = NumberAttribute(null=True)


def balance_key(member_id: str) -> Key[LedgerRow]:
    return LedgerRow.key(member_account(member_id), BALANCE)


def transfer_key(account_id: str, transfer_id: str, posted_at: datetime) -> Key[LedgerRow]:
    """Where the transfer lies; an account of the shop's own does not go by `posted_at`."""
    return LedgerRow.key(account_id, _entry(account_id, transfer_id, posted_at))


def balance_of(row: LedgerRow | None) -> Balance:
    """The sums as the balance item has them; nothing booked yet is all zero."""
    if row is None:
        return Balance()
    return Balance(
        debits_pending_fen=int(row.debits_pending_fen or 0),
        debits_posted_fen=int(row.debits_posted_fen or 0),
        credits_pending_fen=int(row.credits_pending_fen or 0),
        credits_posted_fen=int(row.credits_posted_fen or 0),
    )


def post(transfer: Transfer) -> None:
    """Book a transfer between the shop's own accounts under its order; booked before, it stays."""
    writes = WriteSet()
    book(writes, f"order:{transfer.about}", transfer)
    try:
        writes.commit()
    except Changed:
        return


def book(writes: WriteSet, account_id: str, transfer: Transfer) -> None:
    """Write the transfer's item under that account. Guard: it is not booked yet."""
    row = LedgerRow(
        account_id=account_id,
        entry=_entry(account_id, transfer.transfer_id, transfer.posted_at),
        day_shard=day_shard(day_of(transfer.posted_at), shard_of(transfer.transfer_id, DAY_SHARDS)),
        **{name: value for name, value in asdict(transfer).items() if value is not None},
    )
    writes.put(row, guard=LedgerRow.account_id.does_not_exist())


def earn(writes: WriteSet, member_id: str, *transfers: Transfer, opens: bool = False) -> None:
    """Book what a member earns, or what is taken back of it, into debt if need be. `opens`:
    something new is earned. Guard then: the account is not closed -> AccountClosed.
    """
    guard = LedgerRow.closed_at.does_not_exist() if opens else None
    _move(writes, member_id, transfers, guard, lambda _row: AccountClosed(member_id))


def reserve(writes: WriteSet, member_id: str, transfer: Transfer, withdrawal_id: str) -> None:
    """Set money aside for a withdrawal. Guards: that much is available, none is under way ->
    InsufficientBalance, WithdrawalOpen.
    """
    guard = (
        (LedgerRow.available_fen >= transfer.amount_fen)
        & LedgerRow.open_withdrawal_id.does_not_exist()
        & LedgerRow.closed_at.does_not_exist()
    )
    also = [LedgerRow.open_withdrawal_id.set(withdrawal_id)]
    _move(writes, member_id, (transfer,), guard, _refusal_to_reserve, also)


def end_withdrawal(
    writes: WriteSet, member_id: str, transfer: Transfer, withdrawal_id: str, *, paid_fen: int
) -> None:
    """Post or void what was set aside. Guard: this withdrawal is the one under way -> Changed."""
    also: list[Action] = [LedgerRow.open_withdrawal_id.remove()]
    if paid_fen:
        also.append(LedgerRow.withdrawn_fen.set((LedgerRow.withdrawn_fen | 0) + paid_fen))
    guard = LedgerRow.open_withdrawal_id == withdrawal_id
    _move(writes, member_id, (transfer,), guard, _changed, also)


def correct(writes: WriteSet, member_id: str, transfer: Transfer, amount_fen: int) -> None:
    """Book what operators give the member, or below zero take. Guards: the account is not closed ->
    NotFound; what is taken is available -> InsufficientBalance.
    """
    guard = LedgerRow.closed_at.does_not_exist()
    if amount_fen < 0:
        guard = guard & (LedgerRow.available_fen >= -amount_fen)

    def refusal(row: LedgerRow | None) -> Exception:
        return refusal_to_correct(row, amount_fen) or Changed()

    _move(writes, member_id, (transfer,), guard, refusal)


def refusal_to_correct(row: LedgerRow | None, amount_fen: int) -> Refusal | None:
    """Why a balance as read cannot be put right by so much; None: it can."""
    if row is not None and row.closed_at is not None:
        return NotFound("The member has left.")
    if amount_fen < 0 and balance_of(row).available_fen < -amount_fen:
        return _not_that_much(row)
    return None


def check_out_of_debt(
    writes: WriteSet, member_id: str, withdrawal_id: str, *, refusal: RefusalOf
) -> None:
    """Let all fail unless this withdrawal is under way and no debt has come up since."""
    guard = (LedgerRow.open_withdrawal_id == withdrawal_id) & (LedgerRow.available_fen >= 0)
    writes.check(balance_key(member_id), guard=guard, refusal=refusal)


def check_none_open(writes: WriteSet, member_id: str) -> None:
    """Let all fail while a withdrawal of the member is under way -> WithdrawalOpen."""
    guard = LedgerRow.open_withdrawal_id.does_not_exist()
    writes.check(balance_key(member_id), guard=guard, refusal=_refusal_while_open)


def close(writes: WriteSet, member_id: str, *, now: datetime, refusal: RefusalOf) -> None:
    """Let the member earn nothing more. Guard: nothing is theirs, announced or on its way."""
    row = LedgerRow
    nothing_left = (
        ((row.available_fen == 0) | row.available_fen.does_not_exist())
        & ((row.credits_pending_fen == 0) | row.credits_pending_fen.does_not_exist())
        & row.open_withdrawal_id.does_not_exist()
    )
    actions = [row.closed_at.set(now)]
    writes.update(balance_key(member_id), actions, guard=nothing_left, refusal=refusal)


def is_empty(row: LedgerRow | None) -> bool:
    """Whether `close` would be taken, of a balance as read."""
    balance = balance_of(row)
    is_open = row is not None and row.open_withdrawal_id is not None
    return balance.available_fen == 0 and balance.credits_pending_fen == 0 and not is_open


def transfers_of_member(
    member_id: str, *, limit: int, start: dict[str, Any] | None
) -> tuple[list[LedgerRow], dict[str, Any] | None]:
    """A member's transfers, newest first, and where the next page starts."""
    keys = (LedgerRow.account_id == member_account(member_id)) & LedgerRow.entry.startswith(
        TRANSFER
    )
    items, following = reads.query(LedgerRow, keys, limit=limit, start=start, backward=True)
    return [LedgerRow.from_item(item) for item in items], following


def transfers_of_day(day: str) -> Iterator[LedgerRow]:
    """Every transfer of a business day: phase, code, accounts and amount."""
    for shard in range(DAY_SHARDS):
        start: dict[str, Any] | None = None
        while True:
            rows, start = page_of_day(day, shard, limit=1000, start=start)
            yield from rows
            if start is None:
                break


def page_of_day(
    day: str, shard: int, *, limit: int, start: dict[str, Any] | None
) -> tuple[list[LedgerRow], dict[str, Any] | None]:
    """A page of the day's transfers in one of its shards, and where the next page starts."""
    keys = LedgerRow.day_shard == day_shard(day, shard)
    items, following = reads.query(LedgerRow, keys, index="by_day", limit=limit, start=start)
    return [LedgerRow.from_item(item) for item in items], following


def day_shard(day: str, shard: int) -> str:
    return f"{day}#{shard}"


def _move(
    writes: WriteSet,
    member_id: str,
    transfers: Iterable[Transfer],
    guard: Condition | None,
    refusal: RefusalOf,
    also: Iterable[Action] = (),
) -> None:
    """Book the transfers under the member and add them to the balance, in the same commit."""
    account = member_account(member_id)
    booked = list(transfers)
    change = Balance().after(account, booked)
    sums = asdict(change) | {"available_fen": change.available_fen}
    actions: list[Action] = [*also]
    for name, added_fen in sums.items():
        attribute = getattr(LedgerRow, name)
        if added_fen or name == "available_fen":
            actions.append(attribute.set((attribute | 0) + added_fen))
    writes.update(balance_key(member_id), actions, guard=guard, refusal=refusal)
    for transfer in booked:
        book(writes, account, transfer)


def _entry(account_id: str, transfer_id: str, posted_at: datetime) -> str:
    """Under a member by time, for the wallet; elsewhere by id alone, so that the key keeps a
    transfer from being booked twice. A member's is kept from it by the row it is about.
    """
    if account_id.startswith("member:"):
        return f"{TRANSFER}{stored(posted_at)}#{transfer_id}"
    return TRANSFER + transfer_id


def _refusal_while_open(row: LedgerRow | None) -> Exception:
    withdrawal_id = row.open_withdrawal_id if row is not None else None
    return WithdrawalOpen(context={"withdrawal_id": withdrawal_id})


def _refusal_to_reserve(row: LedgerRow | None) -> Exception:
    if row is not None and row.open_withdrawal_id:
        context = {"withdrawal_id": row.open_withdrawal_id}
        return WithdrawalOpen(context=context)
    return _not_that_much(row)


def _not_that_much(row: LedgerRow | None) -> InsufficientBalance:
    available_fen = max(int(row.available_fen or 0), 0) if row is not None else 0
    return InsufficientBalance(context={"available_fen": available_fen})


def _changed(_row: object) -> Changed:
    return Changed()
