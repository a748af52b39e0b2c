"""Leaving: the person goes, the books stay, and nobody leaves in the middle of an order."""

from typing import Any

import pytest

from chalicelib.kit.clock import after
from chalicelib.kit.errors import NotFound
from chalicelib.kit.reads import scan_items
from chalicelib.kit.writes import WriteSet
from chalicelib.ledger import recipes
from chalicelib.ledger import store as ledger
from chalicelib.ledger.errors import AccountClosed
from chalicelib.ledger.transfers import Transfer
from chalicelib.members import standing
from chalicelib.members import store as members
from chalicelib.members.errors import AccountInUse
from chalicelib.members.leave import leave
from chalicelib.members.sign_in import sign_in
from chalicelib.orders import store as orders
from chalicelib.orders.model import LIVE_STATES, Order, OrderState
from chalicelib.wiring import Wiring
from tests.fakes import FakeClock, FakeWechatApi
from tests.in_process import APP_ID, Browser, everything, just_before, token_for

ADDRESS = {"recipient": "林小姐", "phone": "13800000000", "detail": "幸福路1号"}


def signs_in(wired: Wiring, openid: str = "openid-lin", unionid: str | None = None) -> None:
    api = wired.wechat_api
    assert isinstance(api, FakeWechatApi)
    sign_in(
        api.will_know("code", openid, unionid),
        app_id=APP_ID,
        wechat_api=api,
        clock=wired.clock,
        new_id=wired.new_id,
    )


def orders_something(wired: Wiring, state: OrderState, member_id: str = "mem_1") -> None:
    now = wired.clock.now()
    order = Order(
        order_id=f"ord_{state}_{member_id}",
        member_id=member_id,
        app_id=APP_ID,
        openid="openid-lin",
        request_fingerprint="f",
        sku_id="apples-5",
        product_id="apples",
        merchant_id="orchard",
        title="红富士苹果 5斤装",
        quantity=1,
        unit_price_fen=2000,
        freight_fen=0,
        discount_fen=0,
        amount_fen=2000,
        address=ADDRESS,
        remark="放门口",
        custom_fields={"engraving": "小林"},
        placed_at=now,
        pay_deadline=after(now, 900),
        order_state=state,
    )
    writes = WriteSet()
    orders.place(writes, order)
    writes.commit()


def items_of(table: str) -> list[Any]:
    return everything()[f"kaituan-test-{table}"]


def test_who_leaves_is_gone_and_their_orders_name_nobody(wired: Wiring) -> None:
    signs_in(wired, unionid="union-lin")
    orders_something(wired, OrderState.REFUNDED)
    orders_something(wired, OrderState.CANCELLED)

    leave("mem_1", clock=wired.clock)

    assert items_of("members") == []
    assert items_of("identities") == []
    kept = [
        orders.order_of(orders.OrderRow.from_item(item))
        for item in scan_items(orders.OrderRow, limit=10)[0]
    ]
    assert [order.amount_fen for order in kept if order] == [2000, 2000]
    text = str(items_of("orders"))
    secrets = ("openid-lin", "13800000000", "林小姐", "放门口", "小林")
    assert not any(secret in text for secret in secrets)


def knows(wired: Wiring, member_id: str, kind: str) -> None:
    """Something is known of a member beside the profile."""
    writes = WriteSet()
    writes.put(members.MemberRow(member_id=member_id, kind=kind, created_at=wired.clock.now()))
    writes.commit()


def test_whatever_else_is_known_of_them_goes_too(wired: Wiring) -> None:
    signs_in(wired)
    signs_in(wired, "openid-mei")
    kinds = ["referral", "buyer", "subscriptions", "payee"]
    for kind in [*kinds, *(f"invitee#mem_{number}" for number in range(120))]:
        knows(wired, "mem_1", kind)
    knows(wired, "mem_2", "referral")

    leave("mem_1", clock=wired.clock)

    left = [(item["member_id"]["S"], item["kind"]["S"]) for item in items_of("members")]
    assert sorted(left) == [("mem_2", "profile"), ("mem_2", "referral")]


def earns(wired: Wiring, amount_fen: int) -> Transfer:
    """Commission on somebody's order is announced."""
    now = wired.clock.now()
    accrued = recipes.commission_accrued("mem_1", "ord_1", "com_1", amount_fen, now=now)
    writes = WriteSet()
    ledger.earn(writes, "mem_1", accrued, opens=True)
    writes.commit()
    return accrued


def test_nobody_leaves_while_commission_is_announced_to_them(wired: Wiring) -> None:
    signs_in(wired)
    earns(wired, 300)
    before = everything()

    with pytest.raises(AccountInUse):
        leave("mem_1", clock=wired.clock)

    assert everything() == before


def test_who_has_left_earns_nothing_more(wired: Wiring) -> None:
    signs_in(wired)
    leave("mem_1", clock=wired.clock)

    with pytest.raises(AccountClosed):
        earns(wired, 300)


def test_a_crash_after_closing_leaves_a_member_who_can_ask_again(wired: Wiring) -> None:
    signs_in(wired)
    standing.mark_leaving("mem_1", wired.clock.now())
    writes = WriteSet()
    ledger.close(writes, "mem_1", now=wired.clock.now(), refusal=lambda _row: AccountInUse())
    writes.commit()

    leave("mem_1", clock=wired.clock)

    assert items_of("members") == []


def test_the_others_stay(wired: Wiring) -> None:
    signs_in(wired)
    signs_in(wired, "openid-mei", "union-mei")
    mei = members.find("mem_2")

    leave("mem_1", clock=wired.clock)

    assert members.find("mem_2") == mei
    assert [item["member_id"]["S"] for item in items_of("identities")] == ["mem_2", "mem_2"]


@pytest.mark.parametrize("state", sorted(LIVE_STATES))
def test_nobody_leaves_in_the_middle_of_an_order(wired: Wiring, state: OrderState) -> None:
    signs_in(wired)
    orders_something(wired, state)
    before = everything()

    with pytest.raises(AccountInUse):
        leave("mem_1", clock=wired.clock)

    assert everything() == before


def test_leaving_twice_is_leaving_once(wired: Wiring) -> None:
    signs_in(wired)
    leave("mem_1", clock=wired.clock)

    with pytest.raises(NotFound):
        leave("mem_1", clock=wired.clock)


def test_an_identity_learnt_while_leaving_goes_too(wired: Wiring) -> None:
    signs_in(wired)

    with just_before("TransactWriteItems", lambda: signs_in(wired, unionid="union-lin")):
        leave("mem_1", clock=wired.clock)

    assert items_of("members") == []
    assert items_of("identities") == []


def test_who_comes_back_is_somebody_new(wired: Wiring) -> None:
    signs_in(wired)
    leave("mem_1", clock=wired.clock)

    signs_in(wired)

    assert members.find("mem_1") is None
    assert members.find("mem_2") is not None


def test_over_http_the_session_ends_with_the_account(wired: Wiring, clock: FakeClock) -> None:
    signs_in(wired)
    browser, token = Browser(), token_for("mem_1", clock)

    gone = browser.send("DELETE", "/v1/me", token=token)

    assert (gone.status, gone.content) == (204, None)
    for method in ("GET", "PUT", "DELETE"):
        seen = browser.send(method, "/v1/me", {} if method == "PUT" else None, token=token)
        assert (seen.status, seen.code) == (404, "not_found")


def test_over_http_an_open_order_says_so(wired: Wiring, clock: FakeClock) -> None:
    signs_in(wired)
    orders_something(wired, OrderState.PAID)

    seen = Browser().send("DELETE", "/v1/me", token=token_for("mem_1", clock))

    assert (seen.status, seen.code) == (409, "account_in_use")
    assert seen.content["title"] == "还有未完成的订单或佣金"


def test_a_leave_with_a_body_is_refused(wired: Wiring, clock: FakeClock) -> None:
    signs_in(wired)
    before = everything()

    seen = Browser().send("DELETE", "/v1/me", {"sure": True}, token=token_for("mem_1", clock))

    assert (seen.status, seen.code) == (422, "invalid_request")
    assert everything() == before
