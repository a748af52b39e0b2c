"""The environment as one model, read on first use; and the secrets of Parameter Store, fetched
once and kept a while.

A missing secret is None here, and whoever needs it is switched off, never unchecked. A secret that
is not stored encrypted counts as missing.
"""

import json
import os
from collections.abc import Mapping
from functools import cache
from typing import Any, Literal

from aws_lambda_powertools import Logger
from botocore.exceptions import BotoCoreError, ClientError
from pydantic import BaseModel, ConfigDict, Field

from chalicelib.kit.aws import client
from chalicelib.kit.clock import Clock, after

logger = Logger()


class Environment(BaseModel):
    """What the deployment sets on each function. Names are the environment variables in
    capitals.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    stage: str = "test"
    parameter_prefix: str = "/kaituan/test"
    refund_queue_url: str = ""
    files_bucket: str = ""
    aws_lambda_function_name: str = ""
    wechat_app_id: str = ""
    wechat_merchant_id: str = ""
    wechat_pay_base_url: str = "https://api.mch.weixin.qq.com"
    wechat_api_base_url: str = "https://api.weixin.qq.com"
    wechat_env_version: Literal["release", "trial", "develop"] = "release"
    allowed_origins: str = ""
    session_life_seconds: int = Field(default=7 * 24 * 3600, ge=60)
    admin_takes_money_commands: bool = False
    subscribe_template_ids: str = ""
    service_contact: str = ""

    @property
    def template_ids(self) -> tuple[str, ...]:
        """Templates of subscribe messages that clients ask for beside those of the settings."""
        given = self.subscribe_template_ids.split(",")
        return tuple(part.strip() for part in given if part.strip())

    @property
    def origins(self) -> tuple[str, ...]:
        return tuple(origin.strip() for origin in self.allowed_origins.split(",") if origin.strip())


@cache
def environment() -> Environment:
    """This process's environment; empty variables count as not set."""
    given = {name.lower(): value for name, value in os.environ.items() if value != ""}
    return Environment.model_validate(given)


class Secrets(BaseModel):
    """The parameters under `parameter_prefix`, by their last part. None: not there."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    session_signing_keys: tuple[str, ...] | None = Field(default=None, repr=False)
    wechat_app_secret: str | None = Field(default=None, repr=False)
    wechat_merchant_private_key: str | None = Field(default=None, repr=False)
    wechat_merchant_serial: str | None = None
    wechat_api_v3_key: str | None = Field(default=None, repr=False)
    wechat_public_keys: Mapping[str, str] | None = None
    public_base_url: str | None = None
    wechat_message_token: str | None = Field(default=None, repr=False)
    wechat_message_aes_key: str | None = Field(default=None, repr=False)
    payee_keys: Mapping[str, str] | None = Field(default=None, repr=False)
    draw_keys: Mapping[str, str] | None = Field(default=None, repr=False)

    def missing(self, *names: str) -> tuple[str, ...]:
        """Which of these parameters are not there."""
        return tuple(name for name in names if not getattr(self, name))


_JSON_PARAMETERS = frozenset(
    {"session_signing_keys", "wechat_public_keys", "payee_keys", "draw_keys"}
)
_OPTIONAL = frozenset({"wechat_message_token", "wechat_message_aes_key", "payee_keys", "draw_keys"})
NO_SECRETS = frozenset({"wechat_merchant_serial", "wechat_public_keys", "public_base_url"})
"""What anybody may know; every other parameter has to be encrypted."""
_KEPT_SECONDS = 300
_KEPT_SECONDS_WHILE_INCOMPLETE = 5


class ParameterStore:
    """Reads the secrets with one GetParametersByPath, again after five minutes, so that a rotated
    key arrives by itself.
    """

    def __init__(self, prefix: str, *, clock: Clock) -> None:
        self._prefix = prefix
        self._clock = clock
        self._secrets: Secrets | None = None
        self._read_again_at = clock.now()

    def secrets(self) -> Secrets:
        if self._secrets is None or self._clock.now() >= self._read_again_at:
            self._secrets = self._read(known=self._secrets)
        return self._secrets

    def _read(self, *, known: Secrets | None) -> Secrets:
        """What Parameter Store holds now; what is known, while it cannot be asked."""
        now = self._clock.now()
        self._read_again_at = after(now, _KEPT_SECONDS_WHILE_INCOMPLETE)
        try:
            secrets = Secrets.model_validate(self._fetch())
        except (BotoCoreError, ClientError):
            if known is None:
                raise
            logger.exception("parameters_not_read", alarm="parameters_not_read")
            return known
        if not secrets.missing(*Secrets.model_fields.keys() - _OPTIONAL):
            self._read_again_at = after(now, _KEPT_SECONDS)
        return secrets

    def _fetch(self) -> dict[str, Any]:
        values: dict[str, Any] = {}
        pages = client("ssm").get_paginator("get_parameters_by_path")
        for page in pages.paginate(Path=self._prefix, WithDecryption=True):
            for parameter in page["Parameters"]:
                name = parameter["Name"].rpartition("/")[2]
                if not _may_be_used(name, parameter["Type"]):
                    continue
                text = parameter["Value"]
                values[name] = json.loads(text) if name in _JSON_PARAMETERS else text
        return values


def _may_be_used(name: str, kind: str) -> bool:
    """A secret that lies there in the open is as good as missing: whoever may list parameters can
    read it.
    """
    if name in NO_SECRETS or name not in Secrets.model_fields or kind == "SecureString":
        return True
    logger.error("parameter_not_encrypted", alarm="parameter_not_encrypted", parameter=name)
    return False
