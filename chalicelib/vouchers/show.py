"""What a member sees of a voucher."""

from datetime import datetime

from chalicelib.kit.clock import shown
from chalicelib.vouchers.model import Voucher
from chalicelib.vouchers.schemas import VoucherAnswer


def show(voucher: Voucher, *, now: datetime) -> VoucherAnswer:
    """One voucher."""
    return {
        "voucher_id": voucher.voucher_id,
        "campaign_id": voucher.campaign_id,
        "granted_at": shown(voucher.granted_at),
        "expires_at": shown(voucher.expires_at),
        "status": voucher.state(now),
        "order_id": voucher.used_by,
    }
