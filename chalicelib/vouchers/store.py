"""Vouchers, as items under their member: reads, and the guarded writes of granting, using and
giving one back.
"""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from pynamodb.attributes import UnicodeAttribute

from chalicelib.kit import reads
from chalicelib.kit.errors import NotFound
from chalicelib.kit.tables import Key, Row, TimeAttribute
from chalicelib.kit.writes import WriteSet
from chalicelib.vouchers.errors import VoucherNotValid
from chalicelib.vouchers.model import Voucher


class VoucherRow(Row):
    """One voucher, attributes named as in model.Voucher."""

    class Meta:
        table = "members"

    member_id = UnicodeAttribute(hash_key=True)
    kind = UnicodeAttribute(range_key=True)
    voucher_id = UnicodeAttribute(null=True)
    campaign_id = UnicodeAttribute(null=True)
    granted_at = TimeAttribute(null=True)
    expires_at = TimeAttribute(null=True)
    used_by = UnicodeAttribute(null=True)


VOUCHER = "voucher#"
_MODEL_FIELDS = frozenset(Voucher.__dataclass_fields__)


def voucher_key(member_id: str, voucher_id: str) -> Key[VoucherRow]:
    return VoucherRow.key(member_id, VOUCHER + voucher_id)


def voucher_of(row: VoucherRow | None) -> Voucher | None:
    return Voucher(**row.given(_MODEL_FIELDS)) if row is not None else None


def get(member_id: str, voucher_id: str) -> Voucher:
    """The member's voucher, read consistently. Raises NotFound."""
    key = voucher_key(member_id, voucher_id)
    voucher = voucher_of(reads.read(key).find(key))
    if voucher is None:
        raise NotFound(f"There is no voucher {voucher_id} of that member's.")
    return voucher


def page_of_member(
    member_id: str, *, limit: int, start: dict[str, Any] | None
) -> tuple[Sequence[Voucher], dict[str, Any] | None]:
    """A member's vouchers by their ids, used ones too, and where the next page starts."""
    keys = (VoucherRow.member_id == member_id) & VoucherRow.kind.startswith(VOUCHER)
    items, following = reads.query(VoucherRow, keys, limit=limit, start=start)
    found = (voucher_of(VoucherRow.from_item(item)) for item in items)
    return [voucher for voucher in found if voucher is not None], following


def grant(writes: WriteSet, voucher: Voucher) -> None:
    """Write a new voucher. Guard: it is new -> Changed."""
    given = {name: value for name, value in asdict(voucher).items() if value is not None}
    row = VoucherRow(kind=VOUCHER + voucher.voucher_id, **given)
    writes.put(row, guard=VoucherRow.member_id.does_not_exist())


def expire(writes: WriteSet, voucher: Voucher, *, now: datetime) -> None:
    """It opens nothing from here on. Guards: not used, its end as read -> Changed."""
    as_read = VoucherRow.expires_at == voucher.expires_at
    writes.update(
        voucher_key(voucher.member_id, voucher.voucher_id),
        [VoucherRow.expires_at.set(now)],
        guard=VoucherRow.used_by.does_not_exist() & as_read,
    )


def use(writes: WriteSet, member_id: str, voucher_id: str, order_id: str, *, now: datetime) -> None:
    """It stands for this order. Guards: there, not used, not expired -> VoucherNotValid."""
    writes.update(
        voucher_key(member_id, voucher_id),
        [VoucherRow.used_by.set(order_id)],
        guard=VoucherRow.used_by.does_not_exist() & (VoucherRow.expires_at > now),
        refusal=lambda _row: VoucherNotValid(),
    )


def give_back(writes: WriteSet, member_id: str, voucher_id: str, order_id: str) -> None:
    """It can be used again, until it expires. Guard: it stands for this order."""
    key = voucher_key(member_id, voucher_id)
    writes.update(key, [VoucherRow.used_by.remove()], guard=VoucherRow.used_by == order_id)
