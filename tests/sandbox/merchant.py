"""A merchant for these tests: signs its calls by itself and reads what WeChat tells it.

Shares no signing code with the sandbox, so that the two cannot be wrong in the same way.
"""

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import requests
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP, PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA1, SHA256

from infra.local.wechat.credentials import Credentials
from infra.local.wechat.http import create_app
from infra.local.wechat.in_process import WsgiAdapter
from infra.local.wechat.sandbox import Sandbox

HOST = "https://wechat.test"
PAYMENTS_URL = "https://shop.test/v1/wechat/payments"
REFUNDS_URL = "https://shop.test/v1/wechat/refunds"
TRANSFERS_URL = "https://shop.test/v1/wechat/transfers"
ORDER_NO = "kt20261122000001"
BILL_NO = "wd20261122000001"
START = datetime(2026, 11, 22, 8, 0, 0, tzinfo=UTC)
SCHEME = "WECHATPAY2-SHA256-RSA2048"
TRADES_PATH = "/v3/pay/transactions"
REFUNDS_PATH = "/v3/refund/domestic/refunds"
TRANSFERS_PATH = "/v3/fund-app/mch-transfer/transfer-bills"

SENSITIVE = OAEP(mgf=MGF1(algorithm=SHA1()), algorithm=SHA1(), label=None)  # noqa: S303

Json = dict[str, Any]


class Clock:
    def __init__(self) -> None:
        self.time = START

    def __call__(self) -> datetime:
        return self.time

    def advance(self, **duration: float) -> None:
        self.time += timedelta(**duration)


@dataclass
class Post:
    url: str
    headers: dict[str, str]
    body: bytes

    @property
    def envelope(self) -> Json:
        return dict(json.loads(self.body))


@dataclass
class Inbox:
    """Takes notifications. Answers the planned statuses, then 204 for ever."""

    posts: list[Post] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    on_post: Callable[[], None] = lambda: None

    def __call__(self, url: str, headers: dict[str, str], body: bytes) -> int:
        self.posts.append(Post(url, headers, body))
        self.on_post()
        return self.statuses.pop(0) if self.statuses else 204

    def event_types(self) -> list[str]:
        return [post.envelope["event_type"] for post in self.posts]


class Merchant:
    def __init__(self, sandbox: Sandbox, clock: Callable[[], datetime]) -> None:
        self.credentials: Credentials = sandbox.credentials
        self._sandbox = sandbox
        self._clock = clock
        self.session = requests.Session()
        self.session.mount(HOST, WsgiAdapter(create_app(sandbox)))

    # WeChat Pay.

    def call(
        self,
        method: str,
        path: str,
        body: Json | None = None,
        *,
        raw: bytes | None = None,
        **headers: str,
    ) -> requests.Response:
        """A signed call. `headers`, with _ for -, replace what would be sent."""
        sent = raw if raw is not None else json.dumps(body).encode() if body is not None else b""
        given = {
            "Accept": "application/json",
            "User-Agent": "kaituan-tests",
            "Content-Type": "application/json",
            "Authorization": self.authorization(method, path, sent),
        }
        given.update({name.replace("_", "-"): value for name, value in headers.items()})
        return self.session.request(method, HOST + path, data=sent, headers=given, timeout=1)

    def authorization(self, method: str, path: str, body: bytes, **changes: str) -> str:
        fields = {
            "mchid": self.credentials.merchant_id,
            "nonce_str": "593BEC0C930BF1AFEB40B4A08C8FB242",
            "timestamp": str(int(self._clock().timestamp())),
            "serial_no": self.credentials.merchant_serial,
        }
        fields.update({name: value for name, value in changes.items() if name in fields})
        message = f"{method}\n{path}\n{fields['timestamp']}\n{fields['nonce_str']}\n"
        fields["signature"] = self.sign(message.encode() + body + b"\n")
        return f"{SCHEME} " + ",".join(f'{name}="{value}"' for name, value in fields.items())

    def sign(self, message: bytes) -> str:
        key = self.credentials.merchant_private_key
        return base64.b64encode(key.sign(message, PKCS1v15(), SHA256())).decode()

    def order_body(self, out_trade_no: str = ORDER_NO, **changes: Any) -> Json:
        body = {
            "appid": self.credentials.app_id,
            "mchid": self.credentials.merchant_id,
            "description": "山东苹果 5 kg",
            "out_trade_no": out_trade_no,
            "notify_url": PAYMENTS_URL,
            "amount": {"total": 1990, "currency": "CNY"},
            "payer": {"openid": self._sandbox.login_code("Lin").openid},
            **changes,
        }
        return {name: value for name, value in body.items() if value is not ...}

    def order(self, out_trade_no: str = ORDER_NO, **changes: Any) -> requests.Response:
        return self.call("POST", f"{TRADES_PATH}/jsapi", self.order_body(out_trade_no, **changes))

    def query(self, out_trade_no: str = ORDER_NO) -> requests.Response:
        query = f"?mchid={self.credentials.merchant_id}"
        return self.call("GET", f"{TRADES_PATH}/out-trade-no/{out_trade_no}{query}")

    def close(self, out_trade_no: str = ORDER_NO) -> requests.Response:
        body = {"mchid": self.credentials.merchant_id}
        return self.call("POST", f"{TRADES_PATH}/out-trade-no/{out_trade_no}/close", body)

    def refund_body(self, out_refund_no: str, amount_fen: int, /, **changes: Any) -> Json:
        body = {
            "out_trade_no": ORDER_NO,
            "out_refund_no": out_refund_no,
            "notify_url": REFUNDS_URL,
            "amount": {"refund": amount_fen, "total": 1990, "currency": "CNY"},
            **changes,
        }
        return {name: value for name, value in body.items() if value is not ...}

    def refund(self, out_refund_no: str, amount_fen: int, /, **changes: Any) -> requests.Response:
        body = self.refund_body(out_refund_no, amount_fen, **changes)
        return self.call("POST", REFUNDS_PATH, body)

    def query_refund(self, out_refund_no: str) -> requests.Response:
        return self.call("GET", f"{REFUNDS_PATH}/{out_refund_no}")

    def transfer_body(self, out_bill_no: str = BILL_NO, **changes: Any) -> Json:
        """10.00 to Lin, the commission of a promoter."""
        body = {
            "appid": self.credentials.app_id,
            "out_bill_no": out_bill_no,
            "transfer_scene_id": "1005",
            "openid": self._sandbox.login_code("Lin").openid,
            "transfer_amount": 1000,
            "transfer_remark": "十一月佣金",
            "notify_url": TRANSFERS_URL,
            "transfer_scene_report_infos": [
                {"info_type": "岗位类型", "info_content": "推广员"},
                {"info_type": "报酬说明", "info_content": "十一月推广佣金"},
            ],
            **changes,
        }
        return {name: value for name, value in body.items() if value is not ...}

    def transfer(self, out_bill_no: str = BILL_NO, **changes: Any) -> requests.Response:
        body = self.transfer_body(out_bill_no, **changes)
        serial = self.credentials.active_key.key_id
        return self.call("POST", TRANSFERS_PATH, body, Wechatpay_Serial=serial)

    def sealed(self, text: str) -> str:
        """For WeChat's eyes only."""
        return base64.b64encode(
            self.credentials.active_key.public_key.encrypt(text.encode(), SENSITIVE)
        ).decode()

    def query_transfer(self, out_bill_no: str = BILL_NO) -> requests.Response:
        return self.call("GET", f"{TRANSFERS_PATH}/out-bill-no/{out_bill_no}")

    def cancel_transfer(self, out_bill_no: str = BILL_NO) -> requests.Response:
        return self.call("POST", f"{TRANSFERS_PATH}/out-bill-no/{out_bill_no}/cancel")

    def payment(self, prepay_id: str) -> dict[str, str]:
        """What the mini-program hands to `wx.requestPayment`."""
        payment = {
            "timeStamp": str(int(self._clock().timestamp())),
            "nonceStr": "a1b2c3",
            "package": f"prepay_id={prepay_id}",
        }
        lines = [self.credentials.app_id, *payment.values()]
        signature = self.sign("".join(f"{line}\n" for line in lines).encode())
        return {**payment, "signType": "RSA", "paySign": signature}

    def prepay(self, out_trade_no: str = ORDER_NO, **changes: Any) -> dict[str, str]:
        return self.payment(self.order(out_trade_no, **changes).json()["prepay_id"])

    def paid(self, out_trade_no: str = ORDER_NO, **changes: Any) -> Json:
        """An order that Lin has paid, as a query shows it."""
        self._sandbox.pay("Lin", self.prepay(out_trade_no, **changes))
        return self._sandbox.trade(out_trade_no)

    # What comes back.

    def is_authentic(self, headers: Any, body: bytes) -> bool:
        """As a merchant must judge: known key, fresh timestamp, right signature."""
        key = self.credentials.find_platform_key(headers["Wechatpay-Serial"])
        seconds = int(headers["Wechatpay-Timestamp"])
        if key is None or abs(self._clock().timestamp() - seconds) >= 300:
            return False
        message = f"{seconds}\n{headers['Wechatpay-Nonce']}\n".encode() + body + b"\n"
        return is_signature(key.public_key, message, headers["Wechatpay-Signature"])

    def open(self, post: Post) -> Json:
        """The decrypted content of a notification."""
        resource = post.envelope["resource"]
        plain = AESGCM(self.credentials.api_v3_key.encode()).decrypt(
            resource["nonce"].encode(),
            base64.b64decode(resource["ciphertext"]),
            resource["associated_data"].encode(),
        )
        return dict(json.loads(plain))

    # The control plane.

    def control(self, method: str, path: str, body: Any = None) -> requests.Response:
        return self.session.request(method, f"{HOST}/sandbox/{path}", json=body, timeout=1)


def is_signature(key: RSAPublicKey, message: bytes, signature: str) -> bool:
    try:
        key.verify(base64.b64decode(signature), message, PKCS1v15(), SHA256())
    except (InvalidSignature, ValueError):
        return False
    return True


def refusal(response: requests.Response) -> tuple[int, str]:
    return response.status_code, response.json()["code"]
