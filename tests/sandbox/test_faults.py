"""Planned misbehaviour: which calls it hits, and whether the work was done."""

import pytest
import requests

from infra.local.wechat.refusals import ControlRefusal
from infra.local.wechat.sandbox import Sandbox
from tests.sandbox.merchant import HOST, TRADES_PATH, Merchant, refusal

ORDERS = f"{TRADES_PATH}/jsapi"


def test_an_error_before_leaves_nothing_done(merchant: Merchant, sandbox: Sandbox) -> None:
    sandbox.add_fault(ORDERS, "error_before")
    assert refusal(merchant.order()) == (500, "SYSTEM_ERROR")
    assert merchant.query().status_code == 404
    assert merchant.order().status_code == 200


def test_an_error_after_hides_that_the_work_is_done(merchant: Merchant, sandbox: Sandbox) -> None:
    sandbox.add_fault(ORDERS, "error_after")
    assert refusal(merchant.order()) == (500, "SYSTEM_ERROR")
    assert merchant.query().json()["trade_state"] == "NOTPAY"


@pytest.mark.parametrize(("kind", "done"), [("timeout_before", 404), ("timeout_after", 200)])
def test_a_timeout_is_a_read_timeout_for_the_caller(
    merchant: Merchant, sandbox: Sandbox, kind: str, done: int
) -> None:
    sandbox.add_fault(ORDERS, kind)
    with pytest.raises(requests.exceptions.ReadTimeout):
        merchant.order()
    assert merchant.query().status_code == done


def test_a_refund_behind_a_timeout_is_found_by_its_number(
    merchant: Merchant, sandbox: Sandbox
) -> None:
    merchant.paid()
    sandbox.add_fault("/v3/refund", "timeout_after")
    with pytest.raises(requests.exceptions.ReadTimeout):
        merchant.refund("rf-1", 1990)
    assert merchant.refund("rf-1", 1990).status_code == 200
    sandbox.pump()
    assert sandbox.totals()["refunded_fen"] == 1990


def test_too_many_calls(merchant: Merchant, sandbox: Sandbox) -> None:
    sandbox.add_fault(ORDERS, "rate_limit")
    assert refusal(merchant.order()) == (429, "FREQUENCY_LIMITED")
    assert merchant.query().status_code == 404


def test_a_bad_signature_hides_that_the_work_is_done(merchant: Merchant, sandbox: Sandbox) -> None:
    sandbox.add_fault(ORDERS, "bad_signature")
    response = merchant.order()
    assert response.status_code == 200
    assert not merchant.is_authentic(response.headers, response.content)
    assert merchant.query().json()["trade_state"] == "NOTPAY"


def test_an_empty_answer_can_have_a_bad_signature(merchant: Merchant, sandbox: Sandbox) -> None:
    merchant.order()
    sandbox.add_fault(TRADES_PATH, "bad_signature")
    response = merchant.close()
    assert response.status_code == 204
    assert not merchant.is_authentic(response.headers, b"")


def test_a_torn_answer_is_signed_and_is_not_json(merchant: Merchant, sandbox: Sandbox) -> None:
    sandbox.add_fault(ORDERS, "garbage")
    response = merchant.order()
    assert (response.status_code, response.content) == (200, b'{"code":')
    assert merchant.is_authentic(response.headers, response.content)
    assert merchant.query().json()["trade_state"] == "NOTPAY"


def test_a_close_can_be_answered_and_not_done(merchant: Merchant, sandbox: Sandbox) -> None:
    sandbox.add_fault("/v3/pay", "close_ignored")
    payment = merchant.prepay()
    response = merchant.close()
    assert response.status_code == 204
    assert merchant.is_authentic(response.headers, b"")
    assert merchant.query().json()["trade_state"] == "NOTPAY"
    sandbox.pay("Lin", payment)
    assert sandbox.totals()["paid_fen"] == 1990


def test_the_next_close_is_done_again(merchant: Merchant, sandbox: Sandbox) -> None:
    merchant.order()
    sandbox.add_fault(TRADES_PATH, "close_ignored")
    assert [merchant.close().status_code, merchant.close().status_code] == [204, 204]
    assert merchant.query().json()["trade_state"] == "CLOSED"


def test_a_fault_hits_as_often_as_it_was_told_to(merchant: Merchant, sandbox: Sandbox) -> None:
    sandbox.add_fault(ORDERS, "error_before", times=2)
    statuses = [merchant.order().status_code for _ in range(3)]
    assert statuses == [500, 500, 200]


def test_faults_are_taken_in_the_order_they_were_planned(
    merchant: Merchant, sandbox: Sandbox
) -> None:
    sandbox.add_fault(ORDERS, "rate_limit")
    sandbox.add_fault("/v3/", "error_before")
    statuses = [merchant.order().status_code for _ in range(3)]
    assert statuses == [429, 500, 200]


def test_a_fault_spares_other_paths_and_calls_that_prove_nothing(
    merchant: Merchant, sandbox: Sandbox
) -> None:
    sandbox.add_fault("/v3/refund", "error_before")
    assert merchant.order().status_code == 200
    unproven = merchant.call("GET", "/v3/refund/domestic/refunds/rf-1", Authorization="")
    assert unproven.status_code == 401
    assert merchant.query_refund("rf-1").status_code == 500
    assert merchant.query_refund("rf-1").status_code == 404


def test_a_refusal_behind_an_error_is_an_error(merchant: Merchant, sandbox: Sandbox) -> None:
    sandbox.add_fault("/v3/", "error_after")
    assert refusal(merchant.query()) == (500, "SYSTEM_ERROR")


@pytest.mark.parametrize(
    ("kind", "errcode"), [("error_before", -1), ("error_after", -1), ("rate_limit", 45011)]
)
def test_the_mini_program_api_fails_in_its_own_words(
    merchant: Merchant, sandbox: Sandbox, kind: str, errcode: int
) -> None:
    sandbox.add_fault("/sns/", kind)
    response = merchant.session.get(f"{HOST}/sns/jscode2session", timeout=1)
    assert (response.status_code, response.json()["errcode"]) == (200, errcode)


def test_the_mini_program_api_can_time_out_and_break_off(
    merchant: Merchant, sandbox: Sandbox
) -> None:
    sandbox.add_fault("/cgi-bin/", "timeout_after")
    sandbox.add_fault("/cgi-bin/", "garbage")
    with pytest.raises(requests.exceptions.ReadTimeout):
        merchant.session.post(f"{HOST}/cgi-bin/stable_token", json={}, timeout=1)
    torn = merchant.session.post(f"{HOST}/cgi-bin/stable_token", json={}, timeout=1)
    assert torn.content == b'{"code":'


@pytest.mark.parametrize(
    ("path_prefix", "kind", "times"),
    [("v3", "error_before", 1), ("/v3", "explode", 1), ("/v3", "error_before", 0)],
)
def test_a_senseless_fault_is_refused(
    sandbox: Sandbox, path_prefix: str, kind: str, times: int
) -> None:
    with pytest.raises(ControlRefusal) as refused:
        sandbox.add_fault(path_prefix, kind, times)
    assert (refused.value.status, refused.value.code) == (422, "invalid_request")
