"""The mini-program server API (小程序服务端接口) over HTTPS.

The session key that comes with a login is dropped on the spot. The app secret and the access
token, which WeChat wants in the URL, never reach a log or an exception.
"""

import json
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlencode

from chalicelib.gateways.access_token import AccessTokens
from chalicelib.gateways.http import Answer, Http, keep_queries_out_of_logs
from chalicelib.gateways.wechat_api import (
    LoginBlocked,
    LoginCodeRefused,
    LoginTooFrequent,
    MiniProgramCode,
    Notice,
    ShipmentUpload,
    UploadOutcome,
    UploadResult,
    WechatIdentity,
)
from chalicelib.gateways.wechat_api_answers import (
    TOKEN_REFUSED,
    TOO_FREQUENT,
    errcode_of,
    read_object,
    require_decided,
    require_done,
)
from chalicelib.kit.clock import SystemClock
from chalicelib.kit.errors import Refusal, WechatUnavailable

if TYPE_CHECKING:
    from requests import Session

DEFAULT_BASE_URL = "https://api.weixin.qq.com"

EnvVersion = Literal["release", "trial", "develop"]
"""Which build of the mini-program codes and notices open: published, on trial, or being made."""

ITEM_DESCRIPTION_CHARACTERS = 120

_OK = 200

_CODE_PATH = "/wxa/getwxacodeunlimit"
_NOTICE_PATH = "/cgi-bin/message/subscribe/send"
_TEXT_PATH = "/wxa/msg_sec_check"
_SHIPMENT_PATH = "/wxa/sec/order/upload_shipping_info"
_SPECIAL_ORDER_PATH = "/wxa/sec/order/opspecialorder"

_CODE_INVALID, _CODE_USED, _CODE_MISSING = 40029, 40163, 41008
_USER_BLOCKED = 40226
_NOT_SUBSCRIBED = 43101
_PAYMENT_UNKNOWN = 10060001
_ALREADY_COMPLETED, _UNCHANGED = 10060002, 10060023
_NOT_TO_BE_SHIPPED = 268546002
_UPLOADED = frozenset({0, _ALREADY_COMPLETED, _UNCHANGED})

_MINI_PROGRAM_STATES = {"release": "formal", "trial": "trial", "develop": "developer"}
_TEXT_CHECK_VERSION = 2
_NUMBER_IS_TRANSACTION_ID = 2
_PRESALE = 1
_EXPRESS, _PICKED_UP = 1, 4
_IN_ONE_PARCEL = 1
_CHINA = timezone(timedelta(hours=8))


class WechatApiHttp:
    """The real `WechatApi`; the Protocol says what each method does and raises.

    `clock` gives an aware time. Nothing is connected before the first call; the access token is
    kept for as long as this object is.
    """

    def __init__(
        self,
        app_id: str,
        secret: str,
        *,
        base_url: str = DEFAULT_BASE_URL,
        env_version: EnvVersion = "release",
        clock: Callable[[], datetime] = SystemClock().now,
        session_factory: "Callable[[], Session] | None" = None,
    ) -> None:
        self._app_id = app_id
        self._secret = secret
        self._env_version = env_version
        self._http = Http(base_url, "The mini-program API", session_factory)
        self._tokens = AccessTokens(app_id, secret, self._http, clock)
        keep_queries_out_of_logs()

    def login(self, code: str) -> WechatIdentity:
        """See `WechatApi.login` (小程序登录, code2Session)."""
        query = urlencode(
            {
                "appid": self._app_id,
                "secret": self._secret,
                "js_code": code,
                "grant_type": "authorization_code",
            },
            errors="replace",
        )
        answer = self._http.call(
            "GET", f"/sns/jscode2session?{query}", headers={"Accept": "application/json"}
        )
        return _identity(read_object(answer))

    def mini_program_code(self, scene: str, page: str) -> MiniProgramCode:
        """See `WechatApi.mini_program_code` (获取不限制的小程序码)."""
        asked = {
            "scene": scene,
            "page": page,
            "check_path": False,
            "env_version": self._env_version,
        }
        answer = self._ask(_CODE_PATH, asked)
        content_type = _image_type(answer)
        if content_type is None:
            require_done(read_object(answer))
            raise WechatUnavailable("The mini-program API answered without an image.")
        return MiniProgramCode(answer.body, content_type)

    def send_notice(self, notice: Notice) -> bool:
        """See `WechatApi.send_notice` (发送订阅消息)."""
        asked: dict[str, Any] = {
            "touser": notice.openid,
            "template_id": notice.template_id,
            "data": {name: {"value": value} for name, value in notice.data.items()},
            "miniprogram_state": _MINI_PROGRAM_STATES[self._env_version],
            "lang": "zh_CN",
        }
        if notice.page is not None:
            asked["page"] = notice.page
        content = read_object(self._ask(_NOTICE_PATH, asked))
        if errcode_of(content) == _NOT_SUBSCRIBED:
            return False
        require_done(content)
        return True

    def is_text_allowed(self, openid: str, text: str, *, scene: int) -> bool:
        """See `WechatApi.is_text_allowed` (文本内容安全识别)."""
        asked = {
            "version": _TEXT_CHECK_VERSION,
            "openid": openid,
            "scene": scene,
            "content": text,
        }
        content = read_object(self._ask(_TEXT_PATH, asked))
        require_done(content)
        result = content.get("result")
        suggested = result.get("suggest") if isinstance(result, dict) else None
        if not isinstance(suggested, str):
            raise WechatUnavailable("The mini-program API judged a text without a result.")
        return suggested == "pass"

    def upload_shipment(self, shipment: ShipmentUpload) -> UploadResult:
        """See `WechatApi.upload_shipment` (发货信息录入)."""
        errcode = errcode_of(read_object(self._ask(_SHIPMENT_PATH, _shipping_info(shipment))))
        require_decided(errcode)
        if errcode in _UPLOADED:
            return UploadResult(UploadOutcome.DONE, errcode)
        if errcode == _PAYMENT_UNKNOWN:
            return UploadResult(UploadOutcome.NOT_YET, errcode)
        return UploadResult(UploadOutcome.REFUSED, errcode)

    def report_presale(self, transaction_id: str, ships_by: datetime) -> UploadResult:
        """See `WechatApi.report_presale` (特殊发货报备)."""
        asked = {
            "order_id": transaction_id,
            "type": _PRESALE,
            "delay_to": int(ships_by.timestamp()),
        }
        errcode = errcode_of(read_object(self._ask(_SPECIAL_ORDER_PATH, asked)))
        require_decided(errcode)
        if errcode == 0:
            return UploadResult(UploadOutcome.DONE, errcode)
        if errcode == _NOT_TO_BE_SHIPPED:
            return UploadResult(UploadOutcome.NOT_YET, errcode)
        return UploadResult(UploadOutcome.REFUSED, errcode)

    def _ask(self, path: str, asked: dict[str, Any]) -> Answer:
        """One call with the access token; once more with another when WeChat refuses this one."""
        body = json.dumps(asked, ensure_ascii=False).encode("utf-8", errors="replace")
        token = self._tokens.current()
        answer = self._post(path, token, body)
        if _refuses_token(answer):
            answer = self._post(path, self._tokens.instead_of(token), body)
        return answer

    def _post(self, path: str, token: str, body: bytes) -> Answer:
        query = urlencode({"access_token": token})
        return self._http.call(
            "POST", f"{path}?{query}", headers={"Content-Type": "application/json"}, body=body
        )


def _identity(content: dict[str, Any]) -> WechatIdentity:
    """Read an identity, keeping nothing else of the answer."""
    errcode = errcode_of(content)
    if errcode != 0:
        raise _login_refusal(errcode)
    openid, unionid = content.get("openid"), content.get("unionid")
    if not isinstance(openid, str) or not openid:
        raise WechatUnavailable("The mini-program API answered a login without an openid.")
    return WechatIdentity(openid, unionid if isinstance(unionid, str) and unionid else None)


def _login_refusal(errcode: int) -> Refusal:
    if errcode in (_CODE_INVALID, _CODE_USED, _CODE_MISSING):
        return LoginCodeRefused()
    if errcode == TOO_FREQUENT:
        return LoginTooFrequent()
    if errcode == _USER_BLOCKED:
        return LoginBlocked()
    # Busy (-1), a quota, or an app id or secret that WeChat does not accept.
    return WechatUnavailable(f"The mini-program API answered with errcode {errcode}.")


def _image_type(answer: Answer) -> str | None:
    """The content type of an image; None when the answer is something else."""
    content_type = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    is_image = answer.status == _OK and content_type.startswith("image/") and answer.body != b""
    return content_type if is_image else None


def _refuses_token(answer: Answer) -> bool:
    if _image_type(answer) is not None:
        return False
    return errcode_of(read_object(answer)) in TOKEN_REFUSED


def _shipping_info(shipment: ShipmentUpload) -> dict[str, Any]:
    description = shipment.item_description[:ITEM_DESCRIPTION_CHARACTERS]
    parcel: dict[str, Any] = {"item_desc": description}
    is_sent = shipment.carrier is not None
    if is_sent:
        parcel |= {"tracking_no": shipment.tracking_no, "express_company": shipment.carrier}
    if is_sent and shipment.receiver_phone_masked is not None:
        parcel["contact"] = {"receiver_contact": shipment.receiver_phone_masked}
    uploaded_at = shipment.uploaded_at.astimezone(_CHINA)
    return {
        "order_key": {
            "order_number_type": _NUMBER_IS_TRANSACTION_ID,
            "transaction_id": shipment.transaction_id,
        },
        "logistics_type": _EXPRESS if is_sent else _PICKED_UP,
        "delivery_mode": _IN_ONE_PARCEL,
        "shipping_list": [parcel],
        "upload_time": uploaded_at.isoformat(timespec="milliseconds"),
        "payer": {"openid": shipment.openid},
    }
