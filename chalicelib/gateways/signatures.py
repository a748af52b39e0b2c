"""Signing, verifying and decrypting as WeChat Pay v3 does it; keys are parsed on first use.

Never lets unverified bytes pass as verified, and never puts a key into an exception or a repr.
"""

import re
from base64 import b64decode, b64encode
from collections.abc import Mapping
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING

from chalicelib.kit.errors import WechatUnavailable

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

SCHEME = "WECHATPAY2-SHA256-RSA2048"
PROBE_PREFIX = "WECHATPAY/SIGNTEST/"
"""Starts the signatures that WeChat gets wrong on purpose, to see whether anyone looks."""

MAXIMUM_AGE_SECONDS = 300
API_V3_KEY_BYTES = 32
CONTENT_ALGORITHM = "AEAD_AES_256_GCM"


class Unverified(Exception):
    """These bytes are not provably WeChat's; the text says why and quotes none of them."""


class MerchantSigner:
    """Signs as the merchant (WeChat Pay v3, 签名生成): RSASSA-PKCS1-v1_5 over SHA-256, base64."""

    def __init__(self, merchant_id: str, serial: str, private_key_pem: str) -> None:
        self._merchant_id = merchant_id
        self._serial = serial
        self._private_key_pem = private_key_pem

    def sign(self, *lines: bytes) -> str:
        """Sign the lines, each ended by a newline, the last one included."""
        from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
        from cryptography.hazmat.primitives.hashes import SHA256

        message = b"".join(line + b"\n" for line in lines)
        return b64encode(self._key.sign(message, PKCS1v15(), SHA256())).decode()

    def authorization(
        self, method: str, path_and_query: str, body: bytes, *, timestamp: str, nonce: str
    ) -> str:
        """The Authorization header for a request that is sent exactly as given here."""
        signature = self.sign(
            method.encode(), path_and_query.encode(), timestamp.encode(), nonce.encode(), body
        )
        return (
            f'{SCHEME} mchid="{self._merchant_id}",nonce_str="{nonce}",'
            f'signature="{signature}",timestamp="{timestamp}",'
            f'serial_no="{self._serial}"'
        )

    @cached_property
    def _key(self) -> "RSAPrivateKey":
        from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
        from cryptography.hazmat.primitives.serialization import (
            load_pem_private_key,
        )

        try:
            # Our own key, from our own store: checking its primes costs 30 ms per cold start.
            key = load_pem_private_key(
                self._private_key_pem.encode(),
                password=None,
                unsafe_skip_rsa_key_validation=True,
            )
        except (ValueError, TypeError):
            key = None
        if not isinstance(key, RSAPrivateKey):
            raise _unusable("merchant_private_key_pem", "an RSA private key in PEM")
        return key


class WechatVerifier:
    """Checks signatures by WeChat (WeChat Pay v3, 签名验证) against the keys it is known to use,
    and encrypts for them.

    `public_keys` maps key id, or certificate serial, to PEM text.
    """

    def __init__(self, public_keys: Mapping[str, str]) -> None:
        self._public_keys = public_keys
        self._parsed: dict[str, RSAPublicKey] = {}

    def verify(self, headers: Mapping[str, str], body: bytes, now: datetime) -> None:
        """Raise Unverified unless a known key signed these bytes less than 300 s from `now`.

        `headers` may be spelt in any case. `body` is the raw body, empty for a 204.
        """
        lower = {name.lower(): value for name, value in headers.items()}
        timestamp, nonce, serial, signature = (
            _header(lower, f"wechatpay-{name}")
            for name in ("timestamp", "nonce", "serial", "signature")
        )
        if lower.get("wechatpay-signature-type", SCHEME) != SCHEME:
            raise Unverified("The signature is of a type that is not in use.")
        if signature.startswith(PROBE_PREFIX):
            raise Unverified("The signature is one of WeChat's deliberate probes.")
        if not re.fullmatch("[0-9]{1,12}", timestamp):
            raise Unverified("The timestamp is not in seconds.")
        if abs(now.timestamp() - int(timestamp)) >= MAXIMUM_AGE_SECONDS:
            raise Unverified(f"The timestamp is {MAXIMUM_AGE_SECONDS} s or more away from now.")
        if serial not in self._public_keys:
            raise Unverified("The signature is by a key that is not known here.")
        if not self._is_signed_by(serial, signature, f"{timestamp}\n{nonce}\n", body):
            raise Unverified("The signature does not fit.")

    def require_key(self, key_id: str) -> None:
        """Raise WechatUnavailable unless that key can be used, before anything hangs on it."""
        self._key(key_id)

    def encrypt(self, key_id: str, text: str) -> str:
        """Encrypt a sensitive field (WeChat Pay v3, 敏感信息加密), so that only WeChat reads it.

        RSA-OAEP with SHA-1, base64, another ciphertext each time. Raises WechatUnavailable when
        that key cannot be used, ValueError for a text beyond what the key holds.
        """
        from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP
        from cryptography.hazmat.primitives.hashes import SHA1

        # SHA-1 is WeChat's choice; OAEP does not lean on its resistance to collisions.
        chosen = SHA1()  # noqa: S303 # nosec B303
        oaep = OAEP(mgf=MGF1(algorithm=chosen), algorithm=chosen, label=None)
        return b64encode(self._key(key_id).encrypt(text.encode(), oaep)).decode()

    def _is_signed_by(self, serial: str, signature: str, head: str, body: bytes) -> bool:
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
        from cryptography.hazmat.primitives.hashes import SHA256

        key = self._key(serial)
        try:
            raw = b64decode(signature, validate=True)
            key.verify(raw, head.encode() + body + b"\n", PKCS1v15(), SHA256())
        except (ValueError, InvalidSignature):
            return False
        return True

    def _key(self, key_id: str) -> "RSAPublicKey":
        if key_id not in self._parsed:
            self._parsed[key_id] = self._parse(key_id)
        return self._parsed[key_id]

    def _parse(self, key_id: str) -> "RSAPublicKey":
        """Read a public key, or the one in a platform certificate (平台证书)."""
        from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
        from cryptography.hazmat.primitives.serialization import (
            load_pem_public_key,
        )
        from cryptography.x509 import load_pem_x509_certificate

        pem = self._public_keys.get(key_id, "")
        try:
            if "BEGIN CERTIFICATE" in pem:
                key: object = load_pem_x509_certificate(pem.encode()).public_key()
            else:
                key = load_pem_public_key(pem.encode())
        except ValueError:
            key = None
        if not isinstance(key, RSAPublicKey):
            raise _unusable(f"public key {key_id}", "an RSA public key in PEM")
        return key


def decrypt(
    api_v3_key: str, *, algorithm: str, nonce: str, associated_data: str, ciphertext: str
) -> bytes:
    """Decrypt a `resource` (WeChat Pay v3, 解密回调报文): AES-256-GCM, the tag at the end.

    Raises Unverified when key, nonce, associated data and ciphertext do not belong together.
    """
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    key = api_v3_key.encode()
    if len(key) != API_V3_KEY_BYTES:
        raise _unusable("api_v3_key", f"{API_V3_KEY_BYTES} bytes long")
    if algorithm != CONTENT_ALGORITHM:
        raise Unverified("The content is encrypted in a way that is not in use.")
    try:
        raw = b64decode(ciphertext, validate=True)
        return AESGCM(key).decrypt(nonce.encode(), raw, associated_data.encode())
    except (ValueError, InvalidTag):
        # Said below, so that the library's error does not become the context.
        pass
    raise Unverified("The content cannot be decrypted.")


def _header(lower: Mapping[str, str], name: str) -> str:
    value = lower.get(name)
    if not value:
        raise Unverified(f"The header {name} is missing.")
    return value


def _unusable(parameter: str, what_it_should_be: str) -> WechatUnavailable:
    return WechatUnavailable(
        f"WeChat Pay is not set up here: {parameter} is not {what_it_should_be}."
    )
