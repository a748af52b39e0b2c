"""The mini-program server API over HTTP: login and access tokens.

Owns its manners: always HTTP 200, an `errcode` when it refuses, nothing signed. Planned faults
show here in its own words, as errcode -1 (busy) and 45011 (too many calls).
"""

from infra.local.wechat.exchange import Answer, Call, json_answer
from infra.local.wechat.faults import BEFORE, FaultKind
from infra.local.wechat.pay_api import TORN_BODY, Withhold
from infra.local.wechat.refusals import MiniProgramRefusal
from infra.local.wechat.sandbox import Sandbox
from infra.local.wechat.validation import Invalid, Json, parse_object

PREFIXES = ("/sns/", "/cgi-bin/")
TOKEN_FIELDS = frozenset({"grant_type", "appid", "secret", "force_refresh"})
LOGIN_FIELDS = frozenset({"appid", "secret", "js_code", "grant_type"})


class MiniProgramApi:
    def __init__(self, sandbox: Sandbox, withhold: Withhold) -> None:
        self._sandbox = sandbox
        self._withhold = withhold

    def answer(self, call: Call) -> Answer:
        fault = self._sandbox.take_fault(call.path)
        if fault in BEFORE:
            return self._failed(fault)
        try:
            answer = json_answer(200, self._dispatch(call))
        except MiniProgramRefusal as refusal:
            answer = self._refused(refusal)
        if fault in (FaultKind.ERROR_AFTER, FaultKind.TIMEOUT_AFTER):
            return self._failed(fault)
        if fault is FaultKind.GARBAGE:
            answer.body = TORN_BODY
        return answer

    def _dispatch(self, call: Call) -> Json:
        if (call.method, call.path) == ("GET", "/sns/jscode2session"):
            query = dict(call.query())
            if query.keys() - LOGIN_FIELDS:
                raise MiniProgramRefusal(47001, "data format error")
            return self._sandbox.exchange_code(query)
        if (call.method, call.path) == ("POST", "/cgi-bin/stable_token"):
            try:
                body = parse_object(call.body, basic_plane_only=False)
            except Invalid:
                raise MiniProgramRefusal(47001, "data format error") from None
            if body.keys() - TOKEN_FIELDS:
                raise MiniProgramRefusal(47001, "data format error")
            return self._sandbox.stable_token(body)
        if call.path in ("/sns/jscode2session", "/cgi-bin/stable_token"):
            raise MiniProgramRefusal(43001 if call.method == "POST" else 43002, "wrong method")
        raise MiniProgramRefusal(40066, "invalid url")

    def _failed(self, fault: FaultKind | None) -> Answer:
        if fault is FaultKind.RATE_LIMIT:
            message = "api minute-quota reach limit, must slower, retry next minute"
            return self._refused(MiniProgramRefusal(45011, message))
        if fault in (FaultKind.TIMEOUT_BEFORE, FaultKind.TIMEOUT_AFTER):
            self._withhold(self._sandbox.settings.withhold_seconds)
        return self._refused(MiniProgramRefusal(-1, "system error"))

    def _refused(self, refusal: MiniProgramRefusal) -> Answer:
        request_id = self._sandbox.ids.hexadecimal(24)
        message = f"{refusal.errmsg}, rid: {request_id[:8]}-{request_id[8:16]}-{request_id[16:]}"
        return json_answer(200, {"errcode": refusal.errcode, "errmsg": message})
