"""HTTP routes of shares, visits and invitees under /v1: parse, call one verb, shape the answer."""

from datetime import datetime

from chalice.app import Blueprint

from chalicelib import wiring
from chalicelib.kit.clock import shown
from chalicelib.kit.declared import IMAGE
from chalicelib.kit.endpoint import Answer, Call
from chalicelib.kit.errors import NotFound, WechatUnavailable
from chalicelib.kit.paging import page
from chalicelib.members.errors import AccountBlocked
from chalicelib.referrals import qrcode as drawing
from chalicelib.referrals.list_invitees import Invitee, list_invitees
from chalicelib.referrals.schemas import (
    InviteeAnswer,
    InviteesPage,
    InviteesQuery,
    InviterAnswer,
    ReferralAnswer,
    ShareAnswer,
    ShareBody,
    VisitAnswer,
)
from chalicelib.referrals.share import mint
from chalicelib.referrals.visit import Visited, visit

routes = Blueprint(__name__)
endpoint = wiring.endpoint(routes)


@routes.route("/shares", methods=["POST"])
@endpoint(body=ShareBody, answer=ShareAnswer, status=201, refuses=(NotFound, AccountBlocked))
def post_share(call: Call) -> Answer:
    """Make a share of my own."""
    body, clock = call.body, wiring.current().clock
    minted = mint(call.member_id, body.target_type, body.target_id, clock=clock)
    answer = ShareAnswer(
        share_code=minted.share.share_code,
        path=minted.share.path(minted.settings.pages),
        scene=minted.share.scene,
        title=minted.look.title,
        image_url=minted.look.image_url,
    )
    return Answer(answer)


@routes.route("/shares/{share_code}/visits", methods=["POST"])
@endpoint(answer=VisitAnswer, refuses=(AccountBlocked,))
def post_visit(call: Call, share_code: str) -> Answer:
    """Open somebody's share."""
    visited = visit(share_code, call.member_id, clock=wiring.current().clock)
    answer = VisitAnswer(
        bound=visited.bound,
        referral=_referral(visited),
        target_type=visited.share.target_type,
        target_id=visited.share.target_id,
    )
    return Answer(answer)


@routes.route("/shares/{share_code}/qrcode", methods=["GET"])
@endpoint(signed_in=False, answer=IMAGE, refuses=(WechatUnavailable,))
def get_qrcode(_call: Call, share_code: str) -> Answer:
    """A share as an image to scan; without signing in, since an <image> cannot send a token."""
    wired = wiring.current()
    drawn = drawing.qrcode(share_code, clock=wired.clock, wechat_api=wired.wechat_api)
    headers = {
        "Content-Type": drawn.content_type,
        "Cache-Control": f"public, max-age={drawing.KEPT_SECONDS}",
    }
    return Answer(drawn.content, headers=headers)


@routes.route("/me/invitees", methods=["GET"])
@endpoint(query=InviteesQuery, answer=InviteesPage)
def get_invitees(call: Call) -> Answer:
    """Whom I brought here."""
    query = call.query
    invitees, start = list_invitees(
        call.member_id,
        int(query.level),
        limit=query.limit,
        cursor=query.cursor,
        clock=wiring.current().clock,
    )
    return Answer(page([_invitee(invitee).model_dump() for invitee in invitees], start))


def _referral(visited: Visited) -> ReferralAnswer | None:
    referral, inviter = visited.referral, visited.inviter
    if referral is None or inviter is None:
        return None
    return ReferralAnswer(
        inviter=InviterAnswer(nickname=inviter.nickname, avatar_url=inviter.avatar_url),
        bound_at=shown(referral.bound_at),
        expires_at=_shown(referral.expires_at),
    )


def _invitee(invitee: Invitee) -> InviteeAnswer:
    return InviteeAnswer(
        nickname=invitee.member.nickname,
        avatar_url=invitee.member.avatar_url,
        bound_at=shown(invitee.referral.bound_at),
        expires_at=_shown(invitee.referral.expires_at),
        orders_count=invitee.orders_count,
        commission_fen=invitee.commission_fen,
    )


def _shown(moment: datetime | None) -> str | None:
    return shown(moment) if moment is not None else None
