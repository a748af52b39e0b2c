"""The member's own vouchers (我的免单券), by their ids: those that can be used, used and expired
ones.
"""

from collections.abc import Sequence
from typing import Any

from chalicelib.kit.paging import PageQuery, from_cursor
from chalicelib.vouchers import store as vouchers
from chalicelib.vouchers.model import Voucher

_CURSOR = frozenset({"member_id", "kind"})


def list_own(member_id: str, query: PageQuery) -> tuple[Sequence[Voucher], dict[str, Any] | None]:
    """A page and where the next begins. Raises InvalidRequest on a cursor that is not this
    member's.
    """
    fixed, begins = {"member_id": member_id}, {"kind": vouchers.VOUCHER}
    start = from_cursor(query.cursor, names=_CURSOR, fixed=fixed, begins=begins)
    return vouchers.page_of_member(member_id, limit=query.limit, start=start)
