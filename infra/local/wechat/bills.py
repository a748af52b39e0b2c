"""A day's bills (账单) as WeChat Pay writes them: the trade bill (ALL) and the fund-flow bills.

Owns their columns, order and sums, and what of the books only the bills say (`BillChanges`). Pure:
it is told what happened and makes text; when a bill may be had is the desk's affair.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from infra.local.wechat.ids import BEIJING

BASIC, OPERATION, FEES = "BASIC", "OPERATION", "FEES"
"""Accounts: what is paid and refunded; what transfers are paid from; what WeChat charges."""

PAYMENT, REFUND, REFUND_CLOSED, TRANSFER = "交易", "退款", "退款关闭", "商家转账"
"""Business types (业务类型) of the movements that the sandbox makes by itself."""

TRADE_COLUMNS = (
    *("交易时间", "公众账号ID", "商户号", "特约商户号", "设备号", "微信订单号", "商户订单号"),
    *("用户标识", "交易类型", "交易状态", "付款银行", "货币种类", "应结订单金额", "代金券金额"),
    *("微信退款单号", "商户退款单号", "退款金额", "充值券退款金额", "退款类型", "退款状态"),
    *("商品名称", "商户数据包", "手续费", "费率", "订单金额", "申请退款金额", "费率备注"),
)
TRADE_SUMS = (
    *("总交易单数", "应结订单总金额", "退款总金额", "充值券退款总金额", "手续费总金额"),
    *("订单总金额", "申请退款总金额"),
)
FLOW_COLUMNS = (
    *("记账时间", "微信支付业务单号", "资金流水单号", "业务名称", "业务类型", "收支类型"),
    *("收支金额(元)", "账户结余(元)", "资金变更提交申请人", "备注", "业务凭证号"),
)
FLOW_SUMS = ("资金流水总笔数", "收入笔数", "收入金额", "支出笔数", "支出金额")

_BYTE_ORDER_MARK = "\ufeff"
_LINE_END = "\r\n"
_NOTHING = "0.00"


@dataclass(frozen=True)
class TradeLine:
    """A payment, or a refund as it was taken in. `counted`: the sums below know of it."""

    at: datetime
    transaction_id: str
    out_trade_no: str
    openid: str
    amount_fen: int
    title: str
    attach: str = ""
    refund_id: str = ""
    out_refund_no: str = ""
    refund_status: str = ""
    counted: bool = True

    @property
    def number(self) -> str:
        """The merchant's own number of it."""
        return self.out_refund_no or self.out_trade_no


@dataclass(frozen=True)
class Movement:
    """Money that came into an account of the merchant's, or left it."""

    at: datetime
    account: str
    business_no: str
    business_name: str
    business_type: str
    is_income: bool
    amount_fen: int
    number: str
    note: str = ""
    counted: bool = True

    @property
    def signed_fen(self) -> int:
        return self.amount_fen if self.is_income else -self.amount_fen


@dataclass
class BillChanges:
    """How the bills differ from the books: what only they know, what they leave out (by the
    merchant's number), and amounts that they have wrong.
    """

    trades: list[TradeLine] = field(default_factory=list)
    movements: list[Movement] = field(default_factory=list)
    left_out: set[str] = field(default_factory=set)
    amounts_fen: dict[str, int] = field(default_factory=dict)

    def trade_lines(self, lines: Iterable[TradeLine]) -> list[TradeLine]:
        return [
            replace(line, amount_fen=self.amounts_fen.get(line.number, line.amount_fen))
            for line in (*lines, *self.trades)
            if line.number not in self.left_out
        ]

    def all_movements(self, movements: Iterable[Movement]) -> list[Movement]:
        return [
            replace(one, amount_fen=self.amounts_fen.get(one.number, one.amount_fen))
            for one in (*movements, *self.movements)
            if one.number not in self.left_out
        ]


def trade_bill(lines: Sequence[TradeLine], *, app_id: str, merchant_id: str) -> str:
    """The trade bill of these lines, oldest first."""
    ordered = sorted(lines, key=lambda line: line.at)
    rows = [_trade_row(line, app_id, merchant_id) for line in ordered]
    counted = [line for line in ordered if line.counted]
    paid = _yuan(sum(line.amount_fen for line in counted if not line.refund_id))
    refunded = _yuan(sum(line.amount_fen for line in counted if line.refund_id))
    sums = (f"{len(counted)}.0", paid, refunded, _NOTHING, "0.00000", paid, refunded)
    return _file(TRADE_COLUMNS, rows, TRADE_SUMS, sums)


def fund_flow_bill(
    movements: Sequence[Movement], *, opening_fen: int, flow_no: Callable[[], str]
) -> str:
    """The fund-flow bill of one account's movements, oldest first, from that balance on."""
    rows: list[tuple[str, ...]] = []
    balance_fen = opening_fen
    ordered = sorted(movements, key=lambda one: one.at)
    for one in ordered:
        balance_fen += one.signed_fen
        rows.append(_flow_row(one, balance_fen, flow_no()))
    incomes = [one.amount_fen for one in ordered if one.counted and one.is_income]
    expenses = [one.amount_fen for one in ordered if one.counted and not one.is_income]
    sums = (
        *(f"{len(incomes) + len(expenses)}.0", f"{len(incomes)}.0", _yuan(sum(incomes))),
        *(f"{len(expenses)}.0", _yuan(sum(expenses))),
    )
    return _file(FLOW_COLUMNS, rows, FLOW_SUMS, sums)


def _trade_row(line: TradeLine, app_id: str, merchant_id: str) -> tuple[str, ...]:
    is_refund = bool(line.refund_id)
    paid = _NOTHING if is_refund else _yuan(line.amount_fen)
    refunded = _yuan(line.amount_fen) if is_refund else _NOTHING
    return (
        *(_time(line.at), app_id, merchant_id, "0", "", line.transaction_id, line.out_trade_no),
        *(line.openid, "JSAPI", "REFUND" if is_refund else "SUCCESS", "OTHERS", "CNY"),
        *(paid, _NOTHING, line.refund_id or "0", line.out_refund_no or "0", refunded, _NOTHING),
        *("ORIGINAL" if is_refund else "", line.refund_status),
        *(_escaped(line.title), _escaped(line.attach), "0.00000", "0.00%", paid, refunded, ""),
    )


def _flow_row(one: Movement, balance_fen: int, flow_no: str) -> tuple[str, ...]:
    way = "收入" if one.is_income else "支出"
    return (
        *(_time(one.at), one.business_no, flow_no, one.business_name, one.business_type, way),
        *(_yuan(one.amount_fen), _yuan(balance_fen), "system", _escaped(one.note), one.number),
    )


def _file(
    columns: Sequence[str],
    rows: Iterable[Sequence[str]],
    sum_columns: Sequence[str],
    sums: Sequence[str],
) -> str:
    lines = [",".join(columns), *map(_line, rows), ",".join(sum_columns), _line(sums)]
    return _BYTE_ORDER_MARK + _LINE_END.join(lines) + _LINE_END


def _line(fields: Sequence[str]) -> str:
    """Each field behind a backtick, so that no spreadsheet takes it for a number."""
    return ",".join(f"`{each}" for each in fields)


def _time(moment: datetime) -> str:
    return f"{moment.astimezone(BEIJING):%Y-%m-%d %H:%M:%S}"


def _yuan(amount_fen: int) -> str:
    sign, whole = "-" if amount_fen < 0 else "", abs(amount_fen)
    return f"{sign}{whole // 100}.{whole % 100:02d}"


def _escaped(text: str) -> str:
    """What a merchant may write itself holds neither a comma nor the end of a line."""
    return text.replace(",", "\\ ").replace("\r", "\\r").replace("\n", "\\n")
