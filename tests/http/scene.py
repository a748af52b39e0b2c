"""A shop in the middle of its day, with one of everything that a path can name."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from tests.http.routes import Route
from tests.in_process import everything
from tests.money import earns
from tests.shop import Member, Reply, Shop
from tests.stations.words import looks_after
from tests.vouchers.words import granted
from tests.withdrawals.words import asked, cancels

GOOD_KEY = "a-key-of-this-test"
TEMPLATE = {"template_id": "template-1", "fields": {"amount1": "amount"}}


class Scene:
    """Lin leads a forming group that will draw, has an order to pay, a refund that waits for an
    operator, a voucher, a withdrawal taken back and a station to look after.

    Eve owns nothing.
    """

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        shop.admin("put_settings", notices={"refund_paid": TEMPLATE})
        shop.stocks(100)
        shop.campaign(rules={"draw": {"winners": 1}})
        self.lin: Member = shop.member("Lin")
        self.eve: Member = shop.member("Eve")
        granted(shop, "Lin", campaign_id="autumn")
        leading = self.lin.opens().pays()
        self.group_order_id = leading.order_id
        shop.advance(1)
        paid = self.lin.buys(quantity=2).pays()
        shop.advance(1)
        shop.settles()
        self.refund_id = paid.asks_refund(amount_fen=500)["refund_id"]
        self.paid_order_id = paid.order_id
        self.unpaid = self.lin.buys()
        looks_after(shop, "Lin", "gate")
        earns(shop.clock, self.lin.member_id, 5_000)
        withdrawal_id = asked(self.lin)
        cancels(self.lin, withdrawal_id)
        shop.settles()
        self.ids = {
            "withdrawal_id": withdrawal_id,
            "group_id": leading.group_id,
            "draw_id": shop.group(leading.group_id)["draw"]["draw_id"],
            "order_id": self.unpaid.order_id,
            "refund_id": self.refund_id,
            "product_id": "apples",
            "campaign_id": "autumn",
            "share_code": self.eve.shares("home"),
            "station_id": "gate",
        }

    def path(self, route: Route, ids: Mapping[str, str] | None = None) -> str:
        """The route's path with ids of the scene, or with these."""
        return route.path.format_map({**self.ids, **(ids or {})})

    def send(
        self,
        route: Route,
        *,
        ids: Mapping[str, str] | None = None,
        body: Any = None,
        token: str | None = "",
        headers: Mapping[str, str] | None = None,
        query: str = "",
    ) -> Reply:
        """The route's good request by Lin, but for what is given. `token` None: none at all."""
        given = {"Idempotency-Key": GOOD_KEY} if route.keyed else {}
        return self.shop.send(
            route.method,
            self.path(route, ids) + query,
            route.body if body is None else body,
            token=self.lin.token if token == "" else token,
            headers={**given, **(headers or {})},
        )

    @contextmanager
    def stays(self) -> Iterator[None]:
        """Whatever is asked meanwhile, no table changes."""
        before = everything()
        yield
        assert everything() == before
