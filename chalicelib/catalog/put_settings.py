"""Put settings: what is named changes, what is left out keeps its value."""

from collections.abc import Mapping
from typing import Any

from chalicelib.catalog import store as catalog
from chalicelib.catalog.settings import Settings
from chalicelib.kit.reads import read
from chalicelib.kit.repeat import until_settled
from chalicelib.kit.writes import WriteSet


def put_settings(change: Mapping[str, Any], *, dry_run: bool = False) -> Settings:
    """All settings after the change; `change` holds names and values of `Settings`, at any depth.

    Raises ValidationError when the settings would contradict each other.
    """
    return until_settled(lambda: _attempt(change, dry_run=dry_run))


def _attempt(change: Mapping[str, Any], *, dry_run: bool) -> Settings:
    key = catalog.settings_key()
    before = read(key).find(key)
    settings = catalog.settings_of(before).changed(change)
    writes = WriteSet()
    catalog.save(writes, catalog.settings_row(settings), before=before)
    if not dry_run:
        writes.commit()
    return settings
