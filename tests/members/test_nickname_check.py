"""A new nickname is judged by WeChat before others can see it."""

import pytest

from chalicelib.gateways.wechat_api import RefusedByWechatApi, WechatApi, WechatApiOff
from chalicelib.wiring import Wiring
from tests.fakes import FakeClock, FakeWechatApi
from tests.in_process import Browser, everything


class Refusing(FakeWechatApi):
    """WeChat takes the text for judging from nobody."""

    def is_text_allowed(self, openid: str, text: str, *, scene: int) -> bool:
        raise RefusedByWechatApi(61010)


class Noting(FakeWechatApi):
    """Writes down who is judged, for what, in which scene."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[tuple[str, str, int]] = []

    def is_text_allowed(self, openid: str, text: str, *, scene: int) -> bool:
        self.asked.append((openid, text, scene))
        return True


@pytest.fixture
def browser(wired: Wiring) -> Browser:
    return Browser()


@pytest.fixture
def token(browser: Browser, wechat_api: FakeWechatApi) -> str:
    code = wechat_api.will_know("a-code", "openid-lin")
    return str(browser.send("POST", "/v1/sessions", {"code": code}).content["token"])


def test_a_nickname_that_wechat_refuses_changes_nothing(
    browser: Browser, token: str, wechat_api: FakeWechatApi
) -> None:
    wechat_api.refused_texts.add("坏名字")
    before = everything()

    change = {"nickname": "坏名字", "avatar_url": "https://wx.qlogo.cn/a.png"}
    seen = browser.send("PUT", "/v1/me", change, token=token)

    assert (seen.status, seen.code) == (409, "content_refused")
    assert seen.content["title"] == "内容不合规，请修改后重试"
    assert everything() == before


def test_only_a_new_nickname_is_judged(
    browser: Browser, token: str, wechat_api: FakeWechatApi, clock: FakeClock
) -> None:
    browser.send("PUT", "/v1/me", {"nickname": " Lin "}, token=token)
    assert wechat_api.texts == ["Lin"]

    wechat_api.is_down = True
    for change in ({"nickname": "Lin"}, {"avatar_url": None}, {}, {"nickname": None}):
        assert browser.send("PUT", "/v1/me", change, token=token).status == 200

    assert wechat_api.texts == ["Lin"]


@pytest.mark.parametrize("trouble", ["down", "off", "refusing"])
def test_no_nickname_passes_unjudged(
    browser: Browser, token: str, wired: Wiring, wechat_api: FakeWechatApi, trouble: str
) -> None:
    wechat_api.is_down = True
    troubles: dict[str, WechatApi] = {
        "down": wechat_api,
        "off": WechatApiOff(("wechat_app_secret",)),
        "refusing": Refusing(),
    }
    wired._wechat_api = troubles[trouble]
    before = everything()

    seen = browser.send("PUT", "/v1/me", {"nickname": "Lin"}, token=token)

    assert (seen.status, seen.code) == (503, "wechat_unavailable")
    assert everything() == before


def test_the_member_is_judged_in_the_app_of_their_session(
    browser: Browser, token: str, wired: Wiring
) -> None:
    wechat_api = Noting()
    wired._wechat_api = wechat_api

    browser.send("PUT", "/v1/me", {"nickname": "Lin"}, token=token)

    assert wechat_api.asked == [("openid-lin", "Lin", 1)]
