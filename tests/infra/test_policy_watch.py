"""What a policy lacks is refused in tests too, and what nothing calls is told."""

from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.policy_watch import Grant, PolicyWatch, Uses, all_grants, working_as

AUDITS = Grant("audit_slice", "dynamodb:PutItem", "arn:*:dynamodb:*:*:table/kaituan-*-audits")


def calls(uses: Uses, function: str | None, operation: str, request: dict[str, Any]) -> None:
    with working_as(function):
        uses.note_of_database(operation, request)


def test_what_a_policy_grants_is_noted() -> None:
    uses = Uses()
    calls(uses, "audit_slice", "PutItem", {"TableName": "kaituan-test-audits"})
    assert uses.grants == {AUDITS}
    assert AUDITS in all_grants()


def test_what_a_policy_lacks_is_refused_as_aws_does() -> None:
    uses = Uses()
    with pytest.raises(ClientError) as refused:
        calls(uses, "audit_slice", "PutItem", {"TableName": "kaituan-test-orders"})
    error = refused.value.response["Error"]
    assert error["Code"] == "AccessDeniedException"
    assert error["Message"] == (
        "audit_slice is not authorized to perform: dynamodb:PutItem on resource: "
        "arn:aws:dynamodb:us-east-1:123456789012:table/kaituan-test-orders"
    )
    assert uses.grants == set()
    assert (uses.refused(), uses.refused()) == ([error["Message"]], [])


def test_a_test_in_which_something_was_refused_fails_whatever_the_app_made_of_it() -> None:
    uses = Uses()
    with pytest.raises(ClientError):
        calls(uses, "audit_slice", "PutItem", {"TableName": "kaituan-test-orders"})
    watch = PolicyWatch(of_this_process=uses)

    assert [outcome(watch, when) for when in ("call", "teardown", "teardown")] == [
        ("passed", None),
        (
            "failed",
            (
                "A policy lacks this:\n"
                "audit_slice is not authorized to perform: dynamodb:PutItem on resource: "
                "arn:aws:dynamodb:us-east-1:123456789012:table/kaituan-test-orders"
            ),
        ),
        ("passed", None),
    ]


def outcome(watch: PolicyWatch, when: str) -> tuple[str, Any]:
    """What becomes of a report that a test has passed."""
    report: Any = SimpleNamespace(outcome="passed", longrepr=None)
    call: Any = SimpleNamespace(when=when)
    making = watch.pytest_runtest_makereport(call)
    next(making)
    with pytest.raises(StopIteration) as made:
        making.send(report)
    assert made.value.value is report
    return report.outcome, report.longrepr


def test_each_part_of_a_transaction_needs_its_own_right() -> None:
    uses = Uses()
    good = {"Put": {"TableName": "kaituan-test-audits"}}
    bad = {"ConditionCheck": {"TableName": "kaituan-test-orders"}}
    calls(uses, "audit_slice", "TransactWriteItems", {"TransactItems": [good]})
    with pytest.raises(ClientError, match="dynamodb:ConditionCheckItem"):
        calls(uses, "audit_slice", "TransactWriteItems", {"TransactItems": [good, bad]})


def test_an_index_is_not_its_table() -> None:
    uses = Uses()
    in_index = {"TableName": "kaituan-test-ledger", "IndexName": "by_day"}
    calls(uses, "export_days", "Query", in_index)
    (grant,) = uses.grants
    assert grant.resource.endswith("table/kaituan-*-ledger/index/by_day")
    with pytest.raises(ClientError):
        calls(uses, "export_days", "Query", in_index | {"IndexName": "by_night"})


def test_every_table_of_a_batch_counts() -> None:
    uses = Uses()
    asked: dict[str, Any] = {"kaituan-test-members": {}, "kaituan-test-findings": {}}
    with pytest.raises(ClientError, match="table/kaituan-test-findings"):
        calls(uses, "audit_slice", "BatchGetItem", {"RequestItems": asked})


def test_outside_of_a_function_anything_goes() -> None:
    uses = Uses()
    calls(uses, None, "PutItem", {"TableName": "kaituan-test-orders"})
    assert uses.grants == set()


def ends(uses: Uses, *, whole: bool = True, exit_status: int = 0) -> tuple[Any, list[str]]:
    """A run of all tests ends, or of some: its exit status, and what it says."""
    source = pytest.Config.ArgsSource
    config = SimpleNamespace(
        getoption=lambda _name, default: default,
        args_source=source.TESTPATHS if whole else source.ARGS,
    )
    session: Any = SimpleNamespace(config=config, exitstatus=exit_status)
    said: list[str] = []
    watch = PolicyWatch(of_this_process=uses)
    watch.pytest_sessionfinish(session, exit_status)
    watch.pytest_terminal_summary(SimpleNamespace(write_line=said.append))
    return session.exitstatus, said


def test_a_whole_run_fails_when_nothing_calls_what_a_policy_grants() -> None:
    uses = Uses()
    uses.grants = set(all_grants() - {AUDITS})
    said = (
        "FAILED a policy grants what nothing calls: audit_slice: dynamodb:PutItem on "
        "arn:*:dynamodb:*:*:table/kaituan-*-audits"
    )
    assert ends(uses) == (pytest.ExitCode.TESTS_FAILED, [said])
    assert ends(uses, whole=False) == (0, [])
    assert ends(uses, exit_status=2) == (2, [])
    uses.grants.add(AUDITS)
    assert ends(uses) == (0, [])


def test_workers_tell_what_they_saw() -> None:
    seen, told = Uses(), Uses()
    calls(seen, "audit_slice", "PutItem", {"TableName": "kaituan-test-audits"})
    output: dict[str, Any] = {}
    worker: Any = SimpleNamespace(config=SimpleNamespace(workeroutput=output))
    PolicyWatch(of_this_process=seen).pytest_sessionfinish(worker, 0)
    PolicyWatch(of_this_process=told).pytest_testnodedown(SimpleNamespace(workeroutput=output))
    assert told.grants == {AUDITS}
