"""Double entry as pure values: what moves where, how much, and under which id."""

from dataclasses import FrozenInstanceError

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.ledger import recipes
from chalicelib.ledger.transfers import Account, Transfer
from tests.fakes import NOON

FEN = st.integers(1, 10**9)


def net_fen(transfers: list[Transfer], account: Account) -> int:
    """Debits less credits of an account."""
    debits = sum(one.amount_fen for one in transfers if one.debit_account is account)
    return debits - sum(one.amount_fen for one in transfers if one.credit_account is account)


@given(FEN, st.lists(st.tuples(FEN, st.booleans()), max_size=5))
def test_debits_equal_credits_whatever_is_booked(
    paid_fen: int, refunds: list[tuple[int, bool]]
) -> None:
    booked = [recipes.payment("ord_1", paid_fen, now=NOON)]
    booked += [
        recipes.refund("ord_1", f"rfd_{number}", amount_fen, by_hand=by_hand, now=NOON)
        for number, (amount_fen, by_hand) in enumerate(refunds)
    ]

    assert sum(net_fen(booked, account) for account in Account) == 0
    by_wechat = sum(amount_fen for amount_fen, by_hand in refunds if not by_hand)
    assert net_fen(booked, Account.WECHAT) == paid_fen - by_wechat


def test_the_same_cause_books_under_the_same_id() -> None:
    assert recipes.payment("ord_1", 5, now=NOON) == recipes.payment("ord_1", 5, now=NOON)
    ids = {
        recipes.payment("ord_1", 5, now=NOON).transfer_id,
        recipes.payment("ord_2", 5, now=NOON).transfer_id,
        recipes.refund("ord_1", "rfd_1", 5, by_hand=False, now=NOON).transfer_id,
        recipes.refund("ord_1", "rfd_1", 5, by_hand=True, now=NOON).transfer_id,
    }
    assert len(ids) == 4


@pytest.mark.parametrize("amount_fen", [0, -1])
def test_nothing_or_less_is_not_booked(amount_fen: int) -> None:
    with pytest.raises(ValueError, match="at least one fen"):
        recipes.payment("ord_1", amount_fen, now=NOON)


def test_a_transfer_is_never_changed() -> None:
    booked = recipes.payment("ord_1", 5, now=NOON)
    with pytest.raises(FrozenInstanceError):
        booked.amount_fen = 6  # type: ignore[misc]
