"""Sign in (登录): trade a login code for the member it belongs to, made when nobody is known by it.

Writes nothing for a member already known by all that WeChat told. The session key never gets here.
"""

from dataclasses import dataclass

from chalicelib.gateways.wechat_api import WechatApi, WechatIdentity
from chalicelib.kit import findings
from chalicelib.kit.clock import Clock
from chalicelib.kit.ids import Ids
from chalicelib.kit.reads import read
from chalicelib.kit.repeat import until_settled
from chalicelib.kit.writes import WriteSet
from chalicelib.members import store as members
from chalicelib.members.errors import AccountBlocked
from chalicelib.members.model import Member


@dataclass(frozen=True)
class _Known:
    """Where the identities of a login lead: rows as read, and the members who still exist."""

    by_openid: members.IdentityRow | None
    by_unionid: members.IdentityRow | None
    owner: Member | None
    union_owner: Member | None


def sign_in(code: str, *, app_id: str, wechat_api: WechatApi, clock: Clock, new_id: Ids) -> Member:
    """The member behind a code of `wx.login`. Raises what the gateway refuses, AccountBlocked, and
    TryAgain.
    """
    identity = wechat_api.login(code)
    return until_settled(lambda: _settle(identity, app_id, clock=clock, new_id=new_id))


def _settle(identity: WechatIdentity, app_id: str, *, clock: Clock, new_id: Ids) -> Member:
    """One attempt: who this is as things stand; whatever is newly learnt is one commit."""
    known = _look_up(identity, app_id)
    owner, unionid = known.owner, identity.unionid
    if any(each is not None and each.blocked_at for each in (owner, known.union_owner)):
        raise AccountBlocked()
    if owner and known.union_owner and owner.member_id != known.union_owner.member_id:
        _report_two_members(owner, known.union_owner, clock=clock)
        return owner
    member = owner or known.union_owner
    if member is None:
        member = Member(new_id("mem"), created_at=clock.now())
    after = member.known_as(app_id, identity.openid, unionid)

    writes = WriteSet()
    if known.owner is None:
        openid_key = members.openid_key(app_id, identity.openid)
        members.lead_to(writes, openid_key, after.member_id, before=known.by_openid)
    if known.union_owner is None and unionid is not None:
        union_key = members.union_key(unionid)
        members.lead_to(writes, union_key, after.member_id, before=known.by_unionid)
    if known.owner is None and known.union_owner is None:
        members.create(writes, after)
    elif after != member:
        members.know_as(writes, member, after)
        for key in set(members.identity_keys(member)) - set(members.identity_keys(after)):
            members.forget_identity(writes, key, member.member_id)
    writes.commit()
    return after


def _look_up(identity: WechatIdentity, app_id: str) -> _Known:
    """An identity whose member has left since leads to nobody and is free to be led elsewhere."""
    openid_key = members.openid_key(app_id, identity.openid)
    union_key = members.union_key(identity.unionid) if identity.unionid else None
    rows = read(openid_key, union_key)
    by_openid = rows.find(openid_key)
    by_unionid = rows.find(union_key) if union_key else None
    keys = [members.profile_key(row.member_id) if row else None for row in (by_openid, by_unionid)]
    profiles = read(*keys)
    owner, union_owner = (
        members.member_of(profiles.find(key)) if key is not None else None for key in keys
    )
    return _Known(by_openid, by_unionid, owner, union_owner)


def _report_two_members(owner: Member, union_owner: Member, *, clock: Clock) -> None:
    facts = {"unionid_leads_to": union_owner.member_id}
    findings.record("one_person_two_members", owner.member_id, facts, clock=clock)
