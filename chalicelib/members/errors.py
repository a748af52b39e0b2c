"""What members refuse."""

from chalicelib.kit.errors import Refusal


class AccountInUse(Refusal):
    """Something of theirs is still under way, so the account cannot be closed yet."""

    status, code = 409, "account_in_use"
    title = "还有未完成的订单"
    title_en = "There are orders still under way; close the account when they are done."
