"""The ledger table: one item per transfer, under the order it is about. Written once, never
changed, never deleted.
"""

from dataclasses import asdict

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from chalicelib.kit import reads
from chalicelib.kit.tables import Row, TimeAttribute
from chalicelib.kit.writes import Changed, WriteSet
from chalicelib.ledger.transfers import Account, Code, Transfer

_MOST_TRANSFERS_PER_ORDER = 200


class LedgerRow(Row):
    """One transfer."""

    class Meta:
        table = "ledger"

    account_id = UnicodeAttribute(hash_key=True)
    entry = UnicodeAttribute(range_key=True)
    transfer_id = UnicodeAttribute()
    order_id = UnicodeAttribute()
    code = UnicodeAttribute()
    debit_account = UnicodeAttribute()
    credit_account = UnicodeAttribute()
    amount_fen = NumberAttribute()
    posted_at = TimeAttribute()


def post(transfer: Transfer) -> None:
    """Book it; booked before, it stays as it was."""
    row = LedgerRow(
        account_id=f"order:{transfer.order_id}",
        entry=f"transfer#{transfer.transfer_id}",
        **asdict(transfer),
    )
    writes = WriteSet()
    writes.put(row, guard=LedgerRow.account_id.does_not_exist())
    try:
        writes.commit()
    except Changed:
        return


def transfer_of(row: LedgerRow) -> Transfer:
    return Transfer(
        transfer_id=row.transfer_id,
        order_id=row.order_id,
        code=Code(row.code),
        debit_account=Account(row.debit_account),
        credit_account=Account(row.credit_account),
        amount_fen=int(row.amount_fen),
        posted_at=row.posted_at,
    )


def of_order(order_id: str) -> list[Transfer]:
    """Everything booked about one order."""
    condition = LedgerRow.account_id == f"order:{order_id}"
    rows = reads.query_all(LedgerRow, condition, most=_MOST_TRANSFERS_PER_ORDER)
    return [transfer_of(row) for row in rows]
