"""Does WeChat reach us at public_base_url, is it this stack, and does it believe only WeChat."""

import hashlib
import json
import secrets
import time
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

import requests
from botocore.exceptions import ClientError

from chalicelib.gateways.signatures import PROBE_PREFIX
from infra.doctor.check import Verdict, bad, good, skipped
from infra.doctor.facts import is_missing
from infra.secrets.kinds import address_complaint, public_base_url_complaint

TIMEOUT_SECONDS = 10
CALLBACKS = tuple(
    f"/v1/wechat/{name}" for name in ("payments", "refunds", "transfers", "complaints")
)
_OFF = 503


@dataclass(frozen=True)
class Reply:
    """An HTTP answer."""

    status: int
    body: bytes

    @property
    def content(self) -> Any:
        """What the body says as JSON; None when it says nothing that way."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None


Fetch = Callable[[str, str, Mapping[str, str], bytes | None], Reply]
"""From method, URL, headers and body to the answer. Raises `requests.RequestException`."""


def fetcher(*, is_local: bool) -> Fetch:
    """Over HTTP, as anybody outside would. A local stack is reached past any proxy."""
    session = requests.Session()
    session.trust_env = not is_local

    def fetch(method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> Reply:
        answer = session.request(
            method,
            url,
            headers=dict(headers),
            data=body,
            timeout=TIMEOUT_SECONDS,
            allow_redirects=False,
        )
        return Reply(answer.status_code, answer.content)

    return fetch


def base_url_is_usable(url: str, stage: str, *, is_local: bool) -> Verdict:
    """WeChat takes it for a callback: https, no query string."""
    complaint = address_complaint(url) if is_local else public_base_url_complaint(url)
    if complaint:
        return bad(
            f"{url} {complaint}",
            f"python -m infra.secrets --stage {stage} --replace public_base_url; "
            "docs/runbook.md says what a change brings with it",
        )
    return good(url)


def base_url_answers(fetch: Fetch, url: str) -> Verdict:
    """The API answers there, as itself."""
    began = time.monotonic()
    try:
        reply = fetch("GET", f"{url}/v1/health", {}, None)
    except requests.RequestException as error:
        return bad(
            f"{url} cannot be reached: {_first_line(error)}",
            "look at the domain's DNS record, its certificate and its mapping to the API",
        )
    milliseconds = (time.monotonic() - began) * 1000
    if reply.status != 200 or not _says_ok(reply.content):
        return bad(
            f"{url}/v1/health answers {reply.status}, and not as this API does",
            "something else answers there: look at the domain's mapping, stage included",
        )
    return good(f"from here in {milliseconds:.0f} ms")


def base_url_is_ours(
    fetch: Fetch, gateway: Any, url: str, api_url: str, rest_api_id: str
) -> Verdict:
    """It is the stack's own address, a custom domain of its API, or leads there some other way."""
    if url == api_url:
        return good("the stack's own address")
    parts = urlsplit(url)
    mapped = _mapped_to(gateway, parts.hostname or "", parts.path.strip("/"))
    if mapped == rest_api_id:
        return good("a custom domain of the stack's API")
    if mapped is not None:
        return bad(
            f"the domain {parts.hostname} leads to API {mapped}, and the stack's is {rest_api_id}",
            "map the domain to the stack's API (API Gateway, Custom domain names, API mappings)",
        )
    # Behind some other front, the API still says at which address it believes to be.
    told = [_servers(fetch, one) for one in (url, api_url)]
    if told[0] == told[1] == url:
        return good("passed on to the stack's API")
    return bad(
        f"{url} is neither the stack's address {api_url} nor leads there",
        "write the right public_base_url, or lead the domain to the stack; functions may take five "
        "minutes to see a new one",
    )


def callbacks_refuse_a_probe(fetch: Fetch, url: str, key_id: str) -> Verdict:
    """What WeChat signs wrongly on purpose is refused, at each callback, with 401."""
    forged = b64encode(secrets.token_bytes(256)).decode()
    headers = {
        "Content-Type": "application/json",
        "Wechatpay-Timestamp": str(int(time.time())),
        "Wechatpay-Nonce": secrets.token_hex(16),
        "Wechatpay-Serial": key_id,
        "Wechatpay-Signature": PROBE_PREFIX + forged,
    }
    for path in CALLBACKS:
        reply = fetch("POST", url + path, headers, b"{}")
        if reply.status == _OFF:
            return bad(f"{path} answers 503: payment is off", "see the lines on parameters")
        if 200 <= reply.status < 300:
            return bad(
                f"{path} answers {reply.status} to a forged notification",
                "take the shop off the net: something else than this API believes anybody",
            )
        if reply.status != 401:
            return bad(
                f"{path} answers {reply.status} to a forged notification, not 401",
                "look at the logs of api_handler, and at what stands in front of the API",
            )
    return good(f"all {len(CALLBACKS)} answer 401")


def push_is_taken(fetch: Fetch, url: str, token: str | None) -> Verdict:
    """The message push's address answers what WeChat asks when it is entered in the console."""
    if not token:
        return skipped("wechat_message_token is missing: the message push is off")
    timestamp, nonce, echo = str(int(time.time())), secrets.token_hex(8), secrets.token_hex(8)
    signed = "".join(sorted((token, timestamp, nonce)))
    signature = hashlib.sha1(signed.encode(), usedforsecurity=False).hexdigest()
    query = urlencode(
        {"signature": signature, "timestamp": timestamp, "nonce": nonce, "echostr": echo}
    )
    reply = fetch("GET", f"{url}/v1/wechat/messages?{query}", {}, None)
    if reply.status == 200 and reply.body == echo.encode():
        return good("answers WeChat's question")
    return bad(
        f"/v1/wechat/messages answers {reply.status}",
        "functions read a new token within five minutes; after that, see the logs of api_handler",
    )


def _mapped_to(gateway: Any, host: str, base_path: str) -> str | None:
    """To which API a custom domain leads; None when API Gateway has no such domain."""
    try:
        mappings = gateway.get_base_path_mappings(domainName=host).get("items", [])
    except ClientError as error:
        if not is_missing(error):
            raise
        return None
    for mapping in mappings:
        if mapping.get("basePath", "(none)") in (base_path or "(none)", base_path):
            return str(mapping["restApiId"])
    return "none at this path"


def _servers(fetch: Fetch, url: str) -> str | None:
    """The address that the API at this one has for its own."""
    try:
        content = fetch("GET", f"{url}/v1/openapi.json", {}, None).content
    except requests.RequestException:
        return None
    servers = content.get("servers") if isinstance(content, dict) else None
    return str(servers[0].get("url")) if servers else None


def _says_ok(content: Any) -> bool:
    return isinstance(content, dict) and content.get("status") == "ok"


def _first_line(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".splitlines()[0][:120]
