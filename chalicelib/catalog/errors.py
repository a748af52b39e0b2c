"""What the catalogue refuses."""

from chalicelib.kit.errors import InvalidRequest, Refusal


class CampaignEnded(Refusal):
    """An operator ended it, and that is final."""

    status, code = 409, "campaign_not_live"
    title = "活动已结束"
    title_en = "This campaign was ended for good; make a new one under another id."


class ChangedSince(InvalidRequest):
    """Somebody has put it since it was read; nothing of theirs is overwritten."""
