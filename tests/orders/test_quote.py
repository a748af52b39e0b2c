"""What a quote says of kinds of campaign: the units that count, crowds, stations; and that it says
before what placing says then.
"""

from typing import Any

import pytest

from tests.flash import available, flash
from tests.shop import ADDRESS, Member, Reply, Shop

CROWD: dict[str, Any] = {"crowd": {"threshold": 3, "shards": 4}}
ROUND: dict[str, Any] = {"cutoff": "22:00"}
STATIONS: dict[str, Any] = {"stations": ["gate", "lake"], "cutoff": "22:00"}


def quoted(member: Member, **asked: Any) -> Reply:
    """The quote of one unit, which has written nothing."""
    shop = member.shop
    before = shop.everything()
    reply = member.send("POST", "/v1/quotes", {"sku_id": "apples-5", "quantity": 1, **asked})
    assert shop.everything() == before
    return reply


def refusal(member: Member, **asked: Any) -> Any:
    reply = quoted(member, **asked)
    assert reply.status == 200, reply
    return reply["refusal_code"]


def stations(shop: Shop) -> Member:
    """Two stations, and who looks after them."""
    leader = shop.member("Leader")
    for station_id in ("gate", "lake"):
        shop.admin(
            "put_station",
            station_id=station_id,
            name="东门",
            address="文三路 1 号",
            leader_id=leader.member_id,
        )
    return leader


def test_a_flash_sale_is_quoted_from_its_own_units(shop: Shop) -> None:
    flash(shop, 8, shards=4, per_member_limit=9)
    lin, ann = shop.member("Lin"), shop.member("Ann")
    assert refusal(lin, campaign_id="flash", quantity=8) is None
    assert refusal(lin, campaign_id="flash", quantity=9) == "out_of_stock"
    assert refusal(lin, campaign_id="flash", quantity=10) == "out_of_stock"

    group_id = lin.opens("flash", quantity=5).pays().group_id

    assert refusal(ann, campaign_id="flash", quantity=3) is None
    assert refusal(ann, group_id=group_id, quantity=3) is None
    assert refusal(ann, group_id=group_id, quantity=4) == "out_of_stock"
    assert refusal(lin, group_id=group_id) == "already_joined"
    assert refusal(ann, quantity=92) is None, "bought alone, of the SKU's own"
    assert refusal(ann, quantity=93) == "out_of_stock"
    shop.advance(3600)
    assert refusal(ann, campaign_id="flash") == "campaign_not_live"
    assert refusal(ann, group_id=group_id) == "group_over"


def test_the_limit_of_a_flash_sale_is_quoted(shop: Shop) -> None:
    flash(shop, 20, per_member_limit=3)
    lin = shop.member("Lin")
    lin.opens("flash", quantity=2)

    assert refusal(lin, campaign_id="flash", quantity=1) is None
    assert refusal(lin, campaign_id="flash", quantity=2) == "limit_reached"


@pytest.mark.parametrize("rules", [ROUND, {"custom_fields": [{"name": "engraving"}]}])
def test_what_is_bought_or_made_once_it_is_wanted_is_never_out_of_stock(
    shop: Shop, rules: dict[str, Any]
) -> None:
    shop.campaign("later", rules=rules)

    reply = quoted(shop.member("Lin"), campaign_id="later", quantity=999)

    assert (reply["refusal_code"], reply["goods_fen"]) == (None, 999 * 1500)
    assert available(shop, "later") is None


def test_with_units_set_aside_even_that_can_be_out_of_stock(shop: Shop) -> None:
    flash(shop, 5, rules=ROUND, ends_at=shop.at(24 * 3600))
    lin = shop.member("Lin")

    assert refusal(lin, campaign_id="flash", quantity=5) is None
    assert refusal(lin, campaign_id="flash", quantity=6) == "out_of_stock"
    assert available(shop) == 5


def test_a_crowd_has_room_for_everyone_but_those_who_are_in_it(shop: Shop) -> None:
    shop.campaign("super", rules=CROWD, duration_seconds=600)
    lin, ann = shop.member("Lin"), shop.member("Ann")
    assert refusal(lin, campaign_id="super") is None, "nobody has opened one"

    group_id = lin.opens("super").pays().group_id

    for asked in ({"campaign_id": "super"}, {"group_id": group_id}):
        assert refusal(lin, **asked) == "already_joined"
        assert refusal(ann, **asked) is None
        assert refusal(ann, **asked, quantity=100) == "out_of_stock"
    shop.advance(600)
    assert refusal(ann, group_id=group_id) == "group_over"
    assert refusal(lin, campaign_id="super") is None, "the next one"


def test_a_crowd_is_quoted_at_the_price_with_which_it_began(shop: Shop) -> None:
    shop.campaign("super", rules=CROWD, duration_seconds=600)
    group_id = shop.member("Lin").opens("super").pays().group_id
    cheaper = [{"sku_id": "apples-5", "group_price_fen": 1200}]
    shop.campaign("super", rules=CROWD, duration_seconds=600, skus=cheaper)
    ann = shop.member("Ann")

    assert quoted(ann, group_id=group_id)["goods_fen"] == 1500
    assert refusal(ann, campaign_id="super") == "campaign_changed"
    assert ann.joins(group_id).amount_fen == 1500
    shop.advance(600)
    assert quoted(ann, campaign_id="super")["goods_fen"] == 1200


def test_a_crowd_for_newcomers_tells_who_has_paid_before(shop: Shop) -> None:
    shop.campaign("super", rules={**CROWD, "who": "newcomers"}, duration_seconds=600)
    lin, ann = shop.member("Lin"), shop.member("Ann")
    lin.buys().pays()
    shop.settles()

    assert refusal(lin, campaign_id="super") == "newcomers_only"
    group_id = ann.opens("super").pays().group_id
    assert refusal(lin, campaign_id="super") == "newcomers_only"
    assert refusal(lin, group_id=group_id) == "newcomers_only"
    assert refusal(shop.member("Bo"), group_id=group_id) is None


def test_a_round_takes_a_member_as_often_as_they_like(shop: Shop) -> None:
    shop.campaign("veg", rules=ROUND)
    lin = shop.member("Lin")
    group_id = lin.opens("veg").pays().group_id

    assert refusal(lin, campaign_id="veg") is None
    assert refusal(lin, group_id=group_id) is None


def test_a_crowd_that_was_called_off_is_over_until_its_cut_off(shop: Shop) -> None:
    shop.campaign("veg", rules=ROUND)
    lin = shop.member("Lin")
    group_id = lin.opens("veg").pays().group_id
    shop.admin("cancel_group", group_id=group_id)

    assert refusal(lin, campaign_id="veg") == "group_over"
    assert lin.tries_to_open("veg").code == "group_over"


def test_what_is_fetched_at_a_station_has_no_freight(shop: Shop) -> None:
    stations(shop)
    shop.admin("put_freight", merchant_id="orchard", flat_fen=800, provinces_not_served=["新疆"])
    shop.campaign("veg", rules=STATIONS)
    shop.campaign("sent", rules=ROUND)
    lin = shop.member("Lin")

    for station in ({}, {"station_id": "gate"}):
        reply = quoted(lin, campaign_id="veg", **station)
        assert (reply["freight_fen"], reply["amount_fen"]) == (0, 1500)
        assert reply["refusal_code"] is None
    assert quoted(lin, campaign_id="sent")["freight_fen"] == 800
    opened = lin.opens("veg", address=None, station_id="gate")
    assert opened.amount_fen == 1500


def test_a_station_that_is_closed_is_told(shop: Shop) -> None:
    leader = stations(shop)
    shop.campaign("veg", rules=STATIONS)
    lin = shop.member("Lin")
    shop.admin(
        "put_station",
        station_id="gate",
        name="东门",
        address="文三路 1 号",
        leader_id=leader.member_id,
        closed=True,
    )

    assert refusal(lin, campaign_id="veg", station_id="gate") == "station_closed"
    assert refusal(lin, campaign_id="veg", station_id="lake") is None
    tried = lin.tries_to_open("veg", address=None, station_id="gate")
    assert tried.code == "station_closed"


def test_where_it_goes_is_said_as_the_campaign_asks(shop: Shop) -> None:
    stations(shop)
    shop.campaign("veg", rules=STATIONS)
    shop.campaign("gate_only", rules={**STATIONS, "stations": ["gate"]})
    lin = shop.member("Lin")
    group_id = lin.opens("veg", address=None, station_id="gate").pays().group_id
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"campaign_id": "veg", "address": ADDRESS}, "address"),
        ({"campaign_id": "gate_only", "station_id": "lake"}, "station_id"),
        ({"campaign_id": "autumn", "station_id": "gate"}, "station_id"),
        ({"station_id": "gate"}, "station_id"),
        ({"group_id": group_id, "station_id": "lake"}, "station_id"),
    ]

    for asked, field in wrong:
        reply = quoted(lin, **asked)
        assert (reply.status, reply.code) == (422, "invalid_request"), asked
        assert [each["field"] for each in reply["errors"]] == [field]
    assert refusal(lin, group_id=group_id, station_id="gate") is None


def test_each_station_has_a_round_of_its_own_to_quote(shop: Shop) -> None:
    stations(shop)
    shop.campaign("veg", rules={**STATIONS, "cutoff": "22:00"})
    lin = shop.member("Lin")
    gate = lin.opens("veg", address=None, station_id="gate").pays()
    cheaper = [{"sku_id": "apples-5", "group_price_fen": 1200}]
    shop.campaign("veg", rules=STATIONS, skus=cheaper)

    assert quoted(lin, campaign_id="veg", station_id="gate")["goods_fen"] == 1500
    assert quoted(lin, campaign_id="veg", station_id="lake")["goods_fen"] == 1200
    assert refusal(lin, group_id=gate.group_id, station_id="gate") is None


def test_no_shard_of_a_crowd_can_be_quoted(shop: Shop) -> None:
    shop.campaign("super", rules=CROWD, duration_seconds=600)
    lin = shop.member("Lin")
    group_id = lin.opens("super").pays().group_id

    assert quoted(lin, group_id=f"{group_id}#0").status == 422
    assert quoted(lin, group_id="grp_unknown").status == 404
    assert quoted(lin, campaign_id="unknown").status == 404
