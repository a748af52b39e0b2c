from tests.stations import words as st
from tests.in_process import just_before
from chalicelib.catalog.model import Campaign
from chalicelib.catalog import set_aside as sa
from tests.flash import *
import pytest

def fields(shop, title, cutoff="22:00"):
    return dict(campaign_id="veg", title=title, play="team", size=2, duration_seconds=3600, starts_at=shop.at(-60), ends_at=shop.at(7*24*3600),
      skus=[{"sku_id": "apples-5", "group_price_fen": 1500}], rules={"stations": ["gate"], "cutoff": cutoff})

def test_demand_loses_the_round(shop):
    st.looks_after(shop, "Gu")
    rev = lambda t, c="22:00": Campaign.model_validate(fields(shop, t, c)).revision
    late = max((f"A{n}" for n in range(400)), key=rev)
    early = sorted((f"B{n}" for n in range(400)), key=lambda t: rev(t, "21:30"))[:101]
    st.collects(shop, "gate", title=late)
    o = st.orders(shop.member("Lin")).pays(); shop.settles()
    print("before", shop.admin("get_demand", campaign_id="veg")["totals"])
    for t in early: st.collects(shop, "gate", title=t, cutoff="21:30")
    s = shop.admin("get_demand", campaign_id="veg")
    print("after", s["items"], s["next_cursor"])
    assert s["items"]

def test_crash_between_put_and_let_go(shop):
    flash(shop, 20, ends_at=shop.at(24*3600))
    from chalicelib.catalog import put_campaign as pc
    keep = pc.let_go
    def boom(*a, **k): raise RuntimeError("crash")
    pc.let_go = boom
    fields = dict(starts_at=shop.at(0), ends_at=shop.at(24*3600))
    try: print(shop.tries_admin("put_campaign", campaign_id="flash", title="x", play="team", size=2, duration_seconds=3600, skus=[{"sku_id":"apples-5","group_price_fen":1500}], **fields))
    finally: pc.let_go = keep
    shop.campaign("flash", title="x", starts_at=fields["starts_at"], ends_at=fields["ends_at"])   # the operator repeats
    shop.passes(3*3600)
    print("set aside still", set_aside(shop), shop.units_left())
    assert set_aside(shop) == 0

def test_end_races_put(shop):
    flash(shop, 20, ends_at=shop.at(24*3600))
    body = dict(campaign_id="flash", title="y", play="flash", size=2, duration_seconds=3600, starts_at=shop.at(0), ends_at=shop.at(24*3600+60), rules={"allotment": {"shards": 4}}, skus=[offered(20)])
    with just_before("TransactWriteItems", lambda: shop.admin("end_campaign", campaign_id="flash")):
        print(shop.tries_admin("put_campaign", **body))
    shop.passes(3*3600)
    print("set aside still", set_aside(shop))
    assert set_aside(shop) == 0
