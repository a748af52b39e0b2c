"""A whole shop loses rows and gets them back: the books balance, nobody is paid twice, and what the
shop took away itself stays away.
"""

import io
import json
from collections.abc import Iterator
from itertools import combinations
from typing import Any

import pytest

from infra.restore.run import Outcome
from infra.restore.together import CHAIN
from tests.led import FREEZE_SECONDS, settled
from tests.restoring import TABLES, Operator, Tables
from tests.shop import Shop
from tests.stations.words import arrived, collects, hands_out, looks_after, orders, waiting
from tests.withdrawals.words import asked, confirms

PREFIX = "kaituan-test"


class Admin:
    """The deployed `admin`: a shop's own, in this process."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop

    def invoke(self, FunctionName: str, Payload: str) -> dict[str, Any]:  # noqa: N803
        assert FunctionName == "kaituan-test-admin"
        event = json.loads(Payload)
        answer = self.shop.tries_admin(event.pop("command"), **event)
        return {"Payload": io.BytesIO(json.dumps(answer).encode())}


@pytest.fixture
def past(database: None) -> Iterator[Tables]:
    client = Tables()
    yield client
    for name in client.beside():
        client.delete_table(TableName=name)


@pytest.fixture
def operator(past: Tables, shop: Shop) -> Operator:
    found = Operator(past, Admin(shop), stage="test")
    found.clock = shop.clock
    found.pauses()
    return found


def everything_goes_on(shop: Shop, operator: Operator) -> None:
    """What waited happens: the streams tell all of it, twice."""
    operator.resumes()
    shop.streams_flow(times=2)
    shop.settles()


def loses(past: Tables, table: str) -> None:
    """Every row of it, by hand."""
    name = f"{PREFIX}-{table}"
    for row in past.rows_of(name):
        key = {attribute.name: row[attribute.name] for attribute in TABLES[table].key}
        past.delete_item(TableName=name, Key=key)
    assert past.rows_of(name) == []


def busy(shop: Shop) -> None:
    """Groups that failed, wait, are complete and were left; a friend's commission, paid out;
    refunds, also in a complete group.
    """
    shop.admin("put_settings", commission={"rates_bp": [2000], "freeze_seconds": FREEZE_SECONDS})
    shop.admin("put_settings", withdrawal={"minimum_fen": 10})
    shop.campaign("free", size=2, rules={"leave_allowed": True})
    alone = shop.member("Ma").opens().pays()
    shop.passes(3700)
    with_bo = shop.member("Bo").opens().pays()
    regrets = shop.member("Mo").joins(with_bo.group_id).pays()
    shop.settles()
    shop.decides(regrets.asks_refund()["refund_id"])
    assert [alone.status, with_bo.status, regrets.status] == ["refunded", "to_ship", "refunded"]
    lin, ann = shop.member("Lin"), shop.member("Ann")
    ann.visits(lin.shares())
    first = lin.opens().pays()
    second = ann.joins(first.group_id).pays()
    shop.settles()
    settled(shop, first, second)
    withdrawal_id = asked(lin, 200)
    shop.settles()
    confirms(lin, withdrawal_id)
    shop.settles()
    shop.member("Wu").opens("free").pays()
    left = shop.member("He").opens("free").pays()
    assert left.cancels().status == 200
    shop.member("Qi").opens("free")
    shop.settles()
    asked_back = shop.member("Yu").buys().pays().asks_refund()
    shop.decides(asked_back["refund_id"])
    looks_after(shop, "Gu")
    collects(shop, "gate")
    orders(shop.member("Du")).pays()
    shop.settles()


@pytest.mark.parametrize("table", list(TABLES))
def test_a_table_that_lost_every_row_is_as_it_was(
    shop: Shop, operator: Operator, past: Tables, table: str
) -> None:
    busy(shop)
    shop.assert_books_balance()
    name = f"{PREFIX}-{table}"
    past.keep_the_past_of(name)
    before, totals = past.live(), shop.sandbox.totals()
    loses(past, table)

    assert operator.runs(table) is Outcome.BALANCED
    everything_goes_on(shop, operator)

    assert past.live() == before
    assert shop.sandbox.totals() == totals
    shop.assert_books_balance()


@pytest.mark.parametrize(
    ("lost", "asked_for"),
    [
        (TABLES, ("all",)),
        (CHAIN, ("groups",)),
        *((pair, pair[1:]) for pair in combinations(CHAIN, 2)),
        (("orders", "stations"), ("stations", "orders")),
        (("ledger", "members", "identities"), ("identities", "members")),
    ],
    ids=lambda names: "-".join(names) if len(names) < 6 else "many",
)
def test_tables_that_lost_every_row_are_as_they_were(
    shop: Shop,
    operator: Operator,
    past: Tables,
    lost: tuple[str, ...],
    asked_for: tuple[str, ...],
) -> None:
    """Those that come along unasked too, hours later, with a closed day among what was lost."""
    busy(shop)
    shop.passes(26 * 3600)
    shop.fires("reconcile_days")
    shop.settles()
    shop.assert_books_balance()
    for table in TABLES:
        past.keep_the_past_of(f"{PREFIX}-{table}")
    before, totals = past.live(), shop.sandbox.totals()
    for table in lost:
        loses(past, table)
    shop.advance(6 * 3600)

    assert operator.runs(*asked_for) is Outcome.BALANCED
    everything_goes_on(shop, operator)

    assert past.live() == before
    assert shop.sandbox.totals() == totals
    shop.assert_books_balance()


@pytest.mark.parametrize("first", ["ledger", "commissions", "refunds", "withdrawals"])
def test_told_between_two_tables_nothing_is_done_twice(
    shop: Shop, operator: Operator, past: Tables, first: str
) -> None:
    """Somebody switched it on too early: what comes back first guards what comes back later."""
    busy(shop)
    for table in CHAIN:
        past.keep_the_past_of(f"{PREFIX}-{table}")
    before, totals = past.live(), shop.sandbox.totals()
    lost = CHAIN[CHAIN.index(first) :]
    for table in lost:
        loses(past, table)
    shop.streams_flow()

    for table in lost:
        operator.runs(table, keep=True)
        everything_goes_on(shop, operator)
        operator.pauses()

    assert past.live() == before
    assert shop.sandbox.totals() == totals
    shop.assert_books_balance()


def test_what_settles_while_the_commissions_are_away_is_released_once(
    shop: Shop, operator: Operator, past: Tables
) -> None:
    """The shop sells on; streams and sweeps wait until the rows are back."""
    shop.admin("put_settings", commission={"rates_bp": [2000], "freeze_seconds": FREEZE_SECONDS})
    lin, ann = shop.member("Lin"), shop.member("Ann")
    ann.visits(lin.shares())
    first = lin.opens().pays()
    second = ann.joins(first.group_id).pays()
    shop.settles()
    for order in (first, second):
        shop.ships(order)
    past.keep_the_past_of(f"{PREFIX}-commissions")
    loses(past, "commissions")
    second.receives()
    shop.advance(FREEZE_SECONDS + 1)
    late = ann.opens().pays()

    operator.resumes()
    operator.is_refused("what follows from rows by itself is on .relay_groups, ", "commissions")
    operator.pauses()
    assert operator.runs("commissions") is Outcome.BALANCED
    assert "NOT ALL HAPPENS BY ITSELF YET" in operator.said
    everything_goes_on(shop, operator)
    shop.passes(61)
    shop.passes(FREEZE_SECONDS + 1)

    assert [second.status, late.status] == ["settled", "refunded"]
    (balance,) = shop.rows("ledger", entry="balance")
    assert (balance["available_fen"], balance["credits_pending_fen"]) == (300, 0)
    shop.assert_books_balance()


def test_it_is_not_switched_on_while_the_operator_thinks(
    shop: Shop, operator: Operator, past: Tables
) -> None:
    shop.member("Lin").opens().pays()
    past.keep_the_past_of(f"{PREFIX}-orders")
    loses(past, "orders")

    def resume(_question: str) -> bool:
        operator.resumes()
        return True

    operator.agree = resume
    operator.is_refused("by itself is on", "orders")


def test_orders_that_are_back_go_on(shop: Shop, operator: Operator, past: Tables) -> None:
    """One is joined and shipped, the other is not paid in time: each as if nothing had been."""
    joined, forgotten = shop.member("Lin").opens().pays(), shop.member("Wu").opens()
    shop.settles()
    past.keep_the_past_of(f"{PREFIX}-orders")
    loses(past, "orders")
    assert operator.runs("orders") is Outcome.BALANCED

    other = shop.member("Ann").joins(joined.group_id).pays()
    shop.settles()
    shop.passes(3600)

    assert [one.status for one in (joined, other, forgotten)] == ["to_ship", "to_ship", "cancelled"]
    shop.assert_books_balance()


def test_a_seat_that_was_given_up_stays_free(shop: Shop, operator: Operator, past: Tables) -> None:
    leads = shop.member("Lin").opens().pays()
    gives_up, stays = shop.member("Ann").joins(leads.group_id), shop.member("Wu").opens()
    past.keep_the_past_of(f"{PREFIX}-groups")
    assert gives_up.cancels().status == 200
    shop.settles()
    seats = [f"{order.group_id}/seat#{order.member.member_id}" for order in (gives_up, stays)]
    before = past.rows_of(f"{PREFIX}-groups")
    assert operator.runs("groups") is Outcome.BALANCED
    assert past.rows_of(f"{PREFIX}-groups") == before

    group_id, _, kind = seats[1].partition("/")
    key = {"group_id": {"S": group_id}, "kind": {"S": kind}}
    past.delete_item(TableName=f"{PREFIX}-groups", Key=key)
    assert operator.runs("groups") is Outcome.BALANCED

    assert past.rows_of(f"{PREFIX}-groups") == before
    assert f"{seats[0]}\n" in operator.said
    assert "the shop takes such rows away itself" in operator.said


def test_of_a_group_that_failed_since_all_seats_come_back_but_of_who_left(
    shop: Shop, operator: Operator, past: Tables
) -> None:
    shop.campaign("free", size=3, rules={"leave_allowed": True})
    leads = shop.member("Lin").opens("free").pays()
    leaves = shop.member("Ann").joins(leads.group_id).pays()
    shop.settles()
    past.keep_the_past_of(f"{PREFIX}-groups")
    assert leaves.cancels().status == 200
    shop.passes(3700)
    assert [leads.status, leaves.status] == ["refunded", "refunded"]
    before, name = past.live(), f"{PREFIX}-groups"
    (seat,) = (row for row in past.rows_of(name) if row["kind"]["S"] != "group")
    key = {attribute: seat[attribute] for attribute in ("group_id", "kind")}
    past.delete_item(TableName=name, Key=key)

    assert operator.runs("groups") is Outcome.BALANCED

    assert past.live() == before
    assert f"{leaves.group_id}/seat#{leaves.member.member_id}\n" in operator.said


def test_who_leaves_while_the_operator_thinks_does_not_come_back(
    shop: Shop, operator: Operator, past: Tables
) -> None:
    lin = shop.member("Lin")
    name = f"{PREFIX}-identities"
    past.keep_the_past_of(name)
    loses(past, "identities")

    def leave(question: str) -> bool:
        assert question == "bring 1 rows back to kaituan-test-identities and replace 0?"
        assert lin.send("DELETE", "/v1/me").status == 204
        return True

    operator.agree = leave
    assert operator.runs("identities") is Outcome.BALANCED
    assert past.rows_of(name) == []
    assert "1 were no longer needed when their turn came" in operator.said


def test_a_row_that_was_taken_away_rightly_comes_back_when_it_is_named(
    shop: Shop, operator: Operator, past: Tables
) -> None:
    """And the audit says that this was wrong."""
    leads = shop.member("Lin").opens().pays()
    order = shop.member("Ann").joins(leads.group_id)
    past.keep_the_past_of(f"{PREFIX}-groups")
    order.cancels()
    shop.settles()
    seat = f"{order.group_id}/seat#{order.member.member_id}"
    operator.is_refused(f"say --also {seat}", "groups", replace=(seat,))

    assert operator.runs("groups", also=(seat,)) is Outcome.NOT_PROVEN

    assert len(shop.rows("groups", kind=f"seat#{order.member.member_id}")) == 1
    assert "counts_match_seats" in operator.said
    assert "the books do not balance" in operator.said


def test_who_has_left_does_not_come_back(shop: Shop, operator: Operator, past: Tables) -> None:
    left, stays = shop.member("Lin"), shop.member("Ann")
    for table in ("members", "identities"):
        past.keep_the_past_of(f"{PREFIX}-{table}")
    assert left.send("DELETE", "/v1/me").status == 204
    loses(past, "members")
    loses(past, "identities")

    assert operator.runs("members") is Outcome.BALANCED
    assert operator.runs("identities") is Outcome.BALANCED

    assert {row["member_id"] for row in shop.rows("members")} == {stays.member_id}
    assert {row["member_id"] for row in shop.rows("identities")} == {stays.member_id}
    for row in shop.rows("identities"):
        assert row["identity_key"] not in operator.said
    stays.signs_in_again()
    assert stays.send("GET", "/v1/me").status == 200


def test_a_sku_that_is_sold_no_more_stays_away(
    shop: Shop, operator: Operator, past: Tables
) -> None:
    shop.stocks(5, sku_id="pears-5")
    past.keep_the_past_of(f"{PREFIX}-catalog")
    product = shop.product(sku_id="pears-5", units=5)
    shop.admin("put_product", **product, on_sale=False)
    before = past.rows_of(f"{PREFIX}-catalog")
    sku = {"id": {"S": "apples-5"}, "kind": {"S": "sku"}}
    past.delete_item(TableName=f"{PREFIX}-catalog", Key=sku)

    assert operator.runs("catalog") is Outcome.BALANCED

    assert past.rows_of(f"{PREFIX}-catalog") == before
    assert shop.member("Lin").tries_to_buy(sku_id="pears-5").status == 404
    assert shop.member("Lin").tries_to_buy().status == 201


def test_what_was_fetched_does_not_wait_again(shop: Shop, operator: Operator, past: Tables) -> None:
    gate = looks_after(shop, "Gu")
    collects(shop, "gate")
    fetched, waits = (orders(shop.member(name)).pays() for name in ("Du", "Fu"))
    shop.settles()
    shop.passes(24 * 3600)
    arrived(shop, fetched.group_id)
    past.keep_the_past_of(f"{PREFIX}-stations")
    hands_out(gate, fetched)
    before, seen = past.rows_of(f"{PREFIX}-stations"), waiting(gate)
    key = {"station_id": {"S": "gate"}, "kind": {"S": f"waits#{waits.order_id}"}}
    past.delete_item(TableName=f"{PREFIX}-stations", Key=key)

    assert operator.runs("stations") is Outcome.BALANCED

    assert past.rows_of(f"{PREFIX}-stations") == before
    assert waiting(gate) == seen
