"""How tests are dealt out to workers: a file each, and everything that needs a deployed stack to
one worker, so that one stack is enough.
"""

from typing import Any

import pytest

DEPLOYED = "e2e"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The deployed stack comes first: it waits for minutes to pass while others work."""
    items.sort(key=lambda item: item.get_closest_marker(DEPLOYED) is None)
    if not config.pluginmanager.hasplugin("xdist"):
        return
    for item in items:
        is_deployed = item.get_closest_marker(DEPLOYED) is not None
        group = DEPLOYED if is_deployed else item.nodeid.partition("::")[0]
        item.add_marker(pytest.mark.xdist_group(group))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """What tests measured."""
    for report in terminalreporter.stats.get("passed", []):
        for name, value in report.user_properties:
            terminalreporter.write_line(f"{report.nodeid}: {name}: {value}")
