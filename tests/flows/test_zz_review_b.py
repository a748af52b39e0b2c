import json
from tests.made_to_order import *
from tests.crowds import *
from tests.flash import *
from tests.stations import words as st
from tests.shop import Shop
from chalicelib.kit.aws import dynamodb

def test_demand_loses_the_round(shop):
    st.looks_after(shop, "Gu")
    for n in range(100):
        st.collects(shop, "gate", title=f"A{n}")
        revs = sorted(r["kind"] for r in shop.rows("catalog", id="veg") if r["kind"].startswith("revision#"))
        last = revs[-1]
        now = [r for r in shop.rows("catalog", id="veg", kind="campaign")][0]
        cur = [r for r in shop.rows("catalog", id="veg", kind=last)][0]
        if cur["content"]["title"] == f"A{n}" and n > 3: break
    o = st.orders(shop.member("Lin")).pays(); shop.settles()
    for k in range(102):
        st.collects(shop, "gate", title=f"B{k}", cutoff="21:30")
    s = shop.admin("get_demand", campaign_id="veg")
    print(n, [(i["station_id"], i["units"]) for i in s["items"]], s["next_cursor"])
    assert s["items"]

def test_cutoff_put_back(shop):
    st.looks_after(shop, "Gu")
    st.collects(shop, "gate")           # 22:00, now 20:00
    lin, ann = shop.member("Lin"), shop.member("Ann")
    a = st.orders(lin).pays(); shop.settles()
    shop.admin("cancel_group", group_id=a.group_id); shop.settles()
    st.collects(shop, "gate", cutoff="21:00")
    b = st.orders(ann).pays(); shop.settles()
    shop.passes(3601); shop.passes(61)
    st.collects(shop, "gate")
    r = st.tries_to_order(lin)
    print(r.status, r.content)
    assert r.status != 503

def test_new_sku_of_a_round(shop):
    st.looks_after(shop, "Gu")
    shop.stocks(100, sku_id="pears-3", solo_price_fen=1200)
    st.collects(shop, "gate", rules={"cross_product": True})
    st.orders(shop.member("Lin")).pays(); shop.settles()
    st.collects(shop, "gate", rules={"cross_product": True}, skus=[{"sku_id":"apples-5","group_price_fen":1000},{"sku_id":"pears-3","group_price_fen":1000}])
    r = st.tries_to_order(shop.member("Ann"), sku_id="pears-3"); print(r.status, r.content)
    r = st.tries_to_order(shop.member("Ann")); print("page says", shop.send("GET","/v1/campaigns/veg")["skus"][0]["group_price_fen"], "charged", r["order"]["amount_fen"])

def test_voucher_leader_alone_after_friend_left(shop):
    from tests.vouchers.words import granted
    takes_orders(shop)
    lin = shop.member("Lin")
    v = granted(shop, lin)
    vid = v if isinstance(v, str) else v["voucher_id"]
    l = lin.opens("mug", custom_fields=WISHES, voucher_id=vid)
    a = shop.member("Ann").joins(l.group_id, custom_fields=WISHES).pays(); shop.settles()
    print(a.asks_refund().status); shop.settles()
    accepts(shop, l.group_id, days=5)
    print(l.status, a.status)
    assert l.status != "to_ship"

def test_refund_reject_after_leaving_limit(shop):
    takes_orders(shop, per_member_limit=1)
    lin, ann = paid_for(shop, "Lin", "Ann")
    ann.asks_refund(); shop.settles()
    rejects(shop, lin.group_id)
    r = ann.member.tries_to_open("mug", custom_fields=WISHES); print(r.status, r.code)
    r2 = lin.member.tries_to_open("mug", custom_fields=WISHES); print(r2.status, r2.code)
    shop.assert_books_balance()

def test_crowd_ladder_leave_by_refund_during_production(shop):
    shop.campaign("super", rules={"crowd": {"threshold": 1, "shards": 2}, "custom_fields": FIELDS, "tiers": [{"headcount": 1, "price_fen": 1500}, {"headcount": 3, "price_fen": 500}]}, duration_seconds=600)
    ps = [shop.member(n).opens("super", custom_fields=WISHES).pays() for n in ("Lin","Ann","Bo")]
    shop.settles(); shop.passes(600); shop.passes(61)
    print([p.status for p in ps])
    for p in ps[1:]: print(p.asks_refund().status)
    shop.settles()
    accepts(shop, ps[0].group_id, days=5)
    print([(p.status, p.now()["refunded_fen"]) for p in ps])
    assert ps[0].now()["refunded_fen"] == 0

def test_sku_withdrawn_while_waiting(shop):
    flash(shop, 20, ends_at=shop.at(24*3600))
    lin = shop.member("Lin").opens("flash").pays(); shop.settles()
    other = shop.product(); other["skus"] = [{"sku_id": "apples-9", "title": "9", "solo_price_fen": 2000, "stock": 5}]
    print(shop.tries_admin("put_product", **other))
    print(shop.send("GET", "/v1/campaigns/flash").status, shop.send("GET", f"/v1/groups/{lin.group_id}").status)
    shop.passes(3600); shop.passes(61)
    shop.passes(24*3600)
    lin.member.signs_in_again()
    print(lin.status, lots(shop), set_aside(shop))
    shop.assert_books_balance()
