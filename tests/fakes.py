"""Stand-ins for what wiring holds: a clock to turn, ids to foresee, a WeChat to script, a queue.

They keep the promises of the real ones; none of them reaches anything outside the process.
"""

from collections import Counter, deque
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from hashlib import md5
from typing import Any

from chalicelib.gateways.files import StoredFile
from chalicelib.gateways.refund_queue import message_about
from chalicelib.gateways.wechat_api import (
    LoginCodeRefused,
    MiniProgramCode,
    Notice,
    ShipmentUpload,
    UploadOutcome,
    UploadResult,
    WechatIdentity,
)
from chalicelib.kit.errors import WechatUnavailable
from chalicelib.kit.ids import Ids
from tests.planted import planted
from tests.policy_watch import uses

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


class FakeClock:
    """Stands still until it is advanced."""

    def __init__(self, now: datetime = NOON) -> None:
        self._now = now

    def now(self) -> datetime:
        return self._now

    def advance(self, seconds: float) -> None:
        """Let so many seconds pass."""
        self._now += timedelta(seconds=seconds)


def counting_ids() -> Ids:
    """Ids `mem_1`, `mem_2`, `grp_1`, …: counted per prefix."""
    counts: Counter[str] = Counter()

    def next_id(prefix: str) -> str:
        counts[prefix] += 1
        return f"{prefix}_{counts[prefix]}"

    return next_id


class FakeWechatApi:
    """Knows the login codes it was told; each works once, as WeChat's do.

    Writes down what it is asked for, and does it all unless it is told otherwise.
    """

    def __init__(self) -> None:
        self._codes: dict[str, WechatIdentity] = {}
        self.is_down = False
        self.codes_drawn: list[tuple[str, str]] = []
        self.notices: list[Notice] = []
        self.unsubscribed_openids: set[str] = set()
        self.texts: list[str] = []
        self.refused_texts: set[str] = set()
        self.shipments: list[ShipmentUpload] = []
        self.upload_results: deque[UploadResult] = deque()
        self.presales: list[tuple[str, datetime]] = []
        self.report_results: deque[UploadResult] = deque()

    def will_know(self, code: str, openid: str, unionid: str | None = None) -> str:
        """From now on `code` logs this identity in, once."""
        planted.plant("openid", openid)
        planted.plant("unionid", unionid)
        self._codes[code] = WechatIdentity(openid, unionid)
        return code

    def login(self, code: str) -> WechatIdentity:
        identity = self._codes.pop(code, None)
        if identity is None:
            raise LoginCodeRefused()
        return identity

    def mini_program_code(self, scene: str, page: str) -> MiniProgramCode:
        self._require_up()
        self.codes_drawn.append((scene, page))
        return MiniProgramCode(f"{page}?{scene}".encode(), "image/jpeg")

    def send_notice(self, notice: Notice) -> bool:
        self._require_up()
        if notice.openid in self.unsubscribed_openids:
            return False
        self.notices.append(notice)
        return True

    def is_text_allowed(self, openid: str, text: str, *, scene: int) -> bool:
        self._require_up()
        self.texts.append(text)
        return text not in self.refused_texts

    def upload_shipment(self, shipment: ShipmentUpload) -> UploadResult:
        """The next of `upload_results`; done when there is none."""
        self._require_up()
        self.shipments.append(shipment)
        if self.upload_results:
            return self.upload_results.popleft()
        return UploadResult(UploadOutcome.DONE, 0)

    def report_presale(self, transaction_id: str, ships_by: datetime) -> UploadResult:
        """The next of `report_results`; done when there is none."""
        self._require_up()
        self.presales.append((transaction_id, ships_by))
        if self.report_results:
            return self.report_results.popleft()
        return UploadResult(UploadOutcome.DONE, 0)

    def _require_up(self) -> None:
        if self.is_down:
            raise WechatUnavailable()


class Queue:
    """The refund queue: hands each message to the worker; what fails comes again, then goes
    dead.
    """

    MOST_RECEIVES = 5

    def __init__(self) -> None:
        self.waiting: deque[tuple[str, int]] = deque()
        self.dead: list[str] = []
        self.bodies: dict[str, str] = {}

    def send(self, refund_id: str, *, delay_seconds: int = 0) -> None:
        uses.note_of("sqs:SendMessage", "kaituan-test-refunds")
        self.waiting.append((refund_id, 0))
        self.bodies[refund_id] = message_about(refund_id)

    def take(self) -> list[tuple[str, int]]:
        taken = list(self.waiting)
        self.waiting.clear()
        return taken

    def failed(self, refund_id: str, receives: int) -> None:
        if receives + 1 >= self.MOST_RECEIVES:
            self.dead.append(refund_id)
        else:
            self.waiting.append((refund_id, receives + 1))


BUCKET = "kaituan-test-files-123456789012"


def _tag(content: bytes) -> str:
    return md5(content, usedforsecurity=False).hexdigest()


class FakeFiles:
    """The bucket: what lies in it, what was written in which order, and who is to be started
    again.
    """

    def __init__(self) -> None:
        self.contents: dict[str, bytes] = {}
        self.written: list[str] = []
        self.to_go_on: deque[Mapping[str, Any]] = deque()

    def read(self, key: str, *, most_bytes: int) -> StoredFile | None:
        uses.note_of("s3:GetObject", f"{BUCKET}/{key}")
        content = self.contents.get(key)
        if content is None:
            uses.note_of("s3:ListBucket", BUCKET)  # whoever may not list is told 403, not 404
            return None
        read = content if len(content) <= most_bytes else None
        return StoredFile(read, len(content), _tag(content))

    def write(self, key: str, content: bytes, *, content_type: str) -> None:
        uses.note_of("s3:PutObject", f"{BUCKET}/{key}")
        assert content_type.startswith("text/csv" if key.endswith(".csv") else "application/json")
        self.contents[key] = content
        self.written.append(key)

    def replace(
        self, key: str, content: bytes, *, content_type: str, tag: str | None
    ) -> str | None:
        there = self.read(key, most_bytes=0)
        if (there.tag if there is not None else None) != tag:
            return None
        self.write(key, content, content_type=content_type)
        return _tag(content)

    def go_on(self, event: Mapping[str, Any]) -> None:
        uses.note_of("lambda:InvokeFunction", "function:kaituan-test-take_files")
        self.to_go_on.append(event)
