"""Which checks of schemathesis are on, and where one cannot hold by design, with the reason.

All are on. An excuse says for whom one is off, or which statuses are right besides.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

Operation = dict[str, Any]

ACCEPTS = ("2xx", "3xx", "401", "403", "404", "409", "429", "5xx")
"""What schemathesis takes for the acceptance of good data: what is there decides, not the shape.
A 5xx is another check's business.
"""


@dataclass(frozen=True)
class Excuse:
    """`also`: statuses that are right too; without any, the check is off."""

    check: str
    of: Callable[[Operation], bool]
    reason: str
    also: tuple[str, ...] = ()


def _named(*operation_ids: str) -> Callable[[Operation], bool]:
    return lambda operation: operation["operationId"] in operation_ids


def _any(_operation: Operation) -> bool:
    return True


def _is_paged(operation: Operation) -> bool:
    return any(parameter.get("name") == "cursor" for parameter in operation["parameters"])


def _good_data(reason: str, of: Callable[[Operation], bool]) -> Excuse:
    return Excuse("positive_data_acceptance", of, reason, also=("422",))


EXCUSES = (
    Excuse(
        "unsupported_method",
        _any,
        "API Gateway answers 404 to a method that a path does not have; the app is not reached",
    ),
    Excuse(
        "object_level_authorization",
        _named("get_group", "get_group_draw"),
        "a group's page is for whoever has its id: that is how it is shared",
    ),
    _good_data("a cursor is what the page before has handed out", _is_paged),
    _good_data(
        "a campaign's rules say what it asks for: an address, a station, fields",
        _named("post_group", "post_group_member", "post_quote"),
    ),
    _good_data("every target has an id but home", _named("post_share")),
    _good_data("the app and the templates are the deployment's own", _named("post_session")),
    _good_data("the app and the templates are the deployment's own", _named("post_subscriptions")),
    _good_data("names hold no sign that cannot be seen", _named("put_me")),
    _good_data("an id number has a check digit and a date in it", _named("put_me_payee")),
)


def settings_of(operation: Operation) -> dict[str, Any]:
    """The `checks` of one operation, as schemathesis's configuration has them."""
    excused = (excuse for excuse in EXCUSES if excuse.of(operation))
    return {excuse.check: _setting(excuse) for excuse in excused}


def _setting(excuse: Excuse) -> dict[str, Any]:
    if not excuse.also:
        return {"enabled": False}
    return {"expected-statuses": [*ACCEPTS, *excuse.also]}


def operations_in(document: Any) -> Iterator[Operation]:
    """Every operation of a document."""
    for methods in document["paths"].values():
        yield from methods.values()
