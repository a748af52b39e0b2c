"""A free-leader voucher (免单券): opens one group for which its leader pays nothing. Frozen and
pure.
"""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Voucher:
    """Granted to one member by an operator, for one campaign or (None) for any. `used_by`: the
    order it stands for; given back when its group does not come about.
    """

    voucher_id: str
    member_id: str
    granted_at: datetime
    expires_at: datetime
    campaign_id: str | None = None
    used_by: str | None = None

    def opens(self, campaign_id: str, now: datetime) -> bool:
        """Whether it can be used for a group of that campaign now."""
        fits = self.campaign_id in (None, campaign_id)
        return fits and self.used_by is None and now < self.expires_at
