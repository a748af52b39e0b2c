"""The member's own withdrawals (提现记录), newest first."""

from typing import Any

from chalicelib.kit.paging import PageQuery, from_cursor
from chalicelib.withdrawals import store as withdrawals
from chalicelib.withdrawals.model import Withdrawal

_CURSOR = frozenset({"withdrawal_id", "kind", "member_id", "requested_at"})


def list_own(member_id: str, query: PageQuery) -> tuple[list[Withdrawal], dict[str, Any] | None]:
    """A page and where the next begins. Raises InvalidRequest on a cursor that is not this
    member's.
    """
    fixed = {"member_id": member_id, "kind": withdrawals.WITHDRAWAL}
    start = from_cursor(query.cursor, names=_CURSOR, fixed=fixed)
    return withdrawals.page_of_member(member_id, limit=query.limit, start=start)
