"""One id on every line of the log and on every row that brings something about."""

import logging

import pytest
from aws_lambda_powertools import Logger

from chalicelib.gateways.refund_queue import message_about, read_message
from chalicelib.kit import correlation
from chalicelib.kit.correlation import belongs_to
from chalicelib.kit.counters import LimitRow
from chalicelib.kit.writes import WriteSet
from chalicelib.orders.store import OrderRow
from tests.in_process import everything

KEY = OrderRow.key("ord_1")


def test_what_happens_inside_belongs_to_it_and_afterwards_to_nothing() -> None:
    with belongs_to("outer"):
        with belongs_to("inner"):
            assert correlation.current() == "inner"
        with belongs_to(None):
            assert correlation.current() == "outer"
    assert correlation.current() is None


def test_after_an_error_it_is_as_before() -> None:
    with pytest.raises(ValueError, match="gone"), belongs_to("one"):
        raise ValueError("gone")
    assert correlation.current() is None


def test_each_line_of_the_log_has_it(caplog: pytest.LogCaptureFixture) -> None:
    logger = Logger()
    with caplog.at_level(logging.INFO, logger=str(logger.name)):
        logger.info("before")
        with belongs_to("one"):
            logger.info("inside")
    ids = [getattr(record, "correlation_id", None) for record in caplog.records]
    assert ids == [None, "one"]


def test_a_row_that_brings_something_about_carries_it_and_no_other(database: None) -> None:
    with belongs_to("first"):
        _mark("one")
        writes = WriteSet()
        writes.put(LimitRow(limit_key="a", used=1))
        writes.commit()
    found = everything()
    assert found["kaituan-test-orders"] == [_order("one", "first")]
    assert found["kaituan-test-limits"] == [{"limit_key": {"S": "a"}, "used": {"N": "1"}}]


def test_the_last_to_write_is_named_and_who_has_no_request_leaves_it(database: None) -> None:
    for correlation_id, note in (("first", "one"), ("second", "two"), (None, "three")):
        with belongs_to(correlation_id):
            _mark(note)
    assert everything()["kaituan-test-orders"] == [_order("three", "second")]


def test_a_message_says_whose_refund_it_is() -> None:
    with belongs_to("one"):
        body = message_about("rfd_1")
    assert body == '{"refund_id": "rfd_1", "correlation_id": "one"}'
    assert read_message(body) == ("rfd_1", "one")


def test_a_message_without_it_is_a_message() -> None:
    assert read_message(message_about("rfd_1")) == ("rfd_1", None)


@pytest.mark.parametrize("body", ["[]", "{}", '{"refund_id": 1}', "no JSON"])
def test_what_is_no_message_of_ours_is_refused(body: str) -> None:
    with pytest.raises(ValueError, match=r"refund message|Expecting value"):
        read_message(body)


def _mark(note: str) -> None:
    writes = WriteSet()
    writes.update(KEY, [OrderRow.cancel_reason.set(note)])
    writes.commit()


def _order(note: str, correlation_id: str) -> dict[str, dict[str, str]]:
    return {
        "order_id": {"S": "ord_1"},
        "cancel_reason": {"S": note},
        "correlation_id": {"S": correlation_id},
    }
