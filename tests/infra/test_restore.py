"""`make restore`: what is missing comes back and nothing else, whatever happens in between."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from infra.restore.beside import moment_of
from infra.restore.bring_back import exactly
from infra.restore.items import is_same
from infra.restore.refusals import NotRestored
from infra.restore.run import Outcome
from tests import dynamodb_here
from tests.fakes import NOON
from tests.restoring import MOMENT, SUFFIX, Audits, Item, Operator, Tables
from tests.tables import create_tables

PREFIX = "kaituan-dev"
LIVE = f"{PREFIX}-shares"
BESIDE = f"{LIVE}{SUFFIX}"
PHONE = "13800001234"


def share(share_code: str, **attributes: str) -> Item:
    texts = {"share_code": share_code, "phone": PHONE, "share_state": "to_ship", **attributes}
    return {name: {"S": text} for name, text in texts.items()}


@pytest.fixture
def tables() -> Iterator[Tables]:
    client = Tables()
    create_tables(client, PREFIX, with_expiry=False)
    yield client
    dynamodb_here.delete_tables()


@pytest.fixture
def operator(tables: Tables) -> Operator:
    return Operator(tables, Audits())


def put(tables: Tables, *rows: Item, table: str = LIVE) -> None:
    for row in rows:
        tables.put_item(TableName=table, Item=row)


def delete(tables: Tables, *share_codes: str) -> None:
    for share_code in share_codes:
        tables.delete_item(TableName=LIVE, Key={"share_code": {"S": share_code}})


def rows(tables: Tables, name: str = LIVE) -> list[Item]:
    return tables.rows_of(name)


def three(tables: Tables) -> list[Item]:
    """Three shares, then and now."""
    found = [share(f"shr_{number}") for number in (1, 2, 3)]
    put(tables, *found)
    tables.keep_the_past_of(LIVE)
    return found


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("yesterday", "is not a moment"),
        ("2026-11-22T10:00:00", "does not say whose clock that is"),
        ("2026-11-22", "does not say whose clock that is"),
        ("2026-11-22T10:00:00.5Z", "goes by whole seconds"),
        ("2026-11-22T20:00:01+08:00", "is in the future"),
    ],
)
def test_a_moment_that_cannot_be_meant_is_refused(text: str, complaint: str) -> None:
    with pytest.raises(NotRestored, match=complaint):
        moment_of(text, NOON)


def test_a_moment_is_the_same_on_every_clock() -> None:
    assert moment_of("2026-11-22T18:00:00+08:00", NOON) == MOMENT
    assert moment_of("2026-11-22T10:00:00Z", NOON) == MOMENT


@pytest.mark.parametrize(
    ("window", "complaint"),
    [
        ({"EarliestRestorableDateTime": NOON - timedelta(hours=1)}, "too long ago.*from 2026-11-2"),
        ({"LatestRestorableDateTime": NOON - timedelta(hours=3)}, "cannot be restored yet"),
        ({"PointInTimeRecoveryStatus": "DISABLED"}, "recovery of kaituan-dev-shares is off"),
    ],
)
def test_a_moment_that_dynamodb_does_not_keep_is_refused(
    operator: Operator, tables: Tables, window: Item, complaint: str
) -> None:
    tables.window |= window
    operator.is_refused(complaint)
    assert tables.restored == []


def test_a_table_that_was_deleted_altogether_is_said(operator: Operator, tables: Tables) -> None:
    tables.delete_table(TableName=LIVE)
    operator.is_refused("there is no table kaituan-dev-shares.*deleted altogether")


def test_the_table_is_restored_beside_and_waited_for(operator: Operator, tables: Tables) -> None:
    put(tables, share("shr_1"))
    gone = ClientError({"Error": {"Code": "ResourceNotFoundException"}}, "DescribeTable")
    away = EndpointConnectionError(endpoint_url="https://dynamodb.example.com")
    tables.statuses = [gone, gone, "CREATING", away, "CREATING"]

    assert operator.runs() is Outcome.BALANCED

    (asked,) = tables.restored
    assert asked == {
        "SourceTableName": LIVE,
        "TargetTableName": BESIDE,
        "RestoreDateTime": MOMENT,
    }
    assert operator.slept_seconds == 4 * 15
    assert operator.questions == []
    assert tables.beside() == [BESIDE]
    assert "1 rows are the same in both" in operator.said
    assert f"aws dynamodb delete-table --region ap-east-1 --table-name {BESIDE}" in operator.said
    assert operator.shop.asked == [("kaituan-dev-admin", {"command": "audit"})]


def test_a_long_wait_says_once_a_minute_that_it_goes_on(operator: Operator, tables: Tables) -> None:
    tables.keep_the_past_of(LIVE)
    tables.statuses = ["CREATING"] * 10
    assert operator.runs() is Outcome.BALANCED
    told = [line for line in operator.said.splitlines() if "CREATING" in line]
    assert [line.rpartition(": ")[2] for line in told] == ["CREATING, 1 min", "CREATING, 2 min"]


def test_a_restoration_that_was_begun_already_is_gone_on_with(
    operator: Operator, tables: Tables
) -> None:
    """Its answer was lost and the request sent again, or somebody else was quicker."""
    tables.answer_is_lost = True
    assert operator.runs() is Outcome.BALANCED
    assert operator.runs() is Outcome.BALANCED
    assert len(tables.restored) == 1


@pytest.mark.parametrize("status", ["DELETING", "INACCESSIBLE_ENCRYPTION_CREDENTIALS"])
def test_a_table_beside_in_no_good_state_is_said(
    operator: Operator, tables: Tables, status: str
) -> None:
    tables.statuses = ["CREATING", status]
    operator.is_refused(f"{BESIDE} is {status}")


def test_a_restoration_that_aws_gave_up_is_not_waited_for(
    operator: Operator, tables: Tables
) -> None:
    gone = ClientError({"Error": {"Code": "ResourceNotFoundException"}}, "DescribeTable")
    tables.statuses = ["CREATING", "CREATING", *[gone] * 30]
    operator.is_refused("is not there: run it again")


def test_a_table_beside_of_another_moment_is_not_believed(
    operator: Operator, tables: Tables
) -> None:
    tables.summary = {
        "SourceTableArn": f"arn:aws:dynamodb:ap-east-1:123456789012:table/{LIVE}",
        "RestoreDateTime": MOMENT + timedelta(seconds=1),
    }
    tables.statuses = ["ACTIVE"]
    operator.is_refused("is not what its name says")


def test_missing_rows_come_back_and_nothing_else_changes(
    operator: Operator, tables: Tables
) -> None:
    one, two, three_ = three(tables)
    put(tables, share("shr_new"), share("shr_3", share_state="shipped"))
    delete(tables, "shr_1", "shr_2")

    assert operator.runs() is Outcome.BALANCED

    expected = [one, two, share("shr_3", share_state="shipped"), share("shr_new")]
    assert rows(tables) == sorted(expected, key=str)
    assert three_ not in rows(tables)
    assert operator.questions == ["bring 2 rows back to kaituan-dev-shares and replace 0?"]
    for sentence in (
        "0 rows are the same in both",
        "2 rows are missing in the live table: they come back",
        "1 rows were changed since, rightly or not",
        "2 rows are back, 0 are replaced",
        f"{BESIDE} is deleted",
        "the books balance",
    ):
        assert sentence in operator.said
    assert tables.beside() == []


def test_only_keys_are_shown(operator: Operator, tables: Tables) -> None:
    three(tables)
    put(tables, share("shr_3", share_state="shipped"))
    delete(tables, "shr_1")
    operator.runs()
    assert "shr_1" in operator.said
    assert "shr_3" in operator.said
    assert PHONE not in operator.said


def test_of_many_the_first_keys_are_shown(operator: Operator, tables: Tables) -> None:
    found = [share(f"shr_{number:03}") for number in range(230)]
    put(tables, *found)
    tables.keep_the_past_of(LIVE)
    delete(tables, *(row["share_code"]["S"] for row in found[:215]))

    assert operator.runs() is Outcome.BALANCED

    assert rows(tables) == found
    assert operator.said.count(" shr_") == 10
    assert "… and 205 more" in operator.said


def test_what_is_not_agreed_to_is_not_done(operator: Operator, tables: Tables) -> None:
    three(tables)
    delete(tables, "shr_1")
    operator.agree = lambda _question: False
    operator.is_refused("not agreed to: kaituan-dev-shares is as it was")
    assert tables.beside() == [BESIDE]
    assert operator.shop.asked == []


def test_the_table_beside_can_be_kept(operator: Operator, tables: Tables) -> None:
    three(tables)
    delete(tables, "shr_1")
    assert operator.runs(keep=True) is Outcome.BALANCED
    assert tables.beside() == [BESIDE]


@pytest.mark.parametrize("operation", ["Scan", "BatchGetItem", "PutItem", "DeleteTable"])
def test_interrupted_anywhere_and_run_again_it_is_done(
    operator: Operator, tables: Tables, operation: str
) -> None:
    found = three(tables)
    delete(tables, "shr_1", "shr_2", "shr_3")
    interrupted: list[str] = []

    def interrupt() -> None:
        interrupted.append(operation)
        raise KeyboardInterrupt

    def second() -> None:
        tables.before[operation] = interrupt

    tables.before[operation] = second if operation == "PutItem" else interrupt
    with pytest.raises(KeyboardInterrupt):
        operator.runs()
    if operation == "PutItem":
        assert 1 <= len(rows(tables)) < len(found)
    else:
        assert rows(tables) == (found if operation == "DeleteTable" else [])

    assert operator.runs() is Outcome.BALANCED
    assert rows(tables) == found
    assert interrupted == [operation]
    assert operator.runs() is Outcome.BALANCED


def test_a_row_that_appears_meanwhile_wins(operator: Operator, tables: Tables) -> None:
    three(tables)
    delete(tables, "shr_1", "shr_2")
    newer = share("shr_1", share_state="cancelled")
    tables.before["PutItem"] = lambda: put(tables, newer)

    assert operator.runs() is Outcome.BALANCED

    assert rows(tables) == sorted([newer, share("shr_2"), share("shr_3")], key=str)
    assert "1 rows are back, 0 are replaced" in operator.said
    assert "1 appeared meanwhile and stay as they are" in operator.said


def test_a_put_whose_answer_was_lost_finds_its_own_row(operator: Operator, tables: Tables) -> None:
    found = three(tables)
    delete(tables, "shr_1")
    tables.before["PutItem"] = lambda: put(tables, found[0])
    assert operator.runs() is Outcome.BALANCED
    assert "1 rows are back" in operator.said
    assert "appeared" not in operator.said


def test_a_row_that_differs_is_replaced_when_it_is_named(
    operator: Operator, tables: Tables
) -> None:
    one, two, _ = three(tables)
    put(tables, share("shr_1", share_state="lost", more="x"), share("shr_2", share_state="lost"))

    assert operator.runs(replace=("shr_1",), keep=True) is Outcome.BALANCED

    assert rows(tables) == sorted(
        [one, share("shr_2", share_state="lost"), share("shr_3")], key=str
    )
    assert operator.questions == ["bring 0 rows back to kaituan-dev-shares and replace 1?"]
    assert "0 rows are back, 1 are replaced" in operator.said
    assert operator.runs(replace=("shr_1", "shr_2")) is Outcome.BALANCED
    assert two in rows(tables)


@pytest.mark.parametrize("changes", [{"share_state": "refunded"}, {"more": "x"}, {"phone": "1"}])
def test_a_row_that_changes_before_it_is_replaced_stays(
    operator: Operator, tables: Tables, changes: dict[str, str]
) -> None:
    """Also when all that changed is an attribute more, as another row has."""
    three(tables)
    put(tables, share("shr_1", share_state="lost"), share("shr_2", more="x"))
    changed = share("shr_1", **{"share_state": "lost", **changes})
    tables.before["PutItem"] = lambda: put(tables, changed)

    assert operator.runs(replace=("shr_1",)) is Outcome.NOT_PROVEN

    assert changed in rows(tables)
    assert "1 were changed after they were compared and not replaced: shr_1" in operator.said
    assert tables.beside() == [BESIDE]
    assert operator.runs(replace=("shr_1",)) is Outcome.BALANCED
    assert share("shr_1") in rows(tables)


def test_what_is_named_and_cannot_be_meant_is_refused(operator: Operator, tables: Tables) -> None:
    three(tables)
    delete(tables, "shr_1")
    put(tables, share("shr_2", share_state="lost"))
    operator.is_refused("the table beside has no row shr_9", replace=("shr_9",))
    operator.is_refused("no row shr_9", also=("shr_9",))
    operator.is_refused("say --replace shr_2", also=("shr_2",))


def test_rows_that_dynamodb_held_back_are_asked_for_again(
    operator: Operator, tables: Tables
) -> None:
    found = three(tables)
    delete(tables, "shr_1")
    tables.gives_at_once = 1
    assert operator.runs() is Outcome.BALANCED
    assert rows(tables) == found
    assert tables.batches == [3, 2, 1, 1]
    assert operator.slept_seconds == pytest.approx(0.1 + 0.2)


def test_a_database_that_holds_everything_back_is_given_up(
    operator: Operator, tables: Tables
) -> None:
    three(tables)
    tables.gives_at_once = 0
    operator.is_refused("does not give the rows of kaituan-dev-shares just now")


def test_rows_whose_end_has_passed_are_left_out(operator: Operator, tables: Tables) -> None:
    def limit(key: str, ends_at: datetime) -> Item:
        seconds = str(int(ends_at.timestamp()))
        return {"limit_key": {"S": key}, "expires_epoch_seconds": {"N": seconds}}

    name = f"{PREFIX}-limits"
    over, lasting = limit("over", NOON), limit("lasting", NOON + timedelta(seconds=1))
    put(tables, over, lasting, {"limit_key": {"S": "for good"}}, table=name)
    tables.keep_the_past_of(name)
    for row in rows(tables, name):
        tables.delete_item(TableName=name, Key={"limit_key": row["limit_key"]})

    operator.is_refused("over had an end that has passed", "limits", also=("over",))
    assert operator.runs("limits") is Outcome.BALANCED

    assert rows(tables, name) == sorted([lasting, {"limit_key": {"S": "for good"}}], key=str)
    assert "1 rows had an end that has passed: left out" in operator.said


@pytest.mark.parametrize(
    ("violations", "outcome", "asked", "left"),
    [
        ((0,), Outcome.BALANCED, 1, []),
        ((2, 0), Outcome.BALANCED, 2, []),
        ((2, 1, 1), Outcome.NOT_PROVEN, 3, [BESIDE]),
    ],
)
def test_the_books_are_proven_and_what_follows_by_the_streams_is_waited_for(
    operator: Operator,
    tables: Tables,
    violations: tuple[int, ...],
    outcome: Outcome,
    asked: int,
    left: list[str],
) -> None:
    three(tables)
    delete(tables, "shr_1")
    operator.shop = Audits(*violations)
    assert operator.runs() is outcome
    assert len(operator.shop.asked) == asked
    assert tables.beside() == left
    assert ("orders_are_booked: order ord_1: 0 fen" in operator.said) is bool(left)


def test_an_audit_that_did_not_look_at_everything_proves_nothing(
    operator: Operator, tables: Tables
) -> None:
    three(tables)
    delete(tables, "shr_1")
    operator.shop = Audits(0, complete=False)
    assert operator.runs() is Outcome.NOT_PROVEN
    assert "it stopped at ledger" in operator.said
    assert "get_audit" in operator.said
    assert tables.beside() == [BESIDE]


def test_a_shop_that_does_not_answer_proves_nothing(operator: Operator, tables: Tables) -> None:
    three(tables)
    delete(tables, "shr_1")
    operator.shop.fails = True
    with pytest.raises(NotRestored, match="could not carry out the audit: timed out"):
        operator.runs()
    assert tables.beside() == [BESIDE]
    assert len(rows(tables)) == 3


def test_two_rows_are_the_same_whatever_the_order_of_their_sets() -> None:
    one = {"a": {"M": {"b": {"SS": ["x", "y"]}, "c": {"L": [{"N": "1"}]}}}}
    other = {"a": {"M": {"c": {"L": [{"N": "1"}]}, "b": {"SS": ["y", "x"]}}}}
    assert is_same(one, other)
    assert not is_same(one, {"a": {"M": {"b": {"SS": ["x"]}, "c": {"L": [{"N": "1"}]}}}})
    assert not is_same({"a": {"BOOL": True}}, {"a": {"N": "1"}})
    assert not is_same({"a": {"L": [{"S": "x"}, {"S": "y"}]}}, {"a": {"L": [{"S": "y"}]}})


def test_the_guard_names_what_the_row_has_and_what_it_has_not() -> None:
    assert exactly({"id": {"S": "1"}, "b": {"N": "2"}}, ["id", "c"]) == {
        "ConditionExpression": "#a0 = :a0 AND attribute_not_exists(#a1) AND #a2 = :a2",
        "ExpressionAttributeNames": {"#a0": "b", "#a1": "c", "#a2": "id"},
        "ExpressionAttributeValues": {":a0": {"N": "2"}, ":a2": {"S": "1"}},
    }
