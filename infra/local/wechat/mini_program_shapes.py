"""Which fields each message of the mini-program server API has, and what they may hold.

Only shapes that can be judged without any state belong here. Lengths count characters.
"""

from typing import Any

from infra.local.wechat.shapes import MERCHANT_ID, OUT_TRADE_NO, TRANSACTION_ID
from infra.local.wechat.validation import (
    Check,
    Invalid,
    characters,
    flag,
    listing,
    one_of,
    record,
    text,
    timestamp,
    whole_number,
)

SCENE = r"[0-9A-Za-z!#$&'()*+,/:;=?@._~-]{1,32}"
PAGE = r"[0-9A-Za-z_-]+(/[0-9A-Za-z_-]+)*"

_OPENID = text(1, 128)
_COLOUR = record({"r": whole_number(0, 255), "g": whole_number(0, 255), "b": whole_number(0, 255)})
_FIELD = record({"value": characters(0, 1000)})


def _fields(value: Any, pointer: str) -> None:
    """An object of fields by name, at least one."""
    if not isinstance(value, dict) or not value:
        raise Invalid(pointer, value, "must be an object with a field")
    for name, inner in value.items():
        _FIELD(inner, f"{pointer}/{name}")


TOKEN = record(
    {},
    {
        "grant_type": characters(0, 64),
        "appid": characters(0, 64),
        "secret": characters(0, 64),
        "force_refresh": flag(),
    },
)
CODE = record(
    {"scene": characters(0, 1000)},
    {
        "page": characters(0, 1000),
        "check_path": flag(),
        "env_version": one_of("release", "trial", "develop"),
        "width": whole_number(280, 1280),
        "auto_color": flag(),
        "line_color": _COLOUR,
        "is_hyaline": flag(),
    },
)
NOTICE = record(
    {"touser": _OPENID, "template_id": text(1, 128), "data": _fields},
    {
        "page": characters(0, 1000),
        "miniprogram_state": one_of("developer", "trial", "formal"),
        "lang": one_of("zh_CN", "en_US", "zh_HK", "zh_TW"),
    },
)
TEXT = record(
    {
        "version": whole_number(2, 2),
        "openid": _OPENID,
        "scene": whole_number(1, 4),
        "content": characters(1, 2500),
    },
    {name: characters(0, 2500) for name in ("nickname", "title", "signature")},
)

_PARCEL = record(
    {"item_desc": characters(1, 120)},
    {
        "tracking_no": text(1, 128),
        "express_company": text(1, 128),
        "contact": record(
            {}, {"consignor_contact": text(1, 1024), "receiver_contact": text(1, 1024)}
        ),
    },
)
_ORDER_KEY_BY_TYPE: dict[int, Check] = {
    1: record(
        {
            "order_number_type": whole_number(1, 1),
            "mchid": MERCHANT_ID,
            "out_trade_no": OUT_TRADE_NO,
        }
    ),
    2: record({"order_number_type": whole_number(2, 2), "transaction_id": TRANSACTION_ID}),
}


def _order_key(value: Any, pointer: str) -> None:
    """An order by WeChat Pay's number, or by the merchant's."""
    kind = value.get("order_number_type") if isinstance(value, dict) else None
    check = _ORDER_KEY_BY_TYPE.get(kind) if type(kind) is int else None
    if check is None:
        raise Invalid(f"{pointer}/order_number_type", kind, "must be 1 or 2")
    check(value, pointer)


SHIPPING_INFO = record(
    {
        "order_key": _order_key,
        "logistics_type": whole_number(1, 4),
        "delivery_mode": whole_number(1, 2),
        "shipping_list": listing(_PARCEL, 100),
        "upload_time": timestamp(),
        "payer": record({"openid": _OPENID}),
    },
    {"is_all_delivered": flag()},
)
SPECIAL_ORDER = record(
    {"order_id": OUT_TRADE_NO, "type": whole_number(0)}, {"delay_to": whole_number(0)}
)
ORDER_WANTED = record(
    {},
    {
        "transaction_id": TRANSACTION_ID,
        "merchant_id": MERCHANT_ID,
        "merchant_trade_no": OUT_TRADE_NO,
    },
)
