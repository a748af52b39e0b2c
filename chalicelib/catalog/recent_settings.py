"""The shop's settings from a few seconds' memory, for what only tells and shows.

Whoever decides on money or stock reads them afresh, with everything else it decides on.
"""

from chalicelib.catalog import store as catalog
from chalicelib.catalog.settings import Settings
from chalicelib.kit.cache import ShortMemory
from chalicelib.kit.clock import Clock
from chalicelib.kit.reads import read

_remembered: ShortMemory[Settings] = ShortMemory(seconds=5, most=1)


def recent_settings(*, clock: Clock) -> Settings:
    """The settings as they were at most five seconds ago."""
    return _remembered.get("settings", _read, now=clock.now()) or Settings()


def forget_settings() -> None:
    """Remember nothing: for tests that start over in one process."""
    _remembered.forget()


def _read() -> Settings:
    key = catalog.settings_key()
    return catalog.settings_of(read(key).find(key))
