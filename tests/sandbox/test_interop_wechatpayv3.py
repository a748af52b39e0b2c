"""A client nobody here wrote, `wechatpayv3`, against the sandbox on a real socket.

If it can order, query, close, refund, transfer, read notifications and download bills, the sandbox
speaks the protocol and not a dialect of its own.
"""

import gzip
import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from wechatpayv3 import WeChatPay, WeChatPayType

from infra.local.sandbox_control import SandboxControl
from infra.local.wechat.credentials import Credentials
from infra.local.wechat.ids import beijing_time
from infra.local.wechat.logins import openid_for
from infra.local.wechat.server import SandboxServer
from tests.sandbox.receiver import Receiver

ORDER_NO = "kt20261122000001"
Json = dict[str, Any]


@pytest.fixture(scope="module")
def running(credentials: Credentials) -> Iterator[SandboxServer]:
    with SandboxServer(credentials) as server:
        yield server


@pytest.fixture
def server(running: SandboxServer) -> SandboxServer:
    running.sandbox.reset()
    return running


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


@pytest.fixture
def client(server: SandboxServer, receiver: Receiver) -> Any:
    parameters = server.sandbox.credentials.to_parameters()
    client = WeChatPay(
        wechatpay_type=WeChatPayType.MINIPROG,
        mchid=parameters["mch_id"],
        private_key=parameters["merchant_private_key"],
        cert_serial_no=parameters["merchant_serial"],
        appid=parameters["app_id"],
        apiv3_key=parameters["api_v3_key"],
        notify_url=receiver.url,
        timeout=(5, 5),
        public_key=parameters["wechat_public_key"],
        public_key_id=parameters["wechat_public_key_id"],
    )
    client._core._gate_way = server.url
    return client


def order(client: Any, app_id: str) -> tuple[int, Json]:
    expires_at = datetime.now(UTC) + timedelta(minutes=15)
    code, message = client.pay(
        description="山东苹果 5 kg",
        out_trade_no=ORDER_NO,
        amount={"total": 1990, "currency": "CNY"},
        payer={"openid": openid_for(app_id, "Lin")},
        time_expire=expires_at.isoformat(timespec="seconds"),
        attach="group 7",
    )
    return code, json.loads(message)


def pay(client: Any, server: SandboxServer) -> Json:
    app_id = server.sandbox.credentials.app_id
    code, message = order(client, app_id)
    assert code == 200
    lines = [app_id, "1414561699", "5K8264ILTKCH16CQ", f"prepay_id={message['prepay_id']}"]
    payment = {
        "timeStamp": lines[1],
        "nonceStr": lines[2],
        "package": lines[3],
        "signType": "RSA",
        "paySign": client.sign(lines),
    }
    response = requests.post(
        f"{server.url}/sandbox/payments", json={"user": "Lin", "payment": payment}, timeout=5
    )
    assert response.status_code == 200, response.text
    return dict(response.json())


def test_it_orders_and_its_pay_sign_is_accepted(client: Any, server: SandboxServer) -> None:
    paid = pay(client, server)
    code, message = client.query(out_trade_no=ORDER_NO)
    seen = json.loads(message)
    assert code == 200
    assert (seen["trade_state"], seen["amount"]["payer_total"]) == ("SUCCESS", 1990)
    code, message = client.query(transaction_id=paid["transaction_id"])
    assert (code, json.loads(message)) == (200, seen)


def test_it_reads_the_notification_of_a_payment(
    client: Any, server: SandboxServer, receiver: Receiver
) -> None:
    pay(client, server)
    told = receiver.next()
    seen = client.callback(told.headers, told.body)
    assert seen["event_type"] == "TRANSACTION.SUCCESS"
    assert seen["resource"] == json.loads(client.query(out_trade_no=ORDER_NO)[1])


def test_it_accepts_the_signature_of_an_empty_answer(client: Any, server: SandboxServer) -> None:
    assert order(client, server.sandbox.credentials.app_id)[0] == 200
    code, _ = client.close(ORDER_NO)
    assert code == 204
    assert json.loads(client.query(out_trade_no=ORDER_NO)[1])["trade_state"] == "CLOSED"


def test_it_refunds_and_reads_the_notification(
    client: Any, server: SandboxServer, receiver: Receiver
) -> None:
    pay(client, server)
    receiver.next()
    amount = {"refund": 990, "total": 1990, "currency": "CNY"}
    code, message = client.refund("rf-1", amount, out_trade_no=ORDER_NO, reason="缺货")
    assert (code, json.loads(message)["status"]) == (200, "PROCESSING")
    told = receiver.next()
    seen = client.callback(told.headers, told.body)
    assert seen["event_type"] == "REFUND.SUCCESS"
    assert seen["resource"]["refund_status"] == "SUCCESS"
    code, message = client.query_refund("rf-1")
    assert (code, json.loads(message)["status"]) == (200, "SUCCESS")


def transfer(client: Any, app_id: str, amount_fen: int, name: str | None = None) -> Json:
    code, message = client.mch_transfer_bills(
        out_bill_no="wd1",
        transfer_scene_id="1005",
        openid=openid_for(app_id, "Lin"),
        transfer_amount=amount_fen,
        transfer_remark="十一月佣金",
        user_name=name,
        transfer_scene_report_infos=[
            {"info_type": "岗位类型", "info_content": "推广员"},
            {"info_type": "报酬说明", "info_content": "十一月推广佣金"},
        ],
    )
    assert code == 200, message
    return dict(json.loads(message))


def confirm(server: SandboxServer, package_info: str, **more: str) -> None:
    confirmed = SandboxControl(server.url).confirm_transfer("Lin", package_info, **more)
    assert confirmed == {"state": "TRANSFERING", "out_bill_no": "wd1"}


def test_it_transfers_and_reads_the_notification(
    client: Any, server: SandboxServer, receiver: Receiver
) -> None:
    accepted = transfer(client, server.sandbox.credentials.app_id, 1000)
    assert accepted["state"] == "WAIT_USER_CONFIRM"
    confirm(server, accepted["package_info"])
    told = receiver.next()
    seen = client.callback(told.headers, told.body)
    assert seen["event_type"] == "MCHTRANSFER.BILL.FINISHED"
    assert (seen["resource"]["state"], seen["resource"]["transfer_amount"]) == ("SUCCESS", 1000)
    code, message = client.mch_transfer_bills_query(out_bill_no="wd1")
    queried = json.loads(message)
    assert (code, queried["state"]) == (200, "SUCCESS")
    assert seen["resource"].items() <= queried.items()
    assert SandboxControl(server.url).transfer("wd1") == queried
    number = accepted["transfer_bill_no"]
    code, message = client.mch_transfer_bills_query(transfer_bill_no=number)
    assert (code, json.loads(message)) == (200, queried)


def test_the_name_it_encrypts_is_read_and_comes_back_to_it(
    client: Any, server: SandboxServer
) -> None:
    server.sandbox.configure(transfer_maximum_fen=300_000)
    app_id = server.sandbox.credentials.app_id
    first = transfer(client, app_id, 200_000, "林小满")
    assert transfer(client, app_id, 200_000, "林小满") == first
    queried = json.loads(client.mch_transfer_bills_query(out_bill_no="wd1")[1])
    assert client.decrypt(queried["user_name"]) == "林小满"


def test_it_takes_a_transfer_back(client: Any, server: SandboxServer, receiver: Receiver) -> None:
    transfer(client, server.sandbox.credentials.app_id, 1000)
    code, message = client.mch_transfer_bills_cancel("wd1")
    assert (code, json.loads(message)["state"]) == (200, "CANCELING")
    told = receiver.next()
    assert client.callback(told.headers, told.body)["resource"]["state"] == "CANCELLED"
    code, message = client.mch_transfer_bills_query(out_bill_no="wd1")
    assert (code, json.loads(message)["state"]) == (200, "CANCELLED")


def test_it_sees_refused_transfers(client: Any, server: SandboxServer, receiver: Receiver) -> None:
    code, message = client.mch_transfer_bills_query(out_bill_no="wd1")
    assert (code, json.loads(message)["code"]) == (404, "NOT_FOUND")
    app_id = server.sandbox.credentials.app_id
    confirm(server, transfer(client, app_id, 1000)["package_info"], outcome="fail")
    assert client.callback(*_sent(receiver))["resource"]["state"] == "FAIL"
    code, message = client.mch_transfer_bills_cancel("wd1")
    assert (code, json.loads(message)["code"]) == (400, "INVALID_REQUEST")


def _sent(receiver: Receiver) -> tuple[dict[str, str], bytes]:
    told = receiver.next()
    return told.headers, told.body


def test_it_sees_refusals(client: Any, server: SandboxServer) -> None:
    code, message = client.query(out_trade_no="kt00000000")
    assert (code, json.loads(message)["code"]) == (404, "ORDER_NOT_EXIST")
    pay(client, server)
    code, message = client.close(ORDER_NO)
    assert (code, json.loads(message)["code"]) == (400, "ORDER_PAID")
    code, message = client.query_refund("rf-1")
    assert (code, json.loads(message)["code"]) == (404, "RESOURCE_NOT_EXISTS")


@pytest.mark.parametrize("kind", ["signature", "body"])
def test_it_rejects_a_forged_notification(
    client: Any, server: SandboxServer, receiver: Receiver, kind: str
) -> None:
    pay(client, server)
    receiver.next()
    server.sandbox.replay(ORDER_NO, corrupt=kind)
    told = receiver.next()
    assert client.callback(told.headers, told.body) is None


def test_it_rejects_an_answer_with_a_bad_signature(client: Any, server: SandboxServer) -> None:
    server.sandbox.add_fault("/v3/", "bad_signature")
    with pytest.raises(Exception, match="failed to verify the signature"):
        order(client, server.sandbox.credentials.app_id)


def test_it_finds_no_platform_certificate(client: Any) -> None:
    client._core._update_certificates()
    assert client._core._certificates == []


def test_its_wrong_key_is_refused(client: Any, server: SandboxServer) -> None:
    client._core._private_key = server.sandbox.credentials.active_key.private_key
    code, message = client.query(out_trade_no=ORDER_NO)
    assert code == 401
    refused = json.loads(message)
    assert refused["code"] == "SIGN_ERROR"
    assert refused["detail"]["detail"]["issue"] == "sign not match"


@pytest.mark.parametrize("which", ["trade_bill", "fundflow_bill"])
def test_it_downloads_bills(client: Any, server: SandboxServer, which: str) -> None:
    pay(client, server)
    day = beijing_time(server.sandbox.now())[:10]
    server.sandbox.advance(2 * 24 * 3600)

    code, message = getattr(client, which)(day)
    address = json.loads(message)
    code_of_file, packed = client.download_bill(address["download_url"])

    assert (code, code_of_file) == (200, 200)
    text = gzip.decompress(packed)
    assert hashlib.sha1(text, usedforsecurity=False).hexdigest() == address["hash_value"]
    assert f"`{ORDER_NO}" in text.decode()


def test_it_is_told_that_there_is_no_bill(client: Any, server: SandboxServer) -> None:
    code, message = client.trade_bill(beijing_time(server.sandbox.now() - timedelta(days=3))[:10])

    assert (code, json.loads(message)["code"]) == (400, "NO_STATEMENT_EXIST")
