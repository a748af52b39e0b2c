"""What the rest of the project knows of the mini-program server API (小程序服务端接口): a Protocol,
its values, its errors and its off switch.

Never imports an HTTP library, so that whoever only names a type does not pay for one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NoReturn, Protocol

from chalicelib.gateways.http import not_set_up
from chalicelib.kit.cache import Silence
from chalicelib.kit.errors import NotAllowed, Refusal


class LoginCodeRefused(Refusal):
    """The login code is wrong, older than five minutes, or was used before."""

    status, code = 401, "not_signed_in"
    title, title_en = "登录已失效，请重试", "The login code is no longer good; please log in again."


class LoginTooFrequent(Refusal):
    """This member logs in more often than WeChat allows: 100 times a minute."""

    status, code = 429, "slow_down"
    title, title_en = "操作太频繁，请稍后再试", "Too many logins; please wait a minute."
    retry_after_seconds = 60


class LoginBlocked(NotAllowed):
    """WeChat holds this user to be high-risk and does not let them log in here."""

    title, title_en = "微信限制了该账号登录", "WeChat does not let this account log in here."


class RefusedByWechatApi(Exception):
    """WeChat answered, and the answer is no: asking again with the same values changes nothing.

    Not a `Refusal`: the fault is ours, or of whoever set a template or a page up. Among the codes
    for notices: 40003 openid, 40037 template, 41030 page, 47003 a value the template does not
    take. WeChat's own text is left out, because it may quote what was sent.
    """

    def __init__(self, errcode: int) -> None:
        super().__init__(f"The mini-program API refused with errcode {errcode}.")
        self.errcode = errcode


@dataclass(frozen=True, slots=True)
class WechatIdentity:
    """Who logged in: `openid` is theirs in this app, `unionid` across the owner's apps if known."""

    openid: str = field(repr=False)
    unionid: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class MiniProgramCode:
    """An image to scan, which opens a page of the mini-program: a JPEG from WeChat itself."""

    content: bytes = field(repr=False)
    content_type: str


@dataclass(frozen=True, slots=True)
class Notice:
    """A subscribe message (订阅消息). `data` maps the template's fields, such as `thing1`, to
    texts: at most 20 characters for a `thing`. `page` opens on a tap, without a leading slash.
    """

    openid: str = field(repr=False)
    template_id: str
    data: Mapping[str, str] = field(repr=False)
    page: str | None


@dataclass(frozen=True, slots=True)
class ShipmentUpload:
    """One parcel with all that was paid for in one trade; without `carrier` and `tracking_no` the
    goods wait to be fetched (用户自提).

    `carrier` is WeChat's code of the company, such as `SF`. `item_description` is cut to 120
    characters. `receiver_phone_masked` shows its last four digits; SF wants it. `uploaded_at` must
    be later than in the upload before it.
    """

    transaction_id: str
    openid: str = field(repr=False)
    carrier: str | None
    tracking_no: str | None
    item_description: str
    receiver_phone_masked: str | None = field(repr=False)
    uploaded_at: datetime


class UploadOutcome(StrEnum):
    DONE = "done"
    """WeChat has it: now, before, or the trade is completed already."""
    NOT_YET = "not_yet"
    """WeChat's store of orders does not know the payment yet; it lags by seconds."""
    REFUSED = "refused"
    """WeChat does not take it, however often it is sent."""


PAYMENT_IS_OVER = 10060004
"""The errcode of a payment that can no longer be shipped: WeChat has given all of it back, or its
trade is over.
"""


@dataclass(frozen=True, slots=True)
class UploadResult:
    """How an upload ended. `errcode` is WeChat's, 0 when it simply took it."""

    outcome: UploadOutcome
    errcode: int


silence = Silence(seconds=60)
"""Kept by what can wait, after WeChat did not answer: a batch of fifty would outlast a function."""


class WechatApi(Protocol):
    """The mini-program server API for one app.

    Methods raise WechatUnavailable when the outcome is not known, WeChat is busy or a quota is
    used up. Nothing is sent again by itself, except once with a new access token.
    """

    def login(self, code: str) -> WechatIdentity:
        """Trade the code that `wx.login` gave the mini-program; it works once, for five minutes.

        Raises LoginCodeRefused, LoginTooFrequent, LoginBlocked.
        """
        ...

    def mini_program_code(self, scene: str, page: str) -> MiniProgramCode:
        """A code to scan that opens `page` with `scene`; good for ever, any number of them.

        `scene` has 1 to 32 of ``[0-9A-Za-z!#$&'()*+,/:;=?@._~-]``, `page` no leading slash and no
        query; it need not be published yet. Raises RefusedByWechatApi.
        """
        ...

    def send_notice(self, notice: Notice) -> bool:
        """Send a subscribe message; each acceptance by the member is good for one.

        False: the member has not, or no longer, subscribed (43101). Raises RefusedByWechatApi.
        After WechatUnavailable it may have been sent.
        """
        ...

    def is_text_allowed(self, openid: str, text: str, *, scene: int) -> bool:
        """Whether WeChat's content check lets this text of a member pass; in doubt it does not.

        `text` has 1 to 2500 characters; `scene`: 1 profile, 2 comment, 3 forum, 4 social log. The
        member must have been in the mini-program within two hours. Raises RefusedByWechatApi.
        """
        ...

    def upload_shipment(self, shipment: ShipmentUpload) -> UploadResult:
        """Tell WeChat what was shipped, without which the money stays frozen. Safe to repeat."""
        ...

    def report_presale(self, transaction_id: str, ships_by: datetime) -> UploadResult:
        """Tell WeChat that what was paid for ships late (预售), and by when: 15 to 330 days after
        the payment. It tells the member. Only while nothing is shipped.
        """
        ...


class WechatApiOff:
    """The off switch: a `WechatApi` without credentials; `missing` names the absent parameters.

    Every method raises WechatUnavailable. No text is let through unchecked.
    """

    def __init__(self, missing: tuple[str, ...]) -> None:
        self._missing = missing

    def login(self, code: str) -> WechatIdentity:
        """Raise WechatUnavailable, like every method here."""
        self._refuse(code)

    def mini_program_code(self, scene: str, page: str) -> MiniProgramCode:
        """Raise WechatUnavailable."""
        self._refuse(scene, page)

    def send_notice(self, notice: Notice) -> bool:
        """Raise WechatUnavailable: nothing was sent."""
        self._refuse(notice)

    def is_text_allowed(self, openid: str, text: str, *, scene: int) -> bool:
        """Raise WechatUnavailable."""
        self._refuse(openid, text, scene)

    def upload_shipment(self, shipment: ShipmentUpload) -> UploadResult:
        """Raise WechatUnavailable."""
        self._refuse(shipment)

    def report_presale(self, transaction_id: str, ships_by: datetime) -> UploadResult:
        """Raise WechatUnavailable."""
        self._refuse(transaction_id, ships_by)

    def _refuse(self, *_asked: object) -> NoReturn:
        raise not_set_up("The mini-program API", self._missing)
