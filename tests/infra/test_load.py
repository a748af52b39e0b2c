"""What `make load` measures, and how it names what went wrong."""

import random
from typing import Any

import pytest

from infra.local.books import Books
from infra.local.load.customer import Board
from infra.local.load.measures import Measures, Operation, Routes, total
from infra.local.load.report import refusals
from infra.local.load.run import asked_for
from infra.local.load.soak import Plan
from infra.local.load.stuck import unfinished
from infra.local.sandbox_control import ControlRefused

OURS = {"orders_by_status": {"settled": 3, "cancelled": 2}, "findings_today": {}}


def books(**ours: Any) -> Books:
    return Books(audit={"totals": {**OURS, **ours}}, wechat={})


def test_a_percentile_is_a_time_that_was_taken() -> None:
    operation = Operation(seconds=[one / 100 for one in range(100, 0, -1)])
    assert [operation.percentile_seconds(percent) for percent in (50, 95, 99)] == [0.5, 0.95, 0.99]
    assert Operation(seconds=[7.0]).percentile_seconds(99) == 7.0
    assert Operation().percentile_seconds(50) == 0.0


def test_refusals_and_faults_are_told_apart() -> None:
    measures = Measures()
    measures.note("POST /v1/groups", 0.1)
    measures.note("POST /v1/groups", 0.2, refusal="out_of_stock")
    measures.note("GET /v1/me", 0.3, fault="503 try_again")
    measures.keep_example("GET /v1/me: 503 {}")

    assert measures.count == 3
    assert refusals(measures) == "refused: out_of_stock 1"
    assert measures.faults() == ["GET /v1/me: 503 try_again, 1 times", "GET /v1/me: 503 {}"]
    assert total(list(measures.operations.values())).faults.total() == 1


def test_once_the_load_is_over_only_faults_are_noted() -> None:
    measures = Measures()
    measures.end()
    measures.note("GET /v1/me", 0.1)
    measures.note("GET /v1/me", 0.1, fault="500 None")
    assert measures.count == 1


def test_what_a_timed_block_raises_counts_as_a_refusal_when_it_is_one() -> None:
    measures = Measures()
    with pytest.raises(ControlRefused), measures.timed("WeChat: pay", ControlRefused):
        raise ControlRefused("ORDER_CLOSED", "too late")
    with pytest.raises(ZeroDivisionError), measures.timed("WeChat: pay", ControlRefused):
        raise ZeroDivisionError
    assert measures.operations["WeChat: pay"].refusals == {"ORDER_CLOSED": 1}
    assert measures.count == 1


def test_a_request_has_the_name_of_its_route() -> None:
    paths = dict.fromkeys(
        ("/v1/orders", "/v1/orders/{order_id}", "/v1/orders/{order_id}/payment"), "its methods"
    )
    template = {"Resources": {"RestAPI": {"Properties": {"DefinitionBody": {"paths": paths}}}}}
    routes = Routes.of_template(template)

    assert routes.name("GET", "/v1/orders?limit=5") == "GET /v1/orders"
    assert routes.name("GET", "/v1/orders/ord_1") == "GET /v1/orders/{order_id}"
    assert routes.name("POST", "/v1/orders/ord_1/payment").endswith("/{order_id}/payment")
    assert routes.name("GET", "/v2/nothing") == "GET /v2/nothing"


def test_orders_that_nobody_ends_and_findings_are_problems() -> None:
    assert unfinished(books()) == []
    late = {"awaiting_payment": 1, "refunding": 2, "to_ship": 5}
    assert unfinished(books(orders_by_status=late)) == [
        "1 orders awaiting_payment",
        "2 orders refunding",
    ]
    assert unfinished(books(findings_today={"poison_item": 4})) == ["4 findings poison_item"]


def test_the_board_tells_of_the_newest_groups() -> None:
    board, chance = Board(), random.Random(1)
    assert board.any_group(chance) is None
    for number in range(20):
        board.tell_group(f"grp_{number}")
    assert {board.any_group(chance) for _ in range(200)} == {f"grp_{n}" for n in range(12, 20)}


def test_the_plan_is_what_the_command_line_says() -> None:
    assert asked_for([]) == Plan(60.0, 24, 6, 1)
    asked = ["--seconds", "5", "--members", "3", "--at-once", "2", "--seed", "9"]
    assert asked_for(asked) == Plan(5.0, 3, 2, 9)
    assert asked_for(["--members", "3"]) == Plan(60.0, 3, 3, 1)


@pytest.mark.parametrize("wrong", [["--seconds", "0"], ["--members", "0"], ["--at-once", "0"]])
def test_a_plan_that_makes_no_sense_is_refused(wrong: list[str]) -> None:
    with pytest.raises(SystemExit):
        asked_for(wrong)
