"""The sandbox on a socket: threads, real time, the command line."""

import json
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from infra.local.wechat.credentials import Credentials
from infra.local.wechat.server import SandboxServer, post_notification
from tests.sandbox.merchant import ORDER_NO, REFUNDS_PATH, Merchant
from tests.sandbox.receiver import Receiver

ROOT = Path(__file__).parents[2]
UNUSED_URL = "http://127.0.0.1:1/notify"


@pytest.fixture(scope="module")
def running(credentials: Credentials) -> Iterator[SandboxServer]:
    with SandboxServer(credentials) as server:
        yield server


@pytest.fixture
def server(running: SandboxServer) -> SandboxServer:
    running.sandbox.reset()
    return running


def test_a_payment_through_the_socket_is_told_at_once(server: SandboxServer) -> None:
    merchant = Merchant(server.sandbox, server.sandbox.wall_clock)
    with Receiver() as receiver:
        payment = merchant.prepay(notify_url=receiver.url)
        paid = post(server, "payments", {"user": "Lin", "payment": payment})
        assert paid["trade_state"] == "SUCCESS"
        told = receiver.next()
    assert told.url == receiver.url
    assert merchant.is_authentic(told.headers, told.body)
    assert merchant.open(told)["out_trade_no"] == ORDER_NO


def test_redelivery_follows_the_advanced_clock(server: SandboxServer) -> None:
    merchant = Merchant(server.sandbox, server.sandbox.wall_clock)
    with Receiver(500, 204) as receiver:
        server.sandbox.pay("Lin", merchant.prepay(notify_url=receiver.url))
        first = receiver.next()
        assert receiver.is_empty()
        post(server, "clock", {"advance_seconds": 15})
        second = receiver.next()
    assert first.envelope["id"] == second.envelope["id"]
    assert merchant.is_authentic(second.headers, second.body)


def test_a_refund_settles_by_itself(server: SandboxServer) -> None:
    merchant = Merchant(server.sandbox, server.sandbox.wall_clock)
    with Receiver() as receiver:
        server.sandbox.pay("Lin", merchant.prepay(), notify={"times": 0})
        merchant.refund("rf-1", 1990, notify_url=receiver.url)
        told = receiver.next()
    assert merchant.open(told)["refund_status"] == "SUCCESS"


def test_the_path_is_verified_as_it_was_sent_over_the_socket(server: SandboxServer) -> None:
    merchant = Merchant(server.sandbox, server.sandbox.wall_clock)
    path = f"{REFUNDS_PATH}/rf%7C1%2A%40"
    headers = {
        "Accept": "application/json",
        "User-Agent": "kaituan-tests",
        "Authorization": merchant.authorization("GET", path, b""),
    }
    response = requests.get(server.url + path, headers=headers, timeout=5)
    assert (response.status_code, response.json()["code"]) == (404, "RESOURCE_NOT_EXISTS")


def test_a_withheld_answer_outlasts_the_callers_patience(server: SandboxServer) -> None:
    post(server, "faults", {"path_prefix": "/sns/", "kind": "timeout_after", "times": 1})
    url = f"{server.url}/sns/jscode2session"
    with pytest.raises(requests.exceptions.ReadTimeout):
        requests.get(url, timeout=0.2)
    assert requests.get(url, timeout=5).json()["errcode"] == 41002


def test_a_withheld_answer_comes_late(server: SandboxServer) -> None:
    post(server, "settings", {"withhold_seconds": 0})
    post(server, "faults", {"path_prefix": "/sns/", "kind": "timeout_before", "times": 1})
    response = requests.get(f"{server.url}/sns/jscode2session", timeout=5)
    assert response.json()["errcode"] == -1


def test_a_merchant_that_cannot_be_reached_answers_nothing() -> None:
    assert post_notification(UNUSED_URL, {}, b"{}") == 0


def test_redirects_are_not_followed() -> None:
    with Receiver(302) as receiver:
        assert post_notification(receiver.url, {}, b"{}") == 302


def test_the_command_writes_where_it_listens_and_stops_when_told(tmp_path: Path) -> None:
    ready, credentials = tmp_path / "ready.json", tmp_path / "credentials.json"
    command = [sys.executable, "-m", "infra.local.wechat"]
    command += ["--credentials", str(credentials), "--ready-file", str(ready)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        told = json.loads(ready.read_text(encoding="utf-8"))
        health = requests.get(f"{told['url']}/sandbox/health", timeout=5).json()
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=10) == 0
    assert line == f"WeChat sandbox at {told['url']}\n"
    assert told == {
        "url": f"http://127.0.0.1:{told['port']}",
        "port": told["port"],
        "pid": process.pid,
    }
    assert health["status"] == "ok"
    assert stat.S_IMODE(credentials.stat().st_mode) == 0o600
    assert Credentials.load(credentials).app_id.startswith("wx")


def test_credentials_survive_their_file(credentials: Credentials, tmp_path: Path) -> None:
    path = tmp_path / "credentials.json"
    rotated = credentials.with_new_platform_key()
    rotated.save(path)
    assert Credentials.load(path) == rotated
    assert Credentials.load_or_generate(path) == rotated


def test_credentials_from_before_the_message_push_get_its_secrets(
    credentials: Credentials, tmp_path: Path
) -> None:
    path = tmp_path / "credentials.json"
    credentials.save(path)
    stored = json.loads(path.read_text(encoding="utf-8"))
    older = {name: value for name, value in stored.items() if not name.startswith("message_")}
    path.write_text(json.dumps(older), encoding="utf-8")

    completed = Credentials.load_or_generate(path)

    assert Credentials.load(path) == completed
    assert completed.app_id == credentials.app_id
    assert (len(completed.message_token), len(completed.message_aes_key)) == (32, 43)


def test_the_merchants_parameters_hold_no_key_of_wechats(credentials: Credentials) -> None:
    parameters = credentials.to_parameters()
    assert sorted(parameters) == [
        "api_v3_key",
        "app_id",
        "app_secret",
        "mch_id",
        "merchant_private_key",
        "merchant_serial",
        "message_aes_key",
        "message_token",
        "wechat_public_key",
        "wechat_public_key_id",
    ]
    assert len(parameters["api_v3_key"]) == 32
    assert credentials.active_key.private_key_pem not in parameters.values()
    assert parameters["wechat_public_key"].startswith("-----BEGIN PUBLIC KEY-----")


def post(server: SandboxServer, path: str, body: dict[str, object]) -> dict[str, object]:
    response = requests.post(f"{server.url}/sandbox/{path}", json=body, timeout=5)
    assert response.status_code == 200, response.text
    return dict(response.json())
