"""A withdrawal as its member sees it, with what `wx.requestMerchantTransfer` takes while it is to
be confirmed. Pure.
"""

from chalicelib.kit.clock import shown
from chalicelib.withdrawals.model import Withdrawal, WithdrawalState
from chalicelib.withdrawals.schemas import ConfirmAnswer, WithdrawalAnswer


def show(withdrawal: Withdrawal, *, merchant_id: str) -> WithdrawalAnswer:
    """Never an openid, nor anything of the payee."""
    settled_at = withdrawal.settled_at
    return {
        "withdrawal_id": withdrawal.withdrawal_id,
        "status": withdrawal.withdrawal_state,
        "amount_fen": withdrawal.gross_fen,
        "fee_fen": withdrawal.fee_fen,
        "tax_fen": withdrawal.tax_fen,
        "net_fen": withdrawal.net_fen,
        "requested_at": shown(withdrawal.requested_at),
        "settled_at": shown(settled_at) if settled_at is not None else None,
        "fail_reason": withdrawal.fail_reason,
        "transfer": _transfer(withdrawal, merchant_id),
    }


def _transfer(withdrawal: Withdrawal, merchant_id: str) -> ConfirmAnswer | None:
    """None once it is confirmed, or the member wants it back."""
    confirming = withdrawal.withdrawal_state is WithdrawalState.CONFIRMING
    taken_back = withdrawal.cancel_requested_at is not None
    if not confirming or taken_back or withdrawal.package_info is None:
        return None
    return {
        "mch_id": merchant_id,
        "app_id": withdrawal.app_id,
        "package": withdrawal.package_info,
    }
