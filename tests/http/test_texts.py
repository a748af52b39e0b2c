"""Text that people really send: emoji, rare characters, long names. Kept as it is, shown as it was,
and never in WeChat's way, which takes no character of four bytes.
"""

from typing import Any

from tests.http.problems import wrong_in
from tests.shop import ADDRESS, Shop

FOUR_BYTES = "😀👨‍👩‍👧🇨🇳𠮷𝒳"
UNUSUAL = {
    "emoji": FOUR_BYTES,
    "beyond the basic plane": "𠮷野家",
    "combining": "e\u0301a\u0308",
    "right to left": "שלום",
    "no width": "a\u200bb\ufeff",
    "full width": "ＡＢＣ　１２３",
    "markup": "<script>alert('x')</script>",
    "a quote": 'O\'Brien "x" \\ / `${x}` %s {0}',
    "the last code point": "\U0010ffff",
    "no character": "\ufffe",
}


def test_any_printable_text_in_an_address_and_a_remark_is_kept_as_it_was(shop: Shop) -> None:
    lin = shop.member("Lin")
    wrong: dict[str, Any] = {}
    for number, (what, text) in enumerate(UNUSUAL.items()):
        parts = ("recipient", "province", "city", "county", "street", "detail")
        address = {**ADDRESS, **dict.fromkeys(parts, text)}
        reply = lin.tries_to_buy(key=f"unusual-{number}", address=address, remark=text)
        if (reply.status, reply.content.get("payment_state")) != (201, "ready"):
            wrong[what] = reply
            continue
        order_id = reply["order"]["order_id"]
        shown = lin.send("GET", f"/v1/orders/{order_id}")
        if (shown["address"], shown["remark"]) != (address, text):
            wrong[what] = shown.content
    assert wrong == {}


def test_a_key_may_hold_any_printable_ascii(shop: Shop) -> None:
    printable = "".join(chr(code) for code in range(0x20, 0x7F))
    lin = shop.member("Lin")
    for key in (printable[1:64], printable[64:], "with a space", "a" * 8, "a" * 64):
        first, again = lin.tries_to_buy(key=key), lin.tries_to_buy(key=key)
        assert (first.status, again["order"]["order_id"]) == (201, first["order"]["order_id"])
        assert again.headers["Idempotency-Replayed"] == "true"
    assert len(shop.rows("orders")) == 5


def test_texts_may_be_as_long_as_promised(shop: Shop) -> None:
    lin = shop.member("Lin")
    most = {"recipient": 40, "province": 30, "city": 30, "county": 30, "street": 60, "detail": 120}
    for number, letter in enumerate(("长", "𠮷")):
        address = {name: letter * length for name, length in most.items()}
        address |= {"phone": "+86 (571) 8888-1234", "postal_code": "3100120000"}
        reply = lin.tries_to_buy(key=f"lengthy-{number}", address=address, remark=letter * 200)
        assert (reply.status, reply["payment_state"]) == (201, "ready")
        assert (reply["order"]["address"], reply["order"]["remark"]) == (address, letter * 200)


def test_what_an_address_may_leave_out_may_be_left_out_or_null(shop: Shop) -> None:
    lin = shop.member("Lin")
    given = {**ADDRESS, "county": "", "street": None, "postal_code": None}

    order = lin.buys(address=given, remark=None, share_code=None)

    assert order.now()["address"] == {**ADDRESS, "county": ""}


def test_a_title_with_emoji_can_be_paid_for_and_wechat_sees_what_it_takes(shop: Shop) -> None:
    lin, titles = shop.member("Lin"), {"🍎红富士🍏": "红富士", FOUR_BYTES: None}
    for number, title in enumerate(titles):
        sku = {"sku_id": f"emoji-{number}", "title": "🎁", "solo_price_fen": 1, "stock": 5}
        fields = {"product_id": f"emoji{number}", "merchant_id": "orchard", "title": title}
        shop.admin("put_product", **fields, skus=[sku])

        order = lin.buys(sku_id=f"emoji-{number}").pays()

        assert (order.status, order.now()["title"]) == ("to_ship", f"{title} 🎁")
    shop.settles()
    shop.assert_books_balance()


def test_a_refund_s_reason_with_emoji_is_kept_and_the_refund_goes_out(shop: Shop) -> None:
    order = shop.member("Lin").buys().pays()
    shop.settles()

    asked = order.asks_refund(reason=FOUR_BYTES)
    shop.settles()

    assert (asked.status, asked["reason"]) == (201, FOUR_BYTES)
    assert order.status == "refunded"
    shop.assert_books_balance()


def test_a_nickname_with_emoji_is_seen_by_the_group(shop: Shop) -> None:
    lin = shop.member("Lin")
    avatar_url = "https://thirdwx.qlogo.cn/mmopen/a/132"
    lin.send("PUT", "/v1/me", {"nickname": FOUR_BYTES, "avatar_url": avatar_url})

    group = shop.group(lin.opens().pays().group_id)

    assert group["leader"] == {"nickname": FOUR_BYTES, "avatar_url": avatar_url}
    assert group["members"][0]["nickname"] == FOUR_BYTES


def test_text_that_is_only_blank_or_turns_its_surroundings_is_refused(shop: Shop) -> None:
    lin = shop.member("Lin")
    before = shop.everything()
    for bad in ("", " ", "\u3000", "a\u202eb", "a\u2028b", "a\tb", "a\u0085b", "x" * 33):
        reply = lin.send("PUT", "/v1/me", {"nickname": bad})
        assert wrong_in(reply, 422, "invalid_request") == [], repr(bad)
    assert shop.everything() == before
