"""One bad row does not end an audit: it is set aside as a finding, and the rest goes on.

What is only passing (AWS is away or busy) is not: the step is taken again.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

from chalicelib.kit import findings
from chalicelib.kit.clock import Clock
from chalicelib.kit.errors import TryAgain

_OF_THE_REQUEST = ("ValidationException", "SerializationException")
"""DynamoDB's words for a key that can be none."""


def is_passing(error: Exception) -> bool:
    """Whether it has nothing to do with the row."""
    if isinstance(error, ClientError):
        return error.response["Error"]["Code"] not in _OF_THE_REQUEST
    is_of_aws = isinstance(error, BotoCoreError) and not isinstance(error, ParamValidationError)
    return is_of_aws or isinstance(error, TryAgain)


@contextmanager
def setting_aside(id: str, clock: Clock) -> Iterator[None]:
    """Whatever breaks on this one is written down. Raises what is passing."""
    try:
        yield
    except Exception as error:
        if is_passing(error):
            raise
        findings.poison(id, error, clock=clock)
