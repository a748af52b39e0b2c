"""How tests are dealt out to workers: a file each, and everything that needs the deployed stack to
one of them, so that one stack is enough. What all of them log is watched.
"""

from typing import Any

import pytest
from xdist.scheduler import LoadFileScheduling

from tests.log_watch import LogWatch
from tests.policy_watch import PolicyWatch

DEPLOYED = "tests/e2e/"
FIRST = (DEPLOYED, "tests/flows/", "tests/engine/")


class OneStack(LoadFileScheduling):  # type: ignore[misc]
    """Like `--dist loadfile`, but for the deployed stack's files, which count as one."""

    def _split_scope(self, nodeid: str) -> str:
        file: str = super()._split_scope(nodeid)
        return DEPLOYED if file.startswith(DEPLOYED) else file


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(LogWatch())
    config.pluginmanager.register(PolicyWatch())


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> OneStack | None:
    return OneStack(config, log) if config.getoption("dist") == "loadfile" else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What needs the stack comes first: it waits for a minute to pass while others work. Then the
    stories, whose files take longest, so that no worker is left alone with one at the end.
    """
    items.sort(key=_turn)


def _turn(item: pytest.Item) -> int:
    return next((turn for turn, folder in enumerate(FIRST) if item.nodeid.startswith(folder)), 9)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """What tests measured."""
    for report in terminalreporter.stats.get("passed", []):
        for name, value in report.user_properties:
            terminalreporter.write_line(f"{report.nodeid}: {name}: {value}")
