"""Rules that do not go together are named in a sentence each; those that do are let through."""

from typing import Any

import pytest
from pydantic import ValidationError

from chalicelib.catalog.model import Campaign
from chalicelib.rules.compose import contradictions
from chalicelib.rules.cross_product import contradictions as of_several_products
from chalicelib.rules.model import (
    AllotmentRule,
    CrowdRule,
    CustomField,
    DrawRule,
    DrawScope,
    LeaderRule,
    Rules,
)
from tests.goods import RULES_LEFT_OUT
from tests.rules.words import OfferedSku, Played, played, tiers

HONOUR: dict[str, Any] = {"when_short": "honour"}
STEPS = tiers((2, 1500), (5, 1200))
ONE_TO_WIN = DrawRule(winners=1)
FREE = LeaderRule(free=True)

MINIMUM_WITHOUT_HONOUR = "minimum_payers only means something with when_short: honour"
BONUS_TWICE = "leader: bonus_fen and bonus_bp are two ways to say one thing; give one of them"
FREE_ALONE = (
    "leader.free gives the goods away to whoever opens a group that completes with its leader"
    " alone; set minimum_payers, or the first tier's headcount, to 2 or more"
)


def nobody_loses(winners: int, least: int) -> str:
    return f"draw.winners of {winners} leaves nobody to lose in a group that completes with {least}"


def too_much(bonus_fen: int, others_pay_fen: int) -> str:
    return (
        f"leader.bonus_fen of {bonus_fen} is more than the others pay in the smallest group that"
        f" completes, {others_pay_fen}"
    )


def not_first(sku_id: str, group_price_fen: int, first_fen: int) -> str:
    return (
        f"SKU {sku_id}: group_price_fen of {group_price_fen} is not the first tier's price,"
        f" {first_fen}, which everybody pays; give the SKU tier_prices_fen of its own if it costs"
        " something else"
    )


CROWD: dict[str, Any] = {"crowd": CrowdRule(threshold=3)}
ROUND: dict[str, Any] = {"cutoff": "22:00"}
A_CROWD, A_ROUND = "a crowd", "a round that ends at a cut-off"
COUNTS_ORDERS = (
    "tiers: a round that ends at a cut-off counts orders, of which one member may place several;"
    " leave cutoff out for a ladder"
)
GATE = ("gate",)
ENGRAVED = CustomField(name="engraving")


def no_list(named: str) -> str:
    return f"draw: {named} keeps no list to draw from; draw in groups that have a size instead"


def nobody_free(named: str) -> str:
    return f"leader.free: nobody leads {named}, so nobody's goods can be free"


def no_sum(named: str) -> str:
    return (
        f"leader.bonus_fen: nobody leads {named}, and no one sum is spread over it; with stations,"
        " give leader.bonus_bp"
    )


def no_share(named: str) -> str:
    return (
        f"leader.bonus_bp: nobody leads {named}; name stations, whose leaders earn it, or leave it"
        " out"
    )


def begins_late(named: str, enough: int, begins: int) -> str:
    return (
        f"tiers: {named} completes with {enough}, and everybody pays the first tier's price, which"
        f" is said to begin with {begins}; begin the tiers at {enough} or below"
    )


STATION_FREE = (
    "leader.free: with stations the leader is whoever looks after the station, and need not buy;"
    " give leader.bonus_bp instead"
)
DRAWN_TO_ORDER = "draw: what is made to order is made for everyone; leave out draw or custom_fields"
NO_UNITS = "SKU apples-5: the rule allotment needs its allotted_units"
UNITS_ALONE = "SKU apples-5: allotted_units only mean something with the rule allotment"

AGAINST_EACH_OTHER: list[tuple[Played, list[str]]] = [
    (played(minimum_payers=2), [MINIMUM_WITHOUT_HONOUR]),
    (played(minimum_payers=6, **HONOUR), ["minimum_payers of 6 is more than size, 5"]),
    (
        played(minimum_payers=3, tiers=STEPS, **HONOUR),
        ["minimum_payers of 3 is more than the first tier's headcount, 2"],
    ),
    (
        played(minimum_payers=6, tiers=STEPS),
        [
            MINIMUM_WITHOUT_HONOUR,
            "minimum_payers of 6 is more than size, 5",
            "minimum_payers of 6 is more than the first tier's headcount, 2",
        ],
    ),
    (
        played(tiers=tiers((2, 1500), (5, 1500))),
        ["tiers: 1500 fen from 5 heads on is no better than 1500 fen from 2"],
    ),
    (
        played(tiers=tiers((2, 1500), (5, 1600))),
        ["tiers: 1600 fen from 5 heads on is no better than 1500 fen from 2"],
    ),
    (
        played(tiers=tiers((3, 1500), (3, 1200))),
        ["tiers: 1200 fen from 3 heads on is no better than 1500 fen from 3"],
    ),
    (
        played(tiers=tiers((4, 1500), (3, 1200), (5, 1300))),
        [
            "tiers: 1200 fen from 3 heads on is no better than 1500 fen from 4",
            "tiers: 1300 fen from 5 heads on is no better than 1200 fen from 3",
        ],
    ),
    (
        played(tiers=tiers((2, 1500), (6, 1200))),
        ["tiers: 6 heads never come to a group of size 5"],
    ),
    (played(OfferedSku("a", 1600), tiers=STEPS), [not_first("a", 1600, 1500)]),
    (
        played(OfferedSku("a", 1500), OfferedSku("b", 1499), tiers=STEPS),
        [not_first("b", 1499, 1500)],
    ),
    (
        played(OfferedSku("a", 2500, (2500, 2400, 2300)), tiers=STEPS),
        ["SKU a: 3 tier_prices_fen for 2 tiers"],
    ),
    (played(OfferedSku("a", 1500, (1500,))), ["SKU a: 1 tier_prices_fen for 0 tiers"]),
    (
        played(OfferedSku("a", 2600, (2500, 2400)), tiers=STEPS),
        ["SKU a: group_price_fen of 2600 is not the first of its tier_prices_fen, 2500"],
    ),
    (
        played(OfferedSku("a", 2500, (2500, 2500)), tiers=STEPS),
        ["SKU a: each of tier_prices_fen must be below the one before"],
    ),
    (
        played(OfferedSku("a", 9, (2500, 2600, 1)), OfferedSku("b", 7), tiers=STEPS),
        [
            "SKU a: 3 tier_prices_fen for 2 tiers",
            "SKU a: group_price_fen of 9 is not the first of its tier_prices_fen, 2500",
            "SKU a: each of tier_prices_fen must be below the one before",
            not_first("b", 7, 1500),
        ],
    ),
    (played(draw=DrawRule(winners=5)), [nobody_loses(5, 5)]),
    (played(draw=DrawRule(winners=9)), [nobody_loses(9, 5)]),
    (played(draw=ONE_TO_WIN, **HONOUR), [nobody_loses(1, 1)]),
    (played(draw=DrawRule(winners=3), minimum_payers=3, **HONOUR), [nobody_loses(3, 3)]),
    (played(draw=DrawRule(winners=2), tiers=STEPS), [nobody_loses(2, 2)]),
    (played(leader=LeaderRule(bonus_fen=100, bonus_bp=100)), [BONUS_TWICE]),
    (played(leader=LeaderRule(bonus_fen=6001)), [too_much(6001, 6000)]),
    (
        played(OfferedSku("a", 1500), OfferedSku("b", 200), leader=LeaderRule(bonus_fen=801)),
        [too_much(801, 800)],
    ),
    (played(tiers=STEPS, leader=LeaderRule(bonus_fen=1201)), [too_much(1201, 1200)]),
    (
        played(OfferedSku("a", 1500, (1500, 700)), tiers=STEPS, leader=LeaderRule(bonus_fen=701)),
        [too_much(701, 700)],
    ),
    (
        played(minimum_payers=3, leader=LeaderRule(bonus_fen=3001), **HONOUR),
        [too_much(3001, 3000)],
    ),
    (played(leader=LeaderRule(bonus_fen=1501), **HONOUR), [too_much(1501, 1500)]),
    (played(leader=FREE, **HONOUR), [FREE_ALONE]),
    (played(leader=FREE, tiers=tiers((1, 1500), (5, 1200))), [FREE_ALONE]),
    (
        played(
            OfferedSku("a", 1, (2, 2)),
            size=4,
            minimum_payers=6,
            tiers=tiers((1, 1500), (5, 1500)),
            draw=DrawRule(winners=4),
            leader=LeaderRule(free=True, bonus_fen=1, bonus_bp=1),
        ),
        [
            MINIMUM_WITHOUT_HONOUR,
            "minimum_payers of 6 is more than size, 4",
            "minimum_payers of 6 is more than the first tier's headcount, 1",
            "tiers: 1500 fen from 5 heads on is no better than 1500 fen from 1",
            "tiers: 5 heads never come to a group of size 4",
            "SKU a: group_price_fen of 1 is not the first of its tier_prices_fen, 2",
            "SKU a: each of tier_prices_fen must be below the one before",
            nobody_loses(4, 1),
            BONUS_TWICE,
            FREE_ALONE,
        ],
    ),
]


OF_MANY: list[tuple[Played, list[str]]] = [
    (played(size=101), ["size of 101 is above 100; so many take the rule crowd"]),
    (played(draw=ONE_TO_WIN, **CROWD), [no_list(A_CROWD)]),
    (played(draw=DrawRule(winners=1, scope=DrawScope.CAMPAIGN), **ROUND), [no_list(A_ROUND)]),
    (played(leader=FREE, **CROWD), [nobody_free(A_CROWD)]),
    (played(leader=FREE, **ROUND), [nobody_free(A_ROUND)]),
    (played(leader=FREE, stations=GATE, **ROUND), [nobody_free(A_ROUND)]),
    (played(leader=LeaderRule(bonus_fen=1), **CROWD), [no_sum(A_CROWD)]),
    (played(leader=LeaderRule(bonus_fen=9999), stations=GATE, **ROUND), [no_sum(A_ROUND)]),
    (played(leader=LeaderRule(bonus_bp=1), **CROWD), [no_share(A_CROWD)]),
    (played(leader=LeaderRule(bonus_bp=1), **ROUND), [no_share(A_ROUND)]),
    (
        played(leader=LeaderRule(free=True, bonus_fen=1, bonus_bp=1), **CROWD),
        [BONUS_TWICE, nobody_free(A_CROWD), no_sum(A_CROWD), no_share(A_CROWD)],
    ),
    (played(minimum_payers=2, **CROWD), [MINIMUM_WITHOUT_HONOUR]),
    (played(minimum_payers=2, **CROWD, **ROUND), [MINIMUM_WITHOUT_HONOUR]),
    (
        played(minimum_payers=4, **CROWD, **HONOUR),
        ["minimum_payers of 4 is more than crowd.threshold, 3"],
    ),
    (played(tiers=tiers((4, 1500)), **CROWD), [begins_late(A_CROWD, 3, 4)]),
    (played(tiers=STEPS, **ROUND), [COUNTS_ORDERS]),
    (played(tiers=STEPS, **CROWD, **ROUND), [COUNTS_ORDERS]),
    (
        played(stations=("gate", "pool", "gate", "pool", "lake")),
        [
            "stations: gate stands there twice",
            "stations: pool stands there twice",
        ],
    ),
    (played(leader=FREE, stations=GATE), [STATION_FREE]),
    (played(allotment=AllotmentRule()), [NO_UNITS]),
    (played(OfferedSku(allotted_units=5)), [UNITS_ALONE]),
    (
        played(OfferedSku(allotted_units=5), OfferedSku("b"), allotment=AllotmentRule()),
        ["SKU b: the rule allotment needs its allotted_units"],
    ),
    (played(custom_fields=(ENGRAVED, ENGRAVED)), ["custom_fields: engraving stands there twice"]),
    (played(custom_fields=(ENGRAVED,), draw=ONE_TO_WIN), [DRAWN_TO_ORDER]),
    (
        played(
            OfferedSku(allotted_units=5),
            tiers=tiers((4, 1500)),
            minimum_payers=4,
            draw=ONE_TO_WIN,
            leader=FREE,
            stations=("gate", "gate"),
            custom_fields=(ENGRAVED, ENGRAVED),
            **CROWD,
        ),
        [
            MINIMUM_WITHOUT_HONOUR,
            no_list(A_CROWD),
            nobody_free(A_CROWD),
            "minimum_payers of 4 is more than crowd.threshold, 3",
            begins_late(A_CROWD, 3, 4),
            UNITS_ALONE,
            "stations: gate stands there twice",
            "custom_fields: engraving stands there twice",
            DRAWN_TO_ORDER,
        ],
    ),
]


@pytest.mark.parametrize(("terms", "sentences"), [*AGAINST_EACH_OTHER, *OF_MANY])
def test_what_does_not_go_together_is_said_in_so_many_words(
    terms: Played, sentences: list[str]
) -> None:
    assert contradictions(terms) == sentences


def test_several_products_take_the_rule_that_allows_them() -> None:
    both = {"pears", "apples"}

    assert list(of_several_products(Rules(), both)) == [
        "the SKUs are of several products (apples, pears); that takes the rule cross_product"
    ]
    assert list(of_several_products(Rules(cross_product=True), both)) == []
    assert list(of_several_products(Rules(), {"apples"})) == []
    assert list(of_several_products(Rules(cross_product=True), {"apples"})) == []


TWO_TIERS = [{"headcount": 2, "price_fen": 1500}, {"headcount": 5, "price_fen": 1200}]
OWN_PRICES = {"sku_id": "pears-3", "group_price_fen": 2500, "tier_prices_fen": [2500, 1000]}
MANY_TIERS = [{"headcount": n, "price_fen": 1500 - n} for n in range(1, 6)]
AT_FIRST_OF_MANY = [{"sku_id": "apples-5", "group_price_fen": 1499}]

ALLOTTED = [{"sku_id": "apples-5", "group_price_fen": 1500, "allotted_units": 1}]
FILLED_IN = [
    {"name": "engraving", "label": "刻字", "max_length": 100, "required": False},
    {"name": "colour", "options": ["红", "light blue"]},
]

SOUND: list[dict[str, Any]] = [
    {},
    {"rules": {}},
    {"rules": {"who": "newcomers"}},
    {"rules": {"leave_allowed": True}},
    {"rules": {"cross_product": True}},
    {"rules": HONOUR},
    {"rules": {**HONOUR, "minimum_payers": 1}},
    {"rules": {**HONOUR, "minimum_payers": 5}},
    {"rules": {**HONOUR, "minimum_payers": 2, "leave_allowed": True, "who": "newcomers"}},
    {"rules": {"tiers": TWO_TIERS}},
    {"rules": {"tiers": TWO_TIERS[:1]}},
    {"rules": {"tiers": TWO_TIERS}, "size": 100},
    {"rules": {"tiers": MANY_TIERS}, "skus": AT_FIRST_OF_MANY},
    {"rules": {"tiers": TWO_TIERS, **HONOUR}},
    {"rules": {"tiers": TWO_TIERS, **HONOUR, "minimum_payers": 1}},
    {"rules": {"tiers": TWO_TIERS, **HONOUR, "minimum_payers": 2}},
    {"rules": {"tiers": TWO_TIERS, "leave_allowed": True, "who": "newcomers"}},
    {"rules": {"tiers": TWO_TIERS, "cross_product": True}, "skus": [OWN_PRICES]},
    {
        "rules": {"tiers": TWO_TIERS, "cross_product": True},
        "skus": [OWN_PRICES, {"sku_id": "apples-5", "group_price_fen": 1500}],
    },
    {"rules": {"draw": {"winners": 4}}},
    {"rules": {"draw": {"winners": 1, "scope": "group"}, **HONOUR, "minimum_payers": 2}},
    {"rules": {"draw": {"winners": 1}, "tiers": TWO_TIERS}},
    {"rules": {"draw": {"winners": 1000, "scope": "campaign"}}},
    {"rules": {"draw": {"winners": 5, "scope": "campaign"}, **HONOUR}},
    {"rules": {"draw": {"winners": 1, "scope": "campaign"}, "tiers": TWO_TIERS}},
    {"rules": {"leader": {"free": True}}},
    {"rules": {"leader": {"bonus_fen": 1}}},
    {"rules": {"leader": {"bonus_fen": 6000}}},
    {"rules": {"leader": {"bonus_fen": 1200}, "tiers": TWO_TIERS}},
    {"rules": {"leader": {"bonus_fen": 3000}, **HONOUR, "minimum_payers": 3}},
    {"rules": {"leader": {"bonus_fen": 1500}, **HONOUR}},
    {"rules": {"leader": {"bonus_bp": 10_000}}},
    {"rules": {"leader": {"free": True, "bonus_fen": 500}, "tiers": TWO_TIERS}},
    {"rules": {"leader": {"free": True, "bonus_bp": 500}, "draw": {"winners": 1}}},
    {"rules": {"leader": {"bonus_bp": 500}, **HONOUR}},
    {"rules": {}, "size": 100},
    {"rules": {"crowd": {"threshold": 1}}, "size": 1_000_000},
    {"rules": {"crowd": {"threshold": 1_000_000, "shards": 64}, "who": "newcomers"}},
    {"rules": {"crowd": {"threshold": 2}, "tiers": TWO_TIERS, "leave_allowed": True}},
    {"rules": {"crowd": {"threshold": 5}, "tiers": TWO_TIERS, **HONOUR}},
    {"rules": {"crowd": {"threshold": 5}, **HONOUR, "minimum_payers": 5}},
    {"rules": {"crowd": {"threshold": 5}, "cutoff": "00:00"}},
    {"rules": {"cutoff": "23:59"}},
    {"rules": {"stations": ["gate", "pool"]}},
    {"rules": {"stations": ["gate"], "leader": {"bonus_fen": 500}}},
    {"rules": {"stations": ["gate"], "leader": {"bonus_bp": 500}, "draw": {"winners": 1}}},
    {"rules": {"stations": ["gate"], "leader": {"bonus_bp": 500}, "cutoff": "22:00"}},
    {"rules": {"stations": ["gate"], "leader": {"bonus_bp": 500}, "crowd": {"threshold": 9}}},
    {"rules": {"allotment": {}}, "skus": ALLOTTED},
    {"rules": {"allotment": {"shards": 24}, "draw": {"winners": 1}}, "skus": ALLOTTED},
    {"rules": {"allotment": {}, "crowd": {"threshold": 9}}, "skus": ALLOTTED},
    {"rules": {"allotment": {}, "cutoff": "22:00", "custom_fields": FILLED_IN}, "skus": ALLOTTED},
    {"rules": {"custom_fields": FILLED_IN, "leader": {"free": True, "bonus_bp": 500}}},
    {"rules": {"custom_fields": FILLED_IN, "crowd": {"threshold": 9}, "stations": ["gate"]}},
    {
        "rules": {
            "who": "newcomers",
            **HONOUR,
            "minimum_payers": 2,
            "leave_allowed": True,
            "tiers": TWO_TIERS,
            "draw": {"winners": 1},
            "leader": {"free": True, "bonus_bp": 500},
            "cross_product": True,
        },
        "skus": [OWN_PRICES, {"sku_id": "apples-5", "group_price_fen": 1500}],
    },
]


def written(**changes: Any) -> Campaign:
    """A campaign of five on `apples-5` at 15 yuan, as an operator writes it."""
    return Campaign.model_validate_json(
        Campaign.model_validate(
            {
                "campaign_id": "autumn",
                "title": "秋季拼团",
                "size": 5,
                "duration_seconds": 600,
                "starts_at": "2026-11-22T11:00:00Z",
                "ends_at": "2026-11-22T13:00:00Z",
                "skus": [{"sku_id": "apples-5", "group_price_fen": 1500}],
                **changes,
            }
        ).model_dump_json()
    )


@pytest.mark.parametrize("changes", SOUND)
def test_what_goes_together_is_let_through(changes: dict[str, Any]) -> None:
    campaign = written(**changes)

    assert contradictions(campaign) == []
    assert campaign.rules == Rules.model_validate(changes.get("rules", {}))


def test_all_that_is_wrong_with_a_campaign_is_told_at_once() -> None:
    wrong = {"minimum_payers": 6, "draw": {"winners": 5}, "leader": {"bonus_fen": 1, "bonus_bp": 1}}

    with pytest.raises(ValidationError) as refused:
        written(rules=wrong)

    (error,) = refused.value.errors()
    sentences = [
        MINIMUM_WITHOUT_HONOUR,
        "minimum_payers of 6 is more than size, 5",
        nobody_loses(5, 5),
        BONUS_TWICE,
    ]
    assert error["msg"] == f"Value error, {'; '.join(sentences)}"


@pytest.mark.parametrize(
    "rules",
    [
        {"who": "nobody"},
        {"when_short": "sometimes"},
        {"minimum_payers": 0},
        {"minimum_payers": 1_000_001},
        {"minimum_payers": 2.0},
        {"minimum_payers": True},
        {"tiers": [{"headcount": 0, "price_fen": 1}]},
        {"tiers": [{"headcount": 1_000_001, "price_fen": 1}]},
        {"tiers": [{"headcount": 1, "price_fen": 0}]},
        {"tiers": [{"headcount": 1}]},
        {"tiers": [{"headcount": 1, "price_fen": 1, "percent": 5}]},
        {"tiers": [{"headcount": n, "price_fen": 100 - n} for n in range(1, 12)]},
        {"draw": {}},
        {"draw": {"winners": 0}},
        {"draw": {"winners": 1001}},
        {"draw": {"winners": 1, "scope": "world"}},
        {"draw": {"winners": 1, "seed": "mine"}},
        {"leader": {"bonus_fen": 0}},
        {"leader": {"bonus_bp": 0}},
        {"leader": {"bonus_bp": 10_001}},
        {"leader": {"gift": "pears"}},
        {"crowd": {}},
        {"crowd": {"threshold": 0}},
        {"crowd": {"threshold": 1_000_001}},
        {"crowd": {"threshold": 9, "shards": 0}},
        {"crowd": {"threshold": 9, "shards": 65}},
        {"allotment": {"shards": 0}},
        {"allotment": {"shards": 25}},
        {"allotment": {"units": 5}},
        {"stations": ["the gate"]},
        {"stations": [f"station-{number}" for number in range(201)]},
        {"cutoff": "24:00"},
        {"cutoff": "9:30"},
        {"cutoff": "22:00:00"},
        {"custom_fields": [{"name": "Engraving"}]},
        {"custom_fields": [{"label": "刻字"}]},
        {"custom_fields": [{"name": "engraving", "max_length": 101}]},
        {"custom_fields": [{"name": "engraving", "price_fen": 1}]},
        {"custom_fields": [{"name": f"field_{number}"} for number in range(11)]},
        {"custom_fields": [{"name": "colour", "options": ["red", "blue "]}]},
        {"custom_fields": [{"name": "colour", "options": ["light\tblue"]}]},
        {"custom_fields": [{"name": "colour", "options": [""]}]},
        {"custom_fields": [{"name": "colour", "options": ["x" * 101]}]},
        {"custom_fields": [{"name": "size", "options": [str(n) for n in range(31)]}]},
    ],
)
def test_a_rule_out_of_bounds_or_unknown_cannot_be_written(rules: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Rules.model_validate(rules)


def test_rules_that_are_left_out_ask_for_nothing() -> None:
    assert Rules().model_dump(mode="json") == RULES_LEFT_OUT
    assert DrawRule(winners=1).scope is DrawScope.GROUP
