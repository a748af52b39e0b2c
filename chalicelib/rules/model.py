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
MOST_SEATS = 100
"""Of a group that keeps a list of who sits in it."""
MOST_HEADS = 1_000_000
MOST_SHARDS = 64
"""Over how many items a crowd is spread; one commit closes them all."""
MOST_STOCK_SHARDS = 24
"""Of an allotment; who opens a crowd and takes from all of them still makes one commit."""
MOST_STATIONS = 200
MOST_CUSTOM_FIELDS = 10
MOST_OPTIONS = 30
MOST_CUSTOM_CHARACTERS = 100

Headcount = Annotated[int, Field(strict=True, ge=1, le=MOST_HEADS)]
StationId = Annotated[str, Field(pattern=r"^[0-9A-Za-z_-]{1,64}$")]
TimeOfDay = Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
"""`22:30`: a time of every day, in the business's time zone."""


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


class CrowdRule(Frozen):
    """A group that only counts heads (超级团): so many make it complete at its end, counted on so
    many items.
    """

    threshold: Headcount
    shards: Annotated[int, Field(strict=True, ge=1, le=MOST_SHARDS)] = 16


class AllotmentRule(Frozen):
    """Units set aside for the campaign alone (秒杀库存), on so many items per SKU."""

    shards: Annotated[int, Field(strict=True, ge=1, le=MOST_STOCK_SHARDS)] = 8


_VISIBLE = r"[^\s\x00-\x1f\x7f]"
Option = Annotated[
    str,
    Field(
        max_length=MOST_CUSTOM_CHARACTERS, pattern=rf"^{_VISIBLE}([^\x00-\x1f\x7f]*{_VISIBLE})?$"
    ),
]
"""One of several texts to choose from, as it can be sent: no blanks around it, nothing unseen."""


class CustomField(Frozen):
    """What a member fills in for goods made to order (定制项): one of `options` where there are
    some, else a text of their own.
    """

    name: Annotated[str, Field(pattern=r"^[a-z][0-9a-z_]{0,31}$")]
    label: Annotated[str, Field(min_length=1, max_length=20)] | None = None
    options: Annotated[tuple[Option, ...], Field(max_length=MOST_OPTIONS)] = ()
    max_length: Annotated[int, Field(strict=True, ge=1, le=MOST_CUSTOM_CHARACTERS)] = 20
    required: bool = True


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
    crowd: CrowdRule | None = None
    allotment: AllotmentRule | None = None
    stations: Annotated[tuple[StationId, ...], Field(max_length=MOST_STATIONS)] = ()
    cutoff: TimeOfDay | None = None
    custom_fields: Annotated[tuple[CustomField, ...], Field(max_length=MOST_CUSTOM_FIELDS)] = ()


class SkuTerms(Protocol):
    """What a rule needs to know of a SKU in a campaign."""

    @property
    def sku_id(self) -> str: ...

    @property
    def group_price_fen(self) -> int: ...

    @property
    def tier_prices_fen(self) -> tuple[int, ...]: ...

    @property
    def allotted_units(self) -> int | None: ...


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
