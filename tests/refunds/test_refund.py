"""A refund as a pure value: its number, its identity, how often WeChat is asked."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.refunds.model import (
    LONGEST_LOOK_SECONDS,
    REASONS,
    Cause,
    Refund,
    attempt_of,
    out_refund_no,
    refund_id_for,
)
from tests.fakes import NOON


def refund(looks: int = 0, attempt: int = 1) -> Refund:
    return Refund(
        refund_id=refund_id_for("ord_1", Cause.ASKED, "key"),
        order_id="ord_1",
        member_id="mem_1",
        cause=Cause.ASKED,
        reason="不想要了",
        refund_type="refund_only",
        amount_fen=100,
        total_fen=100,
        ends_order=True,
        requested_at=NOON,
        looks=looks,
        attempt=attempt,
    )


@given(st.integers(1, 10_000))
def test_a_number_names_its_refund_and_attempt(attempt: int) -> None:
    one = refund(attempt=attempt)
    assert attempt_of(one.out_refund_no) == (one.refund_id, attempt)
    assert len(one.out_refund_no) <= 64


@pytest.mark.parametrize("number", ["", "nonsense", "rfd_", "rfd_x"])
def test_a_number_that_is_not_ours_is_an_error(number: str) -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        attempt_of(number)


def test_a_cause_refunds_an_order_once_and_every_key_asks_anew() -> None:
    ids = {refund_id_for("ord_1", cause) for cause in Cause}
    ids |= {refund_id_for("ord_1", Cause.ASKED, key) for key in ("a", "b")}
    assert len(ids) == len(Cause) + 2
    assert refund_id_for("ord_1", Cause.GROUP_FAILED) in ids
    assert refund_id_for("ord_2", Cause.GROUP_FAILED) not in ids


@given(st.integers(0, 1000))
def test_wechat_is_asked_again_after_a_minute_doubling_to_an_hour(looks: int) -> None:
    wait = refund(looks=looks).next_look(NOON) - NOON
    expected = min(60 * 2 ** min(looks, 20), LONGEST_LOOK_SECONDS)
    assert wait == timedelta(seconds=expected)


def test_every_cause_has_a_reason_wechat_takes() -> None:
    assert set(REASONS) == set(Cause)
    assert all(len(reason.encode()) <= 80 for reason in REASONS.values())
    assert out_refund_no("rfd_x", 2) == "rfd_x_2"
