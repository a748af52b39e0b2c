"""What WeChat pushes about the mini-program (消息推送), in its encrypted mode: prove that a message
is WeChat's, then decrypt it.

Calls nobody. A message that cannot be proved is never read.
"""

import hmac
import json
import re
from base64 import b64decode
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha1
from typing import Any, NoReturn

from chalicelib.gateways.http import not_set_up
from chalicelib.gateways.wechat_pay import NotAuthentic
from chalicelib.kit.errors import WechatUnavailable

MAXIMUM_AGE_SECONDS = 300

AES_KEY_BYTES = 32
PADDING_BYTES = 32
SALT_BYTES = 16
LENGTH_BYTES = 4

_IV_BYTES = 16
_TEXT_OR_CDATA = r"(?:<!\[CDATA\[(?P<cdata>.*?)\]\]>|(?P<text>[^<&]*))"
_ENCRYPT_ELEMENT = re.compile(
    r"<Encrypt>\s*(?:<!\[CDATA\[([A-Za-z0-9+/=]+)\]\]>|([A-Za-z0-9+/=]+))\s*</Encrypt>"
)
_XML = re.compile(r"\s*<xml>(.*)</xml>\s*", re.DOTALL)
_ELEMENT = re.compile(rf"<(?P<name>\w+)>(?:{_TEXT_OR_CDATA}|.*?)</(?P=name)>", re.DOTALL)


class MessagePush:
    """Reads pushes to one app. `token` and `encoding_aes_key` (43 characters) are what was entered
    beside the address in WeChat's console (消息推送配置).
    """

    def __init__(self, token: str, encoding_aes_key: str, app_id: str) -> None:
        self._token = token
        self._encoding_aes_key = encoding_aes_key
        self._app_id = app_id

    def echo(self, query: Mapping[str, str]) -> str:
        """The text that WeChat wants back when the address is entered. Raises NotAuthentic."""
        signature, echoed = _given(query, "signature"), _given(query, "echostr")
        self._require_signed(signature, _given(query, "timestamp"), _given(query, "nonce"))
        return echoed

    def read(self, query: Mapping[str, str], body: bytes, now: datetime) -> dict[str, Any]:
        """The fields of a message as texts, by WeChat's names; nested ones are left out.

        `query` is the URL's. The same message may come again, word for word, for 300 s and more.
        Raises NotAuthentic, and WechatUnavailable when the key is not one.
        """
        timestamp, nonce = _given(query, "timestamp"), _given(query, "nonce")
        encrypted = _encrypted_part(body)
        self._require_signed(_given(query, "msg_signature"), timestamp, nonce, encrypted)
        if not re.fullmatch("[0-9]{1,12}", timestamp):
            raise NotAuthentic("The timestamp is not in seconds.")
        if abs(now.timestamp() - int(timestamp)) >= MAXIMUM_AGE_SECONDS:
            raise NotAuthentic(f"The timestamp is {MAXIMUM_AGE_SECONDS} s or more away from now.")
        return _fields(self._decrypted(encrypted))

    def _require_signed(self, signature: str, *signed: str) -> None:
        """WeChat signs token and parts in the order of the alphabet."""
        message = "".join(sorted((self._token, *signed)))
        expected = sha1(message.encode(), usedforsecurity=False).hexdigest()
        if not hmac.compare_digest(expected.encode(), signature.encode()):
            raise NotAuthentic("The signature does not fit.")

    def _decrypted(self, encrypted: str) -> str:
        """AES-256-CBC over salt, length, message and app id; padded to whole 32 bytes."""
        from cryptography.hazmat.primitives.ciphers import Cipher
        from cryptography.hazmat.primitives.ciphers.algorithms import AES
        from cryptography.hazmat.primitives.ciphers.modes import CBC

        key = self._key()
        try:
            decryptor = Cipher(AES(key), CBC(key[:_IV_BYTES])).decryptor()
            sealed = b64decode(encrypted, validate=True)
            plain = _without_padding(decryptor.update(sealed) + decryptor.finalize())
            start = SALT_BYTES + LENGTH_BYTES
            end = start + int.from_bytes(plain[SALT_BYTES:start], "big")
            message, app_id = plain[start:end].decode(), plain[end:].decode()
        except ValueError:
            app_id = message = ""
        if app_id != self._app_id:
            raise NotAuthentic("The message is not for this app, or cannot be decrypted.")
        return message

    def _key(self) -> bytes:
        try:
            key = b64decode(f"{self._encoding_aes_key}=", validate=True)
        except ValueError:
            key = b""
        if len(key) != AES_KEY_BYTES:
            raise WechatUnavailable(
                "WeChat's message push is not set up here: wechat_message_aes_key is not the 43"
                " characters of an EncodingAESKey."
            )
        return key


class MessagePushOff:
    """The off switch: a `MessagePush` without its parameters; `missing` names the absent ones."""

    def __init__(self, missing: tuple[str, ...]) -> None:
        self._missing = missing

    def echo(self, query: Mapping[str, str]) -> str:
        """Raise WechatUnavailable."""
        self._refuse(query)

    def read(self, query: Mapping[str, str], body: bytes, now: datetime) -> dict[str, Any]:
        """Raise WechatUnavailable: a message that cannot be verified is to be sent again."""
        self._refuse(query, body, now)

    def _refuse(self, *_asked: object) -> NoReturn:
        raise not_set_up("WeChat's message push", self._missing)


def _given(query: Mapping[str, str], name: str) -> str:
    value = query.get(name)
    if not value:
        raise NotAuthentic(f"The parameter {name} is missing.")
    return value


def _encrypted_part(body: bytes) -> str:
    """The `Encrypt` of a body in JSON or XML; found by its form, so that no entity is followed."""
    try:
        text = body.decode()
        content = None if text.lstrip().startswith("<") else json.loads(text)
    except (ValueError, RecursionError):
        raise NotAuthentic("The body is neither JSON nor XML.") from None
    encrypted: object = None
    if content is None:
        found = _ENCRYPT_ELEMENT.findall(text)
        encrypted = "".join(found[0]) if len(found) == 1 else None
    elif isinstance(content, dict):
        encrypted = content.get("Encrypt")
    if not isinstance(encrypted, str) or not encrypted:
        raise NotAuthentic("The body holds no encrypted message.")
    return encrypted


def _without_padding(padded: bytes) -> bytes:
    """PKCS#7 over 32 bytes, twice AES's own block, so that `cryptography` cannot take it off."""
    length = padded[-1] if padded else 0
    if not 1 <= length <= PADDING_BYTES or padded[-length:] != bytes([length]) * length:
        raise ValueError("The padding is wrong.")
    return padded[:-length]


def _fields(message: str) -> dict[str, Any]:
    """The fields of a message that is WeChat's, in JSON or XML."""
    wrapped = _XML.fullmatch(message)
    if wrapped:
        found = ((one["name"], one["cdata"], one["text"]) for one in _ELEMENT.finditer(wrapped[1]))
        texts = {name: text if cdata is None else cdata for name, cdata, text in found}
        return {name: text for name, text in texts.items() if text is not None}
    try:
        content = json.loads(message)
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        raise NotAuthentic("The message is neither JSON nor XML.")
    return {
        name: str(value)
        for name, value in content.items()
        if isinstance(value, str | int) and not isinstance(value, bool)
    }
