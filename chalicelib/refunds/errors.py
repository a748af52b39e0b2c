"""What refunds refuse."""

from chalicelib.kit.errors import Refusal

NOTHING_PAID = "A voucher opened its group: there is nothing to refund."


class OrderNotRefundable(Refusal):
    """There is nothing to refund in the order's state."""

    status, code = 409, "order_not_refundable"
    title, title_en = "该订单不能退款", "This order cannot be refunded."


class RefundExceedsPayment(Refusal):
    """More than what is left of the payment."""

    status, code = 409, "refund_exceeds_payment"
    title, title_en = "退款金额超过可退金额", "That is more than what is left of the payment."


class ReturnNotExpected(Refusal):
    """No operator has asked for the goods, or they are dealt with."""

    status, code = 409, "return_not_expected"
    title, title_en = "该退款不需要寄回商品", "Nothing is to be sent back for this refund."


class RefundNotCancellable(Refusal):
    """It is decided already, or on its way."""

    status, code = 409, "refund_not_cancellable"
    title, title_en = "该退款已不能撤销", "This refund can no longer be taken back."
