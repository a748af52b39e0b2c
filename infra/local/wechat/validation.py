"""Checks on JSON bodies, built from small parts: what a field may be, where it stands.

Owns the strictness (no null, no undefined field, no character outside the basic plane) and
knows nothing of any one message; those are in `shapes`.
"""

import ipaddress
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

Json = dict[str, Any]
Check = Callable[[Any, str], None]

LAST_BASIC_PLANE_CHARACTER = 0xFFFF
FIRST_SURROGATE, LAST_SURROGATE = 0xD800, 0xDFFF
RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)")


@dataclass(eq=False)
class Invalid(Exception):
    """The value at `pointer` breaks a rule; `issue` says which."""

    pointer: str
    value: Any
    issue: str


@dataclass(eq=False)
class Undefined(Exception):
    """The body carries fields that the message does not have."""

    pointers: list[str]


def parse_object(raw: bytes, *, basic_plane_only: bool) -> Json:
    """The JSON object in `raw`. Nulls are refused anywhere inside it, and so are characters
    of four UTF-8 bytes when `basic_plane_only`.
    """
    try:
        value = json.loads(raw.decode("utf-8"))
        _refuse_unspeakable(value, "", basic_plane_only)
    except (ValueError, RecursionError):
        raise Invalid("", None, "the body is not JSON in UTF-8") from None
    if not isinstance(value, dict):
        raise Invalid("", None, "the body is not a JSON object")
    return value


def _refuse_unspeakable(value: Any, pointer: str, basic_plane_only: bool) -> None:
    if value is None:
        raise Invalid(pointer, None, "null is not allowed: leave the field out")
    if isinstance(value, dict):
        for name, inner in value.items():
            _refuse_characters(name, pointer, basic_plane_only)
            _refuse_unspeakable(inner, f"{pointer}/{name}", basic_plane_only)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            _refuse_unspeakable(inner, f"{pointer}/{index}", basic_plane_only)
    elif isinstance(value, str):
        _refuse_characters(value, pointer, basic_plane_only)


def _refuse_characters(text_value: str, pointer: str, basic_plane_only: bool) -> None:
    for character in text_value:
        if FIRST_SURROGATE <= ord(character) <= LAST_SURROGATE:
            raise Invalid(pointer, None, "half of a surrogate pair is not a character")
        if basic_plane_only and ord(character) > LAST_BASIC_PLANE_CHARACTER:
            raise Invalid(pointer, None, "characters of four UTF-8 bytes are not supported")


def text(minimum: int, maximum: int, pattern: str | None = None) -> Check:
    """A string of `minimum` to `maximum` UTF-8 bytes, wholly of `pattern` when one is given."""
    compiled = re.compile(pattern) if pattern else None

    def check(value: Any, pointer: str) -> None:
        if not isinstance(value, str):
            raise Invalid(pointer, value, "must be a string")
        length = len(value.encode("utf-8"))
        if not minimum <= length <= maximum:
            issue = f"must have {minimum} to {maximum} UTF-8 bytes, has {length}"
            raise Invalid(pointer, value, issue)
        if compiled and not compiled.fullmatch(value):
            raise Invalid(pointer, value, "has characters that are not allowed here")

    return check


def characters(minimum: int, maximum: int) -> Check:
    """A string of `minimum` to `maximum` characters, however many bytes each of them has."""

    def check(value: Any, pointer: str) -> None:
        if not isinstance(value, str):
            raise Invalid(pointer, value, "must be a string")
        if not minimum <= len(value) <= maximum:
            issue = f"must have {minimum} to {maximum} characters, has {len(value)}"
            raise Invalid(pointer, value, issue)

    return check


def whole_number(minimum: int, maximum: int | None = None) -> Check:
    """An integer, never a float and never a boolean."""

    def check(value: Any, pointer: str) -> None:
        if not isinstance(value, int) or isinstance(value, bool):
            raise Invalid(pointer, value, "must be an integer")
        if value < minimum or (maximum is not None and value > maximum):
            raise Invalid(pointer, value, "is out of range")

    return check


def flag() -> Check:
    def check(value: Any, pointer: str) -> None:
        if not isinstance(value, bool):
            raise Invalid(pointer, value, "must be true or false")

    return check


def one_of(*values: str | bool) -> Check:
    """One of the literals; `True` is not mistaken for 1."""

    def check(value: Any, pointer: str) -> None:
        if not any(type(value) is type(known) and value == known for known in values):
            raise Invalid(pointer, value, f"must be one of {', '.join(map(str, values))}")

    return check


def timestamp() -> Check:
    """RFC 3339 with an offset."""

    def check(value: Any, pointer: str) -> None:
        if not isinstance(value, str) or not RFC3339.fullmatch(value):
            raise Invalid(pointer, value, "must be an RFC 3339 time with an offset")
        try:
            datetime.fromisoformat(value)
        except ValueError:
            raise Invalid(pointer, value, "is not a time that exists") from None

    return check


def callback_url(maximum: int) -> Check:
    """Where WeChat may call: https, or http inside a private network; never with a query."""
    length = text(1, maximum)

    def check(value: Any, pointer: str) -> None:
        length(value, pointer)
        try:
            parts = urlsplit(value)
            host = parts.hostname or ""
            _ = parts.port
        except ValueError:
            raise Invalid(pointer, value, "is not a URL") from None
        if parts.scheme not in ("http", "https") or not host:
            raise Invalid(pointer, value, "must be an http(s) URL")
        if "?" in value or "#" in value:
            raise Invalid(pointer, value, "must not carry a query or a fragment")
        if parts.username is not None or parts.password is not None:
            raise Invalid(pointer, value, "must not carry credentials")
        if parts.scheme == "http" and not _is_private(host):
            raise Invalid(pointer, value, "must be https outside a private network")

    return check


def _is_private(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return address.is_private or address.is_loopback


def listing(item: Check, maximum: int) -> Check:
    def check(value: Any, pointer: str) -> None:
        if not isinstance(value, list):
            raise Invalid(pointer, value, "must be a list")
        if len(value) > maximum:
            raise Invalid(pointer, None, f"must have at most {maximum} entries")
        for index, inner in enumerate(value):
            item(inner, f"{pointer}/{index}")

    return check


def record(required: Mapping[str, Check], optional: Mapping[str, Check] | None = None) -> Check:
    """An object that has every required field, and none that is not named here."""
    may = optional or {}

    def check(value: Any, pointer: str) -> None:
        if not isinstance(value, dict):
            raise Invalid(pointer, value, "must be an object")
        undefined = [name for name in value if name not in required and name not in may]
        if undefined:
            raise Undefined([f"{pointer}/{name}" for name in undefined])
        for name, inner in {**required, **may}.items():
            if name in value:
                inner(value[name], f"{pointer}/{name}")
            elif name in required:
                raise Invalid(f"{pointer}/{name}", None, "is required")

    return check
