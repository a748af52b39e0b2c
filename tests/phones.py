"""Who a story is about: somebody with a phone, what they place, and what they are answered."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.shop import Shop


@dataclass(frozen=True)
class Reply:
    """An HTTP answer as a client sees it."""

    status: int
    content: Any
    headers: dict[str, str]

    @property
    def code(self) -> Any:
        return self.content.get("code") if isinstance(self.content, dict) else None

    def __getitem__(self, name: str) -> Any:
        return self.content[name]


@dataclass
class Member:
    """Somebody with a phone."""

    shop: "Shop"
    name: str
    token: str
    member_id: str
    keys: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def send(self, method: str, path: str, body: Any = None, *, key: str | None = None) -> Reply:
        headers = {"Idempotency-Key": key} if key else {}
        return self.shop.send(method, path, body, token=self.token, headers=headers)

    def signs_in_again(self) -> None:
        """The session is over after a while."""
        self.token = self.shop.member(self.name).token

    def next_key(self) -> str:
        return f"{self.name}-{next(self.keys):06d}"

    def tries_to_open(
        self, campaign_id: str = "autumn", *, key: str | None = None, **changes: Any
    ) -> Reply:
        body = {**self.shop.purchase(), "campaign_id": campaign_id, **changes}
        return self.send("POST", "/v1/groups", body, key=key or self.next_key())

    def tries_to_join(self, group_id: str, *, key: str | None = None, **changes: Any) -> Reply:
        body = {**self.shop.purchase(), **changes}
        path = f"/v1/groups/{group_id}/members"
        return self.send("POST", path, body, key=key or self.next_key())

    def tries_to_buy(self, *, key: str | None = None, **changes: Any) -> Reply:
        body = {**self.shop.purchase(), **changes}
        return self.send("POST", "/v1/orders", body, key=key or self.next_key())

    def opens(self, campaign_id: str = "autumn", **changes: Any) -> "Placed":
        return self._placed(self.tries_to_open(campaign_id, **changes))

    def joins(self, group_id: str, **changes: Any) -> "Placed":
        return self._placed(self.tries_to_join(group_id, **changes))

    def buys(self, **changes: Any) -> "Placed":
        return self._placed(self.tries_to_buy(**changes))

    def shares(self, target_type: str = "home", target_id: str | None = None) -> str:
        """A share of their own; its code."""
        body = {"target_type": target_type, "target_id": target_id}
        reply = self.send("POST", "/v1/shares", body)
        assert reply.status == 201, reply
        return str(reply["share_code"])

    def visits(self, share_code: str) -> Reply:
        return self.send("POST", f"/v1/shares/{share_code}/visits")

    def _placed(self, reply: Reply) -> "Placed":
        assert reply.status == 201, reply
        due = reply["order"]["amount_fen"] > 0
        assert reply["payment_state"] == ("ready" if due else "not_due"), reply
        return Placed(
            member=self,
            order_id=reply["order"]["order_id"],
            group_id=reply["order"]["group_id"] or "",
            amount_fen=reply["order"]["amount_fen"],
            payment=reply["payment"],
        )


@dataclass
class Placed:
    """An order somebody placed, with the pay parameters they were handed."""

    member: Member
    order_id: str
    group_id: str
    amount_fen: int
    payment: dict[str, str]

    def pays(self, **notify: Any) -> "Placed":
        """Tap "pay"; the notification is delivered at once unless `notify` says otherwise."""
        shop = self.member.shop
        shop.sandbox.pay(self.member.name, self.payment, notify=notify or None)
        shop.sandbox.pump()
        return self

    def cancels(self) -> Reply:
        return self.member.send("POST", f"/v1/orders/{self.order_id}/cancel")

    def checks(self) -> Reply:
        return self.member.send("POST", f"/v1/orders/{self.order_id}/payment-check")

    def now(self) -> Any:
        """The order as its member sees it."""
        reply = self.member.send("GET", f"/v1/orders/{self.order_id}")
        assert reply.status == 200, reply
        return reply.content

    @property
    def status(self) -> Any:
        return self.now()["status"]

    def asks_refund(self, *, key: str | None = None, **changes: Any) -> Reply:
        body = {"type": "refund_only", "reason": "不想要了", **changes}
        path = f"/v1/orders/{self.order_id}/refunds"
        return self.member.send("POST", path, body, key=key or self.member.next_key())

    def tries_to_receive(self) -> Reply:
        return self.member.send("POST", f"/v1/orders/{self.order_id}/receipt")

    def receives(self) -> "Placed":
        reply = self.tries_to_receive()
        assert (reply.status, reply["status"]) == (200, "received"), reply
        return self

    def sends_back(self, refund_id: str, **changes: Any) -> Reply:
        """The goods of this refund are on their way back."""
        body = {"carrier": "顺丰", "tracking_no": "SF2002", **changes}
        return self.member.send("POST", f"/v1/refunds/{refund_id}/return-shipment", body)
