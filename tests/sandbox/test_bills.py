"""Bills: what is in them, when there is one, how they are had, and how they are made to differ."""

import gzip
import hashlib
from datetime import timedelta
from typing import Any

import pytest
import requests

from infra.local.wechat.sandbox import Sandbox
from tests.sandbox.merchant import BILL_NO, ORDER_NO, Clock, Merchant, refusal

DAY = "2026-11-22"
TO_TEN_NEXT_MORNING = timedelta(hours=18)
"""From the tests' 16:00 in Beijing."""

Json = dict[str, Any]


def asked(merchant: Merchant, path: str = "tradebill", **query: str) -> requests.Response:
    given = {"bill_date": DAY, **query}
    text = "&".join(f"{name}={value}" for name, value in given.items())
    return merchant.call("GET", f"/v3/bill/{path}?{text}")


def downloaded(merchant: Merchant, address: Json) -> requests.Response:
    _, _, path = address["download_url"].partition("/v3/")
    return merchant.call("GET", f"/v3/{path}")


def bill(merchant: Merchant, path: str = "tradebill", **query: str) -> list[list[str]]:
    """The rows of a bill, headings included, without backticks."""
    response = asked(merchant, path, **query)
    assert response.status_code == 200, response.text
    text = downloaded(merchant, response.json()).content.decode("utf-8-sig")
    return [
        [each.removeprefix("`") for each in line.split(",")] for line in text.split("\r\n") if line
    ]


def test_the_trade_bill_has_payments_and_refunds_in_yuan(
    merchant: Merchant, sandbox: Sandbox, clock: Clock
) -> None:
    paid = merchant.paid()
    clock.advance(minutes=5)
    refund = merchant.refund("rf-1", 990).json()
    sandbox.pump()
    clock.time += TO_TEN_NEXT_MORNING

    headings, payment, back, sum_headings, sums = bill(merchant)

    assert len(headings) == len(payment) == len(back) == 27
    openid = paid["payer"]["openid"]
    assert payment == [
        *("2026-11-22 16:00:00", merchant.credentials.app_id, merchant.credentials.merchant_id),
        *("0", "", paid["transaction_id"], ORDER_NO, openid, "JSAPI", "SUCCESS", "OTHERS", "CNY"),
        *("19.90", "0.00", "0", "0", "0.00", "0.00", "", "", "山东苹果 5 kg", "", "0.00000"),
        *("0.00%", "19.90", "0.00", ""),
    ]
    seen = dict(zip(headings, back, strict=True))
    assert (seen["交易时间"], seen["交易状态"]) == ("2026-11-22 16:05:00", "REFUND")
    assert (seen["微信退款单号"], seen["商户退款单号"]) == (refund["refund_id"], "rf-1")
    assert (seen["申请退款金额"], seen["订单金额"]) == ("9.90", "0.00")
    assert seen["退款状态"] == "SUCCESS"
    assert dict(zip(sum_headings, sums, strict=True)) == {
        "总交易单数": "2.0",
        "应结订单总金额": "19.90",
        "退款总金额": "9.90",
        "充值券退款总金额": "0.00",
        "手续费总金额": "0.00000",
        "订单总金额": "19.90",
        "申请退款总金额": "9.90",
    }


def test_the_fund_flow_has_each_movement_and_the_balance_after_it(
    merchant: Merchant, sandbox: Sandbox, clock: Clock
) -> None:
    paid = merchant.paid()
    refund = merchant.refund("rf-1", 990).json()
    sandbox.settle_refund("rf-1", "closed")
    clock.time += TO_TEN_NEXT_MORNING

    headings, payment, back, closed, sum_headings, sums = bill(merchant, "fundflowbill")

    assert headings[6:8] == ["收支金额(元)", "账户结余(元)"]
    assert payment[1] == paid["transaction_id"]
    assert payment[3:8] == ["交易", "交易", "收入", "19.90", "19.90"]
    assert payment[10] == ORDER_NO
    assert [back[1], *back[3:8], back[10]] == [
        *(refund["refund_id"], "退款", "退款", "支出", "9.90", "10.00", "rf-1"),
    ]
    assert [*closed[3:8], closed[10]] == ["退款", "退款关闭", "收入", "9.90", "19.90", "rf-1"]
    assert sum_headings == ["资金流水总笔数", "收入笔数", "收入金额", "支出笔数", "支出金额"]
    assert sums == ["3.0", "2.0", "29.80", "1.0", "9.90"]


def test_transfers_are_in_the_flow_of_the_operation_account(
    merchant: Merchant, sandbox: Sandbox, clock: Clock
) -> None:
    taken = merchant.transfer().json()
    sandbox.confirm_transfer("Lin", taken["package_info"])
    sandbox.pump()
    clock.time += TO_TEN_NEXT_MORNING

    _, row, _, _ = bill(merchant, "fundflowbill", account_type="OPERATION")

    assert [row[1], *row[3:8], row[10]] == [
        *(taken["transfer_bill_no"], "商家转账", "商家转账", "支出", "10.00", "9999990.00"),
        BILL_NO,
    ]
    nothing = asked(merchant, "fundflowbill", account_type="BASIC")
    assert refusal(nothing) == (400, "NO_STATEMENT_EXIST")


def test_a_refund_is_in_the_bill_of_the_day_it_was_taken_in_as_it_stood_when_that_was_written(
    merchant: Merchant, sandbox: Sandbox, clock: Clock
) -> None:
    sandbox.configure(hold_refunds=True)
    merchant.paid()
    merchant.refund("rf-1", 990)
    clock.time += TO_TEN_NEXT_MORNING
    sandbox.settle_refund("rf-1", "success")
    clock.advance(days=1)

    headings, _, back, *_ = bill(merchant)

    assert dict(zip(headings, back, strict=True))["退款状态"] == "PROCESSING"
    assert refusal(asked(merchant, bill_date="2026-11-23")) == (400, "NO_STATEMENT_EXIST")


def test_a_bill_is_there_from_ten_the_next_morning_for_three_months(
    merchant: Merchant, clock: Clock
) -> None:
    merchant.paid()
    assert refusal(asked(merchant)) == (400, "INVALID_REQUEST")
    clock.time += TO_TEN_NEXT_MORNING - timedelta(seconds=1)
    assert refusal(asked(merchant)) == (400, "STATEMENT_CREATING")
    clock.advance(seconds=1)
    assert asked(merchant).status_code == 200
    clock.advance(days=91)
    assert asked(merchant).status_code == 200
    clock.advance(days=1)
    assert refusal(asked(merchant)) == (400, "INVALID_REQUEST")


@pytest.mark.parametrize(
    "query",
    [
        {"bill_date": "20261122"},
        {"bill_type": "EVERYTHING"},
        {"tar_type": "ZIP"},
        {"account_type": "BASIC"},
    ],
)
def test_what_cannot_be_asked_is_refused(
    merchant: Merchant, clock: Clock, query: dict[str, str]
) -> None:
    clock.time += TO_TEN_NEXT_MORNING
    assert refusal(asked(merchant, **query)) == (400, "PARAM_ERROR")
    assert refusal(asked(merchant, bill_date="2026-02-30")) == (400, "INVALID_REQUEST")


def test_the_address_is_signed_and_the_file_is_not(merchant: Merchant, clock: Clock) -> None:
    merchant.paid()
    clock.time += TO_TEN_NEXT_MORNING

    plain, packed = asked(merchant), asked(merchant, tar_type="GZIP")
    plain_file = downloaded(merchant, plain.json())
    packed_file = downloaded(merchant, packed.json())

    assert merchant.is_authentic(packed.headers, packed.content)
    assert "Wechatpay-Signature" not in plain_file.headers
    assert gzip.decompress(packed_file.content) == plain_file.content
    sha1 = hashlib.sha1(plain_file.content, usedforsecurity=False).hexdigest()
    assert plain.json()["hash_value"] == packed.json()["hash_value"] == sha1
    assert plain.json()["hash_type"] == "SHA1"


def test_an_address_lasts_five_minutes_and_wants_a_signature(
    merchant: Merchant, clock: Clock
) -> None:
    merchant.paid()
    clock.time += TO_TEN_NEXT_MORNING
    address = asked(merchant).json()
    path = "/v3/billdownload/file?token=" + address["download_url"].partition("token=")[2]

    assert refusal(merchant.call("GET", path, Authorization="")) == (401, "SIGN_ERROR")
    clock.advance(minutes=5)
    assert refusal(downloaded(merchant, address)) == (400, "INVALID_REQUEST")


def test_a_bill_can_be_late_missing_or_torn(
    merchant: Merchant, sandbox: Sandbox, clock: Clock
) -> None:
    merchant.paid()
    clock.time += TO_TEN_NEXT_MORNING
    whole = downloaded(merchant, asked(merchant).json()).content
    sandbox.add_fault("/v3/", "bill_torn")
    sandbox.add_fault("/v3/", "bill_creating")
    sandbox.add_fault("/v3/", "bill_missing")

    assert merchant.query().status_code == 200
    assert refusal(asked(merchant)) == (400, "STATEMENT_CREATING")
    assert refusal(asked(merchant)) == (400, "NO_STATEMENT_EXIST")
    address = asked(merchant).json()
    assert downloaded(merchant, address).content == whole[: len(whole) // 2]
    assert downloaded(merchant, address).content == whole


def test_the_control_plane_makes_the_bills_differ_from_the_books(
    merchant: Merchant, sandbox: Sandbox, clock: Clock
) -> None:
    merchant.paid()
    merchant.paid("kt20261122000002")
    merchant.control("POST", "bills/omissions", {"number": ORDER_NO})
    merchant.control("POST", "bills/amounts", {"number": "kt20261122000002", "amount_fen": 1})
    merchant.control("POST", "bills/entries", entry("payment", number="other"))
    merchant.control("POST", "bills/entries", entry("refund", number="rf-9", counted=False))
    merchant.control("POST", "bills/entries", entry("transfer", number="wd9"))
    merchant.control("POST", "bills/entries", entry("movement", business_type="提现"))
    clock.time += TO_TEN_NEXT_MORNING

    _, changed, payment, refund, _, sums = bill(merchant)
    _, *basic, _, _ = bill(merchant, "fundflowbill")
    _, *operation, _, _ = bill(merchant, "fundflowbill", account_type="OPERATION")

    assert [row[6] for row in (changed, payment)] == ["kt20261122000002", "other"]
    assert (changed[24], payment[24], refund[15], refund[25]) == ("0.01", "0.70", "rf-9", "0.70")
    assert sums[0] == "2.0"
    assert [(row[4], row[6]) for row in basic] == [
        *(("交易", "0.01"), ("交易", "0.70"), ("退款", "0.70"), ("提现", "0.70")),
    ]
    assert [row[10] for row in operation] == ["wd9"]
    sandbox.reset()
    assert refusal(asked(merchant)) == (400, "NO_STATEMENT_EXIST")


def entry(kind: str, **more: Any) -> Json:
    return {"kind": kind, "amount_fen": 70, **more}


@pytest.mark.parametrize(
    "body",
    [
        {"kind": "payment", "amount_fen": 1},
        {"kind": "movement", "amount_fen": 1},
        {"kind": "movement", "amount_fen": 1, "business_type": "提现", "number": "x"},
        {"kind": "payment", "amount_fen": 0, "number": "x"},
        {"kind": "gift", "amount_fen": 1, "number": "x"},
    ],
)
def test_an_entry_that_makes_no_sense_is_refused(merchant: Merchant, body: Json) -> None:
    response = merchant.control("POST", "bills/entries", body)

    assert (response.status_code, response.json()["error"]["code"]) == (422, "invalid_request")
