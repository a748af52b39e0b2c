"""A put of a flash sale that is refused because the sale was changed meanwhile changes nothing."""

from functools import partial
from typing import Any

import pytest

from chalicelib.catalog.set_aside import put_back
from chalicelib.kit.aws import dynamodb
from tests.flash import flash, lots, offered, set_aside
from tests.in_process import just_before
from tests.shop import Shop
from tests.tables import PREFIX

WHAT = "It has been changed since it was read: look at it, then send it again."


def fields(shop: Shop, units: int, **changes: Any) -> dict[str, Any]:
    return {
        "campaign_id": "flash",
        "title": "秒杀",
        "size": 2,
        "duration_seconds": 600,
        "starts_at": shop.at(0),
        "ends_at": shop.at(48 * 3600),
        "rules": {"allotment": {"shards": 4}},
        "skus": [offered(units)],
        **changes,
    }


def put(shop: Shop, units: int, **changes: Any) -> str:
    """The revision it has then."""
    return str(shop.admin("put_campaign", **fields(shop, units, **changes))["revision"])


def assert_changed_since(answer: Any) -> None:
    assert answer["error"]["detail"] == WHAT


@pytest.mark.parametrize("passed_seconds", [0, 3600, 3 * 3600 + 4000])
def test_it_moves_no_unit_of_a_sale_that_runs_is_over_or_is_long_over(
    shop: Shop, passed_seconds: int
) -> None:
    flash(shop, 60, shards=4)
    if passed_seconds:
        shop.passes(passed_seconds)
    if passed_seconds > 3600:
        assert (shop.units_left(), set_aside(shop)) == (100, 0)
    before = shop.everything()

    for dry_run in (True, False):
        answer = shop.tries_admin(
            "put_campaign", **fields(shop, 40), if_revision="stale", dry_run=dry_run
        )
        assert_changed_since(answer)

    assert shop.everything() == before


def test_it_says_so_though_the_old_units_are_not_there_any_more(shop: Shop) -> None:
    flash(shop, 60, shards=4)
    shop.passes(3 * 3600 + 4000)
    shop.admin("put_product", **shop.product(units=40))
    before = shop.everything()

    assert_changed_since(shop.tries_admin("put_campaign", **fields(shop, 30), if_revision="stale"))

    assert shop.everything() == before


def test_what_it_had_set_aside_before_it_met_the_change_is_put_back(shop: Shop) -> None:
    revision = put(shop, 20)

    with just_before("TransactWriteItems", partial(put, shop, 30, title="晚秋")):
        answer = shop.tries_admin("put_campaign", **fields(shop, 50), if_revision=revision)

    assert_changed_since(answer)
    assert (shop.units_left(), set_aside(shop), sum(lots(shop))) == (70, 30, 30)
    assert shop.admin("get_campaign", campaign_id="flash")["skus"][0]["allotted_units"] == 30


def test_so_it_is_where_another_refusal_met_it(shop: Shop) -> None:
    """The SKU went off sale meanwhile."""
    put(shop, 20)
    product = shop.product()
    gone = {**product, "on_sale": False}

    with just_before("TransactWriteItems", lambda: shop.admin("put_product", **gone)):
        answer = shop.tries_admin("put_campaign", **fields(shop, 50))

    assert answer["error"]["code"] == "invalid_request"
    assert (shop.units_left(), set_aside(shop), sum(lots(shop))) == (80, 20, 20)


def test_what_cannot_be_put_back_raises_nothing(
    shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    put(shop, 20)
    key = {"sku_id": {"S": "apples-5"}, "shard": {"N": "0"}}
    dynamodb().delete_item(TableName=f"{PREFIX}-stock", Key=key)
    put_back("flash", besides=frozenset(), now=shop.clock.now())
    assert "units_not_put_back" in caplog.text


def test_of_a_sale_that_is_over_nothing_is_set_aside_again(shop: Shop) -> None:
    """Somebody was to begin it again, and was refused when the units were set aside already."""
    flash(shop, 60, shards=4)
    shop.passes(3 * 3600 + 4000)
    gone = {**shop.product(), "on_sale": False}

    with just_before("TransactWriteItems", lambda: shop.admin("put_product", **gone)):
        answer = shop.tries_admin("put_campaign", **fields(shop, 50))

    assert answer["error"]["code"] == "invalid_request"
    shop.passes(1)
    assert (shop.units_left(), set_aside(shop)) == (100, 0)


def test_of_none_that_stands_nothing_is_put_back(shop: Shop) -> None:
    before = shop.everything()
    put_back("flash", besides=frozenset({"apples-5"}), now=shop.clock.now())
    assert shop.everything() == before
