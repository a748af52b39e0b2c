"""One member under load: browses, opens, joins, pays or does not, gives back, brings friends, takes
money out. One step at a time, chosen by a seeded chance.

Must never know more than a phone does. What a step is answered is noted by the shopper; a step that
is refused is over, and so is one that nothing is there for.
"""

import random
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from infra.local.load.catalogue import PLENTY, SCARCE, SIZES
from infra.local.load.measures import Measures, TimedShopper
from infra.local.sandbox_control import CLOSE_PATH, ControlRefused
from infra.local.shopper import Purchase, Reply

REMEMBERED = 200
ORDERS_REMEMBERED = 20
LEAST_WITHDRAWAL_FEN = 100
MOST_WITHDRAWAL_FEN = 5_000
PART_FEN = 500
UNDER_WAY = frozenset({"reviewing", "approved", "submitted", "confirming"})


@dataclass
class Board:
    """What members tell each other: groups to join and shares to open."""

    groups: deque[str] = field(default_factory=lambda: deque(maxlen=REMEMBERED))
    shares: deque[str] = field(default_factory=lambda: deque(maxlen=REMEMBERED))
    lock: threading.Lock = field(default_factory=threading.Lock)

    def tell_group(self, group_id: str) -> None:
        with self.lock:
            self.groups.append(group_id)

    def tell_share(self, share_code: str) -> None:
        with self.lock:
            self.shares.append(share_code)

    def any_group(self, chance: random.Random) -> str | None:
        """One of the newest: older ones are over."""
        with self.lock:
            newest = list(self.groups)[-8:]
        return chance.choice(newest) if newest else None

    def any_share(self, chance: random.Random) -> str | None:
        with self.lock:
            return chance.choice(list(self.shares)) if self.shares else None


class Customer:
    """Somebody with a phone and habits. Not for several threads at once."""

    def __init__(
        self, shopper: TimedShopper, board: Board, measures: Measures, chance: random.Random
    ) -> None:
        self.shopper = shopper
        self._board = board
        self._measures = measures
        self._chance = chance
        self._orders: deque[Purchase] = deque(maxlen=ORDERS_REMEMBERED)
        self._steps: Mapping[Callable[[], None], int] = {
            self._browses: 26,
            self._looks_at_a_group: 12,
            self._joins: 22,
            self._opens: 9,
            self._buys_alone: 5,
            self._wants_what_is_scarce: 3,
            self._looks_at_an_order: 6,
            self._shares: 3,
            self._opens_a_share: 5,
            self._asks_for_money_back: 3,
            self.receives: 8,
            self.withdraws: 5,
        }

    def brings(self, friend: "Customer") -> None:
        """A friend opens a share of theirs, and what the friend buys earns them something."""
        self._shares()
        friend._opens_a_share()

    def takes_a_step(self) -> None:
        """Does one thing. Raises only what is nobody's answer: a connection that breaks."""
        (step,) = self._chance.choices(list(self._steps), weights=list(self._steps.values()))
        step()

    def _browses(self) -> None:
        campaign_id = self._a_campaign()
        path = self._chance.choice(
            (
                "/v1/campaigns",
                f"/v1/campaigns/{campaign_id}",
                f"/v1/campaigns/{campaign_id}/groups",
                "/v1/products",
                "/v1/config",
                "/v1/leaderboard?period=week",
            )
        )
        self.shopper.send("GET", path)

    def _looks_at_a_group(self) -> None:
        group_id = self._board.any_group(self._chance)
        if group_id is not None:
            self.shopper.send("GET", f"/v1/groups/{group_id}")

    def _opens(self) -> None:
        reply = self.shopper.tries_to_open(self._a_campaign(), sku_id=PLENTY)
        order = self._placed(reply)
        if order is None:
            return
        if self._pays_or_not(order):
            self._board.tell_group(order.group_id)

    def _joins(self) -> None:
        group_id = self._board.any_group(self._chance)
        if group_id is None:
            return
        order = self._placed(self.shopper.tries_to_join(group_id, sku_id=PLENTY))
        if order is not None:
            self._pays_or_not(order)

    def _buys_alone(self) -> None:
        quantity = self._chance.choice((1, 1, 1, 2, 5))
        order = self._placed(self.shopper.tries_to_buy(sku_id=PLENTY, quantity=quantity))
        if order is not None:
            self._pays_or_not(order)

    def _wants_what_is_scarce(self) -> None:
        order = self._placed(self.shopper.tries_to_buy(sku_id=SCARCE, quantity=1))
        if order is not None:
            self._pays_or_not(order)

    def _pays_or_not(self, order: Purchase) -> bool:
        """Mostly pays, and is notified once or twice, sometimes seconds later; sometimes cancels,
        pays what was cancelled, cancels what was paid, or does nothing at all. Answers whether the
        order may live.
        """
        habit = self._chance.random()
        if habit < 0.62:
            self._pays(order, times=self._chance.choice((1, 1, 2)))
        elif habit < 0.74:
            self._pays(order, delay_seconds=self._chance.randint(1, 10))
        elif habit < 0.80:
            self._pays(order)
            order.cancels()
        elif habit < 0.86:
            order.cancels()
        elif habit < 0.90:
            self._pays_what_was_cancelled(order)
        return habit < 0.74

    def _pays_what_was_cancelled(self, order: Purchase) -> None:
        """WeChat loses our close, so that the cashier on the phone still works."""
        self.shopper.wechat.fault(CLOSE_PATH.format(order.order_id), "close_ignored")
        if order.cancels().status == 200:
            self._pays(order, times=2)

    def _pays(self, order: Purchase, **notify: int) -> None:
        if order.payment is None:
            return
        try:
            with self._measures.timed("WeChat: pay", ControlRefused):
                order.pays(**notify)
        except ControlRefused:
            return

    def _looks_at_an_order(self) -> None:
        order = self._one_of_mine()
        if order is None:
            self.shopper.send("GET", "/v1/orders")
        else:
            self.shopper.send("POST", f"/v1/orders/{order.order_id}/payment-check")

    def _shares(self) -> None:
        reply = self.shopper.send("POST", "/v1/shares", {"target_type": "home"})
        if reply.status == 201:
            self._board.tell_share(reply["share_code"])

    def _opens_a_share(self) -> None:
        share_code = self._board.any_share(self._chance)
        if share_code is not None:
            self.shopper.send("POST", f"/v1/shares/{share_code}/visits")

    def _asks_for_money_back(self) -> None:
        order = self._one_of_mine()
        if order is None:
            return
        if self._chance.random() < 0.5:
            order.asks_refund()
        else:
            order.asks_refund(amount_fen=PART_FEN)

    def receives(self) -> None:
        """What is on its way to them has come."""
        reply = self.shopper.send("GET", "/v1/orders?status=shipped&limit=5")
        for order in reply["items"] if reply.status == 200 else []:
            self.shopper.send("POST", f"/v1/orders/{order['order_id']}/receipt")

    def withdraws(self) -> None:
        """Takes out what there is, and takes what WeChat holds ready from the time before."""
        self.confirms_what_waits()
        wallet = self.shopper.send("GET", "/v1/wallet")
        if wallet.status != 200 or wallet["available_fen"] < LEAST_WITHDRAWAL_FEN:
            return
        amount_fen = min(wallet["available_fen"], MOST_WITHDRAWAL_FEN)
        key = f"withdrawing-{self._chance.getrandbits(64):016x}"
        self.shopper.send("POST", "/v1/withdrawals", {"amount_fen": amount_fen}, key=key)

    def confirms_what_waits(self) -> bool:
        """Takes the money that WeChat holds ready for them. Answers whether some is on its way."""
        reply = self.shopper.send("GET", "/v1/withdrawals")
        if reply.status != 200:
            return False
        under_way = [one for one in reply["items"] if one["status"] in UNDER_WAY]
        for withdrawal in under_way:
            if withdrawal["status"] == "confirming" and withdrawal["transfer"] is not None:
                package = withdrawal["transfer"]["package"]
                try:
                    with self._measures.timed("WeChat: confirm a transfer", ControlRefused):
                        self.shopper.wechat.confirm_transfer(self.shopper.name, package)
                except ControlRefused:
                    continue
        return bool(under_way)

    def _placed(self, reply: Reply) -> Purchase | None:
        if reply.status != 201:
            return None
        order = self.shopper.placed(reply)
        self._orders.append(order)
        return order

    def _one_of_mine(self) -> Purchase | None:
        return self._chance.choice(list(self._orders)) if self._orders else None

    def _a_campaign(self) -> str:
        return self._chance.choice(list(SIZES))
