"""What the leader of a group gets by its rules, worked out without a database."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from chalicelib.catalog.model import Campaign
from chalicelib.catalog.settings import WHOLE_BP
from chalicelib.rules.compose import shares
from chalicelib.rules.leader import bonuses_fen, is_too_much_to_be_free
from chalicelib.rules.model import LeaderRule, Rules, Tier, WhenShort
from chalicelib.rules.party import Entrant, Grant, Share, Why
from tests.goods import campaign

PRICE_FEN = 1500


def entrant(number: int, *, price_fen: int = PRICE_FEN, left_fen: int | None = None) -> Entrant:
    """Number 0 leads."""
    return Entrant(
        order_id=f"ord_{number}",
        is_leader=number == 0,
        sku_id="apples-5",
        quantity=1,
        unit_price_fen=price_fen,
        left_fen=price_fen if left_fen is None else left_fen,
    )


def party(heads: int) -> Sequence[Entrant]:
    return [entrant(number) for number in range(heads)]


def led(size: int = 5, leader: LeaderRule | None = None, **rules: Any) -> Campaign:
    return campaign(size=size, rules=Rules(leader=leader or LeaderRule(free=True), **rules))


def bonuses(given_shares: Mapping[str, Share]) -> Sequence[int]:
    return [given_shares[order_id].bonus_fen for order_id in sorted(given_shares)]


# Free of charge


def test_a_free_leader_gets_all_of_the_payment_back_and_nobody_else_anything() -> None:
    freight_fen = 800
    leader = entrant(0, left_fen=PRICE_FEN + freight_fen)

    given_shares = shares(led(), [leader, entrant(1)])

    assert given_shares == {
        "ord_0": Share(grants=(Grant(Why.LEADER_FREE, PRICE_FEN + freight_fen),)),
        "ord_1": Share(carries_others=True),
    }
    assert given_shares["ord_0"].marketing_fen == PRICE_FEN + freight_fen


def test_a_free_leader_gets_back_what_the_ladder_leaves() -> None:
    tiers = (Tier(headcount=2, price_fen=PRICE_FEN), Tier(headcount=3, price_fen=1200))

    given_shares = shares(led(tiers=tiers), party(3))

    assert given_shares["ord_0"].grants == (Grant(Why.LADDER, 300), Grant(Why.LEADER_FREE, 1200))
    assert given_shares["ord_1"].grants == (Grant(Why.LADDER, 300),)


def test_a_leader_who_paid_nothing_is_granted_nothing() -> None:
    assert shares(led(), [entrant(0, left_fen=0), entrant(1)])["ord_0"] == Share()


@pytest.mark.parametrize(
    ("free", "per_member_limit", "quantity", "too_much"),
    [
        (True, None, 1, False),
        (True, None, 2, True),
        (True, 3, 3, False),
        (False, None, 99, False),
    ],
)
def test_a_free_leader_takes_one_unit_unless_a_limit_says_how_many(
    free: bool, per_member_limit: int | None, quantity: int, too_much: bool
) -> None:
    given_campaign = campaign(
        size=3, rules=Rules(leader=LeaderRule(free=free)), per_member_limit=per_member_limit
    )

    assert is_too_much_to_be_free(given_campaign, quantity) == too_much


def test_nobody_is_free_in_a_group_whose_leader_has_left() -> None:
    joined = party(4)[1:]

    given_shares = shares(led(leader=LeaderRule(free=True, bonus_fen=100)), joined)

    assert set(given_shares.values()) == {Share()}


def test_a_leader_who_lost_the_draw_is_not_free() -> None:
    rule = LeaderRule(free=True, bonus_fen=100)

    given_shares = shares(led(leader=rule), party(3), winners={"ord_2"})

    assert given_shares == {
        "ord_0": Share(gets_goods=False),
        "ord_1": Share(gets_goods=False),
        "ord_2": Share(bonus_fen=100),
    }


# A bonus


def test_a_bonus_is_spread_over_the_others_to_the_fen() -> None:
    given_shares = shares(led(leader=LeaderRule(bonus_fen=1000)), party(4))

    assert bonuses(given_shares) == [0, 333, 333, 334]


def test_a_bonus_smaller_than_the_party_is_still_paid_whole() -> None:
    given_shares = shares(led(leader=LeaderRule(bonus_fen=2)), party(4))

    assert bonuses(given_shares) == [0, 0, 1, 1]


def test_a_share_of_what_the_others_pay_for_goods_is_rounded_down_for_each() -> None:
    joined = [entrant(1, price_fen=1999), entrant(2, price_fen=15)]

    given_shares = shares(led(leader=LeaderRule(bonus_bp=333)), [entrant(0), *joined])

    assert bonuses(given_shares) == [0, 66, 0]


def test_a_share_is_of_the_price_that_the_ladder_has_come_down_to() -> None:
    tiers = (Tier(headcount=2, price_fen=PRICE_FEN), Tier(headcount=3, price_fen=1200))
    rule = LeaderRule(bonus_bp=1000)

    assert bonuses(shares(led(leader=rule, tiers=tiers), party(3))) == [0, 120, 120]


def test_a_leader_alone_earns_no_bonus() -> None:
    for rule in (LeaderRule(bonus_fen=1000), LeaderRule(bonus_bp=1000)):
        terms = led(leader=rule, when_short=WhenShort.HONOUR)
        assert shares(terms, party(1)) == {"ord_0": Share()}


@given(st.integers(1, 10**8), st.lists(st.integers(1, 10**6), min_size=1, max_size=99))
def test_a_spread_bonus_adds_up_to_the_whole_in_parts_a_fen_apart(
    bonus_fen: int, paid_fen: list[int]
) -> None:
    goods_fen = [(f"ord_{number}", fen) for number, fen in enumerate(paid_fen)]

    parts = list(bonuses_fen(LeaderRule(bonus_fen=bonus_fen), goods_fen).values())

    assert sum(parts) == bonus_fen
    assert 0 <= min(parts) <= max(parts) <= min(parts) + 1


@given(st.integers(1, WHOLE_BP), st.lists(st.integers(0, 10**6), max_size=99))
def test_a_share_is_never_more_than_its_rate_nor_less_by_a_fen(
    bonus_bp: int, paid_fen: list[int]
) -> None:
    goods_fen = [(f"ord_{number}", fen) for number, fen in enumerate(paid_fen)]

    parts = bonuses_fen(LeaderRule(bonus_bp=bonus_bp), goods_fen)

    for order_id, fen in goods_fen:
        assert 0 <= fen * bonus_bp - parts[order_id] * WHOLE_BP < WHOLE_BP


LEADERS = st.builds(
    LeaderRule,
    free=st.booleans(),
    bonus_fen=st.none() | st.integers(1, 5000),
) | st.builds(LeaderRule, free=st.booleans(), bonus_bp=st.integers(1, WHOLE_BP))


@given(
    LEADERS,
    st.lists(st.tuples(st.integers(1200, 9000), st.integers(0, 9000)), min_size=1, max_size=9),
    st.booleans(),
)
def test_nothing_granted_is_below_a_fen_nor_more_than_is_left(
    rule: LeaderRule, entered: list[tuple[int, int]], has_ladder: bool
) -> None:
    tiers = (Tier(headcount=1, price_fen=PRICE_FEN), Tier(headcount=2, price_fen=1200))
    # Not validated: whatever an operator may once have been let through is dealt with.
    terms = led().model_copy(
        update={"rules": Rules(leader=rule, tiers=tiers if has_ladder else ())}
    )
    entrants = [
        entrant(number, price_fen=price_fen, left_fen=left_fen)
        for number, (price_fen, left_fen) in enumerate(entered)
    ]

    given_shares = shares(terms, entrants)

    for one in entrants:
        share = given_shares[one.order_id]
        assert all(grant.amount_fen > 0 for grant in share.grants)
        assert share.price_cut_fen + share.marketing_fen <= one.left_fen
        assert share.marketing_fen == 0 or (one.is_leader and rule.free)
        assert share.bonus_fen >= 0
    assert given_shares["ord_0"].bonus_fen == 0
    if rule.free:
        leaders = given_shares["ord_0"]
        assert leaders.price_cut_fen + leaders.marketing_fen == entrants[0].left_fen


# What does not go together


@pytest.mark.parametrize(
    ("rules", "sentence"),
    [
        (
            {"leader": LeaderRule(bonus_fen=1, bonus_bp=1)},
            "bonus_fen and bonus_bp are two ways to say one thing",
        ),
        (
            {"leader": LeaderRule(free=True), "when_short": WhenShort.HONOUR},
            "leader.free gives the goods away",
        ),
        (
            {
                "leader": LeaderRule(free=True),
                "tiers": (Tier(headcount=1, price_fen=PRICE_FEN), Tier(headcount=2, price_fen=9)),
            },
            "leader.free gives the goods away",
        ),
    ],
)
def test_rules_against_each_other_are_refused_by_name(rules: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValidationError, match=sentence):
        campaign(rules=Rules(**rules))


def test_a_free_leader_of_two_real_payers_is_no_contradiction() -> None:
    given_campaign = campaign(
        size=5,
        rules=Rules(
            leader=LeaderRule(free=True, bonus_bp=1),
            when_short=WhenShort.HONOUR,
            minimum_payers=2,
        ),
    )

    assert given_campaign.rules.leader.free
