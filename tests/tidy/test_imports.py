"""Slices know those below them and nobody above: who may import whom, as one table."""

import pytest

from tests.tidy.imports import NOT_IN_A_MODEL, forbidden_imports
from tests.tidy.tree import Source, assert_none, deployed_sources, judged

SLICES = frozenset(
    {
        "admin",
        "audit",
        "catalog",
        "commissions",
        "contract",
        "draws",
        "files",
        "groups",
        "ledger",
        "members",
        "notifications",
        "orders",
        "rankings",
        "reconciliation",
        "referrals",
        "refunds",
        "rules",
        "stations",
        "stock",
        "vouchers",
        "withdrawals",
    }
)

# For verbs and routes. Beyond it: a slice uses itself; a verb uses any slice's model, store and
# errors; those three use the kit and each other's models and errors; schemas use any slice's model
# and errors; routes use wiring, and any slice's errors, which they declare; app.py uses the routes
# of every slice.
MAY_IMPORT: dict[str, frozenset[str]] = {
    "kit": frozenset(),
    "settings": frozenset({"kit"}),
    "audit": frozenset({"kit", "ledger"}),
    "ledger": frozenset({"kit"}),
    "gateways": frozenset({"kit"}),
    "catalog": frozenset({"kit", "draws", "stock"}),
    "contract": frozenset({"kit"}),
    "draws": frozenset({"kit"}),
    "files": frozenset({"kit", "gateways", "ledger", "catalog", "stations"}),
    "vouchers": frozenset({"kit"}),
    "stock": frozenset({"kit"}),
    "stations": frozenset({"kit", "gateways", "catalog", "orders", "groups"}),
    "members": frozenset({"kit", "gateways", "catalog"}),
    "referrals": frozenset({"kit", "gateways", "members"}),
    "orders": frozenset({"kit", "gateways", "catalog", "stock", "referrals"}),
    "groups": frozenset({"kit", "gateways", "catalog", "draws", "referrals", "orders"}),
    "refunds": frozenset({"kit", "gateways", "ledger", "orders", "groups"}),
    "commissions": frozenset({"kit", "ledger", "orders", "referrals"}),
    "withdrawals": frozenset({"kit", "gateways", "ledger"}),
    "rankings": frozenset({"kit"}),
    "reconciliation": frozenset({"kit", "gateways", "ledger"}),
    "notifications": frozenset({"kit", "gateways", "catalog", "members"}),
    "wiring": frozenset({"kit", "draws", "gateways", "settings"}),
    "admin": frozenset({"kit", "gateways", "wiring", "sweeps"}) | SLICES,
    "changes": frozenset({"kit", "orders", "withdrawals"}),
    "figures": frozenset({"kit", "changes", "commissions"}),
    "reactions": frozenset({"kit", "gateways", "wiring", "changes", "figures"})
    | SLICES - {"admin"},
    "sweeps": frozenset({"kit", "gateways", "changes", "reactions", "wiring"}) | SLICES - {"admin"},
    "queues": frozenset({"kit", "gateways", "wiring"}) | SLICES - {"admin"},
    "uploads": frozenset({"kit", "gateways", "wiring", "sweeps", "admin", "files"}),
    "app": frozenset({"admin", "queues", "reactions", "sweeps", "uploads", "wiring"}),
}

ALLOWED = [
    ("app.py", "from chalicelib.groups.routes import routes"),
    ("app.py", "from chalicelib import reactions, sweeps, wiring"),
    ("app.py", "from chalicelib.admin import ship_order"),
    ("chalicelib/admin/ship_order.py", "from chalicelib.orders import ship"),
    ("chalicelib/groups/join.py", "from chalicelib.orders import place, store"),
    ("chalicelib/groups/join.py", "from chalicelib.refunds import model"),
    ("chalicelib/groups/model.py", "from chalicelib.orders.errors import OrderNotPayable"),
    ("chalicelib/groups/routes.py", "from chalicelib import wiring"),
    ("chalicelib/groups/routes.py", "from chalicelib.stock.errors import OutOfStock"),
    ("chalicelib/groups/store.py", "from chalicelib.kit.writes import WriteSet"),
    ("chalicelib/groups/crowds.py", "from chalicelib.groups.store import GroupRow"),
    ("chalicelib/orders/quote.py", "from chalicelib.groups import crowds"),
    ("chalicelib/ledger/store.py", "from chalicelib.ledger.transfers import Transfer"),
    ("chalicelib/orders/book_payment.py", "from chalicelib.ledger import recipes"),
    ("chalicelib/orders/place.py", "from chalicelib.withdrawals.store import open_one"),
    ("chalicelib/refunds/schemas.py", "from chalicelib.catalog.model import Url"),
    ("chalicelib/reactions.py", "from chalicelib.refunds import request"),
    ("chalicelib/settings.py", "from chalicelib.kit.clock import Clock"),
    ("chalicelib/wiring.py", "from chalicelib.gateways.off import WechatPayOff"),
    ("tests/groups/test_join.py", "from chalicelib.groups import join"),
]

REFUSED = [
    ("app.py", "from chalicelib.groups import join"),
    ("app.py", "from chalicelib.kit.clock import SystemClock"),
    ("chalicelib/members/sign_in.py", "from chalicelib.stock import reserve"),
    ("chalicelib/gateways/off.py", "from chalicelib.orders.model import Order"),
    ("chalicelib/groups/join.py", "from chalicelib import wiring"),
    ("chalicelib/groups/model.py", "from chalicelib.groups import join"),
    ("chalicelib/groups/model.py", "from chalicelib.orders.store import OrderRow"),
    ("chalicelib/groups/store.py", "from chalicelib.gateways.wechat_pay import WechatPay"),
    ("chalicelib/groups/crowds.py", "from chalicelib.orders.store import OrderRow"),
    ("chalicelib/groups/crowds.py", "from chalicelib.groups import join"),
    ("chalicelib/kit/paging.py", "from chalicelib.orders.model import Order"),
    ("chalicelib/kit/paging.py", "from chalicelib import settings"),
    ("chalicelib/orders/errors.py", "from chalicelib.stock.store import stock_key"),
    ("chalicelib/orders/place.py", "from chalicelib.groups import join"),
    ("chalicelib/orders/place.py", "def later():\n    from chalicelib.refunds import request"),
    ("chalicelib/orders/place.py", "from .store import OrderRow"),
    ("chalicelib/orders/routes.py", "from chalicelib.groups.routes import routes"),
    ("chalicelib/orders/routes.py", "from chalicelib.groups.store import find"),
    ("chalicelib/orders/schemas.py", "from chalicelib.refunds.schemas import refund_answer"),
    ("chalicelib/orders/place.py", "from chalicelib.ledger import balances"),
    ("chalicelib/wiring.py", "import chalicelib.orders.place"),
]


@pytest.mark.parametrize(("path", "line"), ALLOWED)
def test_an_import_down_the_table_is_allowed(path: str, line: str) -> None:
    source = Source(path, line)
    findings = [] if path.startswith("tests/") else list(forbidden_imports(source, MAY_IMPORT))
    assert findings == []


@pytest.mark.parametrize(("path", "line"), REFUSED)
def test_an_import_up_or_across_the_table_is_refused(path: str, line: str) -> None:
    assert len(list(forbidden_imports(Source(path, line), MAY_IMPORT))) == 1


@pytest.mark.parametrize("library", sorted(NOT_IN_A_MODEL))
def test_a_model_that_reaches_outside_is_refused(library: str) -> None:
    line = f"from {library}.anything import thing"

    assert list(forbidden_imports(Source("chalicelib/groups/model.py", line), MAY_IMPORT))
    assert not list(forbidden_imports(Source("chalicelib/groups/join.py", line), MAY_IMPORT))


def test_nobody_imports_what_the_table_does_not_allow() -> None:
    found = (one for source in deployed_sources() for one in forbidden_imports(source, MAY_IMPORT))
    assert_none(judged(found, {}))


def test_the_table_has_no_circles() -> None:
    reachable = {part: set(below) - {part} for part, below in MAY_IMPORT.items()}
    for _ in reachable:
        for below in reachable.values():
            below.update(*(reachable.get(part, set()) for part in tuple(below)))

    assert [part for part, below in reachable.items() if part in below] == []
