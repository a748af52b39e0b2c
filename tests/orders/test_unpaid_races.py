"""One member everywhere at once, on DynamoDB's own engine: never more unpaid orders than may be."""

from dataclasses import replace
from functools import partial

import pytest

from chalicelib.orders.place import place
from tests.engine.conftest import dynamodb_endpoint, engine
from tests.races import at_once, engine_shop, outcomes, purchase
from tests.shop import Shop

__all__ = ["dynamodb_endpoint", "engine", "engine_shop"]

pytestmark = pytest.mark.engine

THREADS = 32
"""Each meets all others in four items, which takes the engine its time."""


def test_of_32_orders_of_one_member_as_many_are_placed_as_may_be_unpaid(engine_shop: Shop) -> None:
    shop = engine_shop
    first = purchase(shop, "Lin", "solo")
    asked = [replace(first, idempotency_key=f"buying-{number:02}") for number in range(THREADS)]

    results = at_once([partial(place, one, clock=shop.clock) for one in asked])

    assert outcomes(results) == {"done": 10, "too_many_unpaid": 22}
    orders = shop.rows("orders")
    (profile,) = shop.rows("members", kind="profile")
    assert set(profile["unpaid_order_ids"]) == {order["order_id"] for order in orders}
    assert shop.units_left() == 990
    shop.assert_audit_is_clean()
