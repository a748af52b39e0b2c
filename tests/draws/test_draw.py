"""Who wins follows from seed and entries alone, and is fair. Pure: no database here."""

from collections import Counter
from collections.abc import Collection, Sequence
from itertools import permutations, product

import pytest

from chalicelib.draws.model import Entry, digest_of, hash_of, in_rank_order, rank_of, winners_of

DRAWS = 4000
MOST_DEVIATIONS = 4.5
"""Of a fair draw, one of a million counts lies further from what is expected. Seeds are fixed, so
that these tests say the same every time.
"""


def entries(count: int, *, of_draw: int = 0) -> list[Entry]:
    """As many paid orders, with the numbers WeChat gave them in that draw."""
    return [Entry(f"ord_{number:02d}", f"42{of_draw:06d}{number:02d}") for number in range(count)]


def wins(count: int, wanted: int, *, passed_over: Collection[str] = ()) -> Counter[str]:
    """How often each has won, of DRAWS draws."""
    won: Counter[str] = Counter()
    for number in range(DRAWS):
        won.update(winners_of(f"seed {number}", entries(count), wanted, passed_over))
    return won


def deviations(won: int, chance: float, draws: int = DRAWS) -> float:
    """How far a count lies from what is expected, in standard deviations."""
    return float((won - draws * chance) / (draws * chance * (1 - chance)) ** 0.5)


@pytest.mark.parametrize(("count", "wanted"), [(2, 1), (3, 1), (10, 1), (10, 3), (50, 7)])
def test_each_wins_as_often_as_any_other(count: int, wanted: int) -> None:
    won = wins(count, wanted)

    assert won.total() == DRAWS * wanted
    off = {each: deviations(won[each.order_id], wanted / count) for each in entries(count)}
    assert max(map(abs, off.values())) < MOST_DEVIATIONS, off


def test_one_seed_is_as_fair_over_the_numbers_of_wechat_as_many_are() -> None:
    won: Counter[str] = Counter()
    for number in range(DRAWS):
        won.update(winners_of("the same seed", entries(5, of_draw=number), 1))

    off = {each: deviations(won[each.order_id], 1 / 5) for each in entries(5)}
    assert max(map(abs, off.values())) < MOST_DEVIATIONS, off


def test_those_who_are_passed_over_never_win_and_the_others_share_their_chance() -> None:
    won = wins(8, 2, passed_over={"ord_01", "ord_04", "ord_05"})

    assert {"ord_01", "ord_04", "ord_05"}.isdisjoint(won)
    off = {order_id: deviations(times, 2 / 5) for order_id, times in won.items()}
    assert len(off) == 5
    assert max(map(abs, off.values())) < MOST_DEVIATIONS, off


def test_every_order_of_ranks_comes_as_often_as_any_other() -> None:
    seen = Counter(tuple(in_rank_order(f"seed {number}", entries(4))) for number in range(DRAWS))

    ranks = list(permutations(entry.order_id for entry in entries(4)))
    off = {order: deviations(seen[order], 1 / len(ranks)) for order in ranks}
    assert max(map(abs, off.values())) < MOST_DEVIATIONS, off


def test_winning_one_draw_says_nothing_about_the_next() -> None:
    pairs = Counter(
        (winners_of(f"a{number}", entries(3), 1), winners_of(f"b{number}", entries(3), 1))
        for number in range(DRAWS)
    )

    singles = [(entry.order_id,) for entry in entries(3)]
    off = {pair: deviations(pairs[pair], 1 / 9) for pair in product(singles, singles)}
    assert max(map(abs, off.values())) < MOST_DEVIATIONS, off


def with_one_thing_changed() -> list[tuple[str, str, Sequence[Entry]]]:
    """What was changed, the seed, the entries."""
    seed, given = "seed", entries(6)
    other_order = [Entry("ord_09", given[0].transaction_id), *given[1:]]
    other_payment = [Entry(given[0].order_id, "4299999999"), *given[1:]]
    swapped = [
        Entry(given[0].order_id, given[1].transaction_id),
        Entry(given[1].order_id, given[0].transaction_id),
        *given[2:],
    ]
    return [
        ("another seed", "seec", given),
        ("an order id", seed, other_order),
        ("a transaction id", seed, other_payment),
        ("two transaction ids swapped", seed, swapped),
        ("one entry less", seed, given[:-1]),
        ("one entry more", seed, entries(7)),
    ]


@pytest.mark.parametrize(("what", "seed", "changed"), with_one_thing_changed())
def test_changing_one_thing_is_another_draw(what: str, seed: str, changed: Sequence[Entry]) -> None:
    assert digest_of(seed, changed) != digest_of("seed", entries(6))
    before, after = (list(in_rank_order(*each)) for each in (("seed", entries(6)), (seed, changed)))
    assert [one for one in before if one in after] != [one for one in after if one in before], what


def test_a_change_anywhere_moves_winners_as_often_as_chance_would() -> None:
    def winner(number: int, last: str) -> tuple[str, ...]:
        given = [*entries(4)[:-1], Entry("ord_03", last)]
        return winners_of(f"seed {number}", given, 1)

    same = sum(winner(number, "421") == winner(number, "422") for number in range(DRAWS))

    assert abs(deviations(same, 1 / 4)) < MOST_DEVIATIONS


def test_in_which_order_entries_are_listed_does_not_matter() -> None:
    assert winners_of("seed", entries(9), 9) == winners_of("seed", entries(9)[::-1], 9)


def test_a_passed_over_entry_still_counts_for_the_rank_of_the_others() -> None:
    ranked = list(in_rank_order("seed", entries(6)))

    assert winners_of("seed", entries(6), 2, {ranked[0]}) == tuple(ranked[1:3])


def test_more_winners_than_entries_are_all_of_them_and_none_of_none() -> None:
    assert len(winners_of("seed", entries(3), 10)) == 3
    assert winners_of("seed", [], 1) == ()


def test_what_is_hashed_is_written_down_for_good() -> None:
    given = [Entry("ord_b", "4200000002"), Entry("ord_a", "4200000001")]

    # sha256sum of `00ff`; and of `00ff`, `ord_a 4200000001`, `ord_b 4200000002`, a line each
    assert hash_of("00ff") == "8909cde2f411a84e86e7a39c8a3916b7cda6a9d977778030b6f6a491401400bc"
    digest = "ba2430b5e567e3822c7aad46594a0cde803cf41cde34bad83a474896ff65b82e"
    assert digest_of("00ff", given) == digest
    # sha256sum of `<digest> ord_a`, and of `<digest> ord_b`
    assert rank_of(digest, "ord_a") == (
        "cd7bd7f2c2a3c969a4b2ee6c355dee749fb2329c317ddb0c35e6ec301e8b59ea"
    )
    assert rank_of(digest, "ord_b") == (
        "90c49315df7ceb3618b4dfbd8ffcbb0fd4e76d9a8237b5ae3822e157a783d0b9"
    )
    assert winners_of("00ff", given, 2) == ("ord_b", "ord_a")
