"""What ships late is reported to WeChat: what is sent, and what each answer becomes."""

import json
from datetime import UTC, datetime

import pytest

from chalicelib.gateways.wechat_api import UploadOutcome, UploadResult
from chalicelib.gateways.wechat_api_http import WechatApiHttp
from tests.fakes import FakeClock
from tests.gateways.fake_wechat import APP_ID, FakeWechat

TRANSACTION_ID = "4200001234202611220123456789"
SHIPS_BY = datetime(2027, 1, 31, 15, 59, 59, 999_000, tzinfo=UTC)


@pytest.fixture
def api(wechat: FakeWechat) -> WechatApiHttp:
    wechat.will_answer(200, {"access_token": "57_token", "expires_in": 7200})
    return WechatApiHttp(APP_ID, "a secret", clock=FakeClock().now, session_factory=wechat.session)


def test_a_presale_is_reported_by_transaction_id_in_whole_seconds(
    api: WechatApiHttp, wechat: FakeWechat
) -> None:
    wechat.will_answer(200, {"errcode": 0, "errmsg": "ok"})

    assert api.report_presale(TRANSACTION_ID, SHIPS_BY) == UploadResult(UploadOutcome.DONE, 0)

    request = wechat.requests[-1]
    assert request.path_url == "/wxa/sec/order/opspecialorder?access_token=57_token"
    assert json.loads(request.body or b"") == {
        "order_id": TRANSACTION_ID,
        "type": 1,
        "delay_to": 1801411199,
    }


@pytest.mark.parametrize(
    ("errcode", "outcome"),
    [
        (268546002, UploadOutcome.NOT_YET),
        (268546001, UploadOutcome.REFUSED),
        (268546000, UploadOutcome.REFUSED),
        (47001, UploadOutcome.REFUSED),
    ],
)
def test_a_report_ends_as_its_errcode_says(
    api: WechatApiHttp, wechat: FakeWechat, errcode: int, outcome: UploadOutcome
) -> None:
    wechat.will_answer(200, {"errcode": errcode, "errmsg": "…"})

    assert api.report_presale(TRANSACTION_ID, SHIPS_BY) == UploadResult(outcome, errcode)
