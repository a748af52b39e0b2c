"""What groups refuse."""

from chalicelib.kit.errors import Refusal


class GroupNotOpen(Refusal):
    """Its leader has not paid, or it was abandoned."""

    status, code = 409, "group_not_open"
    title, title_en = "该团还未开始", "This group is not open to join."


class GroupFull(Refusal):
    """Every seat is taken or held by someone whose time to pay has not run out."""

    status, code = 409, "group_full"
    title, title_en = "该团已满", "This group is full."


class GroupOver(Refusal):
    """Its time has run out, or it is complete or failed."""

    status, code = 409, "group_over"
    title, title_en = "该团已结束", "This group is over."


class GroupForming(Refusal):
    """A paid order waits for its group, and the group's rules do not let anyone leave."""

    status, code = 409, "group_forming"
    title, title_en = (
        "拼团进行中，暂不能退出",
        "The group is still forming; leaving is not allowed.",
    )


class AlreadyJoined(Refusal):
    """One member, one seat. The context names the order that holds it."""

    status, code = 409, "already_joined"
    title, title_en = "您已参加该团", "You already have a seat in this group."


class CampaignNotLive(Refusal):
    """The campaign has not begun, is paused, or is over."""

    status, code = 409, "campaign_not_live"
    title, title_en = "活动不在进行中", "This campaign is not running now."


class NewcomersOnly(Refusal):
    """Only who has never paid an order may join. An order of theirs that waits for its payment
    stands in the way until it is cancelled; the context names it.
    """

    status, code = 409, "newcomers_only"
    title, title_en = "仅限新用户参团", "Only newcomers can join this group."


class CampaignChanged(Refusal):
    """The crowd under way sells at another price than the campaign says by now, or does not sell
    this. The context names the crowd and its price, so that it can be joined knowingly.
    """

    status, code = 409, "campaign_changed"
    title = "当前团按原价格进行，请确认"
    title_en = "The group under way keeps its earlier price."
