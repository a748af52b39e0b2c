"""What the ledger refuses."""

from chalicelib.kit.errors import Refusal


class InsufficientBalance(Refusal):
    """More than what is available: earned, released and not on its way out."""

    status, code = 409, "insufficient_balance"
    title, title_en = "余额不足", "That is more than what is available."


class WithdrawalOpen(Refusal):
    """One withdrawal at a time: the one before is still on its way."""

    status, code = 409, "withdrawal_open"
    title, title_en = "已有提现在处理中", "Another withdrawal is still on its way."


class AccountClosed(Exception):
    """The member has left and earns nothing more. Never leaves a verb."""

    def __init__(self, member_id: str) -> None:
        super().__init__(member_id)
        self.member_id = member_id
