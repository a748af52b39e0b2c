"""Relations as pure values: who binds, who is whose upline, and what a share is called."""

import re

import pytest

from chalicelib.catalog.settings import Pages, ReferralPolicy, Settings
from chalicelib.kit.clock import after
from chalicelib.orders.model import Upline
from chalicelib.referrals.model import (
    Referral,
    Share,
    ShareTarget,
    binds,
    guide_credited,
    guide_owner_id_for,
    guide_share_code_for,
    is_circle,
    is_member,
    referral_through,
    share_code_for,
    uplines_of,
)
from tests.fakes import NOON

FIRST, LATEST = ReferralPolicy.FIRST, ReferralPolicy.LATEST
NEW_ONLY = ReferralPolicy.NEW_MEMBERS_ONLY
LATER = after(NOON, 60)


def by(inviter_id: str, *, guide: bool = False, ends: bool = True) -> Referral:
    return Referral(inviter_id, f"of-{inviter_id}", NOON, LATER if ends else None, guide)


def share(*, guide_id: str | None = None) -> Share:
    return Share("a-code", "mem_ann", ShareTarget.HOME, NOON, guide_id=guide_id)


def test_a_relation_ends_to_the_millisecond_and_a_guide_s_does_not() -> None:
    before_the_end = after(NOON, 59)
    assert by("mem_ann").is_active(before_the_end)
    assert not by("mem_ann").is_active(LATER)
    assert by("mem_ann", ends=False).is_active(after(NOON, 10**9))


def test_the_settings_say_how_long_a_relation_lasts() -> None:
    settings = Settings(referral_seconds=60)
    assert referral_through(share(), settings, NOON) == Referral("mem_ann", "a-code", NOON, LATER)
    assert referral_through(share(guide_id="g"), settings, NOON) == Referral(
        "mem_ann", "a-code", NOON, None, True
    )


@pytest.mark.parametrize(
    ("policy", "before", "is_buyer", "expected"),
    [
        (FIRST, None, False, True),
        (FIRST, None, True, True),
        (FIRST, by("mem_ann"), False, False),
        (LATEST, by("mem_ann"), True, True),
        (LATEST, by("mem_ann", ends=False), False, True),
        (NEW_ONLY, None, False, True),
        (NEW_ONLY, None, True, False),
        (NEW_ONLY, by("mem_ann"), False, False),
    ],
)
def test_the_policy_says_who_binds(
    policy: ReferralPolicy, before: Referral | None, is_buyer: bool, expected: bool
) -> None:
    assert binds(policy, before, is_buyer=is_buyer, now=NOON) is expected


@pytest.mark.parametrize(("policy", "is_buyer"), [(FIRST, True), (LATEST, True), (NEW_ONLY, False)])
def test_after_its_end_a_relation_is_in_nobody_s_way(
    policy: ReferralPolicy, is_buyer: bool
) -> None:
    assert binds(policy, by("mem_ann"), is_buyer=is_buyer, now=LATER)


def test_nobody_is_their_own_upline_nor_in_a_circle_of_two() -> None:
    assert is_circle("mem_bo", "mem_bo", None, NOON)
    assert is_circle("mem_bo", "mem_ann", by("mem_bo"), NOON)
    assert not is_circle("mem_bo", "mem_ann", by("mem_bo"), LATER)
    assert not is_circle("mem_bo", "mem_ann", by("mem_cy"), NOON)
    assert not is_circle("mem_bo", "mem_ann", None, NOON)


def earning(own: Referral | None, inviters: Referral | None, *rates_bp: int) -> tuple[Upline, ...]:
    return uplines_of("mem_cy", own, inviters, rates_bp=rates_bp, now=NOON)


def test_two_levels_earn_where_two_rates_are_set() -> None:
    own, above = by("mem_bo"), by("mem_ann")
    assert earning(own, above, 1000, 500) == (Upline("mem_bo", 1000), Upline("mem_ann", 500))
    assert earning(own, above, 1000) == (Upline("mem_bo", 1000),)
    assert earning(own, None, 1000, 500) == (Upline("mem_bo", 1000),)
    assert earning(None, above, 1000, 500) == ()
    assert earning(own, above) == ()


def test_who_has_no_rate_is_left_out_but_keeps_the_place_before_another() -> None:
    own, above = by("mem_bo"), by("mem_ann")
    assert earning(own, above, 0) == ()
    assert earning(own, above, 1000, 0) == (Upline("mem_bo", 1000),)
    assert earning(own, above, 0, 500) == (Upline("mem_bo", 0), Upline("mem_ann", 500))


def test_what_has_ended_earns_nothing() -> None:
    ended = Referral("mem_bo", "s", NOON, NOON)
    assert earning(ended, by("mem_ann"), 1000, 500) == ()
    assert earning(by("mem_bo"), ended, 1000, 500) == (Upline("mem_bo", 1000),)


def test_a_buyer_never_earns_on_their_own_order() -> None:
    assert earning(by("mem_cy"), None, 1000) == ()
    assert earning(by("mem_bo"), by("mem_cy"), 1000, 500) == (Upline("mem_bo", 1000),)


def test_a_guide_who_is_no_member_is_credited_and_earns_nothing() -> None:
    guide = by(guide_owner_id_for("west", "g1"), guide=True, ends=False)
    assert earning(guide, None, 1000, 500) == ()
    assert guide_credited(guide, NOON) == guide.share_code


def test_a_guide_who_is_a_member_is_credited_and_earns() -> None:
    guide = by("mem_bo", guide=True, ends=False)
    assert earning(guide, None, 1000) == (Upline("mem_bo", 1000),)
    assert guide_credited(guide, NOON) == "of-mem_bo"
    assert guide_credited(by("mem_bo"), NOON) is None
    assert guide_credited(None, NOON) is None


def test_codes_are_short_stable_and_told_apart_by_everything_they_stand_for() -> None:
    codes = [
        share_code_for("mem_ann", ShareTarget.HOME, None),
        share_code_for("mem_bo", ShareTarget.HOME, None),
        share_code_for("mem_ann", ShareTarget.PRODUCT, "x"),
        share_code_for("mem_ann", ShareTarget.CAMPAIGN, "x"),
        share_code_for("mem_ann", ShareTarget.GROUP, "x"),
        guide_share_code_for("mem_ann", "home"),
        guide_share_code_for("west", "g1"),
        guide_share_code_for("east", "g1"),
    ]
    assert len(set(codes)) == len(codes)
    assert all(re.fullmatch(r"[a-z2-7]{12}", code) for code in codes)
    assert share_code_for("mem_ann", ShareTarget.HOME, None) == codes[0]


def test_a_guide_s_stand_in_is_no_member() -> None:
    assert not is_member(guide_owner_id_for("west", "g1"))
    assert is_member("mem_ann")


def test_a_share_leads_where_the_settings_say() -> None:
    pages = Pages(group="p/g")
    group = Share("abc", "mem_ann", ShareTarget.GROUP, NOON, target_id="grp_1")
    assert group.path(pages) == "p/g?share_code=abc&group_id=grp_1"
    assert share().path(pages) == "pages/index/index?share_code=a-code"
    assert group.scene == "s=abc"
