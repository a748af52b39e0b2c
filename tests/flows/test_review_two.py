import pytest
from tests.shop import Shop
from chalicelib.orders import upload_shipment as up
from chalicelib.gateways.wechat_api import UploadResult, UploadOutcome
from chalicelib.gateways.wechat_api_http import WechatApiHttp

def row(shop, o): return shop.rows("orders", order_id=o.order_id)[0]

@pytest.fixture
def shop(shop):
    shop.admin("put_settings", auto_receipt_seconds=10800, commission={"freeze_seconds": 7200, "rates_bp": [1000]})
    return shop

def not_yet(monkeypatch):
    calls = []
    def f(self, upload):
        calls.append(upload); return UploadResult(UploadOutcome.NOT_YET, 10060001)
    monkeypatch.setattr(WechatApiHttp, "upload_shipment", f)
    return calls

def ready(shop, name="L", **k):
    o = shop.member(name).buys(**k).pays(); shop.settles(); return o

def test_t2_notyet_open_refund(shop, monkeypatch):
    calls = not_yet(monkeypatch)
    o = shop.ships(ready(shop))
    o.receives()
    r = o.asks_refund(amount_fen=100)
    assert r.status == 201
    shop.settles()
    for _ in range(20): shop.passes(600)
    n = len(calls)
    print("due", row(shop, o)["due_at"], "settles", row(shop, o)["settles_at"], "now", shop.clock.now())
    for _ in range(30): shop.passes(60)
    print("T2 calls in 30 minutes:", len(calls) - n, row(shop, o)["due_at"], row(shop, o)["order_state"])
    a = shop.admin("audit"); print("T2 audit", a["violations"])

def test_t3_never_uploaded(shop, monkeypatch):
    calls = not_yet(monkeypatch)
    o = shop.ships(ready(shop))
    o.receives()
    for _ in range(6): shop.passes(3600)
    print("T3", row(shop, o)["order_state"], row(shop, o)["shipment_upload"], row(shop, o).get("due_at"), shop.findings(), len(calls))
    monkeypatch.undo()
    for _ in range(6): shop.passes(3600)
    print("T3 later", row(shop, o)["shipment_upload"], shop.sandbox.mini_program.shipments_of(o.order_id), shop.findings())
    shop.assert_audit_is_clean()

def test_t4_leave_upload(shop, monkeypatch):
    calls = not_yet(monkeypatch)
    o = shop.ships(ready(shop))
    o.receives()
    r = o.member.send("DELETE", "/v1/me")
    print("T4 leave", r.status, r.content)
    monkeypatch.undo()
    for _ in range(5): shop.passes(1800)
    print("T4", row(shop, o)["order_state"], row(shop, o)["shipment_upload"], row(shop,o).get("due_at"), shop.rows("findings"))

def test_t4b_leave_open_return(shop):
    o = shop.ships(ready(shop)); o.receives()
    rid = o.asks_refund(type="return_goods")["refund_id"]
    shop.decides(rid, operator="op", reason="x")
    o.sends_back(rid)
    r = o.member.send("DELETE", "/v1/me")
    print("T4b leave", r.status)

def test_t7_buyer(shop):
    o = shop.member("L").buys().pays()
    shop._streams.take()  # ORDER_PAID record lost
    shop.admin("ship_order", order_id=o.order_id, carrier="SF", tracking_no="SF1")
    shop.settles()
    for _ in range(3): shop.passes(1800)
    print("T7 buyer", shop.rows("members", kind="buyer"), row(shop, o)["order_state"], row(shop,o)["due_at"], shop.clock.now())

def test_t8_decide_other_amount(shop):
    o = shop.ships(ready(shop)); o.receives()
    rid = o.asks_refund(type="return_goods")["refund_id"]
    shop.decides(rid, operator="op", reason="ok")
    for dr in (True, False):
        print("T8", shop.tries_admin("decide_refund", refund_id=rid, decision="approve", amount_fen=500, operator="op", reason="ok", dry_run=dr))
    print(shop.tries_admin("decide_refund", refund_id=rid, decision="approve", amount_fen=99999, operator="op", reason="ok"))
