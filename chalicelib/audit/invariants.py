"""What must always be true, by name: which check looks for it, at which kind of row. Pure.

A check of an invariant is in a `…checks.py` beside this file. Nothing is read here.
"""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

from chalicelib.audit import (
    adjustment_checks,
    checks,
    commission_checks,
    crowd_checks,
    draw_checks,
    ledger_checks,
    member_checks,
    stock_checks,
    voucher_checks,
    withdrawal_checks,
)
from chalicelib.audit.books import Books

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
    "corrections_are_booked": {
        "adjustment": adjustment_checks.corrections_are_booked,
        "member": adjustment_checks.corrections_have_an_adjustment,
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
stock, an order's or a member's account in the ledger, an adjustment, a closed day.
"""


@dataclass(frozen=True)
class Violation:
    """One thing that is not as it must be always, about one row."""

    invariant: str
    kind: str
    id: str
    detail: str


def violations_of(
    books: Books, kind: str, id: str, *, only: Collection[str] = ()
) -> list[Violation]:
    """What these books say is wrong with one of that kind. `only`: of these invariants, where the
    books were read for no others.
    """
    return [
        Violation(name, kind, id, detail)
        for name, by_kind in INVARIANTS.items()
        if kind in by_kind and (not only or name in only)
        for detail in by_kind[kind](books, id)
    ]
