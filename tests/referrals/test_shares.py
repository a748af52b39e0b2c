"""Minting shares and drawing their codes: what leads where, and what an image is to any client."""

import re

import pytest

from tests.shop import Shop

IMAGE = "https://img.test/apples.png"
SCENE = re.compile(r"[0-9A-Za-z!#$&'()*+,/:;=?@._~-]{1,32}")


def test_a_home_share_holds_what_is_promised(shop: Shop) -> None:
    reply = shop.member("Ann").send("POST", "/v1/shares", {"target_type": "home"})

    code = reply["share_code"]
    assert (reply.status, reply.content) == (
        201,
        {
            "share_code": code,
            "path": f"pages/index/index?share_code={code}",
            "scene": f"s={code}",
            "title": None,
            "image_url": None,
        },
    )
    assert SCENE.fullmatch(reply["scene"])


def test_every_target_has_its_title_image_and_page(shop: Shop) -> None:
    product = shop.product()
    product["skus"][0]["image_url"] = IMAGE
    shop.admin("put_product", **product)
    shop.admin("put_settings", pages={"campaign": "p/c"})
    group_id = shop.member("Lin").opens().pays().group_id
    ann = shop.member("Ann")
    expected = {
        ("product", "apples"): ("红富士苹果", "pages/product/index", "product_id"),
        ("campaign", "autumn"): ("秋季拼团", "p/c", "campaign_id"),
        ("group", group_id): ("秋季拼团", "pages/group/index", "group_id"),
    }
    for (kind, target_id), (title, page, name) in expected.items():
        body = {"target_type": kind, "target_id": target_id}
        reply = ann.send("POST", "/v1/shares", body)
        path = f"{page}?share_code={reply['share_code']}&{name}={target_id}"
        assert (reply["title"], reply["image_url"], reply["path"]) == (title, IMAGE, path)


def test_a_campaign_s_cover_comes_before_its_goods(shop: Shop) -> None:
    shop.campaign(cover_url="https://img.test/cover.png")
    body = {"target_type": "campaign", "target_id": "autumn"}

    reply = shop.member("Ann").send("POST", "/v1/shares", body)

    assert reply["image_url"] == "https://img.test/cover.png"


def test_minting_twice_gives_the_same_code_and_keeps_its_count(shop: Shop) -> None:
    ann, bo = shop.member("Ann"), shop.member("Bo")
    code = ann.shares()
    bo.visits(code)

    assert ann.shares() == code
    assert bo.shares() != code
    assert [row["visits"] for row in shop.rows("shares", share_code=code)] == [1]


@pytest.mark.parametrize("kind", ["product", "campaign", "group"])
def test_a_target_that_is_not_there_is_not_found(shop: Shop, kind: str) -> None:
    ann = shop.member("Ann")
    before = shop.everything()

    reply = ann.send("POST", "/v1/shares", {"target_type": kind, "target_id": "nowhere"})

    assert (reply.status, reply.code) == (404, "not_found")
    assert shop.everything() == before


def test_a_target_has_an_id_and_home_has_none(shop: Shop) -> None:
    ann = shop.member("Ann")
    before = shop.everything()

    for body in (
        {"target_type": "home", "target_id": "apples"},
        {"target_type": "product"},
        {"target_type": "product", "target_id": None},
    ):
        reply = ann.send("POST", "/v1/shares", body)
        assert (reply.status, reply.code) == (422, "invalid_request")
        assert [error["field"] for error in reply["errors"]] == ["target_id"]
    assert shop.everything() == before


def test_who_has_left_mints_nothing(shop: Shop) -> None:
    ann = shop.member("Ann")
    ann.send("DELETE", "/v1/me")
    before = shop.everything()

    reply = ann.send("POST", "/v1/shares", {"target_type": "home"})

    assert (reply.status, reply.code) == (401, "not_signed_in")
    assert shop.everything() == before


ACCEPTED = (None, "*/*", "image/avif,image/webp,image/apng,image/*;q=0.8", "text/html", "")


@pytest.mark.parametrize("accept", ACCEPTED)
def test_the_code_to_scan_is_an_image_whatever_the_client_accepts(
    shop: Shop, accept: str | None
) -> None:
    code = shop.member("Ann").shares()
    headers = {} if accept is None else {"Accept": accept}

    reply = shop.send("GET", f"/v1/shares/{code}/qrcode", headers=headers)

    assert reply.status == 200
    assert reply.headers["Content-Type"].startswith("image/")
    assert isinstance(reply.content, bytes)
    assert reply.content.startswith((b"\xff\xd8", b"\x89PNG"))
    assert "X-Request-Id" in reply.headers


def test_the_code_is_drawn_once_for_some_minutes(shop: Shop) -> None:
    code = shop.member("Ann").shares()
    path = f"/v1/shares/{code}/qrcode"
    first = shop.send("GET", path)

    shop.sandbox.add_fault("/wxa/getwxacodeunlimit", "error_before")
    again = shop.send("GET", path)
    shop.advance(601)
    late = shop.send("GET", path)

    assert (first.status, again.content) == (200, first.content)
    assert (late.status, late.code) == (503, "wechat_unavailable")


def test_a_code_that_nobody_minted_has_no_image(shop: Shop) -> None:
    reply = shop.send("GET", "/v1/shares/aaaaaaaaaaaa/qrcode")

    assert (reply.status, reply.code) == (404, "not_found")
