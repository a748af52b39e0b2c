"""Sealing a short text so that only we can read it again: AES-256-GCM, bound to what it is about.

Keys are base64 of 32 bytes by an id of their own. The first seals, all of them open, so that a key
can be replaced without sealing everything anew. No key and no plain text is in any error.
"""

from base64 import b64decode, b64encode
from collections.abc import Mapping

from chalicelib.kit.ids import random_bytes

_NONCE_BYTES = 12
_KEY_BYTES = 32


class CannotOpen(Exception):
    """Sealed with a key we do not have, about something else, or not as it was."""


def seal(plain: str, keys: Mapping[str, str], *, about: str) -> str:
    """The text, sealed with the first key: the key's id, a colon, and base64."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    key_id = next(iter(keys))
    nonce = random_bytes(_NONCE_BYTES)
    content = AESGCM(_key(keys, key_id)).encrypt(nonce, plain.encode(), about.encode())
    return f"{key_id}:{b64encode(nonce + content).decode()}"


def unseal(sealed: str, keys: Mapping[str, str], *, about: str) -> str:
    """The inverse of `seal`. Raises CannotOpen."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    key_id, _, content = sealed.rpartition(":")
    if key_id not in keys:
        raise CannotOpen(f"There is no key {key_id!r} any more.")
    try:
        raw = b64decode(content, validate=True)
        nonce, ciphertext = raw[:_NONCE_BYTES], raw[_NONCE_BYTES:]
        return AESGCM(_key(keys, key_id)).decrypt(nonce, ciphertext, about.encode()).decode()
    except (ValueError, InvalidTag):
        raise CannotOpen("It is not as it was sealed.") from None


def _key(keys: Mapping[str, str], key_id: str) -> bytes:
    key = b64decode(keys[key_id])
    if len(key) != _KEY_BYTES:
        raise CannotOpen(f"The key {key_id!r} is not {_KEY_BYTES} bytes long.")
    return key
