"""What clients send and see of shares and invitees. Shapes only; the contract of docs/api.md."""

from typing import Literal

from pydantic import BaseModel

from chalicelib.catalog.model import Identifier
from chalicelib.kit.declared import Count, Fen, Time
from chalicelib.kit.endpoint import Body
from chalicelib.kit.paging import PageQuery
from chalicelib.referrals.model import ShareTarget


class ShareBody(Body):
    """What to share; `target_id` with every target but home."""

    target_type: ShareTarget
    target_id: Identifier | None = None


class InviteesQuery(PageQuery):
    """`?level=1` are those one brought, 2 those whom they brought."""

    level: Literal["1", "2"] = "1"


class ShareAnswer(BaseModel):
    """A share, ready to be sent on. `scene` is what a code to scan carries."""

    share_code: str
    path: str
    scene: str
    title: str | None
    image_url: str | None


class InviterAnswer(BaseModel):
    """What one sees of one's inviter."""

    nickname: str | None
    avatar_url: str | None


class ReferralAnswer(BaseModel):
    """One's own relation; null for an `expires_at` that never comes."""

    inviter: InviterAnswer
    bound_at: Time
    expires_at: Time | None


class VisitAnswer(BaseModel):
    """`bound`: one's inviter is now whoever made the share."""

    bound: bool
    referral: ReferralAnswer | None
    target_type: ShareTarget
    target_id: str | None


class InviteeAnswer(BaseModel):
    """Somebody one brought here."""

    nickname: str | None
    avatar_url: str | None
    bound_at: Time
    expires_at: Time | None
    orders_count: Count
    commission_fen: Fen


class InviteesPage(BaseModel):
    """Whom one brought here, the newest first."""

    items: list[InviteeAnswer]
    next_cursor: str | None
