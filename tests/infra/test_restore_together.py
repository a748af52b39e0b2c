"""Which tables `make restore` looks at together, and what is switched off meanwhile: everything
that happens by itself, and nothing else.
"""

from collections.abc import Iterator

import pytest

from infra.restore.__main__ import command_line
from infra.restore.refusals import NotRestored
from infra.restore.run import Outcome
from infra.restore.together import CHAIN, in_order, need_rest
from infra.tables import all_tables
from infra.template import FUNCTIONS
from tests import dynamodb_here
from tests.restoring import Audits, Operator, Tables
from tests.tables import create_tables


@pytest.fixture
def operator() -> Iterator[Operator]:
    client = Tables()
    create_tables(client, "kaituan-dev", with_expiry=False)
    yield Operator(client, Audits())
    dynamodb_here.delete_tables()


def names(*asked_for: str) -> list[str]:
    return [table.name for table in in_order(asked_for)]


def test_what_guards_comes_along_and_first() -> None:
    assert names("ledger") == ["ledger"]
    assert names("orders") == ["ledger", "withdrawals", "commissions", "refunds", "orders"]
    assert names("draws", "stations") == ["stations", *CHAIN]
    assert names("identities") == ["identities", "ledger"]
    assert names("catalog", "catalog") == ["catalog"]


def test_all_is_every_table_once_the_guarded_ones_last() -> None:
    assert sorted(names("all", "orders")) == sorted(table.name for table in all_tables())
    assert tuple(names("all")[-len(CHAIN) :]) == CHAIN


def test_every_table_whose_changes_are_told_of_is_in_the_chain() -> None:
    assert {table.name for table in all_tables() if table.has_stream} < set(CHAIN)
    assert need_rest(in_order(["identities"]))
    assert not need_rest(in_order(["catalog", "stations", "stock"]))


def test_everything_that_happens_by_itself_is_switched_off_and_on(operator: Operator) -> None:
    operator.pauses()
    assert operator.feeds.states == {"DISABLED"}
    assert 'make restore STAGE=dev ARGUMENTS="--resume"' in operator.said
    operator.pauses()
    assert operator.runs("orders") is Outcome.BALANCED
    assert "NOT ALL HAPPENS BY ITSELF YET" in operator.said
    operator.resumes()
    assert operator.feeds.states == {"ENABLED"}
    operator.resumes()
    assert operator.slept_seconds == 2 * 5


def test_what_is_overdue_while_nothing_happens_by_itself_is_nothing_wrong(
    operator: Operator,
) -> None:
    operator.pauses()
    operator.shop = Audits(2, invariant="nothing_is_overdue")
    assert operator.runs("orders") is Outcome.BALANCED
    assert "2 rows are overdue: they wait for --resume" in operator.said
    operator.resumes()
    assert operator.runs("shares") is Outcome.NOT_PROVEN


def test_what_could_not_be_switched_is_said_and_the_rest_is(operator: Operator) -> None:
    operator.feeds.stuck = {"relay-relay_orders", "rule-sweep_refunds"}
    with pytest.raises(NotRestored, match="still on: relay_orders, sweep_refunds"):
        operator.pauses()
    assert "relay_orders: An error occurred (ResourceInUseException)" in operator.said
    operator.is_refused(r"by itself is on \(relay_orders, sweep_refunds\)", "ledger")
    assert operator.tables.beside() == []
    operator.feeds.stuck = set()
    operator.pauses()
    operator.feeds.stuck = {"relay-relay_groups"}
    with pytest.raises(NotRestored, match="STILL OFF: relay_groups"):
        operator.resumes()
    operator.feeds.stuck = set()
    operator.resumes()
    assert operator.feeds.states == {"ENABLED"}


def test_nothing_else_is_switched_off() -> None:
    """Requests, commands, refunds that were asked for, and files that are dropped go on."""
    going_on = {one.name for one in FUNCTIONS if not (one.stream_of or one.schedule)}
    assert going_on == {"api_handler", "admin", "admin_money", "execute_refunds", "take_files"}


@pytest.mark.parametrize("table", ["catalog", "stations"])
def test_where_nothing_follows_from_rows_nothing_need_be_off(
    operator: Operator, table: str
) -> None:
    assert operator.runs(table) is Outcome.BALANCED
    assert "NOT ALL HAPPENS" not in operator.said


def test_rows_of_several_tables_are_asked_about_at_once(operator: Operator) -> None:
    shares, stations = "kaituan-dev-shares", "kaituan-dev-stations"
    share = {"share_code": {"S": "shr_1"}}
    station = {"station_id": {"S": "gate"}, "kind": {"S": "station"}}
    for name, row in ((shares, share), (stations, station)):
        operator.tables.put_item(TableName=name, Item=row)
        operator.tables.keep_the_past_of(name)
        operator.tables.delete_item(TableName=name, Key=row)

    assert operator.runs("stations", "shares") is Outcome.BALANCED

    question = f"bring 1 rows back to {shares}, 1 rows back to {stations} and replace 0?"
    assert operator.questions == [question]
    assert operator.tables.rows_of(shares) == [share]
    assert operator.tables.rows_of(stations) == [station]
    assert operator.tables.beside() == []


def test_several_tables_can_be_named() -> None:
    words = ["--table", "orders", "--table", "all", "--to", "2026-11-22T10:00:00Z"]
    assert command_line().parse_args(words).table == ["orders", "all"]
    with pytest.raises(SystemExit):
        command_line().parse_args(["--pause", "--resume"])
