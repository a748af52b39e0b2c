"""Command: put settings; what is left out, or null, keeps its value. Answers with all of them."""

from typing import Annotated, Any

from aws_lambda_powertools import Logger
from pydantic import Field, ValidationError

from chalicelib.admin.command import Command
from chalicelib.catalog.put_settings import put_settings
from chalicelib.catalog.settings import (
    MOST_LEVELS,
    Frozen,
    MostUnpaidOrders,
    NoticeKind,
    NoticeTemplate,
    PagePath,
    PayWindowSeconds,
    RateBp,
    Rates,
    ReferralPolicy,
    SceneText,
    Seconds,
    TaxRegime,
)
from chalicelib.kit.endpoint import invalid
from chalicelib.kit.money import AmountFen, PriceFen
from chalicelib.wiring import Wiring

logger = Logger()


class CommissionChange(Frozen):
    """What to change of what uplines earn. Two entries in `rates_bp` switch a second level on."""

    rates_bp: Rates | None = None
    cap_bp: RateBp | None = None
    freeze_seconds: Seconds | None = None


class WithdrawalChange(Frozen):
    """What to change of the limits, fee and tax of withdrawals."""

    minimum_fen: PriceFen | None = None
    maximum_fen: PriceFen | None = None
    daily_fen: PriceFen | None = None
    daily_count: Annotated[int, Field(strict=True, ge=1, le=1000)] | None = None
    review_above_fen: AmountFen | None = None
    fee_bp: RateBp | None = None
    tax_regime: TaxRegime | None = None
    payee_from_fen: PriceFen | None = None
    scene_id: str | None = None
    scene_report: dict[str, str] | None = None
    remark: SceneText | None = None


class PagesChange(Frozen):
    """Which pages of the mini-program shares lead to."""

    home: PagePath | None = None
    product: PagePath | None = None
    campaign: PagePath | None = None
    group: PagePath | None = None


class Payload(Command):
    """The settings to change."""

    pay_window_seconds: PayWindowSeconds | None = None
    most_unpaid_orders: MostUnpaidOrders | None = None
    auto_receipt_seconds: Seconds | None = None
    production_answer_seconds: Seconds | None = None
    referral_policy: ReferralPolicy | None = None
    referral_seconds: Seconds | None = None
    commission: CommissionChange | None = None
    withdrawal: WithdrawalChange | None = None
    notices: dict[NoticeKind, NoticeTemplate] | None = None
    pages: PagesChange | None = None


def run(payload: Payload, _wiring: Wiring) -> dict[str, Any]:
    """Raises InvalidRequest when the settings would contradict each other."""
    change = payload.model_dump(exclude={"dry_run"}, exclude_none=True)
    try:
        settings = put_settings(change, dry_run=payload.dry_run)
    except ValidationError as error:
        raise invalid(error) from error
    if len(settings.commission.rates_bp) == MOST_LEVELS and payload.commission is not None:
        logger.warning("second_commission_level_on", rates_bp=settings.commission.rates_bp)
    return {"settings": settings.model_dump(mode="json"), "dry_run": payload.dry_run}
