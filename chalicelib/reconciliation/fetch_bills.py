"""Fetch a day's three bills, and what must be known of them as a whole: their numbers, their sums.

Bills are fetched anew by whoever goes on with a day: WeChat keeps them, we do not.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from chalicelib.gateways.wechat_bills import (
    Bill,
    BillKind,
    FlowRow,
    Totals,
    TradeRow,
    UnreadableRow,
    totals_of,
)
from chalicelib.gateways.wechat_pay import BillNotReady, RefusedByWechat, WechatPay
from chalicelib.reconciliation.model import Difference, Kind


@dataclass
class _Seen:
    """What goes by while the bills are read once."""

    out_trade_nos: set[str] = field(default_factory=set)
    out_refund_nos: set[str] = field(default_factory=set)
    flow_numbers: set[str] = field(default_factory=set)
    movements: dict[str, dict[str, int]] = field(default_factory=dict)


@dataclass(frozen=True)
class DayBills:
    """A day's bills: None where there is none, or where WeChat `refused` it. The sets hold every
    number in them that could be ours.
    """

    bills: Mapping[BillKind, Bill | None]
    refused: Mapping[BillKind, RefusedByWechat]
    totals: Mapping[BillKind, Totals]
    out_trade_nos: frozenset[str]
    out_refund_nos: frozenset[str]
    flow_numbers: frozenset[str]
    movements: Mapping[str, Mapping[str, int]]

    @property
    def hashes(self) -> dict[str, str]:
        """Which files these are: a bill may be written anew, or no longer be refused."""
        files = {kind.value: bill.sha1 if bill else "" for kind, bill in self.bills.items()}
        return files | {kind.value: "refused" for kind in self.refused}

    @property
    def figures(self) -> dict[str, Any]:
        """What WeChat says of the day; movements of the fund flow by their type."""
        trade = self.totals[BillKind.TRADE]
        refused = {kind.value: refusal.code for kind, refusal in self.refused.items()}
        return {
            **({"bills_refused": refused} if refused else {}),
            "trade_row_count": trade.row_count,
            "paid_fen": trade.in_fen,
            "refunds_taken_in_fen": trade.out_fen,
            "movements": {name: dict(sums) for name, sums in sorted(self.movements.items())},
        }

    def wrong_totals(self) -> list[Difference]:
        """Bills whose own sums are not those of their rows, where all of these can be read."""
        return [
            Difference(Kind.BILL_TOTALS_DIFFER, kind.value, "", _both(bill.stated, counted))
            for kind, bill in self.bills.items()
            if bill is not None
            and not (counted := self.totals[kind]).unreadable_count
            and counted != bill.stated
        ]


def fetch_bills(day: str, wechat_pay: WechatPay) -> DayBills:
    """The day's bills; a fund flow that WeChat refuses is none, since a merchant need not have the
    account. Raises BillNotReady, RefusedByWechat, WechatUnavailable.
    """
    bills: dict[BillKind, Bill | None] = {}
    refused: dict[BillKind, RefusedByWechat] = {}
    for kind in BillKind:
        try:
            bills[kind] = wechat_pay.bill(kind, day)
        except BillNotReady:
            raise
        except RefusedByWechat as refusal:
            if kind is BillKind.TRADE:
                raise
            bills[kind], refused[kind] = None, refusal
    seen = _Seen()
    totals = {kind: totals_of(_noting(bill, seen)) for kind, bill in bills.items()}
    return DayBills(
        bills,
        refused,
        totals,
        frozenset(seen.out_trade_nos),
        frozenset(seen.out_refund_nos),
        frozenset(seen.flow_numbers),
        seen.movements,
    )


def _noting(bill: Bill | None, seen: _Seen) -> Any:
    """The bill's rows, each noted as it passes."""
    for row in bill.rows() if bill is not None else ():
        match row:
            case TradeRow(is_refund=True):
                seen.out_refund_nos.add(row.out_refund_no)
            case TradeRow():
                seen.out_trade_nos.add(row.out_trade_no)
            case FlowRow():
                _note_movement(row, seen)
            case UnreadableRow():
                pass
        yield row


def _note_movement(row: FlowRow, seen: _Seen) -> None:
    if not row.is_income:
        seen.flow_numbers.update((row.voucher_no, row.business_no))
    name = row.business_type or row.business_name
    sums = seen.movements.setdefault(name, {"count": 0, "in_fen": 0, "out_fen": 0})
    sums["count"] += 1
    sums["in_fen" if row.is_income else "out_fen"] += row.amount_fen


def _both(stated: Totals, counted: Totals) -> dict[str, int]:
    return {
        "stated_row_count": stated.row_count,
        "stated_in_fen": stated.in_fen,
        "stated_out_fen": stated.out_fen,
        "row_count": counted.row_count,
        "in_fen": counted.in_fen,
        "out_fen": counted.out_fen,
    }
