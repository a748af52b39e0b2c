"""While a parameter is missing, what needs it is off: said clearly, nothing written, nothing taken
on trust.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from chalicelib import wiring
from chalicelib.kit.aws import client
from chalicelib.settings import Secrets
from chalicelib.wiring import PAY_PARAMETERS, Wiring
from tests.http.problems import wrong_in
from tests.http.routes import CALLBACKS, PUBLIC, READING, SELLING, SIGNED_IN, Route, route
from tests.http.scene import Scene
from tests.shop import SIGNING_KEY

SESSIONS = route("POST", "/v1/sessions")
PAYING = route("POST", "/v1/orders/{order_id}/payment")
CHECKING = route("POST", "/v1/orders/{order_id}/payment-check")
CANCELLING = route("POST", "/v1/orders/{order_id}/cancel")


@contextmanager
def wired(scene: Scene, **changes: Any) -> Iterator[Wiring]:
    """Another wiring for a while, which makes again what is changed to None."""
    other = replace(scene.shop.wiring, _made_from={}, **changes)
    wiring.use(other)
    yield other
    wiring.use(scene.shop.wiring)


def without(scene: Scene, name: str, nothing: Any = None) -> Secrets:
    return scene.shop.wiring.secrets.model_copy(update={name: nothing})


def assert_names(scene: Scene, parameter: str, *routes: Route, **more: Any) -> None:
    """These are off, say which parameter is missing, and write nothing."""
    with scene.stays():
        replies = {str(each): scene.send(each, **more) for each in routes}
    for name, reply in replies.items():
        assert wrong_in(reply, 503, "wechat_unavailable") == [], name
        assert parameter in reply["detail"], name
        assert reply["title"] == "微信暂时无法连接"


@pytest.mark.parametrize("parameter", PAY_PARAMETERS)
def test_without_a_pay_parameter_nothing_is_sold_and_no_callback_believed(
    scene: Scene, parameter: str
) -> None:
    with wired(scene, _secrets=without(scene, parameter), _wechat_pay=None):
        assert_names(scene, parameter, *SELLING, CANCELLING, *CALLBACKS)


@pytest.mark.parametrize(
    ("parameter", "nothing"),
    [(name, {} if name == "wechat_public_keys" else "") for name in PAY_PARAMETERS],
)
def test_an_empty_pay_parameter_is_a_missing_one(
    scene: Scene, parameter: str, nothing: Any
) -> None:
    with wired(scene, _secrets=without(scene, parameter, nothing), _wechat_pay=None):
        assert_names(scene, parameter, SELLING[0], CALLBACKS[0])


def test_without_a_merchant_nothing_is_sold(scene: Scene) -> None:
    environment = scene.shop.wiring.environment.model_copy(update={"wechat_merchant_id": ""})
    with wired(scene, environment=environment, _wechat_pay=None):
        assert_names(scene, "wechat_merchant_id", *SELLING, *CALLBACKS)


def test_all_missing_parameters_are_named_at_once(scene: Scene) -> None:
    signing_only = Secrets(session_signing_keys=(SIGNING_KEY,))
    with wired(scene, _secrets=signing_only, _wechat_pay=None):
        reply = scene.send(SELLING[0])
    assert [name for name in PAY_PARAMETERS if name not in reply["detail"]] == []


def test_a_true_notification_is_asked_for_again_while_it_cannot_be_verified(scene: Scene) -> None:
    shop, order = scene.shop, scene.eve.buys()
    with wired(scene, _secrets=without(scene, "wechat_public_keys"), _wechat_pay=None):
        with scene.stays():
            order.pays()
        (sent,) = shop.sandbox.notifications(out_trade_no=order.order_id)
        assert [attempt["status"] for attempt in sent["attempts"]] == [503]
    shop.advance(15)
    shop.sandbox.pump()
    assert order.status == "to_ship"


def test_without_wechat_pay_one_can_still_look_and_ask(scene: Scene) -> None:
    order_id = scene.lin.buys().order_id
    unpaid = {"order_id": order_id}
    with wired(scene, _secrets=without(scene, "wechat_api_v3_key"), _wechat_pay=None):
        assert {scene.send(each, ids=unpaid).status for each in READING} == {200}
        assert scene.send(route("POST", "/v1/quotes")).status == 200
        paying = scene.send(PAYING, ids=unpaid)
        checked = scene.send(CHECKING, ids=unpaid)
        refund = scene.send(
            route("POST", "/v1/orders/{order_id}/refunds"), ids={"order_id": scene.paid_order_id}
        )
    assert (paying.status, paying.content) == (
        200,
        {"payment": None, "payment_state": "unavailable"},
    )
    assert (checked.status, checked["status"]) == (200, "awaiting_payment")
    assert (refund.status, refund["status"]) == (201, "awaiting_operator")


def test_without_signing_keys_nobody_signs_in_and_no_token_is_believed(scene: Scene) -> None:
    code = scene.shop.sandbox.login_code("Zoe").code
    for nothing in (None, ()):
        with wired(scene, _secrets=without(scene, "session_signing_keys", nothing)):
            theirs = (*SIGNED_IN, route("GET", "/v1/groups/{group_id}"))
            assert_names(scene, "session_signing_keys", *theirs)
            assert_names(scene, "session_signing_keys", SESSIONS, token=None, body={"code": code})
            public = [each for each in PUBLIC if each is not SESSIONS]
            assert {scene.send(each, token=None).status for each in public} == {200}
            group = scene.send(route("GET", "/v1/groups/{group_id}"), token=None)
            assert group.status == 200
    assert scene.send(SESSIONS, token=None, body={"code": code}).status == 201, "not spent"


def test_without_the_app_s_secret_or_id_nobody_signs_in(scene: Scene) -> None:
    body = {"code": scene.shop.sandbox.login_code("Zoe").code}
    for nothing in (None, ""):
        less = without(scene, "wechat_app_secret", nothing)
        with wired(scene, _secrets=less, _wechat_api=None):
            assert_names(scene, "wechat_app_secret", SESSIONS, token=None, body=body)
            assert scene.send(route("GET", "/v1/me")).status == 200
    environment = scene.shop.wiring.environment.model_copy(update={"wechat_app_id": ""})
    with wired(scene, environment=environment, _wechat_api=None):
        assert_names(scene, "wechat_app_id", SESSIONS, token=None, body=body)


def test_without_parameters_only_what_is_everybody_s_is_there_until_they_arrive(
    scene: Scene,
) -> None:
    prefix = scene.shop.wiring.environment.parameter_prefix
    public = [each for each in PUBLIC if each is not SESSIONS]
    with wired(scene, _secrets=None, _wechat_pay=None, _wechat_api=None):
        assert {scene.send(each, token=None).status for each in public} == {200}
        assert_names(scene, "session_signing_keys", SESSIONS, route("GET", "/v1/me"))
        assert_names(scene, "wechat_api_v3_key", *CALLBACKS)
        client("ssm").put_parameter(
            Name=f"{prefix}/session_signing_keys",
            Value=json.dumps([SIGNING_KEY]),
            Type="SecureString",
        )
        scene.shop.advance(5)
        assert scene.send(route("GET", "/v1/me")).status == 200
        assert_names(scene, "wechat_merchant_private_key", SELLING[0])
        assert_names(scene, "wechat_app_secret", SESSIONS)
    client("ssm").delete_parameter(Name=f"{prefix}/session_signing_keys")
