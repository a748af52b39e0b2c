"""Every HTTP route with a request that it answers well, so that a test spoils one thing at a
time.
"""

from dataclasses import dataclass
from typing import Any

from tests.shop import ADDRESS

PURCHASE = {"sku_id": "apples-5", "quantity": 1, "address": ADDRESS}


@dataclass(frozen=True)
class Route:
    """One method of one path. `signed_in` None: a token may be left out. `body` None: takes none.

    `callback`: WeChat calls it, and the bytes are for WeChat's signature to prove. `pushed`: so are
    its parameters, and WeChat chooses the type. `image`: it answers with bytes that WeChat drew.
    """

    method: str
    path: str
    signed_in: bool | None = True
    keyed: bool = False
    body: dict[str, Any] | None = None
    callback: bool = False
    pushed: bool = False
    image: bool = False

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


ROUTES = (
    Route("POST", "/v1/sessions", signed_in=False, body={"code": "a-code"}),
    Route("GET", "/v1/me"),
    Route("PUT", "/v1/me", body={"nickname": "Lin"}),
    Route("DELETE", "/v1/me"),
    Route("POST", "/v1/me/subscriptions", body={"results": {"template-1": "accept"}}),
    Route("GET", "/v1/me/invitees"),
    Route("POST", "/v1/shares", body={"target_type": "campaign", "target_id": "autumn"}),
    Route("POST", "/v1/shares/{share_code}/visits"),
    Route("GET", "/v1/shares/{share_code}/qrcode", signed_in=False, image=True),
    Route("GET", "/v1/config", signed_in=False),
    Route("GET", "/v1/health", signed_in=False),
    Route("GET", "/v1/openapi.json", signed_in=False),
    Route("GET", "/v1/products", signed_in=False),
    Route("GET", "/v1/products/{product_id}", signed_in=False),
    Route("GET", "/v1/campaigns", signed_in=False),
    Route("GET", "/v1/campaigns/{campaign_id}", signed_in=False),
    Route("GET", "/v1/campaigns/{campaign_id}/groups", signed_in=False),
    Route("GET", "/v1/campaigns/{campaign_id}/draws", signed_in=False),
    Route("GET", "/v1/draws/{draw_id}/entries", signed_in=False),
    Route("POST", "/v1/quotes", body={"sku_id": "apples-5", "quantity": 1}),
    Route("POST", "/v1/groups", keyed=True, body={**PURCHASE, "campaign_id": "autumn"}),
    Route("GET", "/v1/groups/{group_id}", signed_in=None),
    Route("GET", "/v1/groups/{group_id}/draw", signed_in=None),
    Route("POST", "/v1/groups/{group_id}/members", keyed=True, body=PURCHASE),
    Route("POST", "/v1/orders", keyed=True, body=PURCHASE),
    Route("GET", "/v1/orders"),
    Route("GET", "/v1/orders/{order_id}"),
    Route("POST", "/v1/orders/{order_id}/payment"),
    Route("POST", "/v1/orders/{order_id}/payment-check"),
    Route("POST", "/v1/orders/{order_id}/cancel"),
    Route("POST", "/v1/orders/{order_id}/receipt"),
    Route(
        "POST",
        "/v1/orders/{order_id}/refunds",
        keyed=True,
        body={"type": "refund_only", "reason": "不想要了", "amount_fen": 1},
    ),
    Route("POST", "/v1/refunds/{refund_id}/cancel"),
    Route(
        "POST",
        "/v1/refunds/{refund_id}/return-shipment",
        body={"carrier": "顺丰", "tracking_no": "SF2002"},
    ),
    Route("GET", "/v1/me/stations"),
    Route("GET", "/v1/stations/{station_id}/pickups"),
    Route("POST", "/v1/stations/{station_id}/redemptions", body={"pickup_code": "00000000"}),
    Route("GET", "/v1/vouchers"),
    Route("GET", "/v1/commissions"),
    Route("GET", "/v1/wallet"),
    Route("GET", "/v1/wallet/transfers"),
    Route(
        "PUT",
        "/v1/me/payee",
        body={"real_name": "林小满", "id_number": "11010519491231002X"},
    ),
    Route("POST", "/v1/withdrawals", keyed=True, body={"amount_fen": 2_000}),
    Route("GET", "/v1/withdrawals"),
    Route("GET", "/v1/withdrawals/{withdrawal_id}"),
    Route("POST", "/v1/withdrawals/{withdrawal_id}/cancel"),
    Route("GET", "/v1/leaderboard"),
    Route("GET", "/v1/withdrawal-ticker", signed_in=False),
    Route("POST", "/v1/wechat/transfers", signed_in=False, callback=True),
    Route("POST", "/v1/wechat/payments", signed_in=False, callback=True),
    Route("POST", "/v1/wechat/refunds", signed_in=False, callback=True),
    Route("POST", "/v1/wechat/complaints", signed_in=False, callback=True),
    Route("GET", "/v1/wechat/messages", signed_in=False, pushed=True),
    Route("POST", "/v1/wechat/messages", signed_in=False, pushed=True),
)

SIGNED_IN = tuple(route for route in ROUTES if route.signed_in)
PERHAPS_SIGNED_IN = tuple(route for route in ROUTES if route.signed_in is None)
PUBLIC = tuple(
    route
    for route in ROUTES
    if route.signed_in is False and not (route.callback or route.pushed or route.image)
)
CALLBACKS = tuple(route for route in ROUTES if route.callback)
KEYED = tuple(route for route in ROUTES if route.keyed)
READING = tuple(
    route for route in ROUTES if route.method == "GET" and not (route.image or route.pushed)
)
OF_OUR_TYPE = tuple(route for route in ROUTES if not route.pushed)
SELLING = tuple(route for route in KEYED if route.body is not None and "sku_id" in route.body)


def route(method: str, path: str) -> Route:
    return next(each for each in ROUTES if (each.method, each.path) == (method, path))
