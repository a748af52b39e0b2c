"""What members may fill in for goods that are made to order."""

import pytest

from chalicelib.rules import custom
from chalicelib.rules.compose import contradictions
from chalicelib.rules.model import CustomField, DrawRule, Rules
from tests.rules.words import played

ENGRAVING = CustomField(name="engraving", max_length=4)
COLOUR = CustomField(name="colour", options=("红", "蓝"), required=False)
RULES = Rules(custom_fields=(ENGRAVING, COLOUR))


@pytest.mark.parametrize(
    "given",
    [
        {"engraving": "小满"},
        {"engraving": "一二三四", "colour": "红"},
        {"engraving": " 小满 ", "colour": ""},
        {"engraving": "🍎🍏🍎🍏"},
    ],
)
def test_what_is_asked_for_may_be_filled_in(given: dict[str, str]) -> None:
    assert list(custom.faults(RULES, given)) == []


@pytest.mark.parametrize(
    ("given", "wrong"),
    [
        ({}, ["engraving"]),
        ({"engraving": "  "}, ["engraving"]),
        ({"engraving": "一二三四五"}, ["engraving"]),
        ({"engraving": "小满", "colour": "绿"}, ["colour"]),
        ({"engraving": "小满", "colour": "红红"}, ["colour"]),
        ({"engraving": "小满", "size": "L"}, ["size"]),
        ({"size": "L", "colour": "绿"}, ["size", "engraving", "colour"]),
    ],
)
def test_anything_else_is_named(given: dict[str, str], wrong: list[str]) -> None:
    assert [name for name, _ in custom.faults(RULES, given)] == wrong


def test_a_campaign_that_asks_for_nothing_takes_nothing() -> None:
    assert [name for name, _ in custom.faults(Rules(), {"engraving": "小满"})] == ["engraving"]
    assert list(custom.faults(Rules(), {})) == []


def test_blanks_do_not_count() -> None:
    filled_in = custom.filled_in({"engraving": " 小 满 ", "colour": "  "})

    assert filled_in == {"engraving": "小 满"}


def test_only_what_is_not_an_option_is_in_ones_own_words() -> None:
    given = {"engraving": "小满", "colour": "红"}

    assert custom.own_words(RULES, given) == ["小满"]
    assert custom.own_words(RULES, {"colour": "红"}) == []


def test_a_field_stands_there_once_and_nothing_is_drawn_for_it() -> None:
    assert contradictions(played(custom_fields=(ENGRAVING, COLOUR))) == []
    twice = contradictions(played(custom_fields=(ENGRAVING, COLOUR, ENGRAVING)))
    assert twice == ["custom_fields: engraving stands there twice"]
    drawn = contradictions(played(custom_fields=(ENGRAVING,), draw=DrawRule(winners=1)))
    assert [sentence.partition(":")[0] for sentence in drawn] == ["draw"]
