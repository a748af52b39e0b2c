"""The mini-program server API: tokens, codes, notices, texts, shipping, and what is pushed; with
our own client, and where it would not do so by itself, without.
"""

import struct
import zlib
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests

from chalicelib.gateways.message_push import MessagePush
from chalicelib.gateways.wechat_api import (
    Notice,
    RefusedByWechatApi,
    ShipmentUpload,
    UploadOutcome,
    UploadResult,
)
from chalicelib.gateways.wechat_api_http import WechatApiHttp
from chalicelib.gateways.wechat_pay import NotAuthentic
from chalicelib.kit.errors import WechatUnavailable
from infra.local.wechat.faults import ABOUT_CERTAIN_CALLS, FaultKind
from infra.local.wechat.http import create_app
from infra.local.wechat.in_process import WsgiAdapter
from infra.local.wechat.logins import openid_for
from infra.local.wechat.sandbox import Sandbox
from tests.sandbox.merchant import HOST, ORDER_NO, Clock, Inbox, Json, Merchant

MESSAGES_URL = "https://shop.test/v1/wechat/messages"
SEND = "/cgi-bin/message/subscribe/send"
CODE = "/wxa/getwxacodeunlimit"
TEXT = "/wxa/msg_sec_check"
UPLOAD = "/wxa/sec/order/upload_shipping_info"
ORDER = "/wxa/sec/order/get_order"
FAILING = frozenset(FaultKind) - {FaultKind.BAD_SIGNATURE} - ABOUT_CERTAIN_CALLS
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
def push(sandbox: Sandbox) -> MessagePush:
    keys = sandbox.credentials
    return MessagePush(keys.message_token, keys.message_aes_key, keys.app_id)


@pytest.fixture
def openid(sandbox: Sandbox) -> str:
    return openid_for(sandbox.credentials.app_id, "Lin")


@pytest.fixture
def notice(openid: str) -> Notice:
    return Notice(
        openid, "tmpl-1", {"thing1": "红富士苹果", "time2": "2026年11月22日 15:01"}, "pages/a"
    )


@pytest.fixture
def shipment(merchant: Merchant, openid: str, clock: Clock) -> ShipmentUpload:
    """Of an order that is paid."""
    return ShipmentUpload(
        transaction_id=merchant.paid()["transaction_id"],
        openid=openid,
        carrier="YTO",
        tracking_no="YT1234567890",
        item_description="苹果",
        receiver_phone_masked="138****1234",
        uploaded_at=clock(),
    )


def token_of(merchant: Merchant) -> str:
    body = {
        "grant_type": "client_credential",
        "appid": merchant.credentials.app_id,
        "secret": merchant.credentials.app_secret,
    }
    answer = merchant.session.post(f"{HOST}/cgi-bin/stable_token", json=body, timeout=1)
    return str(answer.json()["access_token"])


def asked(merchant: Merchant, path: str, body: Any, token: str | None = None) -> Json:
    """The JSON answer to a body as it is."""
    query = {"access_token": token_of(merchant) if token is None else token}
    answer = merchant.session.post(f"{HOST}{path}", params=query, json=body, timeout=1)
    assert answer.status_code == 200
    return dict(answer.json())


def later(shipment: ShipmentUpload, **changes: Any) -> ShipmentUpload:
    uploaded_at = shipment.uploaded_at + timedelta(seconds=60)
    return replace(shipment, uploaded_at=uploaded_at, **changes)


# Tokens.


def test_one_token_serves_until_it_ends_and_the_next_is_fetched_in_time(
    api: WechatApiHttp, merchant: Merchant, openid: str, clock: Clock
) -> None:
    first = token_of(merchant)
    for seconds in (0, 6899, 1, 299, 1):
        clock.advance(seconds=seconds)
        assert api.is_text_allowed(openid, "好吃", scene=2)
    assert token_of(merchant) != first


def test_both_tokens_are_good_for_the_last_five_minutes(
    merchant: Merchant, openid: str, clock: Clock
) -> None:
    body = {"version": 2, "openid": openid, "scene": 2, "content": "好吃"}
    first = token_of(merchant)
    clock.advance(seconds=6900)
    second = token_of(merchant)
    assert first != second
    assert {asked(merchant, TEXT, body, token)["errcode"] for token in (first, second)} == {0}
    clock.advance(seconds=300)
    assert asked(merchant, TEXT, body, first)["errcode"] == 42001
    assert asked(merchant, TEXT, body, second)["errcode"] == 0


@pytest.mark.parametrize("path", [SEND, CODE, TEXT, UPLOAD, ORDER])
def test_a_call_without_a_good_token_is_refused_before_its_body_is_read(
    merchant: Merchant, path: str
) -> None:
    assert asked(merchant, path, [], "")["errcode"] == 41001
    assert asked(merchant, path, [], "invented")["errcode"] == 40001
    assert asked(merchant, path, [])["errcode"] == 47001
    wrong = merchant.session.get(f"{HOST}{path}", timeout=1).json()
    assert wrong["errcode"] == 43002


def test_the_client_finds_another_token_after_a_reset_or_a_forced_refresh(
    api: WechatApiHttp, sandbox: Sandbox, merchant: Merchant, openid: str
) -> None:
    assert api.is_text_allowed(openid, "好吃", scene=2)
    sandbox.reset()
    assert api.is_text_allowed(openid, "好吃", scene=2)
    keys = merchant.credentials
    forced = {
        "grant_type": "client_credential",
        "appid": keys.app_id,
        "secret": keys.app_secret,
        "force_refresh": True,
    }
    merchant.session.post(f"{HOST}/cgi-bin/stable_token", json=forced, timeout=1)
    assert api.is_text_allowed(openid, "好吃", scene=2)


@pytest.mark.parametrize("path", ["/wxa/", "/cgi-bin/stable_token"])
@pytest.mark.parametrize("kind", sorted(kind.value for kind in FAILING))
def test_faults_hit_these_calls_too(
    api: WechatApiHttp, sandbox: Sandbox, path: str, kind: str
) -> None:
    sandbox.add_fault(path, kind)
    with pytest.raises(WechatUnavailable):
        api.mini_program_code("a", "pages/a")
    assert api.mini_program_code("a", "pages/a").content_type == "image/png"


@pytest.mark.parametrize(("kind", "sent"), [("timeout_before", 0), ("timeout_after", 1)])
def test_behind_a_timeout_a_notice_may_have_been_sent(
    api: WechatApiHttp, sandbox: Sandbox, notice: Notice, kind: str, sent: int
) -> None:
    sandbox.mini_program.subscribe("Lin", "tmpl-1")
    sandbox.add_fault(SEND, kind)
    with pytest.raises(WechatUnavailable):
        api.send_notice(notice)
    assert len(sandbox.mini_program.notices_to("Lin")) == sent


# Codes.


def chunks_of(png: bytes) -> list[tuple[bytes, bytes]]:
    """The chunks of a PNG, each with a right checksum."""
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    found, at = [], 8
    while at < len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        kind, content = png[at + 4 : at + 8], png[at + 8 : at + 8 + length]
        (checksum,) = struct.unpack(">I", png[at + 8 + length : at + 12 + length])
        assert checksum == zlib.crc32(kind + content)
        found.append((kind, content))
        at += 12 + length
    return found


def test_a_code_is_a_png_that_says_what_it_opens(api: WechatApiHttp) -> None:
    code = api.mini_program_code("r=Ab3xK9&g=9f2c", "pages/group/index")

    chunks = chunks_of(code.content)
    assert code.content_type == "image/png"
    assert [kind for kind, _ in chunks] == [b"IHDR", b"tEXt", b"tEXt", b"IDAT", b"IEND"]
    texts = [content for kind, content in chunks if kind == b"tEXt"]
    assert texts == [b"scene\0r=Ab3xK9&g=9f2c", b"page\0pages/group/index"]
    assert struct.unpack(">II", chunks[0][1][:8]) == (430, 430)
    assert len(zlib.decompress(chunks[3][1])) == 430 * (1 + 54)
    assert api.mini_program_code("r=Ab3xK9&g=9f2c", "pages/group/index") == code
    assert api.mini_program_code("r=other", "pages/group/index") != code


@pytest.mark.parametrize(
    ("scene", "page", "errcode"),
    [
        ("", "pages/a", 40169),
        ("x" * 33, "pages/a", 40169),
        ("苹果", "pages/a", 40169),
        ("a b", "pages/a", 40169),
        ("a%20", "pages/a", 40169),
        ("a", "/pages/a", 41030),
        ("a", "pages/a?id=1", 41030),
    ],
)
def test_a_scene_or_page_of_the_wrong_form_is_refused(
    api: WechatApiHttp, scene: str, page: str, errcode: int
) -> None:
    with pytest.raises(RefusedByWechatApi) as refusal:
        api.mini_program_code(scene, page)
    assert refusal.value.errcode == errcode


def test_a_page_that_is_checked_is_not_published(merchant: Merchant) -> None:
    assert asked(merchant, CODE, {"scene": "a", "page": "pages/a"})["errcode"] == 41030
    for wrong in ({"scene": "a", "width": 279}, {"scene": "a", "more": 1}, {"page": "pages/a"}):
        assert asked(merchant, CODE, wrong)["errcode"] == 47001


# Notices.


def test_each_acceptance_is_good_for_one_notice(
    api: WechatApiHttp, merchant: Merchant, notice: Notice
) -> None:
    assert api.send_notice(notice) is False
    accepted = {"user": "Lin", "template_id": "tmpl-1", "times": 2}
    assert merchant.control("POST", "subscriptions", accepted).json() == {"times_left": 2}

    assert [api.send_notice(notice) for _ in range(3)] == [True, True, False]
    assert api.send_notice(replace(notice, template_id="tmpl-2")) is False

    items = merchant.control("GET", "notices?user=Lin").json()["items"]
    assert (
        items
        == [
            {
                "template_id": "tmpl-1",
                "page": "pages/a",
                "data": {"thing1": "红富士苹果", "time2": "2026年11月22日 15:01"},
                "miniprogram_state": "formal",
                "sent_at": "2026-11-22T16:00:00+08:00",
            }
        ]
        * 2
    )
    assert merchant.control("GET", "notices?user=Wang").json() == {"items": []}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("thing1", "苹" * 21),
        ("thing1", ""),
        ("character_string2", "单号"),
        ("character_string2", "x" * 33),
        ("name3", "林" * 11),
        ("phrase4", "已发货已发货"),
        ("phrase4", "ok"),
        ("amount5", "十元"),
        ("date6", "2026/11/22"),
        ("time7", "下午三点"),
        ("number8", "一"),
        ("note9", "x"),
    ],
)
def test_a_value_that_its_field_does_not_take_is_refused_and_costs_nothing(
    api: WechatApiHttp, sandbox: Sandbox, notice: Notice, name: str, value: str
) -> None:
    sandbox.mini_program.subscribe("Lin", "tmpl-1")
    with pytest.raises(RefusedByWechatApi) as refusal:
        api.send_notice(replace(notice, data={name: value}))
    assert refusal.value.errcode == 47003
    assert api.send_notice(notice)


def test_values_of_every_kind_are_taken(
    api: WechatApiHttp, sandbox: Sandbox, notice: Notice
) -> None:
    sandbox.mini_program.subscribe("Lin", "tmpl-1")
    data = {
        "thing1": "苹" * 20,
        "character_string2": "ord_01H-x" * 3,
        "name3": "林小满",
        "phrase4": "已发货",
        "amount5": "¥15.00",
        "date6": "2026年11月22日",
        "time7": "15:01~16:00",
        "number8": "3",
    }
    assert api.send_notice(replace(notice, data=data))


def test_an_unknown_template_or_user_is_refused(
    api: WechatApiHttp, sandbox: Sandbox, notice: Notice
) -> None:
    sandbox.configure(template_ids=["tmpl-9"])
    wrong = {40037: notice, 40003: replace(notice, openid=openid_for("wx0", "Lin"))}
    for errcode, given in wrong.items():
        with pytest.raises(RefusedByWechatApi) as refusal:
            api.send_notice(given)
        assert refusal.value.errcode == errcode


def test_data_must_be_an_object_of_values(merchant: Merchant, openid: str) -> None:
    body = {"touser": openid, "template_id": "t"}
    for data in ('{"thing1":{"value":"x"}}', {}, {"thing1": "x"}, {"thing1": {"value": 1}}):
        assert asked(merchant, SEND, {**body, "data": data})["errcode"] == 47001


# Texts.


def test_texts_are_judged_by_a_list_of_words(
    api: WechatApiHttp, sandbox: Sandbox, merchant: Merchant, openid: str
) -> None:
    def allowed(text: str) -> bool:
        return api.is_text_allowed(openid, text, scene=2)

    assert [allowed(text) for text in ("好吃", "违规", "有存疑", "刷单")] == [
        True,
        False,
        False,
        True,
    ]
    sandbox.configure(risky_words=["刷单"], doubtful_words=["代购"])
    assert [allowed(text) for text in ("好吃", "刷单", "代购")] == [True, False, False]
    body = {"version": 2, "openid": openid, "scene": 2, "content": "存疑又违规"}
    judged = asked(merchant, TEXT, body)
    assert judged["result"] == {"suggest": "risky", "label": 20006}
    for wrong in ({"version": 1}, {"scene": 5}, {"content": ""}, {"content": "x" * 2501}):
        assert asked(merchant, TEXT, {**body, **wrong})["errcode"] == 47001
    assert asked(merchant, TEXT, {**body, "openid": "o1"})["errcode"] == 40003


# Shipping.


def test_a_shipment_is_kept_and_changes_the_order(
    api: WechatApiHttp, merchant: Merchant, shipment: ShipmentUpload
) -> None:
    wanted = {"transaction_id": shipment.transaction_id}
    before = asked(merchant, ORDER, wanted)["order"]
    assert (before["order_state"], before["shipping"]["shipping_list"]) == (1, [])

    assert api.upload_shipment(shipment) == DONE

    by_number = {"merchant_id": merchant.credentials.merchant_id, "merchant_trade_no": ORDER_NO}
    after = asked(merchant, ORDER, by_number)["order"]
    assert (after["order_state"], after["openid"]) == (2, shipment.openid)
    assert after["shipping"]["shipping_list"] == [
        {
            "tracking_no": "YT1234567890",
            "express_company": "YTO",
            "goods_desc": "苹果",
            "upload_time": int(shipment.uploaded_at.timestamp()),
        }
    ]
    (kept,) = merchant.control("GET", f"shipments?out_trade_no={ORDER_NO}").json()["items"]
    assert kept["upload_time"] == "2026-11-22T16:00:00.000+08:00"
    assert kept["shipping_list"][0]["contact"] == {"receiver_contact": "138****1234"}


def test_a_repeat_is_done_one_change_is_taken_and_no_second_one(
    api: WechatApiHttp, shipment: ShipmentUpload
) -> None:
    assert api.upload_shipment(shipment) == DONE
    assert api.upload_shipment(shipment) == UploadResult(UploadOutcome.DONE, 10060023)
    again = later(shipment)
    assert api.upload_shipment(again) == UploadResult(UploadOutcome.DONE, 10060023)
    same_time = replace(shipment, tracking_no="YT2")
    assert api.upload_shipment(same_time) == UploadResult(UploadOutcome.REFUSED, 268440065)
    other = later(shipment, tracking_no="YT2")
    assert api.upload_shipment(other) == DONE
    third = later(other, tracking_no="YT3")
    assert api.upload_shipment(third) == UploadResult(UploadOutcome.REFUSED, 10060003)


def test_the_store_of_orders_lags_behind_the_payment(
    api: WechatApiHttp, sandbox: Sandbox, shipment: ShipmentUpload, clock: Clock
) -> None:
    sandbox.configure(shipping_lag_seconds=10)
    not_yet = UploadResult(UploadOutcome.NOT_YET, 10060001)
    assert api.upload_shipment(shipment) == not_yet
    clock.advance(seconds=9)
    assert api.upload_shipment(shipment) == not_yet
    clock.advance(seconds=1)
    assert api.upload_shipment(shipment) == DONE
    unknown = replace(shipment, transaction_id="4200000000")
    assert api.upload_shipment(unknown) == not_yet


def test_what_is_refunded_cannot_be_shipped(
    api: WechatApiHttp, merchant: Merchant, shipment: ShipmentUpload, clock: Clock
) -> None:
    merchant.refund("rf-1", 990)
    assert api.upload_shipment(shipment) == DONE
    clock.advance(seconds=60)
    merchant.refund("rf-2", 1000)
    changed = later(shipment, tracking_no="YT2")
    assert api.upload_shipment(changed) == UploadResult(UploadOutcome.REFUSED, 10060004)
    wanted = {"transaction_id": shipment.transaction_id}
    assert asked(merchant, ORDER, wanted)["order"]["order_state"] == 5


def test_an_upload_of_the_wrong_form_is_refused(
    merchant: Merchant, openid: str, shipment: ShipmentUpload
) -> None:
    parcel = {"tracking_no": "YT1", "express_company": "YTO", "item_desc": "苹果"}
    body = {
        "order_key": {"order_number_type": 2, "transaction_id": shipment.transaction_id},
        "logistics_type": 1,
        "delivery_mode": 1,
        "shipping_list": [parcel],
        "upload_time": "2026-11-22T16:00:00.120+08:00",
        "payer": {"openid": openid},
    }
    sf, split = {**parcel, "express_company": "SF"}, {"delivery_mode": 2, "is_all_delivered": True}
    wrong: list[tuple[int, Json]] = [
        (47001, {"shipping_list": parcel}),
        (47001, {"upload_time": "2026-11-22 16:00:00"}),
        (47001, {"logistics_type": 5}),
        (47001, {"shipping_list": [{**parcel, "item_desc": "苹" * 121}]}),
        (47001, {"order_key": {"order_number_type": 1}}),
        (47001, {"more": 1}),
        (40003, {"payer": {"openid": "o1"}}),
        (268440065, {"payer": {"openid": openid_for(merchant.credentials.app_id, "Wang")}}),
        (268440065, {"shipping_list": []}),
        (268440065, {"shipping_list": [parcel, parcel]}),
        (268440065, {"shipping_list": [{"item_desc": "苹果"}]}),
        (268440065, {"shipping_list": [sf]}),
        (10060006, {**split, "logistics_type": 3}),
        (10060007, {"delivery_mode": 2}),
    ]
    assert [asked(merchant, UPLOAD, {**body, **change})["errcode"] for _, change in wrong] == [
        errcode for errcode, _ in wrong
    ]
    assert merchant.control("GET", f"shipments?out_trade_no={ORDER_NO}").json()["items"] == []
    first = {**body, "delivery_mode": 2, "is_all_delivered": False}
    second = {**body, **split, "upload_time": "2026-11-22T16:00:01.120+08:00"}
    for upload in (first, second):
        assert asked(merchant, UPLOAD, upload)["errcode"] == 0
    assert len(merchant.control("GET", f"shipments?out_trade_no={ORDER_NO}").json()["items"]) == 2


# What is pushed.


def read(push: MessagePush, inbox: Inbox, clock: Clock, index: int = -1) -> dict[str, Any]:
    post = inbox.posts[index]
    assert post.url.startswith(f"{MESSAGES_URL}?signature=")
    query = dict(parse_qsl(urlsplit(post.url).query))
    assert query["encrypt_type"] == "aes"
    return push.read(query, post.body, clock())


def tells(merchant: Merchant, sandbox: Sandbox, event: str, **more: Any) -> Json:
    body = {"out_trade_no": ORDER_NO, "event": event, **more}
    answer = merchant.control("POST", "messages", body)
    assert answer.status_code == 200, answer.json()
    sandbox.pump()
    return dict(answer.json())


def test_the_story_of_an_order_is_pushed_and_read(
    api: WechatApiHttp,
    merchant: Merchant,
    sandbox: Sandbox,
    inbox: Inbox,
    push: MessagePush,
    shipment: ShipmentUpload,
    clock: Clock,
) -> None:
    sandbox.configure(message_url=MESSAGES_URL)
    said = tells(merchant, sandbox, "remind_shipping")
    seen = read(push, inbox, clock)
    assert seen == {name: str(value) for name, value in said.items()}
    assert seen["Event"] == "trade_manage_remind_shipping"
    assert seen["transaction_id"] == shipment.transaction_id
    assert seen["merchant_trade_no"] == ORDER_NO

    api.upload_shipment(shipment)
    tells(merchant, sandbox, "settlement")
    shipped = read(push, inbox, clock)
    assert shipped["Event"] == "trade_manage_order_settlement"
    seconds = int(clock().timestamp())
    assert shipped["estimated_settlement_time"] == str(seconds + 10 * 86400)
    assert "confirm_receive_method" not in shipped

    clock.advance(seconds=3600)
    tells(merchant, sandbox, "confirm_receive")
    confirmed = read(push, inbox, clock)
    assert confirmed["Event"] == "trade_manage_order_settlement"
    assert (confirmed["confirm_receive_method"], confirmed["confirm_receive_time"]) == (
        "2",
        str(seconds + 3600),
    )
    wanted = {"transaction_id": shipment.transaction_id}
    assert asked(merchant, ORDER, wanted)["order"]["order_state"] == 3
    changed = later(shipment, tracking_no="YT2")
    assert api.upload_shipment(changed) == UploadResult(UploadOutcome.DONE, 10060002)


def test_time_confirms_too(
    api: WechatApiHttp,
    merchant: Merchant,
    sandbox: Sandbox,
    inbox: Inbox,
    push: MessagePush,
    shipment: ShipmentUpload,
    clock: Clock,
) -> None:
    sandbox.configure(message_url=MESSAGES_URL)
    api.upload_shipment(shipment)
    tells(merchant, sandbox, "confirm_receive", method="automatic")
    assert read(push, inbox, clock)["confirm_receive_method"] == "1"


@pytest.mark.parametrize("corrupt", ["signature", "timestamp", "key", "appid"])
def test_a_spoiled_message_is_not_believed(
    merchant: Merchant,
    sandbox: Sandbox,
    inbox: Inbox,
    push: MessagePush,
    shipment: ShipmentUpload,
    clock: Clock,
    corrupt: str,
) -> None:
    assert shipment.transaction_id
    sandbox.configure(message_url=MESSAGES_URL)
    tells(merchant, sandbox, "remind_shipping", notify={"corrupt": corrupt})
    with pytest.raises(NotAuthentic):
        read(push, inbox, clock, 1)


def test_an_unanswered_message_comes_three_times_in_all(
    merchant: Merchant, sandbox: Sandbox, inbox: Inbox, shipment: ShipmentUpload, clock: Clock
) -> None:
    assert shipment.transaction_id
    sandbox.pump()
    sandbox.configure(message_url=MESSAGES_URL)
    inbox.posts.clear()
    inbox.statuses = [500] * 9
    tells(merchant, sandbox, "remind_shipping")
    for _ in range(5):
        clock.advance(seconds=5)
        sandbox.pump()
    assert len(inbox.posts) == 3
    told = merchant.control("GET", f"notifications?out_trade_no={ORDER_NO}").json()["items"]
    assert told[-1]["event_type"] == "trade_manage_remind_shipping"
    assert sandbox.replay(ORDER_NO) == 1, "the payment alone"


def test_an_event_that_cannot_be_is_refused(
    merchant: Merchant, sandbox: Sandbox, shipment: ShipmentUpload
) -> None:
    assert shipment.transaction_id

    def refused(out_trade_no: str, event: str, **more: Any) -> str:
        body = {"out_trade_no": out_trade_no, "event": event, **more}
        return str(merchant.control("POST", "messages", body).json()["error"]["code"])

    assert refused(ORDER_NO, "remind_shipping") == "no_message_url"
    sandbox.configure(message_url=MESSAGES_URL)
    merchant.order("kt20261122000002")
    assert refused("kt20261122000002", "remind_shipping") == "order_not_paid"
    assert refused("kt20261122000003", "remind_shipping") == "order_not_found"
    assert refused(ORDER_NO, "settlement") == "order_not_shipped"
    assert refused(ORDER_NO, "confirm_receive") == "order_not_shipped"
    assert refused(ORDER_NO, "everything") == "invalid_request"
    spoiled = {"corrupt": "amount"}
    assert refused(ORDER_NO, "remind_shipping", notify=spoiled) == "invalid_request"
