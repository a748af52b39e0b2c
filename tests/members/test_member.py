"""What a member is, without any table."""

import pytest
from pydantic import TypeAdapter, ValidationError

from chalicelib.members.model import AvatarUrl, Member, Nickname
from tests.fakes import NOON

nickname = TypeAdapter(Nickname)
avatar_url = TypeAdapter(AvatarUrl)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("Lin", "Lin"),
        ("  林小姐 ", "林小姐"),
        ("👩‍👩‍👧 family", "👩‍👩‍👧 family"),
        ("x" * 32, "x" * 32),
        ("محمد", "محمد"),
    ],
)
def test_a_nickname_is_what_people_write(given: str, kept: str) -> None:
    assert nickname.validate_python(given) == kept


@pytest.mark.parametrize(
    "given", ["", " ", "\t", "a\tb", "a\u2028b", "a\u2029b", "\u202eniL", "a\x7f", "x" * 33]
)
def test_a_nickname_is_one_plain_line(given: str) -> None:
    with pytest.raises(ValidationError):
        nickname.validate_python(given)


@pytest.mark.parametrize(
    "given", ["https://", "https://a b", "https://a\n", "ftp://a", " https://a", "https://图"]
)
def test_an_avatar_is_an_https_address(given: str) -> None:
    with pytest.raises(ValidationError):
        avatar_url.validate_python(given)


def test_a_member_known_in_one_more_app_keeps_the_first() -> None:
    member = Member("mem_1", created_at=NOON).known_as("wx-a", "openid-a", "union")

    later = member.known_as("wx-b", "openid-b", None)

    assert (later.openid_for("wx-a"), later.openid_for("wx-b")) == ("openid-a", "openid-b")
    assert later.unionid == "union"
    assert member.openid_for("wx-b") is None
