"""Create a store's guides (导购), many at a time: each gets a share of the home page whose
relations do not end. Sending them again changes nothing; a name or member may change.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated

from pydantic import Field

from chalicelib.catalog import store as catalog
from chalicelib.catalog.model import Identifier, Outcome, Title
from chalicelib.catalog.settings import Frozen, Settings
from chalicelib.kit.clock import Clock
from chalicelib.kit.errors import InvalidRequest, NotFound
from chalicelib.kit.reads import read
from chalicelib.kit.repeat import until_settled
from chalicelib.kit.writes import WriteSet
from chalicelib.members import store as members
from chalicelib.referrals import store as referrals
from chalicelib.referrals.model import (
    Share,
    ShareTarget,
    guide_owner_id_for,
    guide_share_code_for,
)

MOST_GUIDES = 100
_PER_COMMIT = 50


class Guide(Frozen):
    """Who looks after customers in a store. Without a member nobody earns commission through
    them.
    """

    guide_id: Identifier
    name: Title
    member_id: Identifier | None = None


Guides = Annotated[tuple[Guide, ...], Field(min_length=1, max_length=MOST_GUIDES)]


@dataclass(frozen=True)
class Created:
    """The guides' shares in the order they were sent, what became of each, and the settings."""

    shares: Sequence[tuple[Share, Outcome]]
    settings: Settings


def create_guides(
    store_id: str, guides: Sequence[Guide], *, clock: Clock, dry_run: bool = False
) -> Created:
    """Write what is new or changed. Raises NotFound for an unknown store or member, InvalidRequest
    when a guide stands twice in `guides`.
    """
    if len({guide.guide_id for guide in guides}) != len(guides):
        wrong = {"field": "guides", "message": "A guide_id stands twice."}
        raise InvalidRequest("Not valid: guides.", errors=[wrong])
    first: dict[str, Outcome] = {}
    created = until_settled(lambda: _attempt(store_id, guides, first, clock=clock, dry_run=dry_run))
    shares = [(share, first[share.share_code]) for share, _ in created.shares]
    return replace(created, shares=shares)


def _attempt(
    store_id: str,
    guides: Sequence[Guide],
    first: dict[str, Outcome],
    *,
    clock: Clock,
    dry_run: bool,
) -> Created:
    """One round. `first` keeps what each was to come to before anything was written."""
    wanted = [_share_of(store_id, guide, clock) for guide in guides]
    store_key, settings_key = catalog.store_key(store_id), catalog.settings_key()
    keys = [referrals.share_key(share.share_code) for share in wanted]
    member_ids = [guide.member_id for guide in guides if guide.member_id is not None]
    found = read(store_key, settings_key, *keys, *map(members.profile_key, member_ids))
    if found.find(store_key) is None:
        raise NotFound(f"There is no store {store_id}; put it first.")
    for member_id in member_ids:
        if found.find(members.profile_key(member_id)) is None:
            raise NotFound(f"There is no member {member_id}.")
    shares: list[tuple[Share, Outcome]] = []
    for share, key in zip(wanted, keys, strict=True):
        shares.append(_outcome(referrals.share_of(found.find(key)), share))
    for share, outcome in shares:
        first.setdefault(share.share_code, outcome)
    if not dry_run:
        before = [referrals.share_of(found.find(key)) for key in keys]
        _write(list(zip(before, (share for share, _ in shares), strict=True)))
    return Created(shares, catalog.settings_of(found.find(settings_key)))


def _share_of(store_id: str, guide: Guide, clock: Clock) -> Share:
    return Share(
        share_code=guide_share_code_for(store_id, guide.guide_id),
        owner_id=guide.member_id or guide_owner_id_for(store_id, guide.guide_id),
        target_type=ShareTarget.HOME,
        created_at=clock.now(),
        store_id=store_id,
        guide_id=guide.guide_id,
        guide_name=guide.name,
    )


def _outcome(before: Share | None, wanted: Share) -> tuple[Share, Outcome]:
    """The share as it will be, its figures kept, and what that amounts to."""
    if before is None:
        return wanted, Outcome.CREATED
    after = replace(before, owner_id=wanted.owner_id, guide_name=wanted.guide_name)
    return after, Outcome.UNCHANGED if after == before else Outcome.CHANGED


def _write(changes: Sequence[tuple[Share | None, Share]]) -> None:
    """So many at a time; what a commit that fails leaves out is written when it is sent again."""
    changed = [(before, after) for before, after in changes if before != after]
    for start in range(0, len(changed), _PER_COMMIT):
        writes = WriteSet()
        for before, after in changed[start : start + _PER_COMMIT]:
            if before is None:
                referrals.mint(writes, after)  # guard: the code is new -> read again
            else:
                referrals.change_guide(writes, before, after)  # guard: as read -> read again
        writes.commit()
