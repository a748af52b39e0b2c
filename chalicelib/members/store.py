"""The tables of members and of the identities that lead to them.

One identity leads to one member: each row is written only as it was read, and together with the
profile it belongs to. Personal data lives here and in orders, nowhere else.
"""

from datetime import datetime

from pynamodb.attributes import (
    BooleanAttribute,
    NumberAttribute,
    UnicodeAttribute,
    UnicodeSetAttribute,
)
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib.kit.reads import query, read
from chalicelib.kit.tables import Key, PlainMapAttribute, Row, TimeAttribute
from chalicelib.kit.tokens import NotSignedIn
from chalicelib.kit.writes import Changed, RefusalOf, WriteSet
from chalicelib.members.model import Member
from chalicelib.referrals.model import Referral

INVITEES = "by_inviter"


class MemberRow(Row):
    """What is known of a member, by kind: `profile` is who they are, `referral` who brought them
    here, `buyer` that they have paid, `invitee#…` what somebody they brought here has brought them,
    `subscription#…` how many messages of a template they have accepted.
    """

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
    blocked_at = TimeAttribute(null=True)
    blocked_reason = UnicodeAttribute(null=True)
    unpaid_order_ids: UnicodeSetAttribute = UnicodeSetAttribute(null=True)
    sealed_payee = UnicodeAttribute(null=True)
    inviter_id = UnicodeAttribute(null=True)
    share_code = UnicodeAttribute(null=True)
    bound_at = TimeAttribute(null=True)
    expires_at = TimeAttribute(null=True)
    guide = BooleanAttribute(null=True)
    first_paid_at = TimeAttribute(null=True)
    first_orders_count = NumberAttribute(null=True)
    counted_order_id = UnicodeAttribute(null=True)
    orders_count = NumberAttribute(null=True)
    commission_fen = NumberAttribute(null=True)
    quota = NumberAttribute(null=True)


class IdentityRow(Row):
    """An identity that WeChat vouches for, and the member it leads to."""

    class Meta:
        table = "identities"

    identity_key = UnicodeAttribute(hash_key=True)
    member_id = UnicodeAttribute()


IdentityKey = Key[IdentityRow]


def profile_key(member_id: str) -> Key[MemberRow]:
    return MemberRow.key(member_id, "profile")


def payee_key(member_id: str) -> Key[MemberRow]:
    """Who a member's withdrawals are paid to, sealed."""
    return MemberRow.key(member_id, "payee")


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
        blocked_at=row.blocked_at,
        blocked_reason=row.blocked_reason,
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


def gone(_row: object) -> Exception:
    """The refusal of a guard on a profile that is not there, or on the way out."""
    return NotSignedIn("This account no longer exists.")


def keep_payee(writes: WriteSet, member_id: str, sealed_payee: str) -> None:
    """Keep who the member's withdrawals are paid to; what was kept before is gone."""
    writes.put(MemberRow(member_id=member_id, kind="payee", sealed_payee=sealed_payee))


def must_stay(writes: WriteSet, member_id: str, *, refusal: RefusalOf = gone) -> None:
    """Let all fail unless the member is there and not on the way out. Refusal: NotSignedIn."""
    writes.check(profile_key(member_id), guard=stays(), refusal=refusal)


def stays() -> Condition:
    """The guard that a profile is there and its member not on the way out."""
    there: Condition = MemberRow.member_id.exists() & MemberRow.leaving_at.does_not_exist()
    return there


def is_staying(row: MemberRow | None) -> bool:
    """Whether a profile as read is there and not on the way out."""
    return row is not None and row.leaving_at is None


def referral_key(member_id: str) -> Key[MemberRow]:
    """Who brought this member here."""
    return MemberRow.key(member_id, "referral")


def buyer_key(member_id: str) -> Key[MemberRow]:
    """Whether this member has paid for something, or may be about to."""
    return MemberRow.key(member_id, "buyer")


def has_paid(row: MemberRow | None) -> bool:
    """Whether the row under `buyer_key` says that the member has paid an order."""
    return row is not None and row.first_paid_at is not None


def is_new(row: MemberRow | None) -> bool:
    """Whether the member has never paid an order, and none of theirs waits for a payment."""
    return not has_paid(row) and (row is None or not row.first_orders_count)


def count_first_order(writes: WriteSet, member_id: str, order_id: str) -> None:
    """Somebody who has never paid places an order. It stays counted unless it is cancelled unpaid,
    so that the count alone tells who is new. Needs no guard: the order is placed once.
    """
    writes.update(buyer_key(member_id), _one_more(order_id))


def claim_newcomer(writes: WriteSet, member_id: str, order_id: str, *, refusal: RefusalOf) -> None:
    """The same for an order that only a newcomer may place. Guard: never paid, and no order stands
    that may be -> `refusal`.
    """
    count = MemberRow.first_orders_count
    guard = MemberRow.first_paid_at.does_not_exist() & (count.does_not_exist() | (count == 0))
    writes.update(buyer_key(member_id), _one_more(order_id), guard=guard, refusal=refusal)


def uncount_first_order(writes: WriteSet, member_id: str) -> None:
    """A counted order is cancelled, and nothing was paid for it. A count that went with its member
    comes back at zero.
    """
    count = MemberRow.first_orders_count
    writes.update(buyer_key(member_id), [count.set((count | 1) - 1)])


def _one_more(order_id: str) -> list[Action]:
    count = MemberRow.first_orders_count
    return [count.set((count | 0) + 1), MemberRow.counted_order_id.set(order_id)]


_REFERRAL_FIELDS = frozenset(Referral.__dataclass_fields__)


def referral_of(row: MemberRow | None) -> Referral | None:
    """The relation as it was bound; it may have expired since."""
    return Referral(**row.given(_REFERRAL_FIELDS)) if row is not None else None


def bind(writes: WriteSet, member_id: str, referral: Referral, *, before: Referral | None) -> None:
    """Give a member this inviter. Guard: the relation is as in `before` -> Changed."""
    row = MemberRow
    guard: Condition = row.member_id.does_not_exist()
    if before is not None:
        guard = (row.inviter_id == before.inviter_id) & (row.bound_at == before.bound_at)
    ends: Action = row.expires_at.remove()
    if referral.expires_at is not None:
        ends = row.expires_at.set(referral.expires_at)
    actions = [
        row.inviter_id.set(referral.inviter_id),
        row.share_code.set(referral.share_code),
        row.bound_at.set(referral.bound_at),
        row.guide.set(referral.guide),
        ends,
    ]
    writes.update(referral_key(member_id), actions, guard=guard)


def must_not_follow(writes: WriteSet, inviter_id: str, visitor_id: str, *, now: datetime) -> None:
    """Let all fail with Changed when the inviter was brought here by the visitor."""
    row = MemberRow
    guard = row.member_id.does_not_exist() | (row.inviter_id != visitor_id)
    writes.check(referral_key(inviter_id), guard=guard | (row.expires_at <= now))


def bound_to(inviter_id: str, *, up_to: str, limit: int) -> tuple[list[tuple[str, str]], bool]:
    """Who was bound to the inviter up to then, the newest first, as (member_id, bound_at), and
    whether there are more. As the index knows it: read each relation to see whether it lasts.
    """
    keys = (MemberRow.inviter_id == inviter_id) & (MemberRow.bound_at <= up_to)
    items, following = query(MemberRow, keys, index=INVITEES, limit=limit, backward=True)
    entries = [(item["member_id"]["S"], item["bound_at"]["S"]) for item in items]
    return entries, following is not None


def remember_buyer(writes: WriteSet, member_id: str, now: datetime) -> None:
    """Note that they have paid. Guard: not noted yet -> Changed."""
    paid_at = MemberRow.first_paid_at
    writes.update(buyer_key(member_id), [paid_at.set(now)], guard=paid_at.does_not_exist())


def kinds_of(member_id: str, *, limit: int) -> list[Key[MemberRow]]:
    """What is known of a member beside the profile, `limit` items at most."""
    items, _ = query(MemberRow, MemberRow.member_id == member_id, limit=limit + 1)
    kinds = [item["kind"]["S"] for item in items]
    return [MemberRow.key(member_id, kind) for kind in kinds if kind != "profile"][:limit]


def forget_kinds(writes: WriteSet, keys: list[Key[MemberRow]]) -> None:
    """Delete these. Needs no guard: nobody adds to a member who is on the way out."""
    for key in keys:
        writes.delete(key)


def invitee_key(member_id: str, invitee_id: str) -> Key[MemberRow]:
    """What one invitee has brought a member so far."""
    return MemberRow.key(member_id, f"invitee#{invitee_id}")


def count_invitee(
    writes: WriteSet, member_id: str, invitee_id: str, *, orders_count: int, commission_fen: int
) -> None:
    """Add to what an invitee has brought. Needs no guard: the verb notes what it has counted."""
    counted, earned = MemberRow.orders_count, MemberRow.commission_fen
    writes.update(
        invitee_key(member_id, invitee_id),
        [counted.set((counted | 0) + orders_count), earned.set((earned | 0) + commission_fen)],
    )


def subscription_key(member_id: str, template_id: str) -> Key[MemberRow]:
    """How many messages of a template the member has accepted."""
    return MemberRow.key(member_id, f"subscription#{template_id}")


def quota_of(row: MemberRow | None) -> int:
    """How many messages can still be sent; 0 when none was ever accepted."""
    return int(row.quota or 0) if row is not None else 0


def add_quota(writes: WriteSet, member_id: str, template_id: str, *, before: int) -> None:
    """One message more. Guard: the quota is as in `before` -> Changed."""
    quota = MemberRow.quota
    as_read: Condition = quota == before
    guard = as_read if before else as_read | quota.does_not_exist()
    key = subscription_key(member_id, template_id)
    writes.update(key, [quota.set(before + 1)], guard=guard)


def take_quota(writes: WriteSet, member_id: str, template_id: str) -> None:
    """One message less. Guard: one is left -> Changed."""
    quota = MemberRow.quota
    key = subscription_key(member_id, template_id)
    writes.update(key, [quota.set(quota - 1)], guard=quota >= 1)


def drop_quota(member_id: str, template_id: str) -> None:
    """WeChat knows of no message left. Does nothing when the quota has gone meanwhile."""
    writes = WriteSet()
    quota = MemberRow.quota
    writes.update(subscription_key(member_id, template_id), [quota.set(0)], guard=quota.exists())
    try:
        writes.commit()
    except Changed:
        return


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
    """Delete profile, identities and payee. Guard: the identities are as read -> Changed."""
    writes.delete(profile_key(member.member_id), guard=_as_read(member))
    writes.delete(payee_key(member.member_id))
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
