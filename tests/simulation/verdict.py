"""Whether everything is right once the dust has settled: what the domain says is always true, from
the rows and WeChat's own books, and then our audit's opinion.

Counts for itself what it can: an audit that is wrong in the same way as the code would agree.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from infra.local.wechat.refusals import PayRefusal
from tests.simulation.ground import KINDS, Ground
from tests.simulation.world import World

LOST_PAYMENT = "payment_unknown_here"
"""Of an order that WeChat said was closed, and of whose payment it told nobody."""

Row = dict[str, Any]

AT_REST = frozenset({"cancelled", "to_ship", "settled", "refunded"})
"""Where an order may stay: what was shipped is received by itself, and then settles."""
TOLD = frozenset(
    {"bills_differ", "bills_missing", "refund_refused", "withdrawal_refused", "second_payment"}
    | {"audit_behind"}
)
"""Findings that what went wrong may bring: WeChat's own no or mistake, or that we come days late
for its bills, and the audit is called but now and then.
"""
WITH_GOODS = frozenset({"to_ship", "shipped", "received", "settled"})


def verdict(ground: Ground) -> list[str]:
    """What is wrong, in words; empty when nothing is."""
    world = ground.world
    orders = {str(row["order_id"]): row for row in world.rows("orders")}
    return [
        *_orders(world, orders),
        *_groups(world, orders),
        *_units(world),
        *_limits(ground, orders),
        *_ledger(world),
        *_wallets(world),
        *_withdrawals(world),
        *_stuck(world),
        *_differences(world),
        *_findings(world),
        *_audit(world),
    ]


def _orders(world: World, orders: dict[str, Row]) -> Iterator[str]:
    """Every payment has its order, and every order its one place."""
    paid_here = 0
    for order_id, row in orders.items():
        trade = _trade(world, order_id)
        refunds = [one for one in world.sandbox.refunds_of(order_id) if one["status"] == "SUCCESS"]
        by_hand_fen = _by_hand_fen(world, order_id)
        back_fen = sum(int(one["amount"]["refund"]) for one in refunds)
        is_paid = trade is not None and trade["trade_state"] in ("SUCCESS", "REFUND")
        paid_fen = int(trade["amount"]["total"]) if trade is not None and is_paid else 0
        paid_here += paid_fen
        state = str(row["order_state"])
        if is_paid != ("transaction_id" in row):
            yield f"order {order_id}: WeChat says paid {is_paid}, we say {not is_paid}"
        if int(row.get("refunded_fen", 0)) != back_fen + by_hand_fen:
            yield f"order {order_id}: {row.get('refunded_fen', 0)} refunded here, {back_fen} there"
        if back_fen + by_hand_fen > paid_fen:
            yield f"order {order_id}: more refunded than paid"
        if is_paid and state == "cancelled":
            yield f"order {order_id}: paid, and cancelled"
        if state not in AT_REST and not _waits(world, row):
            yield f"order {order_id}: still {state}"
        if state == "refunded" and back_fen + by_hand_fen != paid_fen:
            yield f"order {order_id}: refunded, but {paid_fen - back_fen} fen are not back"
    theirs = world.sandbox.totals()
    if theirs["paid_fen"] != paid_here:
        yield f"WeChat took {theirs['paid_fen']} fen, {paid_here} of them for orders we know"


def reached_in(world: World) -> Counter[str]:
    """How far things went: the states that rows ended in."""
    states = {
        "orders": "order_state",
        "groups": "group_state",
        "refunds": "refund_state",
        "commissions": "commission_state",
        "withdrawals": "withdrawal_state",
    }
    return Counter(
        f"{table} {row[name]}"
        for table, name in states.items()
        for row in world.rows(table)
        if name in row
    )


def _trade(world: World, order_id: str) -> Row | None:
    try:
        return dict(world.sandbox.trade(order_id))
    except PayRefusal:  # WeChat never heard of it
        return None


def _by_hand_fen(world: World, order_id: str) -> int:
    rows = world.rows("refunds", order_id=order_id, refund_state="succeeded")
    return sum(int(row["amount_fen"]) for row in rows if row.get("paid_by_hand"))


def _waits(world: World, row: Row) -> bool:
    """A paid order may wait for ever only for a person: its goods, or an operator's word."""
    if row["order_state"] != "paid":
        return False
    groups = world.rows("groups", group_id=row.get("group_id"), kind="group")
    return bool(groups) and groups[0]["group_state"] == "forming"


def _groups(world: World, orders: dict[str, Row]) -> Iterator[str]:
    seats = Counter[str]()
    for row in world.rows("groups"):
        if str(row["kind"]).startswith("seat#"):
            seats[str(row["group_id"])] += 1
    for row in world.rows("groups", kind="group"):
        group_id, size = str(row["group_id"]), int(row.get("seats_total", row.get("size", 0)))
        state = str(row["group_state"])
        if size and seats[group_id] > size:
            yield f"group {group_id}: {seats[group_id]} seats of {size}"
        members = [
            one
            for one in orders.values()
            if one.get("seat_group_id", one.get("group_id")) == group_id
        ]
        is_crowd = "crowd_shards" in row or "crowd_id" in row
        if state == "failed" and not is_crowd and int(row["paid_count"]) >= size:
            yield f"group {group_id}: failed although everyone paid"
        if state == "failed":
            yield from (
                f"order {one['order_id']}: {one['order_state']} in a failed group"
                for one in members
                if one["order_state"] not in ("refunded", "cancelled")
            )
        if state in ("forming", "closed"):
            yield f"group {group_id}: still {state}"
        if state != "complete":
            yield from (
                f"order {one['order_id']}: goods although its group is {state}"
                for one in members
                if one["order_state"] in WITH_GOODS
            )


def _units(world: World) -> Iterator[str]:
    """Never below zero, nor more than were ever supplied."""
    for row in world.rows("stock"):
        if not 0 <= int(row["units_left"]) <= int(row.get("supplied", row["units_left"])):
            yield f"units of {row['sku_id']}: {row['units_left']} left of {row.get('supplied')}"


def _limits(ground: Ground, orders: dict[str, Row]) -> Iterator[str]:
    """Nobody gets more of a campaign than its limit."""
    limit = KINDS[ground.kind].get("per_member_limit")
    got = Counter[str]()
    for row in orders.values():
        if row.get("campaign_id") and row["order_state"] in WITH_GOODS:
            got[str(row["member_id"])] += int(row["quantity"])
    for member_id, units in got.items():
        if limit is not None and units > limit:
            yield f"member {member_id}: {units} units, the limit is {limit}"


def _ledger(world: World) -> Iterator[str]:
    """What WeChat holds for us is what our account says."""
    theirs = world.sandbox.totals()
    booked = [row for row in world.rows("ledger") if row.get("phase") in ("single", "post")]
    ours = sum(
        int(row["amount_fen"])
        * ((row["debit_account"] == "wechat") - (row["credit_account"] == "wechat"))
        for row in booked
    )
    left = theirs["paid_fen"] - theirs["refunded_fen"] - theirs["transferred_fen"]
    if ours != left:
        yield f"the wechat account says {ours}, WeChat says {left}"


def _wallets(world: World) -> Iterator[str]:
    for row in world.rows("ledger"):
        if not str(row["account_id"]).startswith("member:") or row["entry"] != "balance":
            continue
        transfers = [
            one
            for one in world.rows("ledger", account_id=row["account_id"])
            if "amount_fen" in one and one.get("phase") in ("single", "post")
        ]
        account = row["account_id"]
        earned = sum(
            int(one["amount_fen"]) for one in transfers if one["credit_account"] == account
        )
        spent = sum(int(one["amount_fen"]) for one in transfers if one["debit_account"] == account)
        withdrawn = sum(int(one["amount_fen"]) for one in transfers if one["code"] == "withdrawal")
        if withdrawn > earned:
            yield f"{account}: {withdrawn} withdrawn, {earned} ever earned"
        if int(row["available_fen"]) != earned - spent:
            yield f"{account}: {row['available_fen']} available, {earned} earned, {spent} gone"


def _withdrawals(world: World) -> Iterator[str]:
    paid = [int(row["net_fen"]) for row in world.rows("withdrawals", withdrawal_state="paid")]
    theirs = world.sandbox.totals()
    if (sum(paid), len(paid)) != (theirs["transferred_fen"], theirs["transfers"]):
        yield f"withdrawn here {sum(paid)} in {len(paid)}, WeChat: {theirs}"
    for row in world.rows("withdrawals", withdrawal_state="paid"):
        there = world.sandbox.transfer_of(str(row["withdrawal_id"]))
        if (there["state"], there["transfer_amount"]) != ("SUCCESS", int(row["net_fen"])):
            yield f"withdrawal {row['withdrawal_id']}: paid here, {there['state']} there"


def _findings(world: World) -> Iterator[str]:
    """What was written down for a person, but for what WeChat's own doing explains."""
    for row in world.rows("findings"):
        if row["kind"] not in TOLD:
            yield f"finding {row['kind']} about {row['about']}: {row['facts']}"


def _stuck(world: World) -> Iterator[str]:
    for row in world.rows("refunds"):
        if row["refund_state"] in ("requested", "processing", "abnormal"):
            yield f"refund {row['refund_id']}: still {row['refund_state']}"
    for row in world.rows("withdrawals", kind="withdrawal"):
        if row["withdrawal_state"] in ("reviewing", "approved", "submitted", "confirming"):
            yield f"withdrawal {row['withdrawal_id']}: still {row['withdrawal_state']}"
    for row in world.rows("commissions"):
        if "due_at" in row:
            yield f"commission {row['commission_id']}: still due"


def _differences(world: World) -> Iterator[str]:
    """Our books and WeChat's bills, day by day: they differ only by payments of orders that WeChat
    said were closed.
    """
    for row in world.rows("reconciliations"):
        is_their_doing = row.get("kind") == LOST_PAYMENT and row["about"] in world.left_open
        if row.get("kind") is not None and not is_their_doing:
            yield f"bill of {row['bill_day']}: {row['kind']} {row['about']} {row['facts']}"
    days = world.rows("reconciliations", entry="run")
    if not days or any(row["day_state"] == "running" for row in days):
        yield f"bills compared of {len(days)} days only"


def _audit(world: World) -> Iterator[str]:
    audit = world.admin("audit")
    yield from (f"audit: {one}" for one in audit["violations"])
    if not audit["complete"]:
        yield "audit: not complete"
