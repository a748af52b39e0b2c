"""The Parameter Store entries of the local stage: the secrets that on AWS an operator puts there.

Must never hold a real merchant's key: all of them are made up by the WeChat sandbox or here.
"""

import json
import secrets
from base64 import b64encode
from typing import Any

from infra.local.emulator import client
from infra.local.wechat.credentials import Credentials

SESSION_KEY_BYTES = 32
SEALING_KEY_BYTES = 32


def put_secrets(aws_url: str, prefix: str, credentials: Credentials) -> None:
    """Writes what the functions read under `prefix`, the callback address excepted."""
    public_keys = {key.key_id: key.public_key_pem for key in credentials.platform_keys}
    values = {
        "session_signing_keys": json.dumps([secrets.token_urlsafe(SESSION_KEY_BYTES)]),
        "wechat_app_secret": credentials.app_secret,
        "wechat_merchant_private_key": credentials.merchant_private_key_pem,
        "wechat_merchant_serial": credentials.merchant_serial,
        "wechat_api_v3_key": credentials.api_v3_key,
        "wechat_public_keys": json.dumps(public_keys),
        "wechat_message_token": credentials.message_token,
        "wechat_message_aes_key": credentials.message_aes_key,
        "payee_keys": json.dumps({"1": _sealing_key()}),
        "draw_keys": json.dumps({"1": _sealing_key()}),
    }
    parameter_store = client("ssm", aws_url)
    for name, value in values.items():
        _put(parameter_store, f"{prefix}/{name}", value, "SecureString")


def _sealing_key() -> str:
    return b64encode(secrets.token_bytes(SEALING_KEY_BYTES)).decode()


def put_public_base_url(aws_url: str, prefix: str, url: str) -> None:
    """Writes where WeChat reaches the API; known only once the API is deployed."""
    _put(client("ssm", aws_url), f"{prefix}/public_base_url", url, "String")


def _put(parameter_store: Any, name: str, value: str, kind: str) -> None:
    parameter_store.put_parameter(Name=name, Value=value, Type=kind, Overwrite=True)
