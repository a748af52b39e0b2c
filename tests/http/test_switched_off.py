"""While a parameter is missing, what needs it is off: said clearly, nothing written, nothing taken
on trust.
"""

import pytest

from chalicelib.settings import Secrets
from chalicelib.wiring import PAY_PARAMETERS
from tests.http.problems import wrong_in
from tests.http.routes import CALLBACKS, PUBLIC, SELLING, SIGNED_IN, route
from tests.http.scene import Scene
from tests.shop import Reply, Shop

KEEPS_SESSIONS = {"session_signing_keys", "wechat_app_secret"}


def without(shop: Shop, *names: str) -> None:
    """Take parameters away; wiring makes its gateways again from what is left."""
    less = dict.fromkeys(names)
    shop.wiring._secrets = shop.wiring.secrets.model_copy(update=less)
    shop.wiring._wechat_pay = shop.wiring._wechat_api = None


@pytest.fixture(autouse=True)
def as_it_was(scene: Scene) -> Scene:
    """Each test starts with every parameter there, and takes away what it names."""
    wiring = scene.shop.wiring
    wiring._secrets = scene.shop._secrets(credentials_of(scene))
    return scene
