"""What an order costs, as pure arithmetic on whole fen."""

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.catalog.model import Freight
from chalicelib.kit.money import MOST_FEN
from chalicelib.orders.price import is_served, price

FEN = st.integers(0, MOST_FEN)


@given(st.integers(1, MOST_FEN), st.integers(1, 999), FEN, FEN | st.none())
def test_the_parts_make_the_whole(
    unit_price_fen: int, quantity: int, flat_fen: int, free_from_fen: int | None
) -> None:
    freight = Freight(merchant_id="m", flat_fen=flat_fen, free_from_fen=free_from_fen)

    priced = price(unit_price_fen, quantity, freight)

    assert priced.goods_fen == unit_price_fen * quantity
    assert priced.amount_fen == priced.goods_fen + priced.freight_fen - priced.discount_fen
    assert priced.amount_fen >= 1
    free = free_from_fen is not None and priced.goods_fen >= free_from_fen
    assert priced.freight_fen == (0 if free else flat_fen)


def test_freight_is_free_from_exactly_its_threshold() -> None:
    freight = Freight(merchant_id="m", flat_fen=800, free_from_fen=5900)
    assert price(5899, 1, freight).amount_fen == 6699
    assert price(5900, 1, freight).amount_fen == 5900


def test_a_province_is_known_by_its_short_and_its_full_name() -> None:
    far = Freight(merchant_id="m", provinces_not_served=("新疆", "西藏自治区"))
    assert not is_served(far, "新疆维吾尔自治区")
    assert not is_served(far, "西藏")
    assert is_served(far, "浙江省")
    assert is_served(Freight(merchant_id="m"), "新疆")
