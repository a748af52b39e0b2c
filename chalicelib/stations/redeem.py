"""Redeem a pick-up code (核销提货码): the goods are handed out, once. It is the order's receipt
too, unless its member, WeChat or time has said before that it was received. Whether the goods were
handed out the code's own item says, and never the order's state.

Whoever looks after the station does it, or an operator for them. Wrong codes are counted, so that
nobody guesses.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from chalicelib.catalog import store as catalog
from chalicelib.kit import counters
from chalicelib.kit.clock import Clock, after
from chalicelib.kit.days import day_of, end_of_day
from chalicelib.kit.errors import NotAllowed, NotFound
from chalicelib.kit.reads import read
from chalicelib.kit.repeat import until_settled
from chalicelib.kit.writes import WriteSet
from chalicelib.members import store as members
from chalicelib.orders import fulfilment
from chalicelib.orders import store as orders
from chalicelib.orders.errors import OrderNotReceivable
from chalicelib.orders.model import Order, OrderState
from chalicelib.stations import store as stations
from chalicelib.stations.errors import NotArrived, TooManyWrongCodes
from chalicelib.stations.model import MOST_WRONG_CODES, Station, wrong_codes_key
from chalicelib.stations.store import StationRow

_COUNTERS_KEPT = timedelta(days=1)
_RECEIVED = frozenset({OrderState.RECEIVED, OrderState.SETTLED})


@dataclass(frozen=True)
class HandedOut:
    """The order whose goods are handed out, and who fetches them."""

    order: Order
    nickname: str | None
    redeemed_at: datetime


def redeem(
    station_id: str,
    code: str,
    *,
    by_member_id: str | None,
    clock: Clock,
    dry_run: bool = False,
) -> HandedOut:
    """`by_member_id` None: by an operator, whose wrong codes are not counted.

    Raises NotFound for an unknown station or code, NotAllowed for anybody but the station's leader,
    TooManyWrongCodes, NotArrived, CodeUsed, OrderNotReceivable when the money goes back.
    """
    return until_settled(lambda: _redeem(station_id, code, by_member_id, clock, dry_run))


def _redeem(
    station_id: str, code: str, by_member_id: str | None, clock: Clock, dry_run: bool
) -> HandedOut:
    now = clock.now()
    row = _read_code(station_id, code, by_member_id, now)
    order_key, settings_key = orders.order_key(str(row.order_id)), catalog.settings_key()
    found = read(order_key, settings_key)
    order = orders.order_of(found.find(order_key))
    if order is None:
        raise NotFound("There is no such code at this station.")
    member = members.find(order.member_id)
    _refuse(row, order)
    writes = WriteSet()
    stations.redeem(writes, row, now=now)  # guard: not used -> CodeUsed
    stations.waits_no_more(writes, station_id, order.order_id)
    if order.order_state in _RECEIVED:
        orders.check_unmoved(writes, order)
    else:
        freeze_seconds = catalog.settings_of(found.find(settings_key)).commission.freeze_seconds
        fulfilment.receive(writes, order, now=now, settles_at=after(now, freeze_seconds))
    if not dry_run:
        writes.commit()
    return HandedOut(order, member.nickname if member is not None else None, now)


def _read_code(station_id: str, code: str, by_member_id: str | None, now: datetime) -> StationRow:
    """The code as it is kept. One that is not there counts as wrong."""
    key, code_key = stations.station_key(station_id), stations.code_key(station_id, code)
    limit_key = counters.limit_row_key(wrong_codes_key(station_id, day_of(now)))
    found = read(key, code_key, limit_key if by_member_id is not None else None)
    station = stations.station_of(found.find(key))
    if station is None:
        raise NotFound("There is no such station.")
    if by_member_id is not None:
        refuse_stranger(station, by_member_id)
        wrong = found.find(limit_key)
        if wrong is not None and int(wrong.used or 0) >= MOST_WRONG_CODES:
            raise TooManyWrongCodes()
    row = found.find(code_key)
    if row is None:
        if by_member_id is not None:
            _count_wrong_code(limit_key.hash_value, now)
        raise NotFound("There is no such code at this station.")
    return row


def refuse_stranger(station: Station, member_id: str) -> None:
    """Raise NotAllowed for anybody but the station's leader."""
    if station.leader_id != member_id:
        raise NotAllowed("Only whoever looks after the station may do this.")


def _count_wrong_code(limit_key: str, now: datetime) -> None:
    """Guard: not too many that day -> TooManyWrongCodes."""
    ends_at = end_of_day(day_of(now)) + _COUNTERS_KEPT
    writes = WriteSet()
    counters.count(
        writes, limit_key, 1, limit=MOST_WRONG_CODES, ends_at=ends_at, refusal=TooManyWrongCodes
    )
    writes.commit()


def _refuse(row: StationRow, order: Order) -> None:
    """Raise whatever keeps the goods from being handed out now."""
    used = stations.used(row)
    if used is not None:
        raise used
    if order.order_state in (OrderState.PAID, OrderState.TO_SHIP):
        raise NotArrived()
    if order.order_state is not OrderState.SHIPPED and order.order_state not in _RECEIVED:
        raise OrderNotReceivable("Its money goes back: nothing is handed out.")
