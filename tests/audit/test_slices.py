"""What the audit in slices promises: it looks at everything the command looks at, once a day, takes
an interrupted step again, lets two runs race, accuses nobody while rows change, and rests.
"""

from collections.abc import Iterator
from contextlib import suppress

import pytest
from botocore.exceptions import EndpointConnectionError

import app as handlers
from chalicelib.audit import store
from chalicelib.audit.books import ROWS
from chalicelib.audit.check_everything import check_everything
from chalicelib.audit.invariants import INVARIANTS, READABLE
from chalicelib.audit.model import ROUND_SECONDS, Leg, Progress
from chalicelib.groups import show
from tests.audit import test_audit
from tests.audit.everything import writes_everything
from tests.audit.rounds import (
    always,
    finishes,
    forget,
    forget_place,
    found,
    later,
    runs,
    whole_round,
)
from tests.broken import Change, broken
from tests.fakes import FakeClock
from tests.in_process import just_before
from tests.shop import ADDRESS, LambdaContext, Shop

DAY_SECONDS = 24 * 3600

LOOKED_AT_IN = {
    "group": Leg.GROUPS,
    "draw": Leg.DRAWS,
    "order": Leg.ORDERS,
    "refund": Leg.REFUNDS,
    "commission": Leg.COMMISSIONS,
    "withdrawal": Leg.WITHDRAWALS,
    "ledger": Leg.LEDGER,
    "member": Leg.LEDGER,
    "adjustment": Leg.LEDGER,
    "day": Leg.LEDGER,
    "stock": Leg.UNITS,
}
"""In which leg of a round each kind of row is looked at, and with it the invariants of it."""

BROKEN_IN = {
    **dict.fromkeys(test_audit.OF_GOODS, "test_audit"),
    **dict.fromkeys(test_audit.OF_MONEY, "test_audit_money"),
    **dict.fromkeys(test_audit.OF_DRAWS, "test_audit_draws"),
    **dict.fromkeys(test_audit.OF_VOUCHERS, "test_audit_vouchers"),
    **dict.fromkeys(test_audit.OF_CROWDS, "test_audit_crowds"),
    **dict.fromkeys(test_audit.OF_ALLOTMENTS, "test_audit_allotments"),
    **dict.fromkeys(test_audit.OF_ADJUSTMENTS, "test_audit_adjustments"),
    READABLE: "test_audit",
}
"""Where each invariant is broken by hand, and found by the command and by slices alike."""


@pytest.fixture(scope="module")
def shop(tables: None) -> Iterator[Shop]:
    """Every kind of row is there, and all is at rest."""
    show.forget_offers()
    shop = Shop(FakeClock())
    shop.stocks(100)
    shop.campaign()
    writes_everything(shop)
    yield shop
    shop.close()


@pytest.fixture(autouse=True)
def _nothing_found(shop: Shop) -> Iterator[None]:
    forget(shop)
    with later(shop):
        yield


def an_order(shop: Shop) -> Change:
    """One that says more was refunded than its refunds brought back."""
    row = shop.rows("orders", order_state="settled")[0]
    return Change("orders", {"order_id": row["order_id"]}, {"refunded_fen": 8})


# What is covered


def test_each_of_the_42_invariants_is_covered_and_broken_by_hand() -> None:
    assert {*INVARIANTS, READABLE} == set(BROKEN_IN)
    assert len(BROKEN_IN) == 42
    assert {kind for by_kind in INVARIANTS.values() for kind in by_kind} == set(LOOKED_AT_IN)


def test_a_round_looks_at_every_row_and_at_all_that_the_command_looks_at(shop: Shop) -> None:
    last = whole_round(shop).last_round

    assert last is not None
    assert found(shop) == set()
    assert {table: last.rows[table] for table in ROWS} == {
        table: len(shop.rows(table)) for table in ROWS
    }
    books, report = check_everything(shop.clock.now(), time_left=always)
    subjects = {kind: len(ids) for kind, ids in books.subjects().items()}
    assert last.looked == subjects
    assert set(subjects) == set(LOOKED_AT_IN)
    assert all(subjects.values()), subjects
    assert report.violations == []


def test_a_round_in_the_smallest_steps_sees_the_same(shop: Shop) -> None:
    at_once = whole_round(shop).last_round
    in_steps = whole_round(shop, most_rows=1).last_round

    assert at_once is not None
    assert in_steps is not None
    assert (in_steps.rows, in_steps.looked) == (at_once.rows, at_once.looked)


# Rows that change


def test_rows_that_change_while_a_round_runs_accuse_nobody(shop: Shop) -> None:
    """Others buy, pay, ship and give back between any two steps."""
    forget(shop)
    shop.campaign("pair", ends_at=shop.at(9 * DAY_SECONDS), duration_seconds=600)
    acts = _busy(shop)
    progress = runs(shop, most_rows=1)
    while progress.round is not None:
        next(acts, None)
        shop.advance(2)
        progress = runs(shop, most_rows=1)

    assert next(acts, "all done") == "all done"
    assert found(shop) == set()
    shop.assert_audit_is_clean()


def _busy(shop: Shop) -> Iterator[None]:
    one, two, three = (shop.member(f"Busy{number}") for number in range(3))
    yield
    led = one.opens("pair")
    yield
    alone = three.buys(quantity=2)
    yield
    led.pays()
    joined = two.joins(led.group_id)
    yield
    joined.pays()
    alone.pays()
    yield
    shop.settles()
    yield
    shop.ships(led)
    yield
    shop.admin("refund_order", order_id=joined.order_id, reason="坏了")
    shop.settles()
    yield
    alone.asks_refund(amount_fen=300)
    yield
    unpaid = two.buys()
    yield
    assert unpaid.cancels().status == 200
    shop.settles()


def test_what_is_wrong_for_a_moment_only_is_not_found(shop: Shop) -> None:
    with broken(an_order(shop)):
        progress = runs(shop, most_rows=1)
        while not (progress.round and progress.round.suspects):
            progress = runs(shop, most_rows=1)
    finishes(shop)

    assert found(shop) == set()


# Interrupted, and two at once


@pytest.mark.parametrize("operations", [("PutItem",), ("Scan",), ("BatchGetItem",)])
def test_an_interrupted_step_is_taken_again_and_none_is_skipped(
    shop: Shop, operations: tuple[str, ...]
) -> None:
    with broken(an_order(shop)):
        while True:
            with shop.database_fails(*operations), suppress(EndpointConnectionError):
                runs(shop, most_rows=20)
            progress = runs(shop, most_rows=20)
            if progress.round is None:
                break
        violations = found(shop)

    assert [name for name, _ in violations] == ["refunded_adds_up"]
    assert progress.last_round is not None
    assert progress.last_round.rows["orders"] == len(shop.rows("orders"))


def test_of_two_runs_at_once_one_stops_and_the_round_is_seen_once(shop: Shop) -> None:
    reached: list[Progress] = []
    with just_before("PutItem", lambda: reached.append(runs(shop, most_rows=1))):
        overtaken = runs(shop, most_rows=1)
    place = store.find()

    assert [one.version for one in reached] == [place.version]
    assert overtaken.version < place.version
    last = whole_round(shop).last_round
    assert last is not None
    assert last.rows["groups"] == len(shop.rows("groups"))


# A day


def test_a_round_rests_until_the_next_is_due(shop: Shop) -> None:
    began_at = shop.clock.now()
    assert runs(shop).round is None
    with shop.reads_of("GetItem", "BatchGetItem", "Query", "Scan") as reads:
        for _ in range(3):
            assert runs(shop).last_round is not None
    assert [read["TableName"] for read in reads] == ["kaituan-test-audits"] * 3

    with later(shop, ROUND_SECONDS):
        last = runs(shop, most_rows=10**6).last_round
        assert last is not None
        assert last.began_at == shop.clock.now() != began_at
    forget(shop)


def test_a_round_that_takes_longer_than_a_day_is_told_of_once_a_day(shop: Shop) -> None:
    runs(shop, most_rows=1)
    with later(shop, DAY_SECONDS + 1):
        runs(shop, most_rows=1)
        runs(shop, most_rows=1)
        behind = shop.rows("findings", kind="audit_behind")
        assert shop.admin("get_audit")["behind"] is True

    assert [row["about"] for row in behind] == ["audit"]
    assert set(behind[0]["facts"]) == {"began_at", "leg"}
    forget(shop)


def test_a_run_reads_its_share_and_no_more(shop: Shop) -> None:
    """Pages of what is left of its rows; beside a page some reads of a hundred keys each."""
    progress, most_reads = None, 0
    while progress is None or progress.round is not None:
        before = progress.round.rows_count if progress and progress.round else 0
        with shop.reads_of("GetItem", "BatchGetItem", "Query", "Scan") as reads:
            progress = runs(shop, most_rows=10)
        scans = [read for read in reads if "KeyConditionExpression" not in read and "Limit" in read]
        stock = [read for read in scans if read["TableName"] == "kaituan-test-stock"]
        assert all(read["Limit"] <= 10 for read in scans if read not in stock)
        assert len(stock) <= 1
        most_reads = max(most_reads, len(reads))
        if progress.round is not None:
            assert progress.round.rows_count - before < 10 + 60, "a page and the account it ends in"

    assert most_reads < 100


def test_the_same_violation_is_one_finding_a_day(shop: Shop) -> None:
    with broken(an_order(shop)):
        for _ in range(2):
            assert runs(shop).last_round is not None
            forget_place()
        rows = shop.rows("findings")

    assert [row["kind"] for row in rows] == ["audit_violation"]
    assert rows[0]["facts"]["kind"] == "order"


def test_the_schedule_runs_it_and_the_command_shows_where_it_is(shop: Shop) -> None:
    assert shop.admin("get_audit") == {
        "present": None,
        "last": None,
        "next_due_at": None,
        "behind": False,
    }
    runs(shop, most_rows=1)
    present = shop.admin("get_audit")["present"]
    assert (present["leg"], present["suspects"]) == ("groups", 0)
    assert present["after_key"] in {row["group_id"] for row in shop.rows("groups")}
    assert present["looked"]["group"] >= 1

    event = shop._client.events.generate_cw_event("aws.events", "", {}, [])
    handlers.audit_slice(event, LambdaContext("audit_slice"))

    answer = shop.admin("get_audit")
    assert answer["present"] is None
    assert answer["last"]["violation_count"] == 0
    assert answer["last"]["rows"]["orders"] == len(shop.rows("orders"))
    assert answer["next_due_at"] is not None


def test_findings_and_place_name_nobody(shop: Shop) -> None:
    row = shop.rows("orders", order_state="settled")[0]
    gone = Change("orders", {"order_id": row["order_id"]}, {"order_state": "somewhere"})
    with broken(an_order(shop)), broken(gone):
        runs(shop)
        written = str([shop.rows("findings"), shop.rows("audits")])

    assert "rows_are_readable" in written
    for personal in (ADDRESS["phone"], ADDRESS["recipient"], ADDRESS["detail"], row["openid"]):
        assert personal not in written
