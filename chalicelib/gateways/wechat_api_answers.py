"""Reading what the mini-program server API answers: always HTTP 200, `errcode` decides.

Its texts, which may quote a secret or what was sent, never reach an exception.
"""

import json
from typing import Any

from chalicelib.gateways.http import Answer
from chalicelib.gateways.wechat_api import RefusedByWechatApi
from chalicelib.kit.errors import WechatUnavailable

BUSY, QUOTA_USED_UP, TOO_FREQUENT = -1, 45009, 45011
TOKEN_REFUSED = frozenset({40001, 40014, 42001})

_NOT_DECIDED = TOKEN_REFUSED | {BUSY, QUOTA_USED_UP, TOO_FREQUENT}
_OK = 200
_UNREADABLE = "The mini-program API's answer cannot be read."


def read_object(answer: Answer) -> dict[str, Any]:
    """The answer's JSON object. Raises WechatUnavailable."""
    if answer.status != _OK:
        raise WechatUnavailable(f"The mini-program API answered with status {answer.status}.")
    try:
        content = json.loads(answer.body)
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        raise WechatUnavailable(_UNREADABLE)
    return content


def errcode_of(content: dict[str, Any]) -> int:
    """0 when it is absent. Raises WechatUnavailable for what is not a number."""
    errcode = content.get("errcode", 0)
    if type(errcode) is not int:
        raise WechatUnavailable(_UNREADABLE)
    return errcode


def require_decided(errcode: int) -> None:
    """Raise WechatUnavailable where the same request may do better another time."""
    if errcode in _NOT_DECIDED:
        raise WechatUnavailable(f"The mini-program API answered with errcode {errcode}.")


def require_done(content: dict[str, Any]) -> None:
    """Raise RefusedByWechatApi for a definite no, WechatUnavailable for one that is not."""
    errcode = errcode_of(content)
    require_decided(errcode)
    if errcode != 0:
        raise RefusedByWechatApi(errcode)
