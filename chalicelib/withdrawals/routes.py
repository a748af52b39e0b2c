"""HTTP routes of the wallet and of withdrawals under /v1, and WeChat's word of them."""

from chalice.app import Blueprint

from chalicelib import wiring
from chalicelib.kit.endpoint import Answer, Call
from chalicelib.kit.paging import PageQuery, page
from chalicelib.withdrawals import store as withdrawals
from chalicelib.withdrawals.cancel import cancel
from chalicelib.withdrawals.list_own import list_own
from chalicelib.withdrawals.model import Withdrawal
from chalicelib.withdrawals.put_payee import put_payee
from chalicelib.withdrawals.request import WithdrawalRequest, request
from chalicelib.withdrawals.schemas import PayeeBody, WithdrawalBody
from chalicelib.withdrawals.show import show
from chalicelib.withdrawals.take_notification import take_notification
from chalicelib.withdrawals.wallet import list_transfers, show_wallet

routes = Blueprint(__name__)
endpoint = wiring.endpoint(routes)


@routes.route("/wallet", methods=["GET"])
@endpoint()
def get_wallet(call: Call) -> Answer:
    return Answer(show_wallet(call.member_id))


@routes.route("/wallet/transfers", methods=["GET"])
@endpoint(query=PageQuery)
def get_wallet_transfers(call: Call) -> Answer:
    return Answer(page(*list_transfers(call.member_id, call.query)))


@routes.route("/me/payee", methods=["PUT"])
@endpoint(body=PayeeBody)
def put_me_payee(call: Call) -> Answer:
    """Say who is paid; it is kept sealed and never shown."""
    payee_keys = wiring.current().secrets.payee_keys
    put_payee(call.member_id, call.body.real_name, call.body.id_number, payee_keys=payee_keys)
    return Answer({"has_payee": True})


@routes.route("/withdrawals", methods=["POST"])
@endpoint(body=WithdrawalBody, keyed=True)
def post_withdrawal(call: Call) -> Answer:
    wired = wiring.current()
    wired.open_for_payment()
    assert call.caller is not None  # noqa: S101
    command = WithdrawalRequest(call.caller, call.idempotency_key, call.body.amount_fen)
    requested = request(command, clock=wired.clock)
    headers = {"Idempotency-Replayed": "true"} if requested.replayed else {}
    return Answer(_shown(requested.withdrawal), status=201, headers=headers)


@routes.route("/withdrawals", methods=["GET"])
@endpoint(query=PageQuery)
def get_withdrawals(call: Call) -> Answer:
    found, start = list_own(call.member_id, call.query)
    return Answer(page([_shown(withdrawal) for withdrawal in found], start))


@routes.route("/withdrawals/{withdrawal_id}", methods=["GET"])
@endpoint()
def get_withdrawal(call: Call, withdrawal_id: str) -> Answer:
    return Answer(_shown(withdrawals.get_own(withdrawal_id, call.member_id)))


@routes.route("/withdrawals/{withdrawal_id}/cancel", methods=["POST"])
@endpoint()
def post_withdrawal_cancel(call: Call, withdrawal_id: str) -> Answer:
    clock = wiring.current().clock
    return Answer(_shown(cancel(withdrawal_id, call.member_id, clock=clock)))


@routes.route("/wechat/transfers", methods=["POST"])
@endpoint(body=None, signed_in=False)
def post_wechat_transfer(call: Call) -> Answer:
    wired = wiring.current()
    take_notification(
        call.headers,
        call.raw_body,
        merchant_id=wired.environment.wechat_merchant_id,
        clock=wired.clock,
        wechat_pay=wired.wechat_pay,
    )
    return Answer(None, status=204)


def _shown(withdrawal: Withdrawal) -> dict[str, object]:
    return show(withdrawal, merchant_id=wiring.current().environment.wechat_merchant_id)
