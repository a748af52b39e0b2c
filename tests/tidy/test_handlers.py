"""Lambda imports app.py whatever it runs, and finds each function there under its own name."""

import importlib
from collections.abc import Callable
from types import ModuleType
from typing import Any

from chalice.app import Blueprint, Chalice, Rate

from tests.tidy.handlers import routes_outside_slices, wrong_handlers
from tests.tidy.tree import assert_none

EVERY_MINUTE = Rate(1, unit=Rate.MINUTES)


def planted(declare: Callable[[Chalice], dict[str, Any]]) -> tuple[Chalice, ModuleType]:
    """An app, and the module that holds what `declare` leaves in it."""
    app, module = Chalice("planted"), ModuleType("app")
    vars(module).update(declare(app))
    return app, module


def view_in(module: str) -> Callable[[], dict[str, str]]:
    def view() -> dict[str, str]:
        return {}

    view.__module__ = module
    return view


def test_handlers_in_the_app_under_their_own_names_are_fine() -> None:
    def declare(app: Chalice) -> dict[str, Any]:
        @app.schedule(EVERY_MINUTE)
        def sweep(event: Any) -> None:
            """Run the sweeps."""

        @app.lambda_function(name="admin")
        def admin(event: Any, context: Any) -> None:
            """Take a command."""

        return {"sweep": sweep, "admin": admin}

    assert list(wrong_handlers(*planted(declare))) == []


def test_a_handler_in_a_blueprint_is_refused() -> None:
    def declare(app: Chalice) -> dict[str, Any]:
        jobs = Blueprint("chalicelib.sweeps")

        @jobs.schedule(EVERY_MINUTE)
        def sweep(event: Any) -> None:
            """Run the sweeps."""

        app.register_blueprint(jobs)
        return {"sweep": sweep}

    complaints = list(wrong_handlers(*planted(declare)))

    assert complaints == ["chalicelib.sweeps.sweep: is not in app.py"]


def test_a_handler_whose_decorator_forgot_its_name_is_refused() -> None:
    def forgetful(handler: Callable[[Any], None]) -> Callable[[Any], None]:
        def wrapper(event: Any) -> None:
            handler(event)

        return wrapper

    def declare(app: Chalice) -> dict[str, Any]:
        @app.schedule(EVERY_MINUTE)
        @forgetful
        def sweep(event: Any) -> None:
            """Run the sweeps."""

        return {"sweep": sweep}

    complaints = list(wrong_handlers(*planted(declare)))

    assert complaints == ["app.wrapper: lost its name to a decorator"]


def test_a_route_outside_the_slices_is_refused() -> None:
    app = Chalice("planted")
    routes = Blueprint("chalicelib.orders.routes")
    routes.route("/orders")(view_in("chalicelib.orders.routes"))
    app.register_blueprint(routes)
    app.route("/health")(view_in("app"))

    assert list(routes_outside_slices(app)) == ["GET /health: declared in app"]


def test_every_handler_is_found_in_app() -> None:
    module = importlib.import_module("app")
    assert_none(wrong_handlers(module.app, module))


def test_every_route_is_in_the_routes_of_a_slice() -> None:
    app = importlib.import_module("app").app

    assert len(app.routes) > 0
    assert_none(routes_outside_slices(app))
