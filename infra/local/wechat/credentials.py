"""Both sides' keys: the merchant's key pair, WeChat Pay's, the APIv3 key, the app secret, and the
secrets of the message push.

Generated afresh and kept in a file of the local stack only. A real merchant's key must never
be put here.
"""

import dataclasses
import json
import secrets
import string
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.rsa import (
    RSAPrivateKey,
    RSAPublicKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.serialization import load_pem_private_key

KEY_BITS = 2048
API_V3_KEY_BYTES = 32
MESSAGE_AES_KEY_CHARACTERS = 43
ALPHANUMERIC = string.ascii_letters + string.digits


@dataclass(frozen=True)
class PlatformKey:
    """One of WeChat Pay's signing keys, known by its public-key id."""

    key_id: str
    private_key_pem: str

    @cached_property
    def private_key(self) -> RSAPrivateKey:
        return _load(self.private_key_pem)

    @cached_property
    def public_key(self) -> RSAPublicKey:
        return self.private_key.public_key()

    @property
    def public_key_pem(self) -> str:
        return _public_pem(self.public_key)


@dataclass(frozen=True)
class Credentials:
    """`platform_keys[0]` is the active key: it signs whatever names no other."""

    app_id: str
    app_secret: str
    merchant_id: str
    merchant_serial: str
    merchant_private_key_pem: str
    api_v3_key: str
    message_token: str
    message_aes_key: str
    platform_keys: tuple[PlatformKey, ...]

    @classmethod
    def generate(cls) -> "Credentials":
        return cls(
            app_id=f"wx{secrets.token_hex(8)}",
            app_secret=secrets.token_hex(16),
            merchant_id=f"19{secrets.randbelow(10**8):08d}",
            merchant_serial=secrets.token_hex(20).upper(),
            merchant_private_key_pem=_new_private_pem(),
            api_v3_key=secrets.token_hex(API_V3_KEY_BYTES // 2),
            message_token=_new_message_token(),
            message_aes_key=_new_message_aes_key(),
            platform_keys=(_new_platform_key(),),
        )

    @classmethod
    def load(cls, path: Path) -> "Credentials":
        """What an older file lacks is made, and is kept only by `save`."""
        stored = json.loads(path.read_text(encoding="utf-8"))
        stored.setdefault("message_token", _new_message_token())
        stored.setdefault("message_aes_key", _new_message_aes_key())
        keys = tuple(PlatformKey(**key) for key in stored.pop("platform_keys"))
        return cls(platform_keys=keys, **stored)

    def save(self, path: Path) -> None:
        """Written for this user's eyes only."""
        path.touch(mode=0o600, exist_ok=True)
        path.chmod(0o600)
        path.write_text(json.dumps(dataclasses.asdict(self), indent=1), encoding="utf-8")

    @classmethod
    def load_or_generate(cls, path: Path) -> "Credentials":
        credentials = cls.load(path) if path.exists() else cls.generate()
        credentials.save(path)
        return credentials

    def with_new_platform_key(self) -> "Credentials":
        """A rotation at WeChat Pay's side: a new active key, the former ones still good."""
        keys = (_new_platform_key(), *self.platform_keys)
        return dataclasses.replace(self, platform_keys=keys)

    @property
    def active_key(self) -> PlatformKey:
        return self.platform_keys[0]

    def find_platform_key(self, key_id: str) -> PlatformKey | None:
        return next((key for key in self.platform_keys if key.key_id == key_id), None)

    @cached_property
    def merchant_private_key(self) -> RSAPrivateKey:
        return _load(self.merchant_private_key_pem)

    @cached_property
    def merchant_public_key(self) -> RSAPublicKey:
        return self.merchant_private_key.public_key()

    def to_parameters(self) -> dict[str, str]:
        """What the merchant knows, and so what the shop under test may be given."""
        return {
            "app_id": self.app_id,
            "app_secret": self.app_secret,
            "mch_id": self.merchant_id,
            "merchant_serial": self.merchant_serial,
            "merchant_private_key": self.merchant_private_key_pem,
            "api_v3_key": self.api_v3_key,
            "message_token": self.message_token,
            "message_aes_key": self.message_aes_key,
            "wechat_public_key_id": self.active_key.key_id,
            "wechat_public_key": self.active_key.public_key_pem,
        }


def _new_message_token() -> str:
    return secrets.token_hex(16)


def _new_message_aes_key() -> str:
    return "".join(secrets.choice(ALPHANUMERIC) for _ in range(MESSAGE_AES_KEY_CHARACTERS))


def _new_platform_key() -> PlatformKey:
    return PlatformKey(f"PUB_KEY_ID_0114{secrets.randbelow(10**26):026d}", _new_private_pem())


def _new_private_pem() -> str:
    key = generate_private_key(public_exponent=65537, key_size=KEY_BITS)
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode("ascii")


def _public_pem(key: RSAPublicKey) -> str:
    return key.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    ).decode("ascii")


def _load(pem: str) -> RSAPrivateKey:
    key = load_pem_private_key(pem.encode("ascii"), password=None)
    if not isinstance(key, RSAPrivateKey):
        raise TypeError("a merchant or platform key must be an RSA key")
    return key
