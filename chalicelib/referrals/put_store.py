"""Put a merchant's store (门店), where guides look after customers. Sending it again changes
nothing.
"""

from chalicelib.catalog import store as catalog
from chalicelib.catalog.model import Outcome, Store, outcome_of
from chalicelib.kit.errors import NotFound
from chalicelib.kit.reads import read
from chalicelib.kit.repeat import until_settled
from chalicelib.kit.writes import WriteSet


def put_store(store: Store, *, dry_run: bool = False) -> Outcome:
    """Write the store; with `dry_run` only say what that would do. Raises NotFound when there is no
    such merchant.
    """
    return until_settled(lambda: _attempt(store, dry_run=dry_run))


def _attempt(store: Store, *, dry_run: bool) -> Outcome:
    key = catalog.store_key(store.store_id)
    merchant_key = catalog.merchant_key(store.merchant_id)
    found = read(key, merchant_key)
    if found.find(merchant_key) is None:
        raise NotFound(f"There is no merchant {store.merchant_id}; put it first.")
    before = found.find(key)
    writes = WriteSet()
    catalog.check_merchant(writes, store.merchant_id)
    catalog.save(writes, catalog.store_row(store), before=before)
    if not dry_run:
        writes.commit()
    return outcome_of(catalog.store_of(before), store)
