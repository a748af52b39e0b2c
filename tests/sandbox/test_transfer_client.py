"""The shop's own client and the sandbox, in process: transfers from the request to their end."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import requests

from chalicelib.gateways.wechat_pay import NotEnoughBalance, RefusedByWechat, RequestDiffers
from chalicelib.gateways.wechat_pay_v3 import WechatPayCredentials, WechatPayV3
from chalicelib.gateways.wechat_transfers import TransferNotification, TransferRequest
from chalicelib.kit.errors import WechatUnavailable
from infra.local.wechat.http import create_app
from infra.local.wechat.in_process import WsgiAdapter
from infra.local.wechat.sandbox import Sandbox
from tests.sandbox.merchant import BILL_NO, HOST, TRANSFERS_PATH, TRANSFERS_URL, Clock, Inbox


@pytest.fixture
def pay(sandbox: Sandbox, clock: Clock) -> WechatPayV3:
    own = sandbox.credentials

    def session() -> requests.Session:
        session = requests.Session()
        session.mount(HOST, WsgiAdapter(create_app(sandbox)))
        return session

    return WechatPayV3(
        WechatPayCredentials(
            merchant_id=own.merchant_id,
            merchant_serial=own.merchant_serial,
            merchant_private_key_pem=own.merchant_private_key_pem,
            api_v3_key=own.api_v3_key,
            public_keys={own.active_key.key_id: own.active_key.public_key_pem},
            active_key_id=own.active_key.key_id,
        ),
        clock=clock,
        base_url=HOST,
        session_factory=session,
    )


@pytest.fixture
def request_(sandbox: Sandbox) -> TransferRequest:
    return TransferRequest(
        out_bill_no=BILL_NO,
        app_id=sandbox.credentials.app_id,
        openid=sandbox.login_code("Lin").openid,
        amount_fen=1000,
        remark="十一月佣金🎉",
        scene_id="1005",
        scene_report={"岗位类型": "推广员", "报酬说明": "十一月推广佣金"},
        notify_url=TRANSFERS_URL,
    )


def confirm(sandbox: Sandbox, package_info: str | None, **more: Any) -> None:
    assert package_info is not None
    sandbox.confirm_transfer("Lin", package_info, **more)
    sandbox.pump()


def test_a_transfer_from_request_to_notification(
    pay: WechatPayV3,
    sandbox: Sandbox,
    request_: TransferRequest,
    inbox: Inbox,
    clock: Clock,
) -> None:
    accepted = pay.transfer(request_)
    assert accepted.transfer_state == "WAIT_USER_CONFIRM"

    confirm(sandbox, accepted.package_info)

    report = pay.query_transfer(BILL_NO)
    assert report is not None
    assert (report.transfer_state, report.amount_fen) == ("SUCCESS", 1000)
    assert (report.openid, report.package_info) == (request_.openid, None)
    told = pay.read_notification(inbox.posts[0].headers, inbox.posts[0].body, clock())
    assert isinstance(told, TransferNotification)
    assert told.merchant_id == sandbox.credentials.merchant_id
    assert told.report == report
    assert sandbox.totals()["transferred_fen"] == 1000


def test_a_failure_says_why(
    pay: WechatPayV3, sandbox: Sandbox, request_: TransferRequest, inbox: Inbox, clock: Clock
) -> None:
    package_info = pay.transfer(request_).package_info
    confirm(sandbox, package_info, outcome="fail", fail_reason="ACCOUNT_FROZEN")

    told = pay.read_notification(inbox.posts[0].headers, inbox.posts[0].body, clock())
    assert isinstance(told, TransferNotification)
    assert (told.report.transfer_state, told.report.fail_reason) == ("FAIL", "ACCOUNT_FROZEN")


@pytest.mark.parametrize("kind", ["timeout_after", "error_after", "bad_signature"])
def test_a_transfer_whose_answer_is_lost_is_found_by_its_number(
    pay: WechatPayV3, sandbox: Sandbox, request_: TransferRequest, kind: str
) -> None:
    sandbox.add_fault(TRANSFERS_PATH, kind)
    with pytest.raises(WechatUnavailable):
        pay.transfer(request_)

    found = pay.query_transfer(BILL_NO)

    assert found is not None
    assert (found.transfer_state, found.package_info) == ("WAIT_USER_CONFIRM", None)
    again = pay.transfer(request_)
    assert again.transfer_bill_no == found.transfer_bill_no
    confirm(sandbox, again.package_info)
    assert sandbox.totals()["transfers"] == 1


@pytest.mark.parametrize("kind", ["timeout_before", "error_before", "rate_limit"])
def test_a_transfer_that_never_arrived_is_not_known(
    pay: WechatPayV3, sandbox: Sandbox, request_: TransferRequest, kind: str
) -> None:
    sandbox.add_fault(TRANSFERS_PATH, kind)
    with pytest.raises(WechatUnavailable):
        pay.transfer(request_)

    assert pay.query_transfer(BILL_NO) is None


def test_a_repeat_with_a_name_is_the_same_transfer_though_its_bytes_differ(
    pay: WechatPayV3, sandbox: Sandbox, request_: TransferRequest
) -> None:
    sandbox.configure(transfer_maximum_fen=300_000)
    named = replace(request_, amount_fen=200_000, user_name="林小满")

    assert pay.transfer(named) == pay.transfer(named)


Ask = Callable[[WechatPayV3, TransferRequest], object]


@pytest.mark.parametrize(
    ("ask", "kind"),
    [
        (lambda pay, asked: pay.transfer(replace(asked, amount_fen=999)), RequestDiffers),
        (
            lambda pay, asked: pay.transfer(replace(asked, out_bill_no="w2", amount_fen=1001)),
            NotEnoughBalance,
        ),
        (
            lambda pay, asked: pay.transfer(replace(asked, out_bill_no="w2", amount_fen=9)),
            RefusedByWechat,
        ),
        (
            lambda pay, asked: pay.transfer(
                replace(asked, out_bill_no="w2", amount_fen=1, scene_report={"岗位类型": "团长"})
            ),
            RefusedByWechat,
        ),
    ],
    ids=["other values", "balance", "too little", "report"],
)
def test_a_refusal_is_the_error_that_it_means(
    pay: WechatPayV3,
    sandbox: Sandbox,
    request_: TransferRequest,
    ask: Ask,
    kind: type[RefusedByWechat],
) -> None:
    pay.transfer(request_)
    sandbox.configure(balance_fen=1000)

    with pytest.raises(RefusedByWechat) as refusal:
        ask(pay, request_)

    assert type(refusal.value) is kind
    assert sandbox.configure()["balance_fen"] == 1000


def test_a_transfer_is_taken_back_before_it_is_confirmed(
    pay: WechatPayV3, sandbox: Sandbox, request_: TransferRequest
) -> None:
    pay.transfer(request_)
    assert pay.cancel_transfer(BILL_NO).transfer_state == "CANCELING"
    sandbox.pump()
    assert pay.cancel_transfer(BILL_NO).transfer_state == "CANCELLED"


def test_a_confirmed_transfer_is_not_taken_back(
    pay: WechatPayV3, sandbox: Sandbox, request_: TransferRequest
) -> None:
    confirm(sandbox, pay.transfer(request_).package_info)

    with pytest.raises(RefusedByWechat):
        pay.cancel_transfer(BILL_NO)

    report = pay.query_transfer(BILL_NO)
    assert report is not None
    assert report.transfer_state == "SUCCESS"
