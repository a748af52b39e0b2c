"""Who is new: what the item `buyer` says of a member, and how it is counted."""

from typing import Any

import pytest

from chalicelib.groups.errors import NewcomersOnly
from chalicelib.kit.reads import read
from chalicelib.kit.writes import Changed, WriteSet
from chalicelib.members import store as members
from chalicelib.members.store import MemberRow
from tests.fakes import NOON

ANN = "mem_ann"


def row() -> MemberRow | None:
    key = members.buyer_key(ANN)
    return read(key).find(key)


def known() -> dict[str, Any]:
    """What the item says."""
    found = row()
    assert found is not None
    names = frozenset({"first_paid_at", "first_orders_count", "counted_order_id"})
    return found.given(names)


def places(order_id: str) -> None:
    writes = WriteSet()
    members.count_first_order(writes, ANN, order_id)
    writes.commit()


def cancels() -> None:
    writes = WriteSet()
    members.uncount_first_order(writes, ANN)
    writes.commit()


def pays() -> None:
    writes = WriteSet()
    members.remember_buyer(writes, ANN, NOON)
    writes.commit()


def claims(order_id: str, seen: list[MemberRow | None] | None = None) -> None:
    """Take a newcomer's seat; `seen` is given the item that stood in the way."""

    def refuse(found: MemberRow | None) -> NewcomersOnly:
        if seen is not None:
            seen.append(found)
        return NewcomersOnly()

    writes = WriteSet()
    members.claim_newcomer(writes, ANN, order_id, refusal=refuse)
    writes.commit()


def test_whoever_nothing_is_known_of_is_new(database: None) -> None:
    assert members.is_new(None)
    assert not members.has_paid(None)


def test_an_order_that_may_be_paid_makes_nobody_a_buyer_but_nobody_new(database: None) -> None:
    places("ord_1")

    assert known() == {"first_orders_count": 1, "counted_order_id": "ord_1"}
    assert not members.is_new(row())
    assert not members.has_paid(row())


def test_who_has_cancelled_all_is_new_again(database: None) -> None:
    places("ord_1")
    places("ord_2")
    cancels()
    assert not members.is_new(row())
    cancels()

    assert known() == {"first_orders_count": 0, "counted_order_id": "ord_2"}
    assert members.is_new(row())


def test_who_has_paid_is_new_no_more_whatever_is_cancelled(database: None) -> None:
    places("ord_1")
    pays()
    cancels()

    assert known()["first_orders_count"] == 0
    assert members.has_paid(row())
    assert not members.is_new(row())


def test_a_first_payment_is_noted_once(database: None) -> None:
    pays()

    with pytest.raises(Changed):
        pays()
    assert known() == {"first_paid_at": NOON}


def test_a_newcomer_claims_one_seat_until_it_is_given_back(database: None) -> None:
    claims("ord_1")
    before, seen = known(), list[MemberRow | None]()

    with pytest.raises(NewcomersOnly):
        claims("ord_2", seen)

    assert known() == before
    assert [found.counted_order_id for found in seen if found is not None] == ["ord_1"]
    cancels()
    claims("ord_2")
    assert known() == {"first_orders_count": 1, "counted_order_id": "ord_2"}


@pytest.mark.parametrize("stands", ["an order", "a payment"])
def test_no_seat_is_claimed_beside_an_order_or_after_a_payment(database: None, stands: str) -> None:
    if stands == "an order":
        places("ord_1")
    else:
        pays()
    before = known()

    with pytest.raises(NewcomersOnly):
        claims("ord_2")

    assert known() == before


def test_what_was_never_counted_is_not_counted_below_zero(database: None) -> None:
    cancels()

    assert known() == {"first_orders_count": 0}
    assert members.is_new(row())
