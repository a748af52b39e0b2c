"""What orders refuse."""

from collections.abc import Sequence

from chalicelib.kit.errors import Refusal


class IdempotencyConflict(Refusal):
    """The same Idempotency-Key came with other content."""

    status, code = 409, "idempotency_conflict"
    title = "请求重复但内容不同"
    title_en = "This Idempotency-Key was used for another request."


class OrderNotPayable(Refusal):
    """It is paid, cancelled or its time to pay is over."""

    status, code = 409, "order_not_payable"
    title, title_en = "订单已不能支付", "This order can no longer be paid."


class OrderNotCancellable(Refusal):
    """Only what has not been paid can be cancelled."""

    status, code = 409, "order_not_cancellable"
    title, title_en = "订单已不能取消", "This order can no longer be cancelled."


class OrderNotReceivable(Refusal):
    """Only what has been shipped can be received."""

    status, code = 409, "order_not_receivable"
    title, title_en = "订单还不能确认收货", "This order is not on its way to you."


class LimitReached(Refusal):
    """The campaign's limit per member leaves no room for this quantity."""

    status, code = 409, "limit_reached"
    title, title_en = "已达到限购数量", "The limit per person is reached."


class TooManyUnpaid(Refusal):
    """The member has as many unpaid orders as the settings allow; the context names them, to be
    paid or cancelled first.
    """

    status, code = 429, "too_many_unpaid"
    title, title_en = "未付款订单过多，请先付款或取消", "Pay or cancel your other orders first."
    retry_after_seconds = 60


class AddressNotServed(Refusal):
    """The merchant does not send to that province."""

    status, code = 409, "address_not_served"
    title, title_en = "该地区暂不配送", "The merchant does not deliver there."


class WishesUnjudged(Exception):
    """WeChat has not been asked whether it lets these own words of a member pass. Never leaves
    judge_wishes.py.
    """

    def __init__(self, openid: str, words: Sequence[str]) -> None:
        super().__init__(f"{len(words)} texts are not judged")
        self.openid = openid
        self.words = tuple(words)


class AlreadyPlaced(Exception):
    """The derived order id exists: this request, or another under its key, was here before. Never
    leaves a verb.
    """
