"""Personal data and secrets stay out of the log, whatever goes well or wrong."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import requests
from aws_lambda_powertools.logging.formatter import LambdaPowertoolsFormatter

from chalicelib import wiring
from chalicelib.gateways.wechat_api_http import WechatApiHttp
from chalicelib.kit.aws import client
from chalicelib.kit.endpoint import logger
from tests.shop import SIGNING_KEY, WECHAT_URL, Shop, credentials

PERSON = {
    "recipient": "欧阳植入者",
    "phone": "13955550123",
    "province": "浙江省",
    "city": "杭州市",
    "county": "西湖区",
    "street": "植入街道",
    "detail": "植入路 77 号 3 幢",
    "postal_code": "310099",
}
REMARK = "植入的留言，放门口"
PLANTED = {name: PERSON[name] for name in ("recipient", "phone", "street", "detail")}


class Log:
    """What is written while a story runs, as CloudWatch would get it."""

    def __init__(self, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]):
        caplog.handler.setFormatter(LambdaPowertoolsFormatter())
        caplog.set_level("INFO")
        for name in (logger.name, "urllib3"):
            caplog.set_level("DEBUG", logger=name)
        self._caplog, self._capsys = caplog, capsys

    @property
    def text(self) -> str:
        return self._caplog.text + "".join(self._capsys.readouterr())

    def said(self, message: str) -> int:
        """How often."""
        return sum(record.getMessage() == message for record in self._caplog.records)


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]) -> Log:
    return Log(caplog, capsys)


@pytest.fixture
def session_keys(shop: Shop) -> list[str]:
    """Every session key that WeChat hands out from here on."""
    given: list[str] = []

    def note(response: requests.Response, **_: Any) -> None:
        given.append(response.json().get("session_key", ""))

    def session() -> requests.Session:
        noting = shop._session()
        noting.hooks["response"].append(note)
        return noting

    keys = credentials()
    shop.wiring._wechat_api = WechatApiHttp(
        keys.app_id, keys.app_secret, base_url=WECHAT_URL, session_factory=session
    )
    return given


def secrets_of(shop: Shop) -> Iterator[tuple[str, str]]:
    """What must never be written anywhere, by name."""
    secrets = shop.wiring.secrets
    yield "signing key", SIGNING_KEY
    yield "app secret", str(secrets.wechat_app_secret)
    yield "APIv3 key", str(secrets.wechat_api_v3_key)
    yield "message token", str(secrets.wechat_message_token)
    yield "message key", str(secrets.wechat_message_aes_key)
    for number, line in enumerate(str(secrets.wechat_merchant_private_key).splitlines()[1:-1]):
        yield f"private key, line {number}", line


def leaked(text: str, secrets: dict[str, str]) -> list[str]:
    """Which of them are in the text, as they are or escaped as JSON does."""
    return [
        name for name, value in secrets.items() if value in text or json.dumps(value)[1:-1] in text
    ]


def all_goes_well(shop: Shop) -> dict[str, str]:
    """Sign in, open, join, buy, cancel, refund; the tokens that were used."""
    lin, ann = shop.member("Lin"), shop.member("Ann")
    lin.send("PUT", "/v1/me", {"nickname": "林植入"})
    given: dict[str, Any] = {"address": PERSON, "remark": REMARK}
    leading = lin.opens(**given).pays()
    ann.joins(leading.group_id, **given).pays(times=2)
    shop.settles()
    bought = ann.buys(**given).pays(times=0)
    bought.checks()
    shop.settles()
    bought.asks_refund(reason=REMARK)
    lin.buys(**given).cancels()
    lin.buys(**given)
    shop.passes(901)
    shop.passes(60)
    shop.admin("get_order", order_id=leading.order_id)
    shop.admin("find", phone_last4=PERSON["phone"][-4:])
    shop.admin("cancel_order", order_id=lin.buys(**given).order_id, reason="x")
    assert lin.send("GET", f"/v1/orders/{leading.order_id}")["address"] == PERSON
    return {"token of Lin": lin.token, "token of Ann": ann.token}


def all_goes_wrong(shop: Shop) -> dict[str, str]:
    """Refusals, forgeries, faults, a database out of order and a row that cannot be read."""
    lin = shop.member("Lin")
    given: dict[str, Any] = {"address": PERSON, "remark": REMARK}
    wrong = [
        {**given, "quantity": REMARK},
        {**given, "remark": REMARK * 50},
        {**given, "address": {**PERSON, "phone": PERSON["phone"] + "x"}},
        {**given, "address": {**PERSON, "more": PERSON["detail"]}},
        {**given, "address": PERSON["detail"]},
        {**given, "sku_id": PERSON["phone"] + " "},
        {**given, "sku_id": "nothing"},
        {**given, "quantity": 999},
    ]
    assert {lin.tries_to_buy(**each).status for each in wrong} == {404, 409, 422}
    raw = json.dumps({**shop.purchase(), **given}, ensure_ascii=False)[:-1].encode()
    shop.send("POST", "/v1/orders", raw, token=lin.token, headers={"Idempotency-Key": "broken-1"})
    lin.send("GET", f"/v1/orders?phone={PERSON['phone']}")
    lin.send("GET", f"/v1/orders/{PERSON['phone']}")
    shop.send("GET", "/v1/me", token=f"{lin.token}x")
    for fault in ("error_before", "bad_signature", "garbage", "timeout_before"):
        shop.sandbox.add_fault("/v3/pay/transactions/jsapi", fault)
        assert lin.tries_to_buy(**given)["payment_state"] == "unavailable"
    shop.sandbox.add_fault("/sns/jscode2session", "garbage")
    shop.send("POST", "/v1/sessions", {"code": shop.sandbox.login_code("Bo").code})
    for corrupt in ("signature", "body", "amount", "merchant", "appid", "order"):
        lin.buys(**given).pays(corrupt=corrupt)
    for operation in ("BatchGetItem", "TransactWriteItems"):
        with shop.database_fails(operation):
            assert lin.tries_to_buy(**given).status == 503
    order = lin.buys(**given)
    shop.break_row("orders", order.order_id, "placed_at", {"S": "not a time"})
    assert lin.send("GET", f"/v1/orders/{order.order_id}").status == 503
    shop.passes(901)
    return {"token of Lin": lin.token}


@pytest.mark.parametrize("story", [all_goes_well, all_goes_wrong])
def test_nothing_of_a_person_and_no_secret_is_ever_logged(
    shop: Shop, log: Log, session_keys: list[str], story: Any
) -> None:
    tokens = story(shop)
    text = log.text

    assert log.said("answered") > 10
    assert leaked(text, {**PLANTED, "remark": REMARK, "nickname": "林植入"}) == []
    assert leaked(text, {**tokens, **dict(secrets_of(shop))}) == []
    assert len([key for key in session_keys if key]) >= 1
    assert leaked(text, {f"session key {key}": key for key in session_keys if key}) == []
    openids = {name: shop.sandbox.login_code(name).openid for name in ("Lin", "Ann")}
    assert leaked(text, openids) == []


def test_our_mistakes_are_in_the_log_with_an_alarm(shop: Shop, log: Log) -> None:
    lin = shop.member("Lin")
    order = lin.buys(address=PERSON)
    shop.break_row("orders", order.order_id, "placed_at", {"S": "not a time"})

    lin.send("GET", f"/v1/orders/{order.order_id}")
    with shop.database_fails("GetItem"):
        lin.send("GET", "/v1/me")

    lines = [json.loads(line) for line in log.text.splitlines()]
    alarms = [line.get("alarm") for line in lines if "alarm" in line]
    assert alarms == ["unexpected", "aws_unavailable"]
    assert all("exception" in line for line in lines if "alarm" in line)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("session_signing_keys", json.dumps("planted-signing-key-of-32-characters")),
        ("session_signing_keys", "planted-signing-key-of-32-characters"),
        ("session_signing_keys", json.dumps({"planted-signing-key": 1})),
        ("session_signing_keys", json.dumps(["planted-but-too-short"])),
        ("wechat_public_keys", json.dumps(["planted-public-key"])),
    ],
)
def test_a_parameter_of_the_wrong_form_is_our_mistake_and_not_shown(
    shop: Shop, log: Log, name: str, value: str
) -> None:
    lin = shop.member("Lin")
    prefix = shop.wiring.environment.parameter_prefix
    parameter = {"Name": f"{prefix}/{name}", "Value": value, "Type": "SecureString"}
    client("ssm").put_parameter(**parameter)
    wiring.use(replace(shop.wiring, _secrets=None))

    reply = lin.send("GET", "/v1/me")
    client("ssm").delete_parameter(Name=parameter["Name"])

    assert (reply.status, reply.code) == (503, "try_again")
    assert log.said("unexpected") == 1
    assert "planted" not in log.text + json.dumps(reply.content)


def test_a_credential_of_the_wrong_form_is_named_and_not_shown(shop: Shop, log: Log) -> None:
    lin = shop.member("Lin")
    planted = {
        "wechat_merchant_private_key": "planted-private-key",
        "wechat_api_v3_key": "planted-api-v3-key",
        "wechat_public_keys": {"PUB_KEY_ID_1": "planted-public-key"},
    }
    secrets = shop.wiring.secrets.model_copy(update=planted)
    here = shop.wiring.environment.model_copy(update={"wechat_pay_base_url": WECHAT_URL})
    wiring.use(
        replace(shop.wiring, environment=here, _secrets=secrets, _wechat_pay=None, _made_from={})
    )

    reply = lin.tries_to_buy()

    assert (reply.status, reply["payment_state"]) == (201, "unavailable")
    assert "planted" not in log.text + json.dumps(reply.content)
