"""Somebody drops a file into the bucket of a shop, and reads the result that appears beside it."""

import csv
import io
import itertools
import json
from collections.abc import Mapping
from typing import Any

from chalicelib import uploads
from chalicelib.sweeps import TimeLeft, always
from tests.policy_watch import working_as
from tests.shop import Shop

_drops = itertools.count(1)


def event_of(key: str) -> dict[str, Any]:
    """What EventBridge says of it; another each time."""
    number = next(_drops)
    return {
        "version": "0",
        "id": f"event-{number}",
        "source": "aws.s3",
        "detail-type": "Object Created",
        "detail": {
            "bucket": {"name": "kaituan-test-files"},
            "object": {"key": key, "sequencer": f"{number:018X}"},
        },
    }


def drops(shop: Shop, key: str, content: str | bytes, **how: Any) -> list[dict[str, str]]:
    """The file is dropped and taken, in as many runs as it needs; the rows of its result."""
    shop.files.contents[key] = content.encode() if isinstance(content, str) else content
    take(shop, event_of(key), **how)
    return results(shop, key)


def take(shop: Shop, event: dict[str, Any], *, time_left: TimeLeft = always) -> int:
    """How many runs it took."""
    takes(shop, event, time_left)
    runs = 1
    while shop.files.to_go_on:
        takes(shop, shop.files.to_go_on.popleft(), time_left)
        runs += 1
    return runs


def takes(shop: Shop, event: Mapping[str, Any], time_left: TimeLeft = always) -> None:
    """One run."""
    with working_as("take_files"):
        uploads.take_file(event, shop.wiring, time_left=time_left)


def results(shop: Shop, key: str) -> list[dict[str, str]]:
    content = shop.files.contents[f"{_beside(key)}.csv"]
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def outcomes(rows: list[dict[str, str]]) -> list[str]:
    return [row["outcome"] for row in rows]


def progress(shop: Shop, key: str) -> Any:
    return json.loads(shop.files.contents[f"{_beside(key)}.progress.json"])


def _beside(key: str) -> str:
    folder, name = key.rsplit("in/", 1)
    return f"{folder}results/{name.removesuffix('.csv')}"
