"""One merchant, one WeChat that it talks to, and keys made once for the whole run."""

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from chalicelib.gateways.wechat_pay_v3 import WechatPayCredentials, WechatPayV3
from tests.gateways.fake_wechat import (
    API_V3_KEY,
    KEY_ID,
    MERCHANT_ID,
    MERCHANT_SERIAL,
    NOW,
    OLDER_KEY_ID,
    FakeWechat,
    new_key,
    private_pem,
    public_pem,
)


@pytest.fixture(scope="session")
def merchant_key() -> RSAPrivateKey:
    return new_key()


@pytest.fixture(scope="session")
def wechat_key() -> RSAPrivateKey:
    return new_key()


@pytest.fixture(scope="session")
def older_wechat_key() -> RSAPrivateKey:
    return new_key()


@pytest.fixture
def credentials(
    merchant_key: RSAPrivateKey, wechat_key: RSAPrivateKey, older_wechat_key: RSAPrivateKey
) -> WechatPayCredentials:
    return WechatPayCredentials(
        merchant_id=MERCHANT_ID,
        merchant_serial=MERCHANT_SERIAL,
        merchant_private_key_pem=private_pem(merchant_key),
        api_v3_key=API_V3_KEY,
        public_keys={KEY_ID: public_pem(wechat_key), OLDER_KEY_ID: public_pem(older_wechat_key)},
        active_key_id=KEY_ID,
    )


@pytest.fixture
def wechat(wechat_key: RSAPrivateKey) -> FakeWechat:
    return FakeWechat(wechat_key)


@pytest.fixture
def pay(credentials: WechatPayCredentials, wechat: FakeWechat) -> WechatPayV3:
    return WechatPayV3(
        credentials,
        clock=lambda: NOW,
        nonce=lambda: "593BEC0C930BF1AFEB40B4A08C8FB242",
        session_factory=wechat.session,
    )
