"""The columns of each kind of file: what they are called, what their cells mean. Pure.

Named as the fields of the commands that the rows become; shipments also in Chinese. Money is whole
fen and nothing else.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from chalicelib.files.model import FileKind
from chalicelib.files.tables import Line, Unreadable
from chalicelib.kit.clock import shown
from chalicelib.kit.days import time_on

_ID = re.compile(r"[0-9A-Za-z_-]{1,64}")
_WHOLE = re.compile(r"-?[0-9]{1,12}")
_SHORTENED = re.compile(r"[0-9](\.[0-9]+)?E\+[0-9]+", re.IGNORECASE)
_LOCAL_TIME = re.compile(r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})[ T](\d{1,2}):(\d{2})(?::(\d{2}))?")
_YES = frozenset({"true", "yes", "1", "是"})
_NO = frozenset({"false", "no", "0", "否"})
_CARRIERS = {
    "顺丰": "SF",
    "顺丰速运": "SF",
    "中通": "ZTO",
    "中通快递": "ZTO",
    "圆通": "YTO",
    "圆通速递": "YTO",
    "申通": "STO",
    "申通快递": "STO",
}
ORDERS_TO_SHIP = (
    "order_id",
    "carrier",
    "tracking_no",
    "merchant_id",
    "title",
    "sku_id",
    "quantity",
    "custom_fields",
    "recipient",
    "phone",
    "province",
    "city",
    "county",
    "detail",
    "remark",
    "paid_at",
    "ships_by",
)
"""The header of what is written for whoever packs; filled in, it is a file of shipments."""


class CellWrong(ValueError):
    """Why a cell cannot be what its column says."""


@dataclass(frozen=True)
class Column:
    """A column: its name, what reads a cell with something in it, and the field it becomes."""

    name: str
    read: Callable[[str], Any]
    field: str
    of_sku: bool = False
    required: bool = False
    also: tuple[str, ...] = ()


def _text(cell: str) -> str:
    return cell


def _id(cell: str) -> str:
    if not _ID.fullmatch(cell):
        raise CellWrong("must be 1 to 64 of 0-9, A-Z, a-z, _ and -")
    return cell


def _whole(cell: str) -> int:
    if not _WHOLE.fullmatch(cell):
        raise CellWrong("must be a whole number")
    return int(cell)


def _fen(cell: str) -> int:
    if not _WHOLE.fullmatch(cell):
        raise CellWrong("must be a whole number of fen, such as 1990 for 19.90 yuan")
    return int(cell)


def _fens(cell: str) -> list[int]:
    return [_fen(part) for part in cell.split()]


def _words(cell: str) -> list[str]:
    return cell.split()


def _yes_or_no(cell: str) -> bool:
    if cell.lower() not in _YES | _NO:
        raise CellWrong("must be yes or no")
    return cell.lower() in _YES


def _specs(cell: str) -> dict[str, str]:
    parts = [part.replace("：", ":", 1).partition(":") for part in cell.split("|")]
    if not all(colon and name.strip() for name, colon, _ in parts):
        raise CellWrong("must be written as name: value | name: value")
    return {name.strip(): value.strip() for name, _, value in parts}


def _rules(cell: str) -> dict[str, Any]:
    try:
        rules = json.loads(cell)
    except (ValueError, RecursionError) as error:
        raise CellWrong("must be JSON, such as {}") from error
    if not isinstance(rules, dict):
        raise CellWrong("must be JSON, such as {}")
    return rules


def _moment(cell: str) -> str:
    """Without an offset, as Excel writes it: the business's own time."""
    match = _LOCAL_TIME.fullmatch(cell)
    if match is None:
        return cell
    year, month, day, hour, minute, second = (int(part or 0) for part in match.groups())
    try:
        return shown(time_on(date(year, month, day), f"{hour:02d}:{minute:02d}:{second:02d}"))
    except (ValueError, OverflowError) as error:
        raise CellWrong("must be a time, such as 2026-11-22 20:00") from error


def _carrier(cell: str) -> str:
    return _CARRIERS.get(cell, cell)


def _tracking_no(cell: str) -> str:
    if _SHORTENED.fullmatch(cell):
        raise CellWrong("was shortened by Excel: make the column a text and type it again")
    return cell


def _of_sku(name: str, read: Callable[[str], Any], field: str = "", **more: Any) -> Column:
    return Column(name, read, field or name, of_sku=True, **more)


def _plain(name: str, read: Callable[[str], Any], **more: Any) -> Column:
    return Column(name, read, name, **more)


COLUMNS: Mapping[FileKind, tuple[Column, ...]] = {
    FileKind.PRODUCTS: (
        _plain("product_id", _id, required=True),
        _plain("merchant_id", _id),
        _plain("title", _text),
        _plain("description", _text),
        _plain("images", _words),
        _plain("detail_images", _words),
        _plain("category", _text),
        _plain("specs", _specs),
        _plain("on_sale", _yes_or_no),
        _of_sku("sku_id", _id, required=True),
        _of_sku("sku_title", _text, "title"),
        _of_sku("solo_price_fen", _fen),
        _of_sku("stock", _whole, required=True),
        _of_sku("sku_image_url", _text, "image_url"),
    ),
    FileKind.CAMPAIGNS: (
        _plain("campaign_id", _id, required=True),
        _plain("title", _text),
        _plain("cover_url", _text),
        _plain("play", _text),
        _plain("size", _whole),
        _plain("duration_seconds", _whole),
        _plain("starts_at", _moment),
        _plain("ends_at", _moment),
        _plain("per_member_limit", _whole),
        _plain("rules", _rules),
        _of_sku("sku_id", _id, required=True),
        _of_sku("group_price_fen", _fen),
        _of_sku("tier_prices_fen", _fens),
        _of_sku("allotted_units", _whole),
    ),
    FileKind.SHIPMENTS: (
        _plain("order_id", _id, required=True, also=("订单号", "订单编号")),
        _plain("carrier", _carrier, required=True, also=("快递公司", "物流公司")),
        _plain("tracking_no", _tracking_no, required=True, also=("快递单号", "物流单号", "运单号")),
    ),
}
"""Of each kind, in the order in which the documentation names them. The first is what a row is
about.
"""

PASSED_OVER = {FileKind.SHIPMENTS: frozenset(ORDERS_TO_SHIP)}
"""Columns that a file may have, and that say nothing."""


def columns_of(kind: FileKind, header: Line) -> list[Column | None]:
    """What each column of the file is; None for one that says nothing. Raises Unreadable."""
    known = {name: column for column in COLUMNS[kind] for name in (column.name, *column.also)}
    passed_over = PASSED_OVER.get(kind, frozenset()) | {""}
    names = [cell.lower() for cell in header.cells]
    unknown = [name for name in names if name not in known and name not in passed_over]
    if unknown:
        raise Unreadable(f"Unknown columns: {', '.join(unknown)}. Known: {', '.join(known)}.")
    columns = [known.get(name) for name in names]
    found = [column.name for column in columns if column is not None]
    twice = sorted({name for name in found if found.count(name) > 1})
    if twice:
        raise Unreadable(f"Columns that stand twice: {', '.join(twice)}.")
    missing = [each.name for each in COLUMNS[kind] if each.required and each.name not in found]
    if missing:
        raise Unreadable(f"Missing columns: {', '.join(missing)}.")
    return columns
