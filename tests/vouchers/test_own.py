"""A member's own vouchers: the list, and what a quote says of them."""

from typing import Any
from urllib.parse import quote

import pytest

from tests.shop import ADDRESS, Member, Shop
from tests.vouchers.words import granted, state, vouchers

ALL_OFF = {"goods_fen": 1500, "freight_fen": 300, "discount_fen": 1800, "amount_fen": 0}
NOTHING_OFF = {"goods_fen": 1500, "freight_fen": 300, "discount_fen": 0, "amount_fen": 1800}


def quoted(member: Member, **changes: Any) -> Any:
    body = {"sku_id": "apples-5", "quantity": 1, "campaign_id": "autumn", **changes}
    reply = member.send("POST", "/v1/quotes", body)
    assert reply.status == 200, reply
    return reply.content


def test_a_member_sees_what_they_can_use_have_used_and_have_let_go(shop: Shop) -> None:
    lin = granted(shop, "Lin", "a", expires_at=shop.at(60))
    granted(shop, "Lin", "b", campaign_id="autumn")
    granted(shop, "Lin", "c")
    granted(shop, "Ann", "d")
    order = lin.opens(voucher_id="b")
    shop.advance(60)

    seen = vouchers(lin)

    moments = {"granted_at": "2026-11-22T12:00:00Z", "expires_at": "2026-11-29T12:00:00Z"}
    assert seen["next_cursor"] is None
    assert seen["items"] == [
        {
            **moments,
            "voucher_id": "a",
            "campaign_id": None,
            "expires_at": "2026-11-22T12:01:00Z",
            "status": "expired",
            "order_id": None,
        },
        {
            **moments,
            "voucher_id": "b",
            "campaign_id": "autumn",
            "status": "used",
            "order_id": order.order_id,
        },
        {
            **moments,
            "voucher_id": "c",
            "campaign_id": None,
            "status": "usable",
            "order_id": None,
        },
    ]


def test_vouchers_come_in_pages_each_once(shop: Shop) -> None:
    lin = shop.member("Lin")
    lin.visits(shop.member("Ann").shares())  # other items of hers lie beside them
    for number in range(5):
        granted(shop, "Lin", f"v{number}")

    pages, cursor = [], ""
    for _ in range(3):
        page = vouchers(lin, f"?limit=2{cursor}")
        pages.append([each["voucher_id"] for each in page["items"]])
        cursor = f"&cursor={quote(page['next_cursor'] or '')}"

    assert pages == [["v0", "v1"], ["v2", "v3"], ["v4"]]
    assert vouchers(shop.member("Eve")) == {"items": [], "next_cursor": None}


def test_a_quote_with_a_voucher_is_for_nothing_and_uses_nothing(shop: Shop) -> None:
    shop.admin("put_freight", merchant_id="orchard", flat_fen=300)
    lin = granted(shop, "Lin")
    before = shop.everything()

    assert quoted(lin, voucher_id="v1") == {**ALL_OFF, "refusal_code": None}
    assert quoted(lin) == {**NOTHING_OFF, "refusal_code": None}

    assert shop.everything() == before
    assert state(lin) == ("usable", None)


def test_a_quote_says_that_a_voucher_is_not_valid(shop: Shop) -> None:
    shop.admin("put_freight", merchant_id="orchard", flat_fen=300)
    lin = granted(shop, "Lin", "winters", campaign_id=shop.campaign("winter"))
    granted(shop, "Lin", "old", expires_at=shop.at(60))
    granted(shop, "Lin", "used")
    granted(shop, "Ann", "anns")
    lin.opens("winter", voucher_id="used")
    shop.advance(60)

    for voucher_id in ("winters", "old", "used", "anns", "unknown"):
        answer = quoted(lin, voucher_id=voucher_id)
        assert answer == {**NOTHING_OFF, "refusal_code": "voucher_not_valid"}, voucher_id
    two = quoted(lin, voucher_id="winters", campaign_id="winter", quantity=2)
    assert (two["amount_fen"], two["refusal_code"]) == (3300, "voucher_not_valid")


def test_what_else_stands_in_the_way_is_said_of_a_free_order_too(shop: Shop) -> None:
    shop.admin("put_freight", merchant_id="orchard", flat_fen=300, provinces_not_served=["浙江"])
    lin = granted(shop, "Lin")

    refused = quoted(lin, voucher_id="v1", address=ADDRESS)
    assert refused == {**ALL_OFF, "refusal_code": "address_not_served"}
    shop.admin("pause_campaign", campaign_id="autumn")
    assert quoted(lin, voucher_id="v1") == {**ALL_OFF, "refusal_code": "campaign_not_live"}


@pytest.mark.parametrize("changes", [{"campaign_id": None}, {"group_id": "grp_1"}])
def test_a_quote_takes_a_voucher_only_to_open_a_group(shop: Shop, changes: dict[str, Any]) -> None:
    lin = granted(shop, "Lin")
    body = {"sku_id": "apples-5", "quantity": 1, "campaign_id": "autumn", "voucher_id": "v1"}

    reply = lin.send("POST", "/v1/quotes", {**body, **changes})

    assert (reply.status, reply.code) == (422, "invalid_request")
    assert [error["field"] for error in reply["errors"]] == ["voucher_id"]


def test_joining_and_buying_alone_take_no_voucher(shop: Shop) -> None:
    lin, ann = granted(shop, "Lin"), shop.member("Ann")
    group_id = ann.opens().pays().group_id
    before = shop.everything()

    for reply in (
        lin.tries_to_join(group_id, voucher_id="v1"),
        lin.tries_to_buy(voucher_id="v1"),
    ):
        assert (reply.status, reply.code) == (422, "invalid_request")
    assert shop.everything() == before
