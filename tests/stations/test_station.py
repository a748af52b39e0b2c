"""Stations and pick-up codes as values, and putting a station beside somebody else who does."""

from datetime import UTC, date, datetime
from functools import partial

import pytest

from chalicelib.catalog.model import Outcome
from chalicelib.kit.days import next_time_of_day, time_on
from chalicelib.kit.errors import NotFound
from chalicelib.members import standing
from chalicelib.stations import store as stations
from chalicelib.stations.model import CODE_DIGITS, Station, pickup_code
from chalicelib.stations.put_station import put_station
from tests.in_process import just_before
from tests.shop import Shop


def station(leader_id: str, **changes: object) -> Station:
    given = {"name": "东门", "address": "文三路 1 号", "phone": "0571-1234", **changes}
    return Station.model_validate({"station_id": "gate", "leader_id": leader_id, **given})


def test_a_code_is_eight_digits_that_follow_from_the_order_and_its_member() -> None:
    codes = [pickup_code(f"ord_{number}", "mem_1") for number in range(1000)]

    assert {len(code) for code in codes} == {CODE_DIGITS}
    assert all(code.isdigit() for code in codes)
    assert len(set(codes)) == 1000
    assert pickup_code("ord_1", "mem_1") == codes[1]
    assert pickup_code("ord_1", "mem_1", 1) != codes[1]


def test_a_code_cannot_be_worked_out_from_what_a_draw_makes_public() -> None:
    assert pickup_code("ord_1", "mem_1") != pickup_code("ord_1", "mem_2")


def test_a_time_of_day_is_the_business_s() -> None:
    assert time_on(date(2026, 11, 23), "00:30") == datetime(2026, 11, 22, 16, 30, tzinfo=UTC)
    assert time_on(date(2026, 11, 23), "08:00") == datetime(2026, 11, 23, tzinfo=UTC)
    at = datetime(2026, 11, 22, 16, 30, tzinfo=UTC)
    assert next_time_of_day(at.replace(minute=29), "00:30") == at
    assert next_time_of_day(at, "00:30") == at.replace(day=23)


def test_a_time_of_day_keeps_to_the_clocks_when_they_change(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("BUSINESS_TIMEZONE", "America/New_York")
    before = datetime(2026, 10, 31, 22, 0, tzinfo=UTC)

    first = next_time_of_day(before, "22:00")
    assert first == datetime(2026, 11, 1, 2, 0, tzinfo=UTC)
    # That night clocks go back: the next day has 25 hours.
    assert next_time_of_day(first, "22:00") == datetime(2026, 11, 2, 3, 0, tzinfo=UTC)


def test_what_a_station_no_longer_has_is_taken_away(shop: Shop) -> None:
    leader_id = shop.member("Gu").member_id
    first, second = station(leader_id, closed=True), station(leader_id, phone=None)

    outcomes = [put_station(each) for each in (first, second, second)]

    assert outcomes == [Outcome.CREATED, Outcome.CHANGED, Outcome.UNCHANGED]
    assert stations.read_all(["gate"]) == [second]
    (row,) = shop.rows("stations")
    assert "phone" not in row


@pytest.mark.parametrize("is_there", [False, True])
def test_of_two_who_put_a_station_at_once_the_last_word_is_whole(
    shop: Shop, is_there: bool
) -> None:
    gu, pan = (shop.member(name).member_id for name in ("Gu", "Pan"))
    if is_there:
        put_station(station(gu, phone=None))
    theirs, ours = station(pan, name="西门"), station(gu, phone=None, address="文二路 2 号")

    with just_before("TransactWriteItems", partial(put_station, theirs)):
        outcome = put_station(ours)

    assert outcome is Outcome.CHANGED
    assert stations.read_all(["gate"]) == [ours]


def test_nobody_who_is_leaving_gets_a_station(shop: Shop) -> None:
    gu = shop.member("Gu").member_id
    leaves = partial(standing.mark_leaving, gu, shop.clock.now())

    with just_before("TransactWriteItems", leaves), pytest.raises(NotFound):
        put_station(station(gu))

    assert shop.rows("stations") == []
    with pytest.raises(NotFound):
        put_station(station(gu))


def test_whoever_looks_after_an_open_station_stays(shop: Shop) -> None:
    gu = shop.member("Gu")
    put_station(station(gu.member_id))
    before = shop.everything()

    refused = gu.send("DELETE", "/v1/me")

    assert (refused.status, refused.code) == (409, "account_in_use")
    assert refused["detail"] == "You look after a station; somebody else has to do that first."
    assert shop.everything() == before
    put_station(station(shop.member("Pan").member_id))
    assert gu.send("DELETE", "/v1/me").status == 204


def test_whoever_looks_after_closed_stations_may_leave(shop: Shop) -> None:
    gu = shop.member("Gu")
    put_station(station(gu.member_id, closed=True))

    assert gu.send("DELETE", "/v1/me").status == 204
