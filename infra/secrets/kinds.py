"""Every parameter of a stage: what it is, where it comes from, and what it has to look like.

A complaint never quotes a value. Nothing here reads or writes a parameter.
"""

import json
import re
import secrets
from base64 import b64decode, b64encode
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key
from cryptography.x509 import load_pem_x509_certificate

from chalicelib.settings import NO_SECRETS

SEALING_KEY_BYTES = 32
SESSION_KEY_CHARACTERS = 32
MERCHANT_KEY_BITS = 2048
MESSAGE_AES_KEY_CHARACTERS = 43
NOTIFY_URL_CHARACTERS = 200
ALPHANUMERIC = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
CERTIFICATE = "-----BEGIN CERTIFICATE-----"
PEM = "-----BEGIN "

Complaint = str
"""Why a value cannot be used, or "" when it can."""


@dataclass(frozen=True)
class Parameter:
    """A parameter below /kaituan/<stage>/. `make` makes a new value out of the present one, or of
    None, for those that are ours to make. `off` says what is switched off without it.
    """

    name: str
    what: str
    complaint: Callable[[str], Complaint]
    off: str
    make: Callable[[str | None], str] | None = None
    is_optional: bool = False
    is_secret: bool = True
    is_file: bool = False

    @property
    def may_lie_open(self) -> bool:
        """Whether the functions use it though it is not encrypted."""
        return self.name in NO_SECRETS


def _matches(pattern: str, otherwise: Complaint) -> Callable[[str], Complaint]:
    return lambda value: "" if re.fullmatch(pattern, value) else otherwise


def session_keys_complaint(value: str) -> Complaint:
    keys = _json(value)
    if not isinstance(keys, list) or not keys or not all(isinstance(key, str) for key in keys):
        return "is not a JSON list of texts"
    if any(len(key) < SESSION_KEY_CHARACTERS for key in keys):
        return f"has a key of fewer than {SESSION_KEY_CHARACTERS} characters"
    return ""


def sealing_keys_complaint(value: str) -> Complaint:
    keys = _json(value)
    if not isinstance(keys, dict) or not keys:
        return "is not a JSON object of keys by their ids"
    for key_id, key in keys.items():
        if not isinstance(key, str) or not _is_base64_of(key, SEALING_KEY_BYTES):
            return f"{key_id} is not {SEALING_KEY_BYTES} bytes in base64"
    return ""


def private_key_complaint(value: str) -> Complaint:
    try:
        key = load_pem_private_key(value.encode(), password=None)
    except (ValueError, TypeError):
        return "is not a private key in PEM (apiclient_key.pem, without a password)"
    if not isinstance(key, RSAPrivateKey) or key.key_size < MERCHANT_KEY_BITS:
        return f"is not an RSA key of {MERCHANT_KEY_BITS} bits"
    return ""


def public_keys_complaint(value: str) -> Complaint:
    keys = _json(value)
    if not isinstance(keys, dict) or not keys:
        return "is not a JSON object of PEM texts by their ids"
    for key_id, pem in keys.items():
        if not isinstance(pem, str) or public_key_of(pem) is None:
            return f"{key_id} is not an RSA public key or a certificate in PEM"
    return ""


def public_key_of(pem: str) -> RSAPublicKey | None:
    """The key in a public key or a certificate, both in PEM."""
    try:
        if CERTIFICATE in pem:
            key: object = load_pem_x509_certificate(pem.encode()).public_key()
        else:
            key = load_pem_public_key(pem.encode())
    except ValueError:
        return None
    return key if isinstance(key, RSAPublicKey) else None


def serial_of(certificate: str) -> str:
    """The serial number as WeChat writes it: whole bytes, in capitals. Raises ValueError."""
    serial = f"{load_pem_x509_certificate(certificate.encode()).serial_number:X}"
    return serial.zfill(len(serial) + len(serial) % 2)


def belong_together(private_key: str, certificate: str) -> bool:
    """Whether the certificate is of that private key. Both have been found good."""
    key = load_pem_private_key(private_key.encode(), password=None)
    of_certificate = public_key_of(certificate)
    if not isinstance(key, RSAPrivateKey) or of_certificate is None:
        return False
    return key.public_key().public_numbers() == of_certificate.public_numbers()


def api_v3_key_complaint(value: str) -> Complaint:
    return "" if len(value.encode()) == 32 else "is not 32 bytes long"


def public_base_url_complaint(value: str) -> Complaint:
    """What WeChat asks of an address it notifies; a local stack's may be http."""
    parts = urlsplit(value)
    if parts.scheme != "https":
        return "does not begin with https://"
    return address_complaint(value)


def address_complaint(value: str) -> Complaint:
    """What has to be so of any address of ours, https or not."""
    parts = urlsplit(value)
    if not parts.hostname or parts.username or parts.scheme not in {"http", "https"}:
        return "is not an address such as https://shop.example.com"
    if "?" in value or "#" in value:
        return "has a query string or a fragment: WeChat takes no such address for callbacks"
    if len(value) > NOTIFY_URL_CHARACTERS or value != value.strip():
        return f"has spaces around it, or more than {NOTIFY_URL_CHARACTERS} characters"
    return ""


def _new_session_keys(present: str | None) -> str:
    """A new one first; the former go on being believed."""
    former = json.loads(present) if present else []
    return json.dumps([secrets.token_urlsafe(SEALING_KEY_BYTES), *former])


def _new_sealing_keys(present: str | None) -> str:
    """A new one first; what was sealed with a former one can be opened with nothing else."""
    former = json.loads(present) if present else {}
    numbers = [int(key_id) for key_id in former if key_id.isdecimal()]
    made = b64encode(secrets.token_bytes(SEALING_KEY_BYTES)).decode()
    return json.dumps({str(max(numbers, default=0) + 1): made, **former})


def _new_message_token(_present: str | None) -> str:
    return secrets.token_hex(16)


def _new_message_aes_key(_present: str | None) -> str:
    return "".join(secrets.choice(ALPHANUMERIC) for _ in range(MESSAGE_AES_KEY_CHARACTERS))


def _json(value: str) -> object:
    try:
        found: object = json.loads(value)
    except ValueError:
        return None
    return found


def _is_base64_of(text: str, byte_count: int) -> bool:
    try:
        return len(b64decode(text, validate=True)) == byte_count
    except ValueError:
        return False


PARAMETERS = (
    Parameter(
        "wechat_app_secret",
        "AppSecret of the mini-program (mp.weixin.qq.com, 开发管理)",
        _matches("[0-9a-f]{32}", "is not 32 digits and letters a to f"),
        "signing in, notices and codes",
    ),
    Parameter(
        "wechat_merchant_private_key",
        "the merchant's API key, apiclient_key.pem (pay.weixin.qq.com, API安全)",
        private_key_complaint,
        "payments and refunds",
        is_file=True,
    ),
    Parameter(
        "wechat_merchant_serial",
        "serial number of the merchant's API certificate, or the file apiclient_cert.pem",
        _matches("[0-9A-F]{16,40}", "is not a serial number: up to 40 of 0-9 and A-F"),
        "payments and refunds",
        is_file=True,
    ),
    Parameter(
        "wechat_api_v3_key",
        "the APIv3 key, which you chose in the merchant platform (API安全)",
        api_v3_key_complaint,
        "payments and refunds",
    ),
    Parameter(
        "wechat_public_keys",
        "WeChat Pay's public key, pub_key.pem (API安全, 微信支付公钥)",
        public_keys_complaint,
        "payments and refunds",
        is_file=True,
    ),
    Parameter(
        "public_base_url",
        "where WeChat reaches the API, such as https://api.shop.example.com",
        public_base_url_complaint,
        "payments and refunds",
        is_secret=False,
    ),
    Parameter(
        "session_signing_keys",
        "keys that sign members' sessions",
        session_keys_complaint,
        "signing in",
        make=_new_session_keys,
    ),
    Parameter(
        "wechat_message_token",
        "Token of the message push, to be entered in the mini-program's console",
        _matches("[0-9A-Za-z]{3,32}", "is not 3 to 32 letters and digits"),
        "the message push",
        make=_new_message_token,
        is_optional=True,
    ),
    Parameter(
        "wechat_message_aes_key",
        "EncodingAESKey of the message push, to be entered beside the token",
        _matches("[0-9A-Za-z]{43}", "is not 43 letters and digits"),
        "the message push",
        make=_new_message_aes_key,
        is_optional=True,
    ),
    Parameter(
        "payee_keys",
        "keys that seal names and id numbers of payees",
        sealing_keys_complaint,
        "withdrawals that need a payee",
        make=_new_sealing_keys,
        is_optional=True,
    ),
    Parameter(
        "draw_keys",
        "keys that seal the seeds of draws",
        sealing_keys_complaint,
        "draws",
        make=_new_sealing_keys,
        is_optional=True,
    ),
)
BY_NAME = {parameter.name: parameter for parameter in PARAMETERS}
JSON_PARAMETERS = frozenset(
    {"session_signing_keys", "wechat_public_keys", "payee_keys", "draw_keys"}
)
