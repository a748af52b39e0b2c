"""A short soak of a stack of its own: many members at once, and the books balance afterwards."""

from collections.abc import Callable

import pytest

from infra.local.load.catalogue import put_catalogue
from infra.local.load.soak import Plan, soak
from infra.local.stack import running_stack
from tests.e2e.conftest import what_was_logged_and_should_not_be

pytestmark = pytest.mark.e2e

PLAN = Plan(seconds=20, members=8, at_once=3)


def test_under_load_every_answer_is_as_it_should_be_and_nothing_is_stuck(
    tmp_path_factory: pytest.TempPathFactory, record_property: Callable[[str, object], None]
) -> None:
    told: list[str] = []
    directory = tmp_path_factory.mktemp("load")
    with running_stack(directory=directory, seed=put_catalogue) as stack:
        outcome = soak(stack, PLAN, told.append)
        logged = what_was_logged_and_should_not_be(stack)

    assert outcome.problems == []
    assert logged == []
    assert outcome.books.ours["payments"] >= 1
    assert outcome.measures.count > PLAN.members
    assert told[0] == "8 members signed in, 3 of them act at a time"
    figures = f"{outcome.measures.count} in {outcome.seconds:.0f} s"
    record_property("requests, orders", f"{figures}, {outcome.books.ours['orders']}")
