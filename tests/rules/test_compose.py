"""What each order of a complete group gets when rules are combined: all rules with all others."""

from collections.abc import Mapping
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.rules.compose import hangs_on_all, shares
from chalicelib.rules.draw import gets_goods
from chalicelib.rules.model import (
    AllotmentRule,
    CrowdRule,
    CustomField,
    DrawRule,
    LeaderRule,
    Rules,
    Who,
)
from chalicelib.rules.newcomers import must_be_new
from chalicelib.rules.party import Entrant, Grant, Share, Why
from chalicelib.rules.short import honours_from, least_payers
from tests.rules.words import OfferedSku, Played, entrant, party, played, tiers

STEPS = tiers((1, 1500), (2, 1200), (3, 900))
GATE = ("gate",)
PEARS = OfferedSku("pears-3", 2500, (2500, 2400, 1000))

TIERS: dict[str, Any] = {"no ladder": (), "ladder": STEPS}
WINNERS: dict[str, set[str] | None] = {
    "no draw": None,
    "leader wins": {"ord_0"},
    "others win": {"ord_1", "ord_2"},
    "nobody wins": set(),
}
LEADERS = {
    "nothing": LeaderRule(),
    "free": LeaderRule(free=True),
    "bonus": LeaderRule(bonus_fen=301),
    "share": LeaderRule(bonus_bp=1000),
    "free and bonus": LeaderRule(free=True, bonus_fen=301),
    "free and share": LeaderRule(free=True, bonus_bp=1000),
}
WITHOUT_A_SAY: dict[str, dict[str, Any]] = {
    "defaults": {},
    "newcomers": {"who": "newcomers"},
    "honoured": {"when_short": "honour", "minimum_payers": 2},
    "leaving": {"leave_allowed": True},
    "products": {"cross_product": True},
    "set aside": {"allotment": AllotmentRule()},
    "to order": {"custom_fields": (CustomField(name="engraving"),)},
}
"""Rules that have had their say before a group is complete."""

ONE_APPLE, TWO_APPLES = entrant(0), entrant(1, quantity=2)
A_PEAR = entrant(2, sku_id="pears-3", unit_price_fen=2500)
THREE = [ONE_APPLE, TWO_APPLES, A_PEAR]


def given_back(ladder: str, leader: LeaderRule, order_id: str) -> tuple[Grant, ...]:
    """What those who get goods get back, of three heads."""
    difference_fen = {"ord_0": 600, "ord_1": 1200, "ord_2": 1500}[order_id]
    rest_fen = 1500 - (difference_fen if ladder == "ladder" else 0)
    grants = [Grant(Why.LADDER, difference_fen)] if ladder == "ladder" else []
    if leader.free and order_id == "ord_0":
        grants.append(Grant(Why.LEADER_FREE, rest_fen))
    return tuple(grants)


def price_cut_fen(ladder: str, leader: LeaderRule, order_id: str) -> int:
    """What goes back of it by the ladder."""
    grants = given_back(ladder, leader, order_id)
    return sum(grant.amount_fen for grant in grants if grant.why is Why.LADDER)


def earned_fen(ladder: str, leader: LeaderRule, winning: set[str]) -> Mapping[str, int]:
    """What the leader earns on the others' orders."""
    earning = sorted(winning - {"ord_0"})
    if leader.bonus_fen is not None:
        return dict(zip(earning, {1: [301], 2: [150, 151]}.get(len(earning), []), strict=True))
    goods_fen = {"ord_1": 3000, "ord_2": 2500}
    if ladder == "ladder":
        goods_fen = {"ord_1": 1800, "ord_2": 1000}
    return {order_id: goods_fen[order_id] // 10 if leader.bonus_bp else 0 for order_id in earning}


@pytest.mark.parametrize(
    ("ladder", "drawn", "led", "besides"),
    list(product(TIERS, WINNERS, LEADERS, WITHOUT_A_SAY)),
)
def test_every_combination_of_rules_gives_each_what_each_rule_alone_would(
    ladder: str, drawn: str, led: str, besides: str
) -> None:
    leader, winners = LEADERS[led], WINNERS[drawn]
    skus = (OfferedSku(), PEARS if ladder == "ladder" else OfferedSku("pears-3", 2500))
    rules = {"tiers": TIERS[ladder], "leader": leader, **WITHOUT_A_SAY[besides]}
    terms = played(*skus, size=3, draw=None if winners is None else DrawRule(winners=1), **rules)

    winning = {"ord_0", "ord_1", "ord_2"} if winners is None else winners
    earned = earned_fen(ladder, leader, winning)
    assert shares(terms, THREE, winners) == {
        one.order_id: Share(
            grants=given_back(ladder, leader, one.order_id),
            price_cut_fen=price_cut_fen(ladder, leader, one.order_id),
            bonus_fen=earned.get(one.order_id, 0),
            carries_others=ladder == "ladder"
            or (leader.free and "ord_0" in winning and one.order_id != "ord_0"),
        )
        if one.order_id in winning
        else Share(gets_goods=False)
        for one in THREE
    }


def test_nobody_comes_to_an_empty_group() -> None:
    assert shares(played(tiers=STEPS, leader=LeaderRule(free=True, bonus_fen=9)), []) == {}


def test_those_who_lost_the_draw_count_as_heads() -> None:
    given_shares = shares(played(tiers=STEPS), party(3), winners={"ord_1"})

    assert given_shares["ord_1"].price_cut_fen == 600


def test_those_who_are_missing_count_as_heads() -> None:
    given_shares = shares(played(tiers=STEPS), party(3)[:2], headcount=3)

    assert [share.price_cut_fen for share in given_shares.values()] == [600, 600]


def test_a_leader_who_is_missing_may_be_free_and_others_only_are_what_they_are() -> None:
    terms = played(size=3)
    without_leader = shares(terms, party(3)[1:], headcount=3)
    without_joiner = shares(terms, party(3)[:2], headcount=3)
    left_before = shares(terms, party(4)[1:])

    assert [share.carries_others for share in without_leader.values()] == [True, True]
    assert [share.carries_others for share in without_joiner.values()] == [False, False]
    assert [share.carries_others for share in left_before.values()] == [False] * 3


def test_who_joined_a_leader_with_a_voucher_carries_them() -> None:
    leader = entrant(0, left_fen=0, has_voucher=True)

    given_shares = shares(played(size=2), [leader, entrant(1)])

    assert [share.carries_others for share in given_shares.values()] == [False, True]


def test_a_draw_and_a_bonus_hang_on_all_and_what_counts_heads_does_not() -> None:
    hanging = [Rules(draw=DrawRule(winners=1)), Rules(leader=LeaderRule(bonus_fen=1))]
    hanging.append(Rules(leader=LeaderRule(bonus_bp=1)))
    counting = [Rules(), Rules(tiers=STEPS), Rules(leader=LeaderRule(free=True))]

    hanging.append(Rules(leader=LeaderRule(bonus_fen=1), stations=GATE))
    counting.append(Rules(leader=LeaderRule(bonus_bp=1), stations=GATE))

    assert [hangs_on_all(rules) for rules in hanging] == [True] * 4
    assert [hangs_on_all(rules) for rules in counting] == [False] * 4


@pytest.mark.parametrize(
    ("leader", "bonuses_fen"),
    [
        (LeaderRule(bonus_bp=1000), [150, 300, 250]),
        (LeaderRule(bonus_fen=301), [100, 100, 101]),
        (LeaderRule(), [0, 0, 0]),
    ],
)
def test_at_a_station_every_order_earns_whoever_opened_the_group(
    leader: LeaderRule, bonuses_fen: list[int]
) -> None:
    terms = played(OfferedSku(), PEARS, size=3, stations=GATE, leader=leader)

    given_shares = shares(terms, THREE)

    assert [share.bonus_fen for share in given_shares.values()] == bonuses_fen


def test_nothing_is_earned_at_a_station_on_what_a_voucher_paid_for() -> None:
    with_voucher = entrant(0, left_fen=0, has_voucher=True)
    terms = played(size=3, stations=GATE, leader=LeaderRule(bonus_fen=301))

    given_shares = shares(terms, [with_voucher, *party(3)[1:]])

    assert [share.bonus_fen for share in given_shares.values()] == [0, 150, 151]


def test_a_page_of_a_crowd_gets_what_all_of_it_have_reached() -> None:
    rules: dict[str, Any] = {"leader": LeaderRule(bonus_bp=1000), "stations": GATE}
    terms = played(tiers=STEPS, crowd=CrowdRule(threshold=9), **rules)

    of_page = shares(terms, party(3)[1:], headcount=4000)

    cut = Share(
        grants=(Grant(Why.LADDER, 600),), price_cut_fen=600, bonus_fen=90, carries_others=True
    )
    assert of_page == {"ord_1": cut, "ord_2": cut}


@pytest.mark.parametrize("of_many", [{"crowd": CrowdRule(threshold=9)}, {"cutoff": "22:00"}])
def test_nobody_on_a_page_of_a_crowd_carries_a_leader(of_many: dict[str, Any]) -> None:
    of_page = shares(played(**of_many), party(3)[1:], headcount=4000)

    assert of_page == {"ord_1": Share(), "ord_2": Share()}


def test_a_crowd_honoured_below_its_first_tier_gives_nothing_back() -> None:
    honour: dict[str, Any] = {"when_short": "honour", "minimum_payers": 2}
    terms = played(tiers=tiers((5, 1500), (9, 900)), crowd=CrowdRule(threshold=5), **honour)

    assert [shares(terms, party(2), headcount=heads)["ord_1"] for heads in (2, 4, 5, 8)] == [
        Share()
    ] * 4
    assert shares(terms, party(2), headcount=9)["ord_1"].price_cut_fen == 600


def test_what_is_given_back_never_exceeds_what_is_left() -> None:
    terms = played(tiers=STEPS, leader=LeaderRule(free=True))
    lefts = [700, 600, 599, 0]

    given_shares = shares(terms, [entrant(n, left_fen=left) for n, left in enumerate(lefts)])

    assert [given_shares[f"ord_{n}"].grants for n in range(4)] == [
        (Grant(Why.LADDER, 600), Grant(Why.LEADER_FREE, 100)),
        (Grant(Why.LADDER, 600),),
        (Grant(Why.LADDER, 599),),
        (),
    ]


def test_freight_comes_back_to_a_free_leader_and_to_nobody_by_the_ladder() -> None:
    terms = played(tiers=STEPS, leader=LeaderRule(free=True))
    with_freight = [entrant(n, left_fen=1500 + 800) for n in range(2)]

    given_shares = shares(terms, with_freight)

    assert (given_shares["ord_0"].price_cut_fen, given_shares["ord_0"].marketing_fen) == (300, 2000)
    assert (given_shares["ord_1"].price_cut_fen, given_shares["ord_1"].marketing_fen) == (300, 0)


ENTRANTS = st.lists(
    st.tuples(st.sampled_from(["apples-5", "pears-3"]), st.integers(1, 9), st.integers(0, 30_000)),
    min_size=1,
    max_size=12,
).map(
    lambda given_rows: [
        entrant(
            number,
            sku_id=sku_id,
            quantity=quantity,
            unit_price_fen=1500 if sku_id == "apples-5" else 2500,
            left_fen=left_fen,
        )
        for number, (sku_id, quantity, left_fen) in enumerate(given_rows)
    ]
)
PLAYED = st.builds(
    lambda steps, leader: played(OfferedSku(), PEARS, size=12, tiers=steps, leader=leader),
    st.sampled_from([STEPS, tiers((2, 1500), (5, 1200), (12, 900))]),
    st.sampled_from(list(LEADERS.values())),
)


@given(PLAYED, ENTRANTS, st.sets(st.integers(0, 11)) | st.none())
def test_grants_add_up_to_no_more_than_is_left_and_losers_are_granted_nothing(
    terms: Played, entrants: list[Entrant], drawn: set[int] | None
) -> None:
    winners = None if drawn is None else {f"ord_{number}" for number in drawn}

    given_shares = shares(terms, entrants, winners)

    assert list(given_shares) == [one.order_id for one in entrants]
    for one in entrants:
        share = given_shares[one.order_id]
        assert share.gets_goods == gets_goods(one, winners)
        assert all(grant.amount_fen > 0 for grant in share.grants)
        assert share.price_cut_fen + share.marketing_fen <= one.left_fen
        assert sum(grant.amount_fen for grant in share.grants) == (
            share.price_cut_fen + share.marketing_fen
        )
        assert share.gets_goods or share == Share(gets_goods=False)


@given(PLAYED, ENTRANTS)
def test_one_more_head_never_takes_a_price_cut_from_anybody(
    terms: Played, entrants: list[Entrant]
) -> None:
    before = shares(terms, entrants)
    after = shares(terms, [*entrants, entrant(len(entrants))])

    for one in entrants:
        assert after[one.order_id].price_cut_fen >= before[one.order_id].price_cut_fen


# What is decided before a group is complete


def test_a_group_that_runs_out_of_time_needs_as_many_payers_as_its_rules_say() -> None:
    honour: dict[str, Any] = {"when_short": "honour"}
    ladder: dict[str, Any] = {"tiers": tiers((3, 1500), (5, 1200))}
    needed = {
        5: played(),
        1: played(**honour),
        2: played(minimum_payers=2, **honour),
        3: played(**ladder),
    }
    both = [
        (1, played(**honour, **ladder)),
        (2, played(minimum_payers=2, **honour, **ladder)),
        (3, played(minimum_payers=3, **honour, **ladder)),
    ]

    crowded = [
        (3, played(crowd=CrowdRule(threshold=3), tiers=tiers((2, 1500)))),
        (1, played(crowd=CrowdRule(threshold=3), **honour)),
        (2, played(crowd=CrowdRule(threshold=3), minimum_payers=2, **honour)),
        (3, played(crowd=CrowdRule(threshold=3), cutoff="22:00")),
        (1, played(cutoff="22:00")),
        (2, played(cutoff="22:00", minimum_payers=2)),
        (2, played(cutoff="22:00", minimum_payers=2, **honour)),
    ]

    for least, terms in [*needed.items(), *both, *crowded]:
        assert least_payers(terms) == least
    assert honours_from(Rules()) is None


@pytest.mark.parametrize("who", Who)
@pytest.mark.parametrize("is_leader", [True, False])
def test_only_who_joins_a_group_for_newcomers_must_be_new(who: Who, is_leader: bool) -> None:
    expected = who is Who.NEWCOMERS and not is_leader
    assert must_be_new(Rules(who=who), is_leader=is_leader) is expected


def test_everyone_gets_goods_unless_something_was_drawn() -> None:
    assert gets_goods(entrant(1), None)
    assert gets_goods(entrant(1), ["ord_1"])
    assert not gets_goods(entrant(1), ["ord_2"])
    assert not gets_goods(entrant(1), [])
