"""What no single gateway owns: what importing costs, idle connections, and the off switch."""

import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
import requests

from chalicelib.gateways.http import USER_AGENT, Http
from chalicelib.gateways.wechat_api import WechatApi, WechatApiOff
from chalicelib.gateways.wechat_api_http import WechatApiHttp
from chalicelib.gateways.wechat_pay import WechatPay, WechatPayOff
from chalicelib.gateways.wechat_pay_v3 import WechatPayV3
from chalicelib.kit.errors import WechatUnavailable
from tests.gateways.fake_wechat import APP_ID, NOW, FakeWechat
from tests.gateways.test_wechat_pay_requests import ORDER, REFUND
from tests.gateways.test_wechat_pay_transfers import TRANSFER

ROOT = Path(__file__).parents[2]

MAKE_THEM_ALL = """
from chalicelib.gateways.message_push import MessagePush
from chalicelib.gateways.wechat_api_http import WechatApiHttp
from chalicelib.gateways.wechat_pay_v3 import WechatPayCredentials, WechatPayV3
keys = {"k": "not a key"}
WechatPayV3(WechatPayCredentials("m", "s", "p", "k", keys, "k"))
WechatApiHttp("wx", "secret")
MessagePush("token", "key", "wx")
"""
LIST_THE_HEAVY = "; import sys; print(sorted({'requests', 'cryptography'} & set(sys.modules)))"


def heavy_modules_after(code: str) -> str:
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_importing_the_protocol_imports_neither_requests_nor_cryptography() -> None:
    assert heavy_modules_after("import chalicelib.gateways.wechat_pay" + LIST_THE_HEAVY) == "[]"


def test_making_the_real_clients_imports_neither_requests_nor_cryptography() -> None:
    assert heavy_modules_after(MAKE_THEM_ALL + LIST_THE_HEAVY.removeprefix("; ")) == "[]"


def test_the_clients_are_what_their_protocols_say(pay: WechatPayV3) -> None:
    real: WechatPay = pay
    off: WechatPay = WechatPayOff(("merchant_id",))
    api: WechatApi = WechatApiHttp(APP_ID, "secret")
    api_off: WechatApi = WechatApiOff(("app_secret",))

    promised = {name for name in vars(WechatPay) if not name.startswith("_")}
    assert promised <= set(dir(real))
    assert promised <= set(dir(off))
    promised = {name for name in vars(WechatApi) if not name.startswith("_")}
    assert promised <= set(dir(api))
    assert promised <= set(dir(api_off))


@pytest.mark.parametrize(
    "ask",
    [
        lambda pay: pay.prepay(ORDER),
        lambda pay: pay.pay_parameters("wx1", APP_ID, NOW),
        lambda pay: pay.query("o1"),
        lambda pay: pay.query_by_transaction_id("4200"),
        lambda pay: pay.close("o1"),
        lambda pay: pay.refund(REFUND),
        lambda pay: pay.query_refund("r1"),
        lambda pay: pay.transfer(TRANSFER),
        lambda pay: pay.query_transfer("w1"),
        lambda pay: pay.cancel_transfer("w1"),
        lambda pay: pay.read_notification({}, b"", NOW),
    ],
    ids=range(11),
)
def test_wechat_pay_that_is_off_says_what_is_missing_whatever_is_asked(
    ask: Callable[[WechatPay], object],
) -> None:
    with pytest.raises(WechatUnavailable) as refusal:
        ask(WechatPayOff(("merchant_id",)))

    says = "WeChat Pay is not set up here: parameter merchant_id is missing."
    assert refusal.value.detail == says
    assert refusal.value.status == 503


def test_several_missing_parameters_are_all_named() -> None:
    with pytest.raises(WechatUnavailable) as refusal:
        WechatApiOff(("app_id", "app_secret")).login("081LXytJ1")

    assert refusal.value.detail == (
        "The mini-program API is not set up here: parameters app_id, app_secret are missing."
    )


class CountingSession(requests.Session):
    """Counts how often its pooled connections are dropped."""

    closed = 0

    def close(self) -> None:
        self.closed += 1
        super().close()


def test_connections_that_were_idle_for_more_than_30_seconds_are_not_used_again(
    wechat: FakeWechat,
) -> None:
    session = CountingSession()
    session.mount("https://", wechat)
    times = iter([1000.0, 1000.2, 1030.2, 1030.3, 1060.4, 1060.5])  # sent, answered, sent, ...
    http = Http("https://a.example", "A", lambda: session, lambda: next(times))

    closed = []
    for _ in range(3):
        wechat.will_answer(204)
        http.call("GET", "/", headers={})
        closed.append(session.closed)

    assert closed == [0, 0, 1]


def test_credentials_in_a_netrc_file_are_not_sent_along(
    wechat: FakeWechat, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine api.weixin.qq.com login someone password else\n")
    monkeypatch.setenv("NETRC", str(netrc))

    def session_that_reads_the_environment() -> requests.Session:
        session = wechat.session()
        session.trust_env = True
        return session

    wechat.will_answer(200, {"openid": "o1"})
    WechatApiHttp(APP_ID, "secret", session_factory=session_that_reads_the_environment).login("c")

    assert "Authorization" not in wechat.requests[0].headers


def test_the_user_agent_names_the_version_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

    assert f"{project['name']}/{project['version']}" == USER_AGENT
