"""Who may ask for what: tokens of every bad kind, keys that come and go, other people's things."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import jwt

from chalicelib.kit.tokens import Caller, issue
from tests.http.problems import wrong_in
from tests.http.routes import PERHAPS_SIGNED_IN, PUBLIC, SIGNED_IN, route
from tests.http.scene import Scene
from tests.shop import SIGNING_KEY

OTHER_KEY = "a signing key that nobody here ever configured"
OF_A_GROUP = route("GET", "/v1/groups/{group_id}")


def claims(scene: Scene, **changes: Any) -> dict[str, Any]:
    """What our own token for Lin says, but for the changes; None leaves a claim out."""
    now = int(scene.shop.clock.now().timestamp())
    app_id = scene.shop.wiring.environment.wechat_app_id
    ours = {"iss": "kaituan", "sub": scene.lin.member_id, "app": app_id, "iat": now}
    given = {**ours, "exp": now + 3600, **changes}
    return {name: value for name, value in given.items() if value is not None}


def signed(scene: Scene, key: str = SIGNING_KEY, algorithm: str = "HS256", **changes: Any) -> str:
    return jwt.encode(claims(scene, **changes), key, algorithm=algorithm)


def by_hand(header: dict[str, Any], payload: Any, signature: str = "") -> str:
    """A token that no library would make."""
    parts = (base64.urlsafe_b64encode(json.dumps(part).encode()) for part in (header, payload))
    return ".".join([*(part.decode().rstrip("=") for part in parts), signature])


def bad_authorizations(scene: Scene) -> Iterator[tuple[str, dict[str, str]]]:
    """Every way of not being signed in, by name."""
    good = scene.lin.token
    head, payload, signature = good.split(".")
    none = {"alg": "none", "typ": "JWT"}
    tokens = {
        "a word": "nonsense",
        "two dots": "..",
        "a word for each part": "a.b.c",
        "bytes": "\x00",
        "Chinese": "令牌",
        "very long": "a" * 9_000,
        "a part too many": f"{good}.{signature}",
        "no signature": f"{head}.{payload}.",
        "half a signature": f"{head}.{payload}.{signature[:20]}",
        "another member's signature": f"{scene.eve.token.rpartition('.')[0]}.{signature}",
        "signed by others": signed(scene, OTHER_KEY),
        "signed with an empty key": by_hand({"alg": "HS256"}, claims(scene)),
        "alg none": by_hand(none, claims(scene)),
        "alg None, with a signature": by_hand({"alg": "None"}, claims(scene), signature),
        "another algorithm": signed(scene, SIGNING_KEY * 2, algorithm="HS512"),
        "our key, another algorithm": by_hand({"alg": "RS256"}, claims(scene), signature),
        "a key of its own choosing": by_hand({"alg": "HS256", "jku": "https://evil.test"}, {}),
        "another issuer": signed(scene, iss="somebody"),
        "no issuer": signed(scene, iss=None),
        "nobody": signed(scene, sub=None),
        "no app": signed(scene, app=None),
        "for ever": signed(scene, exp=None),
        "a list for claims": by_hand({"alg": "HS256"}, []),
    }
    yield "nothing", {}
    yield from ((name, {"Authorization": f"Bearer {token}"}) for name, token in tokens.items())
    for value in ("Bearer", "Bearer ", f"Basic {good}", f"Token {good}", good, f"Bearer{good}"):
        yield f"{value[:10]}…", {"Authorization": value}
    yield "two tokens", {"Authorization": f"Bearer {good} {good}"}
    yield "a list of tokens", {"Authorization": f"Bearer {good}, Bearer {good}"}


def test_what_is_one_s_own_needs_a_good_token(scene: Scene) -> None:
    wrong = {}
    with scene.stays():
        for each in SIGNED_IN:
            for name, headers in bad_authorizations(scene):
                reply = scene.send(each, token=None, headers=headers)
                if found := wrong_in(reply, 401, "not_signed_in"):
                    wrong[f"{each}, {name}"] = found
    assert wrong == {}


def test_a_token_ends_to_the_second(scene: Scene) -> None:
    caller = Caller(scene.lin.member_id, scene.shop.wiring.environment.wechat_app_id)
    clock = scene.shop.clock
    ended, _ = issue(caller, [SIGNING_KEY], clock=clock, life_seconds=0)
    lasting, _ = issue(caller, [SIGNING_KEY], clock=clock, life_seconds=1)
    wrong = {}
    with scene.stays():
        for each in (*SIGNED_IN, *PERHAPS_SIGNED_IN):
            reply = scene.send(each, token=ended)
            if found := wrong_in(reply, 401, "session_expired"):
                wrong[str(each)] = found
    assert wrong == {}
    assert scene.send(route("GET", "/v1/me"), token=lasting).status == 200


def test_a_bad_token_is_refused_before_anything_else_is_looked_at(scene: Scene) -> None:
    for each in SIGNED_IN:
        reply = scene.send(each, token="x", body=b"x" * 40_000, query="?x=1")
        assert wrong_in(reply, 401, "not_signed_in") == [], each


def test_a_token_is_optional_on_a_group_and_its_draw_and_good_when_sent(scene: Scene) -> None:
    without = [scene.send(each, token=None) for each in PERHAPS_SIGNED_IN]
    with_own = [scene.send(each) for each in PERHAPS_SIGNED_IN]
    assert {each.path for each in PERHAPS_SIGNED_IN} == {OF_A_GROUP.path, f"{OF_A_GROUP.path}/draw"}
    assert {(reply.status, reply["my_order_id"]) for reply in without} == {(200, None)}
    assert {reply["my_order_id"] for reply in with_own} == {scene.group_order_id}
    assert [without[0]["refusal_code"], with_own[0]["refusal_code"]] == [None, "already_joined"]

    wrong = {}
    for each in PERHAPS_SIGNED_IN:
        for name, headers in bad_authorizations(scene):
            reply = scene.send(each, token=None, headers=headers)
            if headers and (found := wrong_in(reply, 401, "not_signed_in")):
                wrong[f"{each}, {name}"] = found
    assert wrong == {}


def test_what_is_everybody_s_ignores_tokens(scene: Scene) -> None:
    for each in PUBLIC:
        if each.path != "/v1/sessions":
            statuses = {scene.send(each, token=token).status for token in (None, "x", "a.b.c")}
            assert statuses == {200}, each


def test_the_scheme_may_be_spelt_in_any_case(scene: Scene) -> None:
    for scheme in ("bearer", "BEARER", "Bearer "):
        headers = {"Authorization": f"{scheme} {scene.lin.token}"}
        assert scene.send(route("GET", "/v1/me"), token=None, headers=headers).status == 200


OF_LIN = (
    ("GET", "/v1/orders/{order_id}"),
    ("POST", "/v1/orders/{order_id}/payment"),
    ("POST", "/v1/orders/{order_id}/payment-check"),
    ("POST", "/v1/orders/{order_id}/cancel"),
    ("POST", "/v1/orders/{order_id}/refunds"),
    ("POST", "/v1/refunds/{refund_id}/cancel"),
    ("GET", "/v1/withdrawals/{withdrawal_id}"),
    ("POST", "/v1/withdrawals/{withdrawal_id}/cancel"),
)


NOWHERE = {"order_id": "ord_nowhere", "refund_id": "rfd_nowhere", "withdrawal_id": "wdrnowhere"}


def test_other_people_s_orders_and_refunds_are_not_found(scene: Scene) -> None:
    with scene.stays():
        for method, path in OF_LIN:
            for order_id in (scene.unpaid.order_id, scene.paid_order_id):
                each = route(method, path)
                reply = scene.send(each, token=scene.eve.token, ids={"order_id": order_id})
                unknown = scene.send(each, token=scene.eve.token, ids=NOWHERE)
                assert wrong_in(reply, 404, "not_found") == [], each
                assert reply.content == unknown.content, each
        assert scene.send(route("GET", "/v1/orders"), token=scene.eve.token)["items"] == []


def test_nobody_sees_ids_of_other_people(scene: Scene) -> None:
    lin = scene.lin
    seen = [
        scene.send(OF_A_GROUP, token=None),
        scene.send(OF_A_GROUP, token=scene.eve.token),
        scene.send(route("GET", "/v1/campaigns/{campaign_id}/groups"), token=None),
        scene.send(route("GET", "/v1/groups/{group_id}/draw"), token=None),
        scene.send(route("POST", "/v1/groups/{group_id}/members"), token=lin.token),
    ]
    texts = [json.dumps(reply.content) for reply in seen]
    openid = scene.shop.sandbox.login_code("Lin").openid
    assert not any(lin.member_id in text or openid in text for text in texts)
    assert not any(scene.group_order_id in text for text in texts[:4])


def test_an_english_reader_is_told_to_sign_in(scene: Scene) -> None:
    for each in (*PERHAPS_SIGNED_IN, *SIGNED_IN):
        reply = scene.send(each, token="x", headers={"Accept-Language": "en"})
        assert wrong_in(reply, 401, "not_signed_in", english=True) == [], each
        assert reply["title"] == "Sign in first."
