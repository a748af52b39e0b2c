"""Shares (分享) and the relation one makes between whoever opens it and whoever made it (推荐关系):
who is whose inviter, until when, and who earns on an order. Frozen and pure.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from chalicelib.catalog.settings import Pages, ReferralPolicy, Settings
from chalicelib.kit.clock import after
from chalicelib.kit.ids import derived_id
from chalicelib.orders.model import Upline

_CODE_LENGTH = 12
_GUIDE = "gui"


class ShareTarget(StrEnum):
    """What a share leads to."""

    HOME = "home"
    """The whole shop: the one target without an id."""
    PRODUCT = "product"
    """Something to buy alone or in whichever campaign it is in."""
    CAMPAIGN = "campaign"
    """A play, for whoever opens a group of it."""
    GROUP = "group"
    """One group, to join it."""


@dataclass(frozen=True)
class Share:
    """A code minted for a target by a member, or for a store's guide (导购).

    `owner_id` is a member, or stands for a guide who is none. The figures of a guide: `followers`
    who came to be bound through the code, `orders_count` and `sales_fen` of what they bought.
    """

    share_code: str
    owner_id: str
    target_type: ShareTarget
    created_at: datetime
    target_id: str | None = None
    visits: int = 0
    store_id: str | None = None
    guide_id: str | None = None
    guide_name: str | None = None
    followers: int = 0
    orders_count: int = 0
    sales_fen: int = 0

    @property
    def is_guides(self) -> bool:
        return self.guide_id is not None

    @property
    def scene(self) -> str:
        """What a mini-program code carries: 14 characters of the 32 that WeChat takes."""
        return f"s={self.share_code}"

    def page(self, pages: Pages) -> str:
        """Where in the mini-program it leads."""
        return {
            ShareTarget.HOME: pages.home,
            ShareTarget.PRODUCT: pages.product,
            ShareTarget.CAMPAIGN: pages.campaign,
            ShareTarget.GROUP: pages.group,
        }[self.target_type]

    def path(self, pages: Pages) -> str:
        """The page with the code and the target as parameters."""
        path = f"{self.page(pages)}?share_code={self.share_code}"
        if self.target_id is None:
            return path
        return f"{path}&{self.target_type.value}_id={self.target_id}"


def share_code_for(owner_id: str, target_type: ShareTarget, target_id: str | None) -> str:
    """The code of this owner for this target: minting again finds the first."""
    return _code("member", owner_id, target_type.value, target_id or "")


def guide_share_code_for(store_id: str, guide_id: str) -> str:
    """The code of a store's guide, whoever the guide is."""
    return _code("guide", store_id, guide_id)


def guide_owner_id_for(store_id: str, guide_id: str) -> str:
    """Stands for a guide who is no member. Never a member's id."""
    return derived_id(_GUIDE, store_id, guide_id)


def is_member(owner_id: str) -> bool:
    """Whether an owner or inviter is a member, and not a guide who is none."""
    return not owner_id.startswith(f"{_GUIDE}_")


def _code(*cause: str) -> str:
    return derived_id("s", *cause).partition("_")[2][:_CODE_LENGTH]


@dataclass(frozen=True)
class Referral:
    """Who brought a member here. Without `expires_at` it does not end; `guide`: through the code of
    a guide.
    """

    inviter_id: str
    share_code: str
    bound_at: datetime
    expires_at: datetime | None = None
    guide: bool = False

    def is_active(self, now: datetime) -> bool:
        return self.expires_at is None or now < self.expires_at

    def earns(self, now: datetime) -> bool:
        """Whether the inviter earns on what is bought now: a guide who is no member does not."""
        return self.is_active(now) and is_member(self.inviter_id)


def referral_through(share: Share, settings: Settings, now: datetime) -> Referral:
    """The relation that opening this share makes. A guide's does not end."""
    expires_at = None if share.is_guides else after(now, settings.referral_seconds)
    return Referral(share.owner_id, share.share_code, now, expires_at, share.is_guides)


def binds(
    policy: ReferralPolicy, before: Referral | None, *, is_buyer: bool, now: datetime
) -> bool:
    """Whether a visit makes a new relation beside the one there is. `is_buyer`: the visitor has
    paid an order before.
    """
    if policy is ReferralPolicy.NEW_MEMBERS_ONLY and is_buyer:
        return False
    if policy is ReferralPolicy.LATEST:
        return True
    return before is None or not before.is_active(now)


def is_circle(visitor_id: str, owner_id: str, owners: Referral | None, now: datetime) -> bool:
    """Whether the owner of the share is the visitor, or was brought here by the visitor."""
    if owner_id == visitor_id:
        return True
    return owners is not None and owners.inviter_id == visitor_id and owners.is_active(now)


def uplines_of(
    buyer_id: str,
    own: Referral | None,
    inviters: Referral | None,
    *,
    rates_bp: tuple[int, ...],
    now: datetime,
) -> tuple[Upline, ...]:
    """Who earns on what the buyer orders now: the inviter, and the inviter's inviter where there is
    a second rate. `own` is the buyer's relation, `inviters` that of the inviter.
    """
    uplines: list[Upline] = []
    for relation, rate_bp in zip((own, inviters), rates_bp, strict=False):
        if relation is None or not relation.earns(now) or relation.inviter_id == buyer_id:
            break
        uplines.append(Upline(relation.inviter_id, rate_bp))
    while uplines and uplines[-1].rate_bp == 0:  # a level is known by its place
        uplines.pop()
    return tuple(uplines)


def guide_credited(own: Referral | None, now: datetime) -> str | None:
    """The share code of the guide who is credited with what is ordered now."""
    if own is None or not own.guide or not own.is_active(now):
        return None
    return own.share_code
