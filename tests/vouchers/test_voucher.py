"""What a voucher is good for, and when a group that one opened completes short: the rules alone."""

from datetime import timedelta
from typing import Any

import pytest

from chalicelib.catalog.model import Campaign
from chalicelib.kit.clock import after
from chalicelib.rules.model import Rules
from chalicelib.rules.short import honours_from
from chalicelib.vouchers.model import Voucher, refusal_to_use
from tests.fakes import FakeClock

NOW = FakeClock().now()
VOUCHER = Voucher("v1", "mem_lin", granted_at=NOW, expires_at=after(NOW, 60))


def campaign(**rules: Any) -> Campaign:
    return Campaign.model_validate(
        {
            "campaign_id": "autumn",
            "title": "秋季拼团",
            "size": 5,
            "duration_seconds": 3600,
            "starts_at": NOW,
            "ends_at": after(NOW, 3600),
            "rules": rules,
            "skus": [{"sku_id": "apples-5", "group_price_fen": 1500}],
        }
    )


def detail(voucher: Voucher | None, *, quantity: int = 1, seconds: float = 0, **rules: Any) -> Any:
    """Why it opens no group so many seconds from now; None when it does."""
    now = NOW + timedelta(seconds=seconds)
    refusal = refusal_to_use(voucher, campaign(**rules), quantity, now=now)
    return refusal.detail if refusal is not None else None


NOT_VALID = "This voucher cannot be used here."


def test_a_voucher_opens_a_group_of_its_campaign_or_of_any() -> None:
    own = Voucher("v1", "mem_lin", NOW, after(NOW, 60), campaign_id="autumn")
    other = Voucher("v1", "mem_lin", NOW, after(NOW, 60), campaign_id="winter")

    assert detail(VOUCHER) is None
    assert detail(own) is None
    assert detail(other) == NOT_VALID
    assert detail(None) == NOT_VALID


def test_a_voucher_ends_to_the_millisecond() -> None:
    assert detail(VOUCHER, seconds=59.999) is None
    assert detail(VOUCHER, seconds=60) == NOT_VALID
    assert VOUCHER.state(after(NOW, 59)) == "usable"
    assert VOUCHER.state(after(NOW, 60)) == "expired"


def test_a_used_voucher_is_used_whatever_the_time() -> None:
    used = Voucher("v1", "mem_lin", NOW, after(NOW, 60), used_by="ord_1")

    assert detail(used) == NOT_VALID
    assert [used.state(after(NOW, seconds)) for seconds in (0, 60)] == ["used", "used"]


def test_a_voucher_pays_for_one_unit_and_for_nothing_that_is_drawn() -> None:
    assert detail(VOUCHER, quantity=2) == "A voucher pays for one unit."
    drawn = detail(VOUCHER, draw={"winners": 1})
    assert drawn == "A group with a draw cannot be opened with a voucher."


@pytest.mark.parametrize("rules", [{"crowd": {"threshold": 2}}, {"cutoff": "22:00"}])
def test_a_voucher_opens_no_crowd(rules: dict[str, Any]) -> None:
    said = "Nobody leads a crowd, so none is opened with a voucher."
    assert detail(VOUCHER, **rules) == said


HONOUR: dict[str, Any] = {"when_short": "honour"}
LADDER = [{"headcount": 3, "price_fen": 1500}, {"headcount": 5, "price_fen": 1000}]
FROM_ONE = [{"headcount": 1, "price_fen": 1500}, {"headcount": 5, "price_fen": 1000}]


@pytest.mark.parametrize(
    ("rules", "paying", "with_voucher"),
    [
        ({}, None, None),
        (HONOUR, 1, 2),
        ({**HONOUR, "minimum_payers": 3}, 3, 4),
        ({"tiers": LADDER}, 3, 3),
        ({"tiers": FROM_ONE}, 1, 2),
        ({**HONOUR, "tiers": LADDER}, 1, 2),
        ({**HONOUR, "tiers": LADDER, "minimum_payers": 3}, 3, 3),
    ],
)
def test_a_leader_with_a_voucher_is_a_head_and_no_payer(
    rules: dict[str, Any], paying: int | None, with_voucher: int | None
) -> None:
    given = Rules.model_validate(rules)

    assert honours_from(given) == paying
    assert honours_from(given, leader_pays=False) == with_voucher
