"""Subscribe messages (订阅消息): what users accepted, what was sent, which values a field takes.

Owns the rule that one acceptance is good for one message. The fields of a template are not known
here, only their kinds, which their names begin with.
"""

import re
from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from infra.local.wechat.ids import beijing_time
from infra.local.wechat.refusals import MiniProgramRefusal
from infra.local.wechat.validation import Json

_DATE = r"\d{4}(年\d{1,2}月\d{1,2}日|-\d{1,2}-\d{1,2})"
_CLOCK = r"\d{1,2}:\d{2}(:\d{2})?"
_TIME = rf"({_DATE} )?{_CLOCK}"
_HAN = r"[\u4e00-\u9fff]"

VALUES = {
    "thing": r".{1,20}",
    "character_string": r"[!-~]{1,32}",
    "number": r"-?\d{1,32}(\.\d+)?",
    "letter": r"[A-Za-z]{1,32}",
    "symbol": r".{1,5}",
    "name": rf"({_HAN}|·){{1,10}}|[A-Za-z .]{{1,20}}",
    "phrase": rf"{_HAN}{{1,5}}",
    "amount": r"[¥￥$€]?\d{1,10}(\.\d{1,2})?元?",
    "date": rf"{_DATE}( {_CLOCK})?(~{_DATE}( {_CLOCK})?)?",
    "time": rf"{_TIME}(~{_TIME})?",
    "phone_number": r"[0-9+-]{1,17}",
    "car_number": r".{1,8}",
}
_FIELD = re.compile(r"([a-z_]+?)\d*")


@dataclass(frozen=True)
class SentNotice:
    """What arrived in the user's list of messages."""

    request: Json
    sent_at: datetime

    def present(self) -> Json:
        return {
            "template_id": self.request["template_id"],
            "page": self.request.get("page"),
            "data": {name: field["value"] for name, field in self.request["data"].items()},
            "miniprogram_state": self.request.get("miniprogram_state", "formal"),
            "sent_at": beijing_time(self.sent_at),
        }


class Notices:
    def __init__(self) -> None:
        self._accepted: Counter[tuple[str, str]] = Counter()
        self._sent: list[SentNotice] = []

    def accept(self, openid: str, template_id: str, times: int) -> int:
        """The user tapped accept; answers how many messages that makes possible by now."""
        self._accepted[openid, template_id] += times
        return self._accepted[openid, template_id]

    def send(self, request: Json, template_ids: tuple[str, ...], now: datetime) -> None:
        """Raises MiniProgramRefusal. No `template_ids` at all means that any id is one."""
        template_id = request["template_id"]
        if template_ids and template_id not in template_ids:
            raise MiniProgramRefusal(40037, "invalid template_id")
        for name, field in request["data"].items():
            if not _takes(name, field["value"]):
                raise MiniProgramRefusal(47003, f"argument invalid! data.{name}.value invalid")
        if self._accepted[request["touser"], template_id] == 0:
            raise MiniProgramRefusal(43101, "user refuse to accept the msg")
        self._accepted[request["touser"], template_id] -= 1
        self._sent.append(SentNotice(request, now))

    def list_to(self, openid: str) -> list[Json]:
        return [sent.present() for sent in self._sent if sent.request["touser"] == openid]


def _takes(name: str, value: str) -> bool:
    field = _FIELD.fullmatch(name)
    pattern = VALUES.get(field[1]) if field else None
    return pattern is not None and re.fullmatch(pattern, value) is not None
