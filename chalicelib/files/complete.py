"""From an entry to the operators' command it becomes: what the file has no column for stays as it
is stored, and the command is refused when that has changed by the time it is done.

Also keeps a merchant's file to what is theirs. Somebody else's order is answered as one that is not
there.
"""

from typing import Any

from chalicelib.catalog import store as catalog
from chalicelib.catalog.model import MOST_SKUS, Product
from chalicelib.catalog.refuse_changed import revision_of
from chalicelib.files.entries import Entry
from chalicelib.files.model import FileKind
from chalicelib.kit.reads import Found, read
from chalicelib.orders import store as orders
from chalicelib.stock.store import stock_key

NO_SUCH_ORDER = "There is no such order."
NOT_FILLED_IN = "Nothing is filled in."
_CONTENT = ("description", "images", "detail_images", "category", "specs", "on_sale", "title")
_OF_SKU = ("title", "solo_price_fen", "image_url", "commission_rates_bp")
_OF_CAMPAIGN_SKU = ("group_price_fen", "tier_prices_fen", "allotted_units")


class NotTheirs(Exception):
    """Why a merchant's file cannot have this done."""


Event = dict[str, Any]


def complete(kind: FileKind, entry: Entry, merchant_id: str | None) -> Event | None:
    """The command; None when the row says nothing yet. Raises NotTheirs."""
    if kind is FileKind.SHIPMENTS:
        return _shipment(entry, merchant_id)
    if len(entry.skus) > MOST_SKUS:
        raise NotTheirs(f"At most {MOST_SKUS} SKUs.")
    return _product(entry, merchant_id) if kind is FileKind.PRODUCTS else _campaign(entry)


def _shipment(entry: Entry, merchant_id: str | None) -> Event | None:
    order_id = str(entry.fields["order_id"])
    if merchant_id is not None:
        order = orders.find(order_id)
        if order is None or order.merchant_id != merchant_id:
            raise NotTheirs(NO_SUCH_ORDER)
    if entry.fields["carrier"] is None:
        return None
    return {"command": "ship_order", **entry.fields}


def _product(entry: Entry, merchant_id: str | None) -> Event:
    key = catalog.product_key(entry.fields["product_id"])
    sku_ids = list(dict.fromkeys(str(sku["sku_id"]) for sku in entry.skus))
    found = read(
        key,
        *(catalog.sku_key(sku_id) for sku_id in sku_ids),
        *(stock_key(sku_id) for sku_id in sku_ids),
    )
    product = catalog.product_of(found.find(key))
    if merchant_id is not None:
        _refuse_what_is_not_theirs(entry, product, found, merchant_id)
    stored = product.model_dump(mode="json") if product is not None else {"skus": []}
    content = {name: stored[name] for name in _CONTENT if name in stored}
    said = {**content, **entry.fields}
    said["merchant_id"] = (
        merchant_id or entry.fields.get("merchant_id") or stored.get("merchant_id")
    )
    skus = _skus(entry, stored["skus"], _OF_SKU)
    guard = {"if_revision": revision_of(product)}
    return {"command": "put_product", **_said(said), "skus": skus, **guard}


def _refuse_what_is_not_theirs(
    entry: Entry, product: Product | None, found: Found, merchant_id: str
) -> None:
    if entry.fields.get("merchant_id") not in (None, merchant_id):
        raise NotTheirs(f"merchant_id has to be {merchant_id}.")
    if product is not None and product.merchant_id != merchant_id:
        raise NotTheirs("This product_id cannot be used here.")
    own = {sku.sku_id for sku in product.skus} if product is not None else set()
    for sku in entry.skus:
        offered = catalog.sku_of(found.find(catalog.sku_key(sku["sku_id"])))
        is_new = offered is None and found.find(stock_key(sku["sku_id"])) is None
        if sku["sku_id"] not in own and not is_new:
            raise NotTheirs(f"sku_id {sku['sku_id']} cannot be used here.")


def _campaign(entry: Entry) -> Event:
    key = catalog.campaign_key(entry.fields["campaign_id"])
    standing = catalog.standing_of(read(key).find(key))
    stored: dict[str, Any] = {"skus": []}
    if standing is not None:
        stored = standing.campaign.model_dump(mode="json", exclude_none=True)
    skus = _skus(entry, stored.pop("skus"), _OF_CAMPAIGN_SKU)
    guard = {"if_revision": revision_of(standing.campaign if standing is not None else None)}
    return {"command": "put_campaign", **_said({**stored, **entry.fields}), "skus": skus, **guard}


def _skus(
    entry: Entry, stored: list[dict[str, Any]], kept: tuple[str, ...]
) -> list[dict[str, Any]]:
    by_id = {sku["sku_id"]: {name: sku.get(name) for name in kept} for sku in stored}
    return [_said({**by_id.get(sku["sku_id"], {}), **sku}) for sku in entry.skus]


def _said(fields: dict[str, Any]) -> dict[str, Any]:
    """Without what takes its default."""
    return {name: value for name, value in fields.items() if value is not None}
