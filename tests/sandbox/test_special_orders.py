"""What ships late is reported (特殊发货报备), through our own client and by hand."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
import requests

from chalicelib.gateways.wechat_api import ShipmentUpload, UploadOutcome, UploadResult
from chalicelib.gateways.wechat_api_http import WechatApiHttp
from infra.local.wechat.http import create_app
from infra.local.wechat.in_process import WsgiAdapter
from infra.local.wechat.logins import openid_for
from infra.local.wechat.sandbox import Sandbox
from tests.sandbox.merchant import HOST, ORDER_NO, Clock, Json, Merchant

DONE = UploadResult(UploadOutcome.DONE, 0)
NOT_TO_BE_SHIPPED = UploadResult(UploadOutcome.NOT_YET, 268546002)
WRONG_DAY = UploadResult(UploadOutcome.REFUSED, 268546001)

Report = Callable[[timedelta], UploadResult]


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
def report(api: WechatApiHttp, merchant: Merchant, clock: Clock) -> Report:
    """Says of an order that was paid now that it ships so long after that."""
    paid_at: datetime = clock()
    transaction_id = merchant.paid()["transaction_id"]
    return lambda after: api.report_presale(transaction_id, paid_at + after)


def kept(merchant: Merchant) -> Json | None:
    answer: Json = merchant.control("GET", f"shipments?out_trade_no={ORDER_NO}").json()
    report: Json | None = answer["special_report"]
    return report


def test_a_presale_ships_between_15_and_330_days_after_its_payment(
    report: Report, merchant: Merchant
) -> None:
    assert report(timedelta(days=15)) == WRONG_DAY
    assert report(timedelta(days=330, seconds=1)) == WRONG_DAY
    assert kept(merchant) is None

    assert report(timedelta(days=15, seconds=1)) == DONE
    assert report(timedelta(days=330)) == DONE

    reported = kept(merchant)
    assert reported is not None
    assert reported["type"] == 1


def test_it_ships_in_the_future(report: Report, clock: Clock) -> None:
    clock.advance(days=20)

    assert report(timedelta(days=20)) == WRONG_DAY
    assert report(timedelta(days=21)) == DONE


def test_the_store_of_orders_lags_behind_the_payment(
    report: Report, sandbox: Sandbox, clock: Clock
) -> None:
    sandbox.configure(shipping_lag_seconds=10)

    assert report(timedelta(days=20)) == NOT_TO_BE_SHIPPED
    clock.advance(seconds=10)
    assert report(timedelta(days=20)) == DONE


def test_what_is_shipped_or_refunded_is_not_reported(
    report: Report, api: WechatApiHttp, merchant: Merchant, clock: Clock
) -> None:
    merchant.refund("rf-1", 990)
    assert report(timedelta(days=20)) == DONE
    shipment = ShipmentUpload(
        transaction_id=merchant.query().json()["transaction_id"],
        openid=openid_for(merchant.credentials.app_id, "Lin"),
        carrier="YTO",
        tracking_no="YT1",
        item_description="杯子",
        receiver_phone_masked=None,
        uploaded_at=clock(),
    )
    assert api.upload_shipment(shipment) == DONE
    assert report(timedelta(days=20)) == NOT_TO_BE_SHIPPED

    clock.advance(seconds=60)
    merchant.refund("rf-2", 1000)
    assert report(timedelta(days=20)) == NOT_TO_BE_SHIPPED


def test_only_a_test_order_needs_no_day(merchant: Merchant) -> None:
    merchant.paid()
    body = {"order_id": ORDER_NO, "type": 2}
    wrong: list[tuple[int, Json]] = [
        (268546000, {"type": 3}),
        (268546001, {"type": 1}),
        (268546002, {"order_id": "kt20261122000099"}),
        (47001, {"type": "1"}),
        (47001, {"delay_to": "1801411199"}),
        (47001, {"more": 1}),
        (47001, {"order_id": ""}),
    ]
    assert [asked(merchant, {**body, **change}) for _, change in wrong] == [
        errcode for errcode, _ in wrong
    ]
    assert kept(merchant) is None

    assert asked(merchant, body) == 0
    assert kept(merchant) == body


def asked(merchant: Merchant, body: Json) -> int:
    """The errcode of the answer to a body as it is."""
    keys = merchant.credentials
    wanted = {
        "grant_type": "client_credential",
        "appid": keys.app_id,
        "secret": keys.app_secret,
    }
    token = merchant.session.post(f"{HOST}/cgi-bin/stable_token", json=wanted, timeout=1).json()
    answer = merchant.session.post(
        f"{HOST}/wxa/sec/order/opspecialorder",
        params={"access_token": token["access_token"]},
        json=body,
        timeout=1,
    )
    return int(answer.json()["errcode"])
