"""What API Gateway itself refuses, worded like every other refusal of the service
(`application/problem+json`, RFC 9457), as the GatewayResponses of the REST API.

Must never be needed for a request that reached a function: those refuse in their own words.
"""

import json
from dataclasses import dataclass
from typing import Any

TITLE_CHARACTERS_MAX = 20


@dataclass(frozen=True)
class GatewayRefusal:
    """One response type of API Gateway and the answer that clients get for it.

    `title` is a zh-CN sentence fit for `wx.showToast`; `retry_after_seconds` fills `Retry-After`.
    """

    response_type: str
    status: int
    code: str
    title: str
    detail: str
    retry_after_seconds: int | None = None


NOT_FOUND = ("not_found", "没有找到您要的内容")
MALFORMED = ("malformed_json", "提交的内容有误，请检查")
NOT_ALLOWED = ("not_allowed", "没有权限进行此操作")
SLOW_DOWN = ("slow_down", "操作太频繁，请稍后再试")
TRY_AGAIN = ("try_again", "服务繁忙，请稍后再试")

REFUSALS = (
    GatewayRefusal("MISSING_AUTHENTICATION_TOKEN", 404, *NOT_FOUND, "No such path and method."),
    GatewayRefusal("RESOURCE_NOT_FOUND", 404, *NOT_FOUND, "No such path."),
    # A bearer token on a path that does not exist is read as an AWS signature, and a broken one.
    GatewayRefusal("INVALID_SIGNATURE", 404, *NOT_FOUND, "No such path and method."),
    GatewayRefusal("DEFAULT_4XX", 404, *NOT_FOUND, "Nothing answers such a request."),
    GatewayRefusal("BAD_REQUEST_BODY", 400, *MALFORMED, "The body could not be read."),
    GatewayRefusal("BAD_REQUEST_PARAMETERS", 400, *MALFORMED, "The parameters are malformed."),
    GatewayRefusal("ACCESS_DENIED", 403, *NOT_ALLOWED, "Access is denied."),
    GatewayRefusal("WAF_FILTERED", 403, *NOT_ALLOWED, "The request was filtered out."),
    GatewayRefusal(
        "REQUEST_TOO_LARGE", 413, "too_large", "提交的内容太大", "The request is over 10 MB."
    ),
    GatewayRefusal(
        "UNSUPPORTED_MEDIA_TYPE", 415, "unsupported_type", "不支持这种内容格式", "Send JSON."
    ),
    GatewayRefusal("THROTTLED", 429, *SLOW_DOWN, "Too many requests at once.", 1),
    GatewayRefusal("QUOTA_EXCEEDED", 429, *SLOW_DOWN, "The request quota is used up.", 60),
    GatewayRefusal("INTEGRATION_TIMEOUT", 503, *TRY_AGAIN, "No answer within the time.", 2),
    GatewayRefusal("INTEGRATION_FAILURE", 503, *TRY_AGAIN, "The service was not reached.", 2),
    GatewayRefusal("DEFAULT_5XX", 503, *TRY_AGAIN, "The service could not answer.", 2),
)


def gateway_responses(allowed_origin: str) -> dict[str, Any]:
    """The `GatewayResponses` property of `AWS::Serverless::Api`, by response type."""
    return {refusal.response_type: _response(refusal, allowed_origin) for refusal in REFUSALS}


def _response(refusal: GatewayRefusal, allowed_origin: str) -> dict[str, Any]:
    headers = {
        "Content-Type": "'application/problem+json'",
        "Access-Control-Allow-Origin": f"'{allowed_origin}'",
        "Access-Control-Expose-Headers": "'X-Request-Id,Retry-After'",
        "Cache-Control": "'no-store'",
        "X-Request-Id": "context.requestId",
    }
    if refusal.retry_after_seconds is not None:
        headers["Retry-After"] = f"'{refusal.retry_after_seconds}'"
    problem = {
        "type": "about:blank",
        "title": refusal.title,
        "status": refusal.status,
        "code": refusal.code,
        "detail": refusal.detail,
    }
    return {
        "StatusCode": str(refusal.status),
        "ResponseParameters": {"Headers": headers},
        "ResponseTemplates": {"application/json": json.dumps(problem, ensure_ascii=False)},
    }
