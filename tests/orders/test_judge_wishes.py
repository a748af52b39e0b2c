"""What members put into their own words is judged by WeChat before an order with it is placed."""

from dataclasses import replace
from typing import Any

import pytest

from chalicelib.gateways.wechat_api import (
    RefusedByWechatApi,
    WechatApi,
    WechatApiOff,
    WechatIdentity,
)
from chalicelib.groups.open import open_group
from chalicelib.orders.errors import WishesUnjudged
from chalicelib.orders.place import place
from tests.fakes import FakeWechatApi
from tests.http.problems import fields_of, wrong_in
from tests.made_to_order import FIELDS, WISHES, takes_orders
from tests.races import purchase
from tests.shop import Reply, Shop


class Noting(FakeWechatApi):
    """Writes down what is judged in which scene; whoever logs in is known to another."""

    def __init__(self, knows: WechatApi) -> None:
        super().__init__()
        self.knows = knows
        self.asked: list[tuple[str, int]] = []

    def login(self, code: str) -> WechatIdentity:
        return self.knows.login(code)

    def is_text_allowed(self, openid: str, text: str, *, scene: int) -> bool:
        self.asked.append((text, scene))
        return super().is_text_allowed(openid, text, scene=scene)


class Refusing(FakeWechatApi):
    """WeChat takes the text for judging from nobody."""

    def is_text_allowed(self, openid: str, text: str, *, scene: int) -> bool:
        raise RefusedByWechatApi(61010)


@pytest.fixture
def wechat(shop: Shop) -> Noting:
    takes_orders(shop)
    wechat = Noting(shop.wiring.wechat_api)
    shop.wiring._wechat_api = wechat
    return wechat


def refusals(shop: Shop, wishes: dict[str, Any]) -> list[Reply]:
    """What is answered to who opens a group with these wishes, and to who joins one or comes to a
    crowd; nothing is changed.
    """
    ann = shop.member("Ann")
    group_id = shop.rows("orders", campaign_id="mug")[0]["group_id"]
    before = shop.everything()
    replies = [
        ann.tries_to_open("mug", custom_fields=wishes),
        ann.tries_to_join(group_id, custom_fields=wishes),
        ann.tries_to_open("many", custom_fields=wishes),
    ]
    assert shop.everything() == before
    return replies


@pytest.fixture
def forming(shop: Shop, wechat: Noting) -> None:
    """A group that can be joined, and a campaign of crowds."""
    takes_orders(shop, "many", rules={"crowd": {"threshold": 2, "shards": 2}})
    shop.member("Lin").opens("mug", custom_fields=WISHES).pays()
    shop.settles()


def test_own_words_are_judged_together_and_options_are_not(shop: Shop, wechat: Noting) -> None:
    lin, ann = shop.member("Lin"), shop.member("Ann")
    takes_orders(shop, "pair", rules={"custom_fields": [*FIELDS, {"name": "inside"}]})

    opened = lin.opens("pair", custom_fields={**WISHES, "inside": " 平安 "}).pays()
    ann.joins(opened.group_id, custom_fields={"engraving": "Ann", "inside": "喜乐"})

    assert wechat.asked == [("小满\n平安", 2), ("Ann\n喜乐", 2)]
    assert opened.now()["custom_fields"] == {**WISHES, "inside": "平安"}


def test_where_there_are_only_options_nothing_is_judged(shop: Shop, wechat: Noting) -> None:
    takes_orders(shop, "plain", rules={"custom_fields": FIELDS[1:]})

    red = shop.member("Lin").opens("plain", custom_fields={"colour": "红"})
    none = shop.member("Ann").opens("plain")

    assert wechat.asked == []
    assert [order.now()["custom_fields"] for order in (red, none)] == [{"colour": "红"}, {}]


def test_what_wechat_does_not_let_pass_places_nothing(
    shop: Shop, wechat: Noting, forming: None
) -> None:
    wechat.refused_texts.add("坏话")

    for reply in refusals(shop, {"engraving": "坏话"}):
        assert wrong_in(reply, 409, "content_refused") == []


def test_it_can_be_placed_under_the_same_key_with_other_words(shop: Shop, wechat: Noting) -> None:
    wechat.refused_texts.add("坏话")
    lin = shop.member("Lin")
    refused = lin.tries_to_open("mug", key="the-same-key", custom_fields={"engraving": "坏话"})

    taken = lin.tries_to_open("mug", key="the-same-key", custom_fields={"engraving": "好话"})

    assert (refused.status, taken.status) == (409, 201)


def test_a_wechat_that_does_not_judge_places_nothing(
    shop: Shop, wechat: Noting, forming: None
) -> None:
    shop.member("Ann")
    wechat.is_down = True

    for reply in refusals(shop, {"engraving": "好话"}):
        assert wrong_in(reply, 503, "wechat_unavailable") == []


@pytest.mark.parametrize("silent", [Refusing(), WechatApiOff(("wechat_app_secret",))])
def test_a_wechat_that_will_not_judge_places_nothing(shop: Shop, silent: WechatApi) -> None:
    takes_orders(shop)
    lin = shop.member("Lin")
    before = shop.everything()
    shop.wiring._wechat_api = silent

    reply = lin.tries_to_open("mug", custom_fields=WISHES)

    assert wrong_in(reply, 503, "wechat_unavailable") == []
    assert shop.everything() == before


def test_a_repeat_needs_no_wechat(shop: Shop, wechat: Noting) -> None:
    lin = shop.member("Lin")
    first = lin.tries_to_open("mug", key="the-same-key", custom_fields=WISHES)
    wechat.is_down = True

    again = lin.tries_to_open("mug", key="the-same-key", custom_fields=WISHES)

    assert again["order"]["order_id"] == first["order"]["order_id"]
    assert (len(wechat.asked), len(shop.rows("orders"))) == (1, 1)


def test_who_is_refused_anyway_is_not_judged_first(shop: Shop, wechat: Noting) -> None:
    lin = shop.member("Lin").opens("mug", custom_fields=WISHES).pays()
    shop.member("Ann").joins(lin.group_id, custom_fields=WISHES).pays()

    late = shop.member("Bo").tries_to_join(lin.group_id, custom_fields=WISHES)

    assert (late.code, len(wechat.asked)) == ("group_over", 2)


@pytest.mark.parametrize(
    ("wishes", "field"),
    [
        ({}, "engraving"),
        ({"engraving": " "}, "engraving"),
        ({"engraving": "长" * 21}, "engraving"),
        ({"engraving": "长" * 101}, "engraving"),
        ({"engraving": "a\nb"}, "engraving"),
        ({"engraving": "a\x00b"}, "engraving"),
        ({"engraving": "a\u2028b"}, "engraving"),
        ({"engraving": "a\u202eb"}, "engraving"),
        ({"engraving": 7}, "engraving"),
        ({"engraving": None}, "engraving"),
        ({"engraving": "小满", "colour": "绿"}, "colour"),
        ({"engraving": "小满", "size": "L"}, "size"),
    ],
)
def test_a_fault_is_told_with_its_field_and_nothing_is_judged(
    shop: Shop, wechat: Noting, wishes: dict[str, Any], field: str
) -> None:
    lin = shop.member("Lin")
    before = shop.everything()

    reply = lin.tries_to_open("mug", custom_fields=wishes)

    assert wrong_in(reply, 422, "invalid_request") == []
    assert fields_of(reply) == [f"custom_fields.{field}"]
    assert (wechat.asked, shop.everything()) == ([], before)


def test_half_a_character_is_no_text(shop: Shop, wechat: Noting) -> None:
    lin = shop.member("Lin")
    body = b'{"campaign_id": "mug", "custom_fields": {"engraving": "\\ud83d"}}'
    headers = {"Idempotency-Key": "the-same-key"}

    reply = shop.send("POST", "/v1/groups", body, token=lin.token, headers=headers)

    assert wrong_in(reply, 400, "malformed_json") == []
    assert wechat.asked == []


def test_too_many_fields_and_fields_nobody_asked_for_are_refused(
    shop: Shop, wechat: Noting
) -> None:
    lin = shop.member("Lin")

    many = lin.tries_to_open("mug", custom_fields={f"field_{n}": "x" for n in range(11)})
    unasked = lin.tries_to_open(custom_fields={"engraving": "小满"})
    alone = lin.tries_to_buy(custom_fields={"engraving": "小满"})

    assert [fields_of(reply) for reply in (many, unasked, alone)] == [
        ["custom_fields"],
        ["custom_fields.engraving"],
        ["custom_fields"],
    ]
    assert shop.rows("orders") == []


def test_other_wishes_under_the_same_key_are_another_request(shop: Shop, wechat: Noting) -> None:
    lin = shop.member("Lin")
    lin.tries_to_open("mug", key="the-same-key", custom_fields=WISHES)

    other = lin.tries_to_open("mug", key="the-same-key", custom_fields={"engraving": "Lin"})

    assert other.code == "idempotency_conflict"


def test_no_verb_places_what_is_not_judged(shop: Shop, wechat: Noting) -> None:
    wanted = replace(purchase(shop, "Lin", "open"), custom_fields=WISHES)

    with pytest.raises(WishesUnjudged):
        open_group("mug", wanted, clock=shop.clock)
    assert shop.rows("orders") == []
    assert place(purchase(shop, "Ann", "buy"), clock=shop.clock).order.custom_fields == {}
