"""The codes that clients branch on, and what every refusal must carry to be shown to a person."""

import importlib
import pkgutil
import re
from collections.abc import Iterable, Iterator, Mapping

import chalicelib
from chalicelib.kit.errors import Refusal

TITLE_CHARACTERS_MAX = 20
CHINESE = re.compile(r"[\u4e00-\u9fff]")

CODES_BY_STATUS: dict[int, frozenset[str]] = {
    400: frozenset({"idempotency_key_required", "malformed_json"}),
    401: frozenset({"not_signed_in", "session_expired", "not_authentic"}),
    403: frozenset({"account_blocked", "not_allowed"}),
    404: frozenset({"not_found"}),
    405: frozenset({"method_not_allowed"}),
    409: frozenset(
        {
            "account_in_use",
            "address_not_served",
            "already_joined",
            "amount_not_allowed",
            "campaign_not_live",
            "code_used",
            "content_refused",
            "daily_limit_reached",
            "group_forming",
            "group_full",
            "group_not_open",
            "group_over",
            "campaign_changed",
            "idempotency_conflict",
            "insufficient_balance",
            "limit_reached",
            "newcomers_only",
            "not_arrived",
            "order_not_cancellable",
            "order_not_payable",
            "order_not_receivable",
            "order_not_refundable",
            "out_of_stock",
            "payee_required",
            "refund_exceeds_payment",
            "refund_not_cancellable",
            "return_not_expected",
            "station_closed",
            "voucher_not_valid",
            "withdrawal_not_cancellable",
            "withdrawal_open",
        }
    ),
    413: frozenset({"too_large"}),
    415: frozenset({"unsupported_type"}),
    422: frozenset({"invalid_request"}),
    429: frozenset({"slow_down", "too_many_unpaid"}),
    502: frozenset({"wechat_unavailable", "try_again"}),
    503: frozenset({"wechat_unavailable", "try_again"}),
}


def all_refusals() -> list[type[Refusal]]:
    """Every refusal that deployed code declares, by name."""
    for module in pkgutil.walk_packages(chalicelib.__path__, "chalicelib."):
        importlib.import_module(module.name)
    ours = [one for one in _below(Refusal) if one.__module__.startswith("chalicelib.")]
    return sorted(set(ours), key=lambda refusal: (refusal.__module__, refusal.__name__))


def wrong_refusals(refusals: Iterable[type[Refusal]]) -> Iterator[str]:
    """What a client could not show or branch on."""
    for refusal in refusals:
        title, title_en = getattr(refusal, "title", ""), getattr(refusal, "title_en", "")
        yield from wrong_words(
            refusal.__name__,
            status=getattr(refusal, "status", 0),
            code=getattr(refusal, "code", ""),
            title=title,
        )
        if not title_en or CHINESE.search(title_en):
            yield f"{refusal.__name__}: title_en is not an English sentence"


def wrong_words(name: str, *, status: int, code: str, title: str) -> Iterator[str]:
    """What is wrong with one refusal's status, code and Chinese title."""
    if code not in CODES_BY_STATUS.get(status, frozenset()):
        yield f"{name}: the contract has no code '{code}' with status {status}"
    if not CHINESE.search(title):
        yield f"{name}: title is not a Chinese sentence"
    if len(title) > TITLE_CHARACTERS_MAX:
        yield f"{name}: title has {len(title)} characters, of {TITLE_CHARACTERS_MAX} a toast shows"


def codes_with_two_meanings(
    refusals: Iterable[type[Refusal]], shared: Mapping[str, str]
) -> Iterator[str]:
    """A code that says one thing in one place and another elsewhere, unless it is shared."""
    meanings: dict[str, tuple[int, str]] = {}
    twice = set()
    for refusal in refusals:
        meaning = (refusal.status, refusal.title)
        if meanings.setdefault(refusal.code, meaning) != meaning:
            twice.add(refusal.code)
            if refusal.code not in shared:
                yield f"{refusal.__name__}: '{refusal.code}' already means {meanings[refusal.code]}"
    yield from (f"'{code}' is not shared any more" for code in sorted(set(shared) - twice))


def _below(kind: type[Refusal]) -> Iterator[type[Refusal]]:
    for child in kind.__subclasses__():
        yield child
        yield from _below(child)
