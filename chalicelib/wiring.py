"""The composition root: the one place where the clock, the ids, the secrets and the outside world
are real.

Tests replace any of them with `use`. Nothing is made before it is asked for.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aws_lambda_powertools import Logger
from chalice.app import Blueprint, Chalice, Response

from chalicelib import settings
from chalicelib.draws.seeds import Seeds
from chalicelib.gateways.files import Files, S3Files
from chalicelib.gateways.message_push import MessagePush, MessagePushOff
from chalicelib.gateways.refund_queue import RefundQueue, SqsRefundQueue
from chalicelib.gateways.wechat_api import WechatApi, WechatApiOff
from chalicelib.gateways.wechat_pay import WechatPay, WechatPayOff
from chalicelib.kit import correlation, http, ids, metrics, tokens
from chalicelib.kit.clock import Clock, SystemClock
from chalicelib.kit.endpoint import Endpoint
from chalicelib.kit.errors import WechatUnavailable
from chalicelib.kit.tokens import Caller

PAY_PARAMETERS = (
    "wechat_merchant_private_key",
    "wechat_merchant_serial",
    "wechat_api_v3_key",
    "wechat_public_keys",
    "public_base_url",
)

logger = Logger()

MESSAGE_PARAMETERS = ("wechat_message_token", "wechat_message_aes_key")


@dataclass
class Wiring:
    """What verbs are given. The properties make the real thing unless a test set another."""

    clock: Clock = field(default_factory=SystemClock)
    new_id: ids.Ids = ids.random_id
    environment: settings.Environment = field(default_factory=settings.environment)
    _secrets: settings.ParameterStore | settings.Secrets | None = None
    _wechat_pay: WechatPay | None = None
    _wechat_api: WechatApi | None = None
    _message_push: MessagePush | MessagePushOff | None = None
    _refund_queue: RefundQueue | None = None
    _files: Files | None = None
    _made_from: dict[str, settings.Secrets] = field(default_factory=dict)

    @property
    def secrets(self) -> settings.Secrets:
        """The deployment's parameters; refreshed by themselves."""
        if self._secrets is None:
            prefix = self.environment.parameter_prefix
            self._secrets = settings.ParameterStore(prefix, clock=self.clock)
        if isinstance(self._secrets, settings.Secrets):
            return self._secrets
        return self._secrets.secrets()

    @property
    def wechat_pay(self) -> WechatPay:
        """WeChat Pay, or its off switch while a parameter is missing."""
        if self._is_stale("wechat_pay", self._wechat_pay):
            self._wechat_pay = _wechat_pay(self.environment, self.secrets)
        assert self._wechat_pay is not None  # noqa: S101
        return self._wechat_pay

    @property
    def wechat_api(self) -> WechatApi:
        """The mini-program server API, or its off switch while a parameter is missing."""
        if self._is_stale("wechat_api", self._wechat_api):
            self._wechat_api = _wechat_api(self.environment, self.secrets)
        assert self._wechat_api is not None  # noqa: S101
        return self._wechat_api

    @property
    def message_push(self) -> MessagePush | MessagePushOff:
        """What WeChat pushes about the mini-program, or its off switch while a parameter is
        missing.
        """
        if self._is_stale("message_push", self._message_push):
            self._message_push = _message_push(self.environment, self.secrets)
        assert self._message_push is not None  # noqa: S101
        return self._message_push

    @property
    def seeds(self) -> Seeds:
        """What makes and opens the seeds of draws; refuses to while `draw_keys` is missing."""
        return Seeds(self.secrets.draw_keys)

    @property
    def refund_queue(self) -> RefundQueue:
        if self._refund_queue is None:
            self._refund_queue = SqsRefundQueue(self.environment.refund_queue_url)
        return self._refund_queue

    @property
    def files(self) -> Files:
        """The bucket of files that go in and out."""
        if self._files is None:
            environment = self.environment
            function_name = environment.aws_lambda_function_name
            self._files = S3Files(environment.files_bucket, function_name)
        return self._files

    def open_for_payment(self) -> WechatPay:
        """WeChat Pay, for routes that sell. Raises WechatUnavailable while it is switched off."""
        wechat_pay = self.wechat_pay
        if isinstance(wechat_pay, WechatPayOff):
            raise wechat_pay.refusal
        return wechat_pay

    @property
    def payment_notify_url(self) -> str:
        """Where WeChat tells us of payments."""
        return self._public_url("/v1/wechat/payments")

    @property
    def refund_notify_url(self) -> str:
        """Where WeChat tells us of refunds."""
        return self._public_url("/v1/wechat/refunds")

    @property
    def transfer_notify_url(self) -> str:
        """Where WeChat tells us of transfers."""
        return self._public_url("/v1/wechat/transfers")

    def _public_url(self, path: str) -> str:
        """An address of ours as WeChat reaches it. Without a base the gateway is switched off, so
        nobody sends it.
        """
        return (self.secrets.public_base_url or "").rstrip("/") + path

    @property
    def session_keys(self) -> tuple[str, ...]:
        if not self.secrets.session_signing_keys:
            raise WechatUnavailable("Signing in is off here: session_signing_keys is missing.")
        return self.secrets.session_signing_keys

    def authenticate(self, token: str) -> Caller:
        return tokens.read(token, self.session_keys, clock=self.clock)

    def _is_stale(self, name: str, made: object) -> bool:
        """True when the gateway must be made (again): never yet, or the secrets have changed
        since.
        """
        if made is not None and name not in self._made_from:
            return False
        if made is not None and self._made_from[name] == self.secrets:
            return False
        self._made_from[name] = self.secrets
        return True


class _Current:
    """The wiring in use; a test's, or the real one made on first need."""

    wiring: Wiring | None = None


def current() -> Wiring:
    """The wiring of this process."""
    if _Current.wiring is None:
        _Current.wiring = Wiring()
    return _Current.wiring


def use(wiring: Wiring | None) -> None:
    """Replace the wiring; None goes back to the real one."""
    _Current.wiring = wiring


def endpoint(routes: Blueprint) -> Endpoint:
    """The wrapper for one blueprint's views."""
    return Endpoint(routes, authenticate=lambda token: current().authenticate(token))


def answer_preflights(app: Chalice) -> None:
    """Give every route its CORS preflight, for the configured origins."""
    http.answer_preflights(app, allowed_origins=lambda: current().environment.origins)


def follow(event: Any, get_response: Callable[[Any], Any]) -> Any:
    """One invocation, whatever brought it: its log lines and rows carry its id, and what it counted
    is written at the end.
    """
    with correlation.belongs_to(_request_id(event)):
        try:
            return get_response(event)
        finally:
            _write_figures()


def _write_figures() -> None:
    """Whatever goes wrong with them, what was done is done."""
    try:
        metrics.write(current().environment.stage)
    except Exception:
        logger.exception("figures_not_written", alarm="figures_not_written")


def _request_id(event: Any) -> str | None:
    """API Gateway's name for a request, else Lambda's for the invocation."""
    context = getattr(event, "context", None)
    if isinstance(context, dict):
        named = context.get("requestId")
        return named or getattr(event.lambda_context, "aws_request_id", None)
    return getattr(context, "aws_request_id", None)


def finish(request: Any, get_response: Callable[[Any], Response]) -> Response:
    """Complete an HTTP answer: our problem shape, a request id, CORS for the configured origins."""
    return http.finish(request, get_response, current().environment.origins)


def _wechat_pay(environment: settings.Environment, secrets: settings.Secrets) -> WechatPay:
    missing = secrets.missing(*PAY_PARAMETERS)
    if not environment.wechat_merchant_id:
        missing += ("wechat_merchant_id",)
    if missing:
        return WechatPayOff(missing)
    from chalicelib.gateways.wechat_pay_v3 import WechatPayCredentials, WechatPayV3

    public_keys = dict(secrets.wechat_public_keys or {})
    credentials = WechatPayCredentials(
        merchant_id=environment.wechat_merchant_id,
        merchant_serial=secrets.wechat_merchant_serial or "",
        merchant_private_key_pem=secrets.wechat_merchant_private_key or "",
        api_v3_key=secrets.wechat_api_v3_key or "",
        public_keys=public_keys,
        active_key_id=next(iter(public_keys)),
    )
    return WechatPayV3(credentials, base_url=environment.wechat_pay_base_url)


def _wechat_api(environment: settings.Environment, secrets: settings.Secrets) -> WechatApi:
    missing = secrets.missing("wechat_app_secret")
    if not environment.wechat_app_id:
        missing += ("wechat_app_id",)
    if missing:
        return WechatApiOff(missing)
    from chalicelib.gateways.wechat_api_http import WechatApiHttp

    return WechatApiHttp(
        app_id=environment.wechat_app_id,
        secret=secrets.wechat_app_secret or "",
        base_url=environment.wechat_api_base_url,
        env_version=environment.wechat_env_version,
    )


def _message_push(
    environment: settings.Environment, secrets: settings.Secrets
) -> MessagePush | MessagePushOff:
    missing = secrets.missing(*MESSAGE_PARAMETERS)
    if not environment.wechat_app_id:
        missing += ("wechat_app_id",)
    if missing:
        return MessagePushOff(missing)
    return MessagePush(
        token=secrets.wechat_message_token or "",
        encoding_aes_key=secrets.wechat_message_aes_key or "",
        app_id=environment.wechat_app_id,
    )
