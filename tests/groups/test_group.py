"""A group as a pure value: when it runs out, what fills it, how it is settled."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.groups.model import Settlement, new_group, settlement
from chalicelib.rules.model import Rules, WhenShort
from tests.fakes import NOON
from tests.goods import campaign


@given(st.integers(2, 100))
def test_a_new_group_has_every_seat_once(size: int) -> None:
    group = new_group("grp_1", campaign(size=size), "mem_1", now=NOON)
    assert group.seats_free + group.held_count + group.paid_count == size
    assert (group.held_count, group.paid_count) == (1, 0)


@given(st.integers(1, 100_000), st.integers(-3000, 3000))
def test_a_group_ends_by_its_duration_or_with_its_campaign(duration: int, paid_at: int) -> None:
    entry = campaign(duration_seconds=duration, ends_in_seconds=3600)
    group = new_group("grp_1", entry, "mem_1", now=NOON)
    activated_at = NOON + timedelta(seconds=paid_at)

    expires_at = group.expiry(activated_at)

    assert expires_at <= entry.ends_at
    assert expires_at <= activated_at + timedelta(seconds=duration)
    assert expires_at in (entry.ends_at, activated_at + timedelta(seconds=duration))


@given(st.integers(0, 10), st.integers(1, 10), st.sampled_from(WhenShort))
def test_a_short_group_is_honoured_only_where_enough_have_paid(
    paid_count: int, minimum: int, when_short: WhenShort
) -> None:
    honours = when_short is WhenShort.HONOUR
    rules = Rules(when_short=when_short, minimum_payers=minimum if honours else None)
    group = new_group("grp_1", campaign(size=10, rules=rules), "mem_1", now=NOON)
    group = type(group)(**{**vars(group), "paid_count": paid_count})

    expected = Settlement.COMPLETE if honours and paid_count >= minimum else Settlement.FAIL
    assert settlement(group) is expected


def test_a_group_nobody_paid_is_never_honoured_by_default() -> None:
    rules = Rules(when_short=WhenShort.HONOUR)
    group = new_group("grp_1", campaign(rules=rules), "mem_1", now=NOON)
    assert settlement(group) is Settlement.FAIL


def test_a_group_never_outlives_its_campaign() -> None:
    entry = campaign(ends_in_seconds=100, duration_seconds=600)
    group = new_group("grp_1", entry, "mem_1", now=NOON)

    assert group.expiry(NOON) == NOON + timedelta(seconds=100)
    assert group.expiry(NOON - timedelta(seconds=700)) == NOON - timedelta(seconds=100)
