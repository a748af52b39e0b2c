"""Secrets come from Parameter Store, encrypted, and from nowhere else."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from moto import mock_aws

from chalicelib.kit import aws
from chalicelib.settings import NO_SECRETS, Environment, ParameterStore, Secrets
from infra.package import Package
from infra.template import CHALICE_CONFIG
from tests.fakes import FakeClock
from tests.tables import REGION

PREFIX = "/kaituan/test"
SECRET = sorted(set(Secrets.model_fields) - NO_SECRETS)
VALUES = {
    "session_signing_keys": json.dumps(["planted signing key that only tests use"]),
    "payee_keys": json.dumps({"1": "planted payee key"}),
    "draw_keys": json.dumps({"1": "planted draw key"}),
    "wechat_public_keys": json.dumps({"PUB_KEY_ID_1": "a public key"}),
}
SECRET_WORDS = ("secret", "private", "token", "password", "key")


@pytest.fixture
def store() -> Iterator[ParameterStore]:
    with pytest.MonkeyPatch.context() as patch, mock_aws():
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
            patch.setenv(name, "test")
        patch.setenv("AWS_DEFAULT_REGION", REGION)
        aws.forget_clients()
        yield ParameterStore(PREFIX, clock=FakeClock())
    aws.forget_clients()


def put(name: str, kind: str) -> None:
    value = VALUES.get(name, f"planted {name}")
    aws.client("ssm").put_parameter(Name=f"{PREFIX}/{name}", Value=value, Type=kind)


def test_these_are_secret() -> None:
    assert SECRET == [
        "draw_keys",
        "payee_keys",
        "session_signing_keys",
        "wechat_api_v3_key",
        "wechat_app_secret",
        "wechat_merchant_private_key",
        "wechat_message_aes_key",
        "wechat_message_token",
    ]


@pytest.mark.parametrize("name", SECRET)
def test_a_secret_that_is_not_encrypted_counts_as_missing_and_is_named_in_the_log(
    store: ParameterStore, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    for other in SECRET:
        put(other, "String" if other == name else "SecureString")

    secrets = store.secrets()

    assert secrets.missing(*SECRET) == (name,)
    found = [(record.getMessage(), vars(record)["parameter"]) for record in caplog.records]
    assert found == [("parameter_not_encrypted", name)]
    assert "planted" not in caplog.text


def test_what_is_no_secret_may_lie_there_in_the_open(store: ParameterStore) -> None:
    for name in NO_SECRETS:
        put(name, "String")
    assert store.secrets().missing(*NO_SECRETS) == ()


def test_secrets_are_asked_for_decrypted_in_one_go(store: ParameterStore) -> None:
    for name in SECRET:
        put(name, "SecureString")
    asked: list[tuple[str, Any]] = []

    def note(model: Any, params: Any, **_: Any) -> None:
        asked.append((model.name, json.loads(params["body"])))

    aws.client("ssm").meta.events.register("before-call.ssm", note)

    assert store.secrets().wechat_app_secret == "planted wechat_app_secret"
    assert asked == [("GetParametersByPath", {"Path": PREFIX, "WithDecryption": True})]


def test_no_secret_comes_from_the_environment() -> None:
    assert set(Environment.model_fields) & set(Secrets.model_fields) == set()
    named = [name for name in Environment.model_fields if any(w in name for w in SECRET_WORDS)]
    assert named == []


def test_no_stage_and_no_template_sets_a_secret(packaged: Package) -> None:
    config = json.loads(CHALICE_CONFIG.read_text(encoding="utf-8"))
    stages = [config, *config["stages"].values()]
    functions = [one for stage in stages for one in stage.get("lambda_functions", {}).values()]
    template = packaged.read_template()
    merged = template["Globals"]["Function"]["Environment"]["Variables"]
    own = [
        resource["Properties"].get("Environment", {}).get("Variables", {})
        for resource in template["Resources"].values()
    ]
    given = [merged, *own, *(one.get("environment_variables", {}) for one in [*stages, *functions])]
    names = {name.lower() for variables in given for name in variables}

    assert {"wechat_app_id", "table_prefix"} <= names
    assert names & set(Secrets.model_fields) == set()
    assert [name for name in names if any(word in name for word in SECRET_WORDS)] == []
    parameters = {name.lower() for name in template["Parameters"]}
    assert [name for name in parameters if any(word in name for word in SECRET_WORDS)] == []
