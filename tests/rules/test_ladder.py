"""The ladder (阶梯团): which tier so many heads reach, what a unit then costs, what goes back."""

from itertools import accumulate

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.rules.ladder import (
    lowest_price_fen,
    next_tier,
    price_cut_fen,
    price_fen,
    prices_fen,
    tier_reached,
)
from chalicelib.rules.model import Rules, Tier
from tests.rules.words import OfferedSku, Played, entrant, played, tiers

STEPS = tiers((2, 1500), (5, 1200), (10, 900))
LADDER = Rules(tiers=STEPS)
PEARS = OfferedSku("pears-3", 2500, (2500, 2400, 1000))


def test_a_tier_is_reached_by_exactly_its_headcount() -> None:
    reached = {heads: tier_reached(LADDER, heads) for heads in (0, 1, 2, 4, 5, 9, 10, 100)}

    assert reached == {
        0: None,
        1: None,
        2: STEPS[0],
        4: STEPS[0],
        5: STEPS[1],
        9: STEPS[1],
        10: STEPS[2],
        100: STEPS[2],
    }


def test_the_next_tier_is_the_first_that_is_not_reached() -> None:
    following = {heads: next_tier(LADDER, heads) for heads in (0, 1, 2, 4, 5, 9, 10, 100)}

    assert following == {
        0: STEPS[0],
        1: STEPS[0],
        2: STEPS[1],
        4: STEPS[1],
        5: STEPS[2],
        9: STEPS[2],
        10: None,
        100: None,
    }


def test_without_a_ladder_no_tier_is_reached_or_next() -> None:
    assert (tier_reached(Rules(), 5), next_tier(Rules(), 0)) == (None, None)
    assert prices_fen(Rules(), OfferedSku()) == ()
    assert price_fen(played(), "apples-5", 5) is None
    assert price_cut_fen(played(), entrant(1), 5) == 0


def test_a_sku_costs_what_the_tiers_say_unless_it_says_so_itself() -> None:
    terms = played(OfferedSku(), PEARS, size=10, tiers=STEPS)

    assert prices_fen(terms.rules, terms.skus[0]) == (1500, 1200, 900)
    assert prices_fen(terms.rules, terms.skus[1]) == (2500, 2400, 1000)
    assert [price_fen(terms, "apples-5", heads) for heads in (1, 2, 5, 10)] == [
        None,
        1500,
        1200,
        900,
    ]
    assert [price_fen(terms, "pears-3", heads) for heads in (1, 4, 9, 10)] == [
        None,
        2500,
        2400,
        1000,
    ]
    assert price_fen(terms, "plums-1", 10) is None


def test_the_lowest_price_of_a_tier_is_the_cheapest_skus() -> None:
    terms = played(OfferedSku(), PEARS, size=10, tiers=STEPS)
    dear = played(PEARS, size=10, tiers=STEPS)

    assert [lowest_price_fen(terms, tier) for tier in STEPS] == [1500, 1200, 900]
    assert [lowest_price_fen(dear, tier) for tier in STEPS] == [2500, 2400, 1000]


def test_the_difference_to_the_tier_reached_goes_back_for_every_unit() -> None:
    terms = played(OfferedSku(), PEARS, size=10, tiers=STEPS)
    two_apples = entrant(1, quantity=2)
    three_pears = entrant(2, sku_id="pears-3", quantity=3, unit_price_fen=2500)

    given_back = {
        heads: (price_cut_fen(terms, two_apples, heads), price_cut_fen(terms, three_pears, heads))
        for heads in (1, 2, 5, 10)
    }

    assert given_back == {
        1: (0, 0),
        2: (0, 0),
        5: (600, 300),
        10: (1200, 4500),
    }


def test_who_bought_what_the_ladder_does_not_know_gets_nothing_back() -> None:
    terms = played(tiers=STEPS)
    assert price_cut_fen(terms, entrant(1, sku_id="plums-1", unit_price_fen=9000), 10) == 0


def test_whoever_paid_less_than_the_tier_reached_owes_nothing() -> None:
    assert price_cut_fen(played(tiers=STEPS), entrant(1, unit_price_fen=1000), 5) == 0


@st.composite
def ladders(draw: st.DrawFn) -> Played:
    """A sound ladder of up to ten tiers for SKUs with and without prices of their own."""
    count = draw(st.integers(1, 10))
    steps = st.lists(st.integers(1, 9), min_size=count, max_size=count)
    falls = st.lists(st.integers(1, 500), min_size=count - 1, max_size=count - 1)

    def falling() -> tuple[int, ...]:
        down = accumulate(draw(falls), initial=0)
        return tuple(10_000 - fall for fall in down)

    headcounts = list(accumulate(draw(steps)))
    rules = Rules(
        tiers=tuple(
            Tier(headcount=heads, price_fen=fen)
            for heads, fen in zip(headcounts, falling(), strict=True)
        )
    )
    own = falling()
    skus = (OfferedSku("plain", 10_000), OfferedSku("own", own[0], own))
    return Played(headcounts[-1], rules, skus)


@given(ladders(), st.integers(0, 99), st.integers(1, 999))
def test_more_heads_never_cost_anybody_more(terms: Played, heads: int, quantity: int) -> None:
    for sku in terms.skus:
        buyer = entrant(1, sku_id=sku.sku_id, quantity=quantity, unit_price_fen=sku.group_price_fen)
        fewer = price_cut_fen(terms, buyer, heads)
        more = price_cut_fen(terms, buyer, heads + 1)
        assert 0 <= fewer <= more < buyer.left_fen


@given(ladders(), st.integers(0, 100))
def test_what_is_kept_is_the_price_of_the_tier_reached(terms: Played, heads: int) -> None:
    reached = tier_reached(terms.rules, heads)
    for sku in terms.skus:
        buyer = entrant(1, sku_id=sku.sku_id, quantity=3, unit_price_fen=sku.group_price_fen)
        kept_fen = buyer.left_fen - price_cut_fen(terms, buyer, heads)
        unit_fen = price_fen(terms, sku.sku_id, heads)
        assert kept_fen == 3 * (sku.group_price_fen if unit_fen is None else unit_fen)
        assert (unit_fen is None) == (reached is None)


@given(ladders(), st.integers(0, 100))
def test_the_tier_reached_and_the_next_stand_side_by_side(terms: Played, heads: int) -> None:
    reached, following = tier_reached(terms.rules, heads), next_tier(terms.rules, heads)
    steps = terms.rules.tiers
    place = steps.index(reached) + 1 if reached is not None else 0

    assert following == (steps[place] if place < len(steps) else None)
    assert reached is None or reached.headcount <= heads
    assert following is None or following.headcount > heads
