"""Time passes by itself: nobody sweeps but the schedules.

Before this no test of the folder may send the command `sweep`: the stories that do come after.
"""

import pytest

from infra.local.sandbox_control import SandboxControl
from infra.local.shopper import Purchase
from infra.local.stack import Stack
from tests.e2e.conftest import log_lines

pytestmark = pytest.mark.e2e


def test_a_schedule_cancels_what_nobody_paid(
    stack: Stack, wechat: SandboxControl, forgotten: Purchase
) -> None:
    forgotten.waits_for("cancelled", within_seconds=90)

    assert forgotten.now()["cancel_reason"] == "pay_deadline"
    assert wechat.trade(forgotten.order_id)["trade_state"] == "CLOSED"
    swept = [line for line in log_lines(stack, "sweep_orders") if line["message"] == "swept"]
    assert sum(line["done"] for line in swept) >= 1
