"""WeChat Pay v3 cryptography: who called, what is signed, what is sealed.

Owns the strings that are signed and the refusal of a call that cannot prove who made it.
Never decides what a call may do.
"""

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP, PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA1, SHA256

from infra.local.wechat.credentials import Credentials, PlatformKey
from infra.local.wechat.exchange import Call
from infra.local.wechat.refusals import PayRefusal

SCHEME = "WECHATPAY2-SHA256-RSA2048"
CLOCK_TOLERANCE_SECONDS = 300
SHOWN_MESSAGE_CHARACTERS = 256
AUTHORIZATION_FIELDS = frozenset({"mchid", "nonce_str", "signature", "timestamp", "serial_no"})

_PAIR = re.compile(r'\s*([a-z_]+)="([^"]*)"\s*')
_TIMESTAMP = re.compile(r"[0-9]{1,12}")
# What sensitive fields are encrypted with is WeChat's choice, SHA-1 included.
_SHA1 = SHA1()  # noqa: S303 # nosec B303
_OAEP = OAEP(mgf=MGF1(algorithm=_SHA1), algorithm=_SHA1, label=None)


def sign(key: RSAPrivateKey, message: bytes) -> str:
    return base64.b64encode(key.sign(message, PKCS1v15(), SHA256())).decode("ascii")


def is_signed(key: RSAPublicKey, message: bytes, signature: str) -> bool:
    try:
        key.verify(base64.b64decode(signature, validate=True), message, PKCS1v15(), SHA256())
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return True


def response_message(timestamp: str, nonce: str, body: bytes) -> bytes:
    """What WeChat Pay signs of an answer or a notification; an empty body has its line too."""
    return f"{timestamp}\n{nonce}\n".encode() + body + b"\n"


def payment_message(app_id: str, payment: Mapping[str, str]) -> bytes:
    """What the merchant signs of the parameters handed to the mini-program."""
    lines = (app_id, payment["timeStamp"], payment["nonceStr"], payment["package"])
    return "".join(f"{line}\n" for line in lines).encode("utf-8")


def signature_headers(key: PlatformKey, timestamp: str, nonce: str, body: bytes) -> dict[str, str]:
    return {
        "Wechatpay-Timestamp": timestamp,
        "Wechatpay-Nonce": nonce,
        "Wechatpay-Serial": key.key_id,
        "Wechatpay-Signature": sign(key.private_key, response_message(timestamp, nonce, body)),
        "Wechatpay-Signature-Type": SCHEME,
    }


def broken_signature(signature: str) -> str:
    """Of the right length and alphabet, and wrong."""
    raw = bytearray(base64.b64decode(signature))
    raw[-1] ^= 1
    return base64.b64encode(bytes(raw)).decode("ascii")


def seal(api_v3_key: str, nonce: str, associated_data: str, content: bytes) -> str:
    """AES-256-GCM, the tag after the ciphertext, base64."""
    sealed = AESGCM(api_v3_key.encode("utf-8")).encrypt(
        nonce.encode("ascii"), content, associated_data.encode("utf-8")
    )
    return base64.b64encode(sealed).decode("ascii")


def encrypt_field(key: RSAPublicKey, content: str) -> str:
    return base64.b64encode(key.encrypt(content.encode("utf-8"), _OAEP)).decode("ascii")


def decrypt_field(key: RSAPrivateKey, content: str) -> str | None:
    """The plain text of a sensitive field, or None when it was not encrypted for this key."""
    try:
        return key.decrypt(base64.b64decode(content, validate=True), _OAEP).decode("utf-8")
    except (ValueError, binascii.Error):
        return None


@dataclass(frozen=True)
class Authorization:
    """The Authorization header of a call, its fields in whatever order they came."""

    merchant_id: str
    nonce: str
    signature: str
    timestamp: str
    serial: str


def parse_authorization(header: str) -> Authorization:
    scheme, _, rest = header.partition(" ")
    if scheme != SCHEME:
        raise sign_error("Http头Authorization认证类型不正确", "authorization", "unknown scheme")
    fields: dict[str, str] = {}
    for part in rest.split(","):
        pair = _PAIR.fullmatch(part)
        if not pair or pair[1] in fields:
            raise _malformed()
        fields[pair[1]] = pair[2]
    if fields.keys() != AUTHORIZATION_FIELDS or not all(fields.values()):
        raise _malformed()
    return Authorization(
        merchant_id=fields["mchid"],
        nonce=fields["nonce_str"],
        signature=fields["signature"],
        timestamp=fields["timestamp"],
        serial=fields["serial_no"],
    )


def authenticate(call: Call, credentials: Credentials, now: datetime) -> Authorization:
    """The proven caller, or a 401 SIGN_ERROR. `now` is real time, not business time."""
    given = parse_authorization(call.header("authorization"))
    if given.merchant_id != credentials.merchant_id:
        raise sign_error("商户号不存在", "mchid", "mchid not exists")
    if given.serial != credentials.merchant_serial:
        raise sign_error("商户证书序列号有误", "serial_no", "serial_no not match")
    if not _TIMESTAMP.fullmatch(given.timestamp):
        raise _malformed()
    if abs(now.timestamp() - int(given.timestamp)) > CLOCK_TOLERANCE_SECONDS:
        message = "Http头Authorization中的timestamp与发起请求的时间不得超过5分钟"
        raise sign_error(message, "timestamp", "timestamp expired")
    head = f"{call.method}\n{call.url}\n{given.timestamp}\n{given.nonce}\n"
    message_signed = head.encode("utf-8") + call.body + b"\n"
    if not is_signed(credentials.merchant_public_key, message_signed, given.signature):
        shown = message_signed.decode("utf-8", "replace")[:SHOWN_MESSAGE_CHARACTERS]
        information = {
            "method": call.method,
            "sign_message_length": len(message_signed),
            "truncated_sign_message": shown,
            "url": call.url,
        }
        raise sign_error("签名错误", "signature", "sign not match", information)
    return given


def sign_error(
    message: str, field: str, issue: str, information: dict[str, Any] | None = None
) -> PayRefusal:
    detail: dict[str, Any] = {
        "detail": {"issue": issue},
        "field": field,
        "location": "authorization",
    }
    if information:
        detail["sign_information"] = information
    return PayRefusal(401, "SIGN_ERROR", message, detail=detail)


def _malformed() -> PayRefusal:
    return sign_error("Http头Authorization值格式错误", "authorization", "malformed header")
