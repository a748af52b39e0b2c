"""What members have earned, for tests that only spend it; and whether the books add up."""

from collections.abc import Sequence
from typing import Any

from chalicelib.kit.clock import Clock
from chalicelib.kit.reads import read
from chalicelib.kit.writes import WriteSet
from chalicelib.ledger import recipes
from chalicelib.ledger import store as ledger
from chalicelib.ledger.store import LedgerRow
from chalicelib.ledger.transfers import Balance, Code, Phase, Transfer, member_account
from tests.shop import Shop


def earns(clock: Clock, member_id: str, amount_fen: int, *, order_id: str = "ord_1") -> None:
    """A commission of that order is announced and released to the member."""
    now = clock.now()
    commission_id = f"com_{order_id}"
    writes = WriteSet()
    ledger.earn(
        writes,
        member_id,
        recipes.commission_accrued(member_id, order_id, commission_id, amount_fen, now=now),
        recipes.commission_released(member_id, order_id, commission_id, amount_fen, now=now),
        opens=True,
    )
    writes.commit()


def claws_back(clock: Clock, member_id: str, amount_fen: int, *, order_id: str = "ord_1") -> None:
    """A refund takes it back, into debt if need be."""
    transfer = recipes.commission_clawed_back(
        member_id, order_id, f"com_{order_id}", amount_fen, target_fen=0, now=clock.now()
    )
    writes = WriteSet()
    ledger.earn(writes, member_id, transfer)
    writes.commit()


def balance_of(member_id: str) -> Balance:
    key = ledger.balance_key(member_id)
    return ledger.balance_of(read(key).find(key))


def transfer_of(row: LedgerRow) -> Transfer:
    given = row.given(frozenset(Transfer.__dataclass_fields__))
    given |= {"code": Code(row.code), "phase": Phase(row.phase)}
    return Transfer(**given)


def transfers_of(member_id: str) -> Sequence[Transfer]:
    rows, following = ledger.transfers_of_member(member_id, limit=1000, start=None)
    assert following is None
    return [transfer_of(row) for row in rows]


def assert_balance_adds_up(member_id: str) -> Balance:
    """The balance is the sum of the member's transfers."""
    balance = balance_of(member_id)
    assert balance == Balance().after(member_account(member_id), transfers_of(member_id))
    return balance


def assert_payouts_add_up(shop: Shop, *member_ids: str) -> None:
    """Balances are sums, each withdrawal is split without a rest, and WeChat paid what we booked
    as paid.
    """
    for member_id in member_ids:
        assert_balance_adds_up(member_id)
    booked: list[dict[str, Any]] = [row for row in shop.rows("ledger") if "debit_account" in row]
    withdrawals = shop.rows("withdrawals", kind="withdrawal")
    for row in withdrawals:
        assert row["gross_fen"] == row["fee_fen"] + row["tax_fen"] + row["net_fen"]
        parts = [one for one in booked if one["account_id"] == f"withdrawal:{row['withdrawal_id']}"]
        paid = row["withdrawal_state"] == "paid"
        assert sum(one["amount_fen"] for one in parts) == (row["gross_fen"] if paid else 0)
    paid_out_fen = sum(row["amount_fen"] for row in booked if row["code"] == "withdrawal_paid")
    theirs = shop.sandbox.totals()
    paid = [row for row in withdrawals if row["withdrawal_state"] == "paid"]
    assert (paid_out_fen, len(paid)) == (theirs["transferred_fen"], theirs["transfers"])
