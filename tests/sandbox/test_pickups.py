"""Goods that are fetched (用户自提), as the mini-program's shipping information takes them: nobody
carries them, and their money is settled sooner.
"""

from dataclasses import replace

import pytest
import requests

from chalicelib.gateways.wechat_api import ShipmentUpload, UploadOutcome, UploadResult
from chalicelib.gateways.wechat_api_http import WechatApiHttp
from infra.local.wechat.http import create_app
from infra.local.wechat.in_process import WsgiAdapter
from infra.local.wechat.logins import openid_for
from infra.local.wechat.refusals import MiniProgramRefusal
from infra.local.wechat.sandbox import Sandbox
from tests.sandbox.merchant import HOST, ORDER_NO, Clock, Merchant

DONE = UploadResult(UploadOutcome.DONE, 0)


@pytest.fixture
def api(sandbox: Sandbox, clock: Clock) -> WechatApiHttp:
    def session() -> requests.Session:
        made = requests.Session()
        made.mount(HOST, WsgiAdapter(create_app(sandbox)))
        return made

    keys = sandbox.credentials
    return WechatApiHttp(
        keys.app_id, keys.app_secret, base_url=HOST, clock=clock, session_factory=session
    )


@pytest.fixture
def pickup(merchant: Merchant, sandbox: Sandbox, clock: Clock) -> ShipmentUpload:
    """Of an order that is paid."""
    return ShipmentUpload(
        transaction_id=merchant.paid()["transaction_id"],
        openid=openid_for(sandbox.credentials.app_id, "Lin"),
        carrier=None,
        tracking_no=None,
        item_description="苹果",
        receiver_phone_masked=None,
        uploaded_at=clock(),
    )


def test_goods_that_are_fetched_are_shipped_without_a_number(
    api: WechatApiHttp, sandbox: Sandbox, pickup: ShipmentUpload, clock: Clock
) -> None:
    assert api.upload_shipment(pickup) == DONE
    clock.advance(seconds=1)
    again = replace(pickup, uploaded_at=clock())
    assert api.upload_shipment(again) == UploadResult(UploadOutcome.DONE, 10060023)

    (kept,) = sandbox.mini_program.shipments_of(ORDER_NO)
    assert (kept["logistics_type"], kept["shipping_list"]) == (4, [{"item_desc": "苹果"}])


def test_whoever_names_a_courier_did_not_mean_a_pick_up(
    sandbox: Sandbox, pickup: ShipmentUpload
) -> None:
    parcel = {"tracking_no": "YT1", "express_company": "YTO", "item_desc": "苹果"}
    body = {
        "order_key": {"order_number_type": 2, "transaction_id": pickup.transaction_id},
        "logistics_type": 4,
        "delivery_mode": 1,
        "upload_time": "2026-11-22T16:00:00.120+08:00",
        "payer": {"openid": pickup.openid},
    }
    for left_out in ("tracking_no", "express_company"):
        listed = {name: value for name, value in parcel.items() if name != left_out}
        with pytest.raises(MiniProgramRefusal) as caught:
            sandbox.mini_program.upload_shipping_info({**body, "shipping_list": [listed]})
        assert caught.value.errcode == 268440065
    assert sandbox.mini_program.shipments_of(ORDER_NO) == []


def test_the_money_of_what_is_fetched_comes_after_two_days(
    api: WechatApiHttp,
    sandbox: Sandbox,
    merchant: Merchant,
    pickup: ShipmentUpload,
    clock: Clock,
) -> None:
    sandbox.configure(message_url=f"{HOST}/v1/wechat/messages")
    api.upload_shipment(pickup)

    said = merchant.control(
        "POST", "messages", {"out_trade_no": ORDER_NO, "event": "settlement"}
    ).json()

    seconds = int(clock().timestamp())
    assert said["estimated_settlement_time"] == seconds + 2 * 86400
