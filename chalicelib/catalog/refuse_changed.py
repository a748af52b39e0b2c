"""Refuse to write over what somebody has changed since it was read, for whoever says what they had
read.
"""

from typing import Annotated

from pydantic import Field

from chalicelib.catalog.errors import ChangedSince
from chalicelib.catalog.model import Campaign, Product

NONE = "none"
"""The revision of what is not there."""
IfRevision = Annotated[str, Field(min_length=1, max_length=64)]


def revision_of(value: Product | Campaign | None) -> str:
    return value.revision if value is not None else NONE


def refuse_changed(
    if_revision: str | None, before: Product | Campaign | None, after: Product | Campaign
) -> None:
    """Raises ChangedSince where what is there has another revision than was read. What is already
    as it would be put is changed by nobody.
    """
    if if_revision is not None and before != after and revision_of(before) != if_revision:
        raise ChangedSince("It has been changed since it was read: look at it, then send it again.")
