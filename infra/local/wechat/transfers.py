"""Transfers to users (商家转账) as WeChat Pay keeps them: request, confirm, cancel, settle.

Owns the state machine from ACCEPTED to SUCCESS, FAIL or CANCELLED, and what a transfer must
report. Pure, like `trades`. Money leaves the merchant's balance when a transfer is accepted and
comes back when it fails or is cancelled.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from infra.local.wechat.ids import Ids, beijing_time
from infra.local.wechat.outbox import Notify
from infra.local.wechat.refusals import (
    CHANGED_TERMS_NUMBER,
    PARAMETER_NUMBER,
    ControlRefusal,
    PayRefusal,
    invalid_request,
)
from infra.local.wechat.settings import Settings
from infra.local.wechat.trades import Balance
from infra.local.wechat.validation import Json

PACKAGE_LIFE = timedelta(hours=24)
KNOWN_FOR = timedelta(days=30)
SMALLEST_TRANSFER_FEN = 10
NAME_ALLOWED_FROM_FEN = 30
NAME_REQUIRED_FROM_FEN = 2_000_00

OVERDUE = "OVERDUE_CLOSE"
CANCELLED_BY_MERCHANT = "MCH_CANCEL"
USUAL_FAILURE = "PAYEE_ACCOUNT_ABNORMAL"
FAIL_REASONS = (
    *("NAME_NOT_CORRECT", "REAL_NAME_CHECK_FAIL", "OPENID_INVALID", "ACCOUNT_FROZEN"),
    *("ACCOUNT_NOT_EXIST", "TRANSFER_QUOTA_EXCEED", "DAY_RECEIVED_QUOTA_EXCEED"),
    *("DAY_RECEIVED_COUNT_EXCEED", "REALNAME_ACCOUNT_RECEIVED_QUOTA_EXCEED"),
    *("BLOCK_B2C_USERLIMITAMOUNT_MONTH", "TRANSFER_RISK", USUAL_FAILURE),
    *("PAYER_ACCOUNT_ABNORMAL", "TRANSFER_SCENE_UNAVAILABLE", "MERCHANT_REJECT"),
)
"""Why a transfer may fail after its payee has confirmed it."""

SCENES = {
    "1000": frozenset({"活动名称", "奖励说明"}),
    "1002": frozenset({"补贴类型"}),
    "1004": frozenset({"保险产品备案编号", "保险名称", "保险操作单号"}),
    "1005": frozenset({"岗位类型", "报酬说明"}),
    "1009": frozenset({"采购商品名称"}),
    "1010": frozenset({"回收商品名称"}),
    "1011": frozenset({"赔付原因"}),
    "1013": frozenset({"公益活动名称", "公益活动备案编号"}),
}
"""What each scene must report, neither more nor less."""


class TransferState(StrEnum):
    ACCEPTED = "ACCEPTED"
    """Taken in, and nothing is done yet."""
    PROCESSING = "PROCESSING"
    """The merchant's money is being set aside."""
    WAIT_USER_CONFIRM = "WAIT_USER_CONFIRM"
    """The payee is to confirm it on their phone; only now is there a package_info."""
    TRANSFERING = "TRANSFERING"
    """Confirmed and on its way. WeChat spells it so."""
    SUCCESS = "SUCCESS"
    """The payee has the money. Final."""
    FAIL = "FAIL"
    """It will not happen, the money is back with the merchant. Final."""
    CANCELING = "CANCELING"
    """The merchant has taken it back; that is not done yet."""
    CANCELLED = "CANCELLED"
    """Taken back, the money is with the merchant again. Final."""


BEFORE_CONFIRMATION = frozenset(
    {TransferState.ACCEPTED, TransferState.PROCESSING, TransferState.WAIT_USER_CONFIRM}
)
TAKEN_BACK = frozenset({TransferState.CANCELING, TransferState.CANCELLED})


@dataclass
class Transfer:
    """One transfer. `terms` is the body that first asked for it, the payee's name in the clear."""

    terms: Json = field(repr=False)
    merchant_id: str
    transfer_bill_no: str
    package_info: str = field(repr=False)
    requested_at: datetime
    updated_at: datetime
    state: TransferState = TransferState.ACCEPTED
    settles_at: datetime | None = None
    outcome: TransferState | None = None
    fail_reason: str = ""
    notify: Notify = field(default_factory=Notify)

    @property
    def out_bill_no(self) -> str:
        return str(self.terms["out_bill_no"])

    @property
    def openid(self) -> str:
        return str(self.terms["openid"])

    @property
    def amount_fen(self) -> int:
        return int(self.terms["transfer_amount"])

    @property
    def notify_url(self) -> str:
        return str(self.terms.get("notify_url", ""))

    def move(self, state: TransferState, now: datetime) -> None:
        self.state, self.updated_at = state, now

    def accepted(self) -> Json:
        """What the request answers, first and repeated."""
        seen = {**self._numbers(), "create_time": beijing_time(self.requested_at)}
        if self.state is TransferState.WAIT_USER_CONFIRM:
            seen["package_info"] = self.package_info
        return seen

    def cancelled(self) -> Json:
        """What taking it back answers."""
        return {**self._numbers(), "update_time": beijing_time(self.updated_at)}

    def present(self) -> Json:
        """What every query answers, but for the payee's name, which only goes out encrypted."""
        return {
            **self.notice(),
            "appid": self.terms["appid"],
            "transfer_remark": self.terms["transfer_remark"],
        }

    def notice(self) -> Json:
        """What the notification carries."""
        return {
            **self._numbers(),
            "mch_id": self.merchant_id,
            "transfer_amount": self.amount_fen,
            "openid": self.openid,
            "create_time": beijing_time(self.requested_at),
            "update_time": beijing_time(self.updated_at),
        }

    def _numbers(self) -> Json:
        seen: Json = {
            "out_bill_no": self.out_bill_no,
            "transfer_bill_no": self.transfer_bill_no,
            "state": self.state.value,
        }
        if self.state in (TransferState.FAIL, TransferState.CANCELLED):
            seen["fail_reason"] = self.fail_reason
        return seen


class TransferBook:
    """Every transfer of the merchant, by its own number and by WeChat's."""

    def __init__(self, merchant_id: str, ids: Ids, balance: Balance) -> None:
        self._merchant_id = merchant_id
        self._ids = ids
        self._balance = balance
        self._transfers: dict[str, Transfer] = {}

    def request(self, terms: Json, settings: Settings, now: datetime) -> Transfer:
        """The transfer of this number: made now, or as it stands when it was made before."""
        transfer = self._transfers.get(terms["out_bill_no"])
        if transfer is None:
            _refuse_outside_limits(terms, settings.transfer_maximum_fen)
            self._balance.withdraw(terms["transfer_amount"])
            number, package_info = self._ids.transfer_bill_no(now), self._ids.package_info()
            transfer = Transfer(terms, self._merchant_id, number, package_info, now, now)
            self._transfers[transfer.out_bill_no] = transfer
        elif transfer.terms != terms:
            message = "单号已存在但信息不一致，请查单后比较确认"
            raise invalid_request(message, CHANGED_TERMS_NUMBER)
        if not settings.hold_transfers:
            _release(transfer, now)
        return transfer

    def get(self, out_bill_no: str, now: datetime) -> Transfer:
        return _known(self._transfers.get(out_bill_no), now)

    def get_by_transfer_bill_no(self, transfer_bill_no: str, now: datetime) -> Transfer:
        transfers = self._transfers.values()
        found = (one for one in transfers if one.transfer_bill_no == transfer_bill_no)
        return _known(next(found, None), now)

    def cancel(self, transfer: Transfer, settles_at: datetime, now: datetime) -> None:
        """Taking back what is taken back already is fine; what was confirmed stays."""
        if transfer.state in TAKEN_BACK:
            return
        if transfer.state not in BEFORE_CONFIRMATION:
            raise invalid_request("当前转账单状态不支持撤销")
        transfer.move(TransferState.CANCELING, now)
        transfer.settles_at, transfer.outcome = settles_at, TransferState.CANCELLED
        transfer.fail_reason = CANCELLED_BY_MERCHANT

    def check_confirmable(self, package_info: str, openid: str, now: datetime) -> Transfer:
        """What the WeChat client finds out before it lets its user confirm."""
        transfers = self._transfers.values()
        transfer = next((one for one in transfers if one.package_info == package_info), None)
        if transfer is None:
            raise ControlRefusal(404, "unknown_package_info", "转账单号错误")
        if transfer.openid != openid:
            raise ControlRefusal(403, "wrong_payee", "你的微信号与商家指定的微信号不一致")
        if transfer.state is not TransferState.WAIT_USER_CONFIRM:
            raise ControlRefusal(409, "transfer_not_waiting", f"the transfer is {transfer.state}")
        if now >= transfer.requested_at + PACKAGE_LIFE:
            raise ControlRefusal(409, "package_expired", "a package_info is good for 24 hours")
        return transfer

    def confirm(
        self, transfer: Transfer, fail_reason: str, settles_at: datetime, now: datetime
    ) -> None:
        """With a `fail_reason` it is going to fail."""
        transfer.move(TransferState.TRANSFERING, now)
        transfer.settles_at = settles_at
        transfer.outcome = TransferState.FAIL if fail_reason else TransferState.SUCCESS
        transfer.fail_reason = fail_reason

    def settle_due(self, settings: Settings, now: datetime) -> Iterator[Transfer]:
        """Moves every transfer on that is due to; yields those that have just ended."""
        patience = timedelta(seconds=settings.overdue_closes_after_seconds)
        for transfer in self._transfers.values():
            if not settings.hold_transfers:
                _release(transfer, now)
            elif transfer.state is TransferState.ACCEPTED:
                transfer.move(TransferState.PROCESSING, now)
            is_waiting = transfer.state is TransferState.WAIT_USER_CONFIRM
            if is_waiting and now >= transfer.requested_at + patience:
                transfer.settles_at, transfer.outcome = now, TransferState.FAIL
                transfer.fail_reason = OVERDUE
            if transfer.settles_at is not None and now >= transfer.settles_at:
                self._end(transfer, now)
                yield transfer

    def list_succeeded(self) -> list[Transfer]:
        transfers = self._transfers.values()
        return [one for one in transfers if one.state is TransferState.SUCCESS]

    def _end(self, transfer: Transfer, now: datetime) -> None:
        transfer.move(transfer.outcome or TransferState.SUCCESS, now)
        transfer.settles_at = None
        if transfer.state is not TransferState.SUCCESS:
            self._balance.deposit(transfer.amount_fen)


def check_report(terms: Json) -> None:
    """A known scene, reported on completely."""
    scene_id = terms["transfer_scene_id"]
    if scene_id not in SCENES:
        raise _parameter_error("/transfer_scene_id", "转账场景ID不存在")
    given = [info["info_type"] for info in terms["transfer_scene_report_infos"]]
    if len(given) != len(SCENES[scene_id]) or set(given) != SCENES[scene_id]:
        message = "未传入完整且对应的转账场景报备信息"
        raise _parameter_error("/transfer_scene_report_infos", message)
    if "user_recv_perception" in terms:
        raise invalid_request("暂不支持展示当前传入的用户收款感知")


def _refuse_outside_limits(terms: Json, maximum_fen: int) -> None:
    amount_fen = terms["transfer_amount"]
    if not SMALLEST_TRANSFER_FEN <= amount_fen <= maximum_fen:
        raise invalid_request("超过单笔转账上下限，核实产品设置是否准确")
    if "user_name" in terms and amount_fen < NAME_ALLOWED_FROM_FEN:
        raise _parameter_error("/user_name", "转账金额小于0.3元，不支持传入收款用户姓名")
    if "user_name" not in terms and amount_fen >= NAME_REQUIRED_FROM_FEN:
        raise _parameter_error("/user_name", "转账金额大于等于2000元，必须传入收款用户姓名")


def _release(transfer: Transfer, now: datetime) -> None:
    if transfer.state in (TransferState.ACCEPTED, TransferState.PROCESSING):
        transfer.move(TransferState.WAIT_USER_CONFIRM, now)


def _known(transfer: Transfer | None, now: datetime) -> Transfer:
    if transfer is None or now >= transfer.requested_at + KNOWN_FOR:
        raise PayRefusal(404, "NOT_FOUND", "记录不存在")
    return transfer


def _parameter_error(field_pointer: str, message: str) -> PayRefusal:
    detail = {"field": field_pointer, "issue": "breaks a rule of transfers", "location": "body"}
    return PayRefusal(400, "PARAM_ERROR", message, PARAMETER_NUMBER, detail)
