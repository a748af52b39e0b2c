"""Change -> functions: everything that follows by itself from a change in the data, in one table.

Fed by the DynamoDB streams, which deliver at least once, and by the sweeps, for what a stream
lost. Every function here is safe to run any number of times and reads the row as it is now. Once
all of them are done the row is taken off the list of what is due.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any

from aws_lambda_powertools import Logger
from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.catalog.settings import NoticeKind
from chalicelib.changes import Change, Item, changes_in, text
from chalicelib.commissions.adjust import adjust
from chalicelib.commissions.count_commission import count_commission
from chalicelib.commissions.errors import ReleaseBlocked
from chalicelib.figures import count_record
from chalicelib.groups.deal import deal
from chalicelib.kit import correlation, findings
from chalicelib.kit.errors import Refusal
from chalicelib.members.remember_buyer import remember_buyer
from chalicelib.notifications.announce import announce
from chalicelib.orders import store as orders
from chalicelib.orders.book_payment import book_payment
from chalicelib.orders.book_settlement import book_settlement
from chalicelib.orders.model import SOLD, Order, Upload
from chalicelib.orders.report_presale import report_presale
from chalicelib.orders.store import OrderRow
from chalicelib.orders.upload_shipment import upload_shipment
from chalicelib.rankings.tick import tick
from chalicelib.referrals.count_guide_sale import count_guide_sale
from chalicelib.refunds import store as refunds
from chalicelib.refunds.book_refund import book_refund
from chalicelib.refunds.refund_seats import refund_seats
from chalicelib.wiring import Wiring
from chalicelib.withdrawals import store as withdrawals
from chalicelib.withdrawals.cancel import cancel_at_wechat
from chalicelib.withdrawals.model import Withdrawal, WithdrawalState
from chalicelib.withdrawals.store import WithdrawalRow
from chalicelib.withdrawals.submit import submit as submit_withdrawal
from chalicelib.withdrawals.take_decision import take_decision

logger = Logger()


def _book_payment(order_id: str, wired: Wiring) -> None:
    book_payment(order_id, clock=wired.clock)


def _report_presale(order_id: str, wired: Wiring) -> None:
    report_presale(order_id, clock=wired.clock, wechat_api=wired.wechat_api)


def _upload_shipment(order_id: str, wired: Wiring) -> None:
    upload_shipment(order_id, clock=wired.clock, wechat_api=wired.wechat_api)


def _book_settlement(order_id: str, wired: Wiring) -> None:
    book_settlement(order_id, clock=wired.clock)


def _deal(group_id: str, wired: Wiring) -> None:
    deal(group_id, clock=wired.clock, seeds=wired.seeds)


def _refund_every_seat(group_id: str, wired: Wiring) -> None:
    refund_seats(group_id, clock=wired.clock)


def _enqueue_refund(refund_id: str, wired: Wiring) -> None:
    wired.refund_queue.send(refund_id)


def _book_refund(refund_id: str, wired: Wiring) -> None:
    book_refund(refund_id, clock=wired.clock)


def _release_commissions(order_id: str, wired: Wiring) -> None:
    """Raises ReleaseBlocked while a refund is open, so that the order stays due."""
    adjust(order_id, clock=wired.clock)


def _adjust_commissions(order_id: str, wired: Wiring) -> None:
    with suppress(ReleaseBlocked):  # releasing is what follows from the settlement
        adjust(order_id, clock=wired.clock)


def _adjust_for_refund(refund_id: str, wired: Wiring) -> None:
    _adjust_commissions(refunds.get(refund_id).order_id, wired)


def _count_commission(commission_id: str, _wired: Wiring) -> None:
    count_commission(commission_id)


def _announces(kind: NoticeKind) -> Callable[[str, Wiring], None]:
    """The reaction that tells a member. The last of its change, for it never fails."""

    def tell(subject_id: str, wired: Wiring) -> None:
        announce(
            kind,
            subject_id,
            app_id=wired.environment.wechat_app_id,
            clock=wired.clock,
            wechat_api=lambda: wired.wechat_api,
        )

    return tell


def _remember_buyer(order_id: str, wired: Wiring) -> None:
    remember_buyer(order_id, clock=wired.clock)


def _count_guide_sale(order_id: str, _wired: Wiring) -> None:
    count_guide_sale(order_id)


def _count_guide_sale_of_refund(refund_id: str, _wired: Wiring) -> None:
    count_guide_sale(refunds.get(refund_id).order_id)


def _submit_withdrawal(withdrawal_id: str, wired: Wiring) -> None:
    submit_withdrawal(
        withdrawal_id,
        clock=wired.clock,
        wechat_pay=wired.wechat_pay,
        notify_url=wired.transfer_notify_url,
        payee_keys=wired.secrets.payee_keys,
    )


def _cancel_at_wechat(withdrawal_id: str, wired: Wiring) -> None:
    cancel_at_wechat(withdrawal_id, clock=wired.clock, wechat_pay=wired.wechat_pay)


def _take_decision(withdrawal_id: str, wired: Wiring) -> None:
    take_decision(withdrawal_id, clock=wired.clock, wechat_pay=wired.wechat_pay)


def _tick(withdrawal_id: str, _wired: Wiring) -> None:
    tick(withdrawal_id)


REACTIONS: dict[Change, list[Callable[[str, Wiring], None]]] = {
    Change.ORDER_PAID: [_book_payment, _remember_buyer],
    Change.ORDER_TO_SHIP: [
        _count_guide_sale,
        _adjust_commissions,
        _announces(NoticeKind.GROUP_COMPLETE),
    ],
    Change.ORDER_SHIPS_LATE: [_report_presale],
    Change.ORDER_SHIPPED: [_upload_shipment],
    Change.ORDER_SETTLED: [_book_settlement, _release_commissions],
    Change.GROUP_COMPLETED: [_deal, _refund_every_seat],
    Change.GROUP_DRAWN: [_deal],
    Change.GROUP_DEALT_IN_PART: [_deal, _refund_every_seat],
    Change.PRODUCTION_DECIDED: [_deal, _refund_every_seat],
    Change.GROUP_FAILED: [_refund_every_seat],
    Change.REFUND_REQUESTED: [_enqueue_refund, _announces(NoticeKind.GROUP_FAILED)],
    Change.REFUND_SUCCEEDED: [
        _count_guide_sale_of_refund,
        _adjust_for_refund,
        _book_refund,
        _announces(NoticeKind.REFUND_PAID),
    ],
    Change.REFUND_DROPPED: [_adjust_for_refund],
    Change.COMMISSION_CHANGED: [_count_commission, _announces(NoticeKind.COMMISSION_EARNED)],
    Change.WITHDRAWAL_APPROVED: [_submit_withdrawal],
    Change.WITHDRAWAL_CONFIRMING: [_announces(NoticeKind.WITHDRAWAL_TO_CONFIRM)],
    Change.WITHDRAWAL_CANCEL_ASKED: [_cancel_at_wechat],
    Change.WITHDRAWAL_DECIDED: [_take_decision],
    Change.WITHDRAWAL_PAID: [_tick],
}


def react(change: Change, subject_id: str, wired: Wiring) -> None:
    """Do everything that follows from the change."""
    for reaction in REACTIONS[change]:
        reaction(subject_id, wired)


def outstanding(order: Order) -> Iterator[Change]:
    """What has happened to an order up to now: for the sweep, which knows no single change."""
    if order.transaction_id is not None:
        yield Change.ORDER_PAID
    if order.order_state in SOLD:
        yield Change.ORDER_TO_SHIP
    if order.is_to_be_reported:
        yield Change.ORDER_SHIPS_LATE
    if order.shipment_upload == Upload.DUE:
        yield Change.ORDER_SHIPPED
    if order.settled_at is not None:
        yield Change.ORDER_SETTLED


def outstanding_of_withdrawal(withdrawal: Withdrawal) -> Iterator[Change]:
    """The same of a withdrawal; what moves it on is the business of its follow-up."""
    if withdrawal.withdrawal_state is WithdrawalState.CONFIRMING:
        yield Change.WITHDRAWAL_CONFIRMING
    if withdrawal.withdrawal_state is WithdrawalState.PAID:
        yield Change.WITHDRAWAL_PAID


def relay(records: Iterable[Mapping[str, Any]], wired: Wiring) -> None:
    """Follow a batch of stream records. A bad one is set aside, the rest goes on; its row is still
    due, so a sweep makes up for it.
    """
    for record in records:
        images = record.get("dynamodb") or {}
        with correlation.belongs_to(text(images.get("NewImage") or {}, "correlation_id")):
            _follow(record, wired)


def _follow(record: Mapping[str, Any], wired: Wiring) -> None:
    try:
        changes = list(changes_in(record))
        count_record(record, [change for change, _ in changes])
        for change, subject_id in changes:
            logger.info("follows", change=change, subject_id=subject_id)
            react(change, subject_id, wired)
        if changes:
            _rest(record["dynamodb"]["NewImage"])
    except (Refusal, BotoCoreError, ClientError) as passing:
        error_name = type(passing).__name__
        logger.warning("left_to_the_sweep", event_id=record.get("eventID"), error=error_name)
    except Exception as error:
        findings.poison(str(record.get("eventID")), error, clock=wired.clock)


def _rest(new: Item) -> None:
    """What follows from an order as the record shows it is done; as it is shown, and no later
    state.
    """
    if "order_state" in new:
        order = orders.order_of(OrderRow.from_item(new))
        if order is not None:
            orders.rest_until(order, order.next_due_at)
    elif text(new, "kind") == withdrawals.WITHDRAWAL:
        withdrawal = withdrawals.withdrawal_of(WithdrawalRow.from_item(new))
        if withdrawal is not None:
            withdrawals.rest(withdrawal)
