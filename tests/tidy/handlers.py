"""How Lambda finds each function: what Chalice will write into the template as its handler.

A handler outside app.py would be deployed without app.py ever being imported, and so without
middleware and wiring; Chalice's test client does not show it.
"""

from collections import Counter
from collections.abc import Iterator
from types import ModuleType
from typing import Any

from chalice.app import Chalice


def wrong_handlers(app: Chalice, module: ModuleType) -> Iterator[str]:
    """Functions that Lambda would not find in app.py under the name they are written with."""
    functions: list[Any] = [
        *app.event_sources,
        *app.pure_lambda_functions,
        *app.builtin_auth_handlers,
    ]
    times = Counter(function.handler_string for function in functions)
    for function in functions:
        place, _, name = function.handler_string.rpartition(".")
        if place != "app":
            yield f"{function.handler_string}: is not in app.py"
        elif getattr(module, name, None) is not app.handler_map.get(function.name):
            yield f"{function.handler_string}: lost its name to a decorator"
        elif times[function.handler_string] > 1:
            yield f"{function.handler_string}: stands for more than one function"


def routes_outside_slices(app: Chalice) -> Iterator[str]:
    """HTTP routes that are not in the routes.py of a slice; preflights belong to none."""
    for path, methods in app.routes.items():
        for method, entry in methods.items():
            module = _module_of(entry.view_function)
            is_in_slice = module.startswith("chalicelib.") and module.endswith(".routes")
            if not is_in_slice and method != "OPTIONS":
                yield f"{method} {path}: declared in {module}"


def _module_of(view: Any) -> str:
    return str(getattr(view, "__module__", ""))
