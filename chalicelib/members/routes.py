"""Sessions, one's own profile, and what a client must know before it asks. Registered under `/v1`.

HTTP only: parse, call one verb, shape. Decides nothing and writes nothing.
"""

from collections.abc import Sequence

from chalice.app import Blueprint

from chalicelib import wiring
from chalicelib.catalog.recent_settings import recent_settings
from chalicelib.gateways.wechat_api import LoginBlocked, LoginCodeRefused, LoginTooFrequent
from chalicelib.kit import tokens
from chalicelib.kit.clock import shown
from chalicelib.kit.endpoint import Answer, Call
from chalicelib.kit.errors import InvalidRequest, NotFound, WechatUnavailable
from chalicelib.kit.tokens import Caller
from chalicelib.members import change_profile as changing
from chalicelib.members import leave as leaving
from chalicelib.members import sign_in as signing_in
from chalicelib.members import store as members
from chalicelib.members.errors import AccountBlocked, AccountInUse, ContentRefused
from chalicelib.members.model import Member
from chalicelib.members.schemas import (
    ConfigAnswer,
    HealthAnswer,
    MemberAnswer,
    ProfileChange,
    SessionAnswer,
    SignIn,
)

routes = Blueprint(__name__)
endpoint = wiring.endpoint(routes)


@routes.route("/sessions", methods=["POST"])
@endpoint(
    body=SignIn,
    signed_in=False,
    answer=SessionAnswer,
    status=201,
    refuses=(LoginCodeRefused, LoginBlocked, LoginTooFrequent, WechatUnavailable, AccountBlocked),
)
def post_session(call: Call) -> Answer:
    """Sign in with a code of `wx.login`."""
    here, app_id = wiring.current(), _own_app(call.body.app_id)
    keys = here.session_keys  # before the code is spent: it works once
    member = signing_in.sign_in(
        call.body.code,
        app_id=app_id,
        wechat_api=here.wechat_api,
        clock=here.clock,
        new_id=here.new_id,
    )
    return Answer(_session(member, app_id, keys))


@routes.route("/me", methods=["GET"])
@endpoint(answer=MemberAnswer, refuses=(NotFound,))
def get_me(call: Call) -> Answer:
    """Who I am."""
    member = members.find(call.member_id)
    if member is None:
        raise NotFound()
    return Answer(MemberAnswer.of(member))


@routes.route("/me", methods=["PUT"])
@endpoint(body=ProfileChange, answer=MemberAnswer, refuses=(NotFound, ContentRefused))
def put_me(call: Call) -> Answer:
    """Change my nickname or avatar."""
    change = call.body.model_dump(exclude_unset=True)
    wechat_api = wiring.current().wechat_api
    member = changing.change_profile(
        call.member_id, change, app_id=call.app_id, wechat_api=wechat_api
    )
    return Answer(MemberAnswer.of(member))


@routes.route("/me", methods=["DELETE"])
@endpoint(answer=None, status=204, refuses=(NotFound, AccountInUse, AccountBlocked))
def delete_me(call: Call) -> Answer:
    """Close my account."""
    leaving.leave(call.member_id, clock=wiring.current().clock)
    return Answer(None)


@routes.route("/config", methods=["GET"])
@endpoint(signed_in=False, answer=ConfigAnswer)
def get_config(_call: Call) -> Answer:
    """What a client must know before it asks."""
    here = wiring.current()
    environment, settings = here.environment, recent_settings(clock=here.clock)
    template_ids = dict.fromkeys((*environment.template_ids, *settings.template_ids))
    answer = ConfigAnswer(
        mch_id=environment.wechat_merchant_id,
        subscribe_template_ids=list(template_ids),
        referral_levels=len(settings.commission.rates_bp),
        service_contact=environment.service_contact or None,
    )
    return Answer(answer)


@routes.route("/health", methods=["GET"])
@endpoint(signed_in=False, answer=HealthAnswer)
def get_health(_call: Call) -> Answer:
    """That this function runs; asks no table and no WeChat."""
    return Answer(HealthAnswer(status="ok", server_time=shown(wiring.current().clock.now())))


def _session(member: Member, app_id: str, keys: Sequence[str]) -> SessionAnswer:
    here = wiring.current()
    token, expires_at = tokens.issue(
        Caller(member.member_id, app_id),
        keys,
        clock=here.clock,
        life_seconds=here.environment.session_life_seconds,
    )
    return SessionAnswer(token=token, expires_at=shown(expires_at), member=MemberAnswer.of(member))


def _own_app(app_id: str | None) -> str:
    """The app the code came from: the one configured. Raises InvalidRequest for another."""
    own = wiring.current().environment.wechat_app_id
    if app_id is not None and app_id != own:
        wrong = {"field": "app_id", "message": "Not an app of this deployment."}
        raise InvalidRequest("Not valid: app_id.", errors=[wrong])
    return own
