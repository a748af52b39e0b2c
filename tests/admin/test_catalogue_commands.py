"""The catalogue's commands as operators type them, from JSON to JSON."""

import json
from typing import Any

import pytest

from chalicelib.admin.dispatch import dispatch
from chalicelib.members import store as members
from chalicelib.members.sign_in import sign_in
from chalicelib.wiring import Wiring
from tests.fakes import FakeWechatApi
from tests.goods import RULES_LEFT_OUT, sell, units
from tests.in_process import APP_ID, everything

MERCHANT: dict[str, Any] = {"command": "put_merchant", "merchant_id": "orchard", "name": "果园直供"}
PRODUCT: dict[str, Any] = {
    "command": "put_product",
    "product_id": "apples",
    "merchant_id": "orchard",
    "title": "红富士苹果",
    "skus": [{"sku_id": "apples-5", "title": "5斤装", "solo_price_fen": 2000, "stock": 10}],
}
CAMPAIGN: dict[str, Any] = {
    "command": "put_campaign",
    "campaign_id": "autumn",
    "title": "秋季拼团",
    "play": "team",
    "size": 2,
    "duration_seconds": 600,
    "starts_at": "2026-11-22T19:00:00+08:00",
    "ends_at": "2026-11-22T13:00:00Z",
    "per_member_limit": 2,
    "rules": {"when_short": "honour", "minimum_payers": 2},
    "skus": [{"sku_id": "apples-5", "group_price_fen": 1500}],
}


TIER = {"headcount": 2, "price_fen": 1500}
UNITS, ELEVEN = "skus.0.allotted_units", {"allotted_units": 11}
ALLOTTED: dict[str, Any] = {"allotment": {"shards": 4}}


def does(event: dict[str, Any]) -> dict[str, Any]:
    """The result of a command that must succeed; events and answers pass through JSON."""
    answer = json.loads(json.dumps(dispatch(json.loads(json.dumps(event)), money=False)))
    assert answer["ok"], answer
    result: dict[str, Any] = answer["result"]
    return result


def refused(event: dict[str, Any]) -> dict[str, Any]:
    before = everything()
    answer = dispatch(json.loads(json.dumps(event)), money=False)
    assert not answer["ok"]
    assert everything() == before
    error: dict[str, Any] = answer["error"]
    return error


def test_a_catalogue_is_put_from_nothing(wired: Wiring) -> None:
    assert does(MERCHANT) == {"merchant_id": "orchard", "outcome": "created", "dry_run": False}
    put = does(PRODUCT)
    assert len(put.pop("revision")) == 24
    assert put == {
        "product_id": "apples",
        "outcome": "created",
        "revision_before": None,
        "stock": [{"sku_id": "apples-5", "supplied": 10, "units_left": 10}],
        "withdrawn_sku_ids": [],
        "dry_run": False,
    }
    put = does(CAMPAIGN)
    assert len(put.pop("revision")) == 24
    assert put == {
        "campaign_id": "autumn",
        "outcome": "created",
        "revision_before": None,
        "state": "live",
        "advice": [],
        "dry_run": False,
    }


def test_a_put_shows_which_revision_it_is_over_dry_or_not(wired: Wiring) -> None:
    does(MERCHANT)
    for event, changed in (
        (PRODUCT, {**PRODUCT, "title": "新苹果"}),
        (CAMPAIGN, {**CAMPAIGN, "size": 3}),
    ):
        assert does({**event, "dry_run": True})["revision_before"] is None
        first = does(event)["revision"]
        assert does(event)["revision_before"] == first
        tried = does({**changed, "dry_run": True})
        assert tried["revision_before"] == first != tried["revision"]

        guarded = {**changed, "if_revision": tried["revision_before"]}
        put = does(guarded)
        assert (put["outcome"], put["revision_before"]) == ("changed", first)
        assert put["revision"] == tried["revision"]
        assert does({**event, "dry_run": True})["revision_before"] == put["revision"]


def test_the_stock_of_a_product_is_outside_of_its_revision(wired: Wiring) -> None:
    does(MERCHANT)
    revision = does(PRODUCT)["revision"]
    (sku,) = PRODUCT["skus"]
    more = does({**PRODUCT, "skus": [{**sku, "stock": 30}]})
    assert (more["outcome"], more["revision"]) == ("changed", revision)
    put = does({**PRODUCT, "title": "新苹果", "if_revision": revision})
    assert put["stock"] == [{"sku_id": "apples-5", "supplied": 10, "units_left": 10}]


@pytest.mark.parametrize(
    ("rules", "is_advised"),
    [
        ({"crowd": {"threshold": 500}}, True),
        ({"crowd": {"threshold": 499}}, False),
        ({"crowd": {"threshold": 500}, "custom_fields": [{"name": "engraving"}]}, False),
    ],
)
def test_a_crowd_that_sells_from_one_item_is_advised_to_set_units_aside(
    wired: Wiring, rules: dict[str, Any], is_advised: bool
) -> None:
    for event in (MERCHANT, PRODUCT):
        does(event)

    advice = does({**CAMPAIGN, "rules": rules})["advice"]
    sentence = (
        "a crowd of 500 takes all its units from one item per SKU, a few dozen purchases a second;"
        " set units aside with the rule allotment to sell faster"
    )
    assert advice == [sentence] * is_advised
    sku = {"sku_id": "apples-5", "group_price_fen": 1500, "allotted_units": 10}
    with_allotment = {**rules, **ALLOTTED}
    assert does({**CAMPAIGN, "rules": with_allotment, "skus": [sku]})["advice"] == []


def test_every_command_again_changes_nothing(wired: Wiring) -> None:
    freight = {"command": "put_freight", "merchant_id": "orchard", "flat_fen": 800}
    settings = {"command": "put_settings", "pay_window_seconds": 60}
    events = [MERCHANT, PRODUCT, CAMPAIGN, freight, settings]
    for event in events:
        does(event)
    sell("apples-5", 3)
    before = everything()

    for event in events:
        assert does(event).get("outcome", "unchanged") == "unchanged"

    assert everything() == before
    assert units("apples-5") == (10, 7)


def test_a_dry_run_of_anything_writes_nothing(wired: Wiring) -> None:
    assert does({**MERCHANT, "dry_run": True})["outcome"] == "created"
    assert not any(everything().values())
    for event in (MERCHANT, PRODUCT, CAMPAIGN):
        does(event)
    before = everything()

    changed = [
        {**MERCHANT, "name": "新果园"},
        {**PRODUCT, "title": "新苹果"},
        {**CAMPAIGN, "size": 3},
        {"command": "put_freight", "merchant_id": "orchard", "flat_fen": 800},
        {"command": "put_settings", "pay_window_seconds": 60},
        {"command": "pause_campaign", "campaign_id": "autumn"},
        {"command": "end_campaign", "campaign_id": "autumn"},
    ]
    for event in changed:
        assert does({**event, "dry_run": True})["dry_run"] is True

    assert everything() == before


def test_a_campaign_can_be_looked_at_paused_resumed_and_ended(wired: Wiring) -> None:
    for event in (MERCHANT, PRODUCT, CAMPAIGN):
        does(event)
    sell("apples-5", 3)
    which = {"campaign_id": "autumn"}

    shown = does({"command": "get_campaign", **which})
    assert len(shown.pop("revision")) == 24
    assert shown == {
        "campaign_id": "autumn",
        "title": "秋季拼团",
        "cover_url": None,
        "play": "team",
        "size": 2,
        "duration_seconds": 600,
        "starts_at": "2026-11-22T11:00:00Z",
        "ends_at": "2026-11-22T13:00:00Z",
        "per_member_limit": 2,
        "rules": {**RULES_LEFT_OUT, "when_short": "honour", "minimum_payers": 2},
        "commission_rates_bp": None,
        "skus": [
            {
                "sku_id": "apples-5",
                "group_price_fen": 1500,
                "tier_prices_fen": [],
                "solo_price_fen": 2000,
                "product_id": "apples",
                "on_sale": True,
                "supplied": 10,
                "units_left": 7,
                "allotted_units": None,
                "allotted_units_left": None,
            }
        ],
        "state": "live",
        "paused": False,
        "ended": False,
        "sold_count": 0,
    }
    assert does({"command": "pause_campaign", **which})["state"] == "paused"
    assert does({"command": "pause_campaign", **which})["state"] == "paused"
    assert does({"command": "pause_campaign", **which, "resume": True})["state"] == "live"
    assert does({"command": "end_campaign", **which})["state"] == "ended"
    assert refused(CAMPAIGN)["code"] == "campaign_not_live"
    assert does({"command": "get_campaign", **which})["ended"] is True


def test_a_withdrawn_sku_shows_as_not_on_sale(wired: Wiring) -> None:
    for event in (MERCHANT, PRODUCT, CAMPAIGN, {**PRODUCT, "on_sale": False}):
        does(event)

    (sku,) = does({"command": "get_campaign", "campaign_id": "autumn"})["skus"]

    assert sku == {
        "sku_id": "apples-5",
        "group_price_fen": 1500,
        "tier_prices_fen": [],
        "solo_price_fen": None,
        "product_id": None,
        "on_sale": False,
        "supplied": 10,
        "units_left": 10,
        "allotted_units": None,
        "allotted_units_left": None,
    }


def test_settings_merge_at_any_depth(wired: Wiring) -> None:
    defaults = does({"command": "get_settings"})["settings"]
    assert defaults["pay_window_seconds"] == 900
    assert defaults["commission"] == {"rates_bp": [0], "cap_bp": 3000, "freeze_seconds": 604800}

    put = {"command": "put_settings", "pay_window_seconds": 1, "commission": {"rates_bp": [800]}}
    after = does(put)["settings"]

    assert after == {
        **defaults,
        "pay_window_seconds": 1,
        "commission": {"rates_bp": [800], "cap_bp": 3000, "freeze_seconds": 604800},
    }
    assert does({"command": "put_settings", "withdrawal": {"daily_count": 1}})["settings"] == {
        **after,
        "withdrawal": {**defaults["withdrawal"], "daily_count": 1},
    }


RATES_THAT_ARE_REFUSED = [
    {"command": "put_settings", "commission": {"rates_bp": [2000, 1001]}},
    {"command": "put_settings", "commission": {"rates_bp": [1, 1, 1]}},
    {"command": "put_settings", "commission": {"cap_bp": 499}},
    {**CAMPAIGN, "commission_rates_bp": [3001]},
    {**CAMPAIGN, "commission_rates_bp": [500, 100]},
    {**PRODUCT, "skus": [{**PRODUCT["skus"][0], "commission_rates_bp": [3001]}]},
    {**PRODUCT, "skus": [{**PRODUCT["skus"][0], "commission_rates_bp": [1, 1]}]},
]


@pytest.mark.parametrize("event", RATES_THAT_ARE_REFUSED)
def test_a_rate_above_the_cap_is_refused_when_it_is_put(
    wired: Wiring, event: dict[str, Any]
) -> None:
    for put in (MERCHANT, PRODUCT, CAMPAIGN):
        does(put)
    does({"command": "put_settings", "commission": {"rates_bp": [500]}})
    before = everything()

    assert refused(event)["code"] == "invalid_request"
    assert everything() == before


def test_freight_is_replaced_and_needs_its_merchant(wired: Wiring) -> None:
    freight = {
        "command": "put_freight",
        "merchant_id": "orchard",
        "flat_fen": 800,
        "free_from_fen": 9900,
        "provinces_not_served": ["西藏自治区"],
    }
    assert refused(freight)["code"] == "not_found"
    does(MERCHANT)

    assert does(freight)["outcome"] == "created"
    assert does({**freight, "flat_fen": 0})["outcome"] == "changed"


def test_a_member_is_shown_without_their_openid(wired: Wiring) -> None:
    api = wired.wechat_api
    assert isinstance(api, FakeWechatApi)
    api.will_know("code", "openid-lin", "union-lin")
    sign_in("code", app_id=APP_ID, wechat_api=api, clock=wired.clock, new_id=wired.new_id)
    assert members.find("mem_1") is not None

    assert does({"command": "get_member", "member_id": "mem_1"}) == {
        "member_id": "mem_1",
        "nickname": None,
        "avatar_url": None,
        "created_at": "2026-11-22T12:00:00Z",
        "app_ids": [APP_ID],
        "has_unionid": True,
        "blocked_at": None,
        "blocked_reason": None,
        "vouchers": [],
        "next_cursor": None,
    }
    assert refused({"command": "get_member", "member_id": "mem_2"})["code"] == "not_found"


@pytest.mark.parametrize(
    ("event", "change", "field"),
    [
        (MERCHANT, {"name": ""}, "name"),
        (MERCHANT, {"name": "x" * 61}, "name"),
        (MERCHANT, {"merchant_id": 7}, "merchant_id"),
        (PRODUCT, {"skus": []}, "skus"),
        (PRODUCT, {"skus": PRODUCT["skus"] * 2}, ""),
        (PRODUCT, {"skus": [{**PRODUCT["skus"][0], "stock": -1}]}, "skus.0.stock"),
        (PRODUCT, {"skus": [{**PRODUCT["skus"][0], "stock": 1.5}]}, "skus.0.stock"),
        (PRODUCT, {"skus": [{**PRODUCT["skus"][0], "stock": "10"}]}, "skus.0.stock"),
        (PRODUCT, {"skus": [{**PRODUCT["skus"][0], "stock": True}]}, "skus.0.stock"),
        (PRODUCT, {"skus": [{**PRODUCT["skus"][0], "solo_price_fen": 0}]}, "skus.0.solo_price_fen"),
        (PRODUCT, {"skus": [{**PRODUCT["skus"][0], "weight": 1}]}, "skus.0.weight"),
        (PRODUCT, {"images": ["http://insecure.example/a.jpg"]}, "images.0"),
        (PRODUCT, {"specs": {"": "x"}}, "specs..[key]"),
        (PRODUCT, {"on_sale": "no"}, "on_sale"),
        (CAMPAIGN, {"size": 1}, "size"),
        (CAMPAIGN, {"size": 1_000_001}, "size"),
        (CAMPAIGN, {"size": 101}, ""),
        (CAMPAIGN, {"size": None}, "size"),
        (CAMPAIGN, {"duration_seconds": None}, "duration_seconds"),
        (CAMPAIGN, {"size": "2"}, "size"),
        (CAMPAIGN, {"duration_seconds": 0}, "duration_seconds"),
        (CAMPAIGN, {"starts_at": "2026-11-22T19:00:00"}, "starts_at"),
        (CAMPAIGN, {"starts_at": 1_790_000_000}, "starts_at"),
        (CAMPAIGN, {"ends_at": "soon"}, "ends_at"),
        (CAMPAIGN, {"ends_at": "9999-12-31T23:59:59-10:00"}, "ends_at"),
        (CAMPAIGN, {"ends_at": "2026-11-22T11:00:00Z"}, ""),
        (CAMPAIGN, {"rules": {"crowd": {"threshold": 0}}}, "rules.crowd.threshold"),
        (CAMPAIGN, {"rules": {"crowd": {"threshold": 9, "size": 9}}}, "rules.crowd.size"),
        (CAMPAIGN, {"rules": {"crowd": {"threshold": 9}, "draw": {"winners": 1}}}, ""),
        (CAMPAIGN, {"rules": {"allotment": {}}}, ""),
        (CAMPAIGN, {"rules": {"cutoff": "22h"}}, "rules.cutoff"),
        (CAMPAIGN, {"rules": {"stations": ["gate"]}}, "rules.stations"),
        (CAMPAIGN, {"rules": {"custom_fields": [{}]}}, "rules.custom_fields.0.name"),
        (CAMPAIGN, {"skus": [{**CAMPAIGN["skus"][0], "allotted_units": 0}]}, UNITS),
        (CAMPAIGN, {"rules": ALLOTTED, "skus": [{**CAMPAIGN["skus"][0], **ELEVEN}]}, "skus"),
        (CAMPAIGN, {"rules": {"cross_product": 1}}, "rules.cross_product"),
        (CAMPAIGN, {"rules": {"who": "friends"}}, "rules.who"),
        (CAMPAIGN, {"rules": {"minimum_payers": 0}}, "rules.minimum_payers"),
        (CAMPAIGN, {"rules": {"tiers": [{"headcount": 2}]}}, "rules.tiers.0.price_fen"),
        (CAMPAIGN, {"rules": {"tiers": [TIER] * 11}}, "rules.tiers"),
        (CAMPAIGN, {"rules": {"tiers": [{**TIER, "rate": 1}]}}, "rules.tiers.0.rate"),
        (CAMPAIGN, {"rules": {"draw": {}}}, "rules.draw.winners"),
        (CAMPAIGN, {"rules": {"draw": {"winners": 1, "scope": "all"}}}, "rules.draw.scope"),
        (CAMPAIGN, {"rules": {"leader": {"free": "yes"}}}, "rules.leader.free"),
        (CAMPAIGN, {"rules": {"leader": {"bonus_bp": 10_001}}}, "rules.leader.bonus_bp"),
        (CAMPAIGN, {"rules": {"minimum_payers": 2}}, ""),
        (CAMPAIGN, {"rules": {"when_short": "honour", "minimum_payers": 3}}, ""),
        (CAMPAIGN, {"per_member_limit": 0}, "per_member_limit"),
        (CAMPAIGN, {"paused": True}, "paused"),
        (CAMPAIGN, {"skus": CAMPAIGN["skus"] * 2}, ""),
        ({"command": "put_settings"}, {"pay_window_seconds": 0}, "pay_window_seconds"),
        ({"command": "put_settings"}, {"pay_window_seconds": 7201}, "pay_window_seconds"),
        ({"command": "put_settings"}, {"auto_refund": True}, "auto_refund"),
        ({"command": "put_freight", "merchant_id": "orchard"}, {"flat_fen": -1}, "flat_fen"),
        ({"command": "pause_campaign"}, {"campaign_id": "autumn", "resume": 1}, "resume"),
        ({"command": "end_campaign"}, {}, "campaign_id"),
    ],
)
def test_a_field_that_is_wrong_is_named(
    wired: Wiring, event: dict[str, Any], change: dict[str, Any], field: str
) -> None:
    does(MERCHANT)
    does(PRODUCT)

    error = refused({**event, **change})

    assert error["code"] == "invalid_request"
    assert error["errors"][0]["field"] == field


OF_MANY = {name: value for name, value in CAMPAIGN.items() if name not in ("size", "rules")}
ROUNDS = {name: value for name, value in OF_MANY.items() if name != "duration_seconds"}
SIZE_MISSING = "must be said; only a crowd or a cut-off may do without"
DURATION_MISSING = "must be said; only a cut-off may do without"


@pytest.mark.parametrize(
    ("event", "rules", "errors"),
    [
        (OF_MANY, {}, {"size": SIZE_MISSING}),
        (ROUNDS, {}, {"size": SIZE_MISSING}),
        ({**ROUNDS, "size": 2}, {}, {"duration_seconds": DURATION_MISSING}),
        (ROUNDS, {"crowd": {"threshold": 9}}, {"duration_seconds": DURATION_MISSING}),
        (
            ROUNDS,
            {"cutoff": "late"},
            {"rules.cutoff": "String should match pattern '^([01][0-9]|2[0-3]):[0-5][0-9]$'"},
        ),
    ],
)
def test_what_only_crowds_may_leave_out_is_asked_for(
    wired: Wiring, event: dict[str, Any], rules: dict[str, Any], errors: dict[str, str]
) -> None:
    does(MERCHANT)
    does(PRODUCT)

    error = refused({**event, "rules": rules})

    told = [{"field": field, "message": message} for field, message in errors.items()]
    assert (error["code"], error["errors"]) == ("invalid_request", told)


@pytest.mark.parametrize(
    ("event", "rules", "size", "duration_seconds"),
    [
        (OF_MANY, {"crowd": {"threshold": 5000}}, 5000, 600),
        (OF_MANY, {"crowd": {"threshold": 1}}, 2, 600),
        (ROUNDS, {"cutoff": "22:00"}, 2, 86400),
        (ROUNDS, {"cutoff": "22:00", "minimum_payers": 20}, 20, 86400),
        (ROUNDS, {"cutoff": "22:00", "crowd": {"threshold": 300}}, 300, 86400),
    ],
)
def test_a_crowd_needs_no_size_and_a_cut_off_no_duration(
    wired: Wiring, event: dict[str, Any], rules: dict[str, Any], size: int, duration_seconds: int
) -> None:
    does(MERCHANT)
    does(PRODUCT)

    put = does({**event, "rules": rules})
    shown = does({"command": "get_campaign", "campaign_id": "autumn"})
    said = {**event, "rules": rules, "size": size, "duration_seconds": duration_seconds}

    assert (shown["size"], shown["duration_seconds"]) == (size, duration_seconds)
    assert shown["revision"] == put["revision"]
    assert does(said)["outcome"] == "unchanged"


LADDER = [TIER, {"headcount": 3, "price_fen": 1200}]
APPLES = CAMPAIGN["skus"][0]


@pytest.mark.parametrize(
    ("change", "sentences"),
    [
        (
            {"rules": {"minimum_payers": 2}},
            "minimum_payers only means something with when_short: honour",
        ),
        (
            {"rules": {"tiers": LADDER}},
            "tiers: 3 heads never come to a group of size 2",
        ),
        (
            {"rules": {"tiers": LADDER[::-1]}, "size": 3},
            (
                "tiers: 1500 fen from 2 heads on is no better than 1200 fen from 3;"
                " SKU apples-5: group_price_fen of 1500 is not the first tier's price, 1200,"
                " which everybody pays; give the SKU tier_prices_fen of its own if it costs"
                " something else"
            ),
        ),
        (
            {"skus": [{**APPLES, "tier_prices_fen": [1500, 1200]}]},
            "SKU apples-5: 2 tier_prices_fen for 0 tiers",
        ),
        (
            {
                "rules": {"tiers": LADDER},
                "size": 3,
                "skus": [{**APPLES, "tier_prices_fen": [1400, 1400]}],
            },
            (
                "SKU apples-5: group_price_fen of 1500 is not the first of its tier_prices_fen,"
                " 1400; SKU apples-5: each of tier_prices_fen must be below the one before"
            ),
        ),
        (
            {"rules": {"draw": {"winners": 2}, "leader": {"bonus_fen": 1, "bonus_bp": 1}}},
            (
                "draw.winners of 2 leaves nobody to lose in a group that completes with 2;"
                " leader: bonus_fen and bonus_bp are two ways to say one thing; give one of them"
            ),
        ),
    ],
)
@pytest.mark.parametrize("is_there", [True, False])
def test_rules_that_do_not_go_together_are_refused_in_so_many_words(
    wired: Wiring, is_there: bool, change: dict[str, Any], sentences: str
) -> None:
    for event in [MERCHANT, PRODUCT, CAMPAIGN][: 3 if is_there else 2]:
        does(event)

    for dry_run in (True, False):
        error = refused({**CAMPAIGN, **change, "dry_run": dry_run})
        assert error["code"] == "invalid_request"
        assert error["errors"] == [{"field": "", "message": f"Value error, {sentences}"}]


def test_a_ladder_is_put_and_shown_as_it_was_written(wired: Wiring) -> None:
    skus = [{**APPLES, "tier_prices_fen": [1500, 999]}]
    for event in (MERCHANT, PRODUCT):
        does(event)

    put = does({**CAMPAIGN, "size": 3, "rules": {"tiers": LADDER}, "skus": skus})
    shown = does({"command": "get_campaign", "campaign_id": "autumn"})

    assert shown["revision"] == put["revision"]
    assert shown["rules"] == {**RULES_LEFT_OUT, "tiers": LADDER}
    assert shown["skus"][0]["tier_prices_fen"] == [1500, 999]


@pytest.mark.parametrize("command", ["pause_campaign", "end_campaign", "get_campaign"])
def test_an_unknown_campaign_is_not_found(wired: Wiring, command: str) -> None:
    error = refused({"command": command, "campaign_id": "nothing"})

    assert error == {"code": "not_found", "detail": "There is no campaign nothing."}
