"""The ledger table: one item per transfer, under the order it is about. Written once, never
changed, never deleted.
"""

from dataclasses import asdict

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from chalicelib.kit.tables import Row, TimeAttribute
from chalicelib.kit.writes import Changed, WriteSet
from chalicelib.ledger.transfers import Transfer


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
