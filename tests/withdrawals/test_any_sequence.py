"""Whatever happens to withdrawals, in whatever order, no fen is lost or made."""

from collections.abc import Callable
from contextlib import suppress

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from infra.local.wechat.refusals import ControlRefusal
from tests import dynamodb_here
from tests.fakes import FakeClock
from tests.flows.conftest import tables
from tests.money import assert_payouts_add_up, balance_of, claws_back, earns
from tests.shop import Member, Shop
from tests.withdrawals.words import asks, cancels, limits, seen

__all__ = ["tables"]

EARNED_FEN = 5_000


class Story:
    """One member's withdrawals. Steps that do not apply are refused, and change nothing."""

    def __init__(self, shop: Shop, member: Member) -> None:
        self.shop, self.member = shop, member
        self.latest = ""
        self.earned_fen = 0

    def earn(self, amount_fen: int) -> None:
        self.shop.advance(1)
        order_id = f"ord_{self.member.name}{self.shop.clock.now():%d%H%M%S%f}"
        earns(self.shop.clock, self.member.member_id, amount_fen, order_id=order_id)
        self.earned_fen += amount_fen

    def claw_back(self, amount_fen: int) -> None:
        self.shop.advance(1)
        order_id = f"ord_{self.member.name}{self.shop.clock.now():%d%H%M%S%f}"
        claws_back(self.shop.clock, self.member.member_id, amount_fen, order_id=order_id)
        self.earned_fen -= amount_fen

    def ask(self, amount_fen: int) -> None:
        reply = asks(self.member, amount_fen)
        if reply.status == 201:
            self.latest = reply["withdrawal_id"]

    def approve(self, _: int) -> None:
        self.shop.tries_admin("approve_withdrawal", withdrawal_id=self.latest or "wdrnone")

    def reject(self, _: int) -> None:
        self.shop.tries_admin("reject_withdrawal", withdrawal_id=self.latest or "wdrnone")

    def cancel(self, _: int) -> None:
        cancels(self.member, self.latest or "wdrnone")

    def confirm(self, number: int) -> None:
        transfer = seen(self.member, self.latest)["transfer"] if self.latest else None
        if transfer is not None:
            outcome = "fail" if number % 4 == 0 else "success"
            with suppress(ControlRefusal):  # tapped twice, or too late
                self.shop.sandbox.confirm_transfer(
                    self.member.name, transfer["package"], outcome=outcome
                )

    def flow(self, _: int) -> None:
        self.shop.settles()

    def lose(self, _: int) -> None:
        self.shop.streams_are_lost()

    def trouble(self, number: int) -> None:
        kinds = ("timeout_after", "error_before", "rate_limit", "garbage")
        self.shop.sandbox.add_fault("/v3/fund-app", kinds[number % len(kinds)], 1)

    def wait(self, number: int) -> None:
        self.shop.passes((30, 600, 3600, 25 * 3600)[number % 4])


STEPS: dict[str, Callable[[Story, int], None]] = {
    name: getattr(Story, name)
    for name in (
        "earn",
        "claw_back",
        "ask",
        "approve",
        "reject",
        "cancel",
        "confirm",
        "flow",
        "lose",
        "trouble",
        "wait",
    )
}


def fresh_shop() -> Shop:
    """A shop over empty tables: what examples before this one wrote would only slow it down."""
    dynamodb_here.empty()
    shop = Shop(FakeClock())
    shop.admin(
        "put_settings",
        **limits(
            fee_bp=37, review_above_fen=1_000, minimum_fen=20, daily_fen=90_000, daily_count=100
        ),
    )
    return shop


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    data=st.lists(
        st.tuples(st.sampled_from([*STEPS, "ask", "flow", "confirm"]), st.integers(20, 3_000)),
        min_size=5,
        max_size=16,
    )
)
def test_no_sequence_loses_or_makes_a_fen(tables: None, data: list[tuple[str, int]]) -> None:
    told = fresh_shop()
    member = told.member("Lin")
    story = Story(told, member)
    story.earn(EARNED_FEN)
    for name, number in data:
        STEPS[name](story, number)
        balance = balance_of(member.member_id)
        paid_fen = sum(
            row["gross_fen"]
            for row in told.rows("withdrawals", member_id=member.member_id)
            if row["withdrawal_state"] == "paid"
        )
        assert balance.available_fen + balance.debits_pending_fen + paid_fen == story.earned_fen
    for _ in range(4):
        told.passes(3600)
    told.passes(25 * 3600)
    assert_payouts_add_up(told, member.member_id)
    states = {row["withdrawal_state"] for row in told.rows("withdrawals")}
    assert not states & {"approved", "submitted", "confirming"}
    told.close()
