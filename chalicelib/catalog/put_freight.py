"""Put a merchant's freight rule: what sending one order costs, and where it does not send.

Replaces the rule as a whole. Orders already placed keep the freight they were priced with.
"""

from chalicelib.catalog import store as catalog
from chalicelib.catalog.model import Freight, Outcome, outcome_of
from chalicelib.kit.errors import NotFound
from chalicelib.kit.reads import read
from chalicelib.kit.repeat import until_settled
from chalicelib.kit.writes import WriteSet


def put_freight(freight: Freight, *, dry_run: bool = False) -> Outcome:
    """Write the rule. Raises NotFound when there is no such merchant."""
    return until_settled(lambda: _attempt(freight, dry_run=dry_run))


def _attempt(freight: Freight, *, dry_run: bool) -> Outcome:
    merchant_key = catalog.merchant_key(freight.merchant_id)
    key = catalog.freight_key(freight.merchant_id)
    found = read(merchant_key, key)
    if found.find(merchant_key) is None:
        raise NotFound(f"There is no merchant {freight.merchant_id}; put it first.")
    before = found.find(key)
    writes = WriteSet()
    catalog.check_merchant(writes, freight.merchant_id)
    catalog.save(writes, catalog.freight_row(freight), before=before)
    if not dry_run:
        writes.commit()
    known = catalog.freight_of(before, freight.merchant_id) if before is not None else None
    return outcome_of(known, freight)
