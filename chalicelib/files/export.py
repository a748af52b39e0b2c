"""Write a closed business day into the bucket: what is to be shipped now, what was wanted at each
station, commissions and withdrawals of the day, a statement for each merchant; of a month that is
over, each merchant's statement too.

The day's transfers come from the ledger's index by day; only what is to be shipped needs a scan.
Each file is rewritten whole under the same key, the mark of the day last, so that a run that breaks
is simply run again.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from aws_lambda_powertools import Logger

from chalicelib.files.bookkeeping import (
    OF_ORDERS,
    Booked,
    Sums,
    commissions,
    corrections,
    in_order,
    statement,
    sums,
    withdrawals,
)
from chalicelib.files.check_books import check_sales, check_transfers, lacking
from chalicelib.files.demand import demand
from chalicelib.files.marks import (
    Made,
    is_day_written,
    is_packed,
    mark_day,
    mark_packed,
    rows_in,
    statements_before,
    write_tables,
)
from chalicelib.files.months import days_of_month, month_of_day, unwritten_month, write_month
from chalicelib.files.to_ship import orders_to_ship, packing_list
from chalicelib.gateways.files import Files
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

logger = Logger()

TimeLeft = Callable[[], bool]


@dataclass(frozen=True)
class Books:
    """The files of a day, and what each merchant's statement among them comes to."""

    day: str
    made: Made
    sums: Mapping[str, Sums]


def export_days(*, clock: Clock, files: Files, time_left: TimeLeft) -> list[str]:
    """Write the closed days of the last week that are not written yet, the oldest first, those of a
    month that ended in it too; once a day what is to be shipped; and the month's statements. Which
    days they were. One that cannot be written stops no other.
    """
    now = clock.now()
    today = day_of(now)
    days = [days_before(now, back) for back in range(DAYS_LOOKED_BACK, 0, -1)]
    ended = unwritten_month(days, files)
    if ended is not None:
        days = sorted({*days, *days_of_month(ended)})
    written: list[str] = []
    for day in days:
        if not time_left():
            return written
        if _is_closed(day) and not is_day_written(day, files):
            written += _one_day(day, files)
    if time_left() and not is_packed(today, files):
        _write_packing_lists(today, _packing_lists(today), files)
    months = {month_of_day(day) for day in written} | ({ended} if ended is not None else set())
    for month in sorted(months):
        if time_left():
            _write_month(month, files)
    return written


def _one_day(day: str, files: Files) -> list[str]:
    try:
        _write_books(_books(day, files), files)
    except Exception:
        logger.exception("day_not_exported", alarm="day_not_exported", business_day=day)
        return []
    return [day]


def export_day(day: str, *, clock: Clock, files: Files, dry_run: bool = False) -> dict[str, int]:
    """Write the files of one day, whether or not they are there, what is to be shipped, and the
    statements of its month if that is over; how many rows each has. Raises NotAllowed for a day
    that is not closed, or of which something is not there.
    """
    if not _is_closed(day):
        raise NotAllowed("The day is not closed in the ledger yet.")
    today = day_of(clock.now())
    packing, books = _packing_lists(today), _books(day, files)
    if not dry_run:
        _write_packing_lists(today, packing, files)
        _write_books(books, files)
    month = _write_month(month_of_day(day), files, dry_run=dry_run)
    return rows_in(packing | books.made | month)


def _write_packing_lists(today: str, packing: Made, files: Files) -> None:
    write_tables(packing, files)
    mark_packed(today, packing, files)


def _write_books(books: Books, files: Files) -> None:
    write_tables(books.made, files)
    mark_day(books.day, books.made, books.sums, files)
    logger.info("day_exported", business_day=books.day, files=len(books.made))


def _write_month(month: str, files: Files, *, dry_run: bool = False) -> Made:
    made = write_month(month, files, dry_run=dry_run)
    if made and not dry_run:
        logger.info("month_exported", business_month=month, files=len(made))
    return made


def _is_closed(day: str) -> bool:
    key = closing_key(day)
    return read(key).find(key) is not None


def _packing_lists(today: str) -> Made:
    """Of the day on which it is written: it says what waits now."""
    packing = orders_to_ship()
    everything = [row for rows in packing.values() for row in rows]
    made: Made = {f"exports/orders/{today}.csv": packing_list(everything)}
    for merchant_id, rows in packing.items():
        made[f"merchants/{merchant_id}/orders/{today}.csv"] = packing_list(rows)
    return made


def _books(day: str, files: Files) -> Books:
    """With an empty statement for whoever had one before and has none any more."""
    booked = in_order(_booked(day))
    paid_out = {one.about for one in booked if one.is_paid_withdrawal}
    by_id = {each.withdrawal_id: each for each in _withdrawals(sorted(paid_out))}
    made: Made = {
        f"exports/demand/{day}.csv": demand(day),
        f"exports/commissions/{day}.csv": commissions(booked),
        f"exports/corrections/{day}.csv": corrections(booked),
        f"exports/withdrawals/{day}.csv": withdrawals(booked, by_id),
    }
    for key in statements_before(day, files):
        made[key] = statement("", [])
    by_merchant = dict(sorted(_by_merchant(booked).items()))
    for merchant_id, theirs in by_merchant.items():
        content = statement(merchant_id, theirs)
        made[f"exports/statements/{day}/{merchant_id}.csv"] = content
        made[f"merchants/{merchant_id}/statements/{day}.csv"] = content
    by_statement = {each: sums(each, theirs) for each, theirs in by_merchant.items()}
    check_sales(day, by_statement)
    return Books(day, made, by_statement)


def _booked(day: str) -> Iterator[Booked]:
    """The index knows the amounts; what a transfer is about is in its own item. Raises NotAllowed
    where one is not there.
    """
    keys = [LedgerRow.key(row.account_id, row.entry) for row in transfers_of_day(day)]
    check_transfers(day, len(keys))
    for start in range(0, len(keys), _TOGETHER):
        together = keys[start : start + _TOGETHER]
        found = read(*together)
        for key in together:
            row = found.find(key)
            if row is None:
                raise lacking(f"There is no transfer {key.range_value}")
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
    """Whose goods each order was about. Raises NotAllowed where an order is not there."""
    of_orders = [one for one in booked if one.code in OF_ORDERS]
    order_ids = sorted({one.about for one in of_orders})
    merchant_of: dict[str, str] = {}
    for start in range(0, len(order_ids), _TOGETHER):
        for order in orders.read_all(order_ids[start : start + _TOGETHER]):
            merchant_of[order.order_id] = order.merchant_id
    theirs: dict[str, list[Booked]] = {}
    for one in of_orders:
        if one.about not in merchant_of:
            raise lacking(f"There is no order {one.about}")
        theirs.setdefault(merchant_of[one.about], []).append(one)
    return theirs
