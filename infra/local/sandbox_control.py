"""The sandbox's control plane as a caller sees it: WeChat's side of a story, over HTTP.

Must never be used by deployed code, and never talks to anything but the sandbox it was given.
"""

from typing import Any
from urllib.parse import quote

import requests

CLOSE_PATH = "/v3/pay/transactions/out-trade-no/{}/close"
PREPAY_PATH = "/v3/pay/transactions/jsapi"
REFUND_PATH = "/v3/refund/domestic/refunds"
TRANSFER_PATH = "/v3/fund-app/mch-transfer/transfer-bills"
TIMEOUT_SECONDS = 30


class ControlRefused(Exception):
    """The sandbox said no; `code` is its reason."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code


class SandboxControl:
    """One caller. Not for several threads at once."""

    def __init__(self, sandbox_url: str) -> None:
        self._url = f"{sandbox_url}/sandbox"
        self._session = requests.Session()
        self._session.trust_env = False

    def login_code(self, user: str) -> str:
        """What `wx.login` gives that user."""
        code: str = self._post("login-codes", {"user": user})["code"]
        return code

    def pay(self, user: str, payment: dict[str, str], **notify: Any) -> Any:
        """The user taps "pay" in `wx.requestPayment`; WeChat then notifies as `notify` says."""
        return self._post("payments", {"user": user, "payment": payment, "notify": notify})

    def confirm_transfer(self, user: str, package_info: str, **more: Any) -> Any:
        """The user taps "receive" in `wx.requestMerchantTransfer`; `more` says how it ends."""
        confirmation = {"user": user, "package_info": package_info, **more}
        return self._post("transfers/confirm", confirmation)

    def transfer(self, out_bill_no: str) -> Any:
        """A transfer as WeChat has it."""
        return self._get("transfers", {"out_bill_no": out_bill_no})

    def fault(self, path_prefix: str, kind: str, times: int = 1) -> None:
        """The next calls of WeChat below that path misbehave."""
        self._post("faults", {"path_prefix": path_prefix, "kind": kind, "times": times})

    def replay(self, **about: Any) -> int:
        """Sends once more what was sent of an out_trade_no, out_refund_no or out_bill_no."""
        sent: int = self._post("notifications/replay", about)["notifications"]
        return sent

    def notifications(self, **about: str) -> list[Any]:
        """What was sent about an order, a refund or a transfer, and how it was answered."""
        items: list[Any] = self._get("notifications", about)["items"]
        return items

    def refunds(self, out_trade_no: str) -> list[Any]:
        """An order's refunds as WeChat has them."""
        items: list[Any] = self._get("refunds", {"out_trade_no": out_trade_no})["items"]
        return items

    def trade(self, out_trade_no: str) -> Any:
        """An order as WeChat has it."""
        return self._get(f"trades/{quote(out_trade_no, safe='')}", {})

    def subscribe(self, user: str, template_id: str, times: int = 1) -> int:
        """The user taps "accept" so often; how many notices of the template they can be sent."""
        accepted = {"user": user, "template_id": template_id, "times": times}
        left: int = self._post("subscriptions", accepted)["times_left"]
        return left

    def notices(self, user: str) -> list[Any]:
        """The subscribe messages that user was sent."""
        items: list[Any] = self._get("notices", {"user": user})["items"]
        return items

    def shipments(self, out_trade_no: str) -> list[Any]:
        """What was uploaded to WeChat as shipped for an order."""
        items: list[Any] = self._get("shipments", {"out_trade_no": out_trade_no})["items"]
        return items

    def reported_late(self, out_trade_no: str) -> bool:
        """Whether WeChat was told that the order ships later than it usually allows."""
        told = self._get("shipments", {"out_trade_no": out_trade_no})
        return told["special_report"] is not None

    def tell(self, out_trade_no: str, event: str, **more: Any) -> Any:
        """WeChat pushes `remind_shipping`, `settlement` or `confirm_receive` about an order."""
        return self._post("messages", {"out_trade_no": out_trade_no, "event": event, **more})

    def totals(self) -> dict[str, int]:
        """What WeChat's own books say."""
        totals: dict[str, int] = self._get("totals", {})
        return totals

    def configure(self, **settings: Any) -> Any:
        """How it behaves from now on."""
        return self._post("settings", settings)

    def _get(self, path: str, query: dict[str, str]) -> Any:
        url = f"{self._url}/{path}"
        return _content(self._session.get(url, params=query, timeout=TIMEOUT_SECONDS))

    def _post(self, path: str, body: dict[str, Any]) -> Any:
        url = f"{self._url}/{path}"
        return _content(self._session.post(url, json=body, timeout=TIMEOUT_SECONDS))


def _content(response: requests.Response) -> Any:
    content = response.json()
    if not response.ok:
        error = content.get("error", content)
        raise ControlRefused(error.get("code", ""), error.get("message", ""))
    return content
