"""What the audit says of balances that operators have put right: nothing while all is right, and by
name what is not.

One story for all: an adjustment in each state. Each test breaks a row by hand and puts it back.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from chalicelib.audit.invariants import READABLE
from chalicelib.ledger.close_day import close_days
from tests.audit.rounds import found_by_command, found_by_slices
from tests.broken import Change, broken
from tests.fakes import FakeClock
from tests.shop import Member, Shop

NAME = "corrections_are_booked"


@dataclass(frozen=True)
class Story:
    """Whose balance, and the adjustments that were asked for."""

    shop: Shop
    lin: Member
    given: str
    taken: str
    rejected: str
    pending: str


@pytest.fixture(scope="module")
def story(tables: None) -> Iterator[Story]:
    shop = Shop(FakeClock())
    lin = shop.member("Lin")
    given = _confirmed(shop, _asked(shop, lin, 500))
    taken = _confirmed(shop, _asked(shop, lin, -200))
    rejected, pending = _asked(shop, lin, 7), _asked(shop, lin, 9)
    shop.admin("reject_adjustment", adjustment_id=rejected, operator="wang", reason="not so")
    yield Story(shop, lin, given, taken, rejected, pending)
    shop.close()


def _asked(shop: Shop, member: Member, amount_fen: int) -> str:
    asked = shop.admin(
        "adjust_wallet",
        member_id=member.member_id,
        amount_fen=amount_fen,
        request_id=f"of{amount_fen}",
        operator="chen",
        reason="counted twice",
    )
    return str(asked["adjustment_id"])


def _confirmed(shop: Shop, adjustment_id: str) -> str:
    shop.admin("confirm_adjustment", adjustment_id=adjustment_id, operator="wang", reason="seen")
    return adjustment_id


def adjustment(adjustment_id: str, *, gone: bool = False, **values: str | int | None) -> Change:
    key: dict[str, str | int] = {
        "account_id": f"adjustment:{adjustment_id}",
        "entry": "adjustment",
    }
    return Change("ledger", key, dict(values), gone)


def booked(story: Story, about: str, *, gone: bool = False, **values: str | int) -> Change:
    account_id = f"member:{story.lin.member_id}"
    (row,) = story.shop.rows("ledger", account_id=account_id, about=about)
    return Change("ledger", {"account_id": account_id, "entry": row["entry"]}, dict(values), gone)


def violations(story: Story) -> set[tuple[str, str]]:
    """What the command finds; and rounds of slices, in large and small steps, just the same."""
    found = found_by_command(story.shop)
    assert found_by_slices(story.shop) == found
    assert found_by_slices(story.shop, most_rows=1) == found
    return found


def test_nothing_is_wrong_with_adjustments_in_any_state(story: Story) -> None:
    states = [row["adjustment_state"] for row in story.shop.rows("ledger", entry="adjustment")]

    assert violations(story) == set()
    assert sorted(states) == ["confirmed", "confirmed", "pending", "rejected"]
    totals = story.shop.admin("audit")["totals"]
    balances = {name: fen for name, fen in totals["balances_fen"].items() if fen}
    assert balances == {"corrections": 300, "members": -300}


def test_a_correction_that_nobody_confirmed_is_named(story: Story) -> None:
    named = {(NAME, story.lin.member_id), (NAME, story.given)}
    for state in ("pending", "rejected"):
        with broken(adjustment(story.given, adjustment_state=state)):
            assert violations(story) == named
    with broken(adjustment(story.given, gone=True)):
        assert violations(story) == {(NAME, story.lin.member_id)}


def test_one_that_its_asker_confirmed_is_named(story: Story) -> None:
    for operator in ("chen", " Chen", None):
        with broken(adjustment(story.taken, decided_by=operator)):
            assert violations(story) == {(NAME, story.taken)}


def test_one_that_is_confirmed_and_not_booked_is_named(story: Story) -> None:
    with broken(adjustment(story.rejected, adjustment_state="confirmed")):
        assert violations(story) == {(NAME, story.rejected)}
    with broken(booked(story, story.taken, gone=True)):
        assert violations(story) == {
            (NAME, story.taken),
            ("member_balances_add_up", story.lin.member_id),
        }


def test_one_that_is_booked_otherwise_is_named(story: Story) -> None:
    with broken(adjustment(story.taken, amount_fen=-201)):
        assert violations(story) == {(NAME, story.taken)}
    with broken(adjustment(story.taken, amount_fen=200)):
        assert violations(story) == {(NAME, story.taken)}
    with broken(adjustment(story.given, member_id="mem_other")):
        assert violations(story) == {(NAME, story.given), (NAME, story.lin.member_id)}


def test_one_that_cannot_be_read_is_held_against_nobody(story: Story) -> None:
    with broken(adjustment(story.given, adjustment_state="odd")):
        assert violations(story) == {(READABLE, f"adjustment:{story.given}")}


def test_a_day_is_closed_with_its_corrections(story: Story) -> None:
    shop = story.shop
    shop.passes(24 * 3600)

    assert close_days(clock=shop.clock) != []

    (total,) = shop.rows("ledger", entry="total#corrections")
    assert (total["debits_posted_fen"], total["credits_posted_fen"]) == (500, 200)
    assert violations(story) == set()
