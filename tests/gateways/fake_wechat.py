"""WeChat as the gateway tests need it: keys, signatures made with `cryptography` alone, and a
transport that records every request and answers what a test has queued.
"""

import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from requests import PreparedRequest, Response, Session
from requests.adapters import BaseAdapter

NOW = datetime(2026, 11, 22, 15, 8, 44, tzinfo=UTC)
TIMESTAMP = 1795360124

MERCHANT_ID = "1900000109"
MERCHANT_SERIAL = "5157F09EFDC096DE15EBE81A47057A7232F1B8E1"
KEY_ID = "PUB_KEY_ID_0119000001092026112200000001"
OLDER_KEY_ID = "7132D72A03E93CDDF8C03BBD1F37EEDF00000000"
API_V3_KEY = "0123456789abcdefghijklmnopqrstuv"
APP_ID = "wx2421b1c4370ec43b"
OPENID = "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"

Sent = tuple[int, Mapping[str, str], bytes]


def new_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def private_pem(key: rsa.RSAPrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def public_pem(key: rsa.RSAPrivateKey) -> str:
    public = key.public_key()
    return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def signature_of(key: rsa.RSAPrivateKey, message: bytes) -> str:
    return b64encode(key.sign(message, padding.PKCS1v15(), hashes.SHA256())).decode()


def check_signature(key: rsa.RSAPrivateKey, signature: str, message: bytes) -> None:
    """Raise InvalidSignature unless `key` signed exactly `message`."""
    raw = b64decode(signature, validate=True)
    key.public_key().verify(raw, message, padding.PKCS1v15(), hashes.SHA256())


def signed_headers(
    key: rsa.RSAPrivateKey, body: bytes, *, timestamp: int = TIMESTAMP, serial: str = KEY_ID
) -> dict[str, str]:
    nonce = "c5ac7061fccab6bf3e254dcf98995b8c"
    return {
        "Wechatpay-Timestamp": str(timestamp),
        "Wechatpay-Nonce": nonce,
        "Wechatpay-Serial": serial,
        "Wechatpay-Signature": signature_of(key, f"{timestamp}\n{nonce}\n".encode() + body + b"\n"),
        "Wechatpay-Signature-Type": "WECHATPAY2-SHA256-RSA2048",
        "Request-ID": "08E68E97CC0510CF05-0",
    }


def envelope(
    content: Mapping[str, Any] | bytes, *, event_type: str = "TRANSACTION.SUCCESS", **resource: str
) -> dict[str, Any]:
    """A notification around encrypted content; `resource` overrides fields afterwards."""
    plain = content if isinstance(content, bytes) else json.dumps(content).encode()
    sealed = AESGCM(API_V3_KEY.encode()).encrypt(b"fdasflkja484", plain, b"transaction")
    return {
        "id": "EV-2018022511223320873",
        "create_time": "2026-11-22T23:08:44+08:00",
        "resource_type": "encrypt-resource",
        "event_type": event_type,
        "summary": "支付成功",
        "resource": {
            "original_type": "transaction",
            "algorithm": "AEAD_AES_256_GCM",
            "ciphertext": b64encode(sealed).decode(),
            "associated_data": "transaction",
            "nonce": "fdasflkja484",
            **resource,
        },
    }


class FakeWechat(BaseAdapter):
    """A `requests` transport: everything above it is real, nothing below it exists."""

    def __init__(self, key: rsa.RSAPrivateKey) -> None:
        super().__init__()
        self.key = key
        self.requests: list[PreparedRequest] = []
        self.timeouts: list[object] = []
        self._answers: list[Callable[[], Sent]] = []

    def session(self) -> Session:
        session = Session()
        session.trust_env = False
        session.mount("https://", self)
        return session

    def will_answer(
        self, status: int, content: Any = None, *, headers: Mapping[str, str] | None = None
    ) -> None:
        """Queue an answer as it is. `content` is bytes, or something to be sent as JSON."""
        body = _bytes_of(content)
        self._answers.append(lambda: (status, headers or {}, body))

    def will_answer_signed(self, status: int, content: Any = None) -> None:
        """Queue an answer that verifies."""
        body = _bytes_of(content)
        self.will_answer(status, body, headers=signed_headers(self.key, body))

    def will_refuse(self, status: int, code: str, message: str = "", number: int = 0) -> None:
        """Queue an unsigned error as WeChat gives it; `number` ends its Request-ID."""
        headers = {"Request-ID": f"08E68E97CC0510CF05-{number}"}
        self.will_answer(status, {"code": code, "message": message}, headers=headers)

    def will_fail(self, error: Exception) -> None:
        """Queue an error of the transport."""

        def fail() -> Sent:
            raise error

        self._answers.append(fail)

    def send(
        self, request: PreparedRequest, *_: object, timeout: object = None, **__: object
    ) -> Response:
        self.requests.append(request)
        self.timeouts.append(timeout)
        status, headers, body = self._answers.pop(0)()
        response = Response()
        response.status_code = status
        response.headers.update(headers)
        response.raw = BytesIO(body)
        response.url = request.url or ""
        response.request = request
        return response

    def close(self) -> None:
        """Nothing is open."""


def _bytes_of(content: Any) -> bytes:
    if content is None:
        return b""
    return content if isinstance(content, bytes) else json.dumps(content).encode()
