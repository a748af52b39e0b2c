"""Whether all that a day's files are made of is there: while rows of a table are away, no day is
written as if there had never been any.
"""

from collections.abc import Mapping

from chalicelib.files.bookkeeping import Sums
from chalicelib.kit.errors import NotAllowed
from chalicelib.kit.reads import Found, read
from chalicelib.ledger.close_day import closing_key, total_key
from chalicelib.ledger.transfers import sales_account

_TOGETHER = 100


def check_transfers(day: str, transfers: int) -> None:
    """So many as were closed. Raises NotAllowed."""
    key = closing_key(day)
    closing = read(key).find(key)
    if closing is None:
        raise NotAllowed("The day is not closed in the ledger yet.")
    if int(closing.transfer_count or 0) != transfers:
        raise lacking(f"{closing.transfer_count} transfers were closed, {transfers} are there")


def check_sales(day: str, sums: Mapping[str, Sums]) -> None:
    """Each statement settles what the ledger closed of its merchant. Raises NotAllowed."""
    merchant_ids = list(sums)
    for start in range(0, len(merchant_ids), _TOGETHER):
        together = merchant_ids[start : start + _TOGETHER]
        found = read(*(total_key(day, sales_account(each)) for each in together))
        for merchant_id in together:
            closed_fen = _closed_fen(day, merchant_id, found)
            if closed_fen is not None and closed_fen != sums[merchant_id].settled_fen:
                settled_fen = sums[merchant_id].settled_fen
                what = f"closed of {merchant_id} are {closed_fen} fen, settled {settled_fen}"
                raise lacking(what)


def lacking(what: str) -> NotAllowed:
    return NotAllowed(f"The day's rows do not fit together; is a table being restored? {what}.")


def _closed_fen(day: str, merchant_id: str, found: Found) -> int | None:
    """None when nothing was closed of it."""
    row = found.find(total_key(day, sales_account(merchant_id)))
    if row is None:
        return None
    return int(row.credits_posted_fen or 0) - int(row.debits_posted_fen or 0)
