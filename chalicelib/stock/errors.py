"""What stock refuses."""

from chalicelib.kit.errors import Refusal


class OutOfStock(Refusal):
    """Fewer units are left than were asked for."""

    status, code = 409, "out_of_stock"
    title, title_en = "库存不足", "Not enough of it is left."
