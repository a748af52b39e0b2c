"""What an order costs, and whether it is sent there at all. Frozen and pure."""

from dataclasses import dataclass

from chalicelib.catalog.model import Freight


@dataclass(frozen=True)
class Price:
    """What an order costs, worked out once. `amount_fen = goods_fen + freight_fen -
    discount_fen`.
    """

    unit_price_fen: int
    goods_fen: int
    freight_fen: int
    discount_fen: int

    @property
    def amount_fen(self) -> int:
        return self.goods_fen + self.freight_fen - self.discount_fen


def price(unit_price_fen: int, quantity: int, freight: Freight, *, free: bool = False) -> Price:
    """Goods at the unit price, and the merchant's flat freight unless the goods reach what sends
    them free. `free`: a voucher takes all of it off.
    """
    goods_fen = unit_price_fen * quantity
    sent_free = freight.free_from_fen is not None and goods_fen >= freight.free_from_fen
    freight_fen = 0 if sent_free else freight.flat_fen
    return Price(
        unit_price_fen=unit_price_fen,
        goods_fen=goods_fen,
        freight_fen=freight_fen,
        discount_fen=goods_fen + freight_fen if free else 0,
    )


def is_served(freight: Freight, province: str) -> bool:
    """Whether the merchant sends there. `新疆` stands for `新疆维吾尔自治区` and the other way
    round.
    """
    return not any(
        province.startswith(refused) or refused.startswith(province)
        for refused in freight.provinces_not_served
    )
