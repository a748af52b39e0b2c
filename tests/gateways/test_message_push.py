"""Messages that WeChat pushes: what proves one, how it is opened, and what is not believed."""

import base64
import hashlib
import json
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from chalicelib.gateways.message_push import MessagePush, MessagePushOff
from chalicelib.gateways.wechat_pay import NotAuthentic
from chalicelib.kit.errors import WechatUnavailable
from tests.gateways.fake_wechat import APP_ID, NOW, TIMESTAMP

TOKEN = "spamtest"
AES_KEY = "kWxPEV2UEDyxWpmPdKC3F4dgPDmOvfKX1HGnEUDS1aR"
NONCE = "1320562132"
BY_OPENSSL = (
    "pxDvIKtJjb6ivztGO70jSv0uzdujNWmzKaWlEhbVxlnwd1aPnSeXi3WGXXtV9vmaGfXzKkLH2FPmI/N/BGO0ZQ=="
)
EVENT = {
    "ToUserName": "gh_1b2c",
    "CreateTime": 1795360124,
    "MsgType": "event",
    "Event": "trade_manage_remind_shipping",
    "transaction_id": "4200001234202611220123456789",
    "msg": "订单超过48小时未发货",
}
EVENT_TEXTS = {**EVENT, "CreateTime": "1795360124"}
EVENT_XML = (
    "<xml><ToUserName><![CDATA[gh_1b2c]]></ToUserName>\n<CreateTime>1795360124</CreateTime>"
    "<MsgType><![CDATA[event]]></MsgType>"
    "<Event><![CDATA[trade_manage_remind_shipping]]></Event>"
    "<transaction_id><![CDATA[4200001234202611220123456789]]></transaction_id>"
    "<msg><![CDATA[订单超过48小时未发货]]></msg></xml>"
)


def sealed(message: str, *, app_id: str = APP_ID, key: str = AES_KEY, pad: int = 32) -> str:
    """Sixteen bytes of salt, the length, the message, the app id; filled up to blocks of 32."""
    raw = message.encode()
    plain = b"0123456789abcdef" + len(raw).to_bytes(4, "big") + raw + app_id.encode()
    fill = pad - len(plain) % pad
    secret = base64.b64decode(key + "=")
    encryptor = Cipher(algorithms.AES(secret), modes.CBC(secret[:16])).encryptor()
    return base64.b64encode(encryptor.update(plain + bytes([fill] * fill))).decode()


def signature_of(*parts: str) -> str:
    return hashlib.sha1("".join(sorted(parts)).encode(), usedforsecurity=False).hexdigest()


def query_for(encrypted: str, **changes: str) -> dict[str, str]:
    stamp = str(TIMESTAMP)
    return {
        "signature": signature_of(TOKEN, stamp, NONCE),
        "timestamp": stamp,
        "nonce": NONCE,
        "encrypt_type": "aes",
        "msg_signature": signature_of(TOKEN, stamp, NONCE, encrypted),
        **changes,
    }


def body_of(encrypted: Any) -> bytes:
    return json.dumps({"ToUserName": "gh_1b2c", "Encrypt": encrypted}).encode()


def xml_of(encrypted: str) -> bytes:
    return (
        f"<xml>\n <ToUserName><![CDATA[gh_1b2c]]></ToUserName>\n"
        f" <Encrypt><![CDATA[{encrypted}]]></Encrypt>\n</xml>"
    ).encode()


@pytest.fixture
def push() -> MessagePush:
    return MessagePush(TOKEN, AES_KEY, APP_ID)


def test_a_message_that_openssl_encrypted_is_read(push: MessagePush) -> None:
    assert sealed('{"Event":"x"}') == BY_OPENSSL
    query = query_for(BY_OPENSSL)
    assert query["msg_signature"] == "2b03ea4260df3889a30d00714d209bfaac2d6c3c"

    assert push.read(query, body_of(BY_OPENSSL), NOW) == {"Event": "x"}


@pytest.mark.parametrize("message", [json.dumps(EVENT, ensure_ascii=False), EVENT_XML])
@pytest.mark.parametrize("wrap", [body_of, xml_of])
def test_json_and_xml_are_read_alike(push: MessagePush, message: str, wrap: Any) -> None:
    encrypted = sealed(message)

    assert push.read(query_for(encrypted), wrap(encrypted), NOW) == EVENT_TEXTS


@pytest.mark.parametrize("characters", range(1, 70))
def test_every_length_of_padding_comes_off(push: MessagePush, characters: int) -> None:
    encrypted = sealed(json.dumps({"msg": "x" * characters}))

    assert push.read(query_for(encrypted), body_of(encrypted), NOW) == {"msg": "x" * characters}


def test_what_is_nested_is_left_out(push: MessagePush) -> None:
    nested = json.dumps({"Event": "e", "List": [{"a": 1}], "n": None, "b": True})
    as_xml = "<xml><Event>e</Event><List><a>1</a><Event>f</Event></List></xml>"
    for message in (nested, as_xml):
        encrypted = sealed(message)
        assert push.read(query_for(encrypted), body_of(encrypted), NOW) == {"Event": "e"}


@pytest.mark.parametrize(
    "changes",
    [
        {"msg_signature": "0" * 40},
        {"msg_signature": "ü" * 40},
        {"msg_signature": ""},
        {"nonce": "1320562133"},
        {"nonce": ""},
        {"timestamp": str(TIMESTAMP + 1)},
        {"timestamp": ""},
    ],
)
def test_a_changed_query_is_not_believed(push: MessagePush, changes: dict[str, str]) -> None:
    encrypted = sealed("{}")
    with pytest.raises(NotAuthentic):
        push.read(query_for(encrypted, **changes), body_of(encrypted), NOW)


def test_the_plain_signature_does_not_stand_for_the_message(push: MessagePush) -> None:
    encrypted = sealed("{}")
    plain = signature_of(TOKEN, str(TIMESTAMP), NONCE)
    with pytest.raises(NotAuthentic):
        push.read(query_for(encrypted, msg_signature=plain), body_of(encrypted), NOW)


@pytest.mark.parametrize("seconds", [-300, 300, 86400])
def test_a_stale_message_is_not_believed(push: MessagePush, seconds: int) -> None:
    encrypted = sealed("{}")
    with pytest.raises(NotAuthentic, match="300 s"):
        push.read(query_for(encrypted), body_of(encrypted), NOW + timedelta(seconds=seconds))


def test_a_message_is_fresh_for_less_than_five_minutes(push: MessagePush) -> None:
    encrypted = sealed("{}")
    assert push.read(query_for(encrypted), body_of(encrypted), NOW + timedelta(seconds=299)) == {}


@pytest.mark.parametrize("timestamp", ["now", "1e9", "-5", "9" * 13])
def test_a_time_that_is_none_is_not_believed(push: MessagePush, timestamp: str) -> None:
    encrypted = sealed("{}")
    signed = signature_of(TOKEN, timestamp, NONCE, encrypted)
    query = query_for(encrypted, timestamp=timestamp, msg_signature=signed)
    with pytest.raises(NotAuthentic, match="not in seconds"):
        push.read(query, body_of(encrypted), NOW)


@pytest.mark.parametrize(
    "encrypted",
    [
        sealed("{}", app_id="wx0000000000000000"),
        sealed("{}", app_id=""),
        sealed("{}", key=AES_KEY[::-1]),
        sealed("not an object"),
        sealed("[]"),
        base64.b64encode(b"\0" * 32).decode(),
        base64.b64encode(b"too short").decode(),
        "not base64!",
        base64.b64encode(b"").decode() + "====",
    ],
)
def test_what_is_signed_but_not_for_us_or_not_legible_is_not_believed(
    push: MessagePush, encrypted: str
) -> None:
    with pytest.raises(NotAuthentic):
        push.read(query_for(encrypted), body_of(encrypted), NOW)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff",
        b"[" * 100_000,
        b'{"ToUserName": "gh"}',
        b'{"Encrypt": 5}',
        b'{"Encrypt": ""}',
        b"<xml></xml>",
        b"<xml><Encrypt></Encrypt></xml>",
        b"<xml><Encrypt>QQ==</Encrypt><Encrypt>QQ==</Encrypt></xml>",
        b'<!DOCTYPE x [<!ENTITY e "QQ==">]><xml><Encrypt>&e;</Encrypt></xml>',
    ],
)
def test_a_body_without_one_encrypted_message_is_not_believed(
    push: MessagePush, body: bytes
) -> None:
    with pytest.raises(NotAuthentic):
        push.read(query_for("QQ=="), body, NOW)


def test_the_address_is_confirmed_by_sending_the_text_back(push: MessagePush) -> None:
    signature = signature_of(TOKEN, str(TIMESTAMP), NONCE)
    query = {"signature": signature, "timestamp": str(TIMESTAMP), "nonce": NONCE, "echostr": "47"}

    assert push.echo(query) == "47"
    for change in ({"signature": "0" * 40}, {"nonce": "1"}, {"echostr": ""}, {"signature": ""}):
        with pytest.raises(NotAuthentic):
            push.echo({**query, **change})


@pytest.mark.parametrize("key", ["", "short", "!" * 43, "A" * 44])
def test_a_key_of_the_wrong_form_is_named_and_not_shown(key: str) -> None:
    encrypted = sealed("{}")
    with pytest.raises(WechatUnavailable, match="wechat_message_aes_key") as refusal:
        MessagePush(TOKEN, key, APP_ID).read(query_for(encrypted), body_of(encrypted), NOW)

    assert not key or key not in str(refusal.value)


def test_the_off_switch_believes_nothing() -> None:
    off = MessagePushOff(("wechat_message_token",))
    encrypted = sealed("{}")
    with pytest.raises(WechatUnavailable, match="wechat_message_token"):
        off.read(query_for(encrypted), body_of(encrypted), NOW)
    with pytest.raises(WechatUnavailable, match="wechat_message_token"):
        off.echo({})


def test_no_secret_is_in_the_repr(push: MessagePush) -> None:
    assert TOKEN not in repr(push)
    assert AES_KEY not in repr(push)
