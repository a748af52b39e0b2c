"""What WeChat pushes about the mini-program (消息推送): sealed, signed, and the ways to spoil it.

Owns one message's bytes and the query of its URL. When it is sent is `outbox`'s.
"""

import base64
import hashlib
import json
from datetime import datetime
from urllib.parse import urlencode

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

from infra.local.wechat.credentials import Credentials
from infra.local.wechat.ids import Ids
from infra.local.wechat.notifications import Message, Notification
from infra.local.wechat.signing import CLOCK_TOLERANCE_SECONDS
from infra.local.wechat.validation import Json

MESSAGE_CORRUPT_KINDS = ("signature", "timestamp", "key", "appid")
ORIGINAL_ID = "gh_5a6f2c1b9d3e"

_BLOCK_BYTES = 32
_IV_BYTES = 16
_SALT_CHARACTERS = 16


def compose_message(
    notification: Notification,
    corrupt: str | None,
    credentials: Credentials,
    ids: Ids,
    now: datetime,
) -> Message:
    """One copy, signed at `now` in real time; spoiled when `corrupt` names a kind."""
    seconds = int(now.timestamp())
    if corrupt == "timestamp":
        seconds -= CLOCK_TOLERANCE_SECONDS
    aes_key = credentials.message_aes_key
    if corrupt == "key":
        aes_key = aes_key[::-1]
    app_id = credentials.app_id[::-1] if corrupt == "appid" else credentials.app_id
    encrypted = seal_message(aes_key, app_id, notification.content, ids)
    timestamp, nonce = str(seconds), ids.digits(10)
    token = credentials.message_token
    query = {
        "signature": sign_message(token, timestamp, nonce),
        "timestamp": timestamp,
        "nonce": nonce,
        "encrypt_type": "aes",
        "msg_signature": sign_message(token, timestamp, nonce, encrypted),
    }
    if corrupt == "signature":
        query["msg_signature"] = sign_message(token[::-1], timestamp, nonce, encrypted)
    body = json.dumps({"ToUserName": ORIGINAL_ID, "Encrypt": encrypted}).encode()
    headers = {"Content-Type": "application/json", "User-Agent": "Mozilla/4.0", "Accept": "*/*"}
    return Message(headers, body, f"?{urlencode(query)}")


def sign_message(token: str, *signed: str) -> str:
    message = "".join(sorted((token, *signed)))
    return hashlib.sha1(message.encode(), usedforsecurity=False).hexdigest()


def seal_message(encoding_aes_key: str, app_id: str, content: Json, ids: Ids) -> str:
    key = base64.b64decode(encoding_aes_key + "=")
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
    salt = ids.hexadecimal(_SALT_CHARACTERS).encode()
    plain = salt + len(text).to_bytes(4, "big") + text + app_id.encode()
    missing = _BLOCK_BYTES - len(plain) % _BLOCK_BYTES
    encryptor = Cipher(AES(key), CBC(key[:_IV_BYTES])).encryptor()
    sealed = encryptor.update(plain + bytes([missing]) * missing) + encryptor.finalize()
    return base64.b64encode(sealed).decode("ascii")
