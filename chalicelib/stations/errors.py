"""What stations refuse."""

from chalicelib.kit.errors import Refusal


class StationClosed(Refusal):
    """It takes no new orders."""

    status, code = 409, "station_closed"
    title, title_en = "该自提点暂停服务", "This station takes no orders now."


class NotArrived(Refusal):
    """The goods are not at the station yet."""

    status, code = 409, "not_arrived"
    title, title_en = "商品还未到达自提点", "The goods have not arrived yet."


class CodeUsed(Refusal):
    """The goods were fetched before; the context says when."""

    status, code = 409, "code_used"
    title, title_en = "该提货码已使用", "This pick-up code was used before."


class TooManyWrongCodes(Refusal):
    """Somebody is guessing at this station: no code is taken there until the next day."""

    status, code = 429, "slow_down"
    title, title_en = "操作太频繁，请稍后再试", "Too many wrong codes today."
    retry_after_seconds = 3600


class CodeTaken(Exception):
    """Another order at the station has these digits. Never leaves a verb."""
