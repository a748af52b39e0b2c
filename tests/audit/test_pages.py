"""What lies under one key is on one page, however small the page; and one broken row does not keep
others from being looked at.
"""

from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, ParamValidationError

from chalicelib.audit import store
from chalicelib.audit.legs import look
from chalicelib.audit.model import DayWalk, Leg, Progress, Round, UnitsWalk
from chalicelib.audit.pages import Page, read_page, read_under
from chalicelib.audit.setting_aside import is_passing
from chalicelib.kit.aws import dynamodb
from chalicelib.kit.errors import TryAgain
from chalicelib.kit.writes import Changed
from chalicelib.ledger.store import LedgerRow
from tests.fakes import NOON, FakeClock
from tests.shop import Shop
from tests.tables import PREFIX


def put(account_id: str, *entries: str) -> None:
    for entry in entries:
        item = {"account_id": {"S": account_id}, "entry": {"S": entry}}
        dynamodb().put_item(TableName=f"{PREFIX}-ledger", Item=item)


def pages(limit: int, **given: Any) -> list[Page]:
    """All pages of the ledger."""
    found = [read_page(LedgerRow, limit=limit, start=None, last_key="", **given)]
    while found[-1].start is not None:
        last = found[-1]
        page = read_page(LedgerRow, limit=limit, start=last.start, last_key=last.last_key, **given)
        found.append(page)
    return found


def keys(page: Page) -> list[str]:
    return [item["account_id"]["S"] for item in page.items]


def test_an_account_is_never_torn(database: None) -> None:
    for account_id in ("a", "b", "c"):
        put(account_id, *(f"entry{number}" for number in range(5)))
    for limit in (1, 2, 4, 5, 7, 100):
        found = [keys(page) for page in pages(limit)]
        together = [key for page in found for key in page]
        assert sorted(together) == sorted("abc" * 5)
        for key in "abc":
            assert [page.count(key) for page in found if key in page] == [5]


def test_what_is_added_under_the_last_key_meanwhile_is_passed_over(database: None) -> None:
    put("a", "entry0", "entry1")
    put("b", "entry0")
    first = read_page(LedgerRow, limit=1, start=None, last_key="")
    put(first.last_key, "entry9")

    second = read_page(LedgerRow, limit=9, start=first.start, last_key=first.last_key)

    assert {*keys(first), *keys(second)} == {"a", "b"}
    assert first.last_key not in keys(second)
    assert len(read_under(LedgerRow, first.last_key)) == len(keys(first)) + 1


def test_an_account_with_too_much_under_it_is_left_out_and_the_rest_is_not(database: None) -> None:
    put("a", "entry0")
    put("b", *(f"entry{number:04}" for number in range(1203)))
    put("c", "entry0")

    found = pages(1, most_under_one_key=50)

    assert sorted(key for page in found for key in keys(page)) == ["a", "c"]
    assert {key for page in found for key in page.left_out} == {"b"}
    assert sum(page.rows_read for page in found) == 1205


def test_one_that_breaks_is_set_aside_and_the_others_are_looked_at(shop: Shop) -> None:
    good, bad = (shop.member(name).buys().pays() for name in ("Lin", "Ann"))
    shop.settles()
    key = {"order_id": {"S": bad.order_id}}
    dynamodb().update_item(
        TableName=f"{PREFIX}-orders",
        Key=key,
        UpdateExpression="SET refund_ids = :numbers",
        ExpressionAttributeValues={":numbers": {"L": [{"N": "5"}, {"S": "ref_1"}]}},
    )
    items = dynamodb().scan(TableName=f"{PREFIX}-orders")["Items"]

    looked = look(Leg.ORDERS, items, clock=shop.clock)

    assert looked.at == {"order": 1}
    (finding,) = shop.rows("findings")
    assert (finding["kind"], finding["about"]) == ("poison_item", bad.order_id)
    assert good.order_id != bad.order_id


@pytest.mark.parametrize(
    ("error", "passing"),
    [
        (TryAgain("busy"), True),
        (EndpointConnectionError(endpoint_url="https://dynamodb.test"), True),
        (ClientError({"Error": {"Code": "ThrottlingException"}}, "Scan"), True),
        (ClientError({"Error": {"Code": "ValidationException"}}, "GetItem"), False),
        (ParamValidationError(report="a number for a text"), False),
        (KeyError("order_state"), False),
    ],
)
def test_what_is_only_passing_is_no_fault_of_a_row(error: Exception, passing: bool) -> None:
    assert is_passing(error) is passing


def test_where_it_is_comes_back_as_it_was_written(database: None, clock: FakeClock) -> None:
    round = Round(
        began_at=NOON,
        leg=Leg.LEDGER,
        start={"account_id": {"S": "a"}, "entry": {"S": "b"}},
        last_key="a",
        rows={"groups": 3},
        looked={"group": 1},
        violations_count=2,
        suspects=(("order", "ord_1"), ("member", "mem_1")),
        days=("2026-11-21", "2026-11-22"),
        day=DayWalk("2026-11-21", look=2, shard=3, sums={"wechat": [0, 5, 0, 4]}, said=["x"]),
        units=UnitsWalk(NOON, NOON, {"apples": [9, 8, 0, 1, "", 1, 0]}, portion=1, portions=2),
    )
    written = store.save(Progress(), Progress(round=round))
    found = store.find()

    assert found.version == written.version == 1
    assert found.round is not None
    assert found.round.suspects == round.suspects
    assert store.save(found, found).version == 2
    with pytest.raises(Changed):
        store.save(found, found)
    again = store.find().round
    assert again is not None
    assert again == found.round
    assert again.day == round.day
    assert again.units == round.units
