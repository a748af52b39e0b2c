"""Makes moto answer in less time what tests ask of it most, in the same words.

Most of a story's time went into moto's answers, which look for each of the ten kinds of value that
an attribute might have under several names; the rest is what it works out anew for every request.
"""

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import pytest
from botocore.model import StructureShape
from botocore.useragent import UserAgentString
from moto import backend_index
from moto.core import responses, utils
from moto.core.serialize import BaseJSONSerializer
from moto.dynamodb.models.table import Table

_ATTRIBUTE = "AttributeValue"
_TEXTS = frozenset({"S", "N"})
_FLAGS = frozenset({"BOOL", "NULL"})


def hurry(patch: pytest.MonkeyPatch) -> None:
    """From here on, until `patch` is undone."""
    patch.setattr(BaseJSONSerializer, "_serialize_type_structure", _serialize)
    patch.setattr(Table, "__deepcopy__", _copied, raising=False)
    names = cache(utils.method_names_from_class)
    patch.setattr(responses, "method_names_from_class", names)
    patch.setattr(UserAgentString, "to_string", lambda _self: "tests")
    found_first = sorted(
        backend_index.backend_url_patterns, key=lambda each: "dynamo" not in each[0]
    )
    patch.setattr(backend_index, "backend_url_patterns", found_first)


_as_before = BaseJSONSerializer._serialize_type_structure


@contextmanager
def slowly() -> Iterator[None]:
    """Let moto say it in its own way meanwhile."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BaseJSONSerializer, "_serialize_type_structure", _as_before)
        patch.delattr(Table, "__deepcopy__")
        yield


def _serialize(
    self: BaseJSONSerializer,
    serialized: dict[str, Any],
    value: Any,
    shape: StructureShape,
    key: str,
) -> None:
    """What an attribute holds goes out as it is kept, where that is how it is sent."""
    if key and shape.name == _ATTRIBUTE and is_plain(value):
        serialized[self.get_serialized_name(shape, key)] = value
    else:
        _as_before(self, serialized, value, shape, key)


def is_plain(value: Any) -> bool:
    """Whether it stands as it is to be sent: a text, a number, a flag, or a map or list of such."""
    if type(value) is not dict or len(value) != 1:
        return False
    ((kind, content),) = value.items()
    if kind in _TEXTS:
        return type(content) is str
    if kind in _FLAGS:
        return type(content) is bool
    if kind == "M":
        return type(content) is dict and all(map(is_plain, content.values()))
    return kind == "L" and type(content) is list and all(map(is_plain, content))


def _copied(self: Table, memo: dict[int, Any]) -> Table:
    """The copy that a transaction goes back to: of the items, and of the list of stream records.
    Neither a record nor what the table is made of is ever changed.
    """
    copied = copy.copy(self)
    copied.items = copy.deepcopy(self.items, memo)
    if self.stream_shard is not None:
        copied.stream_shard = copy.copy(self.stream_shard)
        copied.stream_shard.table = copied
        copied.stream_shard.items = list(self.stream_shard.items)
    return copied
