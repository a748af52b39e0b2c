"""`make secrets`: what is given is looked at, what is ours is made, and nothing is overwritten or
shown.
"""

import datetime as dt
import json
from base64 import b64decode
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from rich.console import Console

from chalicelib.kit.sealing import seal, unseal
from chalicelib.settings import Secrets
from infra.local.wechat.credentials import Credentials
from infra.secrets.__main__ import from_files, from_json
from infra.secrets.kinds import JSON_PARAMETERS, PARAMETERS
from infra.secrets.set_up import Ask, Given, NotSetUp, set_up
from infra.secrets.store import Store

PREFIX = "/kaituan/test"
WECHAT = Credentials.generate()
SERIAL = 0x0A1B2C3D4E5F60718293A4B5C6D7E8F901234567
KEY_ID = WECHAT.active_key.key_id
OURS = {
    "session_signing_keys",
    "wechat_message_token",
    "wechat_message_aes_key",
    "payee_keys",
    "draw_keys",
}


class FakeParameterStore:
    """Parameter Store as its API reference has it: a kind is for ever, and so is what is there
    unless it is overwritten.
    """

    def __init__(self) -> None:
        self.held: dict[str, tuple[str, str]] = {}

    def get_paginator(self, operation: str) -> "FakeParameterStore":
        assert operation == "get_parameters_by_path"
        return self

    def paginate(self, Path: str, WithDecryption: bool) -> list[dict[str, Any]]:  # noqa: N803
        assert (Path, WithDecryption) == (PREFIX, True)
        return [
            {"Parameters": [{"Name": name, "Value": value, "Type": kind}]}
            for name, (value, kind) in self.held.items()
        ]

    def put_parameter(self, **asked: Any) -> None:
        name, kind = asked["Name"], asked["Type"]
        assert asked["Overwrite"] is (name in self.held)
        assert not asked["Overwrite"] or self.held[name][1] == kind
        self.held[name] = (asked["Value"], kind)

    def delete_parameter(self, Name: str) -> None:  # noqa: N803
        del self.held[Name]

    def value(self, name: str) -> str:
        return self.held[f"{PREFIX}/{name}"][0]


def certificate(of: Credentials) -> str:
    key = load_pem_private_key(of.merchant_private_key_pem.encode(), None)
    assert isinstance(key, RSAPrivateKey)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, of.merchant_id)])
    begins = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    builder = x509.CertificateBuilder(
        name, name, key.public_key(), SERIAL, begins, begins + dt.timedelta(days=1825)
    )
    return builder.sign(key, SHA256()).public_bytes(Encoding.PEM).decode()


GIVEN = {
    "wechat_app_secret": WECHAT.app_secret,
    "wechat_merchant_private_key": WECHAT.merchant_private_key_pem,
    "wechat_merchant_serial": certificate(WECHAT),
    "wechat_api_v3_key": WECHAT.api_v3_key,
    "wechat_public_keys": WECHAT.active_key.public_key_pem,
    "public_base_url": "https://api.shop.example.com",
}


@pytest.fixture
def held() -> FakeParameterStore:
    return FakeParameterStore()


def bring(
    held: FakeParameterStore, given: Given, ask: Ask | None = None, console: Console | None = None
) -> bool:
    return set_up(Store(held, PREFIX), given, ask, console or Console(quiet=True))


def test_it_knows_every_parameter_of_the_functions() -> None:
    assert {parameter.name for parameter in PARAMETERS} == set(Secrets.model_fields)
    assert {parameter.name for parameter in PARAMETERS if parameter.make} == OURS
    annotated = Secrets.model_fields.items()
    structured = {name for name, field in annotated if str(field.annotation) != "str | None"}
    assert structured == JSON_PARAMETERS


def test_what_is_given_is_written_encrypted_and_what_is_ours_is_made(
    held: FakeParameterStore,
) -> None:
    assert bring(held, Given(GIVEN, key_id=KEY_ID))

    kinds = {name.rpartition("/")[2]: kind for name, (_, kind) in held.held.items()}
    assert set(kinds) == set(Secrets.model_fields)
    assert [name for name, kind in kinds.items() if kind == "String"] == ["public_base_url"]
    assert held.value("wechat_merchant_serial") == f"{SERIAL:040X}"
    keys = json.loads(held.value("wechat_public_keys"))
    assert keys == {KEY_ID: WECHAT.active_key.public_key_pem}
    (session_key,) = json.loads(held.value("session_signing_keys"))
    assert len(session_key) >= 43
    for name in ("payee_keys", "draw_keys"):
        assert [len(b64decode(key)) for key in json.loads(held.value(name)).values()] == [32]
    assert held.value("payee_keys") != held.value("draw_keys")


def test_nothing_that_is_there_is_overwritten(held: FakeParameterStore) -> None:
    bring(held, Given(GIVEN, key_id=KEY_ID))
    before = dict(held.held)

    assert bring(held, Given())
    with pytest.raises(NotSetUp, match=r"there already: wechat_app_secret.*--replace"):
        bring(held, Given({"wechat_app_secret": "0" * 32}))
    assert held.held == before


def test_a_replaced_key_of_ours_comes_first_and_the_former_ones_stay(
    held: FakeParameterStore,
) -> None:
    bring(held, Given(GIVEN, key_id=KEY_ID))
    sealed = seal("张三", json.loads(held.value("payee_keys")), about="m1")
    former = {name: json.loads(held.value(name)) for name in ("session_signing_keys", "payee_keys")}
    token = held.value("wechat_message_token")

    replaced = ("session_signing_keys", "payee_keys", "wechat_message_token")
    assert bring(held, Given(replace=replaced))

    new, *old = json.loads(held.value("session_signing_keys"))
    assert (old, new in old) == (former["session_signing_keys"], False)
    keys = json.loads(held.value("payee_keys"))
    assert list(keys) == ["2", "1"]
    assert keys["1"] == former["payee_keys"]["1"]
    assert unseal(sealed, keys, about="m1") == "张三"
    assert held.value("wechat_message_token") != token


def test_given_again_with_replace_it_is_written_anew(held: FakeParameterStore) -> None:
    bring(held, Given(GIVEN, key_id=KEY_ID))
    assert bring(held, Given({"wechat_app_secret": "0" * 32}, replace=("wechat_app_secret",)))
    assert held.value("wechat_app_secret") == "0" * 32


def test_a_secret_that_lay_in_the_open_is_written_encrypted(held: FakeParameterStore) -> None:
    bring(held, Given(GIVEN, key_id=KEY_ID))
    name = f"{PREFIX}/wechat_api_v3_key"
    held.held[name] = (WECHAT.api_v3_key, "String")

    console = Console(record=True, width=200)
    assert not bring(held, Given(), console=console)
    assert "not encrypted, so not used: --replace wechat_api_v3_key" in console.export_text()
    assert bring(held, Given({"wechat_api_v3_key": "k" * 32}, replace=("wechat_api_v3_key",)))
    assert held.held[name] == ("k" * 32, "SecureString")


@pytest.mark.parametrize(
    ("name", "value", "complaint"),
    [
        ("wechat_app_secret", "planted-secret", "is not 32 digits and letters a to f"),
        ("wechat_merchant_private_key", "planted-secret", "is not a private key in PEM"),
        (
            "wechat_merchant_private_key",
            WECHAT.active_key.public_key_pem,
            "is not a private key in PEM",
        ),
        ("wechat_merchant_serial", "planted-secret", "is not a serial number"),
        ("wechat_merchant_serial", "-----BEGIN CERTIFICATE-----\nplanted-secret", "cannot be read"),
        ("wechat_api_v3_key", "planted-secret", "is not 32 bytes long"),
        ("wechat_public_keys", '{"PUB_KEY_ID_1": "planted-secret"}', "PUB_KEY_ID_1 is not an RSA"),
        ("wechat_public_keys", "[]", "is not a JSON object of PEM texts"),
        ("session_signing_keys", '["planted-secret"]', "fewer than 32 characters"),
        ("payee_keys", '{"1": "planted-secret"}', "1 is not 32 bytes in base64"),
        ("wechat_message_token", "planted-secret", "is not 3 to 32 letters and digits"),
        ("wechat_message_aes_key", "planted-secret", "is not 43 letters and digits"),
        ("public_base_url", "http://api.shop.example.com", "does not begin with https://"),
        ("public_base_url", "https://api.shop.example.com/?a=1", "has a query string"),
        ("public_base_url", "https://lin@api.shop.example.com", "is not an address"),
    ],
)
def test_what_cannot_be_used_is_refused_and_not_quoted(
    held: FakeParameterStore, name: str, value: str, complaint: str
) -> None:
    with pytest.raises(NotSetUp) as refused:
        bring(held, Given({**GIVEN, name: value}, key_id=KEY_ID))
    assert complaint in str(refused.value)
    assert "planted" not in str(refused.value)
    assert held.held == {}


def test_the_certificate_of_another_key_is_refused(held: FakeParameterStore) -> None:
    given = {**GIVEN, "wechat_merchant_serial": certificate(Credentials.generate())}
    with pytest.raises(NotSetUp, match="not the certificate of wechat_merchant_private_key"):
        bring(held, Given(given, key_id=KEY_ID))
    assert held.held == {}


def test_a_public_key_needs_its_id_and_a_certificate_has_one(held: FakeParameterStore) -> None:
    with pytest.raises(NotSetUp, match="--key-id PUB_KEY_ID_"):
        bring(held, Given(GIVEN))
    platform = certificate(WECHAT)
    assert bring(held, Given({**GIVEN, "wechat_public_keys": platform}))
    assert list(json.loads(held.value("wechat_public_keys"))) == [f"{SERIAL:040X}"]


def test_who_is_asked_is_asked_for_what_is_missing_only_and_again_when_it_cannot_be_used(
    held: FakeParameterStore,
) -> None:
    answers = {
        "wechat_app_secret": ["not one", WECHAT.app_secret],
        "wechat_merchant_private_key": [WECHAT.merchant_private_key_pem],
        "wechat_merchant_serial": [certificate(WECHAT)],
        "wechat_api_v3_key": [WECHAT.api_v3_key],
        "wechat_public_keys": [WECHAT.active_key.public_key_pem],
        "the id of that key, PUB_KEY_ID_… beside it in the console": [KEY_ID],
    }
    asked: list[tuple[str, bool]] = []

    def ask(question: str, is_secret: bool) -> str:
        name = question.partition(":")[0]
        asked.append((name, is_secret))
        return answers[name].pop(0)

    given = {"public_base_url": GIVEN["public_base_url"]}
    assert bring(held, Given(given), ask)

    assert asked == [
        ("wechat_app_secret", True),
        ("wechat_app_secret", True),
        ("wechat_merchant_private_key", False),
        ("wechat_merchant_serial", False),
        ("wechat_api_v3_key", True),
        ("wechat_public_keys", False),
        ("the id of that key, PUB_KEY_ID_… beside it in the console", False),
    ]
    assert set(Secrets.model_fields) == {name.rpartition("/")[2] for name in held.held}


def test_what_is_left_for_later_is_missing_and_the_rest_is_written(
    held: FakeParameterStore,
) -> None:
    console = Console(record=True, width=200)
    assert not bring(held, Given(), lambda _question, _is_secret: "", console)
    assert {name.rpartition("/")[2] for name in held.held} == OURS
    said = console.export_text()
    assert "✗ wechat_app_secret" in said
    assert "missing: signing in, notices and codes off" in said


def test_no_value_is_ever_shown(held: FakeParameterStore) -> None:
    console = Console(record=True, width=400)
    bring(held, Given(GIVEN, key_id=KEY_ID), console=console)
    bring(held, Given(replace=("payee_keys",)), console=console)
    said = console.export_text()
    for name, (value, _) in held.held.items():
        if not name.endswith("public_base_url"):
            assert value not in said
            assert value[8:24] not in said


def test_values_come_from_files_and_from_json_and_not_from_the_command_line(
    tmp_path: Path,
) -> None:
    path = tmp_path / "apiclient_key.pem"
    path.write_text("the key", encoding="utf-8")
    assert from_files([f"wechat_merchant_private_key={path}"]) == {
        "wechat_merchant_private_key": "the key"
    }
    with pytest.raises(NotSetUp) as refused:
        from_files([f"wechat_api_v3_key={WECHAT.api_v3_key}"])
    assert WECHAT.api_v3_key not in str(refused.value)
    with pytest.raises(NotSetUp, match="NAME=PATH"):
        from_files(["wechat_secret=x"])
    given = '{"wechat_app_secret": "0", "wechat_public_keys": {"PUB_KEY_ID_1": "pem"}}'
    assert from_json(given) == {
        "wechat_app_secret": "0",
        "wechat_public_keys": '{"PUB_KEY_ID_1": "pem"}',
    }
    with pytest.raises(NotSetUp, match="not a JSON object"):
        from_json("wechat_app_secret=0")
    with pytest.raises(NotSetUp, match="there is no parameter wechat_secret"):
        Given({"wechat_secret": "x"})
