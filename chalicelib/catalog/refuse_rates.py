"""Refuse commission rates that a campaign or SKU may not have, when they are put: never later, when
money moves.
"""

from chalicelib.catalog.settings import Settings
from chalicelib.kit.errors import InvalidRequest


def refuse_rates(settings: Settings, rates_bp: tuple[int, ...] | None, *, field: str) -> None:
    """Raises InvalidRequest about `field` when the rates exceed the cap, or the shop's levels."""
    if rates_bp is None:
        return
    try:
        settings.commission.refuse_override(rates_bp)
    except ValueError as error:
        message = f"commission_rates_bp: {error}."
        raise InvalidRequest(message, errors=[{"field": field, "message": message}]) from error
