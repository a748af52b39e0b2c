"""The numbers WeChat gives out: prepay ids, transaction and refund numbers, nonces.

Owns their looks. Draws on the one source of randomness it was given, so that a seeded sandbox
repeats itself.
"""

import base64
from collections.abc import Callable
from datetime import datetime, timedelta, timezone

Entropy = Callable[[int], bytes]

BEIJING = timezone(timedelta(hours=8))


def beijing_time(moment: datetime) -> str:
    """The RFC 3339 form WeChat writes, to the second, at +08:00."""
    return moment.astimezone(BEIJING).isoformat(timespec="seconds")


class Ids:
    def __init__(self, entropy: Entropy) -> None:
        self._entropy = entropy

    def hexadecimal(self, length: int) -> str:
        return self._entropy((length + 1) // 2).hex()[:length]

    def digits(self, length: int) -> str:
        drawn = int.from_bytes(self._entropy(length), "big") % 10**length
        return str(drawn).zfill(length)

    def nonce(self) -> str:
        return self.hexadecimal(32).upper()

    def prepay_id(self, now: datetime) -> str:
        return f"wx{now.astimezone(BEIJING):%Y%m%d%H%M%S}{self.hexadecimal(16)}0000"

    def transaction_id(self, now: datetime) -> str:
        return f"4200001{self.digits(3)}{now.astimezone(BEIJING):%Y%m%d}{self.digits(10)}"

    def refund_id(self, now: datetime) -> str:
        return f"50300{self.digits(5)}{now.astimezone(BEIJING):%Y%m%d}{self.digits(10)}"

    def transfer_bill_no(self, now: datetime) -> str:
        return f"133000007{self.digits(11)}{now.astimezone(BEIJING):%Y%m%d}{self.digits(12)}"

    def package_info(self) -> str:
        """Opaque, and longer than anybody would guess."""
        return base64.b64encode(bytes.fromhex(self.hexadecimal(192))).decode("ascii")

    def event_id(self) -> str:
        return f"EV-{self.hexadecimal(32)}"

    def request_id(self, number: int) -> str:
        """Ends in the numeric error code, 0 for success."""
        return f"08{self.hexadecimal(40).upper()}-{number}"

    def login_code(self) -> str:
        return f"0{self.hexadecimal(31)}"
