"""What members refuse."""

from chalicelib.kit.errors import Refusal


class ContentRefused(Refusal):
    """WeChat's content check does not let the text pass."""

    status, code = 409, "content_refused"
    title = "内容不合规，请修改后重试"
    title_en = "This text cannot be shown to others; please change it."


class AccountBlocked(Refusal):
    """An operator has blocked the member: nothing new is begun, what is paid goes on."""

    status, code = 403, "account_blocked"
    title = "账号已被限制，请联系客服"
    title_en = "This account is blocked; please ask the shop."


class AccountInUse(Refusal):
    """Something of theirs is still under way, or money is theirs, so the account cannot be closed
    yet.
    """

    status, code = 409, "account_in_use"
    title = "还有未完成的订单或佣金"
    title_en = "Orders are still under way, or money is still yours; close the account after that."
