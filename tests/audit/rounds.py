"""Rounds of the audit in slices, as the schedule runs them, and what they find."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from chalicelib.audit import store
from chalicelib.audit.check_slice import check_slice
from chalicelib.audit.model import Progress
from chalicelib.kit.aws import dynamodb
from tests.broken import Change, broken
from tests.policy_watch import working_as
from tests.shop import Shop
from tests.tables import PREFIX

STILL_SECONDS = 300
"""So long nothing happens before a round: what was just placed or given back is in doubt."""


def always() -> bool:
    return True


def runs(shop: Shop, *, most_rows: int | None = None) -> Progress:
    """One run."""
    with working_as("audit_slice"):
        return check_slice(clock=shop.clock, time_left=always, most_rows=most_rows)


def whole_round(shop: Shop, *, most_rows: int | None = None) -> Progress:
    """A round from its beginning to its end, as it is then."""
    forget(shop)
    return finishes(shop, most_rows=most_rows)


def finishes(shop: Shop, *, most_rows: int | None = None) -> Progress:
    """The rest of a round."""
    for _ in range(2000):
        progress = runs(shop, most_rows=most_rows)
        if progress.round is None:
            return progress
    raise AssertionError("the round never came to its end")


def forget(shop: Shop) -> None:
    """No round was ever run, and nothing was found."""
    forget_place()
    for row in shop.rows("findings"):
        own = {name: {"S": row[name]} for name in ("finding_day", "finding_id")}
        dynamodb().delete_item(TableName=f"{PREFIX}-findings", Key=own)


def forget_place() -> None:
    """No round was ever run."""
    key = {"audit_id": {"S": store.ROUND}}
    dynamodb().delete_item(TableName=f"{PREFIX}-audits", Key=key)


def found(shop: Shop) -> set[tuple[str, str]]:
    """By invariant and id, what lies among the findings."""
    rows = shop.rows("findings")
    assert {row["kind"] for row in rows} <= {"audit_violation"}, rows
    return {(row["facts"]["invariant"], row["about"]) for row in rows}


def found_by_slices(shop: Shop, *, most_rows: int | None = None) -> set[tuple[str, str]]:
    """What a whole round finds, begun when all has stood still for a while."""
    with later(shop):
        whole_round(shop, most_rows=most_rows)
        violations = found(shop)
    forget(shop)
    return violations


@contextmanager
def later(shop: Shop, seconds: int = STILL_SECONDS) -> Iterator[None]:
    """A while later, and then it is as early as before."""
    shop.advance(seconds)
    try:
        yield
    finally:
        shop.advance(-seconds)


@contextmanager
def all_broken(changes: list[Change]) -> Iterator[None]:
    with ExitStack() as stack:
        for change in changes:
            stack.enter_context(broken(change))
        yield


def found_by_command(shop: Shop) -> set[tuple[str, str]]:
    """What the operators' command says of the same."""
    answer: Any = shop.admin("audit")
    assert answer["complete"] is True
    return {(one["invariant"], one["id"]) for one in answer["violations"]}
