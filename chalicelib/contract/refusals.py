"""How a route may refuse: what it has declared, and what follows from how it is called. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from chalicelib.kit.declared import Declared
from chalicelib.kit.endpoint import IdempotencyKeyRequired
from chalicelib.kit.errors import InvalidRequest, NotFound, Refusal, TryAgain, WechatUnavailable
from chalicelib.kit.problems import MalformedJson, TooLarge, Unexpected, UnsupportedType
from chalicelib.kit.tokens import NotSignedIn, SessionExpired

RETRY_LATER = frozenset({429, 503})
"""Statuses that come with `Retry-After`."""


@dataclass(frozen=True)
class Kind:
    """One answer that says no: what a client branches on, and in English what it says."""

    status: int
    code: str
    says: str


BY_API_GATEWAY = (
    Kind(400, "malformed_json", "The body or the parameters could not be read."),
    Kind(403, "not_allowed", "Access is denied."),
    Kind(413, "too_large", "The request is over 10 MB."),
    Kind(415, "unsupported_type", "Send JSON."),
    Kind(429, "slow_down", "Too many requests at once."),
    Kind(503, "try_again", "The service was not reached."),
)
"""What API Gateway may answer in the place of any route; infra/refusals.py words it."""

_OF_EVERY_ROUTE = (TooLarge, UnsupportedType, TryAgain, Unexpected)


def refusals_of(declared: Declared, *, has_path_ids: bool) -> dict[int, list[Kind]]:
    """By status, each code once, in the order of the alphabet, and in the words of whoever says it
    most often: clients show the answer's own.
    """
    ours = (_kind(refusal) for refusal in _all_of(declared, has_path_ids))
    by_code: dict[tuple[int, str], Kind] = {}
    for kind in (*BY_API_GATEWAY, *ours):
        by_code.setdefault((kind.status, kind.code), kind)
    return _by_status(by_code[key] for key in sorted(by_code))


def _all_of(declared: Declared, has_path_ids: bool) -> Iterator[type[Refusal]]:
    yield from _OF_EVERY_ROUTE
    if declared.body is not None:
        yield MalformedJson
    if declared.body is not None or declared.query is not None:
        yield InvalidRequest
    if declared.keyed:
        yield IdempotencyKeyRequired
    if has_path_ids:
        yield NotFound
    if declared.signed_in is not False:
        # Who asks cannot be told either while no key is set up that tokens are signed with.
        yield from (NotSignedIn, SessionExpired, WechatUnavailable)
    yield from declared.refuses


def _kind(refusal: type[Refusal]) -> Kind:
    return Kind(refusal.status, refusal.code, refusal.title_en)


def _by_status(kinds: Iterable[Kind]) -> dict[int, list[Kind]]:
    found: dict[int, list[Kind]] = {}
    for kind in kinds:
        found.setdefault(kind.status, []).append(kind)
    return found
