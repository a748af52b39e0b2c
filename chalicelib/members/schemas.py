"""What members send and see. HTTP shapes only; nothing here reads or decides."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, Field

from chalicelib.kit.clock import shown
from chalicelib.kit.declared import Time
from chalicelib.kit.endpoint import Body
from chalicelib.members.model import AvatarUrl, Member, Nickname


class SignIn(Body):
    """`code` is what `wx.login` gave; `app_id` the mini-program it ran in."""

    code: Annotated[str, Field(min_length=1, max_length=256, pattern=r"^[!-~]+$")]
    app_id: Annotated[str, Field(min_length=1, max_length=64)] | None = None


class ProfileChange(Body):
    """What is left out stays; null removes."""

    nickname: Nickname | None = None
    avatar_url: AvatarUrl | None = None


class MemberAnswer(BaseModel):
    """A member as they see themselves."""

    member_id: str
    nickname: str | None
    avatar_url: str | None
    created_at: Time

    @classmethod
    def of(cls, member: Member) -> Self:
        return cls(
            member_id=member.member_id,
            nickname=member.nickname,
            avatar_url=member.avatar_url,
            created_at=shown(member.created_at),
        )


class SessionAnswer(BaseModel):
    """A session: send `token` as the bearer until `expires_at`."""

    token: str = Field(repr=False)
    expires_at: Time
    member: MemberAnswer


class ConfigAnswer(BaseModel):
    """What a client must know before it asks."""

    mch_id: str
    subscribe_template_ids: list[str]
    referral_levels: Annotated[int, Field(ge=0, le=2)]
    service_contact: str | None


class HealthAnswer(BaseModel):
    """That the function runs; it asks nobody else."""

    status: Literal["ok"]
    server_time: Time
