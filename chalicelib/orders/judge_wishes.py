"""Have WeChat judge what a member has put into their own words for goods made to order, before an
order with it is placed: the merchant reads it, and others may see what is made of it.

A purchase is refused by its draft as long as its words are not judged, so none gets around this. A
repeat finds its order before that, and one of an option alone has no words: neither asks WeChat.
"""

from collections.abc import Callable
from dataclasses import replace

from aws_lambda_powertools import Logger

from chalicelib.gateways.wechat_api import RefusedByWechatApi, WechatApi
from chalicelib.kit.errors import TryAgain, WechatUnavailable
from chalicelib.members.errors import ContentRefused
from chalicelib.orders.errors import WishesUnjudged
from chalicelib.orders.purchase import Placed, Purchase

_COMMENT_SCENE = 2
"""WeChat knows profiles, comments, forums and social logs; what is said about goods is a comment.
"""

_MOST_JUDGEMENTS = 3
"""What a campaign asks for may change while WeChat is asked."""

logger = Logger()


def place_judged(
    place: Callable[[Purchase], Placed],
    purchase: Purchase,
    *,
    wechat_api: Callable[[], WechatApi],
) -> Placed:
    """What `place` makes of the purchase, WeChat asked in between where that is needed.

    Raises what `place` raises, ContentRefused, WechatUnavailable, TryAgain; then nothing is placed.
    """
    for _ in range(_MOST_JUDGEMENTS):
        try:
            return place(purchase)
        except WishesUnjudged as wishes:
            unjudged = wishes
        _judge(unjudged, wechat_api())
        judged = purchase.judged_words | frozenset(unjudged.words)
        purchase = replace(purchase, judged_words=judged)
    raise TryAgain("What the campaign asks for has just changed.")


def _judge(wishes: WishesUnjudged, wechat_api: WechatApi) -> None:
    """All of them at once: one call, and no word gets through in parts."""
    text = "\n".join(wishes.words)
    try:
        is_allowed = wechat_api.is_text_allowed(wishes.openid, text, scene=_COMMENT_SCENE)
    except RefusedByWechatApi as refused:
        logger.exception("text_not_judged", alarm="text_not_judged", errcode=refused.errcode)
        raise WechatUnavailable("WeChat did not judge what is to be made.") from refused
    if not is_allowed:
        raise ContentRefused("WeChat does not let what is to be made pass; please change it.")
