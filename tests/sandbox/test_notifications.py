"""Notifications: what they hold, when they go out again, and every way to spoil one."""

from typing import Any

import pytest
from cryptography.exceptions import InvalidTag

from infra.local.wechat.refusals import ControlRefusal
from infra.local.wechat.sandbox import Sandbox
from tests.sandbox.merchant import (
    ORDER_NO,
    PAYMENTS_URL,
    SCHEME,
    TRADES_PATH,
    Clock,
    Inbox,
    Merchant,
)

SCHEDULE_SECONDS = [15, 15, 30, 180, 600, 1200, 1800, 1800, 1800, 3600]
SCHEDULE_SECONDS += [10800, 10800, 10800, 21600, 21600]


def pay(merchant: Merchant, sandbox: Sandbox, **notify: Any) -> None:
    sandbox.pay("Lin", merchant.prepay(), notify=notify)


def test_a_payment_is_told_to_the_orders_url_as_a_query_would_show_it(
    merchant: Merchant, sandbox: Sandbox, inbox: Inbox
) -> None:
    pay(merchant, sandbox)
    assert inbox.posts == []
    assert sandbox.pump() == 1
    post = inbox.posts[0]
    assert post.url == PAYMENTS_URL
    assert post.headers["Content-Type"] == "application/json"
    assert post.headers["Wechatpay-Signature-Type"] == SCHEME
    assert merchant.is_authentic(post.headers, post.body)
    assert merchant.open(post) == merchant.query().json()


def test_the_envelope_has_the_documented_fields(
    merchant: Merchant, sandbox: Sandbox, inbox: Inbox
) -> None:
    pay(merchant, sandbox)
    sandbox.pump()
    envelope = inbox.posts[0].envelope
    resource = envelope.pop("resource")
    assert envelope.pop("id").startswith("EV-")
    assert envelope == {
        "create_time": "2026-11-22T16:00:00+08:00",
        "resource_type": "encrypt-resource",
        "event_type": "TRANSACTION.SUCCESS",
        "summary": "支付成功",
    }
    assert len(resource.pop("nonce")) == 12
    assert resource.pop("ciphertext")
    assert resource == {
        "original_type": "transaction",
        "algorithm": "AEAD_AES_256_GCM",
        "associated_data": "transaction",
    }


def test_an_acknowledged_notification_is_not_sent_again(
    merchant: Merchant, sandbox: Sandbox, inbox: Inbox, clock: Clock
) -> None:
    pay(merchant, sandbox)
    sandbox.pump()
    clock.advance(days=2)
    assert sandbox.pump() == 0
    assert len(inbox.posts) == 1


def test_an_unacknowledged_notification_is_redelivered_along_the_schedule(
    merchant: Merchant, sandbox: Sandbox, inbox: Inbox, clock: Clock
) -> None:
    inbox.statuses = [500] * 16
    pay(merchant, sandbox)
    sandbox.pump()
    for seconds in SCHEDULE_SECONDS:
        clock.advance(seconds=seconds - 1)
        assert sandbox.pump() == 0
        clock.advance(seconds=1)
        assert sandbox.pump() == 1
    clock.advance(days=30)
    assert sandbox.pump() == 0
    assert len(inbox.posts) == 16
    assert {post.envelope["id"] for post in inbox.posts} == {inbox.posts[0].envelope["id"]}
    assert sum(SCHEDULE_SECONDS) == 24 * 3600 + 4 * 60


def test_redelivery_ends_with_the_first_acknowledgement(
    merchant: Merchant, sandbox: Sandbox, inbox: Inbox, clock: Clock
) -> None:
    inbox.statuses = [0, 401, 200]
    pay(merchant, sandbox)
    sent = []
    for _ in range(5):
        sent.append(sandbox.pump())
        clock.advance(seconds=60)
    assert sent == [1, 1, 1, 0, 0]


@pytest.mark.parametrize(("status", "sent_again"), [(200, 0), (204, 0), (202, 1), (302, 1)])
def test_only_200_and_204_acknowledge(
    merchant: Merchant,
    sandbox: Sandbox,
    inbox: Inbox,
    clock: Clock,
    status: int,
    sent_again: int,
) -> None:
    inbox.statuses = [status]
    pay(merchant, sandbox)
    sandbox.pump()
    clock.advance(seconds=15)
    assert sandbox.pump() == sent_again


def test_redelivery_is_signed_anew(
    merchant: Merchant, sandbox: Sandbox, inbox: Inbox, clock: Clock
) -> None:
    inbox.statuses = [500] * 4
    pay(merchant, sandbox)
    sandbox.pump()
    for seconds in (15, 15, 30, 180):
        clock.advance(seconds=seconds)
        sandbox.pump()
    assert merchant.is_authentic(inbox.posts[4].headers, inbox.posts[4].body)
    clock.advance(minutes=2)
    assert not merchant.is_authentic(inbox.posts[3].headers, inbox.posts[3].body)


def test_as_many_copies_are_sent_as_were_asked_for(
    merchant: Merchant, sandbox: Sandbox, inbox: Inbox, clock: Clock
) -> None:
    pay(merchant, sandbox, times=3)
    assert sandbox.pump() == 3
    assert len({post.envelope["id"] for post in inbox.posts}) == 1
    clock.advance(days=2)
    assert sandbox.pump() == 0


def test_copies_need_one_acknowledgement_between_them(
    merchant: Merchant, sandbox: Sandbox, inbox: Inbox, clock: Clock
) -> None:
    inbox.statuses = [500, 204, 500]
    pay(merchant, sandbox, times=3)
    sandbox.pump()
    clock.advance(days=2)
    assert sandbox.pump() == 0
    assert len(inbox.posts) == 3


def test_a_notification_can_be_lost_and_replayed(
    merchant: Merchant, sandbox: Sandbox, inbox: Inbox, clock: Clock
) -> None:
    pay(merchant, sandbox, times=0)
    clock.advance(days=2)
    assert sandbox.pump() == 0
    assert merchant.query().json()["trade_state"] == "SUCCESS"
    assert sandbox.replay(ORDER_NO) == 1
    assert sandbox.pump() == 1
    assert merchant.open(inbox.posts[0])["out_trade_no"] == ORDER_NO


def test_a_notification_can_be_late(
    merchant: Merchant, sandbox: Sandbox, inbox: Inbox, clock: Clock
) -> None:
    pay(merchant, sandbox, delay_seconds=90)
    clock.advance(seconds=89)
    assert sandbox.pump() == 0
    clock.advance(seconds=1)
    assert sandbox.pump() == 1
    assert inbox.posts[0].envelope["create_time"] == "2026-11-22T16:00:00+08:00"


def test_advancing_business_time_makes_redelivery_due(
    merchant: Merchant, sandbox: Sandbox, inbox: Inbox, clock: Clock
) -> None:
    inbox.statuses = [500]
    pay(merchant, sandbox)
    sandbox.pump()
    sandbox.advance(15)
    assert sandbox.pump() == 1
    assert inbox.posts[1].headers["Wechatpay-Timestamp"] == str(int(clock().timestamp()))


def test_a_replay_of_a_payment_shows_the_order_as_it_was_then(
    merchant: Merchant, sandbox: Sandbox, inbox: Inbox
) -> None:
    pay(merchant, sandbox)
    merchant.refund("rf-1", 1990)
    sandbox.pump()
    assert sandbox.replay(ORDER_NO, times=2) == 1
    assert sandbox.pump() == 2
    assert merchant.query().json()["trade_state"] == "REFUND"
    assert merchant.open(inbox.posts[-1])["trade_state"] == "SUCCESS"


def test_a_replay_of_a_refund_sends_all_that_was_told_of_it(
    merchant: Merchant, sandbox: Sandbox, inbox: Inbox
) -> None:
    sandbox.configure(hold_refunds=True)
    pay(merchant, sandbox)
    merchant.refund("rf-1", 1990)
    sandbox.settle_refund("rf-1", "abnormal")
    sandbox.settle_refund("rf-1", "success")
    sandbox.pump()
    inbox.posts.clear()
    assert sandbox.replay(out_refund_no="rf-1") == 2
    sandbox.pump()
    assert inbox.event_types() == ["REFUND.ABNORMAL", "REFUND.SUCCESS"]


def test_a_replay_that_is_not_acknowledged_is_redelivered(
    merchant: Merchant, sandbox: Sandbox, inbox: Inbox, clock: Clock
) -> None:
    pay(merchant, sandbox)
    sandbox.pump()
    inbox.statuses = [500]
    sandbox.replay(ORDER_NO)
    sandbox.pump()
    clock.advance(seconds=15)
    assert sandbox.pump() == 1


def test_only_what_happened_can_be_replayed(merchant: Merchant, sandbox: Sandbox) -> None:
    merchant.order()
    for out_trade_no, out_refund_no in ((ORDER_NO, ""), ("", "rf-1")):
        with pytest.raises(ControlRefusal) as refused:
            sandbox.replay(out_trade_no, out_refund_no=out_refund_no)
        assert refused.value.code == "notification_not_found"


@pytest.mark.parametrize("kind", ["signature", "signtest", "timestamp", "serial", "body"])
def test_a_forgery_is_not_authentic_and_the_genuine_one_follows(
    merchant: Merchant, sandbox: Sandbox, inbox: Inbox, clock: Clock, kind: str
) -> None:
    pay(merchant, sandbox, corrupt=kind)
    assert sandbox.pump() == 1
    assert not merchant.is_authentic(inbox.posts[0].headers, inbox.posts[0].body)
    clock.advance(seconds=15)
    assert sandbox.pump() == 1
    assert merchant.is_authentic(inbox.posts[1].headers, inbox.posts[1].body)
    assert merchant.open(inbox.posts[1]) == merchant.query().json()


def test_corrupt_true_means_the_signature(
    merchant: Merchant, sandbox: Sandbox, inbox: Inbox
) -> None:
    pay(merchant, sandbox, corrupt=True)
    sandbox.pump()
    assert not merchant.is_authentic(inbox.posts[0].headers, inbox.posts[0].body)
    assert sandbox.notifications(out_trade_no=ORDER_NO)[0]["attempts"] == [
        {"at": "2026-11-22T16:00:00+08:00", "status": 204, "corrupt": "signature"}
    ]


def test_the_probe_is_known_by_how_its_signature_starts(
    merchant: Merchant, sandbox: Sandbox, inbox: Inbox
) -> None:
    pay(merchant, sandbox, corrupt="signtest")
    sandbox.pump()
    assert inbox.posts[0].headers["Wechatpay-Signature"].startswith("WECHATPAY/SIGNTEST/")


def test_a_stale_timestamp_is_honestly_signed_and_five_minutes_old(
    merchant: Merchant, sandbox: Sandbox, inbox: Inbox, clock: Clock
) -> None:
    pay(merchant, sandbox, corrupt="timestamp")
    sandbox.pump()
    post = inbox.posts[0]
    assert int(post.headers["Wechatpay-Timestamp"]) == int(clock().timestamp()) - 300
    clock.advance(seconds=-1)
    assert merchant.is_authentic(post.headers, post.body)


def test_a_strange_serial_names_no_key_of_wechats(
    merchant: Merchant, sandbox: Sandbox, inbox: Inbox
) -> None:
    pay(merchant, sandbox, corrupt="serial")
    sandbox.pump()
    serial = inbox.posts[0].headers["Wechatpay-Serial"]
    assert merchant.credentials.find_platform_key(serial) is None


def test_a_notification_sealed_with_another_key_is_authentic_and_unreadable(
    merchant: Merchant, sandbox: Sandbox, inbox: Inbox
) -> None:
    pay(merchant, sandbox, corrupt="key")
    sandbox.pump()
    assert merchant.is_authentic(inbox.posts[0].headers, inbox.posts[0].body)
    with pytest.raises(InvalidTag):
        merchant.open(inbox.posts[0])


@pytest.mark.parametrize(
    ("kind", "path", "value"),
    [
        ("amount", ("amount", "total"), 1991),
        ("amount", ("amount", "payer_total"), 1991),
        ("currency", ("amount", "currency"), "USD"),
        ("order", ("out_trade_no",), "kt20261122000000"),
    ],
)
def test_a_distortion_is_authentic_with_one_thing_wrong(
    merchant: Merchant,
    sandbox: Sandbox,
    inbox: Inbox,
    kind: str,
    path: tuple[str, ...],
    value: Any,
) -> None:
    pay(merchant, sandbox, corrupt=kind)
    sandbox.pump()
    assert merchant.is_authentic(inbox.posts[0].headers, inbox.posts[0].body)
    seen: Any = merchant.open(inbox.posts[0])
    for name in path:
        seen = seen[name]
    assert seen == value


@pytest.mark.parametrize(("kind", "field"), [("merchant", "mchid"), ("appid", "appid")])
def test_a_distortion_can_name_somebody_else(
    merchant: Merchant, sandbox: Sandbox, inbox: Inbox, kind: str, field: str
) -> None:
    pay(merchant, sandbox, corrupt=kind)
    sandbox.pump()
    told, true = merchant.open(inbox.posts[0]), merchant.query().json()
    assert told[field] != true[field]
    assert len(told[field]) == len(true[field])
    assert {**told, field: true[field]} == true


def test_a_distortion_is_redelivered_as_it_was_and_ends_when_acknowledged(
    merchant: Merchant, sandbox: Sandbox, inbox: Inbox, clock: Clock
) -> None:
    inbox.statuses = [500, 204]
    pay(merchant, sandbox, corrupt="amount")
    sandbox.pump()
    clock.advance(seconds=15)
    sandbox.pump()
    clock.advance(days=2)
    assert sandbox.pump() == 0
    told = [merchant.open(post)["amount"]["total"] for post in inbox.posts]
    assert told == [1991, 1991]


def test_a_refunds_notification_can_be_spoiled(
    merchant: Merchant, sandbox: Sandbox, inbox: Inbox
) -> None:
    sandbox.configure(hold_refunds=True)
    pay(merchant, sandbox, times=0)
    merchant.refund("rf-1", 990)
    for senseless in ("currency", "appid"):
        with pytest.raises(ControlRefusal) as refused:
            sandbox.settle_refund("rf-1", "success", {"corrupt": senseless})
        assert refused.value.status == 422
    assert merchant.query_refund("rf-1").json()["status"] == "PROCESSING"
    sandbox.settle_refund("rf-1", "success", {"corrupt": "amount", "times": 2})
    assert sandbox.pump() == 2
    told = [merchant.open(post)["amount"]["refund"] for post in inbox.posts]
    assert told == [991, 991]


def test_a_replay_can_be_spoiled(merchant: Merchant, sandbox: Sandbox, inbox: Inbox) -> None:
    pay(merchant, sandbox)
    sandbox.pump()
    sandbox.replay(ORDER_NO, corrupt="merchant")
    sandbox.pump()
    assert merchant.is_authentic(inbox.posts[1].headers, inbox.posts[1].body)
    assert merchant.open(inbox.posts[1])["mchid"] != merchant.credentials.merchant_id


def test_the_merchant_may_call_back_while_it_is_being_told(
    merchant: Merchant, sandbox: Sandbox, inbox: Inbox
) -> None:
    states = []
    inbox.on_post = lambda: states.append(merchant.query().json()["trade_state"])
    pay(merchant, sandbox)
    sandbox.pump()
    assert states == ["SUCCESS"]


def test_what_the_handling_makes_due_is_sent_by_the_same_pump(
    merchant: Merchant, sandbox: Sandbox, inbox: Inbox
) -> None:
    def refund_once() -> None:
        inbox.on_post = lambda: None
        merchant.refund("rf-1", 1990)

    inbox.on_post = refund_once
    pay(merchant, sandbox)
    assert sandbox.pump() == 2
    assert inbox.event_types() == ["TRANSACTION.SUCCESS", "REFUND.SUCCESS"]


def test_a_delivery_that_breaks_is_tried_again(
    merchant: Merchant, sandbox: Sandbox, inbox: Inbox, clock: Clock
) -> None:
    def break_down() -> None:
        inbox.on_post = lambda: None
        raise ConnectionError("gone")

    inbox.on_post = break_down
    pay(merchant, sandbox)
    with pytest.raises(ConnectionError, match="gone"):
        sandbox.pump()
    clock.advance(seconds=15)
    assert sandbox.pump() == 1


def test_an_echo_goes_through_signing_encryption_and_notification(
    merchant: Merchant, sandbox: Sandbox, inbox: Inbox
) -> None:
    body = {"echo_message": "你好", "notify_url": PAYMENTS_URL}
    response = merchant.call("POST", "/v3/security/echo", body)
    assert response.json() == {"echo_message": "你好"}
    sandbox.pump()
    assert inbox.event_types() == ["SECURITY_ECHO.SUCCESS"]
    assert merchant.open(inbox.posts[0]) == {"echo_message": "你好"}


def test_there_are_no_platform_certificates_in_public_key_mode(merchant: Merchant) -> None:
    response = merchant.call("GET", "/v3/certificates")
    assert (response.status_code, response.json()["code"]) == (404, "RESOURCE_NOT_EXISTS")
    assert merchant.call("GET", f"{TRADES_PATH}/certificates").status_code == 404
