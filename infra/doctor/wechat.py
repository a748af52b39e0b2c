"""Does WeChat know us: the merchant's key and serial, WeChat's public key, the app secret.

What is sent does nothing: an echo, or a query of a payment that does not exist; a token that is the
same for all who ask. No key and no token is shown.
"""

import json
import re
import secrets
from base64 import b64decode
from typing import Any

from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from chalicelib.gateways.access_token import AccessTokens
from chalicelib.gateways.http import Answer, Http
from chalicelib.gateways.signatures import MerchantSigner, Unverified, WechatVerifier
from chalicelib.gateways.wechat_api_http import WechatApiHttp
from chalicelib.gateways.wechat_pay_v3 import random_nonce
from chalicelib.gateways.wechat_pay_wire import serialise, unix_seconds
from chalicelib.kit.errors import WechatUnavailable
from chalicelib.wiring import PAY_PARAMETERS
from infra.doctor.check import CannotTell, Verdict, bad, good
from infra.doctor.facts import Now, WechatAccount

ECHO_PATH = "/v3/security/echo"
TRADES_PATH = "/v3/pay/transactions/out-trade-no"
MINI_PROGRAM_API = "The mini-program API"

_NO_SUCH_ROUTE = 404
_SUCCESSES = range(200, 300)
_ERRCODE = re.compile(r"errcode (-?\d+)")
_REMEDIES = {
    "40013": "the app id is not one: look at the parameter WechatAppId of the stack",
    "40125": "wechat_app_secret is not this app's: reset it in the console, then make secrets",
    "41004": "wechat_app_secret is empty: make secrets",
    "40164": (
        "this machine's address is not on the app's list (mp.weixin.qq.com, IP白名单). The "
        "functions' addresses change: the list has to be off, or they need a fixed address"
    ),
    "40243": "the app secret is frozen: thaw it in the console",
    "-1": "WeChat is busy: look again in a minute",
    "45009": "too many tokens were asked for today: it will do again tomorrow",
    "45011": "asked too often: look again in a minute",
}
_FIELDS = {
    "mchid": "the merchant number is not one: look at the parameter WechatMerchantId of the stack",
    "serial_no": (
        "wechat_merchant_serial is not the serial of a certificate of this merchant: take it from "
        "apiclient_cert.pem"
    ),
    "signature": (
        "wechat_merchant_private_key is not the key of that certificate: take apiclient_key.pem "
        "of the same download"
    ),
    "timestamp": "the clock of this machine is wrong",
}


class PayChecks:
    """Signs and verifies as the functions do, with the same code and keys."""

    def __init__(self, account: WechatAccount, http: Http, now: Now) -> None:
        missing = account.secrets.missing(*PAY_PARAMETERS[:-1])
        if missing:
            raise CannotTell(f"missing or unreadable: {', '.join(missing)}")
        given = account.secrets
        self._merchant_id = account.merchant_id
        self._private_key_pem = given.wechat_merchant_private_key or ""
        self._public_keys = dict(given.wechat_public_keys or {})
        self._http = http
        self._now = now
        serial = given.wechat_merchant_serial or ""
        self._signer = MerchantSigner(account.merchant_id, serial, self._private_key_pem)
        self._verifier = WechatVerifier(self._public_keys)

    def all_keys_are_known(self) -> Verdict:
        """WeChat takes our signature, signs its own with each key we know, and each side reads what
        the other sealed.
        """
        for key_id in self._public_keys:
            verdict = self._key_works(key_id)
            if verdict is not None:
                return verdict
        count = len(self._public_keys)
        echoes = "an echo" if count == 1 else f"{count} echoes"
        return good(f"WeChat answered {echoes}, signed and sealed both ways")

    def _key_works(self, key_id: str) -> Verdict | None:
        """What is wrong with one key of WeChat's, or with ours; None when all is well. WeChat that
        has no echo is asked for a payment instead.
        """
        said = secrets.token_hex(8)
        content = {
            "echo_message": said,
            "encrypted_echo_message": self._verifier.encrypt(key_id, said),
        }
        answer = self._call("POST", ECHO_PATH, key_id, serialise(content))
        if answer.status == _NO_SUCH_ROUTE:
            return self._query_is_understood(key_id)
        if answer.status not in _SUCCESSES:
            return self._refused(answer, key_id)
        try:
            self._verifier.verify(answer.headers, answer.body, self._now())
        except Unverified as error:
            return _not_signed_by(key_id, error)
        echoed = _object(answer)
        if echoed.get("echo_message") != said:
            return bad("WeChat's echo says something else", "look again; see docs/wechat.md")
        sealed = str(echoed.get("encrypted_echo_message", ""))
        if sealed and self._opened(sealed) != said:
            return bad(
                "WeChat seals for another certificate than wechat_merchant_private_key's",
                _FIELDS["serial_no"],
            )
        return None

    def _query_is_understood(self, key_id: str) -> Verdict | None:
        """The harmless query: of a payment that is not there."""
        path = f"{TRADES_PATH}/doctor{secrets.token_hex(8)}?mchid={self._merchant_id}"
        answer = self._call("GET", path, key_id, None)
        if answer.status == _NO_SUCH_ROUTE:
            return good("WeChat understood a signed query (it has no echo: its key is not tried)")
        return self._refused(answer, key_id)

    def _call(self, method: str, path: str, key_id: str, body: bytes | None) -> Answer:
        def authorize(prepared: Any) -> Any:
            prepared.headers["Authorization"] = self._signer.authorization(
                method,
                prepared.path_url,
                body or b"",
                timestamp=unix_seconds(self._now()),
                nonce=random_nonce(),
            )
            return prepared

        headers = {
            "Accept": "application/json",
            "Content-Type": "application/json",
            "Wechatpay-Serial": key_id,
        }
        return self._http.call(method, path, headers=headers, body=body, authorize=authorize)

    def _refused(self, answer: Answer, key_id: str) -> Verdict:
        content = _object(answer)
        code = str(content.get("code", ""))
        detail = content.get("detail")
        field = str(detail.get("field", "")) if isinstance(detail, dict) else ""
        said = f"WeChat answers {answer.status} {code}"
        if field:
            said += f" ({field})"
        remedy = _FIELDS.get(field)
        if remedy is None and code == "SIGN_ERROR":
            remedy = "key, serial and merchant number do not belong together: make secrets"
        if remedy is None and code == "PARAM_ERROR":
            remedy = f"WeChat does not know its own key {key_id}: look at it in the console"
        return bad(said, remedy or "see docs/wechat.md")

    def _opened(self, sealed: str) -> str | None:
        key = load_pem_private_key(self._private_key_pem.encode(), password=None)
        if not isinstance(key, RSAPrivateKey):
            return None
        # SHA-1 is WeChat's choice.
        chosen = SHA1()  # noqa: S303 # nosec B303
        padding = OAEP(mgf=MGF1(algorithm=chosen), algorithm=chosen, label=None)
        try:
            return key.decrypt(b64decode(sealed, validate=True), padding).decode()
        except ValueError:
            return None


def token_is_given(account: WechatAccount, http: Http, now: Now) -> Verdict:
    """WeChat gives an access token for app id and secret."""
    secret = account.secrets.wechat_app_secret
    if not secret:
        raise CannotTell("missing or unreadable: wechat_app_secret")
    # Keeps the secret out of urllib3's own lines, as in the functions.
    WechatApiHttp(account.app_id, secret)
    try:
        AccessTokens(account.app_id, secret, http, now).current()
    except WechatUnavailable as error:
        found = _ERRCODE.search(str(error))
        remedy = _REMEDIES.get(found[1] if found else "", "see docs/wechat.md, Login")
        return bad(str(error), remedy)
    return good("WeChat gives an access token")


def http_of(base_url: str, service: str, *, is_local: bool) -> Http:
    """The functions' own client of that host. A local stack is reached past any proxy."""
    return Http(base_url, service, _session_without_proxy if is_local else None)


def _session_without_proxy() -> Any:
    from requests import Session

    session = Session()
    session.trust_env = False
    return session


def _not_signed_by(key_id: str, error: Unverified) -> Verdict:
    return bad(
        f"WeChat's answer is not signed by {key_id}: {error}",
        "wechat_public_keys has another key under that id: take pub_key.pem and the id beside it "
        "(pay.weixin.qq.com, API安全)",
    )


def _object(answer: Answer) -> dict[str, Any]:
    try:
        content = json.loads(answer.body)
    except ValueError:
        content = None
    return content if isinstance(content, dict) else {}
