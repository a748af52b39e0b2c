"""One sandbox per test, in process: no socket, no thread, a clock that stands still."""

import random

import pytest

from infra.local.wechat.credentials import Credentials
from infra.local.wechat.sandbox import Sandbox
from tests.sandbox.merchant import Clock, Inbox, Merchant


@pytest.fixture(scope="session")
def credentials() -> Credentials:
    return Credentials.generate()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


@pytest.fixture
def sandbox(credentials: Credentials, clock: Clock, inbox: Inbox) -> Sandbox:
    return Sandbox(credentials, clock, inbox, entropy=random.Random(7).randbytes)


@pytest.fixture
def merchant(sandbox: Sandbox, clock: Clock) -> Merchant:
    return Merchant(sandbox, clock)
