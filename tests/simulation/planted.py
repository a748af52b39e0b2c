"""Bugs to be found: each is one edit of the code, as somebody might make it in good faith.

The simulation must find every one of them within a stated number of runs, in a copy of the tree;
else it would not find such a bug of ours either.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Planted:
    """`before` stands in the file exactly once; the ellipses in both are the same lines. `runs`:
    within so many it must be found, of groups of that `kind` or runs of that `theme` where only
    they have what is wrong, and by a violation that says what it `expects`.
    """

    name: str
    path: str
    before: str
    after: str
    expects: str
    kind: str | None = None
    theme: str | None = None
    runs: int = 40


PLANTED = (
    Planted(
        "a seat is claimed without looking whether one is free",
        "chalicelib/groups/store.py",
        "\n        & (GroupRow.seats_free >= 1),",
        ",",
        expects="more seats taken",
        theme="groups",
    ),
    Planted(
        "stock is taken without a guard",
        "chalicelib/stock/store.py",
        "        guard=StockRow.units_left >= quantity,\n",
        "",
        expects="units of ",
        theme="groups",
    ),
    Planted(
        "the member's limit is counted without a guard",
        "chalicelib/kit/counters.py",
        "        guard=used.does_not_exist() | (used <= limit - quantity),\n",
        "",
        expects="the limit is",
        kind="limited",
        theme="groups",
    ),
    Planted(
        "an order is released without closing it at WeChat",
        "chalicelib/orders/close_unpaid.py",
        "    try:\n        wechat_pay.close(order_id)\n",
        "    try:\n        pass\n",
        expects="released while it can be paid",
        theme="deadlines",
    ),
    Planted(
        "a refund is sent again under another number",
        "chalicelib/refunds/execute.py",
        ("                out_refund_no=refund.out_refund_no,\n                out_trade_no"),
        (
            "                out_refund_no="
            'f"{refund.refund_id}_{refund.attempt:0{refund.looks + 1}}",\n'
            "                out_trade_no"
        ),
        expects="refund_not_in_bill",
        theme="money_back",
    ),
    Planted(
        "a withdrawal takes more than the wallet has",
        "chalicelib/ledger/store.py",
        (
            "        (LedgerRow.available_fen >= transfer.amount_fen)\n"
            "        & LedgerRow.open_withdrawal_id"
        ),
        "        LedgerRow.open_withdrawal_id",
        expects="more than was available",
        theme="money_out",
    ),
    Planted(
        "a withdrawal is asked for while another is under way",
        "chalicelib/ledger/store.py",
        ("        & LedgerRow.open_withdrawal_id.does_not_exist()\n        & LedgerRow.closed_at"),
        "        & LedgerRow.closed_at",
        expects="another is under way",
        theme="money_out",
    ),
    Planted(
        "two refunds take the same money of an order",
        "chalicelib/orders/refundable.py",
        (
            "(OrderRow.undecided_fen + amount_fen))\n"
            "    guard = in_state(order.order_state) & _as_read(order)\n"
        ),
        ("(OrderRow.undecided_fen + amount_fen))\n    guard = in_state(order.order_state)\n"),
        expects="more promised back",
        theme="money_back",
    ),
    Planted(
        "a refund is counted as paid when WeChat has only accepted it",
        "chalicelib/refunds/settle.py",
        "            _go_on(refund, report.refund_id, now)\n",
        "            _succeed(refund, report.refund_id, now)\n",
        expects="succeeded here, not at WeChat",
        theme="money_back",
    ),
    Planted(
        "the last two payments of a group pass each other",
        "chalicelib/groups/store.py",
        ("\n        & (GroupRow.paid_count < group.seats_total - 1),"),
        ",",
        expects="it still forms",
        kind="team",
        theme="groups",
    ),
    Planted(
        "an order is not found again under its key",
        "chalicelib/orders/model.py",
        '    return derived_id("ord", member_id, idempotency_key)',
        ('    from chalicelib.kit.ids import random_id\n\n    return random_id("ord")'),
        expects="repeated",
    ),
    Planted(
        "a withdrawal is cancelled here while WeChat may pay it",
        "chalicelib/withdrawals/cancel.py",
        "    if state in BEFORE_SUBMITTING and withdrawal.submitted_at is None:",
        "    if state in _ASKS_WECHAT and withdrawal.confirmed_at is None:",
        expects="cancelled here",
        theme="money_out",
    ),
    Planted(
        "only the stream tells of a group's end",
        "chalicelib/groups/store.py",
        (
            "        GroupRow.joinable_campaign_id.remove(),\n"
            "        *due_then(GroupRow, group_id, due_at),\n"
            "    ]\n"
        ),
        ("        GroupRow.joinable_campaign_id.remove(),\n        *not_due(GroupRow),\n    ]\n"),
        expects="in a failed group",
    ),
    Planted(
        "only the stream tells of a payment",
        "chalicelib/orders/store.py",
        (
            "        OrderRow.transaction_id.set(transaction_id),\n"
            "        *due_then(OrderRow, order.order_id, due_at),\n"
        ),
        ("        OrderRow.transaction_id.set(transaction_id),\n        *not_due(OrderRow),\n"),
        expects="the wechat account says",
    ),
    Planted(
        "an order that WeChat is asked about is paid whatever WeChat says",
        "chalicelib/orders/check_payment.py",
        "    if payment is not None and payment.is_paid:",
        "    if payment is not None:",
        expects="paid here, not at WeChat",
        theme="deadlines",
    ),
)
