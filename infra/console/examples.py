"""One event for each command, as an operator finds it in the Lambda console: change the ids, look
at what a dry run answers, take `dry_run` away.

What writes is a dry run here, so that a click on Test changes nothing.
"""

from collections.abc import Mapping
from typing import Any

Event = Mapping[str, Any]

_DRY = {"dry_run": True}
_WHO = {"operator": "your.name", "reason": "why", **_DRY}
_MEMBER = {"member_id": "mem_PUT-THE-ID-HERE"}
_ORDER = {"order_id": "ord_PUT-THE-ID-HERE"}
_GROUP = {"group_id": "grp_PUT-THE-ID-HERE"}
_REFUND = {"refund_id": "rfd_PUT-THE-ID-HERE"}
_WITHDRAWAL = {"withdrawal_id": "wd_PUT-THE-ID-HERE"}
_STATION = {"station_id": "east-gate"}
_CAMPAIGN = {"campaign_id": "autumn-apples"}
_PARCEL = {"carrier": "SF", "tracking_no": "SF1234567890"}

_LOOKS: dict[str, Event] = {
    "audit": {},
    "find": {"out_trade_no": "ord_PUT-THE-ID-HERE"},
    "get_audit": {},
    "get_campaign": _CAMPAIGN,
    "get_demand": {**_CAMPAIGN, "day": "2026-12-01"},
    "get_group": _GROUP,
    "get_member": _MEMBER,
    "get_order": _ORDER,
    "get_production": _GROUP,
    "get_reconciliation": {"day": "2026-12-01"},
    "get_settings": {},
    "get_station": _STATION,
    "get_store": {"store_id": "store-1"},
    "get_wallet": _MEMBER,
    "list_adjustments": {},
    "list_findings": {"day": "2026-12-01"},
    "list_groups": {"status": "forming"},
    "list_orders": {"status": "to_ship"},
    "list_productions": {},
    "list_refunds": {"status": "awaiting_operator"},
    "list_stations": {},
    "list_withdrawals": {"status": "reviewing"},
}
_CATALOGUE: dict[str, Event] = {
    "put_merchant": {"merchant_id": "orchard", "name": "果园直供"},
    "put_product": {
        "product_id": "apples",
        "merchant_id": "orchard",
        "title": "红富士苹果",
        "skus": [{"sku_id": "apples-5", "title": "5斤装", "solo_price_fen": 3990, "stock": 100}],
    },
    "put_freight": {"merchant_id": "orchard", "flat_fen": 800, "free_from_fen": 9900},
    "put_campaign": {
        **_CAMPAIGN,
        "title": "两人成团",
        "size": 2,
        "duration_seconds": 86400,
        "starts_at": "2026-12-01T00:00:00+08:00",
        "ends_at": "2026-12-08T00:00:00+08:00",
        "skus": [{"sku_id": "apples-5", "group_price_fen": 2990}],
    },
    "pause_campaign": _CAMPAIGN,
    "end_campaign": _CAMPAIGN,
    "put_settings": {"pay_window_seconds": 900, "commission": {"rates_bp": [1000]}},
    "put_station": {
        **_STATION,
        "name": "东门",
        "address": "杭州市西湖区文三路 1 号",
        "leader_id": "mem_PUT-THE-ID-HERE",
    },
    "put_store": {"store_id": "store-1", "merchant_id": "orchard", "name": "文三路店"},
    "create_guides": {
        "store_id": "store-1",
        "guides": [{"guide_id": "guide-1", "name": "小安"}],
    },
}
_WORK: dict[str, Event] = {
    "arrive_at_station": {**_GROUP, **_STATION},
    "block_member": {**_MEMBER, "blocked": True, "reason": "why"},
    "cancel_order": {**_ORDER, "reason": "缺货"},
    "correct_shipment": {**_ORDER, **_PARCEL},
    "erase_member": _MEMBER,
    "reconcile": {"day": "2026-12-01"},
    "redeem_pickup": {**_STATION, "pickup_code": "12345678"},
    "ship_order": {**_ORDER, **_PARCEL},
    "sweep": {},
}
_MONEY: dict[str, Event] = {
    "adjust_wallet": {**_MEMBER, "amount_fen": 100, "request_id": "ticket-1"},
    "approve_withdrawal": _WITHDRAWAL,
    "cancel_group": _GROUP,
    "confirm_adjustment": {"adjustment_id": "adj_PUT-THE-ID-HERE"},
    "decide_production": {
        **_GROUP,
        "decision": "accept",
        "ships_by": "2026-12-20T00:00:00+08:00",
    },
    "decide_refund": {**_REFUND, "decision": "approve"},
    "grant_voucher": {
        **_MEMBER,
        "voucher_id": "thanks-1",
        "expires_at": "2026-12-31T00:00:00+08:00",
    },
    "refund_order": {**_ORDER, "amount_fen": 100, "request_id": "ticket-2"},
    "reject_adjustment": {"adjustment_id": "adj_PUT-THE-ID-HERE"},
    "reject_withdrawal": _WITHDRAWAL,
    "resolve_abnormal_refund": {**_REFUND, "resolution": "retry"},
    "resolve_withdrawal": {**_WITHDRAWAL, "resolution": "not_paid"},
    "retry_refund": _REFUND,
    "revoke_voucher": {**_MEMBER, "voucher_id": "thanks-1"},
    "take_payment": _ORDER,
}

MONEY_EVENTS: dict[str, Event] = {
    name: {"command": name, **fields, **_WHO} for name, fields in sorted(_MONEY.items())
}
"""For `admin_money`."""
EVENTS: dict[str, Event] = dict(
    sorted(
        {
            **{name: {"command": name, **fields} for name, fields in _LOOKS.items()},
            **{
                name: {"command": name, **fields, **_DRY}
                for name, fields in (_CATALOGUE | _WORK).items()
            },
        }.items()
    )
)
"""For `admin`."""
