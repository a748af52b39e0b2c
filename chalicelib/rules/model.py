"""The rules of a campaign (玩法): what a merchant may write down. Frozen and pure.

Only shapes are here. What a rule means stands in the file named for it, and compose.py puts them
together: a new rule is a field here, a file, and its lines there.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, Protocol

from pydantic import Field

from chalicelib.catalog.settings import WHOLE_BP, Frozen
from chalicelib.kit.money import PriceFen

MOST_WINNERS = 1000
MOST_TIERS = 10

Headcount = Annotated[int, Field(strict=True, ge=1, le=100)]


class Who(StrEnum):
    """Who may join."""

    EVERYONE = "everyone"
    """Anybody."""
    NEWCOMERS = "newcomers"
    """Only who has never paid an order; the leader brings them (老带新)."""


class WhenShort(StrEnum):
    """What happens to a group whose time runs out before it is filled."""

    REFUND = "refund"
    """Everyone gets the money back: the default."""
    HONOUR = "honour"
    """The merchant keeps the price for those who paid."""


class Tier(Frozen):
    """One step of a ladder (阶梯): the price of one unit from so many paying members on."""

    headcount: Headcount
    price_fen: PriceFen


class DrawScope(StrEnum):
    """Among whom the winners are drawn."""

    GROUP = "group"
    """Those of one complete group, as soon as it is complete."""
    CAMPAIGN = "campaign"
    """Those of all complete groups of the campaign, at its end."""


class DrawRule(Frozen):
    """A lottery (抽奖): so many get the goods, the others their money back."""

    winners: Annotated[int, Field(strict=True, ge=1, le=MOST_WINNERS)]
    scope: DrawScope = DrawScope.GROUP


class LeaderRule(Frozen):
    """What the leader gets when the group completes. `free`: the payment back. A bonus goes to the
    wallet: `bonus_fen` in all, or `bonus_bp` of what the others pay for goods.
    """

    free: bool = False
    bonus_fen: PriceFen | None = None
    bonus_bp: Annotated[int, Field(strict=True, ge=1, le=WHOLE_BP)] | None = None

    @property
    def has_bonus(self) -> bool:
        return self.bonus_fen is not None or self.bonus_bp is not None


class Rules(Frozen):
    """How a campaign's groups are played; what is absent takes its default."""

    who: Who = Who.EVERYONE
    when_short: WhenShort = WhenShort.REFUND
    minimum_payers: Headcount | None = None
    leave_allowed: bool = False
    tiers: Annotated[tuple[Tier, ...], Field(max_length=MOST_TIERS)] = ()
    draw: DrawRule | None = None
    leader: LeaderRule = LeaderRule()
    cross_product: bool = False


class SkuTerms(Protocol):
    """What a rule needs to know of a SKU in a campaign."""

    @property
    def sku_id(self) -> str: ...

    @property
    def group_price_fen(self) -> int: ...

    @property
    def tier_prices_fen(self) -> tuple[int, ...]: ...


class Terms(Protocol):
    """What a rule needs to know of a campaign."""

    @property
    def size(self) -> int: ...

    @property
    def per_member_limit(self) -> int | None: ...

    @property
    def rules(self) -> Rules: ...

    @property
    def skus(self) -> Sequence[SkuTerms]: ...
