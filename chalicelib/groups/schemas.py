"""What clients send to groups. Shapes only; the contract of docs/api.md."""

from typing import Annotated

from pydantic import Field

from chalicelib.catalog.model import Identifier
from chalicelib.kit.endpoint import Query
from chalicelib.orders.schemas import PurchaseBody


class OpenGroupBody(PurchaseBody):
    """Open a group of a campaign with a first purchase."""

    campaign_id: Identifier


class JoinGroupBody(PurchaseBody):
    """Take a seat in a group with a purchase."""


class JoinableQuery(Query):
    """`?limit=` of groups to join."""

    limit: Annotated[int, Field(ge=1, le=100)] = 20
