"""Bugs to be found: each is one edit of the code, as somebody might make it in good faith.

The simulation must find every one of them within a stated number of runs, in a copy of the tree;
else it would not find such a bug of ours either.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Planted:
    """`before` stands in the file exactly once. `runs`: within so many it must be found, of groups of
    that `kind` where only they have what is wrong.
    """

    name: str
    path: str
    before: str
    after: str
    kind: str | None = None
    runs: int = 60


PLANTED = (
    Planted(
        "a seat is claimed without looking whether one is free",
        "chalicelib/groups/store.py",
        "        & (GroupRow.expires_at > now)\n        & (GroupRow.seats_free >= 1),\n",
        "        & (GroupRow.expires_at > now),\n",
    ),
    Planted(
        "stock is taken without a guard",
        "chalicelib/stock/store.py",
        "        guard=StockRow.units_left >= quantity,\n        refusal=lambda row: OutOfStock(",
        "        refusal=lambda row: OutOfStock(",
    ),
    Planted(
        "units set aside are taken without a guard",
        "chalicelib/stock/store.py",
        "        guard=StockRow.units_left >= quantity - moved,\n",
        "",
    ),
    Planted(
        "the member's limit is counted without a guard",
        "chalicelib/kit/counters.py",
        "        guard=used.does_not_exist() | (used <= limit - quantity),\n",
        "",
    ),
    Planted(
        "a voucher is used without looking whether it is used",
        "chalicelib/vouchers/store.py",
        "guard=VoucherRow.used_by.does_not_exist() & (VoucherRow.expires_at > now),",
        "guard=VoucherRow.expires_at > now,",
    ),
    Planted(
        "an order's seat and stock are released before WeChat has closed it",
        "chalicelib/orders/close_unpaid.py",
        "    try:\n        wechat_pay.close(order_id)\n",
        "    try:\n        pass\n",
    ),
    Planted(
        "a cancelled order is not guarded by its state",
        "chalicelib/orders/store.py",
        "        *(due_then(OrderRow, order.order_id, due_at) if due_at else not_due(OrderRow)),\n"
        "    ]\n"
        "    writes.update(order_key(order.order_id), actions, guard=in_state(order.order_state))\n",
        "        *(due_then(OrderRow, order.order_id, due_at) if due_at else not_due(OrderRow)),\n"
        "    ]\n"
        "    writes.update(order_key(order.order_id), actions)\n",
    ),
    Planted(
        "the last two payments of a group pass each other",
        "chalicelib/groups/store.py",
        "        & (GroupRow.held_count >= 1)\n"
        "        & (GroupRow.paid_count < group.seats_total - 1),\n",
        "        & (GroupRow.held_count >= 1),\n",
    ),
    Planted(
        "a group fails while a seat is held",
        "chalicelib/groups/ending.py",
        "        & (GroupRow.held_count == 0)\n        & (GroupRow.paid_count == group.paid_count),\n",
        "        & (GroupRow.paid_count == group.paid_count),\n",
    ),
    Planted(
        "a crowd's shard closes while a seat is held",
        "chalicelib/groups/ending.py",
        "guard=in_group_state(GroupState.FORMING) & (GroupRow.held_count == 0),",
        "guard=in_group_state(GroupState.FORMING),",
    ),
    Planted(
        "a refund has a new number each time it is sent",
        "chalicelib/refunds/execute.py",
        "                out_refund_no=refund.out_refund_no,\n",
        "                out_refund_no=f'{refund.refund_id}-{int(now.timestamp())}',\n",
    ),
    Planted(
        "a refund counts as paid as soon as WeChat has taken it",
        "chalicelib/refunds/settle.py",
        '            _go_on(refund, report.refund_id, now)\n        case "ABNORMAL"',
        '            _succeed(refund, report.refund_id, now)\n        case "ABNORMAL"',
    ),
    Planted(
        "what is left to refund is taken without a guard",
        "chalicelib/orders/refundable.py",
        "        actions.append(OrderRow.undecided_fen.set(OrderRow.undecided_fen + amount_fen))\n"
        "    guard = in_state(order.order_state) & _as_read(order)\n",
        "        actions.append(OrderRow.undecided_fen.set(OrderRow.undecided_fen + amount_fen))\n"
        "    guard = in_state(order.order_state)\n",
    ),
    Planted(
        "commission follows the order as it was a moment ago",
        "chalicelib/commissions/adjust.py",
        "    orders.check_unmoved(writes, order, without_open_refund=releases)\n",
        "",
    ),
    Planted(
        "a withdrawal is not guarded by the balance",
        "chalicelib/ledger/store.py",
        "        (LedgerRow.available_fen >= transfer.amount_fen)\n        & LedgerRow.open",
        "        LedgerRow.open",
    ),
    Planted(
        "a withdrawal has a new number each time it is sent",
        "chalicelib/withdrawals/send.py",
        "        out_bill_no=withdrawal.withdrawal_id,\n",
        "        out_bill_no=withdrawal.withdrawal_id[:20] + str(withdrawal.due_at.microsecond),\n",
    ),
    Planted(
        "a row is taken off the list of what is due before the work is done",
        "chalicelib/reactions.py",
        "            for change, subject_id in changes:\n"
        "                react(change, subject_id, wired)\n"
        "            if changes:\n"
        '                _rest(record["dynamodb"]["NewImage"])\n',
        "            if changes:\n"
        '                _rest(record["dynamodb"]["NewImage"])\n'
        "            for change, subject_id in changes:\n"
        "                react(change, subject_id, wired)\n",
    ),
    Planted(
        "an order's id is new with every request, whatever its key",
        "chalicelib/orders/purchase.py",
        "        return order_id_for(self.caller.member_id, self.idempotency_key)\n",
        "        import secrets\n\n        return order_id_for(self.caller.member_id, secrets.token_hex(8))\n",
    ),
    Planted(
        "a batch with one bad record is given up whole",
        "chalicelib/reactions.py",
        '            logger.warning("left_to_the_sweep", event_id=record.get("eventID"), error=error_name)\n',
        '            logger.warning("left_to_the_sweep", event_id=record.get("eventID"), error=error_name)\n'
        "            return\n",
    ),
)
