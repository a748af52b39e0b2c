"""What members see of vouchers. Shapes only; the contract of docs/api.md."""

from typing_extensions import TypedDict

from chalicelib.kit.declared import Page, Time
from chalicelib.vouchers.model import VoucherState


class VoucherAnswer(TypedDict):
    """A voucher. `campaign_id` null: good for any. `order_id`: the order it stands for."""

    voucher_id: str
    campaign_id: str | None
    granted_at: Time
    expires_at: Time
    status: VoucherState
    order_id: str | None


class VouchersPage(Page):
    """One's own vouchers."""

    items: list[VoucherAnswer]
