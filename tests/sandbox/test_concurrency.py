"""Many hands at once: one order is paid once, one refund is made once."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from infra.local.wechat.refusals import ControlRefusal, PayRefusal
from infra.local.wechat.sandbox import Sandbox
from tests.sandbox.merchant import ORDER_NO, Inbox, Merchant

HANDS = 16


def test_one_order_is_paid_once(merchant: Merchant, sandbox: Sandbox, inbox: Inbox) -> None:
    payments = [merchant.prepay() for _ in range(HANDS)]

    def pay(payment: dict[str, str]) -> str:
        try:
            return str(sandbox.pay("Lin", payment)["trade_state"])
        except ControlRefusal as refusal:
            return refusal.code

    with ThreadPoolExecutor(HANDS) as hands:
        outcomes = Counter(hands.map(pay, payments))
    assert outcomes == {"SUCCESS": 1, "order_paid": HANDS - 1}
    assert sandbox.totals()["paid_fen"] == 1990
    assert sandbox.pump() == 1
    assert inbox.event_types() == ["TRANSACTION.SUCCESS"]


def test_paying_and_closing_at_once_have_one_winner(merchant: Merchant, sandbox: Sandbox) -> None:
    numbers = [f"kt-race-{number}" for number in range(HANDS)]
    payments = {number: merchant.prepay(number) for number in numbers}

    def pay(number: str) -> bool:
        try:
            sandbox.pay("Lin", payments[number])
        except ControlRefusal:
            return False
        return True

    def close(number: str) -> bool:
        try:
            sandbox.close(number)
        except PayRefusal:
            return False
        return True

    with ThreadPoolExecutor(HANDS) as hands:
        races = [(hands.submit(pay, number), hands.submit(close, number)) for number in numbers]
        winners = [[one.result() for one in race].count(True) for race in races]
    assert winners == [1] * HANDS


def test_one_refund_is_made_once(merchant: Merchant, sandbox: Sandbox) -> None:
    merchant.paid()
    sandbox.configure(balance_fen=1990)
    terms = merchant.refund_body("rf-1", 1990)
    with ThreadPoolExecutor(HANDS) as hands:
        refunds = list(hands.map(sandbox.refund, [terms] * HANDS))
    assert len({refund["refund_id"] for refund in refunds}) == 1
    assert len(sandbox.refunds_of(ORDER_NO)) == 1
    assert sandbox.configure()["balance_fen"] == 0


def test_a_due_notification_is_taken_once(merchant: Merchant, sandbox: Sandbox) -> None:
    sandbox.pay("Lin", merchant.prepay())
    with ThreadPoolExecutor(HANDS) as hands:
        taken = list(hands.map(lambda _: len(sandbox.take_due()), range(HANDS)))
    assert sorted(taken) == [0] * (HANDS - 1) + [1]
