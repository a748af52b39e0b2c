"""Every route of the document against everybody who may not: refused in the right words, and
nothing changed. A route without a row here fails.
"""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from chalicelib.kit.tokens import Caller, issue
from tests.http.problems import wrong_in
from tests.http.routes import ROUTES, Route, route
from tests.http.scene import Scene
from tests.http.test_authorisation import OTHER_KEY, by_hand, claims, signed
from tests.in_process import everything
from tests.promises import document
from tests.shop import SIGNING_KEY, Member, Reply, Shop

REFUSED = {"not_signed_in": 401, "session_expired": 401, "not_found": 404, "not_allowed": 403}

HERS = "about whoever asks, and nobody else"
ANYBODYS = "for anyone who asks"

TO_ANOTHER_MEMBER = {
    "GET /v1/me": HERS,
    "PUT /v1/me": HERS,
    "POST /v1/me/subscriptions": HERS,
    "GET /v1/me/invitees": HERS,
    "POST /v1/shares": HERS,
    "POST /v1/shares/{share_code}/visits": HERS,
    "POST /v1/quotes": HERS,
    "POST /v1/groups": HERS,
    "GET /v1/groups/{group_id}": ANYBODYS,
    "GET /v1/groups/{group_id}/draw": ANYBODYS,
    "POST /v1/groups/{group_id}/members": ANYBODYS,
    "POST /v1/orders": HERS,
    "GET /v1/orders": HERS,
    "GET /v1/orders/{order_id}": "not_found",
    "POST /v1/orders/{order_id}/payment": "not_found",
    "POST /v1/orders/{order_id}/payment-check": "not_found",
    "POST /v1/orders/{order_id}/cancel": "not_found",
    "POST /v1/orders/{order_id}/receipt": "not_found",
    "POST /v1/orders/{order_id}/refunds": "not_found",
    "POST /v1/refunds/{refund_id}/cancel": "not_found",
    "POST /v1/refunds/{refund_id}/return-shipment": "not_found",
    "GET /v1/me/stations": HERS,
    "GET /v1/stations/{station_id}/pickups": "not_allowed",
    "POST /v1/stations/{station_id}/redemptions": "not_allowed",
    "GET /v1/vouchers": HERS,
    "GET /v1/commissions": HERS,
    "GET /v1/wallet": HERS,
    "GET /v1/wallet/transfers": HERS,
    "PUT /v1/me/payee": HERS,
    "POST /v1/withdrawals": HERS,
    "GET /v1/withdrawals": HERS,
    "GET /v1/withdrawals/{withdrawal_id}": "not_found",
    "POST /v1/withdrawals/{withdrawal_id}/cancel": "not_found",
    "GET /v1/leaderboard": ANYBODYS,
    "DELETE /v1/me": HERS,
}
"""What a member is told who names what is another's."""


def operations() -> dict[str, Any]:
    """Every operation of the document, by method and path."""
    return {
        f"{method.upper()} {path}": operation
        for path, methods in document()["paths"].items()
        for method, operation in methods.items()
    }


def impostors(scene: Scene) -> dict[str, dict[str, str]]:
    """Who pretends to be signed in as Lin, and what they send."""
    head, _, signature = scene.lin.token.split(".")
    _, payload, _ = scene.eve.token.split(".")
    tokens = {
        "forged with a key of their own": signed(scene, OTHER_KEY),
        "not signed": by_hand({"alg": "none", "typ": "JWT"}, claims(scene)),
        "about somebody else than was signed": f"{head}.{payload}.{signature}",
        "signed in another way": signed(scene, SIGNING_KEY * 2, algorithm="HS512"),
    }
    sent = {name: {"Authorization": f"Bearer {token}"} for name, token in tokens.items()}
    return {**sent, "in another scheme": {"Authorization": f"Basic {scene.lin.token}"}}


def expired(scene: Scene) -> dict[str, str]:
    """Lin's session, a second too late."""
    caller = Caller(scene.lin.member_id, scene.shop.wiring.environment.wechat_app_id)
    scene.shop.clock.advance(-2)
    token, _ = issue(caller, [SIGNING_KEY], clock=scene.shop.clock, life_seconds=1)
    scene.shop.clock.advance(2)
    return {"Authorization": f"Bearer {token}"}


def wrong_with(each: Route, reply: Reply, code: str, nobody: Reply) -> list[str]:
    """How the answer to an impostor differs from what it has to be. Where a token is not asked for
    it is not looked at: the answer is that to nobody. WeChat proves itself in another way.
    """
    if each.callback or each.pushed:
        return wrong_in(reply, 401, "not_authentic")
    if each.signed_in is False:
        return [] if reply.status == nobody.status else [f"answers {reply.status}"]
    return wrong_in(reply, REFUSED[code], code)


def test_the_table_of_other_members_names_every_route_that_knows_who_asks() -> None:
    knows = {name for name, operation in operations().items() if operation["security"]}

    assert set(TO_ANOTHER_MEMBER) == knows
    assert {str(each) for each in ROUTES} == set(operations())


@pytest.mark.parametrize("each", ROUTES, ids=str)
def test_the_document_says_who_has_to_sign_in(each: Route) -> None:
    session: list[dict[str, list[str]]] = [{"session": []}]
    said = {True: session, None: [{}, *session], False: []}

    assert operations()[str(each)]["security"] == said[each.signed_in]


def test_nobody_forged_and_expired_are_refused_everywhere_and_nothing_changes(scene: Scene) -> None:
    wrong: dict[str, list[str]] = {}
    cells = 0
    with scene.stays():
        for each in ROUTES:
            nobody = scene.send(each, token=None)
            pretending = {**impostors(scene), "expired": expired(scene)}
            for name, headers in pretending.items():
                reply = scene.send(each, token=None, headers=headers)
                code = "session_expired" if name == "expired" else "not_signed_in"
                wrong[f"{each}, {name}"] = wrong_with(each, reply, code, nobody)
            if each.signed_in or each.callback or each.pushed:
                wrong[f"{each}, nobody"] = wrong_with(each, nobody, "not_signed_in", nobody)
            cells += 1 + len(pretending)

    assert {name: found for name, found in wrong.items() if found} == {}
    assert cells == 7 * len(operations())


def test_another_member_is_refused_and_nothing_changes(scene: Scene) -> None:
    wrong = {}
    with scene.stays():
        for name, code in TO_ANOTHER_MEMBER.items():
            if code in REFUSED:
                each = route(*name.split(" "))
                for order_id in (scene.unpaid.order_id, scene.paid_order_id):
                    ids = {"order_id": order_id}
                    reply = scene.send(each, token=scene.eve.token, ids=ids)
                    wrong[name] = wrong_in(reply, REFUSED[code], code)

    assert {name: found for name, found in wrong.items() if found} == {}


def rows_of(member: Member) -> set[str]:
    """Every row that names the member."""
    texts = (json.dumps(row, sort_keys=True) for rows in everything().values() for row in rows)
    return {text for text in texts if member.member_id in text}


def own_ids(scene: Scene) -> Iterator[str]:
    """What only Lin may see."""
    yield scene.lin.member_id
    yield from (scene.group_order_id, scene.paid_order_id, scene.unpaid.order_id)
    yield from (scene.ids["refund_id"], scene.ids["withdrawal_id"])


def test_what_is_one_s_own_shows_and_changes_nothing_of_another_s(shop: Shop) -> None:
    scene = Scene(shop)
    of_lin = rows_of(scene.lin)
    for name, what in TO_ANOTHER_MEMBER.items():
        if what is HERS:
            reply = scene.send(route(*name.split(" ")), token=scene.eve.token)

            shown = json.dumps(reply.content)
            assert [each for each in own_ids(scene) if each in shown] == [], name
            assert of_lin <= rows_of(scene.lin), name
