"""The tables of members and of the identities that lead to them.

One identity leads to one member: each row is written only as it was read, and together with the
profile it belongs to. Personal data lives here and in orders, nowhere else.
"""

from datetime import datetime

from pynamodb.attributes import UnicodeAttribute
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib.kit.reads import read
from chalicelib.kit.tables import Key, PlainMapAttribute, Row, TimeAttribute
from chalicelib.kit.tokens import NotSignedIn
from chalicelib.kit.writes import WriteSet
from chalicelib.members.model import Member


class MemberRow(Row):
    """What is known of a member, by kind; `profile` is who they are."""

    class Meta:
        table = "members"

    member_id = UnicodeAttribute(hash_key=True)
    kind = UnicodeAttribute(range_key=True)
    nickname = UnicodeAttribute(null=True)
    avatar_url = UnicodeAttribute(null=True)
    identities = PlainMapAttribute(null=True)
    unionid = UnicodeAttribute(null=True)
    created_at = TimeAttribute(null=True)
    leaving_at = TimeAttribute(null=True)


class IdentityRow(Row):
    """An identity that WeChat vouches for, and the member it leads to."""

    class Meta:
        table = "identities"

    identity_key = UnicodeAttribute(hash_key=True)
    member_id = UnicodeAttribute()


IdentityKey = Key[IdentityRow]


def profile_key(member_id: str) -> Key[MemberRow]:
    return MemberRow.key(member_id, "profile")


def openid_key(app_id: str, openid: str) -> IdentityKey:
    return IdentityRow.key(f"{app_id}#{openid}")


def union_key(unionid: str) -> IdentityKey:
    return IdentityRow.key(f"union#{unionid}")


def member_of(row: MemberRow | None) -> Member | None:
    if row is None:
        return None
    return Member(
        member_id=row.member_id,
        created_at=row.created_at,
        nickname=row.nickname,
        avatar_url=row.avatar_url,
        identities=row.identities or {},
        unionid=row.unionid,
    )


def find(member_id: str) -> Member | None:
    """The member as they are now."""
    key = profile_key(member_id)
    return member_of(read(key).find(key))


def identity_keys(member: Member) -> list[IdentityKey]:
    """Every identity that leads to this member."""
    keys = [openid_key(app_id, openid) for app_id, openid in member.identities.items()]
    return keys if member.unionid is None else [*keys, union_key(member.unionid)]


def create(writes: WriteSet, member: Member) -> None:
    """Write a new profile. Guard: the id is not taken -> Changed."""
    row = MemberRow(
        member_id=member.member_id,
        kind="profile",
        nickname=member.nickname,
        avatar_url=member.avatar_url,
        identities=dict(member.identities),
        unionid=member.unionid,
        created_at=member.created_at,
    )
    writes.put(row, guard=MemberRow.member_id.does_not_exist())


def know_as(writes: WriteSet, before: Member, after: Member) -> None:
    """Give a profile the identities of `after`. Guard: they are as in `before` -> Changed."""
    writes.update(
        profile_key(before.member_id),
        [
            MemberRow.identities.set(dict(after.identities)),
            _set_or_remove(MemberRow.unionid, after.unionid),
        ],
        guard=_as_read(before),
    )


def change_profile(writes: WriteSet, member: Member) -> None:
    """Set nickname and avatar. Guard: the profile is still there -> Changed."""
    writes.update(
        profile_key(member.member_id),
        [
            _set_or_remove(MemberRow.nickname, member.nickname),
            _set_or_remove(MemberRow.avatar_url, member.avatar_url),
        ],
        guard=MemberRow.member_id.exists(),
    )


def must_stay(writes: WriteSet, member_id: str) -> None:
    """Let all fail unless the member is there and not on the way out. Refusal: NotSignedIn."""
    stays = MemberRow.member_id.exists() & MemberRow.leaving_at.does_not_exist()
    writes.check(
        profile_key(member_id),
        guard=stays,
        refusal=lambda _row: NotSignedIn("This account no longer exists."),
    )


def mark_leaving(member_id: str, now: datetime | None) -> None:
    """From here on nothing new is placed for them; None: they stay. Guard: still there."""
    writes = WriteSet()
    leaving = MemberRow.leaving_at
    actions: list[Action] = [leaving.set(now) if now is not None else leaving.remove()]
    writes.update(profile_key(member_id), actions, guard=MemberRow.member_id.exists())
    writes.commit()


def lead_to(
    writes: WriteSet, key: IdentityKey, member_id: str, *, before: IdentityRow | None
) -> None:
    """Let an identity lead to a member. Guard: it leads where it was read to lead -> Changed."""
    guard: Condition = IdentityRow.identity_key.does_not_exist()
    if before is not None:
        guard = guard | (IdentityRow.member_id == before.member_id)
    writes.put(IdentityRow(identity_key=key.hash_value, member_id=member_id), guard=guard)


def forget_identity(writes: WriteSet, key: IdentityKey, member_id: str) -> None:
    """Delete an identity that leads to this member; one that leads elsewhere is a Changed."""
    guard = IdentityRow.identity_key.does_not_exist() | (IdentityRow.member_id == member_id)
    writes.delete(key, guard=guard)


def forget_member(writes: WriteSet, member: Member) -> None:
    """Delete profile and identities. Guard: the identities are as read -> Changed."""
    writes.delete(profile_key(member.member_id), guard=_as_read(member))
    for key in identity_keys(member):
        forget_identity(writes, key, member.member_id)


def _as_read(member: Member) -> Condition:
    same_union = (
        MemberRow.unionid.does_not_exist()
        if member.unionid is None
        else MemberRow.unionid == member.unionid
    )
    as_read: Condition = (MemberRow.identities == dict(member.identities)) & same_union
    return as_read


def _set_or_remove(attribute: UnicodeAttribute, value: str | None) -> Action:
    """Setting None would store a null, which a reader by hand takes for a value."""
    return attribute.remove() if value is None else attribute.set(value)
