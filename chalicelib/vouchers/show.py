"""What a member sees of a voucher."""

from datetime import datetime
from typing import Any

from chalicelib.kit.clock import shown
from chalicelib.vouchers.model import Voucher


def show(voucher: Voucher, *, now: datetime) -> dict[str, Any]:
    """One voucher. `order_id`: the order it stands for."""
    return {
        "voucher_id": voucher.voucher_id,
        "campaign_id": voucher.campaign_id,
        "granted_at": shown(voucher.granted_at),
        "expires_at": shown(voucher.expires_at),
        "status": voucher.state(now).value,
        "order_id": voucher.used_by,
    }
