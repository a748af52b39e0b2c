"""The app as tests call it: each invocation with the rights of the function that is invoked."""

from app import app
from chalicelib import settings, wiring
from chalicelib.admin.dispatch import MOVES_MONEY
from chalicelib.gateways.wechat_api import WechatApi
from chalicelib.gateways.wechat_pay import WechatPay
from tests.policy_watch import as_the_function_called, uses

__all__ = ["Watched", "app", "function_for"]

app.register_middleware(as_the_function_called, "all")


class Watched(wiring.Wiring):
    """Whoever asks for secrets, or for what is made of them, must be allowed to read parameters."""

    @property
    def secrets(self) -> settings.Secrets:
        _reads_parameters()
        return super().secrets

    @property
    def wechat_pay(self) -> WechatPay:
        _reads_parameters()
        return super().wechat_pay

    @property
    def wechat_api(self) -> WechatApi:
        _reads_parameters()
        return super().wechat_api


def _reads_parameters() -> None:
    uses.note_of("ssm:GetParametersByPath", "parameter/kaituan/test")


def function_for(command: object) -> str:
    """Which function operators send a command to."""
    return "admin_money" if MOVES_MONEY.get(str(command), False) else "admin"
