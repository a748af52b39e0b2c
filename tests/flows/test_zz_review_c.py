from tests.made_to_order import *
from tests.stations import words as st
from tests.in_process import just_before
from chalicelib.catalog import store as catalog

def test_demand_loses_the_round(shop):
    st.looks_after(shop, "Gu")
    st.collects(shop, "gate")
    o = st.orders(shop.member("Lin")).pays(); shop.settles()
    row = [r for r in shop.rows("groups", group_id=o.group_id, kind="group")][0]
    # the revision it began with, and a hundred that sort before it
    for k in range(101):
        st.collects(shop, "gate", title=f"B{k}", cutoff="21:30")
    revs = sorted(r["kind"] for r in shop.rows("catalog", id="veg") if r["kind"].startswith("revision#"))
    k = revs.index("revision#"+row["campaign_revision"])
    print("place", k, "of", len(revs))
    n = 101
    while k < 100 and n < 160:
        st.collects(shop, "gate", title=f"B{n}", cutoff="21:30"); n += 1
        if n % 10 == 0:
            revs = sorted(r["kind"] for r in shop.rows("catalog", id="veg") if r["kind"].startswith("revision#"))
            k = revs.index("revision#"+row["campaign_revision"])
    s = shop.admin("get_demand", campaign_id="veg")
    print("place", k, [(i["station_id"], i["units"]) for i in s["items"]], s["next_cursor"])

def test_voucher_leader_alone_after_friend_left(shop):
    from tests.vouchers.words import granted
    takes_orders(shop)
    lin = granted(shop, "Lin")
    vid = lin.send("GET", "/v1/vouchers")
    print(vid.content)
    vid = vid["items"][0]["voucher_id"]
    l = lin.opens("mug", custom_fields=WISHES, voucher_id=vid)
    a = shop.member("Ann").joins(l.group_id, custom_fields=WISHES).pays(); shop.settles()
    print(a.asks_refund().status); shop.settles()
    accepts(shop, l.group_id, days=5)
    print(l.status, a.status)
    assert l.status != "to_ship"

def test_fields_change_while_wechat_judges(shop):
    takes_orders(shop)
    lin = shop.member("Lin")
    import chalicelib.orders.judge_wishes as j
    class Api:
        def __init__(s, a): s.a = a
        def is_text_allowed(s, *a, **k):
            takes_orders(shop, rules={"custom_fields": [FIELDS[0], {"name": "colour", "required": False}]})
            return s.a.is_text_allowed(*a, **k)
        def __getattr__(s, n): return getattr(s.a, n)
    shop.wiring._wechat_api = Api(shop.wiring._wechat_api)
    r = lin.tries_to_open("mug", custom_fields=WISHES)
    print(r.status, r.content)
    assert r.status != 503
