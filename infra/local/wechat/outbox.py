"""When notifications go out: copies first, then redelivery along WeChat Pay's schedule.

Owns every delivery ever made, so that an old one can be replayed. Sends nothing itself: it
hands out what is due and is told how it went.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from infra.local.wechat.ids import beijing_time
from infra.local.wechat.notifications import FORGERIES, MESSAGE, Notification
from infra.local.wechat.validation import Json

_MINUTE, _HOUR = 60, 3600
REDELIVERY_SECONDS = (
    *(15, 15, 30),
    *(3 * _MINUTE, 10 * _MINUTE, 20 * _MINUTE, 30 * _MINUTE, 30 * _MINUTE, 30 * _MINUTE),
    *(60 * _MINUTE, 3 * _HOUR, 3 * _HOUR, 3 * _HOUR, 6 * _HOUR, 6 * _HOUR),
)
TRANSFER_REDELIVERY_SECONDS = (15,) * 10 + (5 * _MINUTE,) * 10 + (30 * _MINUTE,) * 44
COMPLAINT_REDELIVERY_SECONDS = (5, *(_MINUTE,) * 10, *(5 * _MINUTE,) * 1000)
MESSAGE_REDELIVERY_SECONDS = (5, 5)
ACKNOWLEDGEMENTS = frozenset({200, 204})


@dataclass(frozen=True)
class Notify:
    """How a notification is sent the first time: how many copies, how late, how spoiled."""

    times: int = 1
    delay_seconds: int = 0
    corrupt: str | None = None

    @classmethod
    def of(cls, wish: Json) -> "Notify":
        corrupt = wish.get("corrupt")
        if isinstance(corrupt, bool):
            corrupt = "signature" if corrupt else None
        return cls(wish.get("times", 1), wish.get("delay_seconds", 0), corrupt)


@dataclass(frozen=True)
class About:
    """Whose news a notification is: an order's, a refund's of an order, a transfer's, or a
    complaint's.
    """

    out_trade_no: str = ""
    out_refund_no: str = ""
    out_bill_no: str = ""
    complaint_id: str = ""

    @property
    def redelivery_seconds(self) -> tuple[int, ...]:
        if self.complaint_id:
            return COMPLAINT_REDELIVERY_SECONDS
        return TRANSFER_REDELIVERY_SECONDS if self.out_bill_no else REDELIVERY_SECONDS


@dataclass(frozen=True)
class Attempt:
    at: datetime
    status: int
    corrupt: str | None


@dataclass
class Delivery:
    """A notification on its way to one URL. With no `due_at` there is nothing to send."""

    notification: Notification
    url: str
    about: About
    copies_left: int
    due_at: datetime | None
    corrupt: str | None
    redeliveries: int = 0
    is_acknowledged: bool = False
    is_in_flight: bool = False
    attempts: list[Attempt] = field(default_factory=list)

    def begin(self) -> str | None:
        """Take the next copy, or the next redelivery; answers how it is to be spoiled.

        Redelivery of a forgery is the genuine thing: a forger does not come back, and after a
        probe WeChat sends the right signature.
        """
        self.is_in_flight = True
        if self.copies_left > 0:
            self.copies_left -= 1
            return self.corrupt
        self.redeliveries += 1
        return None if self.corrupt in FORGERIES else self.corrupt

    def finish(self, status: int, corrupt: str | None, began_at: datetime) -> None:
        """A forgery that is acknowledged acknowledges nothing. The schedule counts from when
        the attempt began, so that a clock advanced meanwhile is not counted twice.
        """
        self.is_in_flight = False
        self.attempts.append(Attempt(began_at, status, corrupt))
        if status in ACKNOWLEDGEMENTS and corrupt not in FORGERIES:
            self.is_acknowledged = True
        self.due_at = self._next_due(began_at)

    def _next_due(self, began_at: datetime) -> datetime | None:
        if self.copies_left > 0:
            return began_at
        is_message = self.notification.original_type == MESSAGE
        schedule = MESSAGE_REDELIVERY_SECONDS if is_message else self.about.redelivery_seconds
        if self.is_acknowledged or self.redeliveries == len(schedule):
            return None
        return began_at + timedelta(seconds=schedule[self.redeliveries])

    def present(self) -> Json:
        return {
            "event_id": self.notification.event_id,
            "event_type": self.notification.event_type,
            **vars(self.about),
            "acknowledged": self.is_acknowledged,
            "due_at": beijing_time(self.due_at) if self.due_at else None,
            "attempts": [
                {"at": beijing_time(one.at), "status": one.status, "corrupt": one.corrupt}
                for one in self.attempts
            ],
        }


@dataclass(frozen=True)
class Dispatch:
    """One copy, about to be sent."""

    delivery: Delivery
    corrupt: str | None
    began_at: datetime


class Outbox:
    def __init__(self) -> None:
        self._deliveries: list[Delivery] = []

    def add(self, delivery: Delivery) -> None:
        self._deliveries.append(delivery)

    def take_due(self, now: datetime) -> list[Dispatch]:
        """What is to be sent now. Each stays in flight until its `finish`."""
        due = [
            delivery
            for delivery in self._deliveries
            if delivery.due_at is not None and delivery.due_at <= now and not delivery.is_in_flight
        ]
        return [Dispatch(delivery, delivery.begin(), now) for delivery in due]

    def replay(self, deliveries: list[Delivery], notify: Notify, now: datetime) -> None:
        """Send old ones again, as if they had just happened; their content stays as it was."""
        for delivery in deliveries:
            delivery.copies_left += notify.times
            delivery.corrupt = notify.corrupt
            delivery.redeliveries = 0
            delivery.is_acknowledged = False
            delivery.due_at = now + timedelta(seconds=notify.delay_seconds)

    def list_about(self, wanted: About) -> list[Delivery]:
        """Of one refund; of one order, its payment and its refunds; of one transfer; or of one
        complaint.
        """
        names = [(name, number) for name, number in vars(wanted).items() if number]
        return [
            delivery
            for delivery in self._deliveries
            if any(getattr(delivery.about, name) == number for name, number in names)
        ]
