"""The bucket of files as the gateway speaks to it, answered by moto."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from chalicelib.gateways.files import CSV, S3Files, StoredFile
from chalicelib.kit import aws
from tests.tables import REGION

BUCKET = "kaituan-test-files"


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    with mock_aws():
        aws.forget_clients()
        client = boto3.client("s3", region_name=REGION)
        client.create_bucket(Bucket=BUCKET)
        yield client
    aws.forget_clients()


def test_what_is_written_is_read_again(s3: Any) -> None:
    files = S3Files(BUCKET, "take_files")
    files.write("results/a.csv", "苹果".encode(), content_type=CSV)

    found = files.read("results/a.csv", most_bytes=6)
    tag = s3.head_object(Bucket=BUCKET, Key="results/a.csv")["ETag"].strip('"')
    assert found == StoredFile("苹果".encode(), 6, tag)
    assert s3.head_object(Bucket=BUCKET, Key="results/a.csv")["ContentType"] == CSV


def test_what_is_too_large_is_not_fetched_and_what_is_not_there_is_none(s3: Any) -> None:
    files = S3Files(BUCKET, "take_files")
    s3.put_object(Bucket=BUCKET, Key="in/a.csv", Body=b"1234567")

    found = files.read("in/a.csv", most_bytes=6)
    assert found is not None
    assert (found.content, found.size_bytes) == (None, 7)
    assert files.read("in/b.csv", most_bytes=6) is None


def test_only_what_is_still_as_it_was_is_replaced(s3: Any) -> None:
    files = S3Files(BUCKET, "take_files")

    def replaced(content: bytes, tag: str | None) -> str | None:
        return files.replace("results/a.csv", content, content_type=CSV, tag=tag)

    assert replaced(b"0", "0123") is None
    first = replaced(b"1", None)
    assert replaced(b"2", None) is None
    assert replaced(b"2", "0123") is None
    second = replaced(b"2", first)
    assert replaced(b"3", first) is None

    found = files.read("results/a.csv", most_bytes=1)
    assert found == StoredFile(b"2", 1, str(second))
    assert s3.head_object(Bucket=BUCKET, Key="results/a.csv")["ContentType"] == CSV
    with pytest.raises(ClientError):
        S3Files("kaituan-other-files", "take_files").replace(
            "results/a.csv", b"1", content_type=CSV, tag=None
        )


def test_any_other_answer_is_nobodys_to_swallow(s3: Any) -> None:
    with pytest.raises(ClientError):
        S3Files("kaituan-other-files", "take_files").read("in/a.csv", most_bytes=6)


class _Lambda:
    """Keeps what it is asked for."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []

    def invoke(self, **given: Any) -> None:
        self.asked.append(given)


def test_going_on_is_a_call_to_itself_that_nobody_waits_for(s3: Any) -> None:
    functions = _Lambda()
    aws.use_client("lambda", functions)

    S3Files(BUCKET, "kaituan-test-take_files").go_on({"id": "event-1", "goes_on": True})

    assert functions.asked == [
        {
            "FunctionName": "kaituan-test-take_files",
            "InvocationType": "Event",
            "Payload": b'{"id": "event-1", "goes_on": true}',
        }
    ]
