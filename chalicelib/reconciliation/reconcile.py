"""Reconcile one day: its bills with our books, then our books with its bills, then the sums.

Goes on where an earlier call stopped; several at once do the work of one. What differs is written
before the place moves on, so nothing is lost, and a difference found twice is one.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import islice
from typing import Any

from aws_lambda_powertools import Logger

from chalicelib.gateways.wechat_bills import BillKind
from chalicelib.gateways.wechat_pay import WechatPay
from chalicelib.kit import findings
from chalicelib.kit.clock import Clock
from chalicelib.kit.reads import read
from chalicelib.kit.writes import Changed
from chalicelib.ledger.close_day import total_key
from chalicelib.ledger.store import DAY_SHARDS, page_of_day
from chalicelib.ledger.transfers import Account, Balance
from chalicelib.reconciliation import store
from chalicelib.reconciliation.compare_rows import compare_rows
from chalicelib.reconciliation.fetch_bills import DayBills, fetch_bills
from chalicelib.reconciliation.look_for_booked import is_with_wechat, look_for_booked
from chalicelib.reconciliation.model import (
    AFTER,
    MOST_DIFFERENCES,
    DayState,
    Difference,
    Kind,
    Phase,
    Run,
)

ROWS_AT_ONCE = 100
BOOKED_ROWS_AT_ONCE = 10
"""Each may ask WeChat and wait for seconds, and the clock is looked at between pages only."""

TimeLeft = Callable[[], bool]

logger = Logger()


def reconcile(
    day: str, *, clock: Clock, wechat_pay: WechatPay, time_left: TimeLeft, anew: bool = False
) -> Run:
    """How far the day is afterwards. `anew`: begin again if it is finished. The day must be closed
    in the ledger.

    Raises BillNotReady, RefusedByWechat, WechatUnavailable, and TryAgain when what it came to could
    not be written down.
    """
    known = store.find_run(day)
    if known is not None and known.is_finished and not anew:
        return known
    bills = fetch_bills(day, wechat_pay)
    for kind, refused in bills.refused.items():
        facts = {"bill": kind.value, "code": refused.code, "status": refused.status}
        findings.record("bill_refused", day, facts, clock=clock, must=True)
    work = _Work(bills, clock, wechat_pay, time_left)
    try:
        return work.go_on(_begun(day, known, bills, clock))
    except Changed:
        logger.info("reconciliation_overtaken", bill_day=day)
        overtaken = store.find_run(day)
        assert overtaken is not None  # noqa: S101
        return overtaken


def _begun(day: str, known: Run | None, bills: DayBills, clock: Clock) -> Run:
    """The day's run under way: begun now, begun again because its bills are others or it was
    finished, or as it stands.
    """
    begun = Run(
        bill_day=day,
        run=1,
        version=1,
        day_state=DayState.RUNNING,
        phase=Phase.TRADE,
        hashes=bills.hashes,
        figures=bills.figures,
        started_at=clock.now(),
    )
    if known is None:
        store.begin(begun)
        return begun
    if not known.is_finished and known.hashes == bills.hashes:
        return known
    return store.put_over(known, replace(begun, run=known.run + 1))


class _Work:
    """What one call does; the run it is given and gives back is the place."""

    def __init__(
        self, bills: DayBills, clock: Clock, wechat_pay: WechatPay, time_left: TimeLeft
    ) -> None:
        self._bills = bills
        self._clock = clock
        self._wechat_pay = wechat_pay
        self._time_left = time_left

    def go_on(self, run: Run) -> Run:
        """Phase after phase while there is time."""
        while not run.is_finished and self._time_left():
            if run.phase is Phase.FINISHING:
                run = self._finish(run)
            elif run.found_count >= MOST_DIFFERENCES:
                run = store.move(run, phase=Phase.FINISHING, stopped_early=True)
            elif run.phase is Phase.BOOKED:
                run = self._look_for_a_page(run)
            else:
                run = self._compare_bill(run, BillKind(run.phase.value))
        return run

    def _compare_bill(self, run: Run, kind: BillKind) -> Run:
        """The rows of one bill, a hundred at a time, for as long as there is time."""
        bill = self._bills.bills[kind]
        rows = bill.rows(run.next_row) if bill is not None else iter(())
        while chunk := list(islice(rows, ROWS_AT_ONCE)):
            differences = compare_rows(kind, chunk, self._wechat_pay, now=self._clock.now())
            self._write(run, differences)
            found_count = run.found_count + len(differences)
            run = store.move(run, next_row=run.next_row + len(chunk), found_count=found_count)
            if found_count >= MOST_DIFFERENCES or not self._time_left():
                return run
        return store.move(run, phase=AFTER[run.phase], next_row=0)

    def _look_for_a_page(self, run: Run) -> Run:
        """A page of what was booked that day."""
        start = dict(run.next_key) if run.next_key is not None else None
        rows, following = page_of_day(
            run.bill_day, run.next_shard, limit=BOOKED_ROWS_AT_ONCE, start=start
        )
        differences = look_for_booked(
            rows, run.bill_day, self._bills, self._wechat_pay, now=self._clock.now()
        )
        self._write(run, differences)
        ours = [row for row in rows if is_with_wechat(row)]
        debits = [int(row.amount_fen) for row in ours if row.debit_account == Account.WECHAT]
        credits_ = [int(row.amount_fen) for row in ours if row.credit_account == Account.WECHAT]
        next_shard = run.next_shard if following is not None else run.next_shard + 1
        return store.move(
            run,
            next_key=following,
            next_shard=next_shard,
            phase=Phase.BOOKED if next_shard < DAY_SHARDS else Phase.FINISHING,
            debits_fen=run.debits_fen + sum(debits),
            credits_fen=run.credits_fen + sum(credits_),
            booked_count=run.booked_count + len(ours),
            found_count=run.found_count + len(differences),
        )

    def _finish(self, run: Run) -> Run:
        """The sums, and what it came to; a person is told before the day counts as done."""
        differences = self._bills.wrong_totals()
        if not run.stopped_early:
            differences += _wrong_ledger_totals(run)
        self._write(run, differences)
        counts = store.count_differences(run)
        if counts:
            facts: dict[str, Any] = {"run": run.run, "stopped_early": run.stopped_early, **counts}
            findings.record("bills_differ", run.bill_day, facts, clock=self._clock, must=True)
        state = DayState.DIFFERS if counts else DayState.AGREES
        logger.info("day_reconciled", bill_day=run.bill_day, day_state=state.value, run=run.run)
        now = self._clock.now()
        return store.move(run, day_state=state, differences=counts, finished_at=now)

    def _write(self, run: Run, differences: Iterable[Difference]) -> None:
        """Each once, with one alarm when it is new."""
        for difference in differences:
            if store.write_difference(run, difference, now=self._clock.now()):
                logger.error(
                    "bill_difference",
                    alarm=difference.kind.value,
                    bill_day=run.bill_day,
                    about=difference.about,
                    facts=dict(difference.facts),
                )


def _wrong_ledger_totals(run: Run) -> list[Difference]:
    """The closed day's totals of our account with WeChat, held against the day's transfers."""
    key = total_key(run.bill_day, Account.WECHAT)
    row = read(key).find(key)
    closed = Balance(
        debits_posted_fen=int(row.debits_posted_fen or 0) if row is not None else 0,
        credits_posted_fen=int(row.credits_posted_fen or 0) if row is not None else 0,
    )
    if (closed.debits_posted_fen, closed.credits_posted_fen) == (run.debits_fen, run.credits_fen):
        return []
    facts = {
        "closed_debits_fen": closed.debits_posted_fen,
        "closed_credits_fen": closed.credits_posted_fen,
        "debits_fen": run.debits_fen,
        "credits_fen": run.credits_fen,
    }
    return [Difference(Kind.LEDGER_TOTALS_DIFFER, Account.WECHAT.value, "", facts)]
