"""A stage's entries in Parameter Store: read all at once, written one at a time.

Must never log or print a value, and never keep one.
"""

from dataclasses import dataclass, field
from typing import Any

from infra.secrets.kinds import BY_NAME

ENCRYPTED, PLAIN = "SecureString", "String"


@dataclass(frozen=True)
class Stored:
    """A value and how it is kept."""

    value: str = field(repr=False)
    kind: str

    @property
    def is_encrypted(self) -> bool:
        return self.kind == ENCRYPTED


class Store:
    """The parameters below one prefix."""

    def __init__(self, parameter_store: Any, prefix: str) -> None:
        self._parameter_store = parameter_store
        self._prefix = prefix

    def read(self) -> dict[str, Stored]:
        """All of them by the last part of their names, decrypted."""
        pages = self._parameter_store.get_paginator("get_parameters_by_path")
        return {
            parameter["Name"].rpartition("/")[2]: Stored(parameter["Value"], parameter["Type"])
            for page in pages.paginate(Path=self._prefix, WithDecryption=True)
            for parameter in page["Parameters"]
        }

    def put(self, name: str, value: str, present: Stored | None) -> None:
        """Writes it, encrypted unless it is no secret. `present` is what it takes the place of."""
        kind = ENCRYPTED if BY_NAME[name].is_secret else PLAIN
        if present is not None and present.kind != kind:
            # Overwriting keeps the kind that an entry began with.
            self._parameter_store.delete_parameter(Name=self.full_name(name))
            present = None
        self._parameter_store.put_parameter(
            Name=self.full_name(name), Value=value, Type=kind, Overwrite=present is not None
        )

    def full_name(self, name: str) -> str:
        return f"{self._prefix}/{name}"
