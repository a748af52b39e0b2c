"""WeChat's message push over HTTP: the echo when the address is entered, what is believed, what is
answered.
"""

import json
from typing import Any
from urllib.parse import urlencode

import pytest

from infra.local.wechat.messages import seal_message, sign_message
from tests.http.problems import wrong_in
from tests.shop import Reply, Shop, credentials

PATH = "/v1/wechat/messages"


def signed(shop: Shop, *parts: str, age_seconds: int = 0) -> dict[str, str]:
    keys = credentials()
    timestamp = str(int(shop.clock.now().timestamp()) - age_seconds)
    return {
        "timestamp": timestamp,
        "nonce": "1234567890",
        "signature": sign_message(keys.message_token, timestamp, "1234567890"),
        "msg_signature": sign_message(keys.message_token, timestamp, "1234567890", *parts),
    }


def pushed(shop: Shop, content: dict[str, Any], *, as_xml: bool = False) -> Reply:
    """The answer to an event, sealed and signed as WeChat does it."""
    keys = credentials()
    sealed = seal_message(keys.message_aes_key, keys.app_id, content, shop.sandbox.ids)
    query = urlencode(signed(shop, sealed))
    if as_xml:
        body = f"<xml><Encrypt><![CDATA[{sealed}]]></Encrypt></xml>".encode()
        headers = {"Content-Type": "text/xml"}
    else:
        body, headers = json.dumps({"Encrypt": sealed}).encode(), {}
    return shop.send("POST", f"{PATH}?{query}", body, headers=headers)


def confirmed(shop: Shop, order_id: str, **changes: Any) -> dict[str, Any]:
    return {
        "Event": "trade_manage_order_settlement",
        "merchant_id": shop.wiring.environment.wechat_merchant_id,
        "merchant_trade_no": order_id,
        "confirm_receive_method": 2,
        "confirm_receive_time": int(shop.clock.now().timestamp()),
        **changes,
    }


def test_the_echo_comes_back_as_it_is(shop: Shop) -> None:
    query = urlencode({**signed(shop), "echostr": "5837251094"})

    reply = shop.send("GET", f"{PATH}?{query}")

    assert (reply.status, reply.content) == (200, b"5837251094")
    assert reply.headers["Content-Type"] == "text/plain; charset=utf-8"


@pytest.mark.parametrize("query", ["", "echostr=1", "echostr=1&signature=a&timestamp=1&nonce=2"])
def test_an_echo_that_is_not_wechats_is_refused(shop: Shop, query: str) -> None:
    reply = shop.send("GET", f"{PATH}?{query}")

    assert wrong_in(reply, 401, "not_authentic") == []


@pytest.mark.parametrize("as_xml", [False, True])
def test_an_event_that_means_nothing_here_is_acknowledged(shop: Shop, as_xml: bool) -> None:
    before = shop.everything()

    reply = pushed(shop, {"Event": "user_info_modified"}, as_xml=as_xml)

    assert (reply.status, reply.content) == (200, b"success")
    assert (shop.everything(), shop.findings()) == (before, [])


@pytest.mark.parametrize(
    ("event", "about"),
    [
        ("trade_manage_remind_access_api", "gh_1"),
        ("wxa_trade_controlled", "gh_1"),
    ],
)
def test_what_threatens_the_shops_trade_is_for_a_person(shop: Shop, event: str, about: str) -> None:
    message = {"Event": event, "ToUserName": "gh_1", "msg": "请尽快接入" * 100}

    assert pushed(shop, message).content == b"success"
    assert pushed(shop, message).content == b"success"

    (found,) = shop.rows("findings")
    assert (found["kind"], found["about"]) == (event, about)
    assert len(found["facts"]["msg"]) == 200


def test_a_receipt_nobody_can_place_is_written_down_and_changes_nothing(shop: Shop) -> None:
    order = shop.member("Lin").buys().pays()
    shop.settles()
    before = shop.everything()

    for message in (
        confirmed(shop, order.order_id),
        confirmed(shop, order.order_id, merchant_id="1999999999"),
        confirmed(shop, "ord_nothing"),
    ):
        assert pushed(shop, message).content == b"success"

    assert shop.everything() == before
    assert shop.findings() == [
        "foreign_receipt",
        "receipt_out_of_turn",
        "receipt_without_order",
    ]


def test_a_finding_that_cannot_be_stored_is_to_be_told_again(shop: Shop) -> None:
    with shop.database_fails("PutItem"):
        reply = pushed(shop, confirmed(shop, "ord_nothing"))

    assert wrong_in(reply, 503, "try_again") == []


def test_a_message_is_refused_once_it_is_old(shop: Shop) -> None:
    keys = credentials()
    sealed = seal_message(keys.message_aes_key, keys.app_id, {"Event": "any"}, shop.sandbox.ids)
    query = urlencode(signed(shop, sealed, age_seconds=300))

    reply = shop.send("POST", f"{PATH}?{query}", json.dumps({"Encrypt": sealed}).encode())

    assert wrong_in(reply, 401, "not_authentic") == []


def test_without_its_secrets_a_message_is_to_be_sent_again(shop: Shop) -> None:
    secrets = shop.wiring.secrets.model_copy(update={"wechat_message_token": None})
    shop.wiring._secrets = secrets

    for reply in (
        shop.send("GET", f"{PATH}?echostr=1"),
        shop.send("POST", PATH, b"{}"),
    ):
        assert wrong_in(reply, 503, "wechat_unavailable") == []
