"""Command: every invariant of the domain that our tables can show, with its figures, `{}`.

Reads only. What looks wrong is read again, twice, before it is reported: others write meanwhile.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from aws_lambda_powertools import Logger

from chalicelib.admin import audit_checks as checks
from chalicelib.admin import audit_commission_checks as commission_checks
from chalicelib.admin import audit_crowd_checks as crowd_checks
from chalicelib.admin import audit_draw_checks as draw_checks
from chalicelib.admin import audit_ledger_checks as ledger_checks
from chalicelib.admin import audit_member_checks as member_checks
from chalicelib.admin import audit_stock_checks as stock_checks
from chalicelib.admin import audit_voucher_checks as voucher_checks
from chalicelib.admin import audit_withdrawal_checks as withdrawal_checks
from chalicelib.admin.audit_books import Books
from chalicelib.admin.audit_reading import (
    TimeLeft,
    count_findings,
    read_around,
    read_everything,
    read_units,
)
from chalicelib.admin.audit_totals import totals_of
from chalicelib.admin.command import Command
from chalicelib.kit.clock import after
from chalicelib.wiring import Wiring

SECONDS_FOR_ALL = 45
"""Well within the function's minute, so that an operator gets an answer."""

MOST_SHOWN = 20
MOST_SECOND_LOOKS = 500
SECOND_LOOKS = 2

STOCK = "stock"
READABLE = "rows_are_readable"

Check = Callable[[Books, str], Iterator[str]]

INVARIANTS: dict[str, dict[str, Check]] = {
    "seats_add_up": {"group": checks.seats_add_up},
    "counts_match_seats": {"group": checks.counts_match_seats},
    "crowds_add_up": {"group": crowd_checks.crowds_add_up},
    "ended_groups_hold_no_seat": {"group": checks.ended_groups_hold_no_seat},
    "failed_groups_refund_every_seat": {"group": checks.failed_groups_refund_every_seat},
    "seats_belong_to_orders": {
        "group": checks.seats_belong_to_their_orders,
        "order": checks.orders_have_their_seats,
    },
    "only_complete_groups_ship": {"order": checks.only_complete_groups_ship},
    "draws_can_be_recomputed": {"draw": draw_checks.draws_can_be_recomputed},
    "only_winners_ship": {"order": draw_checks.only_winners_ship},
    "paid_orders_have_one_place": {"order": checks.paid_orders_have_one_place},
    "vouchers_are_used_once": {"order": voucher_checks.vouchers_are_used_once},
    "amounts_add_up": {"order": checks.amounts_add_up},
    "refundable_adds_up": {"order": checks.refundable_adds_up},
    "refunded_adds_up": {"order": checks.refunded_adds_up},
    "granted_refunds_add_up": {"order": checks.granted_refunds_add_up},
    "ended_orders_are_refunded_whole": {"order": checks.ended_orders_are_refunded_whole},
    "open_refunds_are_counted": {"order": checks.open_refunds_are_counted},
    "undecided_adds_up": {"order": checks.undecided_adds_up},
    "refunds_belong_to_orders": {
        "order": checks.listed_refunds_exist,
        "refund": checks.refunds_are_listed,
    },
    "units_add_up": {STOCK: ledger_checks.units_add_up},
    "allotments_add_up": {STOCK: stock_checks.allotments_add_up},
    "debits_equal_credits": {
        "ledger": ledger_checks.debits_equal_credits,
        "member": ledger_checks.members_debits_equal_credits,
        "withdrawal": ledger_checks.withdrawals_debits_equal_credits,
    },
    "payments_are_booked_once": {"ledger": ledger_checks.payments_are_booked_once},
    "refunds_are_booked_once": {"ledger": ledger_checks.refunds_are_booked_once},
    "settlements_are_booked_once": {"ledger": ledger_checks.settlements_are_booked_once},
    "customer_funds_are_cleared": {"ledger": ledger_checks.customer_funds_are_cleared},
    "wechat_account_balances": {"ledger": ledger_checks.wechat_account_balances},
    "closed_days_add_up": {"day": ledger_checks.closed_days_add_up},
    "member_balances_add_up": {"member": member_checks.member_balances_add_up},
    "pending_transfers_are_not_overdrawn": {
        "member": member_checks.pending_transfers_are_not_overdrawn
    },
    "commissions_match_targets": {"order": commission_checks.commissions_match_targets},
    "wholly_refunded_orders_pay_no_commission": {
        "order": commission_checks.wholly_refunded_orders_pay_no_commission
    },
    "commissions_within_cap": {"order": commission_checks.commissions_within_cap},
    "commissions_are_released_once_settled": {
        "order": commission_checks.commissions_are_released_once_settled
    },
    "commissions_belong_to_uplines": {
        "commission": commission_checks.commissions_belong_to_uplines
    },
    "commissions_are_booked": {
        "commission": commission_checks.commissions_are_booked,
        "member": commission_checks.commission_transfers_have_a_commission,
    },
    "withdrawals_are_booked": {
        "withdrawal": withdrawal_checks.withdrawals_are_booked,
        "member": withdrawal_checks.withdrawal_transfers_have_a_withdrawal,
    },
    "open_withdrawal_is_marked": {
        "withdrawal": withdrawal_checks.open_withdrawals_are_marked,
        "member": withdrawal_checks.marked_withdrawals_are_open,
    },
    "nothing_is_overdue": {
        "order": checks.order_is_not_overdue,
        "group": checks.group_is_not_overdue,
        "draw": draw_checks.draw_is_not_overdue,
        STOCK: stock_checks.allotment_is_not_overdue,
        "refund": checks.refund_is_not_overdue,
        "commission": commission_checks.commission_is_not_overdue,
        "withdrawal": withdrawal_checks.withdrawal_is_not_overdue,
    },
    "whatever_waits_is_due": {
        "order": checks.order_waits_on_a_clock,
        "group": checks.group_waits_on_a_clock,
        "draw": draw_checks.draw_waits_on_a_clock,
        STOCK: stock_checks.allotment_waits_on_a_clock,
        "refund": checks.refund_waits_on_a_clock,
        "commission": commission_checks.commission_waits_on_a_clock,
        "withdrawal": withdrawal_checks.withdrawal_waits_on_a_clock,
    },
}
"""By what is looked at: a group, a draw, an order, a refund, a commission, a withdrawal, a SKU's
stock, an order's or a member's account in the ledger, a closed day.
"""

logger = Logger()


class Payload(Command):
    """Nothing."""


@dataclass(frozen=True)
class Violation:
    """One thing that is not as it must be always, about one row."""

    invariant: str
    kind: str
    id: str
    detail: str


@dataclass
class Report:
    """What was checked and what was found."""

    checked: dict[str, int] = field(default_factory=dict)
    violations: list[Violation] = field(default_factory=list)
    stopped_at: dict[str, Any] | None = None

    def to_answer(self) -> list[dict[str, Any]]:
        """Each invariant with its figures, its first violations shown."""
        answers = []
        for name, checked in self.checked.items():
            found = [asdict(one) for one in self.violations if one.invariant == name]
            answers.append(
                {
                    "name": name,
                    "checked": checked,
                    "violation_count": len(found),
                    "violations": found[:MOST_SHOWN],
                }
            )
        return answers


def run(_payload: Payload, wiring: Wiring) -> dict[str, Any]:
    """`complete` is false, and `stopped_at` says where, when not everything was looked at."""
    now = wiring.clock.now()
    ends_at = after(now, SECONDS_FOR_ALL)
    books, report = audit(now, time_left=lambda: wiring.clock.now() < ends_at)
    invariants = report.to_answer()
    if report.violations:
        names = sorted({violation.invariant for violation in report.violations})
        logger.error("audit_found_violations", alarm="audit_violation", invariants=names)
    return {
        "complete": report.stopped_at is None,
        "stopped_at": report.stopped_at,
        "invariants": invariants,
        "totals": {**totals_of(books), "findings_today": count_findings(now)},
        "violations": [one for invariant in invariants for one in invariant["violations"]],
    }


def audit(now: datetime, *, time_left: TimeLeft) -> tuple[Books, Report]:
    """Read everything, check it, and look again at whatever seems wrong."""
    books, stopped_at = read_everything(now, time_left=time_left)
    subjects = books.subjects()
    report = Report(stopped_at=stopped_at)
    for name, by_kind in INVARIANTS.items():
        report.checked[name] = sum(len(subjects[kind]) for kind in by_kind)
    suspects = [
        (kind, id) for kind, ids in subjects.items() for id in ids if _violations(books, kind, id)
    ]
    _confirm([one for one in suspects if one[0] != STOCK], report, now, time_left)
    _confirm_units([id for kind, id in suspects if kind == STOCK], report, now, time_left)
    _add_unreadable(books, report)
    return books, report


def _violations(books: Books, kind: str, id: str) -> list[Violation]:
    return [
        Violation(name, kind, id, detail)
        for name, by_kind in INVARIANTS.items()
        if kind in by_kind
        for detail in by_kind[kind](books, id)
    ]


def _confirm(
    suspects: list[tuple[str, str]], report: Report, now: datetime, time_left: TimeLeft
) -> None:
    """Keep what two more looks at the row and its neighbours show just the same."""
    for looked, (kind, id) in enumerate(suspects):
        if looked >= MOST_SECOND_LOOKS or not time_left():
            report.stopped_at = {"at": "second_look", "left": len(suspects) - looked}
            return
        report.violations += _in_all(_look_again(kind, id, now) for _ in range(SECOND_LOOKS))


def _look_again(kind: str, id: str, now: datetime) -> list[Violation]:
    try:
        books = read_around(kind, id, now)
    except (ValueError, TypeError, LookupError):  # a neighbour is unreadable, and named as such
        return []
    return _violations(books, kind, id) if id in books.subjects()[kind] else []


def _confirm_units(sku_ids: list[str], report: Report, now: datetime, time_left: TimeLeft) -> None:
    """The same for units. They are spread over all orders, so another look reads them all."""
    if not sku_ids:
        return
    looks = []
    for _ in range(SECOND_LOOKS):
        books = read_units(now, time_left=time_left)
        if books is None:
            report.stopped_at = {"at": "second_look", "left": len(sku_ids)}
            return
        looks.append([one for id in sku_ids for one in _violations(books, STOCK, id)])
    report.violations += _in_all(looks)


def _in_all(looks: Iterable[list[Violation]]) -> list[Violation]:
    first, *others = looks
    return [one for one in first if all(one in other for other in others)]


def _add_unreadable(books: Books, report: Report) -> None:
    """Every row says what the rows of its table say."""
    read = (
        *(books.orders, books.refunds, books.groups, books.seats, books.draws, books.supplies),
        *(books.commissions, books.withdrawals, books.bookings, books.wallets, books.days),
    )
    report.checked[READABLE] = sum(len(rows) for rows in read) + len(books.unreadable)
    report.violations += [
        Violation(READABLE, table, name, f"cannot be read: {why}")
        for (table, name), why in books.unreadable.items()
    ]
