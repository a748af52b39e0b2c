"""A new version over a running one: changed template, changed code, and whatever is under way goes
on as if nothing had happened.
"""

import dataclasses
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from infra.local.books import close_books
from infra.local.sandbox_control import SandboxControl
from infra.local.shopper import Shopper
from infra.local.stack import Stack, redeploy
from infra.package import Package
from infra.template import FUNCTIONS
from tests.e2e.conftest import put_campaign

pytestmark = pytest.mark.e2e

VERSION = "chalicelib/gateways/http.py"
MEMORY_MEGABYTES = 576


def next_version(packaged: Package, directory: Path) -> Package:
    """The same app, a little different: code, memory, a new alarm, a queue that keeps longer."""
    template = packaged.read_template()
    for function in FUNCTIONS:
        template["Resources"][function.logical_id]["Properties"]["MemorySize"] = MEMORY_MEGABYTES
    template["Resources"]["RefundQueue"]["Properties"]["MessageRetentionPeriod"] = 1_000_000
    alarm = json.loads(json.dumps(template["Resources"]["LateWorkAlarm"]))
    alarm["Properties"]["AlarmName"] = "kaituan-local-later_work"
    template["Resources"]["LaterWorkAlarm"] = alarm
    path = directory / "sam.json"
    path.write_text(json.dumps(template), encoding="utf-8")
    code = directory / "deployment.zip"
    with zipfile.ZipFile(packaged.code) as old, zipfile.ZipFile(code, "w") as new:
        for entry in old.infolist():
            content = old.read(entry)
            if entry.filename == VERSION:
                content = content.replace(b'VERSION = "', b'VERSION = "next-')
                assert b"next-" in content
            if not _is_compiled_from(entry.filename):
                new.writestr(entry, content)
    return dataclasses.replace(packaged, template=path, code=code)


def _is_compiled_from(name: str) -> bool:
    return name.startswith("chalicelib/gateways/__pycache__/http.")


def functions_of(stack: Stack) -> dict[str, dict[str, Any]]:
    found = stack.client("lambda").list_functions()["Functions"]
    return {one["FunctionName"]: one for one in found if "kaituan-local-" in one["FunctionName"]}


def test_what_is_under_way_goes_on_in_the_next_version(
    stack: Stack,
    wechat: SandboxControl,
    member: Callable[[], Shopper],
    tmp_path: Path,
) -> None:
    put_campaign(stack, "before-and-after")
    put_campaign(stack, "soon-over", duration_seconds=15)
    first, second, third, alone = member(), member(), member(), member()
    opened = first.opens("before-and-after").pays()
    opened.waits_for("paid")
    joined = second.joins(opened.group_id).pays()
    hopeless = alone.opens("soon-over").pays()
    unpaid = third.buys()
    unwanted = third.buys().pays()
    unwanted.waits_for("to_ship")
    unwanted.asks_refund()
    before = functions_of(stack)

    after = redeploy(stack, next_version(stack.packaged, tmp_path))

    changed = functions_of(after)
    assert changed.keys() == before.keys()
    assert len(changed) == len(FUNCTIONS)
    for name, function in changed.items():
        assert function["CodeSha256"] != before[name]["CodeSha256"]
        assert function["MemorySize"] == MEMORY_MEGABYTES
    assert after.endpoints.api_url == stack.endpoints.api_url

    late = third.joins(opened.group_id).pays()
    unpaid.pays().waits_for("to_ship")
    for purchase in (opened, joined, late):
        purchase.waits_for("to_ship")
    unwanted.waits_for("refunded")
    unwanted.waits_for_refunds("succeeded")
    hopeless.waits_for("refunded", within_seconds=120)
    books = close_books(after, wechat)
    assert books.differences() == []
    assert books.audit["violations"] == []
    assert books.audit["complete"]
