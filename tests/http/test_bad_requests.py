"""Paths, queries, cursors, keys and headers that are not as the route takes them."""

import base64
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest

from app import app
from tests.http.problems import fields_of, wrong_in
from tests.http.routes import KEYED, OF_OUR_TYPE, PURCHASE, READING, ROUTES, SELLING, Route, route
from tests.http.scene import Scene
from tests.shop import ADDRESS, Reply

NO_IDS = (
    "ord_nowhere",
    "-",
    "_",
    "0",
    "settings",
    "a" * 64,
    "a" * 65,
    "a" * 5_000,
    "%00",
    "%0a",
    "ord_%0d%0aX-Evil:1",
    "%2e%2e%2f%2e%2e",
    "..%2F..%2Fetc%2Fpasswd",
    "a%2Fb",
    "a%252Fb",
    "a%20b",
    "a+b",
    "%",
    "%zz",
    "%C0%AF",
    "%ED%A0%80",
    "%F0%9F%98%80",
    "%E8%8B%B9",
    "é",
    "苹果",
    "'--",
    "$where",
    "{order_id}",
    "seat%23mem_1",
    "*",
)
LISTS = (
    "/v1/products",
    "/v1/campaigns",
    "/v1/orders",
    "/v1/vouchers",
    "/v1/me/stations",
    "/v1/stations/{station_id}/pickups",
    "/v1/me/invitees",
    "/v1/commissions",
    "/v1/withdrawals",
    "/v1/wallet/transfers",
    "/v1/campaigns/{campaign_id}/draws",
    "/v1/draws/{draw_id}/entries",
)
NO_LIMITS = ("0", "101", "-1", "abc", "", "1.5", "1e1", "0x5", "NaN", "null", "true", "9" * 30)


def with_ids() -> Iterator[tuple[Route, str]]:
    """Each route with an id in its path, and what the id is called."""
    for each in ROUTES:
        if "{" in each.path:
            yield each, each.path.partition("{")[2].partition("}")[0]


def test_ids_in_a_path_that_lead_nowhere_are_not_found(scene: Scene) -> None:
    wrong = {}
    with scene.stays():
        for each, name in with_ids():
            for bad in NO_IDS:
                reply = scene.send(each, ids={name: bad})
                if found := wrong_in(reply, 404, "not_found"):
                    wrong[f"{each} {bad[:20]}"] = found
    assert wrong == {}


def test_ids_of_another_kind_of_thing_are_not_found(scene: Scene) -> None:
    wrong = {}
    with scene.stays():
        for each, name in with_ids():
            if each.path == "/v1/campaigns/{campaign_id}/groups":
                continue
            for kind, other in scene.ids.items():
                if kind == name:
                    continue
                reply = scene.send(each, ids={name: other})
                if found := wrong_in(reply, 404, "not_found"):
                    wrong[f"{each} {other}"] = found
    assert wrong == {}


def test_unknown_query_parameters_are_refused_everywhere(scene: Scene) -> None:
    wrong = {}
    with scene.stays():
        for each in OF_OUR_TYPE:
            for query, name in (("?debug=1", "debug"), ("?Limit=5", "Limit"), ("?状态=1", "状态")):
                reply = scene.send(each, query=query)
                found = wrong_in(reply, 422, "invalid_request")
                if found or fields_of(reply) != [name]:
                    wrong[f"{each}{query}"] = found or fields_of(reply)
    assert wrong == {}


def test_only_lists_take_a_limit(scene: Scene) -> None:
    boards = {"/v1/leaderboard", "/v1/withdrawal-ticker"}
    taking = {*LISTS, *boards, "/v1/campaigns/{campaign_id}/groups"}
    wrong = {}
    for each in READING:
        status = scene.send(each, query="?limit=5").status
        if status != (200 if each.path in taking else 422):
            wrong[str(each)] = status
    assert wrong == {}


def test_a_limit_is_from_1_to_100(scene: Scene) -> None:
    wrong = {}
    for path in (*LISTS, "/v1/campaigns/{campaign_id}/groups"):
        for bad in NO_LIMITS:
            reply = scene.send(route("GET", path), query=f"?limit={bad}")
            found = wrong_in(reply, 422, "invalid_request")
            if found or fields_of(reply) != ["limit"]:
                wrong[f"{path} {bad}"] = found or fields_of(reply)
        for good in ("1", "100"):
            if scene.send(route("GET", path), query=f"?limit={good}").status != 200:
                wrong[f"{path} {good}"] = ["refused"]
    assert wrong == {}


def test_filters_take_known_values_only(scene: Scene) -> None:
    cases = {
        "/v1/orders": ("status", ("", "open", "PAID", "paid ", "awaiting", "paid,to_ship", "%00")),
        "/v1/campaigns": ("state", ("", "ended", "LIVE", "paused", "live ", "😀")),
        "/v1/products": ("merchant_id", ("", "果园", "a b", "a" * 65, "%00", "😀")),
    }
    wrong = {}
    for path, (name, bads) in cases.items():
        for bad in bads:
            reply = scene.send(route("GET", path), query=f"?{name}={quote(bad, safe='%')}")
            found = wrong_in(reply, 422, "invalid_request")
            if found or fields_of(reply) != [name]:
                wrong[f"{path} {bad}"] = found or fields_of(reply)
    assert wrong == {}


def test_a_category_nobody_knows_is_an_empty_list(scene: Scene) -> None:
    products = route("GET", "/v1/products")
    for category in ("pears", "水果", "😀", "%00", "' OR 1=1"):
        reply = scene.send(products, query=f"?category={quote(category, safe='%')}")
        assert (reply.status, reply.content) == (200, {"items": [], "next_cursor": None})
    for bad in ("", "a" * 41):
        assert (
            wrong_in(scene.send(products, query=f"?category={bad}"), 422, "invalid_request") == []
        )


def cursor(content: Any) -> str:
    """Content as a client would have to forge it."""
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    return quote(base64.urlsafe_b64encode(raw).decode())


def text(**values: Any) -> dict[str, Any]:
    return {name: {"S": value} for name, value in values.items()}


def forged(lin_id: str) -> Iterator[str]:
    """Cursors that no list ever gave out."""
    yield from ("", "x", "!!!!", "%00", "%FF", "é", "😀", "null", "A" * 1025)
    yield from (cursor(raw) for raw in (b"", b"\xff\xff", b"[" * 700, b'{"a":' * 150, b"{", b"NaN"))
    yield from (cursor(json.loads(text)) for text in ("null", "[]", "{}", "1", "true"))
    for sort in ("", "\ud800", "苹果", 7, None, ["x"], {"S": "x"}):
        yield cursor(text(id="apples", kind="product", sort=sort))
        yield cursor(text(id="autumn", kind="campaign", sort=sort))
        yield cursor(text(order_id="ord_x", member_id=lin_id, placed_at=sort))
        yield cursor(text(account_id=f"member:{lin_id}", entry=sort))
        yield cursor(text(member_id=lin_id, kind=sort))
        yield cursor(text(draw_id="drw_x", group_id="grp_x", order_id=sort))
        of_campaign = {"entry": "draw", "drawn_campaign_id": "autumn"}
        yield cursor(text(draw_id="drw_x", drawn_at=sort, **of_campaign, more="x"))
    for kind, key in (("product", "apples"), ("campaign", "autumn")):
        yield cursor(text(id="", kind=kind, sort="x"))
        yield cursor(text(id=key, sort="x"))
        yield cursor(text(id=key, kind=kind, sort="x", more="x"))
        yield cursor({**text(id=key, kind=kind), "sort": {"N": "1"}})
        yield cursor({**text(id=key, kind=kind), "sort": {"S": "x", "N": "1"}})
        yield cursor({"id": key, "kind": kind, "sort": "x"})
    yield cursor(text(order_id="", member_id=lin_id, placed_at="x"))
    yield cursor(text(order_id="ord_x", placed_at="x"))


def test_cursors_that_no_list_gave_are_refused(scene: Scene) -> None:
    wrong = {}
    with scene.stays():
        for path in LISTS:
            for bad in forged(scene.lin.member_id):
                reply = scene.send(route("GET", path), query=f"?cursor={bad}")
                found = wrong_in(reply, 422, "invalid_request")
                if found or fields_of(reply) != ["cursor"]:
                    wrong[f"{path} {bad[:60]}"] = found or fields_of(reply)
    assert wrong == {}


@pytest.mark.parametrize("of", LISTS)
def test_a_cursor_is_good_for_its_own_list_and_member_only(scene: Scene, of: str) -> None:
    given = {
        "/v1/products": text(id="apples", kind="product", sort="2026-11-22T12:00:00.000Z#apples"),
        "/v1/campaigns": text(id="autumn", kind="campaign", sort="2026-11-23T12:00:00.000Z"),
        "/v1/orders": text(
            order_id=scene.unpaid.order_id,
            member_id=scene.lin.member_id,
            placed_at="2026-11-22T12:00:02.000Z",
        ),
        "/v1/commissions": text(
            commission_id="com_x",
            beneficiary_id=scene.lin.member_id,
            accrued_at="2026-11-22T12:00:02.000Z",
        ),
        "/v1/vouchers": text(member_id=scene.lin.member_id, kind="voucher#v1"),
        "/v1/me/stations": text(leader_id=scene.lin.member_id, station_id="gate", kind="station"),
        "/v1/stations/{station_id}/pickups": text(station_id="gate", kind="waits#ord_x"),
        "/v1/me/invitees": text(bound_at="2026-11-22T12:00:02.000Z", passed="0"),
        "/v1/withdrawals": text(
            withdrawal_id=scene.ids["withdrawal_id"],
            kind="withdrawal",
            member_id=scene.lin.member_id,
            requested_at="2026-11-22T12:00:02.000Z",
        ),
        "/v1/wallet/transfers": text(
            account_id=f"member:{scene.lin.member_id}",
            entry="transfer#2026-11-22T12:00:02.000Z#trf_x",
        ),
        "/v1/campaigns/{campaign_id}/draws": text(
            draw_id="drw_x",
            entry="draw",
            drawn_campaign_id="autumn",
            drawn_at="2026-11-22T12:00:02.000Z",
        ),
        "/v1/draws/{draw_id}/entries": text(
            draw_id=scene.ids["draw_id"], group_id="grp_x", order_id="ord_x"
        ),
    }
    query = f"?cursor={cursor(given[of])}"

    statuses = {path: scene.send(route("GET", path), query=query).status for path in LISTS}
    assert statuses == {path: 200 if path == of else 422 for path in LISTS}
    for path in ("/v1/orders", "/v1/vouchers"):
        hers = scene.send(route("GET", path), query=query, token=scene.eve.token)
        assert wrong_in(hers, 422, "invalid_request") == []


def test_a_key_is_needed_to_make_something(scene: Scene) -> None:
    keys = ["", "1234567", "a" * 65, "a" * 5_000, "seven c", "a-tab\there", "key-line\n"]
    keys += ["naïve-key-1", "键键键键键键键键", "😀😀😀😀😀😀😀😀", "a\u00a0no-break"]
    keys += ["nought\x00key", "delete\x7fkey"]
    headers = [{"Idempotency-Key": key} for key in keys]
    wrong = {}
    with scene.stays():
        for each in KEYED:
            path = scene.path(each, {"order_id": scene.paid_order_id})
            for given in ({}, *headers):
                reply = scene.shop.send(
                    each.method, path, each.body, token=scene.lin.token, headers=given
                )
                if found := wrong_in(reply, 400, "idempotency_key_required"):
                    wrong[f"{each} {given!s:.60}"] = found
    assert wrong == {}


def test_a_key_serves_one_content_on_one_route(scene: Scene) -> None:
    group_id = scene.ids["group_id"]
    used = f"{scene.lin.name}-000001"
    same = {**PURCHASE, "campaign_id": "autumn"}
    changes: list[dict[str, Any]] = [
        {"quantity": 2},
        {"sku_id": "apples-9"},
        {"campaign_id": "winter"},
        {"remark": "放门口"},
        {"remark": ""},
        {"share_code": "abc"},
        {"address": {**ADDRESS, "detail": "文三路 2 号"}},
        {"address": {**ADDRESS, "street": ""}},
        {"address": {**ADDRESS, "postal_code": "310012"}},
    ]
    send, opening = scene.lin.send, "/v1/groups"
    with scene.stays():
        replies = [send("POST", opening, {**same, **change}, key=used) for change in changes]
        replies.append(send("POST", f"{opening}/{group_id}/members", PURCHASE, key=used))
        replies.append(send("POST", "/v1/orders", PURCHASE, key=used))
        assert [wrong_in(reply, 409, "idempotency_conflict") for reply in replies] == [[]] * 11
        again = send("POST", opening, same, key=used)
    assert (again.status, again["group"]["group_id"]) == (201, group_id)
    assert again.headers["Idempotency-Replayed"] == "true"


def test_a_refund_s_key_serves_one_content(scene: Scene) -> None:
    path = f"/v1/orders/{scene.paid_order_id}/refunds"
    used = f"{scene.lin.name}-000003"
    same = {"type": "refund_only", "reason": "不想要了", "amount_fen": 500}
    changes: list[dict[str, Any]] = [
        {"amount_fen": 501},
        {"amount_fen": None},
        {"reason": "坏了"},
        {"type": "return_goods"},
        {"evidence_urls": ["https://img.test/a.png"]},
    ]
    with scene.stays():
        replies = [scene.lin.send("POST", path, {**same, **change}, key=used) for change in changes]
        assert [wrong_in(reply, 409, "idempotency_conflict") for reply in replies] == [[]] * 5
        again = scene.lin.send("POST", path, same, key=used)
    assert (again.status, again["refund_id"]) == (201, scene.refund_id)
    assert again.headers["Idempotency-Replayed"] == "true"


def test_a_body_in_another_type_than_json_is_not_read(scene: Scene) -> None:
    types = (
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/octet-stream",
        "application/jsonp",
        "application/problem+json",
        "text/json",
        "image/png",
        "",
        "x",
    )
    wrong = {}
    with scene.stays():
        for each in OF_OUR_TYPE:
            for given in types:
                reply = scene.send(each, headers={"Content-Type": given})
                if found := wrong_in(reply, 415, "unsupported_type"):
                    wrong[f"{each} {given}"] = found
    assert wrong == {}


def test_json_may_be_spelt_in_any_case_and_with_a_charset(scene: Scene) -> None:
    quotes = route("POST", "/v1/quotes")
    for good in ("application/json; charset=utf-8", "APPLICATION/JSON", "application/json;x=y"):
        assert scene.send(quotes, headers={"Content-Type": good}).status == 200


def test_another_method_on_a_known_path_is_refused_and_says_which_are_taken(scene: Scene) -> None:
    methods: dict[str, set[str]] = {}
    for each in ROUTES:
        methods.setdefault(each.path, set()).add(each.method)
    wrong = {}
    with scene.stays():
        for path, taken in methods.items():
            for method in {"GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "TRACE"} - taken:
                reply = scene.send(Route(method, path), body=b"{}")
                found = wrong_in(reply, 405, "method_not_allowed")
                if found or set(reply.headers["Allow"].split(", ")) != taken | {"OPTIONS"}:
                    wrong[f"{method} {path}"] = found or [reply.headers["Allow"]]
    assert wrong == {}


def one_of_each_refusal(scene: Scene, language: str) -> dict[str, Reply]:
    """A request of each kind that is refused, by the code it gets."""
    headers = {"Accept-Language": language}
    orders, quotes = route("POST", "/v1/orders"), route("POST", "/v1/quotes")
    return {
        "not_signed_in": scene.send(quotes, token=None, headers=headers),
        "malformed_json": scene.send(quotes, body=b"x", headers=headers),
        "too_large": scene.send(quotes, body=b"x" * 40_000, headers=headers),
        "invalid_request": scene.send(quotes, body=b"{}", headers=headers),
        "unsupported_type": scene.send(quotes, headers={**headers, "Content-Type": "x"}),
        "method_not_allowed": scene.send(Route("GET", "/v1/quotes"), headers=headers),
        "idempotency_key_required": scene.send(orders, headers={**headers, "Idempotency-Key": ""}),
        "not_found": scene.send(orders, body={**PURCHASE, "sku_id": "no"}, headers=headers),
        "out_of_stock": scene.send(orders, body={**PURCHASE, "quantity": 999}, headers=headers),
        "not_authentic": scene.send(route("POST", "/v1/wechat/payments"), headers=headers),
    }


@pytest.mark.parametrize("language", ["en", "en-GB,zh;q=0.5", "EN", "en;q=0.9"])
def test_refusals_speak_english_when_asked_to(scene: Scene, language: str) -> None:
    for code, reply in one_of_each_refusal(scene, language).items():
        assert wrong_in(reply, reply.status, code, english=True) == [], code


@pytest.mark.parametrize("language", ["", "zh-CN", "zh,en", "fr", "*", "\x00", "x" * 5_000, "😀"])
def test_refusals_speak_chinese_otherwise(scene: Scene, language: str) -> None:
    for code, reply in one_of_each_refusal(scene, language).items():
        assert wrong_in(reply, reply.status, code) == [], code


def test_every_way_of_buying_refuses_a_quantity_that_is_not_there(scene: Scene) -> None:
    body = {"quantity": 999}
    with scene.stays():
        for each in SELLING:
            given = {**(each.body or {}), **body}
            reply = scene.send(each, token=scene.eve.token, body=given)
            assert wrong_in(reply, 409, "out_of_stock") == []
            assert reply["context"] == {"sku_id": "apples-5", "available": 96}


def test_the_table_of_routes_is_complete() -> None:
    app_routes = {
        (method, path)
        for path, methods in app.routes.items()
        for method in methods
        if method != "OPTIONS"
    }

    assert {(each.method, each.path) for each in ROUTES} == app_routes
