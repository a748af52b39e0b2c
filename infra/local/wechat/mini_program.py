"""All of the mini-program's state at WeChat but payments: logins, tokens, notices, shipping.

Owns what its server API and the control plane may make happen with it, under the sandbox's lock.
Bodies have their shape already.
"""

import re
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from infra.local.wechat import control_shapes
from infra.local.wechat.codes import USUAL_WIDTH_PIXELS, draw_code
from infra.local.wechat.control_shapes import check_control
from infra.local.wechat.credentials import Credentials
from infra.local.wechat.ids import Ids
from infra.local.wechat.logins import IssuedCode, Logins, is_openid, openid_belongs_to, openid_for
from infra.local.wechat.messages import MESSAGE_CORRUPT_KINDS, ORIGINAL_ID
from infra.local.wechat.mini_program_shapes import PAGE, SCENE
from infra.local.wechat.notices import Notices
from infra.local.wechat.notifications import MESSAGE, Notification
from infra.local.wechat.outbox import About, Notify
from infra.local.wechat.refunds import RefundBook
from infra.local.wechat.refusals import ControlRefusal, MiniProgramRefusal
from infra.local.wechat.settings import Settings
from infra.local.wechat.shipping import ShippingBook
from infra.local.wechat.trades import TradeBook
from infra.local.wechat.validation import Json

RISKY_WORD, DOUBTFUL_WORD = "违规", "存疑"
LABEL_FINE, LABEL_UNLAWFUL, LABEL_OTHER = 100, 20006, 21000
PLATFORM_USER = "wechat-platform"


@dataclass(frozen=True)
class Surroundings:
    """What the sandbox lends: its lock, its clock, its settings, its outbox."""

    lock: AbstractContextManager[Any]
    now: Callable[[], datetime]
    settings: Callable[[], Settings]
    send: Callable[[Notification, str, About, Notify], None]


class MiniProgram:
    def __init__(
        self,
        credentials: Credentials,
        ids: Ids,
        trades: TradeBook,
        refunds: RefundBook,
        surroundings: Surroundings,
    ) -> None:
        self._app_id = credentials.app_id
        self._ids = ids
        self._around = surroundings
        self._logins = Logins(credentials.app_id, credentials.app_secret, ids)
        self._notices = Notices()
        self._shipping = ShippingBook(trades, refunds)

    # What the server API does.

    def exchange_code(self, query: dict[str, str]) -> Json:
        with self._around.lock:
            settings = self._around.settings()
            return self._logins.exchange_code(
                query,
                self._around.now(),
                accept_any_code=settings.accept_any_code,
                give_unionids=settings.give_unionids,
            )

    def stable_token(self, body: Json) -> Json:
        with self._around.lock:
            return self._logins.stable_token(body, self._around.now())

    def check_token(self, token: str) -> None:
        """Raises MiniProgramRefusal."""
        with self._around.lock:
            self._logins.check_token(token, self._around.now())

    def code(self, body: Json) -> bytes:
        """A PNG. No page is published here, so that only an unchecked path can be drawn."""
        page = body.get("page", "")
        if not re.fullmatch(SCENE, body["scene"]):
            raise MiniProgramRefusal(40169, "invalid length for scene, or invalid characters")
        if page and (not re.fullmatch(PAGE, page) or body.get("check_path", True)):
            raise MiniProgramRefusal(41030, "invalid page")
        return draw_code(body["scene"], page, body.get("width", USUAL_WIDTH_PIXELS))

    def send_notice(self, body: Json) -> Json:
        with self._around.lock:
            self._require_user(body["touser"])
            self._notices.send(body, self._around.settings().template_ids, self._around.now())
            return {"errcode": 0, "errmsg": "ok", "msgid": int(self._ids.digits(18))}

    def judge_text(self, body: Json) -> Json:
        self._require_user(body["openid"])
        settings, content = self._around.settings(), body["content"]
        suggested, label = "pass", LABEL_FINE
        if any(word in content for word in (DOUBTFUL_WORD, *settings.doubtful_words)):
            suggested, label = "review", LABEL_OTHER
        if any(word in content for word in (RISKY_WORD, *settings.risky_words)):
            suggested, label = "risky", LABEL_UNLAWFUL
        found = {"suggest": suggested, "label": label}
        return {
            "errcode": 0,
            "errmsg": "ok",
            "trace_id": self._ids.hexadecimal(24),
            "result": found,
            "detail": [{"strategy": "content_model", "errcode": 0, "prob": 90, **found}],
        }

    def upload_shipping_info(self, body: Json) -> Json:
        with self._around.lock:
            self._require_user(body["payer"]["openid"])
            lag_seconds = self._around.settings().shipping_lag_seconds
            self._shipping.upload(body, self._around.now(), lag_seconds)
            return {"errcode": 0, "errmsg": "ok"}

    def report_special_order(self, body: Json) -> Json:
        with self._around.lock:
            lag_seconds = self._around.settings().shipping_lag_seconds
            self._shipping.report_special(body, self._around.now(), lag_seconds)
            return {"errcode": 0, "errmsg": "ok"}

    def order(self, body: Json) -> Json:
        with self._around.lock:
            lag_seconds = self._around.settings().shipping_lag_seconds
            order = self._shipping.order(body, self._around.now(), lag_seconds)
            return {"errcode": 0, "errmsg": "ok", "order": order}

    # The control plane.

    def login_code(self, user: str) -> IssuedCode:
        """What `wx.login` gives that user."""
        with self._around.lock:
            return self._logins.issue_code(user, self._around.now())

    def subscribe(self, user: str, template_id: str, times: int = 1) -> int:
        """The user tapped accept in `wx.requestSubscribeMessage`, so often. Answers how many
        messages of the template can be sent to them by now.
        """
        request = {"user": user, "template_id": template_id, "times": times}
        check_control(control_shapes.SUBSCRIPTION, request)
        with self._around.lock:
            return self._notices.accept(openid_for(self._app_id, user), template_id, times)

    def notices_to(self, user: str) -> list[Json]:
        """What that user was sent, in its order."""
        with self._around.lock:
            return self._notices.list_to(openid_for(self._app_id, user))

    def shipments_of(self, out_trade_no: str) -> list[Json]:
        """What was uploaded for the order, as it was sent; what a later upload replaced, not."""
        with self._around.lock:
            return self._shipping.uploads_of(out_trade_no)

    def special_report_of(self, out_trade_no: str) -> Json | None:
        """What was reported of an order that does not ship as usual, if anything."""
        with self._around.lock:
            return self._shipping.special_report_of(out_trade_no)

    def tell(
        self,
        out_trade_no: str,
        event: str,
        method: str = "manual",
        notify: Mapping[str, Any] | None = None,
    ) -> Json:
        """Something happens to an order that is pushed as a message: `remind_shipping`,
        `settlement` (on shipping), or `confirm_receive`, by the user or automatically. Answers
        the message. Raises ControlRefusal.
        """
        wish = dict(notify or {})
        request = {"out_trade_no": out_trade_no, "event": event, "method": method}
        check_control(control_shapes.MESSAGE, {**request, "notify": wish})
        with self._around.lock:
            now = self._around.now()
            if event == "remind_shipping":
                kind, content = "remind_shipping", self._shipping.reminder(out_trade_no, now)
            else:
                if event == "confirm_receive":
                    self._shipping.confirm(out_trade_no, method, now)
                kind, content = "order_settlement", self._shipping.settlement(out_trade_no, now)
            message = {"Event": f"trade_manage_{kind}", **content}
            return self.push_message(message, About(out_trade_no=out_trade_no), Notify.of(wish))

    def push_message(self, event: Json, about: About, notify: Notify) -> Json:
        """Push an event, encrypted, to the address in the settings; answers it whole."""
        if notify.corrupt not in (None, *MESSAGE_CORRUPT_KINDS):
            message = f"a message has no {notify.corrupt} to get wrong"
            raise ControlRefusal(422, "invalid_request", message)
        with self._around.lock:
            now, url = self._around.now(), self._around.settings().message_url
            if not url:
                raise ControlRefusal(409, "no_message_url", "the setting message_url is empty")
            content = {
                "ToUserName": ORIGINAL_ID,
                "FromUserName": openid_for(self._app_id, PLATFORM_USER),
                "CreateTime": int(now.timestamp()),
                "MsgType": "event",
                **event,
            }
            event_id = self._ids.event_id()
            notification = Notification(event_id, event["Event"], MESSAGE, content, now)
            self._around.send(notification, url, about, notify)
            return content

    def _require_user(self, openid: str) -> None:
        if not is_openid(openid) or not openid_belongs_to(self._app_id, openid):
            raise MiniProgramRefusal(40003, "invalid openid")
