"""The part of the sandbox that hands out bills: when there is one, its address, its file.

Owns no state of its own: it is mixed into `sandbox`, whose books, lock and clock it uses. A bill is
made anew each time it is asked for, from the books as they are.
"""

import gzip
import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from infra.local.wechat import bills, control_shapes
from infra.local.wechat.bills import BASIC, OPERATION, BillChanges, Movement, TradeLine
from infra.local.wechat.control_shapes import check_control
from infra.local.wechat.credentials import Credentials
from infra.local.wechat.ids import BEIJING, Ids
from infra.local.wechat.refunds import Refund, RefundBook, RefundState
from infra.local.wechat.refusals import ControlRefusal, PayRefusal, invalid_request
from infra.local.wechat.trades import OPENING_BALANCE_FEN, TradeBook
from infra.local.wechat.transfers import TransferBook
from infra.local.wechat.validation import Json

WRITTEN_AT, AVAILABLE_AT = time(9), time(10)
"""When, the next day, a bill is written, and from when on it may be asked for."""

KEPT_DAYS = 92
ADDRESS_LIFE = timedelta(minutes=5)


def no_statement() -> PayRefusal:
    """Nothing happened on that day, so there is no bill of it."""
    return PayRefusal(400, "NO_STATEMENT_EXIST", "账单文件不存在")


def statement_creating() -> PayRefusal:
    return PayRefusal(400, "STATEMENT_CREATING", "账单生成中")


@dataclass(frozen=True)
class BillFile:
    """A file that waits at its address."""

    content: bytes
    expires_at: datetime


class BillDesk(ABC):
    """Queries have their shape already."""

    credentials: Credentials
    ids: Ids
    _lock: AbstractContextManager[Any]
    _trades: TradeBook
    _refunds: RefundBook
    _transfers: TransferBook
    _bill_changes: BillChanges
    _bill_files: dict[str, BillFile]

    @abstractmethod
    def now(self) -> datetime:
        """Business time."""

    def trade_bill(self, bill_date: str, *, gzipped: bool, origin: str) -> Json:
        """Where the day's trade bill is, and its hash. `origin`: scheme and host of the address."""
        with self._lock:
            day = self._available(bill_date)
            written_at = _on(day + timedelta(days=1), WRITTEN_AT)
            lines = self._bill_changes.trade_lines(self._trade_lines(written_at))
            of_day = [line for line in lines if _day_of(line.at) == day]
            if not of_day:
                raise no_statement()
            app_id, merchant_id = self.credentials.app_id, self.credentials.merchant_id
            text = bills.trade_bill(of_day, app_id=app_id, merchant_id=merchant_id)
            return self._offer(text, gzipped=gzipped, origin=origin)

    def fund_flow_bill(self, bill_date: str, account: str, *, gzipped: bool, origin: str) -> Json:
        """Where the day's bill of that account is, and its hash."""
        with self._lock:
            day = self._available(bill_date)
            of_account = [
                one
                for one in self._bill_changes.all_movements(self._movements())
                if one.account == account
            ]
            of_day = [one for one in of_account if _day_of(one.at) == day]
            if not of_day:
                raise no_statement()
            opening_fen = OPENING_BALANCE_FEN if account == OPERATION else 0
            before = sum(one.signed_fen for one in of_account if _day_of(one.at) < day)
            flow_no = _counting_from(f"{day:%Y%m%d}")
            text = bills.fund_flow_bill(of_day, opening_fen=opening_fen + before, flow_no=flow_no)
            return self._offer(text, gzipped=gzipped, origin=origin)

    def bill_file(self, token: str) -> bytes:
        """The file at that address, for as long as it lasts."""
        with self._lock:
            file = self._bill_files.get(token)
            if file is None or self.now() >= file.expires_at:
                raise invalid_request("账单下载地址已失效")
            return file.content

    # The control plane.

    def add_to_bills(
        self,
        kind: str,
        amount_fen: int,
        number: str = "",
        business_type: str = "",
        is_income: bool = False,
        account: str = BASIC,
        refund_status: str = RefundState.SUCCESS.value,
        counted: bool = True,
    ) -> Json:
        """Something that only WeChat's bills know of, as of now: a payment, refund, transfer, or
        any other movement. `counted`: whether the bill's sums know of it. Raises ControlRefusal.
        """
        request = {"kind": kind, "amount_fen": amount_fen, "is_income": is_income}
        more = {"number": number, "business_type": business_type}
        given = {name: value for name, value in more.items() if value}
        also = {"account": account, "refund_status": refund_status, "counted": counted}
        check_control(control_shapes.BILL_ENTRY, {**request, **given, **also})
        if (kind == "movement") != bool(business_type) or (kind != "movement") != bool(number):
            message = "a movement has a business_type, anything else a number"
            raise ControlRefusal(422, "invalid_request", message)
        with self._lock:
            now, changes = self.now(), self._bill_changes
            if kind in ("payment", "refund"):
                line = self._invented(kind, number, amount_fen, refund_status, counted)
                changes.trades.append(line)
                changes.movements += _movements_of_line(line)
            elif kind == "transfer":
                changes.movements.append(
                    _transfer(now, self.ids.transfer_bill_no(now), number, amount_fen, counted)
                )
            else:
                no = self.ids.digits(28)
                fields = (now, account, no, business_type, business_type, is_income, amount_fen)
                changes.movements.append(Movement(*fields, number=no, counted=counted))
            return {"kind": kind, "amount_fen": amount_fen}

    def leave_out_of_bills(self, number: str) -> Json:
        """The bills do not have what goes by the merchant's number `number`."""
        check_control(control_shapes.BILL_OMISSION, {"number": number})
        with self._lock:
            self._bill_changes.left_out.add(number)
            return {"number": number}

    def change_in_bills(self, number: str, amount_fen: int) -> Json:
        """The bills have another amount for what goes by that number."""
        check_control(control_shapes.BILL_AMOUNT, {"number": number, "amount_fen": amount_fen})
        with self._lock:
            self._bill_changes.amounts_fen[number] = amount_fen
            return {"number": number, "amount_fen": amount_fen}

    def _available(self, bill_date: str) -> date:
        """The day asked for. A bill is there from ten the next morning on, for three months."""
        try:
            day = date.fromisoformat(bill_date)
        except ValueError:
            raise invalid_request("bill_date格式有误") from None
        now = self.now()
        today = _day_of(now)
        if day >= today or day < today - timedelta(days=KEPT_DAYS):
            raise invalid_request("bill_date不在可下载的日期范围内")
        if now < _on(day + timedelta(days=1), AVAILABLE_AT):
            raise statement_creating()
        return day

    def _offer(self, text: str, *, gzipped: bool, origin: str) -> Json:
        """The hash is that of the file before it was packed."""
        raw = text.encode()
        token = self.ids.hexadecimal(48)
        content = gzip.compress(raw, mtime=0) if gzipped else raw
        self._bill_files[token] = BillFile(content, self.now() + ADDRESS_LIFE)
        return {
            "hash_type": "SHA1",
            "hash_value": hashlib.sha1(raw, usedforsecurity=False).hexdigest(),
            "download_url": f"{origin}/v3/billdownload/file?token={token}",
        }

    def _trade_lines(self, written_at: datetime) -> Iterator[TradeLine]:
        """Payments by when they succeeded; refunds by when they were taken in, with their state
        when the bill was written.
        """
        for trade in self._trades.list_paid():
            if trade.paid_at is not None:
                yield TradeLine(
                    trade.paid_at,
                    trade.transaction_id,
                    trade.out_trade_no,
                    trade.openid,
                    trade.total_fen,
                    trade.terms["description"],
                    trade.terms.get("attach", ""),
                )
        for refund in self._refunds.list_all():
            trade = refund.trade
            yield TradeLine(
                refund.requested_at,
                trade.transaction_id,
                trade.out_trade_no,
                trade.openid,
                refund.amount_fen,
                trade.terms["description"],
                trade.terms.get("attach", ""),
                refund.refund_id,
                refund.out_refund_no,
                _status_at(refund, written_at),
            )

    def _movements(self) -> Iterator[Movement]:
        for line in self._trade_lines(self.now()):
            yield from _movements_of_line(line)
        for refund in self._refunds.list_all():
            if refund.closed_at is not None:
                yield Movement(
                    refund.closed_at,
                    BASIC,
                    refund.refund_id,
                    bills.REFUND,
                    bills.REFUND_CLOSED,
                    is_income=True,
                    amount_fen=refund.amount_fen,
                    number=refund.out_refund_no,
                )
        for transfer in self._transfers.list_succeeded():
            number, amount_fen = transfer.out_bill_no, transfer.amount_fen
            yield _transfer(transfer.updated_at, transfer.transfer_bill_no, number, amount_fen)

    def _invented(
        self, kind: str, number: str, amount_fen: int, refund_status: str, counted: bool
    ) -> TradeLine:
        now, ids = self.now(), self.ids
        is_refund = kind == "refund"
        return TradeLine(
            now,
            ids.transaction_id(now),
            number,
            "",
            amount_fen,
            "",
            refund_id=ids.refund_id(now) if is_refund else "",
            out_refund_no=number if is_refund else "",
            refund_status=refund_status if is_refund else "",
            counted=counted,
        )


def _movements_of_line(line: TradeLine) -> list[Movement]:
    """Money is in the account with the payment, and out of it when a refund is taken in."""
    name = bills.REFUND if line.refund_id else bills.PAYMENT
    return [
        Movement(
            line.at,
            BASIC,
            line.refund_id or line.transaction_id,
            name,
            name,
            is_income=not line.refund_id,
            amount_fen=line.amount_fen,
            number=line.number,
            counted=line.counted,
        )
    ]


def _transfer(
    at: datetime, bill_no: str, number: str, amount_fen: int, counted: bool = True
) -> Movement:
    name = bills.TRANSFER
    fields = (at, OPERATION, bill_no, name, name)
    return Movement(*fields, is_income=False, amount_fen=amount_fen, number=number, counted=counted)


def _status_at(refund: Refund, moment: datetime) -> str:
    """How a bill that was written then spells where the refund stood."""
    if refund.succeeded_at is not None and refund.succeeded_at <= moment:
        return "SUCCESS"
    if refund.closed_at is not None and refund.closed_at <= moment:
        return "FAIL"
    return "CHANGE" if refund.state is RefundState.ABNORMAL else "PROCESSING"


def _counting_from(prefix: str) -> Callable[[], str]:
    """Flow numbers that are the same whenever the bill is made anew."""
    count = 0

    def next_number() -> str:
        nonlocal count
        count += 1
        return f"1900{prefix}{count:016d}"

    return next_number


def _day_of(moment: datetime) -> date:
    return moment.astimezone(BEIJING).date()


def _on(day: date, at: time) -> datetime:
    return datetime.combine(day, at, tzinfo=BEIJING)
