"""Revoke a free-leader voucher (作废免单券) that is not used, by an operator: it expires now, and
stays on the record, so that no late repeat of its grant brings it back.
"""

from chalicelib.catalog.model import Outcome
from chalicelib.kit.clock import Clock
from chalicelib.kit.errors import NotAllowed
from chalicelib.kit.repeat import until_settled
from chalicelib.kit.writes import WriteSet
from chalicelib.vouchers import store as vouchers
from chalicelib.vouchers.model import Voucher, VoucherState


def revoke(
    member_id: str, voucher_id: str, *, clock: Clock, dry_run: bool = False
) -> tuple[Voucher, Outcome]:
    """The voucher as it is then; twice is once. Raises NotAllowed while it stands for an order,
    NotFound.
    """
    return until_settled(lambda: _attempt(member_id, voucher_id, clock, dry_run))


def _attempt(
    member_id: str, voucher_id: str, clock: Clock, dry_run: bool
) -> tuple[Voucher, Outcome]:
    voucher, now = vouchers.get(member_id, voucher_id), clock.now()
    match voucher.state(now):
        case VoucherState.USED:
            raise NotAllowed(f"It stands for order {voucher.used_by}: it cannot be revoked.")
        case VoucherState.EXPIRED:
            return voucher, Outcome.UNCHANGED
    if dry_run:
        return voucher, Outcome.CHANGED
    writes = WriteSet()
    vouchers.expire(writes, voucher, now=now)  # guards: not used, its end as read -> read again
    writes.commit()
    return vouchers.get(member_id, voucher_id), Outcome.CHANGED
