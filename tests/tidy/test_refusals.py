"""Every refusal can be shown to a person and branched on by a client."""

import pytest

from chalicelib.kit.errors import Refusal
from infra.refusals import REFUSALS
from tests.tidy.contract import (
    all_refusals,
    codes_with_two_meanings,
    wrong_refusals,
    wrong_words,
)
from tests.tidy.tree import assert_none


class Good(Refusal):
    """As it should be."""

    status, code = 409, "group_full"
    title, title_en = "这个团已经满了", "The group is full."


class WithoutStatus(Refusal):
    """Declares nothing of its own but words."""

    code = "group_full"
    title, title_en = "这个团已经满了", "The group is full."


class UnknownCode(Good):
    """A code that no client was ever told about."""

    code = "group_is_full"


class WrongStatus(Good):
    """A known code under another status."""

    status = 400


class EnglishTitle(Good):
    """Nothing a zh-CN shopper could read."""

    title = "The group is full"


class LongTitle(Good):
    """More than a toast shows."""

    title = "满" * 21


class ChineseEnglish(Good):
    """Nothing an English reader could read."""

    title_en = "这个团已经满了"


class OtherMeaning(Good):
    """The same code for something else."""

    title = "团已结束"


# Several refusals may share a code when clients do the same about all of them; each then has a
# title of its own for the shopper to read.
SHARED_CODES = {
    "campaign_not_live": "not begun, paused, over, or ended by hand: there is nothing to join now",
    "not_allowed": "whoever refuses, asking again does not help",
    "not_signed_in": "whether the token or the login code is no good: sign in again",
}


def test_a_refusal_with_everything_is_fine() -> None:
    assert list(wrong_refusals([Good])) == []


@pytest.mark.parametrize(
    "refusal",
    [WithoutStatus, UnknownCode, WrongStatus, EnglishTitle, LongTitle, ChineseEnglish],
)
def test_a_refusal_that_lacks_one_thing_is_refused(refusal: type[Refusal]) -> None:
    assert len(list(wrong_refusals([refusal]))) == 1


def test_a_code_with_two_meanings_is_refused() -> None:
    assert len(list(codes_with_two_meanings([Good, OtherMeaning], {}))) == 1
    assert list(codes_with_two_meanings([Good, Good], {})) == []
    assert list(codes_with_two_meanings([Good, OtherMeaning], {"group_full": "why"})) == []
    assert len(list(codes_with_two_meanings([Good, Good], {"group_full": "why"}))) == 1


def test_every_refusal_keeps_the_contract() -> None:
    refusals = all_refusals()

    assert len(refusals) > 0
    assert_none(wrong_refusals(refusals))


def test_every_code_means_one_thing() -> None:
    assert_none(codes_with_two_meanings(all_refusals(), SHARED_CODES))


def test_what_the_gateway_refuses_keeps_the_contract_too() -> None:
    complaints = [
        complaint
        for refusal in REFUSALS
        for complaint in wrong_words(
            refusal.response_type,
            status=refusal.status,
            code=refusal.code,
            title=refusal.title,
        )
    ]
    assert_none(complaints)
