"""What proves something is compared in constant time."""

import pytest

from tests.tidy import secrecy
from tests.tidy.tree import Excuses, Source, assert_none, deployed_sources, judged

GATEWAY = "chalicelib/gateways/message_push.py"

COMPARISONS_THAT_STAND: Excuses = {
    ("chalicelib/gateways/wechat_pay_v3.py", "WechatPayV3.bill"): (
        "a file beside the hash of a signed answer: whoever makes the file knows its hash"
    ),
    ("chalicelib/wiring.py", "Wiring._is_stale"): "ours beside ours: have the parameters changed",
}


@pytest.mark.parametrize(
    "text",
    [
        "if expected != signature: raise NotAuthentic()",
        "if self._token == given.token: pass",
        "ok = sha256(body).hexdigest() == given",
        "ok = hmac.new(key, body).digest() == given",
        "if query['msg_signature'] == expected: pass",
        "if session_token in tokens_given_out: pass",
        "if wechat_app_secret not in known: pass",
        "match mac:\n    case 'a': pass",
    ],
)
def test_comparing_a_proof_byte_by_byte_is_refused(text: str) -> None:
    assert list(secrecy.quick_comparisons(Source(GATEWAY, text)))


@pytest.mark.parametrize(
    "text",
    [
        "if not hmac.compare_digest(expected, signature): raise NotAuthentic()",
        "if signature is None or token == '': pass",
        "if signature.startswith(PROBE_PREFIX): pass",
        "if order.request_fingerprint != purchase.fingerprint: pass",
        "if lower.get('wechatpay-signature-type', SCHEME) != SCHEME: pass",
        "if 'token' in query: pass",
    ],
)
def test_everything_else_may_be_compared(text: str) -> None:
    assert not list(secrecy.quick_comparisons(Source(GATEWAY, text)))


def test_no_deployed_code_compares_a_proof_byte_by_byte() -> None:
    found = (one for source in deployed_sources() for one in secrecy.quick_comparisons(source))
    assert_none(judged(found, COMPARISONS_THAT_STAND))
