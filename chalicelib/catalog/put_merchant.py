"""Put a merchant (供货商): who supplies and ships. Sending it again changes nothing."""

from chalicelib.catalog import store as catalog
from chalicelib.catalog.model import Merchant, Outcome, outcome_of
from chalicelib.kit.reads import read
from chalicelib.kit.repeat import until_settled
from chalicelib.kit.writes import WriteSet


def put_merchant(merchant: Merchant, *, dry_run: bool = False) -> Outcome:
    """Write the merchant; with `dry_run` only say what that would do."""
    return until_settled(lambda: _attempt(merchant, dry_run=dry_run))


def _attempt(merchant: Merchant, *, dry_run: bool) -> Outcome:
    key = catalog.merchant_key(merchant.merchant_id)
    before = read(key).find(key)
    writes = WriteSet()
    catalog.save(writes, catalog.merchant_row(merchant), before=before)
    if not dry_run:
        writes.commit()
    return outcome_of(catalog.merchant_of(before), merchant)
