"""The mini-program server API over HTTP: login, tokens, codes, notices, texts, shipping.

Owns its manners: always HTTP 200, an `errcode` when it refuses, nothing signed. Planned faults
show here in its own words, as errcode -1 (busy) and 45011 (too many calls).
"""

from collections.abc import Callable

from infra.local.wechat import mini_program_shapes as shapes
from infra.local.wechat.codes import CONTENT_TYPE
from infra.local.wechat.exchange import JSON_TYPE, Answer, Call, json_answer
from infra.local.wechat.faults import BEFORE, FaultKind
from infra.local.wechat.mini_program import MiniProgram
from infra.local.wechat.pay_api import TORN_BODY, Withhold
from infra.local.wechat.refusals import MiniProgramRefusal
from infra.local.wechat.sandbox import Sandbox
from infra.local.wechat.validation import Check, Invalid, Json, Undefined, parse_object

Handler = Callable[[MiniProgram, Json], Json]

PREFIXES = ("/sns/", "/cgi-bin/", "/wxa/")
LOGIN_FIELDS = frozenset({"appid", "secret", "js_code", "grant_type"})
LOGIN_PATH = "/sns/jscode2session"
TOKEN_PATH = "/cgi-bin/stable_token"  # noqa: S105 # nosec B105 # a path
CODE_PATH = "/wxa/getwxacodeunlimit"

WITH_TOKEN: dict[str, tuple[Check, Handler]] = {
    "/cgi-bin/message/subscribe/send": (shapes.NOTICE, MiniProgram.send_notice),
    "/wxa/msg_sec_check": (shapes.TEXT, MiniProgram.judge_text),
    "/wxa/sec/order/upload_shipping_info": (
        shapes.SHIPPING_INFO,
        MiniProgram.upload_shipping_info,
    ),
    "/wxa/sec/order/opspecialorder": (
        shapes.SPECIAL_ORDER,
        MiniProgram.report_special_order,
    ),
    "/wxa/sec/order/get_order": (shapes.ORDER_WANTED, MiniProgram.order),
}
POSTED = frozenset({TOKEN_PATH, CODE_PATH, *WITH_TOKEN})


class MiniProgramApi:
    def __init__(self, sandbox: Sandbox, withhold: Withhold) -> None:
        self._sandbox = sandbox
        self._withhold = withhold

    def answer(self, call: Call) -> Answer:
        fault = self._sandbox.take_fault(call.path)
        if fault in BEFORE:
            return self._failed(fault)
        try:
            answer = self._dispatch(call)
        except MiniProgramRefusal as refusal:
            answer = self._refused(refusal)
        if fault in (FaultKind.ERROR_AFTER, FaultKind.TIMEOUT_AFTER):
            return self._failed(fault)
        if fault is FaultKind.GARBAGE:
            return Answer(200, TORN_BODY, {"Content-Type": JSON_TYPE})
        return answer

    def _dispatch(self, call: Call) -> Answer:
        mini_program = self._sandbox.mini_program
        if (call.method, call.path) == ("GET", LOGIN_PATH):
            query = dict(call.query())
            if query.keys() - LOGIN_FIELDS:
                raise MiniProgramRefusal(47001, "data format error")
            return json_answer(200, mini_program.exchange_code(query))
        if call.path not in POSTED and call.path != LOGIN_PATH:
            raise MiniProgramRefusal(40066, "invalid url")
        if call.method != "POST" or call.path == LOGIN_PATH:
            raise MiniProgramRefusal(43001 if call.method == "POST" else 43002, "wrong method")
        if call.path == TOKEN_PATH:
            return json_answer(200, mini_program.stable_token(_body(call, shapes.TOKEN)))
        mini_program.check_token(dict(call.query()).get("access_token", ""))
        if call.path == CODE_PATH:
            image = mini_program.code(_body(call, shapes.CODE))
            return Answer(200, image, {"Content-Type": CONTENT_TYPE})
        shape, handler = WITH_TOKEN[call.path]
        return json_answer(200, handler(mini_program, _body(call, shape)))

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


def _body(call: Call, shape: Check) -> Json:
    try:
        body = parse_object(call.body, basic_plane_only=False)
        shape(body, "")
    except (Invalid, Undefined):
        raise MiniProgramRefusal(47001, "data format error") from None
    return body
