"""Opening with a voucher asked for more than once: the same request finds its group, another finds
the voucher used.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from chalicelib.kit.aws import dynamodb
from tests.in_process import just_before
from tests.shop import Shop
from tests.tables import PREFIX
from tests.vouchers.words import granted, state


def test_the_same_request_again_finds_the_group_and_another_key_no_voucher(shop: Shop) -> None:
    lin = granted(shop, "Lin")
    first = lin.tries_to_open(voucher_id="v1", key="opening-1")

    again = lin.tries_to_open(voucher_id="v1", key="opening-1")
    without = lin.tries_to_open(key="opening-1")
    twice = lin.tries_to_open(voucher_id="v1", key="opening-2")

    assert again.content == first.content
    assert again.headers["Idempotency-Replayed"] == "true"
    assert (without.status, without.code) == (409, "idempotency_conflict")
    assert (twice.status, twice.code) == (409, "voucher_not_valid")
    assert len(shop.rows("groups", kind="group")) == len(shop.rows("orders")) == 1
    shop.assert_books_balance()


@contextmanager
def read_too_early_for_orders() -> Iterator[None]:
    """The next batch reads the orders before, and the rest after, another request's commit."""
    event, client = "after-call.dynamodb.BatchGetItem", dynamodb()
    done: list[bool] = []

    def hide(parsed: dict[str, Any], **_: Any) -> None:
        if not done:
            done.append(bool(parsed["Responses"].pop(f"{PREFIX}-orders")))

    client.meta.events.register(event, hide)
    yield
    client.meta.events.unregister(event, hide)
    assert done == [True]


def test_a_repeat_that_finds_its_twins_voucher_used_finds_its_twins_group(shop: Shop) -> None:
    lin = granted(shop, "Lin")
    first = lin.tries_to_open(voucher_id="v1", key="opening-1")

    with read_too_early_for_orders():
        again = lin.tries_to_open(voucher_id="v1", key="opening-1")

    assert (again.status, again.content) == (201, first.content)
    assert again.headers["Idempotency-Replayed"] == "true"


def test_a_repeat_that_its_twin_overtakes_finds_its_twins_group(shop: Shop) -> None:
    lin = granted(shop, "Lin")
    placed: list[Any] = []

    def twin() -> None:
        placed.append(lin.tries_to_open(voucher_id="v1", key="opening-1").content)

    with just_before("TransactWriteItems", twin):
        again = lin.tries_to_open(voucher_id="v1", key="opening-1")

    assert (again.status, again.content) == (201, placed[0])


def test_a_voucher_that_is_used_just_before_opens_nothing_more(shop: Shop) -> None:
    lin = granted(shop, "Lin")

    with just_before("TransactWriteItems", lambda: lin.opens(voucher_id="v1")):
        late = lin.tries_to_open(voucher_id="v1")

    assert (late.status, late.code) == (409, "voucher_not_valid")
    assert len(shop.rows("orders")) == 1
    shop.assert_books_balance()


def test_a_voucher_that_expires_just_before_opens_nothing(shop: Shop) -> None:
    lin = granted(shop, "Lin")
    revoking = {"member_id": lin.member_id, "voucher_id": "v1"}

    with just_before("TransactWriteItems", lambda: shop.admin("revoke_voucher", **revoking)):
        refused = lin.tries_to_open(voucher_id="v1")

    assert (refused.status, refused.code) == (409, "voucher_not_valid")
    assert (state(lin), shop.rows("orders")) == (("expired", None), [])
