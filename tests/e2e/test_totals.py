"""After all the stories: our books have no fault, and agree with WeChat's."""

from collections.abc import Callable

import pytest

from infra.local.books import close_books
from infra.local.sandbox_control import SandboxControl
from infra.local.stack import Stack

pytestmark = pytest.mark.e2e


def test_the_books_agree(
    stack: Stack, wechat: SandboxControl, record_property: Callable[[str, object], None]
) -> None:
    books = close_books(stack, wechat)

    assert books.differences() == []
    assert books.audit["complete"]
    record_property(
        "fen paid, fen refunded", f"{books.ours['paid_fen']}, {books.ours['refunded_fen']}"
    )
