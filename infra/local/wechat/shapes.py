"""Which fields each of WeChat Pay's messages has, and what they may hold.

Only shapes that can be judged without any state belong here. Lengths of WeChat Pay's strings
count UTF-8 bytes, the stricter reading of the reference and the one its error texts show; the
reference of transfers says characters.
"""

from infra.local.wechat.bills import BASIC, FEES, OPERATION
from infra.local.wechat.validation import (
    callback_url,
    characters,
    flag,
    listing,
    one_of,
    record,
    text,
    timestamp,
    whole_number,
)

LARGEST_AMOUNT_FEN = 100_000_000_00
FEN = whole_number(1, LARGEST_AMOUNT_FEN)

APP_ID = text(1, 32, r"[0-9A-Za-z]+")
MERCHANT_ID = text(1, 32, r"[0-9]+")
OPENID = text(1, 128, r"[0-9A-Za-z_\-]+")
OUT_TRADE_NO = text(6, 32, r"[0-9A-Za-z_\-|*]+")
OUT_REFUND_NO = text(1, 64, r"[0-9A-Za-z_\-|*@]+")
TRANSACTION_ID = text(1, 32, r"[0-9A-Za-z]+")
REFUND_ID = text(1, 32, r"[0-9A-Za-z]+")
OUT_BILL_NO = text(1, 32, r"[0-9A-Za-z]+")
TRANSFER_BILL_NO = text(1, 64, r"[0-9A-Za-z]+")

_ORDER_GOODS = record(
    {"merchant_goods_id": text(1, 32), "quantity": whole_number(1), "unit_price": whole_number(0)},
    {"wechatpay_goods_id": text(1, 32), "goods_name": text(1, 256)},
)

_STORE = record(
    {"id": text(1, 32)},
    {"name": text(1, 256), "area_code": text(1, 32), "address": text(1, 512)},
)

ORDER = record(
    {
        "appid": APP_ID,
        "mchid": MERCHANT_ID,
        "description": text(1, 127),
        "out_trade_no": OUT_TRADE_NO,
        "notify_url": callback_url(255),
        "amount": record({"total": FEN}, {"currency": one_of("CNY")}),
        "payer": record({"openid": OPENID}),
    },
    {
        "time_expire": timestamp(),
        "attach": text(1, 128),
        "goods_tag": text(1, 32),
        "support_fapiao": flag(),
        "limit_pay": listing(one_of("no_credit"), 1),
        "detail": record(
            {},
            {
                "cost_price": whole_number(0),
                "invoice_id": text(1, 32),
                "goods_detail": listing(_ORDER_GOODS, 6000),
            },
        ),
        "scene_info": record(
            {"payer_client_ip": text(1, 45, r"[0-9A-Fa-f.:]+")},
            {"device_id": text(1, 32), "store_info": _STORE},
        ),
        "settle_info": record({}, {"profit_sharing": flag()}),
    },
)

CLOSE = record({"mchid": MERCHANT_ID})

_REFUND_GOODS = record(
    {
        "merchant_goods_id": text(1, 32),
        "unit_price": whole_number(0),
        "refund_amount": FEN,
        "refund_quantity": whole_number(1),
    },
    {"wechatpay_goods_id": text(1, 32), "goods_name": text(1, 256)},
)

_REFUND_SOURCE = record({"account": one_of("AVAILABLE", "UNAVAILABLE"), "amount": FEN})

REFUND = record(
    {
        "out_refund_no": OUT_REFUND_NO,
        "amount": record(
            {"refund": FEN, "total": FEN, "currency": one_of("CNY")},
            {"from": listing(_REFUND_SOURCE, 2)},
        ),
    },
    {
        "transaction_id": TRANSACTION_ID,
        "out_trade_no": OUT_TRADE_NO,
        "reason": text(1, 80),
        "notify_url": callback_url(256),
        "funds_account": one_of("AVAILABLE", "UNSETTLED"),
        "goods_detail": listing(_REFUND_GOODS, 200),
    },
)

ABNORMAL_REFUND = record(
    {"out_refund_no": OUT_REFUND_NO, "type": one_of("USER_BANK_CARD", "MERCHANT_BANK_CARD")},
    {"bank_type": text(1, 16), "bank_account": text(1, 1024), "real_name": text(1, 1024)},
)

TRANSFER = record(
    {
        "appid": APP_ID,
        "out_bill_no": OUT_BILL_NO,
        "transfer_scene_id": text(1, 36, r"[0-9]+"),
        "openid": text(1, 64, r"[0-9A-Za-z_\-]+"),
        "transfer_amount": FEN,
        "transfer_remark": characters(1, 32),
        "transfer_scene_report_infos": listing(
            record({"info_type": characters(1, 15), "info_content": characters(1, 32)}), 10
        ),
    },
    {
        "user_name": text(1, 1024),
        "notify_url": callback_url(256),
        "user_recv_perception": characters(1, 32),
        "user_recv_style": record({"type": one_of("CONFIRM_PAGE", "RED_PACKET")}),
    },
)

CANCEL_TRANSFER = record({})

_DAY = text(10, 10, r"\d{4}-\d\d-\d\d")
_PACKED = {"tar_type": one_of("GZIP")}
TRADE_BILL = record({"bill_date": _DAY}, {"bill_type": one_of("ALL"), **_PACKED})
"""The one type of trade bill that the sandbox writes."""
FUND_FLOW_BILL = record(
    {"bill_date": _DAY}, {"account_type": one_of(BASIC, OPERATION, FEES), **_PACKED}
)
BILL_FILE = record({"token": text(1, 128)})

ECHO = record(
    {"echo_message": text(1, 1024)},
    {"encrypted_echo_message": text(1, 2048), "notify_url": callback_url(255)},
)
