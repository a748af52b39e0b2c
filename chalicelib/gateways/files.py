"""The bucket of files that go in and out, and how its worker is asked to go on.

One bucket per stage, private; who may see which part of it is IAM's business, not ours.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from chalicelib.kit.aws import client

_NOT_THERE = frozenset({"NoSuchKey", "404"})
_NOT_AS_IT_WAS = _NOT_THERE | {"PreconditionFailed", "412", "ConditionalRequestConflict", "409"}

CSV = "text/csv; charset=utf-8"
JSON = "application/json"


@dataclass(frozen=True)
class StoredFile:
    """A file as it was read. `content` is None when it is larger than was asked for; `tag` changes
    with the content.
    """

    content: bytes | None
    size_bytes: int
    tag: str


class Files(Protocol):
    """The files by their keys."""

    def read(self, key: str, *, most_bytes: int) -> StoredFile | None:
        """None: there is no such file."""
        ...

    def write(self, key: str, content: bytes, *, content_type: str) -> None:
        """Replaces what was there."""
        ...

    def replace(
        self, key: str, content: bytes, *, content_type: str, tag: str | None
    ) -> str | None:
        """Writes only what is still as it was: of that tag, or not there when `tag` is None. The
        new tag; None: it is not so, or somebody else writes it just now.
        """
        ...

    def go_on(self, event: Mapping[str, Any]) -> None:
        """Have this function started once more, with that event, when this run is over."""
        ...


class S3Files:
    """The real bucket; going on is an asynchronous call of the function to itself."""

    def __init__(self, bucket: str, function_name: str) -> None:
        self._bucket = bucket
        self._function_name = function_name

    def read(self, key: str, *, most_bytes: int) -> StoredFile | None:
        from botocore.exceptions import ClientError

        try:
            answer = client("s3").get_object(Bucket=self._bucket, Key=key)
        except ClientError as error:
            if error.response["Error"]["Code"] in _NOT_THERE:
                return None
            raise
        size_bytes, tag = int(answer["ContentLength"]), str(answer["ETag"]).strip('"')
        with answer["Body"] as body:
            content = body.read() if size_bytes <= most_bytes else None
        return StoredFile(content, size_bytes, tag)

    def write(self, key: str, content: bytes, *, content_type: str) -> None:
        client("s3").put_object(
            Bucket=self._bucket, Key=key, Body=content, ContentType=content_type
        )

    def replace(
        self, key: str, content: bytes, *, content_type: str, tag: str | None
    ) -> str | None:
        from botocore.exceptions import ClientError

        condition = {"IfNoneMatch": "*"} if tag is None else {"IfMatch": f'"{tag}"'}
        try:
            answer = client("s3").put_object(
                Bucket=self._bucket, Key=key, Body=content, ContentType=content_type, **condition
            )
        except ClientError as error:
            if error.response["Error"]["Code"] in _NOT_AS_IT_WAS:
                return None
            raise
        return str(answer["ETag"]).strip('"')

    def go_on(self, event: Mapping[str, Any]) -> None:
        client("lambda").invoke(
            FunctionName=self._function_name,
            InvocationType="Event",
            Payload=json.dumps(event).encode(),
        )
