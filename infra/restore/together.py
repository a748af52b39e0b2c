"""Which tables are looked at together, and in which order rows come back.

What follows from a row finds by the rows of other tables that it has been done already: a payment
is booked unless the ledger has it, a commission announced unless there is one. So those come along
with it, and come first.
"""

from collections.abc import Iterable

from infra.tables import Table, all_tables

CHAIN = ("ledger", "withdrawals", "commissions", "refunds", "orders", "groups", "draws")
"""What follows from a row of one of these is kept from happening twice by rows of those before."""
ALSO = {"members": "ledger", "identities": "ledger"}
"""Who has left says the closed account: whoever it is missing of would come back."""
ALL = "all"


def in_order(names: Iterable[str]) -> tuple[Table, ...]:
    """The tables asked for, with those that have to come along, in the order of coming back."""
    asked = set(names)
    if ALL in asked:
        return tuple(sorted(all_tables(), key=_place))
    asked |= {ALSO[name] for name in asked & ALSO.keys()}
    last = max((CHAIN.index(name) for name in asked if name in CHAIN), default=-1)
    asked |= set(CHAIN[: last + 1])
    return tuple(sorted((table for table in all_tables() if table.name in asked), key=_place))


def need_rest(tables: Iterable[Table]) -> bool:
    """Whether nothing may follow from rows while they are brought back."""
    return any(table.name in CHAIN for table in tables)


def _place(table: Table) -> int:
    return CHAIN.index(table.name) if table.name in CHAIN else -1
