"""Transfers to a user's WeChat wallet (商家转账) as values; the calls are `WechatPay`'s.

Pure. Who is paid, and their name, stay out of every repr, and so out of logs.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

TransferState = Literal[
    "ACCEPTED",
    "PROCESSING",
    "WAIT_USER_CONFIRM",
    "TRANSFERING",
    "SUCCESS",
    "FAIL",
    "CANCELING",
    "CANCELLED",
]
"""As WeChat spells it. SUCCESS, FAIL and CANCELLED are final; money has moved in SUCCESS only."""


@dataclass(frozen=True, slots=True)
class TransferRequest:
    """Pay `amount_fen` to the member behind `openid`, once they confirm it on their phone.

    One `out_bill_no` (1 to 32 letters and digits) pays once, and must always come with the same
    values. `remark` is shown to the payee, cut to 32 characters without those beyond U+FFFF.
    `scene_report` maps info_type to info_content, all that the scene `scene_id` asks for.
    `user_name` is the payee's real name, in the clear: it is encrypted on its way.
    `notify_url` is https and carries no query.
    """

    out_bill_no: str
    app_id: str
    openid: str = field(repr=False)
    amount_fen: int
    remark: str
    scene_id: str
    scene_report: Mapping[str, str]
    notify_url: str
    user_name: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class TransferReport:
    """A transfer as WeChat reports it; what an answer leaves out is None.

    `package_info`, for `wx.requestMerchantTransfer`, comes only when the transfer is asked for,
    again or for the first time, and waits for its payee. `fail_reason` is WeChat's word.
    """

    out_bill_no: str
    transfer_bill_no: str | None
    transfer_state: TransferState
    amount_fen: int | None = None
    openid: str | None = field(default=None, repr=False)
    package_info: str | None = field(default=None, repr=False)
    fail_reason: str | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class TransferNotification:
    """WeChat tells how a transfer ended. `id` is the notification's own: a repeat carries it."""

    id: str
    merchant_id: str
    report: TransferReport
