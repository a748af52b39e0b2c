"""What a view says of itself beforehand: what it takes, what it answers, how it may refuse.

The OpenAPI document is made of it, and tests hold every answer to it. Answering a request reads
nothing of it but the status, so that it costs nothing there.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, Field
from typing_extensions import TypedDict

from chalicelib.kit.errors import Refusal

Time = Annotated[
    str,
    Field(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$", json_schema_extra={"format": "date-time"}),
]
"""A moment as clients see it: `2026-11-22T15:08:44Z`."""

Fen = Annotated[int, Field(ge=0)]
"""An amount in an answer, in fen. None is below zero: what is owed has a name of its own."""

Count = Annotated[int, Field(ge=0)]


class Page(TypedDict):
    """What every list answers besides its items."""

    next_cursor: str | None


@dataclass(frozen=True)
class Media:
    """An answer that is no JSON: the types it may have."""

    types: tuple[str, ...]


TEXT = Media(("text/plain; charset=utf-8",))
IMAGE = Media(("image/jpeg", "image/png"))


@dataclass(frozen=True)
class Declared:
    """`answer`: a type that pydantic can describe, Media, or None for an answer without content.
    `refuses`: what the view may raise beyond what every view of its kind does. `headers` and
    `parameters`: what it reads by itself, as it comes.
    """

    body: type[BaseModel] | None
    query: type[BaseModel] | None
    signed_in: bool | None
    keyed: bool
    answer: Any
    status: int
    refuses: tuple[type[Refusal], ...] = ()
    headers: tuple[str, ...] = ()
    parameters: tuple[str, ...] = ()


_declared: dict[Callable[..., Any], Declared] = {}


def declare(handler: Callable[..., Any], declared: Declared) -> None:
    """Note what the handler of a route declares; once, when its module is imported."""
    _declared[handler] = declared


def declared_by(handler: Callable[..., Any]) -> Declared | None:
    """What it declared; None for what is no view of ours, such as a preflight."""
    return _declared.get(handler)
