"""What members ask of their commissions. Shapes only; the contract of docs/api.md."""

from chalicelib.commissions.model import CommissionState
from chalicelib.kit.paging import PageQuery


class CommissionsQuery(PageQuery):
    """`?status=` narrows the member's list."""

    status: CommissionState | None = None
