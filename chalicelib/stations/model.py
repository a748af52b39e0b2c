"""A station (自提点): where members of a neighbourhood fetch what they bought, and the community
leader (社区团长) who looks after it and need not buy. Frozen and pure.
"""

import hashlib
from typing import Annotated

from pydantic import Field

from chalicelib.catalog.model import Identifier
from chalicelib.catalog.settings import Frozen

CODE_DIGITS = 8
MOST_WRONG_CODES = 50
"""That many wrong codes at one station and day, and it takes none until the next: of a hundred
million nobody finds somebody else's by guessing.
"""


class Station(Frozen):
    """Where it is, for people, and which member redeems its pick-up codes. One that is closed takes
    no new orders.
    """

    station_id: Identifier
    name: Annotated[str, Field(min_length=1, max_length=40)]
    address: Annotated[str, Field(min_length=1, max_length=120)]
    phone: Annotated[str, Field(pattern=r"^[0-9+\-() ]{5,20}$")] | None = None
    leader_id: Identifier
    closed: bool = False


PickupCode = Annotated[str, Field(pattern=rf"^[0-9]{{{CODE_DIGITS}}}$")]
"""Exactly so many digits."""


def pickup_code(order_id: str, member_id: str, attempt: int = 0) -> str:
    """The digits a member shows (提货码). `attempt`: another one, should somebody else have it.

    It does not follow from the order's id alone, which a draw shows to everybody; a member's id is
    shown to nobody else.
    """
    cause = f"pickup\x1f{order_id}\x1f{member_id}\x1f{attempt}"
    digest = hashlib.sha256(cause.encode()).digest()
    return f"{int.from_bytes(digest[:8]) % 10**CODE_DIGITS:0{CODE_DIGITS}d}"


def wrong_codes_key(station_id: str, day: str) -> str:
    """The counter of wrong codes at a station on a business day."""
    return f"pickup#{station_id}#{day}"
