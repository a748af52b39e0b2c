"""Every test also asks: did anything get into the log that must not be there? A test whose log
holds a planted value fails, whatever else it shows.

Listens as CloudWatch would: what is logged, in the form that is deployed. Must never change what
is logged.
"""

import logging
import os
from collections.abc import Generator

import pytest
from aws_lambda_powertools.logging.formatter import LambdaPowertoolsFormatter

from tests.planted import Planted, planted

OURS = os.environ.get("POWERTOOLS_SERVICE_NAME", "service_undefined")
"""The name of the logger that the app's lines come from."""


class LogWatch(logging.Handler):
    """A plugin of pytest's, and the handler it listens with. One for each process of a run."""

    def __init__(self, looks_for: Planted = planted) -> None:
        super().__init__()
        self.setFormatter(LambdaPowertoolsFormatter())
        self._planted = looks_for
        self._lines: list[str] = []
        self._module: object = None

    def filter(self, record: logging.LogRecord) -> bool:
        """Let through what a function would write: its own lines, which Powertools asks other
        handlers to leave out, and warnings of libraries. Debugged, some of these tell everything.
        """
        return record.name == OURS or record.levelno >= logging.WARNING

    def emit(self, record: logging.LogRecord) -> None:
        self._lines.append(self.format(record))

    def found(self) -> list[str]:
        """What was logged since it was last asked for, and should not have been."""
        text, self._lines = "\n".join(self._lines), []
        return self._planted.found_in(text) if text else []

    def pytest_configure(self) -> None:
        logging.getLogger().addHandler(self)

    def pytest_unconfigure(self) -> None:
        logging.getLogger().removeHandler(self)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """What one module's shops know, the next one's do not."""
        if item.path != self._module:
            self._module = item.path
            self._planted.forget()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        if call.when == "teardown":
            leaks = self.found()
            if leaks:
                report.outcome = "failed"
                said = f"\n\n{report.longreprtext}" if report.longrepr else ""
                report.longrepr = "\n".join(["This must not be logged:", *leaks]) + said
        return report
