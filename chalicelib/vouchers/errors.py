"""What vouchers refuse."""

from chalicelib.kit.errors import Refusal


class VoucherNotValid(Refusal):
    """There is no such voucher of this member's, it is used or expired, or it is not for this
    campaign.
    """

    status, code = 409, "voucher_not_valid"
    title, title_en = "免单券不可用", "This voucher cannot be used here."
