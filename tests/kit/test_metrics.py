"""What is counted is written once, and only when there is something to write."""

import json

import pytest

from chalicelib.kit.metrics import Metric, count, write, written_to


@pytest.fixture(autouse=True)
def nothing_yet() -> None:
    written()


def written() -> list[dict[Metric, int]]:
    found: list[dict[Metric, int]] = []
    with written_to(lambda counted, _stage: found.append(counted)):
        write("test")
    return found


def test_nothing_counted_is_nothing_written(capsys: pytest.CaptureFixture[str]) -> None:
    count(Metric.PUT_OFF, 0)
    assert written() == []
    write("test")
    assert capsys.readouterr().out == ""


def test_counts_add_up_and_of_what_waits_the_most_is_kept() -> None:
    for value in (3, 5, 4):
        count(Metric.PAID_FEN, value)
        count(Metric.OLDEST_DUE_SECONDS, value)
    count(Metric.ORDERS_PAID)
    assert written() == [{Metric.PAID_FEN: 12, Metric.OLDEST_DUE_SECONDS: 5, Metric.ORDERS_PAID: 1}]
    assert written() == []


def test_they_are_written_in_cloudwatch_s_format(capsys: pytest.CaptureFixture[str]) -> None:
    count(Metric.PAID_FEN, 2990)
    count(Metric.ORDERS_PAID)
    count(Metric.OLDEST_DUE_SECONDS, 61)
    write("prod")
    line = json.loads(capsys.readouterr().out)
    (told,) = line["_aws"]["CloudWatchMetrics"]
    assert told["Namespace"] == "kaituan"
    assert told["Dimensions"] == [["stage", "service"]]
    assert told["Metrics"] == [
        {"Name": "PaidFen", "Unit": "None"},
        {"Name": "OrdersPaid", "Unit": "Count"},
        {"Name": "OldestDueSeconds", "Unit": "Seconds"},
    ]
    assert (line["stage"], line["PaidFen"], line["OldestDueSeconds"]) == ("prod", [2990.0], [61.0])
