"""The control plane over HTTP, below /sandbox: it plays the shopper and moves the clock.

Owns the wire form only; every call is one method of `Sandbox`. Nothing here is part of WeChat,
so nothing is signed, and it must never listen beyond where its caller asked for.
"""

import re
from collections.abc import Callable
from urllib.parse import unquote

from infra.local.wechat import control_shapes
from infra.local.wechat.control_shapes import check_control
from infra.local.wechat.exchange import Answer, Call, json_answer
from infra.local.wechat.ids import beijing_time
from infra.local.wechat.refusals import ControlRefusal, PayRefusal
from infra.local.wechat.sandbox import Sandbox
from infra.local.wechat.validation import Check, Invalid, Json, parse_object

Handler = Callable[["ControlApi", Json, str], Json]


class ControlApi:
    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    def answer(self, call: Call) -> Answer:
        try:
            return json_answer(200, self._dispatch(call))
        except ControlRefusal as refusal:
            content = {"code": refusal.code, "message": refusal.message}
            return json_answer(refusal.status, {"error": content})

    # One handler for each path. `number` is the one in the path.

    def login_code(self, body: Json, _number: str) -> Json:
        return self._sandbox.login_code(body["user"])._asdict()

    def payment(self, body: Json, _number: str) -> Json:
        return self._sandbox.pay(**body)

    def settle_refund(self, body: Json, number: str) -> Json:
        return self._sandbox.settle_refund(number, **body)

    def fault(self, body: Json, _number: str) -> Json:
        self._sandbox.add_fault(**body)
        return {"times": 1, **body}

    def replay(self, body: Json, _number: str) -> Json:
        return {"notifications": self._sandbox.replay(**body)}

    def totals(self, _body: Json, _number: str) -> Json:
        return self._sandbox.totals()

    def settings(self, body: Json, _number: str) -> Json:
        return self._sandbox.configure(**body)

    def clock(self, body: Json, _number: str) -> Json:
        self._sandbox.advance(body["advance_seconds"])
        return {"now": beijing_time(self._sandbox.now())}

    def reset(self, _body: Json, _number: str) -> Json:
        self._sandbox.reset()
        return {}

    def trade(self, _body: Json, number: str) -> Json:
        try:
            return self._sandbox.trade(number)
        except PayRefusal:
            raise ControlRefusal(404, "order_not_found", "no such order") from None

    def refunds(self, query: Json, _number: str) -> Json:
        return {"items": self._sandbox.refunds_of(query["out_trade_no"])}

    def confirm_transfer(self, body: Json, _number: str) -> Json:
        return self._sandbox.confirm_transfer(**body)

    def transfer(self, query: Json, _number: str) -> Json:
        return self._sandbox.transfer_of(query["out_bill_no"])

    def bill_entry(self, body: Json, _number: str) -> Json:
        return self._sandbox.add_to_bills(**body)

    def bill_omission(self, body: Json, _number: str) -> Json:
        return self._sandbox.leave_out_of_bills(**body)

    def bill_amount(self, body: Json, _number: str) -> Json:
        return self._sandbox.change_in_bills(**body)

    def notifications(self, query: Json, _number: str) -> Json:
        return {"items": self._sandbox.notifications(**query)}

    def subscription(self, body: Json, _number: str) -> Json:
        return {"times_left": self._sandbox.mini_program.subscribe(**body)}

    def notices(self, query: Json, _number: str) -> Json:
        return {"items": self._sandbox.mini_program.notices_to(query["user"])}

    def shipments(self, query: Json, _number: str) -> Json:
        number, mini_program = query["out_trade_no"], self._sandbox.mini_program
        return {
            "items": mini_program.shipments_of(number),
            "special_report": mini_program.special_report_of(number),
        }

    def message(self, body: Json, _number: str) -> Json:
        return self._sandbox.mini_program.tell(**body)

    def complaint(self, body: Json, _number: str) -> Json:
        return self._sandbox.complain(**body)

    def health(self, _body: Json, _number: str) -> Json:
        return {
            "status": "ok",
            "now": beijing_time(self._sandbox.now()),
            "wall_now": beijing_time(self._sandbox.wall_clock()),
        }

    def _dispatch(self, call: Call) -> Json:
        matches = [(route, route[1].fullmatch(call.path)) for route in ROUTES]
        found = [(route, match) for route, match in matches if match]
        if not found:
            raise ControlRefusal(404, "not_found", "the control plane has no such path")
        for (method, _, shape, handler), match in found:
            if method == call.method:
                given = _given(call)
                check_control(shape, given)
                return handler(self, given, unquote(match["number"] or ""))
        raise ControlRefusal(405, "method_not_allowed", "the path has other methods")


def _given(call: Call) -> Json:
    """The query of a GET, the body of a POST; no body is an empty one."""
    if call.method == "GET":
        return dict(call.query())
    try:
        return parse_object(call.body or b"{}", basic_plane_only=False)
    except Invalid as invalid:
        message = f"{invalid.pointer or '/'}: {invalid.issue}"
        raise ControlRefusal(422, "invalid_request", message) from None


_REFUND = "/sandbox/refunds/(?P<number>[^/]+)"
_TRADE = "/sandbox/trades/(?P<number>[^/]+)"


def _route(
    method: str, path: str, shape: Check, handler: Handler
) -> tuple[str, re.Pattern[str], Check, Handler]:
    pattern = path if "(?P<number>" in path else f"/sandbox/{path}(?P<number>)"
    return method, re.compile(pattern), shape, handler


ROUTES = [
    _route("POST", "login-codes", control_shapes.LOGIN_CODE, ControlApi.login_code),
    _route("POST", "payments", control_shapes.PAYMENT, ControlApi.payment),
    _route("POST", _REFUND, control_shapes.REFUND, ControlApi.settle_refund),
    _route("GET", "refunds", control_shapes.REFUNDS_OF, ControlApi.refunds),
    _route("GET", _TRADE, control_shapes.NOTHING, ControlApi.trade),
    _route("POST", "transfers/confirm", control_shapes.CONFIRMATION, ControlApi.confirm_transfer),
    _route("GET", "transfers", control_shapes.TRANSFER_OF, ControlApi.transfer),
    _route("POST", "bills/entries", control_shapes.BILL_ENTRY, ControlApi.bill_entry),
    _route("POST", "bills/omissions", control_shapes.BILL_OMISSION, ControlApi.bill_omission),
    _route("POST", "bills/amounts", control_shapes.BILL_AMOUNT, ControlApi.bill_amount),
    _route("POST", "faults", control_shapes.FAULT, ControlApi.fault),
    _route("POST", "notifications/replay", control_shapes.REPLAY, ControlApi.replay),
    _route("GET", "notifications", control_shapes.NOTIFICATIONS_OF, ControlApi.notifications),
    _route("POST", "subscriptions", control_shapes.SUBSCRIPTION, ControlApi.subscription),
    _route("GET", "notices", control_shapes.NOTICES_OF, ControlApi.notices),
    _route("GET", "shipments", control_shapes.SHIPMENTS_OF, ControlApi.shipments),
    _route("POST", "messages", control_shapes.MESSAGE, ControlApi.message),
    _route("POST", "complaints", control_shapes.COMPLAINT, ControlApi.complaint),
    _route("GET", "totals", control_shapes.NOTHING, ControlApi.totals),
    _route("POST", "settings", control_shapes.SETTINGS, ControlApi.settings),
    _route("POST", "clock", control_shapes.CLOCK, ControlApi.clock),
    _route("POST", "reset", control_shapes.NOTHING, ControlApi.reset),
    _route("GET", "health", control_shapes.NOTHING, ControlApi.health),
]
