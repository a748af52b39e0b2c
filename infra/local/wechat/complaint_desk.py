"""The part of the sandbox where payers complain (支付者投诉): its notifications alone, which go to
the address that the merchant has named once.

Owns no state of its own: it is mixed into `sandbox`, whose lock and outbox it uses.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any

from infra.local.wechat import control_shapes
from infra.local.wechat.control_shapes import check_control
from infra.local.wechat.ids import Ids
from infra.local.wechat.notifications import Notification, refuse_senseless
from infra.local.wechat.outbox import About, Notify
from infra.local.wechat.refusals import ControlRefusal
from infra.local.wechat.settings import Settings
from infra.local.wechat.validation import Json

NEW = "CREATE_COMPLAINT"


class ComplaintDesk(ABC):
    ids: Ids
    settings: Settings
    _lock: AbstractContextManager[Any]

    def complain(
        self,
        complaint_id: str | None = None,
        action: str = NEW,
        notify: Mapping[str, Any] | None = None,
    ) -> Json:
        """A payer complains, or `action` happens to a complaint; answers what the merchant is told.
        Raises ControlRefusal while the merchant has named no address.
        """
        wish = dict(notify or {})
        request: Json = {"action": action, "notify": wish}
        if complaint_id is not None:
            request["complaint_id"] = complaint_id
        check_control(control_shapes.COMPLAINT, request)
        with self._lock:
            url = self.settings.complaint_url
            if not url:
                raise ControlRefusal(409, "no_complaint_url", "the setting complaint_url is empty")
            number = complaint_id or self.ids.digits(27)
            content: Json = {"complaint_id": number, "action_type": action}
            intent = Notify.of(wish)
            refuse_senseless(intent.corrupt, content)
            event_type = "COMPLAINT.CREATE" if action == NEW else "COMPLAINT.STATE_CHANGE"
            notification = self._happened(event_type, "complaint", content)
            self._send_about(notification, url, About(complaint_id=number), intent)
            return {**content, "event_type": event_type}

    @abstractmethod
    def _happened(self, event_type: str, original_type: str, content: Json) -> Notification: ...

    @abstractmethod
    def _send_about(
        self, notification: Notification, url: str, about: About, notify: Notify
    ) -> None: ...
