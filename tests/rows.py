"""Items of DynamoDB as plain values."""

from typing import Any


def plain(item: dict[str, Any]) -> dict[str, Any]:
    """DynamoDB's JSON as plain values."""
    return {name: _plain(value) for name, value in item.items()}


def _plain(value: dict[str, Any]) -> Any:
    ((kind, content),) = value.items()
    if kind == "N":
        return int(content)
    if kind == "M":
        return plain(content)
    if kind == "SS":
        return sorted(content)
    if kind == "L":
        return [_plain(each) for each in content]
    return content
