"""What answers hold: every promised field, with exact values where the clock stands still."""

import re
from collections.abc import Iterator
from typing import Any

from tests.goods import RULES_LEFT_OUT
from tests.http.routes import READING, route
from tests.http.scene import Scene
from tests.shop import ADDRESS, Reply

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
NAMES_OF_TIMES = re.compile(r".*_at|.*_time|.*_deadline")

MERCHANT = {"merchant_id": "orchard", "name": "果园直供"}
OFFERED_SKU: dict[str, Any] = {
    "sku_id": "apples-5",
    "product_id": "apples",
    "title": "5斤装",
    "image_url": None,
    "solo_price_fen": 2000,
    "group_price_fen": 1500,
    "tier_prices_fen": [],
    "available": 96,
}
RULES = {**RULES_LEFT_OUT, "draw": {"winners": 1, "scope": "group"}}
NOW = "2026-11-22T12:00:02Z"


def test_a_product_holds_what_is_promised(scene: Scene) -> None:
    product = {
        "product_id": "apples",
        "merchant": MERCHANT,
        "title": "红富士苹果",
        "description": "",
        "images": [],
        "detail_images": [],
        "category": "",
        "specs": {},
        "sold_count": 4,
        "skus": [
            {
                "sku_id": "apples-5",
                "title": "5斤装",
                "image_url": None,
                "solo_price_fen": 2000,
                "available": 96,
            }
        ],
        "campaigns": [
            {"campaign_id": "autumn", "play": "team", "size": 2, "group_price_fen": 1500}
        ],
    }
    assert scene.send(route("GET", "/v1/products/{product_id}")).content == product
    page = scene.send(route("GET", "/v1/products")).content
    assert page == {"items": [product], "next_cursor": None}


def test_a_campaign_holds_what_is_promised(scene: Scene) -> None:
    campaign = {
        "campaign_id": "autumn",
        "title": "秋季拼团",
        "cover_url": None,
        "play": "team",
        "size": 2,
        "duration_seconds": 3600,
        "starts_at": "2026-11-22T11:59:00Z",
        "ends_at": "2026-11-23T12:00:00Z",
        "state": "live",
        "per_member_limit": None,
        "rules": RULES,
        "draw": None,
        "sold_count": 0,
        "server_time": NOW,
        "skus": [OFFERED_SKU],
    }
    in_detail = scene.send(route("GET", "/v1/campaigns/{campaign_id}")).content
    assert in_detail == {**campaign, "stations": []}
    page = scene.send(route("GET", "/v1/campaigns")).content
    assert page == {"items": [campaign], "next_cursor": None}


def test_a_quote_holds_what_is_promised(scene: Scene) -> None:
    quotes = route("POST", "/v1/quotes")
    alone = scene.send(quotes, body={"sku_id": "apples-5", "quantity": 3, "address": ADDRESS})
    together = scene.send(
        quotes, body={"sku_id": "apples-5", "quantity": 999, "campaign_id": "autumn"}
    )

    assert alone.content == {
        "goods_fen": 6000,
        "freight_fen": 0,
        "discount_fen": 0,
        "amount_fen": 6000,
        "refusal_code": None,
    }
    assert together.content == {
        "goods_fen": 999 * 1500,
        "freight_fen": 0,
        "discount_fen": 0,
        "amount_fen": 999 * 1500,
        "refusal_code": "out_of_stock",
    }


def seed_hash(scene: Scene) -> str:
    (draw,) = scene.shop.rows("draws", entry="draw")
    return str(draw["seed_hash"])


def summary_of(scene: Scene) -> dict[str, Any]:
    return {
        "group_id": scene.ids["group_id"],
        "campaign_id": "autumn",
        "status": "forming",
        "size": 2,
        "paid_count": 1,
        "held_count": 0,
        "seats_left": 1,
        "opened_at": "2026-11-22T12:00:00Z",
        "expires_at": "2026-11-22T13:00:00Z",
        "station_id": None,
        "production": None,
        "server_time": NOW,
        "play": "team",
        "rules": RULES,
        "enough_count": 2,
        "tier": None,
        "next_tier": None,
        "draw": {
            "draw_id": scene.ids["draw_id"],
            "scope": "group",
            "status": "announced",
            "winners_wanted": 1,
            "seed_hash": seed_hash(scene),
        },
    }


def group_of(scene: Scene) -> dict[str, Any]:
    """The group as its leader sees it."""
    sku = {name: value for name, value in OFFERED_SKU.items() if name != "available"}
    return {
        **summary_of(scene),
        "title": "秋季拼团",
        "joinable": False,
        "refusal_code": "already_joined",
        "leader": {"nickname": None, "avatar_url": None},
        "members": [
            {
                "nickname": None,
                "avatar_url": None,
                "joined_at": "2026-11-22T12:00:00Z",
                "is_leader": True,
            }
        ],
        "skus": [{**sku, "title": "红富士苹果 5斤装", "price_now_fen": 1500}],
        "share": {
            "title": "秋季拼团",
            "image_url": None,
            "path": f"pages/group/index?group_id={scene.ids['group_id']}",
        },
        "my_order_id": scene.group_order_id,
        "poll_after_seconds": 3,
    }


def test_a_group_holds_what_is_promised(scene: Scene) -> None:
    groups = route("GET", "/v1/groups/{group_id}")
    for_others = {"joinable": True, "refusal_code": None, "my_order_id": None}

    assert scene.send(groups).content == group_of(scene)
    assert scene.send(groups, token=None).content == {**group_of(scene), **for_others}
    assert scene.send(groups, token=scene.eve.token).content == {**group_of(scene), **for_others}
    of_campaign = scene.send(route("GET", "/v1/campaigns/{campaign_id}/groups"), token=None)
    assert of_campaign.content == {"items": [summary_of(scene)], "next_cursor": None}


def test_a_draw_holds_what_is_promised(scene: Scene) -> None:
    draw = {
        "draw_id": scene.ids["draw_id"],
        "scope": "group",
        "campaign_id": "autumn",
        "group_id": scene.ids["group_id"],
        "status": "announced",
        "winners_wanted": 1,
        "algorithm": "sha256-rank-1",
        "seed_hash": seed_hash(scene),
        "announced_at": "2026-11-22T12:00:00Z",
        "draws_at": None,
        "drawn_at": None,
        "seed": None,
        "winners": [],
        "passed_over_count": 0,
        "entries_count": 0,
        "entries": [],
        "entries_path": f"/v1/draws/{scene.ids['draw_id']}/entries",
        "server_time": NOW,
        "my_order_id": scene.group_order_id,
        "won": None,
    }
    of_a_group = route("GET", "/v1/groups/{group_id}/draw")
    none: dict[str, Any] = {"items": [], "next_cursor": None}

    assert scene.send(of_a_group).content == draw
    assert scene.send(of_a_group, token=None).content == {**draw, "my_order_id": None}
    assert scene.send(route("GET", "/v1/draws/{draw_id}/entries"), token=None).content == none
    assert scene.send(route("GET", "/v1/campaigns/{campaign_id}/draws")).content == none


def refund_of(scene: Scene) -> dict[str, Any]:
    return {
        "refund_id": scene.refund_id,
        "order_id": scene.paid_order_id,
        "amount_fen": 500,
        "reason": "不想要了",
        "type": "refund_only",
        "ends_order": False,
        "status": "awaiting_operator",
        "requested_at": NOW,
        "settled_at": None,
        "return_shipment": None,
    }


def order_of(scene: Scene, order_id: str, **changes: Any) -> dict[str, Any]:
    """The unpaid order of one unit alone, but for the changes."""
    return {
        "order_id": order_id,
        "status": "awaiting_payment",
        "group_id": None,
        "campaign_id": None,
        "sku_id": "apples-5",
        "title": "红富士苹果 5斤装",
        "image_url": None,
        "quantity": 1,
        "unit_price_fen": 2000,
        "goods_fen": 2000,
        "freight_fen": 0,
        "discount_fen": 0,
        "amount_fen": 2000,
        "refunded_fen": 0,
        "price_cut_fen": 0,
        "voucher_id": None,
        "address": ADDRESS,
        "pickup": None,
        "collects_until": None,
        "custom_fields": {},
        "ships_by": None,
        "remark": None,
        "placed_at": NOW,
        "pay_deadline": "2026-11-22T12:15:02Z",
        "paid_at": None,
        "cancel_reason": None,
        "server_time": NOW,
        "shipment": None,
        "received_at": None,
        "settled_at": None,
        "refunds": [],
        "wechat": {
            "mch_id": scene.shop.wiring.environment.wechat_merchant_id,
            "out_trade_no": order_id,
            "transaction_id": None,
        },
        **changes,
    }


def orders_of(scene: Scene) -> list[dict[str, Any]]:
    """Lin's orders, newest first."""
    trades = [
        scene.shop.sandbox.trade(order_id)
        for order_id in (scene.paid_order_id, scene.group_order_id)
    ]
    paid, leading = (
        {
            "mch_id": trade["mchid"],
            "out_trade_no": trade["out_trade_no"],
            "transaction_id": trade["transaction_id"],
        }
        for trade in trades
    )
    return [
        order_of(scene, scene.unpaid.order_id),
        order_of(
            scene,
            scene.paid_order_id,
            status="to_ship",
            quantity=2,
            goods_fen=4000,
            amount_fen=4000,
            placed_at="2026-11-22T12:00:01Z",
            pay_deadline="2026-11-22T12:15:01Z",
            paid_at="2026-11-22T12:00:01Z",
            refunds=[refund_of(scene)],
            wechat=paid,
        ),
        order_of(
            scene,
            scene.group_order_id,
            status="paid",
            group_id=scene.ids["group_id"],
            campaign_id="autumn",
            unit_price_fen=1500,
            goods_fen=1500,
            amount_fen=1500,
            placed_at="2026-11-22T12:00:00Z",
            pay_deadline="2026-11-22T12:15:00Z",
            paid_at="2026-11-22T12:00:00Z",
            wechat=leading,
        ),
    ]


def test_an_order_holds_what_is_promised(scene: Scene) -> None:
    expected = orders_of(scene)
    one = route("GET", "/v1/orders/{order_id}")

    assert scene.send(route("GET", "/v1/orders")).content == {
        "items": expected,
        "next_cursor": None,
    }
    for order in expected:
        assert scene.send(one, ids={"order_id": order["order_id"]}).content == order


def test_a_refund_holds_what_is_promised(scene: Scene) -> None:
    again = scene.lin.send(
        "POST",
        f"/v1/orders/{scene.paid_order_id}/refunds",
        {"type": "refund_only", "reason": "不想要了", "amount_fen": 500},
        key="Lin-000003",
    )
    assert (again.status, again.content) == (201, refund_of(scene))


def test_a_voucher_holds_what_is_promised(scene: Scene) -> None:
    voucher = {
        "voucher_id": "v1",
        "campaign_id": "autumn",
        "granted_at": "2026-11-22T12:00:00Z",
        "expires_at": "2026-11-29T12:00:00Z",
        "status": "usable",
        "order_id": None,
    }
    page = scene.send(route("GET", "/v1/vouchers")).content
    assert page == {"items": [voucher], "next_cursor": None}


PAYMENT = {
    "timeStamp": re.compile(r"\d{10}"),
    "nonceStr": re.compile(r"\w{32}"),
    "package": re.compile(r"prepay_id=\w+"),
    "signType": re.compile(r"RSA"),
    "paySign": re.compile(r"[A-Za-z0-9+/]{342}=="),
}


def is_payment(payment: dict[str, str]) -> bool:
    return set(payment) == set(PAYMENT) and all(
        PAYMENT[name].fullmatch(value) for name, value in payment.items()
    )


def test_paying_is_answered_with_what_the_mini_program_takes(scene: Scene) -> None:
    reply = scene.send(route("POST", "/v1/orders/{order_id}/payment"))

    assert (reply.status, set(reply.content)) == (200, {"payment", "payment_state"})
    assert reply["payment_state"] == "ready"
    assert is_payment(reply["payment"])


def test_opening_joining_and_buying_answer_with_the_order_and_how_to_pay(scene: Scene) -> None:
    lin, body = scene.lin, scene.shop.purchase()
    opened = lin.send("POST", "/v1/groups", {**body, "campaign_id": "autumn"}, key="Lin-000001")
    bought = lin.send("POST", "/v1/orders", body, key="Lin-000004")

    unpaid, _, leading = orders_of(scene)
    assert opened.content == {
        "group": group_of(scene),
        "order": leading,
        "payment": None,
        "payment_state": "not_due",
    }
    assert bought["order"] == unpaid
    assert bought["payment_state"] == "ready"
    assert is_payment(bought["payment"])
    assert set(bought.content) == {"order", "payment", "payment_state"}


def test_me_config_and_health_hold_what_is_promised(scene: Scene) -> None:
    assert scene.send(route("GET", "/v1/me")).content == {
        "member_id": scene.lin.member_id,
        "nickname": None,
        "avatar_url": None,
        "created_at": "2026-11-22T12:00:00Z",
    }
    assert scene.send(route("GET", "/v1/config"), token=None).content == {
        "mch_id": scene.shop.wiring.environment.wechat_merchant_id,
        "subscribe_template_ids": ["template-1"],
        "referral_levels": 1,
        "service_contact": None,
    }
    health = scene.send(route("GET", "/v1/health"), token=None).content
    assert health == {"status": "ok", "server_time": NOW}


def test_a_session_holds_what_is_promised(scene: Scene) -> None:
    body = {"code": scene.shop.sandbox.login_code("Lin").code}
    reply = scene.send(route("POST", "/v1/sessions"), token=None, body=body)

    assert (reply.status, set(reply.content)) == (201, {"token", "expires_at", "member"})
    assert reply["expires_at"] == "2026-11-29T12:00:02Z"
    assert reply["member"] == scene.send(route("GET", "/v1/me"), token=reply["token"]).content


def everything_in(content: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Every value with its name, however deep."""
    if isinstance(content, dict):
        for key, value in content.items():
            yield from everything_in(value, key)
    elif isinstance(content, list):
        for value in content:
            yield from everything_in(value, name)
    else:
        yield name, content


def all_answers(scene: Scene) -> list[Reply]:
    replies = [scene.send(each, ids={"order_id": scene.paid_order_id}) for each in READING]
    assert {reply.status for reply in replies} == {200}
    return replies


def test_amounts_are_whole_fen_and_times_whole_seconds_in_utc(scene: Scene) -> None:
    seen = [item for reply in all_answers(scene) for item in everything_in(reply.content)]

    of_a_rule_left_out = ("bonus_fen", None)
    amounts = {
        name: value
        for name, value in seen
        if name.endswith("_fen") and (name, value) != of_a_rule_left_out
    }
    assert {type(value) for value in amounts.values()} == {int}
    assert {type(value) for _, value in seen} == {str, int, bool, type(None)}
    times = [value for name, value in seen if NAMES_OF_TIMES.fullmatch(name)]
    assert len(times) > 20
    assert [value for value in times if value is not None and not TIME.fullmatch(value)] == []


def test_what_a_countdown_hangs_on_says_what_time_it_is(scene: Scene) -> None:
    counting = {
        "/v1/health",
        "/v1/campaigns",
        "/v1/campaigns/{campaign_id}",
        "/v1/campaigns/{campaign_id}/groups",
        "/v1/groups/{group_id}",
        "/v1/groups/{group_id}/draw",
        "/v1/orders",
        "/v1/orders/{order_id}",
    }
    told = {
        each.path
        for each, reply in zip(READING, all_answers(scene), strict=True)
        if ("server_time", NOW) in everything_in(reply.content)
    }
    assert told == counting


def test_milliseconds_are_cut_off_never_rounded_up(scene: Scene) -> None:
    scene.shop.advance(0.999)
    try:
        health = scene.send(route("GET", "/v1/health"))
        assert health["server_time"] == NOW
    finally:
        scene.shop.advance(-0.999)
