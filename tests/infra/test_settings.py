"""The parameters of Parameter Store: which must be there, and how long what was read is kept."""

import json
from collections.abc import Iterator

import pytest
from moto import mock_aws
from pydantic import ValidationError

from chalicelib.gateways.message_push import MessagePush, MessagePushOff
from chalicelib.kit import aws
from chalicelib.settings import Environment, ParameterStore, Secrets
from chalicelib.wiring import Wiring
from tests.fakes import FakeClock
from tests.tables import REGION

PREFIX = "/kaituan/test"
NEEDED = {
    "session_signing_keys": json.dumps(["a signing key that only tests ever use"]),
    "wechat_app_secret": "an app secret",
    "wechat_merchant_private_key": "a private key",
    "wechat_merchant_serial": "a serial",
    "wechat_api_v3_key": "an APIv3 key",
    "wechat_public_keys": json.dumps({"PUB_KEY_ID_1": "a public key"}),
    "public_base_url": "https://shop.test",
}
OPTIONAL = {
    "wechat_message_token": "a token",
    "wechat_message_aes_key": "k" * 43,
    "payee_keys": json.dumps({"1": "a payee key"}),
    "draw_keys": json.dumps({"1": "a draw key"}),
}


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def store(clock: FakeClock) -> Iterator[ParameterStore]:
    with pytest.MonkeyPatch.context() as patch, mock_aws():
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
            patch.setenv(name, "test")
        patch.setenv("AWS_DEFAULT_REGION", REGION)
        aws.forget_clients()
        yield ParameterStore(PREFIX, clock=clock)
    aws.forget_clients()


def put(values: dict[str, str]) -> None:
    for name, value in values.items():
        aws.client("ssm").put_parameter(
            Name=f"{PREFIX}/{name}", Value=value, Type="SecureString", Overwrite=True
        )


def seconds_kept(store: ParameterStore, clock: FakeClock) -> int:
    """How long it takes until a changed parameter is seen."""
    assert store.secrets().wechat_app_secret != "another"
    put({"wechat_app_secret": "another"})
    for second in range(400):
        if store.secrets().wechat_app_secret == "another":
            return second
        clock.advance(1)
    raise AssertionError("it is never seen")


def test_what_may_be_missing_is_not_waited_for(store: ParameterStore, clock: FakeClock) -> None:
    put(NEEDED)
    assert store.secrets().missing(*OPTIONAL) == tuple(OPTIONAL)
    assert seconds_kept(store, clock) == 300


@pytest.mark.parametrize("name", sorted(set(NEEDED) - {"wechat_app_secret"}))
def test_what_must_be_there_is_looked_for_again_soon(
    store: ParameterStore, clock: FakeClock, name: str
) -> None:
    put({**OPTIONAL, **{other: NEEDED[other] for other in NEEDED if other != name}})
    assert seconds_kept(store, clock) == 5


def test_all_of_them_are_read(store: ParameterStore) -> None:
    put({**NEEDED, **OPTIONAL})
    secrets = store.secrets()
    assert secrets.missing(*Secrets.model_fields) == ()
    assert secrets.payee_keys == {"1": "a payee key"}
    assert secrets.draw_keys == {"1": "a draw key"}


def test_the_repr_of_the_secrets_shows_none() -> None:
    planted = Secrets(
        wechat_message_token="planted",
        wechat_message_aes_key="planted",
        payee_keys={"1": "planted"},
        draw_keys={"1": "planted"},
    )
    assert "planted" not in repr(planted)


def test_the_message_push_is_off_until_its_parameters_are_there() -> None:
    environment = Environment(wechat_app_id="wx2421b1c4370ec43b")
    secrets = Secrets(wechat_message_token="t", wechat_message_aes_key="k" * 43)
    assert isinstance(Wiring(environment=environment, _secrets=secrets).message_push, MessagePush)
    less = secrets.model_copy(update={"wechat_message_aes_key": None})
    for wired in (
        Wiring(environment=environment, _secrets=less),
        Wiring(environment=Environment(), _secrets=secrets),
    ):
        assert isinstance(wired.message_push, MessagePushOff)


def test_the_build_of_the_mini_program_is_one_of_three() -> None:
    assert Environment().wechat_env_version == "release"
    assert Environment.model_validate({"wechat_env_version": "trial"}).wechat_env_version == "trial"
    with pytest.raises(ValidationError):
        Environment.model_validate({"wechat_env_version": "beta"})
