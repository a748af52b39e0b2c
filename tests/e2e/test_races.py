"""Several members at once, over HTTP: the last seat, and the same request many times."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from infra.local.shopper import Shopper
from infra.local.stack import Stack
from tests.e2e.conftest import Members, put_campaign

pytestmark = pytest.mark.e2e

CLIENTS = 8


@pytest.fixture(scope="module")
def crowd(member: Members) -> list[Shopper]:
    return [member() for _ in range(CLIENTS)]


def test_one_of_eight_gets_the_last_seat(
    stack: Stack, member: Members, crowd: list[Shopper]
) -> None:
    leader = member().opens(put_campaign(stack, "last-seat", size=2)).pays()
    leader.waits_for("paid")

    with ThreadPoolExecutor(CLIENTS) as pool:
        replies = list(pool.map(lambda shopper: shopper.tries_to_join(leader.group_id), crowd))

    assert Counter(reply.status for reply in replies) == {201: 1, 409: CLIENTS - 1}
    assert {reply.code for reply in replies if reply.status == 409} == {"group_full"}
    group = leader.shopper.group(leader.group_id)
    assert (group["paid_count"], group["held_count"], group["seats_left"]) == (1, 1, 0)
    (winner,) = (
        shopper.placed(reply)
        for shopper, reply in zip(crowd, replies, strict=True)
        if reply.status == 201
    )
    winner.pays()
    for order in (leader, winner):
        order.waits_for("to_ship")


def test_the_same_request_many_times_at_once_is_one_order(
    stack: Stack, crowd: list[Shopper]
) -> None:
    lin = crowd[0]
    phones = [Shopper(stack.endpoints, lin.name) for _ in range(CLIENTS)]
    for phone in phones:
        phone.token = lin.token

    with ThreadPoolExecutor(CLIENTS) as pool:
        replies = list(pool.map(lambda phone: phone.tries_to_buy(key="one-key-only"), phones))

    assert [reply.status for reply in replies] == [201] * CLIENTS
    assert len({reply["order"]["order_id"] for reply in replies}) == 1
    replayed = [reply.headers.get("Idempotency-Replayed") for reply in replies]
    assert Counter(replayed) == {None: 1, "true": CLIENTS - 1}
    other = lin.tries_to_buy(key="one-key-only", quantity=2)
    assert (other.status, other.code) == (409, "idempotency_conflict")
