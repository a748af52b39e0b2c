"""Everyone opening shares at once, on DynamoDB's own engine: whoever binds, binds once."""

from functools import partial

import pytest

from chalicelib.kit.errors import Refusal
from chalicelib.referrals.visit import Visited, visit
from tests.races import THREADS, at_once, outcomes
from tests.shop import Shop


def inviters(shop: Shop) -> dict[str, str]:
    return {row["member_id"]: row["inviter_id"] for row in shop.rows("members", kind="referral")}


@pytest.mark.engine
def test_64_visits_of_one_person_bind_once(engine_shop: Shop) -> None:
    shop = engine_shop
    ann, bo = shop.member("Ann"), shop.member("Bo")
    code = ann.shares()

    results = at_once([partial(visit, code, bo.member_id, clock=shop.clock)] * THREADS)

    assert outcomes(results) == {"done": THREADS}
    assert all(isinstance(one, Visited) and one.bound for one in results)
    assert inviters(shop) == {bo.member_id: ann.member_id}
    assert shop.rows("shares")[0]["visits"] == THREADS


@pytest.mark.engine
def test_visits_to_16_people_s_shares_at_once_bind_to_one_of_them(engine_shop: Shop) -> None:
    shop = engine_shop
    bo = shop.member("Bo")
    owners = {shop.member(f"M{number}").shares(): number for number in range(16)}

    results = at_once([partial(visit, code, bo.member_id, clock=shop.clock) for code in owners])

    assert outcomes(results) == {"done": 16}
    assert sum(one.bound for one in results) == 1
    assert len(inviters(shop)) == 1
    assert [row["visits"] for row in shop.rows("shares")] == [1] * 16


@pytest.mark.engine
def test_two_who_open_each_other_s_shares_at_once_make_no_circle(engine_shop: Shop) -> None:
    shop = engine_shop
    for number in range(8):
        ann, bo = shop.member(f"A{number}"), shop.member(f"B{number}")
        of_ann, of_bo = ann.shares(), bo.shares()

        at_once(
            [
                partial(visit, of_ann, bo.member_id, clock=shop.clock),
                partial(visit, of_bo, ann.member_id, clock=shop.clock),
            ]
            * 4
        )

        bound = inviters(shop)
        assert {ann.member_id, bo.member_id} & set(bound) in (
            {ann.member_id},
            {bo.member_id},
        )


@pytest.mark.engine
def test_a_guide_s_followers_are_counted_once_each(engine_shop: Shop) -> None:
    shop = engine_shop
    shop.admin("put_store", store_id="west", merchant_id="orchard", name="西湖店")
    guides = [{"guide_id": "g1", "name": "小王"}]
    created = shop.admin("create_guides", store_id="west", guides=guides)
    code = created["guides"][0]["share_code"]
    people = [shop.member(f"M{number}").member_id for number in range(8)]

    results = at_once([partial(visit, code, one, clock=shop.clock) for one in people * 4])

    assert not [one for one in results if isinstance(one, Refusal)]
    (guide,) = shop.admin("get_store", store_id="west")["guides"]
    assert (guide["followers"], guide["visits"]) == (8, 32)
