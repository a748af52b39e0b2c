"""What is changed in every request before it is sent. Loaded by schemathesis, not by us."""

from typing import Any

import schemathesis


@schemathesis.hook
def map_body(_context: Any, body: Any) -> Any:
    """Whole numbers go out without a point: to JSON Schema 217.0 is an integer, to the contract it
    is not (`tests/http` sends such numbers, and they are refused).
    """
    return _whole(body)


def _whole(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _whole(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_whole(each) for each in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
