"""Visit a share: whoever opens it may become the invitee of whoever made it, as the shop's policy
says.

One commit, guarded by both relations as read: nobody is their own inviter, nor that of their own
inviter, however many open each other's shares at once. What does not bind is no error.
"""

from dataclasses import dataclass
from datetime import datetime

from chalicelib.catalog import store as catalog
from chalicelib.kit.clock import Clock
from chalicelib.kit.errors import NotFound
from chalicelib.kit.reads import Found, read
from chalicelib.kit.repeat import until_settled
from chalicelib.kit.writes import WriteSet, changed
from chalicelib.members import store as members
from chalicelib.members.standing import is_taking_part, must_take_part
from chalicelib.referrals import store as referrals
from chalicelib.referrals.model import (
    Referral,
    Share,
    binds,
    is_circle,
    is_member,
    referral_through,
)


@dataclass(frozen=True)
class Inviter:
    """What an invitee may see of their inviter."""

    nickname: str | None
    avatar_url: str | None


@dataclass(frozen=True)
class Visited:
    """A share that was opened, and the visitor's relation now. `bound`: it is to the share's
    owner.
    """

    share: Share
    bound: bool
    referral: Referral | None
    inviter: Inviter | None


def visit(share_code: str, visitor_id: str, *, clock: Clock) -> Visited:
    """Open a share. Raises NotFound for an unknown code; where it would bind, NotSignedIn when the
    visitor has left, AccountBlocked.
    """
    now = clock.now()
    share, referral = until_settled(lambda: _attempt(share_code, visitor_id, now, visits=1))
    present = referral if referral is not None and referral.is_active(now) else None
    bound = present is not None and present.inviter_id == share.owner_id
    return Visited(share, bound, present, _inviter(present))


def bind(share_code: str, visitor_id: str, *, clock: Clock) -> None:
    """The same for a code that comes with a purchase, without counting a visit."""
    now = clock.now()
    until_settled(lambda: _attempt(share_code, visitor_id, now, visits=0))


def _attempt(
    share_code: str, visitor_id: str, now: datetime, *, visits: int
) -> tuple[Share, Referral | None]:
    """The share and the visitor's relation after this visit."""
    share_key, settings_key = referrals.share_key(share_code), catalog.settings_key()
    own_key, buyer_key = members.referral_key(visitor_id), members.buyer_key(visitor_id)
    found = read(share_key, own_key, buyer_key, settings_key)
    share = referrals.share_of(found.find(share_key))
    if share is None:
        raise NotFound("There is no such share.")
    before = members.referral_of(found.find(own_key))
    settings = catalog.settings_of(found.find(settings_key))
    is_buyer = members.has_paid(found.find(buyer_key))

    writes = WriteSet()
    policy = settings.referral_policy
    standing = None if _has_ended(before, share) else before
    if not binds(policy, standing, is_buyer=is_buyer, now=now) or not _is_bindable(
        share, visitor_id, now
    ):
        if visits:
            referrals.count_visit(writes, share_code, visits=visits)
        writes.commit()
        return share, before
    after = referral_through(share, settings, now)
    must_take_part(writes, visitor_id)  # guards: -> NotSignedIn, AccountBlocked
    members.bind(writes, visitor_id, after, before=before)  # guard: as read -> read again
    if is_member(share.owner_id):
        # guard: there, not leaving, not blocked -> read again
        must_take_part(writes, share.owner_id, refusal=changed)
        # guard: not brought here by the visitor -> read again
        members.must_not_follow(writes, share.owner_id, visitor_id, now=now)
    is_new = before is None or not before.is_active(now) or before.share_code != share_code
    followers = 1 if share.is_guides and is_new else 0
    referrals.count_visit(writes, share_code, visits=visits, followers=followers)
    writes.commit()
    return share, after


def _has_ended(before: Referral | None, share: Share) -> bool:
    """A relation ends early when its code has gone over to somebody else, as a guide's may, and
    when the inviter has left.
    """
    if before is None or before.inviter_id == share.owner_id:
        return False
    if before.share_code == share.share_code:
        return True
    inviter_key = members.profile_key(before.inviter_id)
    return is_member(before.inviter_id) and not members.is_staying(
        read(inviter_key).find(inviter_key)
    )


def _is_bindable(share: Share, visitor_id: str, now: datetime) -> bool:
    """Whether the owner is still there, not blocked, and can be this visitor's inviter."""
    if not is_member(share.owner_id):
        return True
    owner_key = members.profile_key(share.owner_id)
    owners_key = members.referral_key(share.owner_id)
    found = read(owner_key, owners_key)
    owners = members.referral_of(found.find(owners_key))
    if is_circle(visitor_id, share.owner_id, owners, now):
        return False
    return is_taking_part(found.find(owner_key))


def _inviter(referral: Referral | None) -> Inviter | None:
    if referral is None:
        return None
    share_key = referrals.share_key(referral.share_code) if referral.guide else None
    member_key = members.profile_key(referral.inviter_id)
    found: Found = read(share_key, member_key)
    member = members.member_of(found.find(member_key))
    share = referrals.share_of(found.find(share_key)) if share_key is not None else None
    guide_name = share.guide_name if share is not None else None
    return Inviter(
        nickname=(member.nickname if member is not None else None) or guide_name,
        avatar_url=member.avatar_url if member is not None else None,
    )
