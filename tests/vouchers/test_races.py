"""Everyone at once on one voucher, on DynamoDB's own engine: it opens one group and comes back
once.
"""

from collections import Counter
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from chalicelib.groups import store as groups
from chalicelib.groups.leave import leave
from chalicelib.groups.open import open_group
from chalicelib.groups.settle import settle
from chalicelib.orders import store as orders
from chalicelib.refunds.refund_seats import refund_seats
from chalicelib.vouchers import store as vouchers
from chalicelib.vouchers.grant import grant
from chalicelib.vouchers.model import Voucher
from chalicelib.vouchers.revoke import revoke
from tests.races import at_once, outcomes, purchase
from tests.shop import Shop
from tests.vouchers.words import granted

pytestmark = pytest.mark.engine

THREADS = 32
"""Each meets all others in five items, which takes the engine its time."""


@pytest.fixture
def shop(engine_shop: Shop) -> Shop:
    """Every race here runs on the engine."""
    return engine_shop


def openings(shop: Shop, count: int) -> list[Any]:
    """Requests of Lin's with one voucher, each under a key of its own."""
    granted(shop, "Lin")
    first = replace(purchase(shop, "Lin", "open"), voucher_id="v1")
    asked = [replace(first, idempotency_key=f"opening-{number}") for number in range(count)]
    return [partial(open_group, "autumn", one, clock=shop.clock) for one in asked]


def lins(shop: Shop) -> str:
    return shop.member("Lin").member_id


def test_of_32_threads_with_one_voucher_exactly_one_opens_a_group(shop: Shop) -> None:
    results = at_once(openings(shop, THREADS))

    assert outcomes(results) == {"done": 1, "voucher_not_valid": 31}
    (order,) = shop.rows("orders")
    assert len(shop.rows("groups", kind="group")) == 1
    assert vouchers.get(lins(shop), "v1").used_by == order["order_id"]
    assert shop.units_left() == 999
    shop.assert_audit_is_clean()


def test_32_repeats_of_one_opening_with_a_voucher_open_one_group(shop: Shop) -> None:
    (one,) = openings(shop, 1)

    results = at_once([one] * THREADS)

    assert outcomes(results) == {"done": THREADS}
    assert Counter(placed.replayed for placed in results) == {False: 1, True: 31}
    assert len(shop.rows("orders")) == 1
    assert shop.units_left() == 999
    shop.assert_audit_is_clean()


@pytest.mark.parametrize("round_number", range(4))
def test_a_voucher_is_used_or_revoked_never_both(shop: Shop, round_number: int) -> None:
    (opening,) = openings(shop, 1)
    member_id = lins(shop)

    results = at_once([opening, partial(revoke, member_id, "v1", clock=shop.clock)] * 8)

    used = vouchers.get(member_id, "v1").used_by is not None
    expected = {"done": 8, "not_allowed": 8} if used else {"done": 8, "voucher_not_valid": 8}
    assert outcomes(results) == expected
    assert len(shop.rows("orders")) == used
    shop.assert_audit_is_clean()


@pytest.mark.parametrize("round_number", range(4))
def test_a_leader_who_leaves_as_the_group_fails_gets_all_back_once(
    shop: Shop, round_number: int
) -> None:
    shop.campaign(rules={"leave_allowed": True}, per_member_limit=1, duration_seconds=1)
    (opening,) = openings(shop, 1)
    order = opening().order
    group_id, clock = str(order.group_id), shop.clock

    def fails() -> None:
        clock.advance(1)
        settle(group_id, clock=clock, wechat_pay=shop.wiring.wechat_pay)
        refund_seats(group_id, clock=clock)

    at_once([partial(leave, order.order_id, clock=clock)] * 4 + [fails])
    refund_seats(group_id, clock=clock)

    assert orders.get(order.order_id).order_state == "cancelled"
    assert groups.get(group_id).group_state == "failed"
    assert vouchers.get(order.member_id, "v1").used_by is None
    assert shop.units_left() == 1000
    assert [row["used"] for row in shop.rows("limits")] == [0]
    shop.assert_audit_is_clean()


def test_32_grants_at_once_are_one(shop: Shop) -> None:
    member_id, now = lins(shop), shop.clock.now()
    ends_at = now.replace(year=now.year + 1)
    wanted = Voucher("v1", member_id, granted_at=now, expires_at=ends_at)

    results = at_once([partial(grant, wanted)] * THREADS)

    assert Counter(outcome for _, outcome in results) == {"created": 1, "unchanged": 31}
    assert vouchers.get(member_id, "v1").expires_at == ends_at
