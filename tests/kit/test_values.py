"""Moments, ids, money, maps and cursors: what goes in comes out, and what sorts as text sorts
as meant.
"""

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.kit.clock import epoch_seconds, from_stored, shown, stored, to_milliseconds
from chalicelib.kit.errors import InvalidRequest
from chalicelib.kit.ids import derived_id, fingerprint, random_id, shard_of
from chalicelib.kit.paging import from_cursor, to_cursor
from chalicelib.kit.tables import PlainMapAttribute

MOMENTS = st.integers(946_684_800_000_000, 4_102_444_800_000_000).map(
    lambda microseconds: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)
)
LEAVES = st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.text(max_size=20)
PLAIN = st.recursive(
    LEAVES,
    lambda each: (
        st.lists(each, max_size=4) | st.dictionaries(st.text(max_size=8), each, max_size=4)
    ),
    max_leaves=12,
)


@given(MOMENTS)
def test_a_moment_survives_being_stored(moment: datetime) -> None:
    assert from_stored(stored(moment)) == to_milliseconds(moment)


@given(MOMENTS, MOMENTS)
def test_stored_moments_sort_as_text(one: datetime, other: datetime) -> None:
    one, other = to_milliseconds(one), to_milliseconds(other)
    assert (stored(one) < stored(other)) == (one < other)


def test_a_moment_has_one_spelling_whatever_its_offset() -> None:
    in_china = datetime(2026, 11, 22, 23, 8, 44, 120_900, tzinfo=timezone(timedelta(hours=8)))
    assert stored(in_china) == "2026-11-22T15:08:44.120Z"
    assert shown(in_china) == "2026-11-22T15:08:44Z"
    assert epoch_seconds(in_china) == 1795360124


@given(st.lists(st.text(), min_size=1, max_size=4))
def test_the_same_cause_gives_the_same_id_and_wechat_takes_it(cause: list[str]) -> None:
    one = derived_id("ord", *cause)
    assert one == derived_id("ord", *cause)
    assert len(one) == 30
    assert one.replace("_", "").isalnum()
    assert one.isascii()


def test_ids_of_other_causes_differ() -> None:
    assert derived_id("ord", "a", "b") != derived_id("ord", "b", "a")
    assert derived_id("ord", "ab") != derived_id("ord", "a", "b")
    assert len({random_id("mem") for _ in range(1000)}) == 1000


@given(st.text(), st.integers(1, 64))
def test_an_id_belongs_to_one_shard(identifier: str, shards: int) -> None:
    assert 0 <= shard_of(identifier, shards) < shards
    assert shard_of(identifier, shards) == shard_of(identifier, shards)


def test_shards_are_evenly_filled() -> None:
    counts = [0] * 8
    for number in range(8000):
        counts[shard_of(f"ord_{number}", 8)] += 1
    assert min(counts) > 850
    assert max(counts) < 1150


@given(PLAIN)
def test_a_fingerprint_does_not_depend_on_the_order_of_keys(content: Any) -> None:
    shuffled = json.loads(json.dumps(content))
    if isinstance(shuffled, dict):
        shuffled = dict(reversed(shuffled.items()))
    assert fingerprint(shuffled) == fingerprint(content)


@given(st.dictionaries(st.text(max_size=8), PLAIN, max_size=5))
def test_a_plain_map_survives_being_stored(content: dict[str, Any]) -> None:
    attribute = PlainMapAttribute()
    assert attribute.deserialize(attribute.serialize(content)) == content


def test_a_float_is_not_stored() -> None:
    with pytest.raises(TypeError):
        PlainMapAttribute().serialize({"price": 12.5})


def test_a_cursor_comes_back_as_the_key_it_was() -> None:
    key = {"order_id": {"S": "ord_1"}, "member_id": {"S": "mem_1"}}
    cursor = to_cursor(key)
    assert from_cursor(cursor, names=frozenset(key), fixed={"member_id": "mem_1"}) == key
    assert from_cursor(None, names=frozenset(key)) is None
    assert to_cursor(None) is None


@given(st.text(max_size=60))
def test_a_made_up_cursor_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequest):
        from_cursor(text, names=frozenset({"order_id"}))


@pytest.mark.parametrize(
    "key",
    [
        {"order_id": {"S": "ord_1"}},
        {"order_id": {"N": "1"}, "member_id": {"S": "mem_1"}},
        {"order_id": {"S": "ord_1"}, "member_id": {"S": "mem_2"}},
        {"order_id": {"S": "ord_1"}, "member_id": {"S": "mem_1"}, "more": {"S": "x"}},
    ],
)
def test_a_cursor_of_another_list_is_refused(key: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest):
        from_cursor(
            to_cursor(key),
            names=frozenset({"order_id", "member_id"}),
            fixed={"member_id": "mem_1"},
        )
