"""A member with a phone: talks HTTP to the deployed API and pays in the WeChat sandbox.

Must never know more than a phone does: no table, no function of the app, nothing but answers.
"""

import json
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import requests

from infra.local.endpoints import Endpoints
from infra.local.sandbox_control import SandboxControl
from infra.local.seed import ADDRESS, SKU_ID

TIMEOUT_SECONDS = 60
LOOK_SECONDS = 0.2
PATIENCE_SECONDS = 40.0


class Unexpected(Exception):
    """The story went another way; the message says what was expected and what came."""

    def __init__(self, expected: str, came: object) -> None:
        super().__init__(f"expected {expected}; what came is {came}")


@dataclass(frozen=True)
class Reply:
    """An HTTP answer. Header names are found in any spelling; no content is None."""

    status: int
    content: Any
    headers: Mapping[str, str]

    @property
    def code(self) -> Any:
        """The problem's code; None when it is no problem."""
        return self.content.get("code") if isinstance(self.content, dict) else None

    def __getitem__(self, name: str) -> Any:
        return self.content[name]

    def expect(self, status: int, what: str) -> "Reply":
        """Itself. Raises `Unexpected` when it has another status."""
        if self.status != status:
            raise Unexpected(f"{what} to be answered {status}", f"{self.status} {self.content}")
        return self


class Shopper:
    """Somebody with a phone. `name` is who they are to WeChat. Not for several threads at once."""

    def __init__(self, endpoints: Endpoints, name: str) -> None:
        self.name = name
        self.wechat = SandboxControl(endpoints.sandbox_url)
        self.token = ""  # nosec B105 # not signed in yet
        self.member_id = ""
        self._api_url = endpoints.api_url
        self._session = requests.Session()
        self._session.trust_env = False

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        key: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """One request; `body` goes out as JSON, or as it is when it is bytes."""
        sent = {"Content-Type": "application/json", **(headers or {})}
        if self.token:
            sent.setdefault("Authorization", f"Bearer {self.token}")
        if key:
            sent["Idempotency-Key"] = key
        is_raw = body is None or isinstance(body, bytes)
        data = body if is_raw else json.dumps(body, ensure_ascii=False).encode()
        url = self._api_url + path
        answer = self._session.request(
            method, url, data=data, headers=sent, timeout=TIMEOUT_SECONDS
        )
        is_json = answer.content and "json" in answer.headers.get("Content-Type", "")
        return Reply(answer.status_code, answer.json() if is_json else None, answer.headers)

    def signs_in(self) -> "Shopper":
        """`wx.login`, then a session of ours."""
        code = self.wechat.login_code(self.name)
        reply = self.send("POST", "/v1/sessions", {"code": code})
        self.token = reply.expect(201, f"{self.name}'s signing in")["token"]
        self.member_id = reply["member"]["member_id"]
        return self

    def tries_to_open(self, campaign_id: str, *, key: str = "", **changes: Any) -> Reply:
        body = {**_purchase(), "campaign_id": campaign_id, **changes}
        return self.send("POST", "/v1/groups", body, key=key or _new_key())

    def tries_to_join(self, group_id: str, *, key: str = "", **changes: Any) -> Reply:
        path = f"/v1/groups/{group_id}/members"
        return self.send("POST", path, {**_purchase(), **changes}, key=key or _new_key())

    def tries_to_buy(self, *, key: str = "", **changes: Any) -> Reply:
        return self.send("POST", "/v1/orders", {**_purchase(), **changes}, key=key or _new_key())

    def opens(self, campaign_id: str, **changes: Any) -> "Purchase":
        return self.placed(self.tries_to_open(campaign_id, **changes))

    def joins(self, group_id: str, **changes: Any) -> "Purchase":
        return self.placed(self.tries_to_join(group_id, **changes))

    def buys(self, **changes: Any) -> "Purchase":
        return self.placed(self.tries_to_buy(**changes))

    def placed(self, reply: Reply) -> "Purchase":
        """The order of an answer that made one."""
        reply.expect(201, f"{self.name}'s order")
        order = reply["order"]
        return Purchase(
            shopper=self,
            order_id=order["order_id"],
            group_id=order["group_id"] or "",
            amount_fen=order["amount_fen"],
            payment_state=reply["payment_state"],
            payment=reply["payment"],
        )

    def shares(self, target_type: str, target_id: str | None = None) -> Reply:
        """A code to send to friends."""
        body = {"target_type": target_type, **({"target_id": target_id} if target_id else {})}
        return self.send("POST", "/v1/shares", body).expect(201, "sharing")

    def visits(self, share_code: str) -> Reply:
        """Opens what a friend has shared."""
        path = f"/v1/shares/{share_code}/visits"
        return self.send("POST", path).expect(200, "opening a share")

    def wallet(self) -> Any:
        """What is earned, on its way, taken out and owed."""
        return self.send("GET", "/v1/wallet").expect(200, "the wallet").content

    def withdraws(self, amount_fen: int, *, key: str = "") -> "Withdrawal":
        """Asks for money."""
        body = {"amount_fen": amount_fen}
        reply = self.send("POST", "/v1/withdrawals", body, key=key or _new_key())
        return Withdrawal(self, reply.expect(201, "withdrawing")["withdrawal_id"], amount_fen)

    def group(self, group_id: str) -> Any:
        """The group as this member sees it."""
        return self.send("GET", f"/v1/groups/{group_id}").expect(200, "the group").content


@dataclass
class Purchase:
    """An order somebody placed, with the pay parameters on their phone."""

    shopper: Shopper
    order_id: str
    group_id: str
    amount_fen: int
    payment_state: str
    payment: dict[str, str] | None

    def pays(self, **notify: Any) -> "Purchase":
        """Tap "pay"; WeChat notifies the API as `notify` says, by default once and at once."""
        if self.payment is None:
            raise Unexpected("pay parameters", self.payment_state)
        self.shopper.wechat.pay(self.shopper.name, self.payment, **notify)
        return self

    def asks_to_pay_again(self) -> "Purchase":
        """Fresh pay parameters, when the first ones never came."""
        reply = self.shopper.send("POST", f"/v1/orders/{self.order_id}/payment")
        reply.expect(200, "asking for pay parameters")
        self.payment, self.payment_state = reply["payment"], reply["payment_state"]
        return self

    def cancels(self) -> Reply:
        return self.shopper.send("POST", f"/v1/orders/{self.order_id}/cancel")

    def is_received(self) -> Reply:
        """The member taps "received"."""
        return self.shopper.send("POST", f"/v1/orders/{self.order_id}/receipt")

    def asks_refund(self, *, key: str = "", **changes: Any) -> Reply:
        body = {"type": "refund_only", "reason": "不想要了", **changes}
        path = f"/v1/orders/{self.order_id}/refunds"
        return self.shopper.send("POST", path, body, key=key or _new_key())

    def now(self) -> Any:
        """The order as its member sees it."""
        return self.shopper.send("GET", f"/v1/orders/{self.order_id}").expect(200, "it").content

    @property
    def status(self) -> Any:
        return self.now()["status"]

    def waits_for(self, status: str, *, within_seconds: float = PATIENCE_SECONDS) -> float:
        """Looks until the order is so; answers the seconds it took. Raises `Unexpected`."""
        what = f"{self.shopper.name}'s order {self.order_id}"
        return wait_until(lambda: self.status, status, what, within_seconds=within_seconds)

    def waits_for_refunds(self, *statuses: str, within_seconds: float = PATIENCE_SECONDS) -> float:
        """The same for its refunds, in the order they were asked for."""
        what = f"the refunds of {self.shopper.name}'s order {self.order_id}"
        wanted = list(statuses)
        return wait_until(self._refund_statuses, wanted, what, within_seconds=within_seconds)

    def _refund_statuses(self) -> list[str]:
        return [refund["status"] for refund in self.now()["refunds"]]


@dataclass(frozen=True)
class Withdrawal:
    """Money somebody asked for."""

    shopper: Shopper
    withdrawal_id: str
    amount_fen: int

    def now(self) -> Any:
        """The withdrawal as its member sees it."""
        path = f"/v1/withdrawals/{self.withdrawal_id}"
        return self.shopper.send("GET", path).expect(200, "the withdrawal").content

    def confirms(self, **more: Any) -> "Withdrawal":
        """Taps "receive" in `wx.requestMerchantTransfer`."""
        package = self.now()["transfer"]["package"]
        self.shopper.wechat.confirm_transfer(self.shopper.name, package, **more)
        return self

    def waits_for(self, status: str, *, within_seconds: float = PATIENCE_SECONDS) -> float:
        """Looks until it is so; answers the seconds it took. Raises `Unexpected`."""
        what = f"{self.shopper.name}'s withdrawal {self.withdrawal_id}"
        return wait_until(lambda: self.now()["status"], status, what, within_seconds=within_seconds)


def wait_until(
    look: Callable[[], object],
    wanted: object,
    what: str,
    *,
    within_seconds: float = PATIENCE_SECONDS,
) -> float:
    """Looks until it is so; answers the seconds it took. Raises `Unexpected` when it takes
    longer.
    """
    began = time.monotonic()
    while True:
        seen = look()
        waited = time.monotonic() - began
        if seen == wanted:
            return waited
        if waited > within_seconds:
            raise Unexpected(f"{what} to be {wanted} within {within_seconds:g} s", seen)
        time.sleep(LOOK_SECONDS)


def _purchase() -> dict[str, Any]:
    return {"sku_id": SKU_ID, "quantity": 1, "address": ADDRESS}


def _new_key() -> str:
    return uuid.uuid4().hex
