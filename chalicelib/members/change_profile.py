"""Change one's profile: nickname and avatar, each only when it is named. Touches no identity."""

from collections.abc import Mapping
from dataclasses import replace

from chalicelib.kit.errors import NotFound
from chalicelib.kit.repeat import until_settled
from chalicelib.kit.writes import WriteSet
from chalicelib.members import store as members
from chalicelib.members.model import Member


def change_profile(member_id: str, change: Mapping[str, str | None]) -> Member:
    """The member after the change. `change` holds what was named; None removes it.

    Names are nickname and avatar_url. Raises NotFound when the member has left.
    """
    return until_settled(lambda: _attempt(member_id, change))


def _attempt(member_id: str, change: Mapping[str, str | None]) -> Member:
    before = members.find(member_id)
    if before is None:
        raise NotFound()
    after = replace(before, **change)  # type: ignore[arg-type]  # names are the schema's
    if after != before:
        writes = WriteSet()
        members.change_profile(writes, after)  # guard: still there -> read again
        writes.commit()
    return after
