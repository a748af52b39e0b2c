"""What every operator's command has in common: a payload whose every field is known.

A command is one file of this folder, named as operators call it, with a class `Payload` and a
function `run(payload, wiring)` that gives plain JSON. It decides nothing; verbs of slices do.
"""

from collections.abc import Callable
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, field_validator

from chalicelib.ledger.model import is_a_name
from chalicelib.wiring import Wiring


class Command(BaseModel):
    """Base of every payload. With `dry_run` all is checked that can be read and nothing written."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    dry_run: bool = False


class MoneyCommand(Command):
    """Base of payloads that move money: who does it, and why, for the log."""

    operator: Annotated[str, Field(min_length=1, max_length=64)]
    reason: Annotated[str, Field(min_length=1, max_length=200)]


class AdjustmentCommand(MoneyCommand):
    """Base of payloads of which one operator confirms another's: who does it has a name."""

    @field_validator("operator")
    @classmethod
    def _has_a_name(cls, operator: str) -> str:
        if not is_a_name(operator):
            raise ValueError("a name has letters or digits")
        return operator


Run = Callable[[Any, Wiring], dict[str, Any]]
"""From a command's payload to its result; raises the refusals of the verb it calls."""
