"""What a deployment's operator can set for the whole shop, and the rules a setting must keep.

Frozen and pure. A rate that would exceed the cap is refused here, when it is set; whatever moves
money later can rely on it.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from chalicelib.kit.money import AmountFen, PriceFen

WHOLE_BP = 10_000
"""Basis points to the whole: 100 percent."""

MOST_LEVELS = 2
"""Upline and upline's upline. A third level cannot be written down."""

DAY_SECONDS = 24 * 3600
_LONGEST_SECONDS = 3650 * DAY_SECONDS

RateBp = Annotated[int, Field(strict=True, ge=0, le=WHOLE_BP)]
Rates = Annotated[tuple[RateBp, ...], Field(max_length=MOST_LEVELS)]
"""What each level earns, in basis points; none: nobody earns."""

Seconds = Annotated[int, Field(strict=True, ge=1, le=_LONGEST_SECONDS)]
PayWindowSeconds = Annotated[int, Field(strict=True, ge=1, le=7200)]
MostUnpaidOrders = Annotated[int, Field(strict=True, ge=1, le=50)]


class Frozen(BaseModel):
    """A value that cannot change and has no field nobody knows. Where it is answered, nothing of it
    is left out, which is all that the third setting says.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", json_schema_serialization_defaults_required=True
    )


class CommissionSettings(Frozen):
    """What uplines earn (分佣). One level at a rate of zero until the merchant sets one; a second
    entry in `rates_bp` is the opt-in to a second level.
    """

    rates_bp: Rates = (0,)
    cap_bp: RateBp = 3000
    freeze_seconds: Seconds = 7 * DAY_SECONDS

    @model_validator(mode="after")
    def _within_cap(self) -> Self:
        refuse_above_cap(self.rates_bp, self.cap_bp)
        return self

    def refuse_override(self, rates_bp: tuple[int, ...]) -> None:
        """Raise ValueError when a campaign or SKU may not set these rates of its own."""
        refuse_above_cap(rates_bp, self.cap_bp)
        if len(rates_bp) > max(len(self.rates_bp), 1):
            raise ValueError("a second level has to be switched on in the shop's settings first")

    def rates_for(self, *overrides: tuple[int, ...] | None) -> tuple[int, ...]:
        """The first override that is given, else the shop's own; never more levels, nor more in
        sum, than the shop's settings allow now: they may have become stricter since.
        """
        chosen = next((rates for rates in overrides if rates is not None), self.rates_bp)
        left_bp, rates = self.cap_bp, []
        for rate_bp in chosen[: max(len(self.rates_bp), 1)]:
            rates.append(min(rate_bp, left_bp))
            left_bp -= rates[-1]
        return tuple(rates)


def refuse_above_cap(rates_bp: tuple[int, ...], cap_bp: int) -> None:
    """Raise ValueError when the levels together earn more than the cap."""
    if sum(rates_bp) > cap_bp:
        raise ValueError(f"rates_bp add up to {sum(rates_bp)}, above cap_bp of {cap_bp}")


class TaxRegime(StrEnum):
    """Who works out the tax on a withdrawal."""

    NONE = "none"
    """No tax is kept back."""
    PER_PAYMENT = "per_payment"
    """Each withdrawal is one payment for a service (劳务报酬, 按次), taxed when it is asked for."""
    EXTERNAL = "external"
    """A provider outside works it out and settles it; none is kept back here."""


SceneText = Annotated[str, Field(min_length=1, max_length=32)]


class WithdrawalSettings(Frozen):
    """Limits, fee and tax of withdrawals (提现), and what WeChat wants to know of each."""

    minimum_fen: PriceFen = 100
    maximum_fen: PriceFen = 20_000
    daily_fen: PriceFen = 200_000
    daily_count: Annotated[int, Field(strict=True, ge=1, le=1000)] = 3
    review_above_fen: AmountFen = 10_000
    fee_bp: RateBp = 0
    tax_regime: TaxRegime = TaxRegime.NONE
    payee_from_fen: PriceFen = 200_000
    scene_id: Annotated[str, Field(pattern=r"^[0-9]{1,10}$")] = "1005"
    scene_report: Annotated[
        dict[Annotated[str, Field(min_length=1, max_length=15)], SceneText], Field(max_length=5)
    ] = Field(default_factory=lambda: {"岗位类型": "推广员", "报酬说明": "推广佣金"})
    remark: SceneText = "推广佣金"

    @model_validator(mode="after")
    def _bounds_make_sense(self) -> Self:
        if self.minimum_fen > self.maximum_fen:
            raise ValueError("minimum_fen is more than maximum_fen")
        return self


class ReferralPolicy(StrEnum):
    """Whose invitee somebody is who opens several people's shares."""

    FIRST = "first"
    """The first visit counts until it expires."""
    LATEST = "latest"
    """The latest visit counts."""
    NEW_MEMBERS_ONLY = "new_members_only"
    """The first visit counts, and only of somebody who has never paid an order."""


class NoticeKind(StrEnum):
    """What members are told of through WeChat's subscribe messages (订阅消息)."""

    GROUP_COMPLETE = "group_complete"
    """Their group is complete: the goods will be shipped."""
    GROUP_FAILED = "group_failed"
    """Their group's time ran out: the money is on its way back."""
    REFUND_PAID = "refund_paid"
    """The money is back."""
    COMMISSION_EARNED = "commission_earned"
    """A commission is theirs to take out."""
    WITHDRAWAL_TO_CONFIRM = "withdrawal_to_confirm"
    """Money waits in WeChat until they take it."""


class NoticeValue(StrEnum):
    """What a template's fields can be filled with."""

    TITLE = "title"
    """What it is about: the goods, or the kind of payment."""
    AMOUNT = "amount"
    """In yuan."""
    TIME = "time"
    """When it happened, in the business time zone."""
    STATUS = "status"
    """One short phrase that says what happened."""
    NUMBER = "number"
    """The order's or withdrawal's id, cut to 32 characters."""


TemplateField = Annotated[
    str, Field(pattern=r"^(thing|character_string|phrase|amount|time|date|name)[0-9]{1,2}$")
]


PagePath = Annotated[str, Field(pattern=r"^[0-9A-Za-z_][0-9A-Za-z_/.-]{0,127}$")]


class NoticeTemplate(Frozen):
    """A template of the mini-program's, as its owner picked it: which of its fields takes what."""

    template_id: Annotated[str, Field(pattern=r"^[0-9A-Za-z_-]{1,64}$")]
    fields: Annotated[dict[TemplateField, NoticeValue], Field(min_length=1, max_length=10)]
    page: PagePath | None = None


class Pages(Frozen):
    """Where in the mini-program a share leads, without a leading slash or parameters."""

    home: PagePath = "pages/index/index"
    product: PagePath = "pages/product/index"
    campaign: PagePath = "pages/campaign/index"
    group: PagePath = "pages/group/index"


class Settings(Frozen):
    """What a deployment's operator can set for the whole shop."""

    pay_window_seconds: PayWindowSeconds = 900
    most_unpaid_orders: MostUnpaidOrders = 10
    """How many orders a member may have unpaid at a time."""
    auto_receipt_seconds: Seconds = 10 * DAY_SECONDS
    production_answer_seconds: Seconds = 3 * DAY_SECONDS
    """How long a merchant may take to say whether goods made to order are made."""
    referral_policy: ReferralPolicy = ReferralPolicy.FIRST
    referral_seconds: Seconds = 30 * DAY_SECONDS
    commission: CommissionSettings = CommissionSettings()
    withdrawal: WithdrawalSettings = WithdrawalSettings()
    notices: dict[NoticeKind, NoticeTemplate] = Field(default_factory=dict)
    pages: Pages = Pages()

    @property
    def template_ids(self) -> tuple[str, ...]:
        """The templates of all notices, each once."""
        return tuple(dict.fromkeys(notice.template_id for notice in self.notices.values()))

    def changed(self, change: Mapping[str, Any]) -> "Settings":
        """These settings with what `change` names; what it leaves out, at any depth, stays."""
        return Settings.model_validate(_merged(self.model_dump(), change))


def _merged(before: Mapping[str, Any], change: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(before)
    for name, value in change.items():
        deeper = isinstance(value, Mapping) and isinstance(before.get(name), Mapping)
        replaces = name in ("scene_report", "fields")
        merged[name] = _merged(before[name], value) if deeper and not replaces else value
    return merged
