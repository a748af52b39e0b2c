"""What machines buy, and WeChat's side of it: which orders are known, closed and paid there.
Answers at once and never forgets.
"""

from chalicelib.gateways.wechat_pay import Payment, TradeUnknown, WechatPayOff
from chalicelib.kit.tokens import Caller
from chalicelib.kit.writes import WriteSet
from chalicelib.members import store as members
from chalicelib.members.model import Member
from chalicelib.orders.purchase import Purchase
from chalicelib.orders.schemas import Address
from tests.fakes import NOON
from tests.in_memory import InMemory

APP_ID = "wx0123456789abcdef"
SKU_ID = "apples-5"
ADDRESS = Address(
    recipient="林", phone="13800000000", province="浙江省", city="杭州市", county="", detail="1"
)


def sign_up(*member_ids: str) -> None:
    """People who have been here before."""
    for member_id in member_ids:
        writes = WriteSet()
        members.create(writes, Member(member_id, NOON, identities={APP_ID: f"o-{member_id}"}))
        writes.commit()


def purchase(member_id: str, key: str = "0", *, quantity: int = 1) -> Purchase:
    """What a member asks for under a key."""
    return Purchase(Caller(member_id, APP_ID), key, "anyhow", SKU_ID, quantity, ADDRESS)


class Trades(WechatPayOff):
    """What `close_unpaid` and `pay` take for WeChat. An order that was never announced there is
    unknown, and may still be paid after it is cancelled.
    """

    def __init__(self, memory: InMemory) -> None:
        super().__init__(missing=())
        self._memory = memory
        self.states: dict[str, str] = {}
        self.paid_fen: dict[str, int] = {}
        self.paid_since: dict[str, int] = {}
        """After how many of our commits each was paid: nobody knows of it sooner."""

    def announce(self, order_id: str) -> None:
        """A prepay arrives: its member could pay now."""
        self.states.setdefault(order_id, "NOTPAY")

    def can_be_paid(self, order_id: str) -> bool:
        return self.states.get(order_id, "NOTPAY") == "NOTPAY"

    def is_paid(self, order_id: str) -> bool:
        return order_id in self.paid_fen

    def pay(self, order_id: str, amount_fen: int) -> None:
        """Its member pays this much."""
        self.states[order_id] = "SUCCESS"
        self.paid_fen[order_id] = amount_fen
        self.paid_since[order_id] = self._memory.commit_count

    def payment(self, order_id: str) -> Payment:
        """What WeChat tells of it."""
        is_paid = self.is_paid(order_id)
        return Payment(
            merchant_id="1900000001",
            app_id=APP_ID,
            out_trade_no=order_id,
            transaction_id=f"420000{order_id}" if is_paid else None,
            trade_state=self.states[order_id],
            amount_fen=self.paid_fen.get(order_id),
            currency="CNY" if is_paid else None,
            payer_openid=None,
            success_time=NOON if is_paid else None,
            attach=None,
        )

    def query(self, out_trade_no: str) -> Payment | None:
        self._memory.catch_up()
        return self.payment(out_trade_no) if out_trade_no in self.states else None

    def close(self, out_trade_no: str) -> None:
        self._memory.catch_up()
        if out_trade_no not in self.states:
            raise TradeUnknown("ORDER_NOT_EXIST", "", 404)
        self.states[out_trade_no] = "CLOSED"
