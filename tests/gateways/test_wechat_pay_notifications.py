"""Which callbacks WechatPayV3 believes, and what it reads from them."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from chalicelib.gateways.wechat_pay import (
    ComplaintNotification,
    NotAuthentic,
    Notification,
    OtherNotification,
    PaymentNotification,
    RefundNotification,
    RefundReport,
    RefundStatus,
)
from chalicelib.gateways.wechat_pay_v3 import WechatPayCredentials, WechatPayV3
from chalicelib.kit.errors import WechatUnavailable
from tests.gateways.fake_wechat import (
    KEY_ID,
    MERCHANT_ID,
    NOW,
    OLDER_KEY_ID,
    TIMESTAMP,
    envelope,
    new_key,
    signed_headers,
)
from tests.gateways.test_wechat_pay_answers import PAID

Read = Callable[..., Notification]

NOTIFICATION_ID = "EV-2018022511223320873"
REFUNDED: dict[str, Any] = {
    "mchid": MERCHANT_ID,
    "out_trade_no": "o7Ks1pQ",
    "transaction_id": "4200000000202611220000000001",
    "out_refund_no": "r7Ks1pQ-1",
    "refund_id": "50000000382019052709732678859",
    "refund_status": "SUCCESS",
    "success_time": "2026-11-23T10:00:00+08:00",
    "user_received_account": "支付用户零钱",
    "amount": {"total": 1990, "refund": 990, "payer_total": 1990, "payer_refund": 990},
}


@pytest.fixture
def read(pay: WechatPayV3, wechat_key: RSAPrivateKey) -> Read:
    """Sign the content of a notification as WeChat does, and have it read."""

    def read(content: Any, **changed_headers: str) -> Notification:
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        headers = signed_headers(wechat_key, body)
        headers.update({name.replace("_", "-"): text for name, text in changed_headers.items()})
        return pay.read_notification(headers, body, NOW)

    return read


def test_a_payment_notification_carries_the_trade(read: Read) -> None:
    notification = read(envelope(PAID))

    assert isinstance(notification, PaymentNotification)
    assert notification.id == NOTIFICATION_ID
    assert notification.payment.out_trade_no == "o7Ks1pQ"
    assert notification.payment.amount_fen == 1990
    assert notification.payment.is_paid


def test_a_foreign_merchant_is_left_to_the_caller_to_judge(read: Read) -> None:
    notification = read(envelope({**PAID, "mchid": "1900000110"}))

    assert isinstance(notification, PaymentNotification)
    assert notification.payment.merchant_id == "1900000110"


@pytest.mark.parametrize("status", ["SUCCESS", "ABNORMAL", "CLOSED"])
def test_a_refund_notification_carries_the_report(read: Read, status: RefundStatus) -> None:
    content = {**REFUNDED, "refund_status": status}

    assert read(envelope(content, event_type=f"REFUND.{status}")) == RefundNotification(
        NOTIFICATION_ID,
        MERCHANT_ID,
        RefundReport(
            "r7Ks1pQ-1",
            "o7Ks1pQ",
            "50000000382019052709732678859",
            status,
            990,
            datetime(2026, 11, 23, 10, tzinfo=timezone(timedelta(hours=8))),
        ),
    )


def test_a_notification_about_something_else_is_authentic_and_not_decrypted(read: Read) -> None:
    content = envelope(b"", event_type="PAYSCORE.USER_PAID", ciphertext="not to be read")

    assert read(content) == OtherNotification(NOTIFICATION_ID, "PAYSCORE.USER_PAID")


@pytest.mark.parametrize(
    ("event_type", "content", "action"),
    [
        ("COMPLAINT.CREATE", {"action_type": "CREATE_COMPLAINT"}, "CREATE_COMPLAINT"),
        ("COMPLAINT.STATE_CHANGE", {"action_type": "USER_RESPONSE"}, "USER_RESPONSE"),
        ("COMPLAINT.STATE_CHANGE", {}, "COMPLAINT.STATE_CHANGE"),
    ],
)
def test_a_complaint_is_its_number_and_what_happened(
    read: Read, event_type: str, content: dict[str, str], action: str
) -> None:
    sealed = {"complaint_id": "200201820200101080076610000", **content}

    told = read(envelope(json.dumps(sealed).encode(), event_type=event_type))

    expected = ComplaintNotification(NOTIFICATION_ID, "200201820200101080076610000", action)
    assert told == expected


def test_header_names_are_read_in_any_case(pay: WechatPayV3, wechat_key: RSAPrivateKey) -> None:
    body = json.dumps(envelope(PAID)).encode()
    for change in (str.lower, str.upper, str.title):
        headers = {change(name): text for name, text in signed_headers(wechat_key, body).items()}

        assert pay.read_notification(headers, body, NOW).id == NOTIFICATION_ID


def test_either_of_two_known_keys_may_sign(
    pay: WechatPayV3, older_wechat_key: RSAPrivateKey
) -> None:
    body = json.dumps(envelope(PAID)).encode()
    headers = signed_headers(older_wechat_key, body, serial=OLDER_KEY_ID)

    assert pay.read_notification(headers, body, NOW).id == NOTIFICATION_ID


def test_a_platform_certificate_serves_as_a_key(
    credentials: WechatPayCredentials, older_wechat_key: RSAPrivateKey
) -> None:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Tenpay.com sign")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(older_wechat_key.public_key())
        .serial_number(1)
        .not_valid_before(datetime(2026, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2031, 1, 1, tzinfo=UTC))
        .sign(older_wechat_key, SHA256())
    )
    keys = {
        **credentials.public_keys,
        OLDER_KEY_ID: certificate.public_bytes(Encoding.PEM).decode(),
    }
    pay = WechatPayV3(replace(credentials, public_keys=keys), clock=lambda: NOW)
    body = json.dumps(envelope(PAID)).encode()
    headers = signed_headers(older_wechat_key, body, serial=OLDER_KEY_ID)

    assert pay.read_notification(headers, body, NOW).id == NOTIFICATION_ID


@pytest.mark.parametrize("away", [timedelta(seconds=299), timedelta(seconds=-299)])
def test_a_timestamp_299_seconds_away_is_fresh(
    pay: WechatPayV3, wechat_key: RSAPrivateKey, away: timedelta
) -> None:
    body = json.dumps(envelope(PAID)).encode()

    notification = pay.read_notification(signed_headers(wechat_key, body), body, NOW + away)

    assert notification.id == NOTIFICATION_ID


@pytest.mark.parametrize("away", [timedelta(seconds=300), timedelta(seconds=-300)])
def test_a_timestamp_300_seconds_away_is_stale(
    pay: WechatPayV3, wechat_key: RSAPrivateKey, away: timedelta
) -> None:
    body = json.dumps(envelope(PAID)).encode()

    with pytest.raises(NotAuthentic, match="300 s"):
        pay.read_notification(signed_headers(wechat_key, body), body, NOW + away)


def test_what_is_not_authentic_is_answered_with_401(read: Read) -> None:
    with pytest.raises(NotAuthentic) as refusal:
        read(envelope(PAID), Wechatpay_Nonce="another")

    assert (refusal.value.status, refusal.value.code) == (401, "not_authentic")
    assert refusal.value.__context__ is None


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"Wechatpay_Serial": "PUB_KEY_ID_OF_SOMEBODY"}, "not known here"),
        ({"Wechatpay_Serial": OLDER_KEY_ID}, "does not fit"),
        ({"Wechatpay_Nonce": "another"}, "does not fit"),
        ({"Wechatpay_Nonce": "\ud800"}, "does not fit"),
        ({"Wechatpay_Timestamp": str(TIMESTAMP + 1)}, "does not fit"),
        ({"Wechatpay_Timestamp": "soon"}, "not in seconds"),
        ({"Wechatpay_Timestamp": "-1"}, "not in seconds"),
        ({"Wechatpay_Timestamp": "١٧٩٥٣٦٠١٢٤"}, "not in seconds"),
        ({"Wechatpay_Timestamp": "9" * 5000}, "not in seconds"),
        ({"Wechatpay_Signature": "WECHATPAY/SIGNTEST/" + "A" * 325}, "deliberate probes"),
        ({"Wechatpay_Signature": "not base64!"}, "does not fit"),
        ({"Wechatpay_Signature": "签名"}, "does not fit"),
        ({"Wechatpay_Signature": "AAAA"}, "does not fit"),
        ({"Wechatpay_Signature_Type": "WECHATPAY2-SM2-WITH-SM3"}, "not in use"),
        ({"Wechatpay_Signature": ""}, "wechatpay-signature is missing"),
        ({"Wechatpay_Serial": ""}, "wechatpay-serial is missing"),
        ({"Wechatpay_Timestamp": ""}, "wechatpay-timestamp is missing"),
        ({"Wechatpay_Nonce": ""}, "wechatpay-nonce is missing"),
    ],
)
def test_a_changed_header_is_not_authentic(read: Read, changed: dict[str, str], says: str) -> None:
    with pytest.raises(NotAuthentic, match=says):
        read(envelope(PAID), **changed)


def test_no_headers_are_not_authentic(pay: WechatPayV3) -> None:
    with pytest.raises(NotAuthentic, match="is missing"):
        pay.read_notification({}, b"{}", NOW)


def test_a_changed_body_is_not_authentic_whatever_it_says(
    pay: WechatPayV3, wechat_key: RSAPrivateKey
) -> None:
    headers = signed_headers(wechat_key, json.dumps(envelope(PAID)).encode())

    with pytest.raises(NotAuthentic, match="does not fit"):
        pay.read_notification(headers, b"not even JSON", NOW)


def test_a_signature_by_a_stranger_is_not_authentic(pay: WechatPayV3) -> None:
    body = json.dumps(envelope(PAID)).encode()

    with pytest.raises(NotAuthentic, match="does not fit"):
        pay.read_notification(signed_headers(new_key(), body), body, NOW)


def test_a_changed_ciphertext_is_not_authentic(read: Read) -> None:
    content = envelope(PAID)
    sealed = content["resource"]["ciphertext"]
    content["resource"]["ciphertext"] = ("B" if sealed[0] == "A" else "A") + sealed[1:]

    with pytest.raises(NotAuthentic, match="cannot be decrypted"):
        read(content)


@pytest.mark.parametrize(
    ("resource", "says"),
    [
        ({"associated_data": "refund"}, "cannot be decrypted"),
        ({"associated_data": ""}, "cannot be decrypted"),
        ({"nonce": "fdasflkja485"}, "cannot be decrypted"),
        ({"nonce": "short"}, "cannot be decrypted"),
        ({"nonce": "\ud800dasflkja48"}, "cannot be decrypted"),
        ({"ciphertext": "AAAA"}, "cannot be decrypted"),
        ({"ciphertext": "not base64!"}, "cannot be decrypted"),
        ({"ciphertext": ""}, "no good ciphertext"),
        ({"algorithm": "AEAD_SM4_GCM"}, "not in use"),
    ],
    ids=str,
)
def test_content_that_does_not_open_is_not_authentic(
    read: Read, resource: dict[str, str], says: str
) -> None:
    with pytest.raises(NotAuthentic, match=says):
        read(envelope(PAID, **resource))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"torn {",
        b"[]",
        {},
        {**envelope(PAID), "id": None},
        {**envelope(PAID), "event_type": 1},
        {**envelope(PAID), "resource": "?"},
        {**envelope(PAID), "resource": {}},
        envelope(b"not JSON"),
        envelope({**PAID, "amount": {"total": 19.9}}),
        envelope({**REFUNDED, "refund_status": "?"}, event_type="REFUND.SUCCESS"),
        envelope({**REFUNDED, "mchid": None}, event_type="REFUND.SUCCESS"),
    ],
    ids=range(12),
)
def test_a_signed_notification_that_cannot_be_read_is_not_authentic(
    read: Read, content: Any
) -> None:
    with pytest.raises(NotAuthentic, match="has no good"):
        read(content)


@pytest.mark.parametrize(
    ("broken", "says"),
    [
        ({"api_v3_key": "too short"}, "api_v3_key is not 32 bytes long"),
        ({"public_keys": {KEY_ID: "not a key"}}, f"public key {KEY_ID} is not"),
    ],
)
def test_a_notification_that_our_keys_cannot_judge_is_to_be_sent_again(
    credentials: WechatPayCredentials, wechat_key: RSAPrivateKey, broken: dict[str, Any], says: str
) -> None:
    pay = WechatPayV3(replace(credentials, **broken), clock=lambda: NOW)
    body = json.dumps(envelope(PAID)).encode()

    with pytest.raises(WechatUnavailable, match=says) as refusal:
        pay.read_notification(signed_headers(wechat_key, body), body, NOW)

    assert "too short" not in str(refusal.value)
