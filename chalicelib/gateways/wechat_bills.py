"""A day's bills (账单) of WeChat Pay: their rows as values, read from the files WeChat writes.

Pure. Money is read from its text in yuan to whole fen, digit by digit. Columns are found by their
headings. Never guesses: a row that is not what WeChat documents is an `UnreadableRow`.
"""

import re
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from enum import StrEnum
from io import StringIO
from itertools import islice

from chalicelib.gateways.malformed import Malformed
from chalicelib.kit.errors import WechatUnavailable

MOST_BILL_BYTES = 60_000_000
"""Unpacked. A day of some two hundred thousand payments; more is not read here. As text it takes up
to four times as much, and three bills are held at once, in 2048 MB.
"""

_CHINA = timezone(timedelta(hours=8))
_AVAILABLE_FROM = time(10)
_GZIP_MAGIC = b"\x1f\x8b"
_GZIP_WINDOW_BITS = 31

_YUAN = re.compile(r"(-?)([0-9]{1,12})(?:\.([0-9]{1,2})0*)?")
_COUNT = re.compile(r"([0-9]{1,12})(?:\.0+)?")


class BillTooBig(WechatUnavailable):
    """The bill is whole for all we know, and bigger than what is read here."""


class BillKind(StrEnum):
    """Which bill of a day."""

    TRADE = "trade"
    """交易账单: payments by when they succeeded, refunds by when they were taken in."""
    BASIC = "basic"
    """资金账单 of the basic account: what moved money in it."""
    OPERATION = "operation"
    """资金账单 of the operation account, which transfers are paid from."""


@dataclass(frozen=True, slots=True)
class TradeRow:
    """A payment, or a refund as it was taken in. `amount_fen` is what was paid, or is asked back.

    A refund's `refund_status` (SUCCESS, PROCESSING, FAIL, CHANGE) is that of the next morning.
    """

    row: int
    happened_at: datetime
    is_refund: bool
    transaction_id: str
    out_trade_no: str
    amount_fen: int
    currency: str
    wechat_refund_id: str = ""
    out_refund_no: str = ""
    refund_status: str = ""


@dataclass(frozen=True, slots=True)
class FlowRow:
    """Money that came into the account or left it. `voucher_no` is usually the merchant's number;
    `business_no` WeChat's.
    """

    row: int
    happened_at: datetime
    business_no: str
    flow_no: str
    business_name: str
    business_type: str
    is_income: bool
    amount_fen: int
    voucher_no: str


@dataclass(frozen=True, slots=True)
class UnreadableRow:
    """A row that says nothing; `column` is the first that does not hold what it should."""

    row: int
    column: str


BillRow = TradeRow | FlowRow | UnreadableRow


@dataclass(frozen=True, slots=True)
class Totals:
    """How many rows; what came in and what went out. Of a trade bill: paid, and asked back."""

    row_count: int = 0
    in_fen: int = 0
    out_fen: int = 0
    unreadable_count: int = 0


@dataclass(frozen=True, slots=True, repr=False)
class Bill:
    """One bill. `sha1` is the one WeChat gave, and that of the file; `stated` are the sums that the
    bill itself ends with.
    """

    kind: BillKind
    sha1: str
    stated: Totals
    _text: str
    _columns: Mapping[str, int]

    def rows(self, first: int = 0) -> Iterator[BillRow]:
        """The bill's rows from number `first` on, read as they are asked for."""
        read = _trade_row if self.kind is BillKind.TRADE else _flow_row
        for number, line in enumerate(islice(self._lines(), first, None), start=first):
            cells = _Cells(_fields(line), self._columns)
            try:
                yield read(number, cells)
            except Malformed as column:
                yield UnreadableRow(number, str(column))

    def _lines(self) -> Iterator[str]:
        end = _SUMS[self.kind][0]
        lines = filter(None, (line.strip() for line in StringIO(self._text, newline=None)))
        next(lines)
        for line in lines:
            if line.partition(",")[0].removeprefix("`") == end:
                return
            yield line


def bill_day(moment: datetime) -> str:
    """`2026-11-22`: the day in whose bill WeChat has what happened then."""
    return f"{moment.astimezone(_CHINA):%Y-%m-%d}"


def day_before(day: str, days: int = 1) -> str:
    """The day so many days before; after it, when they are negative."""
    return f"{date.fromisoformat(day) - timedelta(days=days):%Y-%m-%d}"


def available_at(day: str) -> datetime:
    """From when on the day's bills can be asked for: ten the next morning."""
    next_day = date.fromisoformat(day) + timedelta(days=1)
    return datetime.combine(next_day, _AVAILABLE_FROM, tzinfo=_CHINA).astimezone(UTC)


def unpacked(file: bytes) -> bytes:
    """The file as it was before it was packed; as it is, when it was not. Raises Malformed,
    BillTooBig.
    """
    if not file.startswith(_GZIP_MAGIC):
        return _not_too_big(file)
    unpack = zlib.decompressobj(wbits=_GZIP_WINDOW_BITS)
    try:
        raw = _not_too_big(unpack.decompress(file, MOST_BILL_BYTES + 1))
    except zlib.error:
        raise Malformed("packed file") from None
    if not unpack.eof:
        raise Malformed("end of the packed file")
    return raw


def _not_too_big(raw: bytes) -> bytes:
    if len(raw) > MOST_BILL_BYTES:
        raise BillTooBig(f"The bill has more than {MOST_BILL_BYTES} bytes.")
    return raw


def read_bill(kind: BillKind, raw: bytes, sha1: str) -> Bill:
    """The bill in these bytes, whose hash was checked. Raises Malformed without its headings or its
    sums.
    """
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Malformed("UTF-8") from None
    first, _, rest = text.partition("\n")
    columns = {heading: place for place, heading in enumerate(_headings(first))}
    for heading in _COLUMNS[kind]:
        if heading not in columns:
            raise Malformed(heading)
    return Bill(kind, sha1, _stated(kind, rest), text, columns)


def totals_of(rows: Iterator[BillRow]) -> Totals:
    """What the rows add up to."""
    row_count = in_fen = out_fen = unreadable_count = 0
    for row in rows:
        row_count += 1
        match row:
            case UnreadableRow():
                unreadable_count += 1
            case TradeRow(is_refund=False) | FlowRow(is_income=True):
                in_fen += row.amount_fen
            case TradeRow() | FlowRow():
                out_fen += row.amount_fen
    return Totals(row_count, in_fen, out_fen, unreadable_count)


def fen_of(text: str) -> int | None:
    """`19.90` yuan is 1990; None for what is no amount, or not in whole fen."""
    found = _YUAN.fullmatch(text)
    if found is None:
        return None
    sign, yuan, fen = found.groups()
    amount_fen = int(yuan) * 100 + int((fen or "").ljust(2, "0"))
    return -amount_fen if sign else amount_fen


_COLUMNS = {
    BillKind.TRADE: (
        *("交易时间", "微信订单号", "商户订单号", "交易状态", "货币种类", "订单金额"),
        *("微信退款单号", "商户退款单号", "退款状态", "申请退款金额"),
    ),
    BillKind.BASIC: (
        *("记账时间", "微信支付业务单号", "资金流水单号", "业务名称", "业务类型", "收支类型"),
        *("收支金额(元)", "业务凭证号"),
    ),
}
_COLUMNS[BillKind.OPERATION] = _COLUMNS[BillKind.BASIC]

_SUMS = {
    BillKind.TRADE: ("总交易单数", "订单总金额", "申请退款总金额"),
    BillKind.BASIC: ("资金流水总笔数", "收入金额", "支出金额"),
}
_SUMS[BillKind.OPERATION] = _SUMS[BillKind.BASIC]


@dataclass(frozen=True, slots=True)
class _Cells:
    """One row's cells by heading; what is missing or wrong is Malformed, named by its heading."""

    cells: list[str]
    columns: Mapping[str, int]

    def text(self, heading: str) -> str:
        place = self.columns.get(heading, len(self.cells))
        if place >= len(self.cells):
            raise Malformed(heading)
        return self.cells[place]

    def one_of(self, heading: str, *allowed: str) -> str:
        text = self.text(heading)
        if text not in allowed:
            raise Malformed(heading)
        return text

    def number(self, heading: str) -> str:
        """A number that must be there."""
        text = self.text(heading)
        if not text or text == "0":
            raise Malformed(heading)
        return text

    def fen(self, heading: str) -> int:
        amount_fen = fen_of(self.text(heading))
        if amount_fen is None:
            raise Malformed(heading)
        return amount_fen

    def count(self, heading: str) -> int:
        found = _COUNT.fullmatch(self.text(heading))
        if found is None:
            raise Malformed(heading)
        return int(found[1])

    def moment(self, heading: str) -> datetime:
        try:
            moment = datetime.fromisoformat(self.text(heading))
        except ValueError:
            raise Malformed(heading) from None
        return moment.replace(tzinfo=_CHINA).astimezone(UTC)


def _trade_row(number: int, cells: _Cells) -> TradeRow:
    is_refund = cells.one_of("交易状态", "SUCCESS", "REFUND") == "REFUND"
    return TradeRow(
        number,
        cells.moment("交易时间"),
        is_refund,
        cells.number("微信订单号"),
        cells.number("商户订单号"),
        cells.fen("申请退款金额" if is_refund else "订单金额"),
        cells.text("货币种类"),
        cells.number("微信退款单号") if is_refund else "",
        cells.number("商户退款单号") if is_refund else "",
        cells.text("退款状态") if is_refund else "",
    )


def _flow_row(number: int, cells: _Cells) -> FlowRow:
    return FlowRow(
        number,
        cells.moment("记账时间"),
        cells.text("微信支付业务单号"),
        cells.number("资金流水单号"),
        cells.text("业务名称"),
        cells.text("业务类型"),
        cells.one_of("收支类型", "收入", "支出") == "收入",
        cells.fen("收支金额(元)"),
        cells.text("业务凭证号"),
    )


def _stated(kind: BillKind, text: str) -> Totals:
    """The sums in the last two lines."""
    *_, headings, sums = ["", "", *_last_lines(text)]
    columns = {heading: place for place, heading in enumerate(_headings(headings))}
    rows, paid_in, paid_out = _SUMS[kind]
    cells = _Cells(_fields(sums), columns)
    return Totals(cells.count(rows), cells.fen(paid_in), cells.fen(paid_out))


def _last_lines(text: str) -> list[str]:
    return [line.strip() for line in text.rstrip()[-4096:].splitlines()[-2:]]


def _headings(line: str) -> list[str]:
    """Headings come with or without backticks, and with parentheses of either width."""
    narrow = line.replace("（", "(").replace("）", ")")
    return [heading.strip().removeprefix("`") for heading in narrow.split(",")]


def _fields(line: str) -> list[str]:
    """The cells of a row. Each stands behind a backtick; a comma within one does not end it."""
    return [field.strip() for field in line.removeprefix("`").split(",`")]
