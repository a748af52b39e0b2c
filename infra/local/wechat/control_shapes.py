"""Which fields each call of the control plane has, and the refusal of any other.

Owns shapes only; what the calls do is in `sandbox`.
"""

from infra.local.wechat.bills import BASIC, OPERATION
from infra.local.wechat.faults import FAULT_KINDS
from infra.local.wechat.notifications import CORRUPT_KINDS
from infra.local.wechat.refusals import ControlRefusal
from infra.local.wechat.shapes import FEN, OUT_BILL_NO, OUT_REFUND_NO, OUT_TRADE_NO
from infra.local.wechat.transfers import FAIL_REASONS
from infra.local.wechat.validation import (
    Check,
    Invalid,
    Json,
    Undefined,
    callback_url,
    flag,
    listing,
    one_of,
    record,
    text,
    whole_number,
)

_DURATION_SECONDS = whole_number(0, 10 * 365 * 86400)

_NOTIFY = record(
    {},
    {
        "times": whole_number(0, 20),
        "delay_seconds": _DURATION_SECONDS,
        "corrupt": one_of(True, False, *CORRUPT_KINDS),
    },
)

_PAYMENT = record(
    {
        "timeStamp": text(1, 32, r"[0-9]+"),
        "nonceStr": text(1, 32),
        "package": text(1, 128),
        "signType": one_of("RSA"),
        "paySign": text(1, 512),
    }
)

_COMPLAINT_ID = text(1, 64, r"[0-9A-Za-z]+")
USER = text(1, 256)
LOGIN_CODE = record({"user": USER})
PAYMENT = record(
    {"user": USER, "payment": _PAYMENT},
    {"outcome": one_of("success", "cancel"), "notify": _NOTIFY},
)
REFUND = record({"outcome": one_of("success", "abnormal", "closed")}, {"notify": _NOTIFY})
FAULT = record(
    {"path_prefix": text(1, 512, r"/.*"), "kind": one_of(*FAULT_KINDS)},
    {"times": whole_number(1, 10_000)},
)
CONFIRMATION = record(
    {"user": USER, "package_info": text(1, 1024)},
    {
        "outcome": one_of("success", "fail"),
        "fail_reason": one_of(*FAIL_REASONS),
        "notify": _NOTIFY,
    },
)
REPLAY = record(
    {},
    {
        "out_trade_no": OUT_TRADE_NO,
        "out_refund_no": OUT_REFUND_NO,
        "out_bill_no": OUT_BILL_NO,
        "complaint_id": _COMPLAINT_ID,
        "times": whole_number(1, 20),
        "corrupt": one_of(True, False, *CORRUPT_KINDS),
    },
)
SETTINGS = record(
    {},
    {
        "accept_any_code": flag(),
        "hold_refunds": flag(),
        "hold_transfers": flag(),
        "give_unionids": flag(),
        "balance_fen": whole_number(0),
        "refund_settles_after_seconds": _DURATION_SECONDS,
        "transfer_settles_after_seconds": _DURATION_SECONDS,
        "transfer_maximum_fen": FEN,
        "overdue_closes_after_seconds": _DURATION_SECONDS,
        "withhold_seconds": whole_number(0, 600),
        "shipping_lag_seconds": _DURATION_SECONDS,
        "template_ids": listing(text(1, 128), 100),
        "risky_words": listing(text(1, 128), 100),
        "doubtful_words": listing(text(1, 128), 100),
        "message_url": callback_url(512),
        "complaint_url": callback_url(255),
    },
)
SUBSCRIPTION = record(
    {"user": USER, "template_id": text(1, 128)}, {"times": whole_number(1, 10_000)}
)
MESSAGE = record(
    {
        "out_trade_no": OUT_TRADE_NO,
        "event": one_of("remind_shipping", "settlement", "confirm_receive"),
    },
    {"method": one_of("automatic", "manual"), "notify": _NOTIFY},
)
COMPLAINT = record(
    {},
    {
        "complaint_id": _COMPLAINT_ID,
        "action": text(1, 64, r"[A-Z_]+"),
        "notify": _NOTIFY,
    },
)
BILL_ENTRY = record(
    {"kind": one_of("payment", "refund", "transfer", "movement"), "amount_fen": FEN},
    {
        "number": text(1, 64),
        "business_type": text(1, 64),
        "is_income": flag(),
        "account": one_of(BASIC, OPERATION),
        "refund_status": one_of("SUCCESS", "PROCESSING", "FAIL", "CHANGE"),
        "counted": flag(),
    },
)
BILL_OMISSION = record({"number": text(1, 64)})
BILL_AMOUNT = record({"number": text(1, 64), "amount_fen": FEN})
NOTICES_OF = record({"user": USER})
SHIPMENTS_OF = record({"out_trade_no": OUT_TRADE_NO})
CLOCK = record({"advance_seconds": _DURATION_SECONDS})
REFUNDS_OF = record({"out_trade_no": OUT_TRADE_NO})
TRANSFER_OF = record({"out_bill_no": OUT_BILL_NO})
NOTIFICATIONS_OF = record(
    {},
    {
        "out_trade_no": OUT_TRADE_NO,
        "out_refund_no": OUT_REFUND_NO,
        "out_bill_no": OUT_BILL_NO,
        "complaint_id": _COMPLAINT_ID,
    },
)
NOTHING = record({})


def check_control(shape: Check, value: Json) -> None:
    """Refuse what the control plane cannot make sense of, naming the field."""
    try:
        shape(value, "")
    except Invalid as invalid:
        message = f"{invalid.pointer or '/'}: {invalid.issue}"
        raise ControlRefusal(422, "invalid_request", message) from None
    except Undefined as undefined:
        message = f"unknown fields: {', '.join(undefined.pointers)}"
        raise ControlRefusal(422, "invalid_request", message) from None
