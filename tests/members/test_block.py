"""Who is blocked does not sign in, by whichever identity; nothing is learnt from the attempt."""

import pytest

from chalicelib.members.block import block, unblock
from chalicelib.members.errors import AccountBlocked
from chalicelib.wiring import Wiring
from tests.in_process import everything
from tests.members.test_leave import signs_in

ANOTHER, SAME_PERSON = "openid-other", "union-lin"


@pytest.mark.parametrize("openid", ["openid-lin", ANOTHER])
def test_a_blocked_member_does_not_sign_in_by_openid_or_unionid(wired: Wiring, openid: str) -> None:
    signs_in(wired, unionid=SAME_PERSON)
    block("mem_1", "why", clock=wired.clock, dry_run=False)
    before = everything()

    with pytest.raises(AccountBlocked):
        signs_in(wired, openid, SAME_PERSON)

    assert everything() == before
    unblock("mem_1", dry_run=False)
    signs_in(wired, openid, SAME_PERSON)


def test_one_of_two_members_who_turn_out_to_be_one_person_is_enough(wired: Wiring) -> None:
    signs_in(wired, unionid=SAME_PERSON)
    signs_in(wired, ANOTHER)
    block("mem_1", "why", clock=wired.clock, dry_run=False)

    with pytest.raises(AccountBlocked):
        signs_in(wired, ANOTHER, SAME_PERSON)


def test_others_sign_in(wired: Wiring) -> None:
    signs_in(wired)
    block("mem_1", "why", clock=wired.clock, dry_run=False)

    signs_in(wired, ANOTHER)
