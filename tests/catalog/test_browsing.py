"""The catalogue over HTTP: what shoppers see of products and campaigns, page by page."""

import base64
import json
from typing import Any
from urllib.parse import quote

import pytest

from chalicelib.catalog import store as catalog
from chalicelib.catalog.end_campaign import end_campaign
from chalicelib.catalog.model import MOST_OFFERS_SHOWN, Merchant
from chalicelib.catalog.pause_campaign import pause_campaign
from chalicelib.catalog.put_campaign import put_campaign
from chalicelib.catalog.put_merchant import put_merchant
from chalicelib.catalog.put_product import put_product
from chalicelib.kit.writes import WriteSet
from chalicelib.wiring import Wiring
from tests.fakes import FakeClock
from tests.goods import RULES_LEFT_OUT, campaign, product, sell, sku, stocked
from tests.in_process import Browser, everything


@pytest.fixture
def browser(wired: Wiring) -> Browser:
    return Browser()


def ids(content: Any, name: str = "product_id") -> list[str]:
    return [item[name] for item in content["items"]]


def all_pages(browser: Browser, path: str, name: str) -> list[list[str]]:
    """The ids on every page, following the cursors."""
    pages, cursor = [], ""
    while True:
        seen = browser.get(f"{path}{cursor}")
        assert seen.status == 200
        pages.append(ids(seen.content, name))
        if seen.content["next_cursor"] is None:
            return pages
        cursor = f"&cursor={quote(seen.content['next_cursor'])}"


def test_a_product_page_shows_everything_about_it(browser: Browser, wired: Wiring) -> None:
    stocked(
        product(
            "apples",
            sku("apples-5", units=10),
            sku("apples-9", solo_price_fen=3500, units=5, title="9斤装"),
            description="脆甜",
            images=("https://cdn.example/a.jpg",),
            detail_images=("https://cdn.example/d.jpg",),
            category="水果",
            specs={"产地": "烟台"},
        ),
        clock=wired.clock,
    )
    prices_fen = {"apples-9": 3000, "apples-5": 1500}
    put_campaign(campaign(prices_fen=prices_fen), clock=wired.clock)
    sell("apples-5", 4)
    sell("apples-9", 1)

    seen = browser.get("/v1/products/apples")

    assert seen.status == 200
    assert seen.content == {
        "product_id": "apples",
        "merchant": {"merchant_id": "orchard", "name": "果园直供"},
        "title": "红富士苹果",
        "description": "脆甜",
        "images": ["https://cdn.example/a.jpg"],
        "detail_images": ["https://cdn.example/d.jpg"],
        "category": "水果",
        "specs": {"产地": "烟台"},
        "sold_count": 5,
        "skus": [
            {
                "sku_id": "apples-5",
                "title": "5斤装",
                "image_url": None,
                "solo_price_fen": 2000,
                "available": 6,
            },
            {
                "sku_id": "apples-9",
                "title": "9斤装",
                "image_url": None,
                "solo_price_fen": 3500,
                "available": 4,
            },
        ],
        "campaigns": [
            {"campaign_id": "autumn", "play": "team", "size": 2, "group_price_fen": 1500}
        ],
    }


def test_a_campaign_page_shows_everything_about_it(browser: Browser, wired: Wiring) -> None:
    stocked(product(), clock=wired.clock)
    put_campaign(campaign(per_member_limit=3), clock=wired.clock)
    sell("apples-5", 4)
    counts_as_sold("autumn", 4)

    seen = browser.get("/v1/campaigns/autumn")

    assert seen.status == 200
    assert seen.content == {
        "campaign_id": "autumn",
        "title": "秋季拼团",
        "cover_url": None,
        "play": "team",
        "size": 2,
        "duration_seconds": 600,
        "starts_at": "2026-11-22T11:00:00Z",
        "ends_at": "2026-11-22T13:00:00Z",
        "state": "live",
        "per_member_limit": 3,
        "rules": RULES_LEFT_OUT,
        "draw": None,
        "sold_count": 4,
        "server_time": "2026-11-22T12:00:00Z",
        "skus": [
            {
                "sku_id": "apples-5",
                "product_id": "apples",
                "title": "5斤装",
                "image_url": None,
                "solo_price_fen": 2000,
                "group_price_fen": 1500,
                "tier_prices_fen": [],
                "available": 6,
            }
        ],
        "stations": [],
    }


def counts_as_sold(campaign_id: str, units: int) -> None:
    writes = WriteSet()
    row = catalog.CatalogRow(id=campaign_id, kind="figures", content={}, sold_count=units)
    writes.put(row)
    writes.commit()


def test_a_campaign_that_sold_nothing_says_zero(browser: Browser, wired: Wiring) -> None:
    stocked(product(), clock=wired.clock)
    put_campaign(campaign(), clock=wired.clock)

    assert browser.get("/v1/campaigns/autumn").content["sold_count"] == 0
    assert browser.get("/v1/products/apples").content["sold_count"] == 0


def test_a_campaign_s_state_follows_time_and_the_operator(
    browser: Browser, wired: Wiring, clock: FakeClock
) -> None:
    stocked(product(), clock=clock)
    put_campaign(campaign(starts_in_seconds=60), clock=clock)

    def state() -> tuple[str, bool]:
        on_product = browser.get("/v1/products/apples").content["campaigns"] != []
        return browser.get("/v1/campaigns/autumn").content["state"], on_product

    assert state() == ("upcoming", False)
    clock.advance(60)
    assert state() == ("live", True)
    pause_campaign("autumn", clock=clock)
    assert state() == ("paused", False)
    pause_campaign("autumn", resume=True, clock=clock)
    assert state() == ("live", True)
    clock.advance(3540)
    assert state() == ("ended", False)


def test_a_campaign_ended_by_hand_leaves_lists_and_products(
    browser: Browser, wired: Wiring
) -> None:
    stocked(product(), clock=wired.clock)
    put_campaign(campaign(), clock=wired.clock)

    end_campaign("autumn", clock=wired.clock)

    assert browser.get("/v1/campaigns/autumn").content["state"] == "ended"
    assert browser.get("/v1/campaigns").content == {"items": [], "next_cursor": None}
    assert browser.get("/v1/products/apples").content["campaigns"] == []


def test_a_product_names_only_campaigns_that_hold_one_of_its_skus(
    browser: Browser, wired: Wiring
) -> None:
    stocked(product("apples"), clock=wired.clock)
    stocked(product("pears"), clock=wired.clock)
    put_campaign(campaign(), clock=wired.clock)
    put_campaign(campaign(prices_fen={"pears-5": 1200}), clock=wired.clock)

    assert browser.get("/v1/products/apples").content["campaigns"] == []
    assert browser.get("/v1/products/pears").content["campaigns"] == [
        {"campaign_id": "autumn", "play": "team", "size": 2, "group_price_fen": 1200}
    ]


def test_a_product_names_the_campaigns_that_end_soonest(browser: Browser, wired: Wiring) -> None:
    stocked(product(), clock=wired.clock)
    for number in range(MOST_OFFERS_SHOWN + 2):
        ends_in_seconds = 1000 - number
        put_campaign(campaign(f"c{number}", ends_in_seconds=ends_in_seconds), clock=wired.clock)

    shown = ids({"items": browser.get("/v1/products/apples").content["campaigns"]}, "campaign_id")

    assert shown == [f"c{number}" for number in range(MOST_OFFERS_SHOWN + 1, 1, -1)]


def test_a_renamed_merchant_shows_on_its_products(browser: Browser, wired: Wiring) -> None:
    stocked(product(), clock=wired.clock)

    put_merchant(Merchant(merchant_id="orchard", name="新果园"))

    assert browser.get("/v1/products/apples").content["merchant"]["name"] == "新果园"


def test_what_is_off_sale_is_nowhere(browser: Browser, wired: Wiring) -> None:
    stocked(product(category="水果"), clock=wired.clock)
    put_campaign(campaign(), clock=wired.clock)

    put_product(product(category="水果", on_sale=False), clock=wired.clock)

    for path in ("/v1/products/apples", "/v1/campaigns/autumn"):
        seen = browser.get(path)
        assert (seen.status, seen.code) == (404, "not_found")
    for query in ("", "?category=水果", "?merchant_id=orchard"):
        assert ids(browser.get(f"/v1/products{query}").content) == []
    assert ids(browser.get("/v1/campaigns").content, "campaign_id") == []

    put_product(product(category="水果"), clock=wired.clock)
    assert ids(browser.get("/v1/products").content) == ["apples"]
    assert browser.get("/v1/campaigns/autumn").status == 200


@pytest.mark.parametrize(
    "path",
    [
        "/v1/products/nothing",
        "/v1/campaigns/nothing",
        "/v1/products/orchard",
        "/v1/campaigns/apples",
        "/v1/products/a%20b",
        "/v1/products/%E8%8B%B9%E6%9E%9C",
        f"/v1/products/{'x' * 65}",
    ],
)
def test_what_does_not_exist_is_not_found(browser: Browser, wired: Wiring, path: str) -> None:
    stocked(product(), clock=wired.clock)

    seen = browser.get(path)

    assert (seen.status, seen.code) == (404, "not_found")
    assert seen.headers["Content-Type"] == "application/problem+json"


def shelve_five(wired: Wiring, clock: FakeClock) -> None:
    """p0 … p4, a second apart; the odd ones are vegetables, p4 is another merchant's."""
    put_merchant(Merchant(merchant_id="garden", name="菜园"))
    for number in range(5):
        more = {"category": "蔬菜" if number % 2 else "水果"}
        if number == 4:
            more["merchant_id"] = "garden"
        stocked(product(f"p{number}", **more), clock=clock)
        clock.advance(1)


def test_products_come_newest_first_in_pages(
    browser: Browser, wired: Wiring, clock: FakeClock
) -> None:
    shelve_five(wired, clock)

    assert all_pages(browser, "/v1/products?limit=2", "product_id") == [
        ["p4", "p3"],
        ["p2", "p1"],
        ["p0"],
    ]
    assert all_pages(browser, "/v1/products?limit=5", "product_id") == [
        ["p4", "p3", "p2", "p1", "p0"]
    ]


def test_putting_a_product_again_keeps_its_place(
    browser: Browser, wired: Wiring, clock: FakeClock
) -> None:
    shelve_five(wired, clock)

    put_product(product("p1", title="新标题"), clock=clock)

    assert ids(browser.get("/v1/products").content) == ["p4", "p3", "p2", "p1", "p0"]


def test_products_can_be_narrowed_by_category_and_merchant(
    browser: Browser, wired: Wiring, clock: FakeClock
) -> None:
    shelve_five(wired, clock)

    assert ids(browser.get("/v1/products?category=蔬菜").content) == ["p3", "p1"]
    assert ids(browser.get("/v1/products?merchant_id=garden").content) == ["p4"]
    both = "/v1/products?merchant_id=orchard&category=水果"
    assert ids(browser.get(both).content) == ["p2", "p0"]
    assert ids(browser.get("/v1/products?category=海鲜").content) == []
    assert all_pages(browser, f"{both}&limit=1", "product_id") == [["p2"], ["p0"]]


def test_a_product_that_changes_category_changes_shelves(browser: Browser, wired: Wiring) -> None:
    stocked(product(category="水果"), clock=wired.clock)

    put_product(product(category="礼盒"), clock=wired.clock)
    assert ids(browser.get("/v1/products?category=水果").content) == []
    assert ids(browser.get("/v1/products?category=礼盒").content) == ["apples"]

    put_product(product(), clock=wired.clock)
    assert ids(browser.get("/v1/products?category=礼盒").content) == []
    assert ids(browser.get("/v1/products").content) == ["apples"]


def test_live_and_upcoming_campaigns_are_listed_by_their_end(
    browser: Browser, wired: Wiring, clock: FakeClock
) -> None:
    stocked(product(), clock=clock)
    put_campaign(campaign("later", ends_in_seconds=300), clock=clock)
    put_campaign(campaign("sooner", ends_in_seconds=200), clock=clock)
    put_campaign(campaign("to-come", starts_in_seconds=50, ends_in_seconds=100), clock=clock)
    put_campaign(campaign("paused", ends_in_seconds=250), clock=clock)
    pause_campaign("paused", clock=clock)

    def listed(query: str) -> list[str]:
        return ids(browser.get(f"/v1/campaigns{query}").content, "campaign_id")

    assert listed("") == ["sooner", "later"]
    assert listed("?state=live") == ["sooner", "later"]
    assert listed("?state=upcoming") == ["to-come"]
    clock.advance(50)
    assert listed("") == ["to-come", "sooner", "later"]
    clock.advance(150)
    assert listed("") == ["later"]


def test_a_page_is_filled_past_campaigns_in_another_state(
    browser: Browser, wired: Wiring, clock: FakeClock
) -> None:
    stocked(product(), clock=clock)
    for number in range(6):
        starts = -10 if number in {2, 5} else 10
        given = campaign(f"c{number}", starts_in_seconds=starts, ends_in_seconds=100 + number)
        put_campaign(given, clock=clock)

    live = "/v1/campaigns?state=live&limit="
    assert all_pages(browser, f"{live}1", "campaign_id") == [["c2"], ["c5"]]
    assert all_pages(browser, f"{live}2", "campaign_id") == [["c2", "c5"]]
    upcoming = "/v1/campaigns?state=upcoming&limit=3"
    assert all_pages(browser, upcoming, "campaign_id") == [["c0", "c1", "c3"], ["c4"]]


def test_a_page_that_cannot_be_filled_in_a_few_reads_stays_short(
    browser: Browser, wired: Wiring, clock: FakeClock
) -> None:
    stocked(product(), clock=clock)
    for number in range(12):
        starts = -10 if number == 11 else 10
        given = campaign(f"c{number}", starts_in_seconds=starts, ends_in_seconds=100 + number)
        put_campaign(given, clock=clock)

    pages = all_pages(browser, "/v1/campaigns?state=live&limit=1", "campaign_id")

    assert pages == [[], ["c11"]]


def test_a_cursor_stays_good_when_what_it_names_is_over(
    browser: Browser, wired: Wiring, clock: FakeClock
) -> None:
    stocked(product(), clock=clock)
    for number in range(3):
        put_campaign(campaign(f"c{number}", ends_in_seconds=100 + number), clock=clock)
    first = browser.get("/v1/campaigns?limit=1").content
    assert ids(first, "campaign_id") == ["c0"]

    clock.advance(100)
    rest = browser.get(f"/v1/campaigns?cursor={quote(first['next_cursor'])}").content

    assert ids(rest, "campaign_id") == ["c1", "c2"]


def made_up(content: Any) -> str:
    return quote(base64.urlsafe_b64encode(json.dumps(content).encode()).decode())


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=101",
        "limit=many",
        "limit=-1",
        "limit=1.5",
        "cursor=nonsense",
        "cursor=%FF",
        "cursor=" + "A" * 1025,
        f"cursor={made_up([])}",
        f"cursor={made_up({'id': {'S': 'a'}})}",
        f"cursor={made_up({'id': {'S': 'a'}, 'sort': {'N': '1'}})}",
        f"cursor={made_up({'id': {'S': ''}, 'sort': {'S': 'x'}})}",
        f"cursor={made_up({'id': 'a', 'sort': 'x'})}",
        f"cursor={made_up({'id': {'S': 'a'}, 'sort': {'S': 'x'}, 'kind': {'S': 'x'}})}",
        "unknown=1",
    ],
)
@pytest.mark.parametrize("path", ["/v1/products", "/v1/campaigns"])
def test_a_list_takes_only_its_own_parameters(
    browser: Browser, wired: Wiring, path: str, query: str
) -> None:
    seen = browser.get(f"{path}?{query}")

    assert (seen.status, seen.code) == (422, "invalid_request")


@pytest.mark.parametrize(
    "path",
    [
        "/v1/products?category=",
        f"/v1/products?category={'x' * 41}",
        "/v1/products?merchant_id=a%20b",
        "/v1/products?state=live",
        "/v1/campaigns?state=paused",
        "/v1/campaigns?category=x",
        "/v1/products/apples?limit=1",
        "/v1/campaigns/autumn?limit=1",
    ],
)
def test_a_parameter_of_another_kind_is_refused(browser: Browser, path: str) -> None:
    seen = browser.get(path)

    assert (seen.status, seen.code) == (422, "invalid_request")


def test_looking_needs_no_session_and_writes_nothing(browser: Browser, wired: Wiring) -> None:
    stocked(product(category="水果"), clock=wired.clock)
    put_campaign(campaign(), clock=wired.clock)
    before = everything()

    for path in (
        "/v1/products",
        "/v1/products?category=水果",
        "/v1/products/apples",
        "/v1/campaigns",
        "/v1/campaigns/autumn",
    ):
        assert browser.get(path, token="expired or forged").status == 200

    assert everything() == before
