"""The WSGI application: one host for WeChat Pay, the mini-program API and the control plane.

Owns the translation between WSGI and `exchange`. It sleeps only through the `withhold` it is
given; by default a withheld answer is an exception, for callers in the same process.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, NoReturn

from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wrappers import Request, Response

from infra.local.wechat.control_api import ControlApi
from infra.local.wechat.exchange import Answer, Call, json_answer
from infra.local.wechat.faults import AnswerWithheld
from infra.local.wechat.mini_program_api import PREFIXES, MiniProgramApi
from infra.local.wechat.pay_api import PayApi, Withhold
from infra.local.wechat.sandbox import Sandbox

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

LARGEST_BODY_BYTES = 1_000_000


def raise_answer_withheld(seconds: int) -> NoReturn:
    raise AnswerWithheld(f"no answer for {seconds} s")


def create_app(sandbox: Sandbox, withhold: Withhold = raise_answer_withheld) -> "WSGIApplication":
    """The sandbox behind WSGI. `withhold(seconds)` is what a timeout fault does; when it
    returns, a late answer is given.
    """
    pay = PayApi(sandbox, withhold)
    mini_program = MiniProgramApi(sandbox, withhold)
    control = ControlApi(sandbox)

    def answer(call: Call) -> Answer:
        if call.path.startswith("/v3/"):
            return pay.answer(call)
        if call.path.startswith(PREFIXES):
            return mini_program.answer(call)
        if call.path.startswith("/sandbox/"):
            return control.answer(call)
        return json_answer(404, {"code": "NOT_FOUND", "message": "nothing is served here"})

    def app(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        request = Request(environ)
        request.max_content_length = LARGEST_BODY_BYTES
        try:
            given = answer(_call(request))
        except RequestEntityTooLarge:
            given = json_answer(413, {"code": "TOO_LARGE", "message": "the body is too large"})
        return _response(given)(environ, start_response)

    return app


def _call(request: Request) -> Call:
    """The path and query are taken as sent, because that is what was signed."""
    environ = request.environ
    raw_url = environ.get("REQUEST_URI") or environ.get("RAW_URI")
    if not raw_url:
        raise RuntimeError("the WSGI server does not tell the path as it was sent")
    headers = {name.lower(): value for name, value in request.headers.items()}
    return Call(request.method, raw_url, headers, request.get_data(cache=False))


def _response(answer: Answer) -> Response:
    response = Response(answer.body, answer.status, answer.headers)
    if not answer.body:
        response.headers.remove("Content-Type")
    response.headers["Cache-Control"] = "no-cache, must-revalidate"
    response.headers["Server"] = "nginx"
    return response
