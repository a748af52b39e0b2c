"""What an order and what belongs to it take of AWS, and what a shop takes where nothing happens.

Units and bytes are measured in process (tests/flows/test_what_stories_use.py says so when one of
them is no longer true). Seconds, and how people behave, are assumed: nothing of this ran on AWS.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Uses:
    """What one story takes. `records` are stream records and messages, each of which starts a
    function at worst; `stored_bytes` is what it leaves in the tables and their indexes.
    """

    write_units: float
    read_units: float
    requests: float
    records: float
    log_bytes: float
    stored_bytes: float
    answer_bytes: float


ORDER = Uses(116, 76, 5, 19, 4_900, 7_700, 4_600)
"""One of three orders that fill a group. Its buyer is new and was brought by a friend, who earns at
one level; it is paid, shipped, received and settled.
"""
REFUND = Uses(17, 18, 2, 8, 1_900, 1_450, 290)
"""The whole of an order that was not shipped, asked for by its buyer, back and booked."""
WITHDRAWAL = Uses(39, 14, 3, 5, 2_200, 4_200, 670)
"""Asked for, sent to WeChat, confirmed on the phone and paid."""
PAGE = Uses(0, 3.6, 1, 0, 260, 0, 840)
"""One look: at the campaigns, a campaign, a product or a group, on average."""

PAGES_PER_ORDER = 30
REFUNDS_PER_ORDER = 0.05
WITHDRAWALS_PER_ORDER = 0.02

ORDER_REQUEST_SECONDS = 0.2
PAGE_SECONDS = 0.05
RECORD_SECONDS = 0.1
SWEPT_SECONDS_PER_ORDER = 0.3
"""What sweeps work longer for an order that is settled."""

HEAD_BYTES = 700
"""Of an answer, beside its body."""
WECHAT_BYTES_PER_ORDER = 8_000
PAYOUT_BYTES = 40_000
"""What a withdrawal sends and gets through the fixed address."""
PLATFORM_LOG_BYTES = 390
"""START, END and REPORT of an invocation, as Lambda writes them and CloudWatch counts them."""
KEPT_LOG_SHARE = 0.15
"""What compression leaves of a log while it is kept."""

AUDIT_READ_UNITS_PER_ORDER = 6
AUDIT_SECONDS_PER_ORDER = 0.03
AUDIT_ORDERS_A_DAY_MOST = 400_000
AUDIT_READ_UNITS_PER_CLOSED_DAY = 10
AUDIT_WRITE_UNITS_A_DAY = 10
CLOSING_WRITE_UNITS_A_DAY = 25
"""Of the audit and of closed days, docs/storage.md has reckoned these."""


@dataclass(frozen=True)
class Idle:
    """One run of a schedule that finds nothing to do."""

    read_units: float
    log_bytes: int
    seconds: float


IDLE = {
    "sweep_orders": Idle(4, 240, 0.05),
    "sweep_groups": Idle(12, 710, 0.15),
    "sweep_refunds": Idle(4.5, 240, 0.06),
    "sweep_commissions": Idle(4, 240, 0.05),
    "sweep_withdrawals": Idle(4.5, 240, 0.06),
    "reconcile_days": Idle(33, 0, 0.3),
    "audit_slice": Idle(1, 0, 0.02),
    "export_days": Idle(7, 0, 0.1),
}
