"""HTTP routes of the wallet and of withdrawals under /v1, and WeChat's word of them."""

from chalice.app import Blueprint

from chalicelib import wiring
from chalicelib.gateways.wechat_pay import SIGNED_HEADERS, NotAuthentic
from chalicelib.kit.endpoint import Answer, Call
from chalicelib.kit.errors import NotFound, WechatUnavailable
from chalicelib.kit.paging import PageQuery, page
from chalicelib.ledger.errors import InsufficientBalance, WithdrawalOpen
from chalicelib.members.errors import AccountBlocked
from chalicelib.orders.errors import IdempotencyConflict
from chalicelib.withdrawals import store as withdrawals
from chalicelib.withdrawals.cancel import cancel
from chalicelib.withdrawals.errors import (
    AmountNotAllowed,
    DailyLimitReached,
    PayeeRequired,
    WithdrawalNotCancellable,
)
from chalicelib.withdrawals.list_own import list_own
from chalicelib.withdrawals.model import Withdrawal
from chalicelib.withdrawals.put_payee import put_payee
from chalicelib.withdrawals.request import WithdrawalRequest, request
from chalicelib.withdrawals.schemas import (
    PayeeAnswer,
    PayeeBody,
    TransfersPage,
    WalletAnswer,
    WithdrawalAnswer,
    WithdrawalBody,
    WithdrawalsPage,
)
from chalicelib.withdrawals.show import show
from chalicelib.withdrawals.take_notification import take_notification
from chalicelib.withdrawals.wallet import list_transfers, show_wallet

routes = Blueprint(__name__)
endpoint = wiring.endpoint(routes)


@routes.route("/wallet", methods=["GET"])
@endpoint(answer=WalletAnswer)
def get_wallet(call: Call) -> Answer:
    """My balance."""
    return Answer(show_wallet(call.member_id))


@routes.route("/wallet/transfers", methods=["GET"])
@endpoint(query=PageQuery, answer=TransfersPage)
def get_wallet_transfers(call: Call) -> Answer:
    """What my balance is made of, the newest first."""
    return Answer(page(*list_transfers(call.member_id, call.query)))


@routes.route("/me/payee", methods=["PUT"])
@endpoint(
    body=PayeeBody, answer=PayeeAnswer, refuses=(WithdrawalOpen, WechatUnavailable, AccountBlocked)
)
def put_me_payee(call: Call) -> Answer:
    """Say who is paid; it is kept sealed and never shown."""
    payee_keys = wiring.current().secrets.payee_keys
    put_payee(call.member_id, call.body.real_name, call.body.id_number, payee_keys=payee_keys)
    return Answer({"has_payee": True})


@routes.route("/withdrawals", methods=["POST"])
@endpoint(
    body=WithdrawalBody,
    keyed=True,
    answer=WithdrawalAnswer,
    status=201,
    refuses=(
        NotFound,
        AccountBlocked,
        AmountNotAllowed,
        DailyLimitReached,
        IdempotencyConflict,
        InsufficientBalance,
        PayeeRequired,
        WechatUnavailable,
        WithdrawalOpen,
    ),
)
def post_withdrawal(call: Call) -> Answer:
    """Take money out."""
    wired = wiring.current()
    wired.open_for_payment()
    assert call.caller is not None  # noqa: S101
    command = WithdrawalRequest(call.caller, call.idempotency_key, call.body.amount_fen)
    requested = request(command, clock=wired.clock)
    headers = {"Idempotency-Replayed": "true"} if requested.replayed else {}
    return Answer(_shown(requested.withdrawal), headers=headers)


@routes.route("/withdrawals", methods=["GET"])
@endpoint(query=PageQuery, answer=WithdrawalsPage)
def get_withdrawals(call: Call) -> Answer:
    """My withdrawals, the newest first."""
    found, start = list_own(call.member_id, call.query)
    return Answer(page([_shown(withdrawal) for withdrawal in found], start))


@routes.route("/withdrawals/{withdrawal_id}", methods=["GET"])
@endpoint(answer=WithdrawalAnswer)
def get_withdrawal(call: Call, withdrawal_id: str) -> Answer:
    """One withdrawal of mine."""
    return Answer(_shown(withdrawals.get_own(withdrawal_id, call.member_id)))


@routes.route("/withdrawals/{withdrawal_id}/cancel", methods=["POST"])
@endpoint(answer=WithdrawalAnswer, refuses=(WithdrawalNotCancellable,))
def post_withdrawal_cancel(call: Call, withdrawal_id: str) -> Answer:
    """Take a withdrawal back."""
    clock = wiring.current().clock
    return Answer(_shown(cancel(withdrawal_id, call.member_id, clock=clock)))


@routes.route("/wechat/transfers", methods=["POST"])
@endpoint(
    body=None,
    signed_in=False,
    headers=SIGNED_HEADERS,
    answer=None,
    status=204,
    refuses=(NotAuthentic, WechatUnavailable),
)
def post_wechat_transfer(call: Call) -> Answer:
    """WeChat tells how a transfer ended."""
    wired = wiring.current()
    take_notification(
        call.headers,
        call.raw_body,
        merchant_id=wired.environment.wechat_merchant_id,
        clock=wired.clock,
        wechat_pay=wired.wechat_pay,
    )
    return Answer(None)


def _shown(withdrawal: Withdrawal) -> WithdrawalAnswer:
    return show(withdrawal, merchant_id=wiring.current().environment.wechat_merchant_id)
