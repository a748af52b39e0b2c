"""What members report of subscribe messages, and what they see of it. HTTP shapes only."""

from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, Field

from chalicelib.kit.declared import Count
from chalicelib.kit.endpoint import Body

TemplateId = Annotated[str, Field(pattern=r"^[0-9A-Za-z_-]{1,64}$")]


class SubscribeResult(StrEnum):
    """What `wx.requestSubscribeMessage` answers for a template."""

    ACCEPT = "accept"
    """Good for one message."""
    ACCEPT_WITH_AUDIO = "acceptWithAudio"
    """Good for one message, which is read aloud."""
    REJECT = "reject"
    """Not this time. What was accepted before stays good."""
    BAN = "ban"
    """WeChat has banned the template."""
    FILTER = "filter"
    """Not shown: another template asked for has the same title."""


ACCEPTED = frozenset({SubscribeResult.ACCEPT, SubscribeResult.ACCEPT_WITH_AUDIO})


class Subscriptions(Body):
    """What `wx.requestSubscribeMessage` answered, by template."""

    results: Annotated[dict[TemplateId, SubscribeResult], Field(min_length=1, max_length=10)]


class QuotasAnswer(BaseModel):
    """How many messages of each template can be sent."""

    quotas: dict[str, Count]
