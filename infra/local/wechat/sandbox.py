"""The sandbox itself: all of WeChat's state for one merchant, under one lock.

Owns what the two APIs do and what the control plane may make happen, as plain methods. It never
sleeps, starts no thread and opens no socket: `pump` sends what is due through `deliver`.
"""

import secrets
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from infra.local.wechat import control_shapes
from infra.local.wechat.bill_desk import BillDesk, BillFile
from infra.local.wechat.bills import BillChanges
from infra.local.wechat.complaint_desk import ComplaintDesk
from infra.local.wechat.control_shapes import check_control
from infra.local.wechat.credentials import Credentials
from infra.local.wechat.faults import FaultKind, FaultPlan
from infra.local.wechat.ids import Entropy, Ids
from infra.local.wechat.logins import IssuedCode, is_openid, openid_belongs_to, openid_for
from infra.local.wechat.messages import compose_message
from infra.local.wechat.mini_program import MiniProgram, Surroundings
from infra.local.wechat.notifications import MESSAGE, Notification, compose, refuse_senseless
from infra.local.wechat.outbox import About, Delivery, Dispatch, Notify, Outbox
from infra.local.wechat.refunds import OUTCOMES, Refund, RefundBook, RefundState
from infra.local.wechat.refusals import PARAMETER_NUMBER, ControlRefusal, PayRefusal
from infra.local.wechat.settings import Settings
from infra.local.wechat.signing import is_signed, payment_message
from infra.local.wechat.trades import OPENING_BALANCE_FEN, Balance, Trade, TradeBook
from infra.local.wechat.transfer_desk import TransferDesk
from infra.local.wechat.transfers import TransferBook
from infra.local.wechat.validation import Json

Clock = Callable[[], datetime]
Deliver = Callable[[str, dict[str, str], bytes], int]

PACKAGE_PREFIX = "prepay_id="


class Sandbox(TransferDesk, BillDesk, ComplaintDesk):
    """`clock` is business time and can be advanced; `wall_clock` is what signatures are dated
    by, and is `clock` unless given. Both answer aware times.

    `deliver(url, headers, body)` posts one notification and answers the HTTP status, or 0 when
    there was no answer. `work` is set whenever there may be something to send.
    """

    def __init__(
        self,
        credentials: Credentials,
        clock: Clock,
        deliver: Deliver,
        *,
        wall_clock: Clock | None = None,
        entropy: Entropy = secrets.token_bytes,
    ) -> None:
        self.credentials = credentials
        self.wall_clock = wall_clock or clock
        self.ids = Ids(entropy)
        self.work = threading.Event()
        self._clock = clock
        self._deliver = deliver
        self._lock = threading.RLock()
        self._forget()

    def _forget(self) -> None:
        self.settings = Settings()
        self._advanced = timedelta()
        self._balance = Balance(OPENING_BALANCE_FEN)
        self._trades = TradeBook(self.ids, self._balance)
        self._refunds = RefundBook(self.ids, self._trades, self._balance)
        self._transfers = TransferBook(self.credentials.merchant_id, self.ids, self._balance)
        self._bill_changes = BillChanges()
        self._bill_files: dict[str, BillFile] = {}
        self._outbox = Outbox()
        around = Surroundings(self._lock, self.now, lambda: self.settings, self._send_about)
        self.mini_program = MiniProgram(
            self.credentials, self.ids, self._trades, self._refunds, around
        )
        self._faults = FaultPlan()

    def now(self) -> datetime:
        """Business time."""
        return self._clock() + self._advanced

    # What WeChat Pay does for the merchant. Bodies have their shape already.

    def order(self, terms: Json) -> str:
        """A prepay id."""
        with self._lock:
            app_id, openid = terms["appid"], terms["payer"]["openid"]
            if app_id != self.credentials.app_id:
                raise PayRefusal(400, "APPID_MCHID_NOT_MATCH", "appid和mchid不匹配")
            if not is_openid(openid):
                detail = {"field": "/payer/openid", "value": openid, "location": "body"}
                raise PayRefusal(400, "PARAM_ERROR", "无效的openid", PARAMETER_NUMBER, detail)
            if not openid_belongs_to(app_id, openid):
                raise PayRefusal(500, "OPENID_MISMATCH", "openid和appid不匹配")
            return self._trades.order(terms, self.now())

    def trade(self, out_trade_no: str) -> Json:
        """The order as a query answers it."""
        with self._lock:
            return self._trades.get(out_trade_no, self.now()).present()

    def trade_of_transaction(self, transaction_id: str) -> Json:
        with self._lock:
            trade = self._trades.find_paid(transaction_id)
            if trade is None:
                raise PayRefusal(404, "ORDER_NOT_EXIST", "订单不存在")
            return trade.present()

    def close(self, out_trade_no: str) -> None:
        with self._lock:
            self._trades.close(out_trade_no, self.now())

    def refund(self, terms: Json) -> Json:
        with self._lock:
            refund = self._refunds.request(terms, self.now(), self._next_settlement())
            self.work.set()
            return refund.present()

    def refund_of(self, out_refund_no: str) -> Json:
        """The refund as a query answers it."""
        with self._lock:
            return self._refunds.get(out_refund_no).present()

    def apply_abnormal_refund(self, refund_id: str, request: Json) -> Json:
        with self._lock:
            refund = self._refunds.get(request["out_refund_no"])
            if refund.refund_id != refund_id:
                raise PayRefusal(404, "RESOURCE_NOT_EXISTS", "退款单不存在")
            self._refunds.find_another_way(refund, request, self._next_settlement())
            self.work.set()
            return refund.present()

    def notify_echo(self, content: Json, url: str) -> None:
        with self._lock:
            notification = self._happened("SECURITY_ECHO.SUCCESS", "security", content)
            self._send_about(notification, url, About(), Notify())

    # The control plane.

    def login_code(self, user: str) -> IssuedCode:
        """What `wx.login` gives that user."""
        return self.mini_program.login_code(user)

    def pay(
        self,
        user: str,
        payment: Mapping[str, object],
        outcome: str = "success",
        notify: Mapping[str, Any] | None = None,
    ) -> Json:
        """The user taps pay: the parameters are checked as the WeChat client would, then the
        order is paid and its notification scheduled. Raises ControlRefusal.
        """
        request = {"user": user, "payment": dict(payment), "outcome": outcome}
        wish = dict(notify or {})
        check_control(control_shapes.PAYMENT, {**request, "notify": wish})
        signed = {name: str(value) for name, value in payment.items()}
        with self._lock:
            trade = self._payable(user, signed)
            if outcome == "success":
                self._commit_payment(trade, Notify.of(wish))
            seen = trade.present()
            answer = {"trade_state": seen["trade_state"], "out_trade_no": trade.out_trade_no}
            if trade.transaction_id:
                answer["transaction_id"] = trade.transaction_id
            return answer

    def settle_refund(
        self, out_refund_no: str, outcome: str, notify: Mapping[str, Any] | None = None
    ) -> Json:
        """Outcome: success, abnormal or closed."""
        wish = dict(notify or {})
        check_control(control_shapes.REFUND, {"outcome": outcome, "notify": wish})
        with self._lock:
            try:
                refund = self._refunds.get(out_refund_no)
            except PayRefusal:
                raise ControlRefusal(404, "refund_not_found", "no such refund") from None
            intent = Notify.of(wish)
            refuse_senseless(intent.corrupt, refund.notice())
            self._settle(refund, OUTCOMES[outcome], intent)
            return refund.present()

    def refunds_of(self, out_trade_no: str) -> list[Json]:
        with self._lock:
            return [refund.present() for refund in self._refunds.list_of(out_trade_no)]

    def notifications(self, **numbers: str) -> list[Json]:
        """What was sent, when, and how it was answered: of an order, a refund, a transfer or a
        complaint.
        """
        with self._lock:
            return [delivery.present() for delivery in self._outbox.list_about(About(**numbers))]

    def replay(
        self,
        out_trade_no: str = "",
        *,
        out_refund_no: str = "",
        out_bill_no: str = "",
        complaint_id: str = "",
        times: int = 1,
        corrupt: str | bool = False,
    ) -> int:
        """Send an old notification again: the payment's of an order, those of a refund, a
        transfer's or a complaint's. Answers how many notifications that is.
        """
        wanted = About(out_trade_no, out_refund_no, out_bill_no, complaint_id)
        if sum(map(bool, vars(wanted).values())) != 1:
            message = "name an out_trade_no, out_refund_no, out_bill_no or complaint_id"
            raise ControlRefusal(422, "invalid_request", message)
        wish: Json = {"times": times, "corrupt": corrupt}
        check_control(control_shapes.REPLAY, wish)
        notify = Notify.of(wish)
        with self._lock:
            about = self._outbox.list_about(wanted)
            found = [
                one
                for one in about
                if one.about.out_refund_no == out_refund_no
                and one.notification.original_type != MESSAGE
            ]
            if not found:
                raise ControlRefusal(404, "notification_not_found", "nothing was ever to be sent")
            for delivery in found:
                refuse_senseless(notify.corrupt, delivery.notification.content)
            self._outbox.replay(found, notify, self.now())
            self.work.set()
            return len(found)

    def forget_faults(self) -> None:
        """Whatever was to misbehave behaves."""
        with self._lock:
            self._faults = FaultPlan()

    def add_fault(self, path_prefix: str, kind: str, times: int = 1) -> None:
        fault = {"path_prefix": path_prefix, "kind": kind, "times": times}
        check_control(control_shapes.FAULT, fault)
        with self._lock:
            self._faults.add(path_prefix, FaultKind(kind), times)

    def take_fault(self, path: str) -> FaultKind | None:
        with self._lock:
            return self._faults.take(path)

    def configure(self, **changes: Any) -> Json:
        """Settings by name, and `balance_fen`. What is left out keeps its value."""
        check_control(control_shapes.SETTINGS, changes)
        with self._lock:
            kept = {name: value for name, value in changes.items() if name != "balance_fen"}
            self.settings = replace(self.settings, **kept)
            if "balance_fen" in changes:
                self._balance.fen = changes["balance_fen"]
            return {**vars(self.settings), "balance_fen": self._balance.fen}

    def advance(self, seconds: int) -> None:
        """Move business time, never the time signatures are dated by."""
        with self._lock:
            self._advanced += timedelta(seconds=seconds)
            self.work.set()

    def totals(self) -> dict[str, int]:
        """What WeChat's own books say. Refunds and transfers count once the user has the money."""
        with self._lock:
            paid, refunded = self._trades.list_paid(), self._refunds.list_succeeded()
            transferred = self._transfers.list_succeeded()
            return {
                "paid_fen": sum(trade.total_fen for trade in paid),
                "refunded_fen": sum(refund.amount_fen for refund in refunded),
                "transferred_fen": sum(transfer.amount_fen for transfer in transferred),
                "payments": len(paid),
                "refunds": len(refunded),
                "transfers": len(transferred),
            }

    def reset(self) -> None:
        """Forget everything but keys and credentials."""
        with self._lock:
            self._forget()

    # Time passing.

    def pump(self) -> int:
        """Settle the refunds and transfers and send the notifications that are due, with whatever
        their handling makes due in turn. Answers how many copies were sent.
        """
        sent = 0
        while due := self.take_due():
            for dispatch in due:
                self.send(dispatch)
            sent += len(due)
        return sent

    def take_due(self) -> list[Dispatch]:
        """For who sends in parallel: each dispatch must be given to `send` once."""
        with self._lock:
            for refund in self._refunds.list_due(self.now()):
                self._settle(refund, RefundState.SUCCESS, Notify())
            self._settle_transfers()
            return self._outbox.take_due(self.now())

    def send(self, dispatch: Dispatch) -> int:
        """Answers the status the merchant gave. Holds no lock while the merchant thinks, so
        that its handler may call back.
        """
        delivery, status = dispatch.delivery, 0
        is_message = delivery.notification.original_type == MESSAGE
        message = (compose_message if is_message else compose)(
            delivery.notification,
            dispatch.corrupt,
            self.credentials,
            self.ids,
            self.wall_clock(),
        )
        try:
            status = self._deliver(delivery.url + message.query, message.headers, message.body)
        finally:
            with self._lock:
                delivery.finish(status, dispatch.corrupt, dispatch.began_at)
                self.work.set()
        return status

    def _payable(self, user: str, payment: Mapping[str, str]) -> Trade:
        prepay_id = payment["package"].removeprefix(PACKAGE_PREFIX)
        if prepay_id == payment["package"]:
            raise ControlRefusal(400, "bad_package", "package must be prepay_id=...")
        message = payment_message(self.credentials.app_id, payment)
        if not is_signed(self.credentials.merchant_public_key, message, payment["paySign"]):
            raise ControlRefusal(400, "bad_pay_sign", "paySign does not match the parameters")
        now = self.now()
        trade = self._trades.find_by_prepay_id(prepay_id, now)
        if trade is None:
            raise ControlRefusal(404, "unknown_prepay_id", "no order has this prepay_id")
        if openid_for(trade.terms["appid"], user) != trade.openid:
            raise ControlRefusal(403, "wrong_payer", "the order is for another user to pay")
        self._trades.check_payable(trade, prepay_id, now)
        return trade

    def _commit_payment(self, trade: Trade, notify: Notify) -> None:
        self._trades.pay(trade, self.now())
        notification = self._happened("TRANSACTION.SUCCESS", "transaction", trade.present())
        self._send_about(notification, trade.notify_url, About(trade.out_trade_no), notify)

    def _settle(self, refund: Refund, outcome: RefundState, notify: Notify) -> None:
        self._refunds.settle(refund, outcome, self.now())
        notification = self._happened(f"REFUND.{outcome.value}", "refund", refund.notice())
        about = About(refund.trade.out_trade_no, refund.out_refund_no)
        self._send_about(notification, refund.notify_url, about, notify)

    def _next_settlement(self) -> datetime | None:
        if self.settings.hold_refunds:
            return None
        return self.now() + timedelta(seconds=self.settings.refund_settles_after_seconds)

    def _happened(self, event_type: str, original_type: str, content: Json) -> Notification:
        event_id = self.ids.event_id()
        return Notification(event_id, event_type, original_type, content, self.now())

    def _send_about(
        self, notification: Notification, url: str, about: About, notify: Notify
    ) -> None:
        """Schedule a notification. Without a URL nobody asked for it."""
        if not url:
            return
        due_at = self.now() + timedelta(seconds=notify.delay_seconds) if notify.times else None
        self._outbox.add(
            Delivery(
                notification,
                url,
                about,
                copies_left=notify.times,
                due_at=due_at,
                corrupt=notify.corrupt,
            )
        )
        self.work.set()
