"""The invariant of crowds, in the way of checks.py: a crowd and its shards tell one story.

Looks at crowds and at their shards, each of which is a group of the books; what is true of any
group is asked there.
"""

from collections.abc import Iterator, Sequence

from chalicelib.audit.books import Books
from chalicelib.groups.model import Group, GroupState, Production

_UNDECIDED = frozenset({GroupState.FORMING, GroupState.CLOSED})
_SAID = frozenset({Production.ACCEPTED, Production.REJECTED})


def crowds_add_up(books: Books, group_id: str) -> Iterator[str]:
    """A crowd counts nobody until it is decided, and then just those whom its shards have counted;
    each of them is decided as it is, and belongs to it.
    """
    group = books.groups[group_id]
    if group.crowd_id is not None:
        yield from _belongs(books, group, group.crowd_id)
    elif group.is_crowd:
        found = [books.groups.get(shard_id) for shard_id in group.shard_ids]
        shards = [shard for shard in found if shard is not None]
        if any(books.is_unknown("groups", shard_id) for shard_id in group.shard_ids):
            return
        if len(shards) < len(group.shard_ids):
            yield f"{len(shards)} of its {len(group.shard_ids)} shards are there"
        else:
            yield from _fits(group, shards)


def _belongs(books: Books, shard: Group, crowd_id: str) -> Iterator[str]:
    crowd = books.groups.get(crowd_id)
    if crowd is None and books.is_unknown("groups", crowd_id):
        return
    if crowd is None or shard.group_id not in crowd.shard_ids:
        yield f"no shard of crowd {crowd_id}"


def _fits(crowd: Group, shards: Sequence[Group]) -> Iterator[str]:
    heads = sum(shard.paid_count for shard in shards)
    if crowd.group_state is GroupState.FORMING:
        counted = (crowd.paid_count, *(shard.headcount or 0 for shard in shards))
        if any(counted):
            yield f"not decided, and {max(counted)} heads are counted"
        if any(shard.group_state not in _UNDECIDED for shard in shards):
            yield f"not decided, and its shards are {_states(shards)}"
        return
    if crowd.paid_count != heads or any(shard.headcount != heads for shard in shards):
        told = sorted({str(shard.headcount) for shard in shards})
        yield f"{heads} heads on its shards, counted as {crowd.paid_count}, told as {told}"
    if any(shard.group_state is not crowd.group_state for shard in shards):
        yield f"{crowd.group_state.value}, and its shards are {_states(shards)}"
    said = crowd.production if crowd.production in _SAID else None
    if any(shard.production is not said for shard in shards):
        yield f"its merchant's word is {said}, and its shards do not all know"


def _states(shards: Sequence[Group]) -> list[str]:
    return sorted({shard.group_state.value for shard in shards})
