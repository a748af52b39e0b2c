"""Grant a free-leader voucher (发放免单券), by an operator. The same grant sent again changes
nothing; the id is good for one content with each member.
"""

from chalicelib.catalog import store as catalog
from chalicelib.catalog.model import Outcome
from chalicelib.kit.errors import InvalidRequest, NotFound, Refusal
from chalicelib.kit.reads import read
from chalicelib.kit.repeat import until_settled
from chalicelib.kit.writes import WriteSet
from chalicelib.members import store as members
from chalicelib.orders.errors import IdempotencyConflict
from chalicelib.vouchers import store as vouchers
from chalicelib.vouchers.model import Voucher


def grant(voucher: Voucher, *, dry_run: bool = False) -> tuple[Voucher, Outcome]:
    """The voucher as it is then, granted at `granted_at` unless it was before.

    Raises NotFound for an unknown campaign or member, one on the way out too; IdempotencyConflict
    when the member was granted another under this id; InvalidRequest for one that ends at once.
    """
    return until_settled(lambda: _attempt(voucher, dry_run))


def _attempt(voucher: Voucher, dry_run: bool) -> tuple[Voucher, Outcome]:
    member_key = members.profile_key(voucher.member_id)
    key = vouchers.voucher_key(voucher.member_id, voucher.voucher_id)
    campaign_id = voucher.campaign_id
    campaign_key = catalog.campaign_key(campaign_id) if campaign_id is not None else None
    found = read(member_key, key, campaign_key)
    if not members.is_staying(found.find(member_key)):
        raise _no_member(voucher)
    before = vouchers.voucher_of(found.find(key))
    if before is not None:
        if (before.campaign_id, before.expires_at) != (campaign_id, voucher.expires_at):
            raise IdempotencyConflict("The member has another voucher under this id.")
        return before, Outcome.UNCHANGED
    if campaign_key is not None and found.find(campaign_key) is None:
        raise NotFound(f"There is no campaign {campaign_id}.")
    if voucher.expires_at <= voucher.granted_at:
        wrong = {"field": "expires_at", "message": "expires_at must be in the future."}
        raise InvalidRequest("Not valid: expires_at.", errors=[wrong])
    if not dry_run:
        writes = WriteSet()
        members.must_stay(writes, voucher.member_id, refusal=lambda _row: _no_member(voucher))
        vouchers.grant(writes, voucher)  # guard: it is new -> read again
        writes.commit()
    return voucher, Outcome.CREATED


def _no_member(voucher: Voucher) -> Refusal:
    return NotFound(f"There is no member {voucher.member_id}.")
