"""Close a business day (日结): what each of the shop's own accounts was debited and credited in it,
summed up from the day's transfers.

The shop's accounts have no balance item, so that no two orders ever meet in one; this is where
their totals come from. Members' accounts are summed up as one, so that a day's debits can be held
against its credits. Run every hour: a day is closed once, when it has been over for an hour.
"""

from collections import Counter
from datetime import datetime, timedelta

from aws_lambda_powertools import Logger

from chalicelib.kit.clock import Clock
from chalicelib.kit.days import days_before, end_of_day
from chalicelib.kit.reads import read
from chalicelib.kit.tables import Key
from chalicelib.kit.writes import WriteSet
from chalicelib.ledger.store import LedgerRow, transfers_of_day
from chalicelib.ledger.transfers import Balance, Code, Phase, Transfer, is_member_account

MEMBERS = "members"
"""All members' accounts together."""

CLOSING = "closing"
TOTAL = "total#"
DAYS_LOOKED_BACK = 31
IS_OVER_FOR = timedelta(hours=1)
_MOST_WRITES = 50

logger = Logger()


def close_days(*, clock: Clock) -> list[str]:
    """Close the days of the last month that are over and not closed yet; which they were."""
    now = clock.now()
    days = [days_before(now, back) for back in range(DAYS_LOOKED_BACK, 0, -1)]
    over = [day for day in days if end_of_day(day) + IS_OVER_FOR <= now]
    keys = {day: closing_key(day) for day in over}
    found = read(*keys.values())
    to_close = [day for day in over if found.find(keys[day]) is None]
    for day in to_close:
        close_day(day, now=now)
    return to_close


def close_day(day: str, *, now: datetime) -> None:
    """Sum up one day and write its totals, the closing last. Again, it writes the same again."""
    totals: dict[str, Balance] = {}
    counts: Counter[str] = Counter()
    transfer_count = 0
    for row in transfers_of_day(day):
        transfer = _transfer(row, now)
        transfer_count += 1
        for account in {transfer.debit_account, transfer.credit_account}:
            name = MEMBERS if is_member_account(account) else account
            totals[name] = totals.get(name, Balance()).after(account, [transfer])
            counts[name] += 1
    rows = [_total_row(day, name, total, counts[name]) for name, total in sorted(totals.items())]
    for start in range(0, len(rows), _MOST_WRITES):
        writes = WriteSet()
        for row in rows[start : start + _MOST_WRITES]:
            writes.put(row)
        writes.commit()
    closing = LedgerRow(
        account_id=f"day#{day}", entry=CLOSING, transfer_count=transfer_count, posted_at=now
    )
    writes = WriteSet()
    writes.put(closing)
    writes.commit()
    logger.info("day_closed", business_day=day, transfers=transfer_count)


def total_key(day: str, name: str) -> Key[LedgerRow]:
    """What an account came to on that day, once it is closed."""
    return LedgerRow.key(f"day#{day}", TOTAL + name)


def closing_key(day: str) -> Key[LedgerRow]:
    return LedgerRow.key(f"day#{day}", CLOSING)


def _transfer(row: LedgerRow, now: datetime) -> Transfer:
    """What the index knows of a transfer is enough to sum it up."""
    phase = Phase(row.phase)
    return Transfer(
        transfer_id=row.entry,
        about="",
        code=Code(row.code),
        debit_account=row.debit_account,
        credit_account=row.credit_account,
        amount_fen=int(row.amount_fen),
        posted_at=now,
        phase=phase,
        pending_id=row.entry if phase in (Phase.POST, Phase.VOID) else None,
    )


def _total_row(day: str, name: str, total: Balance, transfer_count: int) -> LedgerRow:
    return LedgerRow(
        account_id=f"day#{day}",
        entry=TOTAL + name,
        debits_pending_fen=total.debits_pending_fen,
        debits_posted_fen=total.debits_posted_fen,
        credits_pending_fen=total.credits_pending_fen,
        credits_posted_fen=total.credits_posted_fen,
        transfer_count=transfer_count,
    )
