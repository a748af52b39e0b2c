"""Signing in: one identity, one member, whatever WeChat tells when and whoever asks at once."""

import pytest

from chalicelib.gateways.wechat_api import LoginCodeRefused
from chalicelib.kit.findings import FindingRow
from chalicelib.kit.reads import read, scan_items
from chalicelib.kit.writes import WriteSet
from chalicelib.members import store as members
from chalicelib.members.model import Member
from chalicelib.members.sign_in import sign_in
from chalicelib.wiring import Wiring
from tests.fakes import FakeWechatApi
from tests.in_process import APP_ID, everything, just_before

OTHER_APP_ID = "wxfedcba9876543210"


def signs_in(
    wired: Wiring, openid: str, unionid: str | None = None, app_id: str = APP_ID
) -> Member:
    api = wired.wechat_api
    assert isinstance(api, FakeWechatApi)
    return sign_in(
        api.will_know("code", openid, unionid),
        app_id=app_id,
        wechat_api=api,
        clock=wired.clock,
        new_id=wired.new_id,
    )


def leads_to(key: members.IdentityKey) -> str | None:
    row = read(key).find(key)
    return row.member_id if row is not None else None


def members_made() -> list[Member | None]:
    return [
        members.member_of(members.MemberRow.from_item(item))
        for item in scan_items(members.MemberRow, limit=100)[0]
    ]


def test_a_new_identity_makes_a_member(wired: Wiring) -> None:
    member = signs_in(wired, "openid-lin", "union-lin")

    assert member == Member(
        "mem_1",
        created_at=wired.clock.now(),
        identities={APP_ID: "openid-lin"},
        unionid="union-lin",
    )
    assert members.find("mem_1") == member
    assert leads_to(members.openid_key(APP_ID, "openid-lin")) == "mem_1"
    assert leads_to(members.union_key("union-lin")) == "mem_1"


def test_a_known_identity_finds_its_member_and_writes_nothing(wired: Wiring) -> None:
    first = signs_in(wired, "openid-lin", "union-lin")
    before = everything()

    assert signs_in(wired, "openid-lin", "union-lin") == first
    assert signs_in(wired, "openid-lin") == first
    assert everything() == before


def test_an_unknown_code_makes_nobody(wired: Wiring) -> None:
    before = everything()

    with pytest.raises(LoginCodeRefused):
        sign_in(
            "made-up",
            app_id=APP_ID,
            wechat_api=wired.wechat_api,
            clock=wired.clock,
            new_id=wired.new_id,
        )

    assert everything() == before


def test_a_unionid_brings_another_app_s_identity_to_the_same_member(wired: Wiring) -> None:
    first = signs_in(wired, "openid-lin", "union-lin")
    second = signs_in(wired, "other-lin", "union-lin", app_id=OTHER_APP_ID)

    assert second.member_id == first.member_id
    assert second.openid_for(APP_ID) == "openid-lin"
    assert second.openid_for(OTHER_APP_ID) == "other-lin"
    assert second.openid_for("wx-never") is None
    assert members.find("mem_1") == second
    assert leads_to(members.openid_key(OTHER_APP_ID, "other-lin")) == "mem_1"


def test_a_unionid_learnt_later_is_linked(wired: Wiring) -> None:
    signs_in(wired, "openid-lin")

    later = signs_in(wired, "openid-lin", "union-lin")

    assert later.unionid == "union-lin"
    assert members.find("mem_1") == later
    assert leads_to(members.union_key("union-lin")) == "mem_1"
    assert len(members_made()) == 1


def test_a_unionid_that_changed_leaves_nothing_of_the_old_one(wired: Wiring) -> None:
    signs_in(wired, "openid-lin", "union-old")

    later = signs_in(wired, "openid-lin", "union-new")

    assert later.unionid == "union-new"
    assert members.find("mem_1") == later
    assert leads_to(members.union_key("union-old")) is None


def test_a_unionid_of_somebody_else_keeps_the_identity_s_member_and_is_recorded(
    wired: Wiring,
) -> None:
    signs_in(wired, "openid-lin")
    signs_in(wired, "other-lin", "union-lin", app_id=OTHER_APP_ID)

    member = signs_in(wired, "openid-lin", "union-lin")

    assert member.member_id == "mem_1"
    assert members.find("mem_1") == member
    assert member.unionid is None
    assert leads_to(members.union_key("union-lin")) == "mem_2"
    (item,) = scan_items(FindingRow, limit=10)[0]
    finding = FindingRow.from_item(item)
    assert (finding.kind, finding.about) == ("one_person_two_members", "mem_1")
    assert finding.facts == {"unionid_leads_to": "mem_2"}


def test_two_first_sign_ins_at_once_make_one_member(wired: Wiring) -> None:
    winners = []

    with just_before(
        "TransactWriteItems",
        lambda: winners.append(signs_in(wired, "openid-lin", "union-lin")),
    ):
        member = signs_in(wired, "openid-lin", "union-lin")

    assert [member] == winners
    assert members_made() == winners


def test_two_apps_at_once_with_one_unionid_make_one_member(wired: Wiring) -> None:
    with just_before(
        "TransactWriteItems",
        lambda: signs_in(wired, "other-lin", "union-lin", app_id=OTHER_APP_ID),
    ):
        member = signs_in(wired, "openid-lin", "union-lin")

    assert members_made() == [member]
    assert dict(member.identities) == {APP_ID: "openid-lin", OTHER_APP_ID: "other-lin"}


def test_a_unionid_learnt_twice_at_once_is_linked_once(wired: Wiring) -> None:
    signs_in(wired, "openid-lin")

    with just_before("TransactWriteItems", lambda: signs_in(wired, "openid-lin", "union-lin")):
        member = signs_in(wired, "openid-lin", "union-lin")

    assert members.find("mem_1") == member
    assert member.unionid == "union-lin"


def test_an_identity_that_leads_to_nobody_is_free_again(wired: Wiring) -> None:
    signs_in(wired, "openid-lin", "union-lin")
    writes = WriteSet()
    writes.delete(members.profile_key("mem_1"))
    writes.commit()

    member = signs_in(wired, "openid-lin", "union-lin")

    assert member.member_id == "mem_2"
    assert leads_to(members.openid_key(APP_ID, "openid-lin")) == "mem_2"
    assert leads_to(members.union_key("union-lin")) == "mem_2"


def test_an_identity_never_shows_in_a_member_s_text(wired: Wiring) -> None:
    member = signs_in(wired, "openid-lin", "union-lin")

    assert "openid-lin" not in repr(member)
    assert "union-lin" not in repr(member)
