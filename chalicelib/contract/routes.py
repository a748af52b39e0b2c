"""The OpenAPI document of all routes, for anyone. Made when it is first asked for, then kept: it
changes with the code alone.
"""

import json
from functools import cache
from typing import Any

from chalice.app import Blueprint

from chalicelib import wiring
from chalicelib.kit.endpoint import Answer, Call

KEPT_SECONDS = 600

routes = Blueprint(__name__)
endpoint = wiring.endpoint(routes)


@routes.route("/openapi.json", methods=["GET"])
@endpoint(signed_in=False, answer=dict[str, Any])
def get_openapi(_call: Call) -> Answer:
    """This document."""
    public_base_url = wiring.current().secrets.public_base_url
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "Cache-Control": f"public, max-age={KEPT_SECONDS}",
    }
    return Answer(_document((public_base_url or "").rstrip("/") or "/"), headers=headers)


@cache
def _document(url: str) -> str:
    from chalicelib.contract.describe import describe

    document = describe(routes.current_app.routes, url=url)
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))
