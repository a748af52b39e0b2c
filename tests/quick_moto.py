"""Makes moto answer in less time what tests ask of it most, in the same words.

Most of a story's time went into moto's answers, which look for each of the ten kinds of value that
an attribute might have under several names, and into copying for every transaction the records of
the stream, which nobody changes.
"""

from typing import Any

import pytest
from botocore.model import StructureShape
from moto.core.serialize import BaseJSONSerializer
from moto.dynamodb.models.table import StreamRecord

_ATTRIBUTE = "AttributeValue"
_TEXTS = frozenset({"S", "N"})
_FLAGS = frozenset({"BOOL", "NULL"})


def hurry(patch: pytest.MonkeyPatch) -> None:
    """From here on, until `patch` is undone."""
    as_before = BaseJSONSerializer._serialize_type_structure

    def serialize(
        self: BaseJSONSerializer,
        serialized: dict[str, Any],
        value: Any,
        shape: StructureShape,
        key: str,
    ) -> None:
        if key and shape.name == _ATTRIBUTE and is_plain(value):
            serialized[self.get_serialized_name(shape, key)] = value
        else:
            as_before(self, serialized, value, shape, key)

    patch.setattr(BaseJSONSerializer, "_serialize_type_structure", serialize)
    patch.setattr(StreamRecord, "__deepcopy__", lambda self, _memo: self, raising=False)


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
