"""The ticker and the leaderboards: fed by what happens, masked, cheap to read."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from chalicelib.kit.days import week_of
from chalicelib.kit.writes import WriteSet
from chalicelib.rankings import leaderboard, show_ticker
from chalicelib.rankings import store as rankings
from chalicelib.rankings.tick import masked, tick
from tests.shop import Reply, Shop
from tests.withdrawals.words import asked, cancels, earner, paid


@pytest.fixture(autouse=True)
def nothing_remembered() -> Iterator[None]:
    leaderboard.forget_boards()
    show_ticker.forget_ticker()
    yield
    leaderboard.forget_boards()
    show_ticker.forget_ticker()


def board(shop: Shop, path: str) -> Reply:
    """What a member sees of the board."""
    return shop.member("Zoe").send("GET", path)


def count(shop: Shop, member_id: str, delta_fen: int, name: str | None = None) -> None:
    now = shop.clock.now()
    writes = WriteSet()
    rankings.add_earned(
        writes,
        name or f"week#{week_of(now)}",
        member_id,
        delta_fen,
        expires_at=now + timedelta(days=1),
    )
    writes.commit()


def test_a_paid_withdrawal_is_on_the_ticker_masked(shop: Shop) -> None:
    lin = earner(shop)
    lin.send("PUT", "/v1/me", {"nickname": "林小满"})
    cancels(lin, asked(lin, 500))
    withdrawal_id = paid(lin)

    seen = shop.send("GET", "/v1/withdrawal-ticker")

    assert seen.content == {
        "items": [{"nickname": "林**", "amount_fen": 2_000, "at": "2026-11-22T12:00:00Z"}],
        "next_cursor": None,
    }
    tick(withdrawal_id)
    tick(withdrawal_id)
    assert len(shop.rows("rankings", board="ticker")) == 1


def test_a_line_whose_record_was_lost_is_made_up_for_by_the_sweep(shop: Shop) -> None:
    lin = earner(shop)
    withdrawal_id = asked(lin)
    shop.settles()
    package = lin.send("GET", f"/v1/withdrawals/{withdrawal_id}")["transfer"]["package"]
    shop.sandbox.confirm_transfer("Lin", package)
    shop.sandbox.pump()
    shop.streams_are_lost()
    assert shop.rows("rankings") == []

    shop.passes(60)

    assert [line["nickname_masked"] for line in shop.rows("rankings")] == ["**"]
    assert "due_at" not in shop.rows("withdrawals")[0]


@pytest.mark.parametrize(
    ("nickname", "seen"), [(None, "**"), ("", "**"), ("L", "L**"), ("林小满", "林**")]
)
def test_a_nickname_is_masked_but_for_its_first_sign(nickname: str | None, seen: str) -> None:
    assert masked(nickname) == seen


def test_a_board_ranks_by_what_was_earned(shop: Shop) -> None:
    members = {name: shop.member(name) for name in ("Ann", "Bo", "Cy", "Di")}
    members["Ann"].send("PUT", "/v1/me", {"nickname": "Ann"})
    for name, earned_fen in (("Bo", 300), ("Ann", 500), ("Cy", 200), ("Cy", -200), ("Di", -5)):
        count(shop, members[name].member_id, earned_fen)

    seen = board(shop, "/v1/leaderboard")

    assert seen["items"] == [
        {"rank": 1, "nickname": "Ann", "avatar_url": None, "commission_fen": 500},
        {"rank": 2, "nickname": None, "avatar_url": None, "commission_fen": 300},
    ]
    assert not any(member.member_id in str(seen.content) for member in members.values())
    assert board(shop, "/v1/leaderboard?period=month")["items"] == []
    assert board(shop, "/v1/leaderboard?period=year").code == "invalid_request"


def test_a_new_week_begins_with_an_empty_board(shop: Shop) -> None:
    count(shop, shop.member("Ann").member_id, 500)
    assert len(board(shop, "/v1/leaderboard?period=week")["items"]) == 1

    shop.advance(7 * 24 * 3600)

    assert board(shop, "/v1/leaderboard?period=week")["items"] == []


def test_a_board_is_read_once_a_minute(shop: Shop) -> None:
    ann = shop.member("Ann")
    count(shop, ann.member_id, 500)
    with shop.reads_of("Query") as reads:
        for _ in range(5):
            board(shop, "/v1/leaderboard")
            shop.send("GET", "/v1/withdrawal-ticker")
    assert len(reads) == 2
    count(shop, ann.member_id, 100)
    assert board(shop, "/v1/leaderboard")["items"][0]["commission_fen"] == 500

    shop.advance(60)

    assert board(shop, "/v1/leaderboard")["items"][0]["commission_fen"] == 600
