"""Opaque ids: random ones, and ones derived from their cause so that doing a thing twice finds the
first.

Letters and digits only (base32), so that every id is also a valid WeChat order number.
"""

import base64
import hashlib
import json
import secrets
from collections.abc import Callable
from typing import Any

Ids = Callable[[str], str]
"""Makes a fresh id from a prefix; wiring holds the real one, tests a counting one."""

_ID_LENGTH = 26


def random_id(prefix: str) -> str:
    """`<prefix>_` and 26 characters, 130 bits."""
    return f"{prefix}_{_base32(secrets.token_bytes(17))}"


def random_bytes(count: int) -> bytes:
    """So many bytes that nobody can foresee."""
    return secrets.token_bytes(count)


def derived_id(prefix: str, *cause: str) -> str:
    """The id of what this cause brings about; the same cause always gives the same id."""
    digest = hashlib.sha256("\x1f".join(cause).encode()).digest()
    return f"{prefix}_{_base32(digest)}"


def fingerprint(content: Any) -> str:
    """A short hash of JSON content, to tell a repeat from another request under the same key."""
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def shard_of(identifier: str, shards: int) -> int:
    """Which of so many shards an id belongs to, evenly spread and stable."""
    return int.from_bytes(hashlib.sha256(identifier.encode()).digest()[:4]) % shards


def _base32(raw: bytes) -> str:
    return base64.b32encode(raw).decode().lower()[:_ID_LENGTH]
