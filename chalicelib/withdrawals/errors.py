"""What withdrawals refuse. Too little money, and another one under way, are the ledger's."""

from chalicelib.kit.errors import Refusal


class AmountNotAllowed(Refusal):
    """Less or more than one withdrawal may be."""

    status, code = 409, "amount_not_allowed"
    title, title_en = "提现金额不在允许范围内", "That is less or more than one withdrawal may be."


class DailyLimitReached(Refusal):
    """The member has taken out as much, or as often, as a day allows."""

    status, code = 409, "daily_limit_reached"
    title, title_en = "今日提现已达上限", "No more can be withdrawn today."


class PayeeRequired(Refusal):
    """WeChat or the tax office wants to know who is paid, and we do not yet."""

    status, code = 409, "payee_required"
    title, title_en = "请先填写实名信息", "Your real name and id number are needed first."


class WithdrawalNotCancellable(Refusal):
    """WeChat is being asked right now, or it is over."""

    status, code = 409, "withdrawal_not_cancellable"
    title, title_en = "该提现已不能取消", "This withdrawal can no longer be cancelled."


class AlreadyRequested(Exception):
    """The withdrawal of this request exists already. Never leaves a verb."""


class InDebt(Exception):
    """A debt has come up while the withdrawal was under way. Never leaves a verb."""
