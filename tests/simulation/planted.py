"""Bugs to be found: each is one edit of the code, as somebody might make it in good faith.

The simulation must find every one of them within a stated number of runs, in a copy of the tree;
else it would not find such a bug of ours either.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Planted:
    """`before` stands in the file exactly once; the ellipses in both are the same lines. `runs`:
    within so many it must be found, of groups of that `kind` where only they have what is wrong,
    and by a violation that says what it `expects`.
    """

    name: str
    path: str
    before: str
    after: str
    expects: str
    kind: str | None = None
    runs: int = 150


PLANTED = (
    Planted(
        "a seat is claimed without looking whether one is free",
        "chalicelib/groups/store.py",
        "\n        & (GroupRow.seats_free >= 1),",
        ",",
    ),
    Planted(
        "stock is taken without a guard",
        "chalicelib/stock/store.py",
        "        guard=StockRow.units_left >= quantity,\n",
        "",
    ),
    Planted(
        "the member's limit is counted without a guard",
        "chalicelib/kit/counters.py",
        "        guard=used.does_not_exist() | (used <= limit - quantity),\n",
        "",
        kind="limited",
    ),
    Planted(
        "a voucher is used without looking whether it is used",
        "chalicelib/vouchers/store.py",
        "guard=VoucherRow.used_by.does_not_exist() & (VoucherRow.expires_at > now)",
        "guard=VoucherRow.expires_at > now",
        kind="voucher",
    ),
    Planted(
        "an order is released without closing it at WeChat",
        "chalicelib/orders/close_unpaid.py",
        "    try:\n        wechat_pay.close(order_id)\n",
        "    try:\n        pass\n",
    ),
    Planted(
        "a payment is honoured whatever has become of its order",
        "chalicelib/orders/pay.py",
        "if matches and order.order_state is OrderState.AWAITING_PAYMENT and _can_take",
        "if matches and _can_take",
    ),
    Planted(
        "the last two payments of a group pass each other",
        "chalicelib/groups/store.py",
        "\n        & (GroupRow.paid_count < group.seats_total - 1),",
        ",",
    ),
    Planted(
        "a group fails while a seat is held",
        "chalicelib/groups/ending.py",
        "\n        & (GroupRow.held_count == 0)\n",
        "\n",
    ),
    Planted(
        "a crowd's shard closes while a seat is held",
        "chalicelib/groups/ending.py",
        "(GroupState.FORMING) & (GroupRow.held_count == 0),",
        "(GroupState.FORMING),",
        kind="crowd",
    ),
    Planted(
        "a refund counts as paid as soon as WeChat has taken it",
        "chalicelib/refunds/settle.py",
        "            _go_on(refund, report.refund_id, now)",
        "            _succeed(refund, report.refund_id, now)",
    ),
    Planted(
        "what is left of an order is refunded without a guard",
        "chalicelib/orders/refundable.py",
        "OrderRow.refundable_fen == order.refundable_fen",
        "OrderRow.refundable_fen.exists()",
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
        "        (LedgerRow.available_fen >= transfer.amount_fen)\n        & ",
        "        ",
    ),
    Planted(
        "two withdrawals of one member are under way",
        "chalicelib/ledger/store.py",
        "        & LedgerRow.open_withdrawal_id.does_not_exist()\n",
        "",
    ),
    Planted(
        "a row is off the list of what is due before the work is done",
        "chalicelib/reactions.py",
        "            for change, subject_id in changes:\n                react(",
        '            _rest(record["dynamodb"]["NewImage"])\n'
        "            for change, subject_id in changes:\n                react(",
    ),
    Planted(
        "a refund moves on whatever has become of it",
        "chalicelib/refunds/store.py",
        "refund.attempt + 1))\n"
        "    writes.update(refund_key(refund.refund_id), actions, guard=_as_read(refund))",
        "refund.attempt + 1))\n    writes.update(refund_key(refund.refund_id), actions)",
    ),
    Planted(
        "an order has a new id with every request, whatever its key",
        "chalicelib/orders/purchase.py",
        "    @property\n    def order_id(self) -> str:\n"
        "        return order_id_for(self.caller.member_id, self.idempotency_key)",
        '    _made = __import__("itertools").count()\n\n'
        "    @property\n    def order_id(self) -> str:\n"
        '        made = self.__dict__.setdefault("made", str(next(self._made)))\n'
        "        return order_id_for(self.caller.member_id, made)",
    ),
)
