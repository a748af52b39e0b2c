"""Deployed code reckons in whole numbers, is given its time and ids, and hides no error."""

import pytest

from tests.tidy import purity
from tests.tidy.tree import Excuses, Source, assert_none, deployed_sources, judged, python_sources

VERB = "chalicelib/orders/place.py"
GATEWAY = "chalicelib/gateways/http.py"

TIMEOUT = "requests takes its timeouts in seconds, as floats"

FLOATS_THAT_STAND: Excuses = {
    ("chalicelib/gateways/http.py", ""): TIMEOUT,
    ("chalicelib/gateways/http.py", "Http.__init__"): TIMEOUT,
    ("chalicelib/kit/pauses.py", "_really"): "time.sleep takes seconds; this is jitter, not money",
}
CHANCE_THAT_STANDS: Excuses = {
    ("chalicelib/gateways/wechat_pay_v3.py", "random_nonce"): "the default of a parameter",
    ("chalicelib/kit/http.py", "finish"): "how long an answer took is logged and decides nothing",
    ("chalicelib/kit/writes.py", "_pause"): "jitter between attempts decides nothing",
}
LAST_WALL = "the last wall before the caller: an answer without a traceback, and an alarm"
SET_ASIDE = "one bad item is set aside as a finding with an alarm, so that the others go on"

BLANKET_EXCEPTS_THAT_STAND: Excuses = {
    ("chalicelib/audit/legs.py", "look"): SET_ASIDE,
    ("chalicelib/audit/setting_aside.py", "setting_aside"): SET_ASIDE,
    ("chalicelib/admin/dispatch.py", "dispatch"): LAST_WALL,
    ("chalicelib/kit/endpoint.py", "Endpoint.__call__.wrap.handle"): LAST_WALL,
    ("chalicelib/notifications/announce.py", "announce"): SET_ASIDE,
    ("chalicelib/reactions.py", "_follow"): SET_ASIDE,
    ("chalicelib/refunds/refund_seats.py", "_refund"): SET_ASIDE,
    ("chalicelib/sweeps.py", "_one"): SET_ASIDE,
    ("chalicelib/files/export.py", "_one_day"): "one bad day is told of, so that the others go on",
    (
        "chalicelib/wiring.py",
        "_write_figures",
    ): "what was done stays done, whatever figures say",
}


@pytest.mark.parametrize(
    "text",
    [
        "float(total_fen)",
        "rate = 0.3",
        "half_fen = total_fen / 2",
        "total_fen /= 2",
        "def half(total_fen: int) -> float: ...",
        "fee_fen = int(Decimal(total_fen) / 3)",
        "fees = map(float, fees)",
    ],
)
def test_whatever_makes_a_float_is_refused(text: str) -> None:
    assert list(purity.floats(Source(VERB, text)))


def test_whole_division_and_text_about_floats_are_fine() -> None:
    text = '"""Never a float, not even 0.5."""\nhalf_fen = total_fen // 2\n'
    assert not list(purity.floats(Source(VERB, text)))


@pytest.mark.parametrize(
    "text",
    [
        "from datetime import datetime, UTC\nnow = datetime.now(UTC)",
        "import datetime\nnow = datetime.datetime.utcnow()",
        "from datetime import date\ntoday = date.today()",
        "import time\nnow = time.time()",
        "from time import time_ns as nanoseconds\nnow = nanoseconds()",
        "import uuid\norder_id = uuid.uuid4()",
        "from uuid import uuid4\norder_id = uuid4()",
        "import random\nwinner = random.choice(seats)",
        "from random import choice\nwinner = choice(seats)",
        "import secrets\ncode = secrets.token_hex(8)",
        "import os\nkey = os.urandom(16)",
    ],
)
def test_asking_the_machine_for_time_or_chance_is_refused_in_a_verb(text: str) -> None:
    assert list(purity.present_and_chance(Source(VERB, text)))
    assert not list(purity.present_and_chance(Source("chalicelib/kit/ids.py", text)))


def test_a_given_clock_and_a_constant_time_comparison_are_fine() -> None:
    text = "import secrets\nnow = clock.now()\nsame = secrets.compare_digest(a, b)\nrandom.choice()"
    assert not list(purity.present_and_chance(Source(VERB, text)))


def test_a_gateway_may_name_the_real_clock_as_a_default_but_not_call_it() -> None:
    default = "import time\ndef call(seconds=time.monotonic, *, now=time.time): ..."
    call = "import time\ndef call():\n    return time.monotonic()"

    assert not list(purity.present_and_chance(Source(GATEWAY, default)))
    assert list(purity.present_and_chance(Source(GATEWAY, call)))
    assert list(purity.present_and_chance(Source(VERB, default)))


def test_print_is_refused() -> None:
    assert list(purity.prints(Source(VERB, "print('placed')")))
    assert not list(purity.prints(Source(VERB, "logger.info('print(')")))


@pytest.mark.parametrize("caught", ["", " Exception", " BaseException", " (KeyError, Exception)"])
def test_catching_everything_is_refused(caught: str) -> None:
    text = f"try:\n    place()\nexcept{caught}:\n    pass"
    assert list(purity.blanket_excepts(Source(VERB, text)))


def test_catching_what_is_named_is_fine() -> None:
    text = "try:\n    place()\nexcept (KeyError, OutOfStock):\n    pass"
    assert not list(purity.blanket_excepts(Source(VERB, text)))


def test_an_excuse_holds_for_one_function_only() -> None:
    text = "def a():\n    return 1 / 2\ndef b():\n    return 1 / 2\n"
    findings = list(purity.floats(Source(VERB, text)))

    assert len(judged(findings, {(VERB, "a"): "why"})) == 1


def test_an_excuse_that_nothing_needs_is_refused() -> None:
    assert judged([], {(VERB, "a"): "why"}) == [f"{VERB}: no excuse needed any more for 'a'"]


def test_no_deployed_code_makes_a_float() -> None:
    found = (one for source in deployed_sources() for one in purity.floats(source))
    assert_none(judged(found, FLOATS_THAT_STAND))


def test_no_deployed_code_asks_the_machine_for_time_or_chance() -> None:
    found = (one for source in deployed_sources() for one in purity.present_and_chance(source))
    assert_none(judged(found, CHANCE_THAT_STANDS))


def test_nothing_prints_but_the_command_lines_of_the_local_stack() -> None:
    silent = (one for one in python_sources() if not one.path.startswith("infra/local/"))
    found = (one for source in silent for one in purity.prints(source))
    assert_none(judged(found, {}))


def test_no_deployed_code_catches_everything() -> None:
    found = (one for source in deployed_sources() for one in purity.blanket_excepts(source))
    assert_none(judged(found, BLANKET_EXCEPTS_THAT_STAND))
