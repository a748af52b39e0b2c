"""The part of the sandbox that transfers to users: what the API does, and what the payee does.

Owns no state of its own: it is mixed into `sandbox`, whose lock, clock and outbox it uses. The
rules are in `transfers`.
"""

import threading
from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import Any

from infra.local.wechat import control_shapes
from infra.local.wechat.control_shapes import check_control
from infra.local.wechat.credentials import Credentials
from infra.local.wechat.logins import openid_belongs_to, openid_for
from infra.local.wechat.notifications import Notification, refuse_senseless
from infra.local.wechat.outbox import About, Notify
from infra.local.wechat.refusals import PARAMETER_NUMBER, ControlRefusal, PayRefusal
from infra.local.wechat.settings import Settings
from infra.local.wechat.transfers import (
    USUAL_FAILURE,
    Transfer,
    TransferBook,
    check_report,
)
from infra.local.wechat.validation import Json

FINISHED = "MCHTRANSFER.BILL.FINISHED"


class TransferDesk(ABC):
    """Bodies have their shape already, and the payee's name is in the clear."""

    credentials: Credentials
    settings: Settings
    work: threading.Event
    _lock: AbstractContextManager[Any]
    _transfers: TransferBook

    @abstractmethod
    def now(self) -> datetime:
        """Business time."""

    def transfer(self, terms: Json) -> Json:
        with self._lock:
            self._check_payee(terms)
            check_report(terms)
            transfer = self._transfers.request(terms, self.settings, self.now())
            self.work.set()
            return transfer.accepted()

    def transfer_by_out_bill_no(self, out_bill_no: str) -> tuple[Json, str]:
        """The transfer as a query answers it, and its payee's name, "" when none was given."""
        with self._lock:
            return _named(self._transfers.get(out_bill_no, self.now()))

    def transfer_by_transfer_bill_no(self, transfer_bill_no: str) -> tuple[Json, str]:
        with self._lock:
            return _named(self._transfers.get_by_transfer_bill_no(transfer_bill_no, self.now()))

    def cancel_transfer(self, out_bill_no: str) -> Json:
        with self._lock:
            now = self.now()
            transfer = self._transfers.get(out_bill_no, now)
            self._transfers.cancel(transfer, self._settlement_of_transfers(now), now)
            self.work.set()
            return transfer.cancelled()

    # The control plane.

    def confirm_transfer(
        self,
        user: str,
        package_info: str,
        outcome: str = "success",
        fail_reason: str | None = None,
        notify: Mapping[str, Any] | None = None,
    ) -> Json:
        """The user taps "receive" in `wx.requestMerchantTransfer`: the package is checked as the
        WeChat client would, then the transfer is under way, to end as `outcome` says; `notify`
        is about the notification of that end. Raises ControlRefusal.
        """
        wish = dict(notify or {})
        request: Json = {"user": user, "package_info": package_info, "outcome": outcome}
        if fail_reason is not None:
            request["fail_reason"] = fail_reason
        check_control(control_shapes.CONFIRMATION, {**request, "notify": wish})
        if outcome == "success" and fail_reason is not None:
            raise ControlRefusal(422, "invalid_request", "a success has no fail_reason")
        intent = Notify.of(wish)
        with self._lock:
            now, openid = self.now(), openid_for(self.credentials.app_id, user)
            transfer = self._transfers.check_confirmable(package_info, openid, now)
            refuse_senseless(intent.corrupt, transfer.notice())
            reason = "" if outcome == "success" else fail_reason or USUAL_FAILURE
            settles_at = self._settlement_of_transfers(now)
            self._transfers.confirm(transfer, reason, settles_at, now)
            transfer.notify = intent
            self.work.set()
            return {"state": transfer.state.value, "out_bill_no": transfer.out_bill_no}

    def transfer_of(self, out_bill_no: str) -> Json:
        """The transfer as WeChat has it. Raises ControlRefusal."""
        try:
            return self.transfer_by_out_bill_no(out_bill_no)[0]
        except PayRefusal:
            raise ControlRefusal(404, "transfer_not_found", "no such transfer") from None

    # What the rest of the sandbox does for it, and it for the rest.

    @abstractmethod
    def _happened(self, event_type: str, original_type: str, content: Json) -> Notification: ...

    @abstractmethod
    def _send_about(
        self, notification: Notification, url: str, about: About, notify: Notify
    ) -> None: ...

    def _settle_transfers(self) -> None:
        for transfer in self._transfers.settle_due(self.settings, self.now()):
            notification = self._happened(FINISHED, "mch_payment", transfer.notice())
            about = About(out_bill_no=transfer.out_bill_no)
            self._send_about(notification, transfer.notify_url, about, transfer.notify)

    def _settlement_of_transfers(self, now: datetime) -> datetime:
        return now + timedelta(seconds=self.settings.transfer_settles_after_seconds)

    def _check_payee(self, terms: Json) -> None:
        app_id, openid = terms["appid"], terms["openid"]
        if app_id != self.credentials.app_id:
            raise PayRefusal(400, "APPID_MCHID_NOT_MATCH", "appid和mchid不匹配")
        if not openid_belongs_to(app_id, openid):
            detail = {"field": "/openid", "issue": "not of this app", "location": "body"}
            raise PayRefusal(400, "PARAM_ERROR", "无效的openid", PARAMETER_NUMBER, detail)


def _named(transfer: Transfer) -> tuple[Json, str]:
    return transfer.present(), transfer.terms.get("user_name", "")
