"""Bodies that are no JSON, no object, too large, or hold something else than the route takes."""

import json
from typing import Any

from tests.http.problems import fields_of, wrong_in
from tests.http.routes import CALLBACKS, PURCHASE, ROUTES, SELLING, Route, route
from tests.http.scene import Scene
from tests.shop import ADDRESS

LIST: list[Any] = []
OBJECT: dict[str, Any] = {}

TAKING_JSON = [each for each in ROUTES if not each.callback and not each.pushed]

UNREADABLE: dict[str, bytes] = {
    "a letter": b"x",
    "broken off": b'{"sku_id": "apples-5", "quantity": 1',
    "a comma too many": b'{"sku_id": "apples-5", "quantity": 1,}',
    "single quotes": b"{'sku_id': 'apples-5'}",
    "two values": b"{} {}",
    "a comment": b"{} // nothing",
    "a nought byte": b"\x00",
    "a raw line break in text": b'{"sku_id": "apples\n5"}',
    "invalid UTF-8": b'{"sku_id": "\xff\xfe"}',
    "an overlong slash": b'{"sku_id": "\xc0\xaf"}',
    "a surrogate in UTF-8": b'{"sku_id": "\xed\xa0\x80"}',
    "a lone surrogate": b'{"sku_id": "\\ud800"}',
    "a lone surrogate for a name": b'{"\\udfff": 1}',
    "a byte order mark": b"\xef\xbb\xbf{}",
    "UTF-16": '{"sku_id": "apples-5"}'.encode("utf-16"),
    "lists in lists": b"[" * 10_000,
    "objects in objects": b'{"a":' * 5_000 + b"1" + b"}" * 5_000,
    "a number without end": b'{"quantity": ' + b"9" * 5_000 + b"}",
}
NO_OBJECT: dict[str, bytes] = {
    "null": b"null",
    "a list": b"[]",
    "a list of objects": b"[{}]",
    "a number": b"1",
    "a text": b'"{}"',
    "true": b"true",
    "NaN": b"NaN",
    "minus infinity": b"-Infinity",
}
NO_QUANTITIES: dict[str, bytes] = {
    "negative": b"-1",
    "nought": b"0",
    "negative nought": b"-0",
    "over the most": b"1000",
    "over 32 bits": b"4294967297",
    "over 64 bits": b"18446744073709551617",
    "astronomical": b"1" + b"0" * 400,
    "a float": b"1.0",
    "a fraction": b"1.5",
    "an exponent": b"1e0",
    "beyond floats": b"1e400",
    "NaN": b"NaN",
    "Infinity": b"Infinity",
    "minus Infinity": b"-Infinity",
    "a boolean": b"true",
    "a text": b'"1"',
    "an empty text": b'""',
    "null": b"null",
    "a list": b"[1]",
    "an object": b'{"value": 1}',
}
NO_IDS: tuple[Any, ...] = (
    None,
    "",
    1,
    True,
    [],
    {},
    " apples-5",
    "apples-5 ",
    "apples-5\n",
    "apples\u00005",
    "apples/5",
    "apples%2D5",
    "苹果",
    "🍎",
    "a" * 65,
    "a" * 20_000,
    "' OR 1=1 --",
    "../settings",
)


def test_a_body_that_is_no_json_is_malformed_everywhere(scene: Scene) -> None:
    with scene.stays():
        wrong = {
            f"{each}, {what}": found
            for each in TAKING_JSON
            for what, raw in UNREADABLE.items()
            if (found := wrong_in(scene.send(each, body=raw), 400, "malformed_json"))
        }
    assert wrong == {}


def test_json_that_is_no_object_is_not_valid_anywhere(scene: Scene) -> None:
    with scene.stays():
        wrong = {
            f"{each}, {what}": found
            for each in TAKING_JSON
            for what, raw in NO_OBJECT.items()
            if (found := wrong_in(scene.send(each, body=raw), 422, "invalid_request"))
        }
    assert wrong == {}


def test_an_absent_body_is_malformed_where_one_is_needed(scene: Scene) -> None:
    needing = [each for each in TAKING_JSON if each.body is not None]
    with scene.stays():
        wrong = {
            f"{each} {raw!r}": found
            for each in needing
            for raw in (b"", b" \r\n")
            if (found := wrong_in(scene.send(each, body=raw), 400, "malformed_json"))
        }
    assert wrong == {}


def test_unknown_fields_are_refused_everywhere(scene: Scene) -> None:
    wrong = {}
    names = ("unit_price_fen", "Quantity", "member_id", "__proto__", "😀", "a" * 20_000)
    with scene.stays():
        for each in TAKING_JSON:
            for name in names:
                reply = scene.send(each, body={**(each.body or {}), name: 1})
                found = wrong_in(reply, 422, "invalid_request")
                if found or fields_of(reply) != [name]:
                    wrong[f"{each} {name[:20]}"] = found or fields_of(reply)
    assert wrong == {}


def test_missing_fields_are_named(scene: Scene) -> None:
    needed = {
        "/v1/sessions": ["code"],
        "/v1/quotes": ["sku_id", "quantity"],
        "/v1/orders": ["sku_id", "quantity", "address"],
        "/v1/groups": ["sku_id", "quantity", "campaign_id"],
        "/v1/groups/{group_id}/members": ["sku_id", "quantity"],
        "/v1/orders/{order_id}/refunds": ["type", "reason"],
        "/v1/stations/{station_id}/redemptions": ["pickup_code"],
    }
    with scene.stays():
        replies = {path: scene.send(route("POST", path), body=b"{}") for path in needed}
    for path, reply in replies.items():
        assert wrong_in(reply, 422, "invalid_request") == [], path
        assert fields_of(reply) == needed[path]


def test_what_is_sent_needs_an_address_and_goes_to_no_station(scene: Scene) -> None:
    with scene.stays():
        for path in ("/v1/groups", "/v1/groups/{group_id}/members"):
            each = route("POST", path)
            for change, field in (
                ({"address": None}, "address"),
                ({"address": None, "station_id": "gate"}, "station_id"),
                ({"station_id": "gate"}, "station_id"),
            ):
                body = {**(each.body or {}), **change}
                reply = scene.send(each, body=body, token=scene.eve.token)
                assert wrong_in(reply, 422, "invalid_request") == [], each
                assert fields_of(reply) == [field]


NO_CODES = ("", "1234567", "123456789", "1234567a", " 12345678", "１２３４５６７８", 12345678, None)


def test_a_pickup_code_is_eight_digits(scene: Scene) -> None:
    redeem = route("POST", "/v1/stations/{station_id}/redemptions")
    with scene.stays():
        for bad in NO_CODES:
            reply = scene.send(redeem, body={"pickup_code": bad})
            assert wrong_in(reply, 422, "invalid_request") == [], bad
            assert fields_of(reply) == ["pickup_code"]


def test_a_body_over_32_kib_is_too_large_everywhere(scene: Scene) -> None:
    large = b'{"sku_id": "' + b"a" * (32 * 1024) + b'"}'
    with scene.stays():
        wrong = {
            str(each): found
            for each in ROUTES
            if (found := wrong_in(scene.send(each, body=large), 413, "too_large"))
        }
    assert wrong == {}


def test_a_body_of_exactly_32_kib_is_read(scene: Scene) -> None:
    good = json.dumps({"sku_id": "apples-5", "quantity": 1}).encode()
    full = good + b" " * (32 * 1024 - len(good))
    quotes = route("POST", "/v1/quotes")

    assert scene.send(quotes, body=full).status == 200
    assert scene.send(quotes, body=full + b" ").status == 413


def test_a_quantity_is_a_whole_number_from_1_to_999(scene: Scene) -> None:
    wrong = {}
    with scene.stays():
        for each in (*SELLING, route("POST", "/v1/quotes")):
            for what, raw in NO_QUANTITIES.items():
                reply = scene.send(each, body=_with(each, "quantity", raw))
                found = wrong_in(reply, 422, "invalid_request")
                if found or fields_of(reply) != ["quantity"]:
                    wrong[f"{each}, {what}"] = found or fields_of(reply)
    assert wrong == {}


MAY_DO_WITHOUT = {
    ("/v1/quotes", "campaign_id"),
    ("/v1/quotes", "voucher_id"),
    ("/v1/groups", "voucher_id"),
}


def test_ids_in_a_body_are_64_plain_characters_at_most(scene: Scene) -> None:
    places = [(each, "sku_id") for each in SELLING]
    places += [(route("POST", "/v1/groups"), "campaign_id")]
    places += [(route("POST", "/v1/quotes"), name) for name in ("sku_id", "campaign_id")]
    places += [(route("POST", path), "voucher_id") for path in ("/v1/groups", "/v1/quotes")]
    wrong = {}
    with scene.stays():
        for each, name in places:
            for bad in NO_IDS:
                if bad is None and (each.path, name) in MAY_DO_WITHOUT:
                    continue
                reply = scene.send(each, body={**(each.body or {}), name: bad})
                found = wrong_in(reply, 422, "invalid_request")
                if found or fields_of(reply) != [name]:
                    wrong[f"{each} {name} {bad!r:.30}"] = found or fields_of(reply)
    assert wrong == {}


def test_ids_in_a_body_that_lead_nowhere_are_not_found(scene: Scene) -> None:
    quotes, opening = route("POST", "/v1/quotes"), route("POST", "/v1/groups")
    cases: list[tuple[Route, dict[str, Any]]] = [
        *((each, {"sku_id": "pears-5"}) for each in SELLING),
        (opening, {"campaign_id": "spring"}),
        (quotes, {"sku_id": "pears-5"}),
        (quotes, {"campaign_id": "spring"}),
        (quotes, {"group_id": "grp_nowhere"}),
        (quotes, {"group_id": scene.unpaid.order_id}),
    ]
    wrong = {}
    with scene.stays():
        for each, change in cases:
            reply = scene.send(each, token=scene.eve.token, body={**(each.body or {}), **change})
            if found := wrong_in(reply, 404, "not_found"):
                wrong[f"{each} {change}"] = found
    assert wrong == {}


def test_of_two_fields_with_one_name_the_last_counts(scene: Scene) -> None:
    quotes = route("POST", "/v1/quotes")
    last_good = scene.send(quotes, body=b'{"sku_id":"apples-5","quantity":0,"quantity":2}')
    last_bad = scene.send(quotes, body=b'{"sku_id":"apples-5","quantity":2,"quantity":0}')

    assert (last_good.status, last_good["goods_fen"]) == (200, 4000)
    assert wrong_in(last_bad, 422, "invalid_request") == []


def test_a_refund_asks_for_a_positive_whole_amount_a_known_type_and_a_reason(scene: Scene) -> None:
    long_url = "https://img.test/" + "a" * 500
    cases: list[tuple[str, Any]] = [
        *(("amount_fen", bad) for bad in (0, -1, 1.0, "1", True, 100_000_001, 10**30, LIST)),
        *(("type", bad) for bad in (None, "", "REFUND_ONLY", "refund", 1, LIST)),
        *(("reason", bad) for bad in (None, "", "   ", "长" * 81, "a\nb", "a\u0000b", "a\x7f", 7)),
        *(("evidence_urls", bad) for bad in (None, "https://img.test/a.png", OBJECT)),
        *(("evidence_urls.0", [bad]) for bad in ("http://img.test/a", "x", "", 1, long_url)),
        ("evidence_urls.0", ["https://img.test/a b"]),
        ("evidence_urls", ["https://img.test/a.png"] * 10),
        ("refund_id", "rfd_mine"),
    ]
    asking = route("POST", "/v1/orders/{order_id}/refunds")
    wrong = {}
    with scene.stays():
        for field, bad in cases:
            body = {**(asking.body or {}), field.partition(".")[0]: bad}
            reply = scene.send(asking, ids={"order_id": scene.paid_order_id}, body=body)
            found = wrong_in(reply, 422, "invalid_request")
            if found or fields_of(reply) != [field]:
                wrong[f"{field} {bad!r:.40}"] = found or fields_of(reply)
    assert wrong == {}


def test_a_session_s_code_is_printable_and_short(scene: Scene) -> None:
    bad_codes: tuple[Any, ...] = (
        None,
        "",
        " ",
        "a b",
        "码",
        "😀",
        "a\n",
        "a" * 257,
        1,
        True,
        [],
        {},
    )
    wrong = {}
    with scene.stays():
        for bad in bad_codes:
            reply = scene.send(route("POST", "/v1/sessions"), token=None, body={"code": bad})
            found = wrong_in(reply, 422, "invalid_request")
            if found or fields_of(reply) != ["code"]:
                wrong[repr(bad)[:30]] = found or fields_of(reply)
    assert wrong == {}


def test_a_callback_believes_no_body_that_is_not_signed(scene: Scene) -> None:
    bodies = [*UNREADABLE.values(), *NO_OBJECT.values(), b"", b"{}", json.dumps(PURCHASE).encode()]
    names = ("Timestamp", "Nonce", "Serial", "Signature")
    now = str(int(scene.shop.clock.now().timestamp()))
    dressed = {f"Wechatpay-{name}": now for name in names}
    with scene.stays():
        wrong = {
            f"{each} {body[:20]!r} {sorted(headers)}": found
            for each in CALLBACKS
            for body in bodies
            for headers in ({}, dressed, {**dressed, "Wechatpay-Signature": "签名"})
            if len(body) <= 32 * 1024
            and (
                found := wrong_in(
                    scene.send(each, token=None, body=body, headers=headers), 401, "not_authentic"
                )
            )
        }
    assert wrong == {}


ADDRESS_LIMITS = {
    "recipient": 40,
    "province": 30,
    "city": 30,
    "county": 30,
    "street": 60,
    "detail": 120,
}
NOT_BLANK = ("recipient", "province", "city", "detail")


def test_an_address_has_limits_and_no_control_characters(scene: Scene) -> None:
    cases: list[tuple[str, Any]] = [
        *((name, "省" * (most + 1)) for name, most in ADDRESS_LIMITS.items()),
        *((name, "a" * 20_000) for name in ADDRESS_LIMITS),
        *((name, f"a{bad}b") for name in ADDRESS_LIMITS for bad in "\x00\x07\t\n\r\x1b\x7f"),
        *((name, blank) for name in NOT_BLANK for blank in ("", " ", "\u3000")),
        *((name, bad) for name in ADDRESS_LIMITS for bad in (1, True, LIST, OBJECT)),
        *((name, None) for name in (*NOT_BLANK, "county", "phone")),
        *(
            ("phone", bad)
            for bad in ("", "1234", "1" * 21, "电话 13800001234", "138x", "😀😀😀😀😀")
        ),
        *(("phone", bad) for bad in (13800001234, "13800001234\n", "１３８００００１２３４")),
        *(("postal_code", bad) for bad in ("1" * 11, "31000a", "310 000", 310000)),
        ("nationalCode", "330106"),
    ]
    quotes = route("POST", "/v1/quotes")
    wrong = {}
    with scene.stays():
        for name, bad in cases:
            body = {**(quotes.body or {}), "address": {**ADDRESS, name: bad}}
            reply = scene.send(quotes, body=body)
            found = wrong_in(reply, 422, "invalid_request")
            if found or fields_of(reply) != [f"address.{name}"]:
                wrong[f"{name} {bad!r:.30}"] = found or fields_of(reply)
    assert wrong == {}


def test_an_address_is_an_object_with_all_its_parts(scene: Scene) -> None:
    opening = route("POST", "/v1/groups")
    parts = ("recipient", "phone", "province", "city", "county", "detail")
    with scene.stays():
        for part in parts:
            less = {name: value for name, value in ADDRESS.items() if name != part}
            reply = scene.send(opening, body={**(opening.body or {}), "address": less})
            assert wrong_in(reply, 422, "invalid_request") == []
            assert fields_of(reply) == [f"address.{part}"]
        for bad in (None, "文三路 1 号", [ADDRESS], 1):
            reply = scene.send(opening, body={**(opening.body or {}), "address": bad})
            assert wrong_in(reply, 422, "invalid_request") == []
            assert fields_of(reply) == ["address"]


def test_a_remark_and_a_share_code_have_limits(scene: Scene) -> None:
    cases: list[tuple[str, Any]] = [
        *(("remark", bad) for bad in ("长" * 201, "a\nb", "a\x00b", "a\x7fb", 1, LIST, OBJECT)),
        *(("share_code", bad) for bad in ("", "a" * 33, "a b", "码", "a/b", 1, LIST)),
    ]
    wrong = {}
    with scene.stays():
        for each in SELLING:
            for name, bad in cases:
                reply = scene.send(each, body={**(each.body or {}), name: bad})
                found = wrong_in(reply, 422, "invalid_request")
                if found or fields_of(reply) != [name]:
                    wrong[f"{each} {name} {bad!r:.30}"] = found or fields_of(reply)
    assert wrong == {}


def _with(each: Route, name: str, raw: bytes) -> bytes:
    """The route's good body with these very bytes for one field."""
    marked = json.dumps({**(each.body or {}), name: "@"}).encode()
    return marked.replace(b'"@"', raw)
