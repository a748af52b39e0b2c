"""What a phone on the network reaches, and what it does not."""

import http.client
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from infra.local.lan import LanProxy, passed_on

API_PATH = "/_aws/execute-api/abc/local"


class Emulator(BaseHTTPRequestHandler):
    """Answers every request with its own request line and host."""

    def do_GET(self) -> None:
        content = f"{self.path} {self.headers['Host']}".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def emulator_port() -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Emulator)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_port
    server.shutdown()
    server.server_close()
    thread.join()


def ask(port: int, path: str, headers: dict[str, str]) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


@pytest.mark.parametrize(
    "path", ["/v1/health", "/../../_ministack/health", "/%2e%2e/_ministack/health"]
)
def test_every_path_stays_below_the_api(path: str, emulator_port: int) -> None:
    with LanProxy(f"http://127.0.0.1:{emulator_port}{API_PATH}") as proxy:
        port = int(proxy.url.rpartition(":")[2])
        status, content = ask(port, path, {"Host": "bucket.s3.amazonaws.com"})
    assert status == 200
    assert content == f"{API_PATH}{path} 127.0.0.1:{emulator_port}"


def test_what_is_no_path_is_refused(emulator_port: int) -> None:
    with LanProxy(f"http://127.0.0.1:{emulator_port}{API_PATH}") as proxy:
        port = int(proxy.url.rpartition(":")[2])
        status, _ = ask(port, "http://127.0.0.1/_ministack/health", {})
    assert status == 400


def test_only_headers_of_the_api_are_passed_on() -> None:
    sent = {
        "Authorization": "AWS4-HMAC-SHA256 Credential=test/20261122/us-east-1/lambda/aws4_request",
        "Host": "kaituan.s3.amazonaws.com",
        "X-Amz-Target": "DynamoDB_20120810.Scan",
        "Idempotency-Key": "key-of-a-phone",
    }
    assert passed_on(sent) == {"Idempotency-Key": "key-of-a-phone"}
    assert passed_on({"authorization": "Bearer token"}) == {"authorization": "Bearer token"}
