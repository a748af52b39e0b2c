"""A share as an image to scan: a mini-program code (小程序码) that opens the share's page with its
code as the scene. WeChat draws it; it is remembered for some minutes, since it never changes.
"""

from chalicelib.catalog import store as catalog
from chalicelib.gateways.wechat_api import MiniProgramCode, RefusedByWechatApi, WechatApi
from chalicelib.kit.cache import ShortMemory
from chalicelib.kit.clock import Clock
from chalicelib.kit.errors import NotFound, WechatUnavailable
from chalicelib.kit.reads import read
from chalicelib.referrals import store as referrals

KEPT_SECONDS = 600

_drawn: ShortMemory[MiniProgramCode] = ShortMemory(seconds=KEPT_SECONDS, most=64)


def qrcode(share_code: str, *, clock: Clock, wechat_api: WechatApi) -> MiniProgramCode:
    """The image. Raises NotFound for an unknown code, WechatUnavailable when WeChat draws none."""
    key, settings_key = referrals.share_key(share_code), catalog.settings_key()
    found = read(key, settings_key)
    share = referrals.share_of(found.find(key))
    if share is None:
        raise NotFound("There is no such share.")
    scene = share.scene
    page = share.page(catalog.settings_of(found.find(settings_key)).pages)
    drawn = _drawn.get((scene, page), lambda: _draw(scene, page, wechat_api), now=clock.now())
    if drawn is None:
        raise WechatUnavailable()
    return drawn


def forget_drawn() -> None:
    """Remember no image: for tests that start over in one process."""
    _drawn.forget()


def _draw(scene: str, page: str, wechat_api: WechatApi) -> MiniProgramCode:
    try:
        return wechat_api.mini_program_code(scene, page)
    except RefusedByWechatApi as refused:
        detail = f"WeChat draws no code for the page {page} (errcode {refused.errcode})."
        raise WechatUnavailable(detail) from refused
