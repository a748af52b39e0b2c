"""The watch over what tests log finds what is planted, and fails the test that let it out."""

import json
import logging
from pathlib import Path

import pytest

from tests.log_watch import OURS, LogWatch
from tests.planted import FORMS, Planted, plant_credentials

pytest_plugins = ["pytester"]

LEAKING = """
from aws_lambda_powertools import Logger
from tests.planted import planted

logger = Logger()

def test_leaks():
    planted.plant_body({"address": {"recipient": "欧阳植入者", "phone": "0571-88881234"}})
    logger.info("sent", to="欧阳植入者")

def test_leaks_in_a_traceback():
    try:
        raise ValueError("no such phone: 0571-88881234")
    except ValueError:
        logger.exception("unexpected")

def test_fails_and_leaks():
    logger.info("欧阳植入者")
    assert 1 == 2

def test_is_silent():
    logger.info("placed", order_id="ord_1")
"""


def test_a_test_that_logs_a_planted_value_fails_and_only_it(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    pytester.makepyfile(LEAKING)
    pytester.makeconftest(
        "from tests.log_watch import LogWatch\n"
        "def pytest_configure(config):\n"
        "    config.pluginmanager.register(LogWatch())\n"
    )

    result = pytester.runpytest_subprocess("-p", "no:cacheprovider")

    result.assert_outcomes(passed=3, failed=1, errors=3)
    text = result.stdout.str()
    shown, _, _summary = text.partition("short test summary info")
    assert shown.count("This must not be logged:") == 3
    assert "recipient: '欧阳植入者' in: " in text
    assert "phone: '0571-88881234' in: " in text


def logged(watch: LogWatch, message: str, **more: object) -> list[str]:
    given = {"name": OURS, "msg": message, "levelno": logging.INFO, "levelname": "INFO", **more}
    record = logging.makeLogRecord(given)
    watch.handle(record)
    return watch.found()


@pytest.mark.parametrize("value", ["欧阳植入者", '植入"路', "0571-88881234", "a planted key"])
def test_a_value_is_found_in_message_and_field_as_it_is_and_escaped(value: str) -> None:
    planted = Planted()
    planted.plant("it", value)
    watch = LogWatch(planted)

    assert len(logged(watch, f"for {value}.")) >= 1
    assert len(logged(watch, "for", order={"address": [value]})) >= 1
    assert planted.found_in(json.dumps({"to": value})) != []
    assert logged(watch, "for nobody") == []


def test_of_libraries_only_warnings_are_heard() -> None:
    planted = Planted()
    planted.plant("it", "a planted key")
    watch = LogWatch(planted)

    assert logged(watch, "a planted key", name="botocore.auth") == []
    assert logged(watch, "a planted key", name="urllib3", levelno=logging.WARNING) != []


def test_what_is_for_good_outlives_the_module() -> None:
    planted = Planted()
    planted.plant("a key", "planted key", for_good=True)
    planted.plant("a name", "planted name")
    planted.forget()
    assert planted.found_in("planted key, planted name") == [
        "a key: 'planted key' in: planted key, planted name"
    ]


def test_texts_that_say_nothing_are_not_looked_for() -> None:
    planted = Planted()
    for value in ("", "Lin", "满", 7, None):
        planted.plant("it", value)
    assert planted.found_in("Lin has 7 of 满") == []


def test_whatever_a_request_says_of_a_person_is_planted() -> None:
    planted = Planted()
    planted.plant_body(
        {
            "sku_id": "apples-5",
            "address": {"recipient": "欧阳植入者", "city": "杭州市"},
            "custom_fields": {"engraving": "致植入"},
            "more": [{"real_name": "林植入"}],
        }
    )
    found = planted.found_in("apples-5 欧阳植入者 杭州市 致植入 林植入")
    assert [one.partition(":")[0] for one in found] == [
        "recipient",
        "custom_fields.engraving",
        "real_name",
    ]


def test_the_secrets_of_a_shop_are_planted() -> None:
    planted = Planted()
    given = {
        "app_secret": "planted app secret",
        "api_v3_key": "planted APIv3 key",
        "message_token": "planted token",
        "message_aes_key": "planted AES key",
        "merchant_private_key": "begin\nplanted line\nend",
        "merchant_serial": "anybody may know",
    }
    plant_credentials(planted, given)
    planted.forget()
    assert len(planted.found_in("\n".join(given.values()))) == 5


@pytest.mark.parametrize(
    ("what", "text"),
    [
        ("a session token", '"token": "eyJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJrYWl0dWFuIn0.x"'),
        ("a private key", "-----BEGIN PRIVATE KEY-----"),
        ("a mobile number", '"phone": "13800001234"'),
        ("a citizen's id number", "11010519491231002X"),
        ("an openid or unionid", '"openid": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"'),
        ("a signature or another long key", "9f" * 68),
    ],
)
def test_some_things_are_known_by_their_looks(what: str, text: str) -> None:
    assert [one.partition(":")[0] for one in Planted().found_in(text)] == [what]


@pytest.mark.parametrize(
    "text",
    [
        '{"order_id": "ord_7k2m9qx4b8t1n6v3c5abcdefgh", "at": 1795348800, "ms": 1795348800000}',
        "transaction 4200001234202611221234567890, merchant 1900000001",
        "https://shop.test/v1/orders, others_are_to_be_paid_later_on, 2026-11-22T12:00:00.000Z",
        "sha256 2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824",
    ],
)
def test_our_own_ids_and_times_look_like_nothing_of_the_kind(text: str) -> None:
    assert Planted().found_in(text) == []
    assert len(FORMS) == 6
