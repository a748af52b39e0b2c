"""Putting, pausing and ending campaigns: what is kept, what is refused, what a race leaves."""

from typing import Any

import pytest

from chalicelib.catalog import store as catalog
from chalicelib.catalog.end_campaign import end_campaign
from chalicelib.catalog.errors import CampaignEnded
from chalicelib.catalog.model import (
    MOST_OFFERS,
    MOST_SKUS,
    Campaign,
    CampaignSku,
    CampaignStanding,
    CampaignState,
    Outcome,
)
from chalicelib.catalog.pause_campaign import pause_campaign
from chalicelib.catalog.put_campaign import put_campaign
from chalicelib.catalog.put_product import PutProduct, put_product
from chalicelib.kit.errors import InvalidRequest, NotFound
from chalicelib.kit.reads import read
from chalicelib.kit.writes import WriteSet
from chalicelib.rules.model import (
    AllotmentRule,
    CrowdRule,
    CustomField,
    DrawRule,
    DrawScope,
    LeaderRule,
    Rules,
    Tier,
    WhenShort,
    Who,
)
from chalicelib.wiring import Wiring
from tests.fakes import NOON, FakeClock
from tests.goods import RULES_LEFT_OUT, campaign, product, sku, stocked
from tests.in_process import everything, just_before

TWO_TIERS = (Tier(headcount=2, price_fen=1500), Tier(headcount=3, price_fen=1200))


def standing(campaign_id: str) -> CampaignStanding:
    key = catalog.campaign_key(campaign_id)
    found = catalog.standing_of(read(key).find(key))
    assert found is not None
    return found


def revision(given: Campaign) -> Campaign | None:
    key = catalog.revision_key(given.campaign_id, given.revision)
    return catalog.revision_of(read(key).find(key))


def offered_on(product_id: str) -> list[str]:
    key = catalog.offers_key(product_id)
    return sorted(offer.campaign_id for offer in catalog.offers_of(read(key).find(key)).offers)


def test_a_campaign_is_written_with_its_revision(wired: Wiring) -> None:
    stocked(product(), clock=wired.clock)
    given = campaign(per_member_limit=2)

    put = put_campaign(given, clock=wired.clock)

    assert (put.outcome, put.state) == (Outcome.CREATED, CampaignState.LIVE)
    assert standing("autumn") == CampaignStanding(campaign=given)
    assert revision(given) == given
    assert offered_on("apples") == ["autumn"]


def test_the_same_campaign_again_changes_nothing(wired: Wiring) -> None:
    stocked(product(), clock=wired.clock)
    put_campaign(campaign(), clock=wired.clock)
    before = everything()

    assert put_campaign(campaign(), clock=wired.clock).outcome is Outcome.UNCHANGED
    assert everything() == before


def test_an_edited_campaign_keeps_its_older_revisions(wired: Wiring) -> None:
    stocked(product(), clock=wired.clock)
    first, second = campaign(), campaign(prices_fen={"apples-5": 1400}, size=3)
    put_campaign(first, clock=wired.clock)

    put = put_campaign(second, clock=wired.clock)

    assert put.outcome is Outcome.CHANGED
    assert standing("autumn").campaign == second
    assert (revision(first), revision(second)) == (first, second)


def test_editing_a_paused_campaign_leaves_it_paused(wired: Wiring) -> None:
    stocked(product(), clock=wired.clock)
    put_campaign(campaign(), clock=wired.clock)
    pause_campaign("autumn", clock=wired.clock)

    put = put_campaign(campaign(size=5), clock=wired.clock)

    assert put.state is CampaignState.PAUSED
    assert standing("autumn") == CampaignStanding(campaign=campaign(size=5), paused=True)


def test_a_pause_during_an_edit_is_not_lost(wired: Wiring) -> None:
    stocked(product(), clock=wired.clock)
    put_campaign(campaign(), clock=wired.clock)

    with just_before("TransactWriteItems", lambda: pause_campaign("autumn", clock=wired.clock)):
        put_campaign(campaign(size=5), clock=wired.clock)

    assert standing("autumn") == CampaignStanding(campaign=campaign(size=5), paused=True)


def test_pausing_twice_leaves_it_paused_until_it_is_resumed(wired: Wiring) -> None:
    stocked(product(), clock=wired.clock)
    put_campaign(campaign(), clock=wired.clock)

    assert pause_campaign("autumn", clock=wired.clock) is CampaignState.PAUSED
    before = everything()
    assert pause_campaign("autumn", clock=wired.clock) is CampaignState.PAUSED
    assert everything() == before
    assert pause_campaign("autumn", resume=True, clock=wired.clock) is CampaignState.LIVE
    assert pause_campaign("autumn", resume=True, clock=wired.clock) is CampaignState.LIVE


def test_ending_is_final(wired: Wiring) -> None:
    stocked(product(), clock=wired.clock)
    put_campaign(campaign(), clock=wired.clock)

    assert end_campaign("autumn", clock=wired.clock) is CampaignState.ENDED
    before = everything()
    assert end_campaign("autumn", clock=wired.clock) is CampaignState.ENDED
    with pytest.raises(CampaignEnded):
        put_campaign(campaign(size=5), clock=wired.clock)
    with pytest.raises(CampaignEnded):
        pause_campaign("autumn", resume=True, clock=wired.clock)

    assert everything() == before
    assert standing("autumn").ended
    assert offered_on("apples") == []


def test_an_end_during_an_edit_wins(wired: Wiring) -> None:
    stocked(product(), clock=wired.clock)
    put_campaign(campaign(), clock=wired.clock)

    with (
        just_before("TransactWriteItems", lambda: end_campaign("autumn", clock=wired.clock)),
        pytest.raises(CampaignEnded),
    ):
        put_campaign(campaign(size=5), clock=wired.clock)

    assert standing("autumn") == CampaignStanding(campaign=campaign(), ended=True)


def test_unknown_campaigns_can_be_neither_paused_nor_ended(wired: Wiring) -> None:
    with pytest.raises(NotFound):
        pause_campaign("nothing", clock=wired.clock)
    with pytest.raises(NotFound):
        end_campaign("nothing", clock=wired.clock)

    assert not any(everything().values())


def test_a_campaign_that_ran_out_can_be_given_a_new_end(wired: Wiring, clock: FakeClock) -> None:
    stocked(product(), clock=clock)
    put_campaign(campaign(), clock=clock)
    clock.advance(7200)
    assert standing("autumn").state(clock.now()) is CampaignState.ENDED

    put = put_campaign(campaign(ends_in_seconds=10_800), clock=clock)

    assert put.state is CampaignState.LIVE
    assert offered_on("apples") == ["autumn"]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (campaign(ends_in_seconds=0), "ends_at must be in the future"),
        (campaign(prices_fen={"apples-5": 1500, "nothing": 1}), "Not on sale: nothing"),
        (
            campaign(prices_fen={"apples-5": 1500, "pears-5": 1500}),
            r"several products \(apples, pears\); that takes the rule cross_product",
        ),
        (campaign(prices_fen={"apples-5": 2001}), "group price of 2001 fen is above the solo"),
    ],
)
def test_a_campaign_must_make_sense(wired: Wiring, given: Campaign, message: str) -> None:
    stocked(product("apples"), clock=wired.clock)
    stocked(product("pears"), clock=wired.clock)
    before = everything()

    for dry_run in (True, False):
        with pytest.raises(InvalidRequest, match=message):
            put_campaign(given, clock=wired.clock, dry_run=dry_run)

    assert everything() == before


def test_a_group_price_may_equal_the_solo_price(wired: Wiring) -> None:
    stocked(product(), clock=wired.clock)

    put = put_campaign(campaign(prices_fen={"apples-5": 2000}), clock=wired.clock)

    assert put.outcome is Outcome.CREATED


def test_a_solo_price_lowered_meanwhile_is_noticed(wired: Wiring) -> None:
    stocked(product(), clock=wired.clock)
    cheaper = product("apples", sku("apples-5", solo_price_fen=1000))

    with (
        just_before("TransactWriteItems", lambda: put_product(cheaper, clock=wired.clock)),
        pytest.raises(InvalidRequest, match="above the solo price of 1000 fen"),
    ):
        put_campaign(campaign(), clock=wired.clock)


def test_a_sku_dropped_meanwhile_is_noticed(wired: Wiring) -> None:
    stocked(product("apples", sku("apples-5"), sku("apples-9")), clock=wired.clock)
    without = product("apples", sku("apples-9"))

    with (
        just_before("TransactWriteItems", lambda: put_product(without, clock=wired.clock)),
        pytest.raises(InvalidRequest, match="Not on sale: apples-5"),
    ):
        put_campaign(campaign(), clock=wired.clock)


def test_a_campaign_that_changes_product_leaves_the_old_one(wired: Wiring) -> None:
    stocked(product("apples"), clock=wired.clock)
    stocked(product("pears"), clock=wired.clock)
    put_campaign(campaign(), clock=wired.clock)

    put_campaign(campaign(prices_fen={"pears-5": 1500}), clock=wired.clock)

    assert (offered_on("apples"), offered_on("pears")) == ([], ["autumn"])


def test_two_campaigns_put_on_a_product_at_once_are_both_on_it(wired: Wiring) -> None:
    stocked(product(), clock=wired.clock)

    with just_before(
        "TransactWriteItems", lambda: put_campaign(campaign("winter"), clock=wired.clock)
    ):
        put_campaign(campaign("autumn"), clock=wired.clock)

    assert offered_on("apples") == ["autumn", "winter"]


def test_a_product_forgets_campaigns_that_are_over(wired: Wiring, clock: FakeClock) -> None:
    stocked(product(), clock=clock)
    put_campaign(campaign("autumn"), clock=clock)
    clock.advance(3600)

    put_campaign(campaign("winter", ends_in_seconds=7200), clock=clock)

    assert offered_on("apples") == ["winter"]


def test_a_product_is_in_so_many_campaigns_and_no_more(wired: Wiring) -> None:
    stocked(product(), clock=wired.clock)
    put_campaign(campaign("c0"), clock=wired.clock)
    key = catalog.offers_key("apples")
    row = read(key).find(key)
    offers = catalog.offers_of(row)
    for number in range(1, MOST_OFFERS):
        offers = offers.with_campaign(campaign(f"c{number}"), NOON)
    writes = WriteSet()
    catalog.save(writes, catalog.offers_row("apples", offers), before=row)
    writes.commit()
    before = everything()

    with pytest.raises(InvalidRequest, match="in 100 campaigns already"):
        put_campaign(campaign("one-more"), clock=wired.clock)
    assert everything() == before

    end_campaign("c0", clock=wired.clock)
    assert put_campaign(campaign("one-more"), clock=wired.clock).outcome is Outcome.CREATED


# Several products


APPLES_AND_PEARS = {"apples-5": 1500, "apples-9": 3000, "pears-3": 1200}


def several_products(**more: Any) -> Campaign:
    """A campaign on two SKUs of one product and one of another."""
    return campaign(prices_fen=APPLES_AND_PEARS, rules=Rules(cross_product=True), **more)


def stock_both(wired: Wiring) -> None:
    """Apples in two sizes, and the garden's pears."""
    large = sku("apples-9", solo_price_fen=3500, title="9斤装")
    stocked(product("apples", sku("apples-5"), large), clock=wired.clock)
    stocked(product("pears", sku("pears-3"), merchant_id="garden"), clock=wired.clock)


def test_a_campaign_of_several_products_is_on_each_of_them(wired: Wiring) -> None:
    stock_both(wired)

    put = put_campaign(several_products(), clock=wired.clock)

    assert put.outcome is Outcome.CREATED
    assert (offered_on("apples"), offered_on("pears")) == (["autumn"], ["autumn"])
    before = everything()
    assert put_campaign(several_products(), clock=wired.clock).outcome is Outcome.UNCHANGED
    assert everything() == before


def test_it_leaves_the_products_that_it_no_longer_holds_skus_of(wired: Wiring) -> None:
    stock_both(wired)
    stocked(product("plums"), clock=wired.clock)
    put_campaign(several_products(), clock=wired.clock)

    without_pears = {"apples-9": 3000, "plums-5": 1500}
    rules = Rules(cross_product=True)
    put_campaign(campaign(prices_fen=without_pears, rules=rules), clock=wired.clock)

    on_them = [offered_on(each) for each in ("apples", "pears", "plums")]
    assert on_them == [["autumn"], [], ["autumn"]]


def test_it_can_go_back_to_one_product_and_then_needs_no_rule(wired: Wiring) -> None:
    stock_both(wired)
    put_campaign(several_products(), clock=wired.clock)
    before = everything()
    only_pears = {"pears-3": 1200}

    with pytest.raises(InvalidRequest, match=r"several products \(apples, pears\)"):
        put_campaign(campaign(prices_fen=APPLES_AND_PEARS), clock=wired.clock)
    assert everything() == before

    put_campaign(campaign(prices_fen=only_pears), clock=wired.clock)
    assert (offered_on("apples"), offered_on("pears")) == ([], ["autumn"])


def test_ending_it_takes_it_off_all_its_products(wired: Wiring) -> None:
    stock_both(wired)
    put_campaign(several_products(), clock=wired.clock)
    put_campaign(campaign("winter", prices_fen={"pears-3": 1000}), clock=wired.clock)

    end_campaign("autumn", clock=wired.clock)

    assert (offered_on("apples"), offered_on("pears")) == ([], ["winter"])


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (product("apples", sku("apples-5"), sku("apples-9")), "SKU apples-9: the group price"),
        (product("apples", sku("apples-5")), "Not on sale: apples-9"),
        (
            product("pears", sku("pears-3", solo_price_fen=1199), merchant_id="garden"),
            "SKU pears-3: the group price of 1200 fen is above the solo price of 1199 fen",
        ),
        (
            product("pears", sku("pears-4"), merchant_id="garden"),
            "Not on sale: pears-3",
        ),
    ],
)
def test_what_becomes_of_any_of_its_products_meanwhile_is_noticed(
    wired: Wiring, changed: PutProduct, message: str
) -> None:
    stock_both(wired)

    with (
        just_before("TransactWriteItems", lambda: put_product(changed, clock=wired.clock)),
        pytest.raises(InvalidRequest, match=message),
    ):
        put_campaign(several_products(), clock=wired.clock)

    assert (offered_on("apples"), offered_on("pears")) == ([], [])


def test_an_edit_of_any_of_its_products_meanwhile_lets_it_through_on_a_second_look(
    wired: Wiring,
) -> None:
    stock_both(wired)
    renamed = product("pears", sku("pears-3"), merchant_id="garden", title="雪梨")

    with just_before("TransactWriteItems", lambda: put_product(renamed, clock=wired.clock)):
        put = put_campaign(several_products(), clock=wired.clock)

    assert put.outcome is Outcome.CREATED
    assert (offered_on("apples"), offered_on("pears")) == (["autumn"], ["autumn"])


def test_each_of_so_many_products_can_be_of_another_sku(wired: Wiring) -> None:
    stocked(product(), clock=wired.clock)
    names, others = ([f"{row}{n}" for n in range(MOST_SKUS)] for row in "pq")
    for name in names + others:
        put_product(product(name), clock=wired.clock)
    rules = Rules(cross_product=True)

    for chosen in (names, others):
        prices_fen = {f"{name}-5": 1500 for name in chosen}
        put_campaign(campaign(prices_fen=prices_fen, rules=rules), clock=wired.clock)

    assert {name for name in names + others if offered_on(name)} == set(others)


# Revisions


def test_what_is_left_out_is_what_the_rules_say_by_default() -> None:
    """Rules and prices that campaigns could not name at first change no revision."""
    spelled_out = campaign(rules=Rules.model_validate(RULES_LEFT_OUT), tier_prices_fen={})
    group_scope = Rules.model_validate({"draw": {"winners": 1, "scope": "group"}})

    assert campaign().revision == spelled_out.revision == campaign(play="team").revision
    assert (
        campaign(rules=Rules.model_validate({"draw": {"winners": 1}})).revision
        == campaign(rules=group_scope).revision
    )


def test_what_was_put_before_campaigns_could_say_more_keeps_its_revision() -> None:
    """Its groups, and those it still opens, point there."""
    honoured = Rules(when_short=WhenShort.HONOUR, minimum_payers=2, leave_allowed=True)
    more: dict[str, Any] = {"play": "x", "cover_url": "https://a.example/b"}
    rates: dict[str, Any] = {"commission_rates_bp": (500,), "per_member_limit": 2}

    assert campaign().revision == "34ab6b824367e08dfb114bab"
    assert campaign(rules=honoured, **more, **rates).revision == "ee0be7e3bc41d14da3a2f0ea"
    ladder = Rules(tiers=TWO_TIERS, leader=LeaderRule(bonus_bp=500), cross_product=True)
    drawn = Rules(draw=DrawRule(winners=1, scope=DrawScope.CAMPAIGN))
    own_fen: dict[str, tuple[int, ...]] = {"apples-5": (1500, 1100)}
    assert (
        campaign(size=3, rules=ladder, tier_prices_fen=own_fen).revision
        == "7c5656ab04622abb77f0c174"
    )
    assert campaign(rules=drawn).revision == "e10498231eb4dd512d987a9f"


def test_what_is_filled_in_for_a_crowd_counts_as_said() -> None:
    crowd = {"crowd": {"threshold": 9}}
    given = campaign(size=9, rules=Rules.model_validate(crowd)).model_dump(mode="json")
    left_out = {name: value for name, value in given.items() if name != "size"}

    assert Campaign.model_validate(left_out) == Campaign.model_validate(given)
    assert Campaign.model_validate(left_out).revision == Campaign.model_validate(given).revision


def allotted(units: int) -> Campaign:
    """A campaign that sells so many units and no others."""
    sold = CampaignSku(sku_id="apples-5", group_price_fen=1500, allotted_units=units)
    rules = Rules(allotment=AllotmentRule())
    return campaign().model_copy(update={"rules": rules, "skus": (sold,)})


def test_whatever_is_said_otherwise_is_another_revision() -> None:
    ladder: dict[str, Any] = {"size": 3, "rules": Rules(tiers=TWO_TIERS)}
    said = [
        campaign(),
        campaign(title="冬季拼团"),
        campaign(size=3),
        campaign(per_member_limit=1),
        campaign(prices_fen={"apples-5": 1499}),
        campaign(rules=Rules(leave_allowed=True)),
        campaign(rules=Rules(cross_product=True)),
        campaign(rules=Rules(who=Who.NEWCOMERS)),
        campaign(rules=Rules(draw=DrawRule(winners=1))),
        campaign(rules=Rules(leader=LeaderRule(free=True))),
        campaign(rules=Rules(crowd=CrowdRule(threshold=2))),
        campaign(rules=Rules(crowd=CrowdRule(threshold=2, shards=8))),
        campaign(rules=Rules(cutoff="22:00")),
        campaign(rules=Rules(stations=("gate",))),
        campaign(rules=Rules(custom_fields=(CustomField(name="engraving"),))),
        allotted(10),
        allotted(11),
        campaign(**ladder),
        campaign(**ladder, tier_prices_fen={"apples-5": (1500, 1100)}),
        campaign(**ladder, tier_prices_fen={"apples-5": (1500, 1200)}),
    ]

    assert len({given.revision for given in said}) == len(said)


def test_a_revision_reads_back_as_it_was_written(wired: Wiring) -> None:
    stock_both(wired)
    given = campaign(
        size=3,
        prices_fen={"apples-5": 1500, "pears-3": 1800},
        tier_prices_fen={"pears-3": (1800, 900)},
        rules=Rules(
            who=Who.NEWCOMERS,
            when_short=WhenShort.HONOUR,
            minimum_payers=2,
            leave_allowed=True,
            tiers=TWO_TIERS,
            leader=LeaderRule(bonus_bp=500),
            cross_product=True,
        ),
    )

    put_campaign(given, clock=wired.clock)

    assert revision(given) == given
    assert standing("autumn").campaign == given


def test_a_dry_run_says_what_would_happen_and_writes_nothing(wired: Wiring) -> None:
    stocked(product(), clock=wired.clock)
    before = everything()

    put = put_campaign(campaign(starts_in_seconds=60), clock=wired.clock, dry_run=True)

    assert (put.outcome, put.state) == (Outcome.CREATED, CampaignState.UPCOMING)
    assert everything() == before
    put_campaign(campaign(), clock=wired.clock)
    before = everything()
    assert pause_campaign("autumn", clock=wired.clock, dry_run=True) is CampaignState.PAUSED
    assert end_campaign("autumn", clock=wired.clock, dry_run=True) is CampaignState.ENDED
    assert everything() == before


def test_equal_moments_are_one_revision_whatever_their_offset() -> None:
    given = campaign().model_dump(mode="json")
    in_shanghai = {
        **given,
        "starts_at": "2026-11-22T19:00:00+08:00",
        "ends_at": "2026-11-22T21:00:00.000999+08:00",
    }

    assert Campaign.model_validate(in_shanghai) == campaign()
    assert Campaign.model_validate(in_shanghai).revision == campaign().revision
