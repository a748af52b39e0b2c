"""Write a closed business day into the bucket: what is to be shipped now, what was wanted at each
station, commissions and withdrawals of the day, a statement for each merchant.

The day's transfers come from the ledger's index by day; only what is to be shipped needs a scan.
Each file is rewritten whole under the same key, the mark of the day last, so that a run that breaks
is simply run again.
"""

import json
from collections.abc import Callable, Iterator

from aws_lambda_powertools import Logger

from chalicelib.files.bookkeeping import (
    OF_ORDERS,
    Booked,
    commissions,
    in_order,
    statement,
    withdrawals,
)
from chalicelib.files.demand import demand
from chalicelib.files.to_ship import orders_to_ship, packing_list
from chalicelib.gateways.files import CSV, JSON, Files
from chalicelib.kit.clock import Clock
from chalicelib.kit.days import day_of, days_before
from chalicelib.kit.errors import NotAllowed
from chalicelib.kit.reads import read
from chalicelib.ledger.close_day import closing_key
from chalicelib.ledger.store import LedgerRow, transfers_of_day
from chalicelib.ledger.transfers import Code, Phase
from chalicelib.orders import store as orders
from chalicelib.withdrawals import store as withdrawal_store
from chalicelib.withdrawals.model import Withdrawal

DAYS_LOOKED_BACK = 7
_TOGETHER = 100
_MARK_BYTES = 64 * 1024

logger = Logger()

TimeLeft = Callable[[], bool]
Written = dict[str, int]
"""How many rows each file has, by its key."""
Made = dict[str, tuple[bytes, int]]
"""The files themselves, with their rows."""


def export_days(*, clock: Clock, files: Files, time_left: TimeLeft) -> list[str]:
    """Write the closed days of the last week that are not written yet, the oldest first, and once a
    day what is to be shipped; which days they were. One that cannot be written stops no other.
    """
    now = clock.now()
    today = day_of(now)
    written: list[str] = []
    for back in range(DAYS_LOOKED_BACK, 0, -1):
        day = days_before(now, back)
        if not time_left():
            return written
        if _is_closed(day) and files.read(_mark_key(day), most_bytes=_MARK_BYTES) is None:
            written += _one_day(day, files)
    if time_left() and files.read(_packed_key(today), most_bytes=_MARK_BYTES) is None:
        packing = _packing_lists(today)
        _write(packing, files)
        files.write(_packed_key(today), _mark(today, packing), content_type=JSON)
    return written


def _one_day(day: str, files: Files) -> list[str]:
    try:
        _write_books(day, _books(day), files)
    except Exception:
        logger.exception("day_not_exported", alarm="day_not_exported", business_day=day)
        return []
    return [day]


def export_day(day: str, *, clock: Clock, files: Files, dry_run: bool = False) -> Written:
    """Write the files of one day, whether or not they are there, and what is to be shipped. Raises
    NotAllowed for a day that is not closed.
    """
    if not _is_closed(day):
        raise NotAllowed("The day is not closed in the ledger yet.")
    packing, books = _packing_lists(day_of(clock.now())), _books(day)
    if not dry_run:
        _write(packing, files)
        _write_books(day, books, files)
    return _rows(packing) | _rows(books)


def _write(made: Made, files: Files) -> None:
    for key, (content, _) in made.items():
        files.write(key, content, content_type=CSV)


def _write_books(day: str, books: Made, files: Files) -> None:
    """The mark last: a day without one is written again."""
    _write(books, files)
    files.write(_mark_key(day), _mark(day, books), content_type=JSON)
    logger.info("day_exported", business_day=day, files=len(books))


def _mark(day: str, made: Made) -> bytes:
    return json.dumps({"day": day, "rows": _rows(made)}, sort_keys=True).encode()


def _rows(made: Made) -> Written:
    return {key: rows for key, (_, rows) in made.items()}


def _is_closed(day: str) -> bool:
    key = closing_key(day)
    return read(key).find(key) is not None


def _mark_key(day: str) -> str:
    return f"exports/days/{day}.json"


def _packed_key(today: str) -> str:
    """The mark that says that what was to be shipped on a day has been written."""
    return f"exports/days/{today}-to-ship.json"


def _packing_lists(today: str) -> Made:
    """Of the day on which it is written: it says what waits now."""
    packing = orders_to_ship()
    everything = [row for rows in packing.values() for row in rows]
    made: Made = {f"exports/orders/{today}.csv": (packing_list(everything), len(everything))}
    for merchant_id, rows in packing.items():
        made[f"merchants/{merchant_id}/orders/{today}.csv"] = (packing_list(rows), len(rows))
    return made


def _books(day: str) -> Made:
    booked = in_order(_booked(day))
    paid_out = {one.about for one in booked if one.is_paid_withdrawal}
    by_id = {each.withdrawal_id: each for each in _withdrawals(sorted(paid_out))}
    made = {
        f"exports/demand/{day}.csv": demand(day),
        f"exports/commissions/{day}.csv": commissions(booked),
        f"exports/withdrawals/{day}.csv": withdrawals(booked, by_id),
    }
    for merchant_id, theirs in sorted(_by_merchant(booked).items()):
        content = statement(merchant_id, theirs)
        made[f"exports/statements/{day}/{merchant_id}.csv"] = content
        made[f"merchants/{merchant_id}/statements/{day}.csv"] = content
    return {key: (content, content.count(b"\r\n") - 1) for key, content in made.items()}


def _booked(day: str) -> Iterator[Booked]:
    """The index knows the amounts; what a transfer is about is in its own item."""
    keys = [LedgerRow.key(row.account_id, row.entry) for row in transfers_of_day(day)]
    for start in range(0, len(keys), _TOGETHER):
        together = keys[start : start + _TOGETHER]
        found = read(*together)
        for row in (found.find(key) for key in together):
            if row is not None:
                yield Booked(
                    booked_at=row.posted_at,
                    transfer_id=row.transfer_id,
                    about=row.about,
                    code=Code(row.code),
                    phase=Phase(row.phase),
                    debit_account=row.debit_account,
                    credit_account=row.credit_account,
                    amount_fen=int(row.amount_fen),
                )


def _withdrawals(withdrawal_ids: list[str]) -> Iterator[Withdrawal]:
    for start in range(0, len(withdrawal_ids), _TOGETHER):
        together = withdrawal_ids[start : start + _TOGETHER]
        keys = [withdrawal_store.withdrawal_key(each) for each in together]
        found = read(*keys)
        for withdrawal in (withdrawal_store.withdrawal_of(found.find(key)) for key in keys):
            if withdrawal is not None:
                yield withdrawal


def _by_merchant(booked: list[Booked]) -> dict[str, list[Booked]]:
    """Whose goods each order was about."""
    of_orders = [one for one in booked if one.code in OF_ORDERS]
    order_ids = sorted({one.about for one in of_orders})
    merchant_of: dict[str, str] = {}
    for start in range(0, len(order_ids), _TOGETHER):
        for order in orders.read_all(order_ids[start : start + _TOGETHER]):
            merchant_of[order.order_id] = order.merchant_id
    theirs: dict[str, list[Booked]] = {}
    for one in of_orders:
        if one.about in merchant_of:
            theirs.setdefault(merchant_of[one.about], []).append(one)
    return theirs
