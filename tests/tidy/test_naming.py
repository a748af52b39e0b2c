"""Fields end in their unit, and every enum member says why it exists."""

import pytest

from tests.tidy import naming
from tests.tidy.tree import Excuses, Source, assert_none, deployed_sources, judged

WECHATS_WORD = "WeChat's own name for it"

FIELDS_THAT_STAND: Excuses = {
    ("chalicelib/gateways/wechat_pay.py", "PrepayRequest.time_expire"): WECHATS_WORD,
    ("chalicelib/gateways/wechat_pay.py", "Payment.success_time"): WECHATS_WORD,
    ("chalicelib/gateways/wechat_pay.py", "RefundReport.success_time"): WECHATS_WORD,
}


@pytest.mark.parametrize(
    "field",
    [
        "amount: int",
        "solo_price: PriceFen",
        "fee: int | None = None",
        "seconds_left: int",
        "paid: datetime",
        "expiry: datetime | None = None",
    ],
)
def test_a_field_without_its_unit_at_the_end_is_refused(field: str) -> None:
    assert list(naming.fields_without_unit(Source("chalicelib/a.py", f"class A:\n    {field}\n")))


@pytest.mark.parametrize(
    "field",
    [
        "amount_fen: int",
        "fee_bp: int = 0",
        "freight: Freight",
        "price_fen: Callable[[int], int]",
        "pay_window_seconds: int",
        "expires_at: datetime | None = None",
        "pay_deadline: datetime",
        "now: datetime",
        "size: int",
    ],
)
def test_a_field_with_its_unit_at_the_end_is_fine(field: str) -> None:
    text = f"class A:\n    {field}\n"
    assert not list(naming.fields_without_unit(Source("chalicelib/a.py", text)))


def test_an_enum_member_that_does_not_say_why_it_exists_is_refused() -> None:
    documented = 'class State(StrEnum):\n    OPEN = "open"\n    """It begins here."""\n'
    undocumented = documented + '    OVER = "over"\n'

    assert not list(naming.members_without_reason(Source("chalicelib/a.py", documented)))
    assert len(list(naming.members_without_reason(Source("chalicelib/a.py", undocumented)))) == 1


def test_every_field_ends_in_its_unit() -> None:
    found = (one for source in deployed_sources() for one in naming.fields_without_unit(source))
    assert_none(judged(found, FIELDS_THAT_STAND))


def test_every_enum_member_says_why_it_exists() -> None:
    found = (one for source in deployed_sources() for one in naming.members_without_reason(source))
    assert_none(judged(found, {}))
