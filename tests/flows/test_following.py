"""One request can be followed through everything that comes of it, and the figures count it."""

import json
from typing import Any

import pytest
from aws_lambda_powertools import Logger

from tests.shop import Shop

Line = dict[str, Any]


def test_a_refund_is_followed_from_the_request_to_wechat(
    shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    lin = shop.member("Lin")
    bought = lin.buys()
    bought.pays()
    shop.settles()
    caplog.set_level("INFO", logger=str(Logger().name))
    body = {"type": "refund_only", "reason": "不想要了"}
    asked = lin.send("POST", f"/v1/orders/{bought.order_id}/refunds", body, key="a-refund-key")
    assert asked.status == 201

    asked_by = asked.headers["X-Request-Id"]
    (refund,) = shop.rows("refunds")
    assert refund["correlation_id"] == asked_by
    caplog.clear()
    shop.streams_flow()
    assert _of(caplog, "follows")[-1]["correlation_id"] == asked_by
    assert json.loads(shop.queue.bodies[refund["refund_id"]])["correlation_id"] == asked_by
    caplog.clear()
    shop.works_queue()
    (sent,) = _of(caplog, "wechat_answered")
    assert (sent["correlation_id"], sent["method"], sent["call"], sent["status"]) == (
        asked_by,
        "POST",
        "/v3/refund/domestic/refunds",
        200,
    )
    assert sent["wechat_request_id"]
    assert shop.rows("refunds")[0]["correlation_id"] == asked_by
    shop.settles()
    shop.assert_books_balance()


def test_wechat_s_notification_begins_anew(shop: Shop) -> None:
    """It is another request; the order it pays carries that one's id then."""
    lin = shop.member("Lin")
    bought = lin.buys()
    placed_by = shop.rows("orders")[0]["correlation_id"]
    bought.pays()
    shop.settles()
    assert shop.rows("orders")[0]["correlation_id"] not in (placed_by, "")


def test_calls_are_named_without_the_numbers_in_them(
    shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    bought = shop.member("Lin").buys()
    caplog.set_level("INFO", logger=str(Logger().name))
    shop.passes(901)
    assert bought.status == "cancelled"
    calls = [line["call"] for line in _of(caplog, "wechat_answered")]
    assert "/v3/pay/transactions/out-trade-no/*/close" in calls
    assert not any(bought.order_id in call for call in calls)


def test_the_figures_count_what_happens(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    lin, ann = shop.member("Lin"), shop.member("Ann")
    opened = lin.opens("autumn")
    opened.pays()
    ann.joins(opened.group_id).pays()
    shop.settles()
    counted: dict[str, float] = {}
    for line in capsys.readouterr().out.splitlines():
        told = json.loads(line) if line.startswith("{") else {}
        for metric in told.get("_aws", {}).get("CloudWatchMetrics", [{}])[0].get("Metrics", []):
            name = metric["Name"]
            counted[name] = counted.get(name, 0) + sum(told[name])
    assert counted == {
        "OrdersPlaced": 2,
        "OrdersPaid": 2,
        "PaidFen": 3000,
        "GroupsOpened": 1,
        "GroupsCompleted": 1,
    }


def _of(caplog: pytest.LogCaptureFixture, message: str) -> list[Line]:
    return [vars(record) for record in caplog.records if record.getMessage() == message]
