"""A day's bills: how they are asked for and fetched, and what is read from their files."""

import gzip
import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from chalicelib.gateways.malformed import Malformed
from chalicelib.gateways.wechat_bills import (
    MOST_BILL_BYTES,
    Bill,
    BillKind,
    BillTooBig,
    FlowRow,
    Totals,
    TradeRow,
    UnreadableRow,
    available_at,
    bill_day,
    day_before,
    fen_of,
    read_bill,
    totals_of,
    unpacked,
)
from chalicelib.gateways.wechat_pay import BillNotReady, RefusedByWechat
from chalicelib.gateways.wechat_pay_v3 import WechatPayV3
from chalicelib.kit.errors import WechatUnavailable
from tests.gateways.fake_wechat import FakeWechat

ADDRESS = "https://api.mch.weixin.qq.com/v3/billdownload/file?token=6XIv5TUP_x"

TRADES = """交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,\
交易状态,付款银行,货币种类,应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,\
退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注
`2026-11-22 20:00:00,`wx1,`1900,`0,`,`4200001,`ord_1,`oUp,`JSAPI,`SUCCESS,`OTHERS,`CNY,`19.90,\
`0.00,`0,`0,`0.00,`0.00,`,`,`apples, red,`,`0.11000,`0.54%,`19.90,`0.00,`
`2026-11-22 23:59:59,`wx1,`1900,`0,`,`4200001,`ord_1,`oUp,`JSAPI,`REFUND,`OTHERS,`CNY,`0.00,\
`0.00,`5030001,`rfd_1_1,`9.90,`0.00,`ORIGINAL,`PROCESSING,`apples,`,`-0.05000,`0.54%,`0.00,`9.90,`
总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额
`2.0,`19.90,`9.90,`0.00,`0.06000,`19.90,`9.90
"""

FLOW = """记账时间,微信支付业务单号,资金流水单号,业务名称,业务类型,收支类型,收支金额（元）,\
账户结余（元）,资金变更提交申请人,备注,业务凭证号
`2026-11-22 20:00:00,`4200001,`19001,`交易,`交易,`收入,`19.90,`19.90,`system,`,`ord_1
`2026-11-22 20:00:00,`4200001,`19002,`交易,`扣除交易手续费,`支出,`0.11,`19.79,`system,`,`ord_1
资金流水总笔数,收入笔数,收入金额,支出笔数,支出金额
`2,`1,`19.90,`1,`0.11
"""


def read(text: str, kind: BillKind = BillKind.TRADE) -> Bill:
    return read_bill(kind, text.encode(), "a1")


def sha1_of(raw: bytes) -> str:
    return hashlib.sha1(raw, usedforsecurity=False).hexdigest()


@pytest.fixture
def offers(wechat: FakeWechat) -> Callable[..., None]:
    """WeChat answers where the bill is, then the file, which it does not sign."""

    def offers(file: bytes, **changes: str) -> None:
        address = {"hash_type": "SHA1", "hash_value": "", "download_url": ADDRESS, **changes}
        wechat.will_answer_signed(200, address)
        wechat.will_answer(200, file, headers={"Content-Type": "application/octet-stream"})

    return offers


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        (BillKind.TRADE, "tradebill?bill_date=2026-11-22&bill_type=ALL&tar_type=GZIP"),
        (BillKind.BASIC, "fundflowbill?bill_date=2026-11-22&account_type=BASIC&tar_type=GZIP"),
        (
            BillKind.OPERATION,
            "fundflowbill?bill_date=2026-11-22&account_type=OPERATION&tar_type=GZIP",
        ),
    ],
)
def test_a_bill_is_asked_for_and_its_file_fetched_with_a_signature(
    pay: WechatPayV3, wechat: FakeWechat, offers: Any, kind: BillKind, path: str
) -> None:
    raw = (TRADES if kind is BillKind.TRADE else FLOW).encode()
    offers(gzip.compress(raw), hash_value=sha1_of(raw).upper())

    bill = pay.bill(kind, "2026-11-22")

    assert bill is not None
    assert (bill.kind, bill.sha1, len(list(bill.rows()))) == (kind, sha1_of(raw), 2)
    asked, fetched = wechat.requests
    assert asked.url == f"https://api.mch.weixin.qq.com/v3/bill/{path}"
    assert fetched.url == ADDRESS
    assert all(request.headers["Authorization"] for request in wechat.requests)


def test_a_signed_request_goes_to_no_other_host(
    pay: WechatPayV3, wechat: FakeWechat, offers: Any
) -> None:
    raw = TRADES.encode()
    elsewhere = "https://elsewhere.test/v3/billdownload/file?token=6XIv5TUP_x"
    offers(raw, hash_value=sha1_of(raw), download_url=elsewhere)

    assert pay.bill(BillKind.TRADE, "2026-11-22") is not None

    assert wechat.requests[1].url == ADDRESS


@pytest.mark.parametrize(
    "changes",
    [
        {"hash_value": "0" * 40},
        {"hash_value": ""},
        {"hash_type": "MD5"},
        {"download_url": "https://api.mch.weixin.qq.com/file?token=1"},
    ],
)
def test_a_file_that_is_not_what_was_promised_is_not_used(
    pay: WechatPayV3, offers: Any, changes: dict[str, str]
) -> None:
    raw = TRADES.encode()
    offers(raw, **{"hash_value": sha1_of(raw), **changes})

    with pytest.raises(WechatUnavailable):
        pay.bill(BillKind.TRADE, "2026-11-22")


def test_a_packed_file_that_breaks_off_is_not_used(pay: WechatPayV3, offers: Any) -> None:
    raw = TRADES.encode()
    offers(gzip.compress(raw)[:-20], hash_value=sha1_of(raw))

    with pytest.raises(WechatUnavailable, match="end of the packed file"):
        pay.bill(BillKind.TRADE, "2026-11-22")


def test_a_day_without_a_bill_has_none(pay: WechatPayV3, wechat: FakeWechat) -> None:
    refused = {"code": "NO_STATEMENT_EXIST", "message": "账单文件不存在"}
    wechat.will_answer_signed(400, refused)

    assert pay.bill(BillKind.TRADE, "2026-11-22") is None


@pytest.mark.parametrize(
    ("code", "refusal"),
    [("STATEMENT_CREATING", BillNotReady), ("NO_AUTH", RefusedByWechat)],
)
def test_a_bill_that_is_refused_says_why(
    pay: WechatPayV3, wechat: FakeWechat, code: str, refusal: type[RefusedByWechat]
) -> None:
    wechat.will_answer_signed(400, {"code": code, "message": "…"})

    with pytest.raises(refusal) as refused:
        pay.bill(BillKind.BASIC, "2026-11-22")

    assert type(refused.value) is refusal


def test_payments_and_refunds_are_read_by_their_headings() -> None:
    paid, back = read("\ufeff" + TRADES.replace("\n", "\r\n")).rows()

    at = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
    assert paid == TradeRow(0, at, False, "4200001", "ord_1", 1990, "CNY")
    assert back == TradeRow(
        1,
        datetime(2026, 11, 22, 15, 59, 59, tzinfo=UTC),
        True,
        "4200001",
        "ord_1",
        990,
        "CNY",
        "5030001",
        "rfd_1_1",
        "PROCESSING",
    )


def test_the_columns_may_come_in_another_order() -> None:
    lines = TRADES.splitlines()
    turned = [",".join(reversed(lines[0].split(",")))]
    for line in lines[1:3]:
        fields = line.removeprefix("`").split(",`")
        turned.append(",".join(f"`{field}" for field in reversed(fields)))

    again = read("\n".join([*turned, *lines[3:]]))

    assert list(again.rows()) == list(read(TRADES).rows())


def test_movements_of_money_are_read() -> None:
    paid, fee = read(FLOW, BillKind.BASIC).rows()

    at = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
    assert paid == FlowRow(0, at, "4200001", "19001", "交易", "交易", True, 1990, "ord_1")
    assert fee == FlowRow(1, at, "4200001", "19002", "交易", "扣除交易手续费", False, 11, "ord_1")


def test_rows_are_read_from_anywhere_on() -> None:
    bill = read(TRADES)

    assert [row.row for row in bill.rows(1)] == [1]
    assert list(bill.rows(2)) == []


def test_the_sums_a_bill_ends_with_are_held_against_its_rows() -> None:
    trades, flow = read(TRADES), read(FLOW, BillKind.OPERATION)

    assert trades.stated == totals_of(trades.rows()) == Totals(2, 1990, 990)
    assert flow.stated == totals_of(flow.rows()) == Totals(2, 1990, 11)


@pytest.mark.parametrize(
    ("old", "new", "column"),
    [
        ("`4200001,`ord_1,`oUp,`JSAPI,`SUCCESS", "`,`ord_1,`oUp,`JSAPI,`SUCCESS", "微信订单号"),
        ("`JSAPI,`SUCCESS", "`JSAPI,`REVOKED", "交易状态"),
        ("`0.54%,`19.90,`0.00", "`0.54%,`19.905,`0.00", "订单金额"),
        ("`2026-11-22 20:00:00", "`2026-11-22 25:00:00", "交易时间"),
        (",`0.11000,`0.54%,`19.90,`0.00,`", "", "订单金额"),
    ],
)
def test_a_row_that_makes_no_sense_is_named_and_the_others_are_read(
    old: str, new: str, column: str
) -> None:
    assert TRADES.count(old) == 1
    broken, whole = read(TRADES.replace(old, new)).rows()

    assert broken == UnreadableRow(0, column)
    assert isinstance(whole, TradeRow)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "not a bill",
        TRADES.replace("微信订单号", "订单号"),
        TRADES.replace("总交易单数", "总数"),
        TRADES.replace("`2.0,", "`two,"),
        "\n".join(TRADES.splitlines()[:3]),
        FLOW,
    ],
)
def test_a_file_without_headings_or_sums_is_no_bill(text: str) -> None:
    with pytest.raises(Malformed):
        read(text)


def test_what_is_not_utf8_is_no_bill() -> None:
    with pytest.raises(Malformed, match="UTF-8"):
        read_bill(BillKind.TRADE, TRADES.encode("gb18030"), "a1")


@pytest.mark.parametrize(
    ("yuan", "fen"),
    [
        *(("0", 0), ("0.0", 0), ("0.01", 1), ("19.9", 1990), ("19.90", 1990), ("100", 10000)),
        *(("0.30000", 30), ("-0.05", -5), ("999999999999.99", 99999999999999)),
    ],
)
def test_yuan_are_read_to_the_fen(yuan: str, fen: int) -> None:
    assert fen_of(yuan) == fen


@pytest.mark.parametrize(
    "text", ["", "-", "1,000.00", "1e3", ".5", "1.", "0.005", " 1", "１", "+1", "1.0.0", "NaN"]
)
def test_what_is_no_amount_is_none(text: str) -> None:
    assert fen_of(text) is None


def test_a_file_is_unpacked_when_it_is_packed() -> None:
    raw = json.dumps("apples").encode()

    assert unpacked(gzip.compress(raw)) == unpacked(raw) == raw
    with pytest.raises(Malformed):
        unpacked(b"\x1f\x8bnothing of the kind")


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_file_that_is_too_big_is_not_read(pack: Callable[[bytes], bytes]) -> None:
    whole = bytes(MOST_BILL_BYTES)
    assert unpacked(pack(whole)) == whole

    with pytest.raises(BillTooBig):
        unpacked(pack(whole + b"0"))


def test_a_bills_day_is_one_in_china() -> None:
    assert bill_day(datetime(2026, 11, 22, 15, 59, 59, tzinfo=UTC)) == "2026-11-22"
    assert bill_day(datetime(2026, 11, 22, 16, 0, tzinfo=UTC)) == "2026-11-23"
    assert available_at("2026-11-22") == datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
    assert (day_before("2026-03-01"), day_before("2026-02-28", -1)) == ("2026-02-28", "2026-03-01")
