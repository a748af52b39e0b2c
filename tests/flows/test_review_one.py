from tests.shop import Shop
from datetime import timedelta


def booked(shop, order):
    return [r for r in shop.rows("ledger") if r.get("about") == order.order_id and r.get("code") == "payment"]


def test_lost_paid_record_then_to_ship(shop: Shop):
    a, b = shop.member("A"), shop.member("B")
    g = a.opens().pays()
    shop.settles()
    o = b.joins(g.group_id).pays()
    # the relay of b's ORDER_PAID fails (or is lost); the groups' relay works
    recs = shop._streams.take()
    shop._invoke("relay_groups", {"Records": recs["groups"]})
    shop.settles()
    print(o.status, booked(shop, o), shop.rows("orders", order_id=o.order_id)[0].get("due_at"))
    for _ in range(30):
        shop.passes(3600)
    print("after", booked(shop, o), shop.rows("members", member_id=b.member_id, kind="buyer"))
    shop.assert_books_balance()


def test_lost_paid_record_realistic(shop: Shop):
    """booking fails with a passing database error."""
    a, b = shop.member("A"), shop.member("B")
    g = a.opens().pays()
    shop.settles()
    o = b.joins(g.group_id).pays()
    with shop.database_fails("PutItem"):
        shop._invoke("relay_orders", {"Records": shop._streams.take()["orders"]})
    # group record: lost too; sweep_groups alone runs first
    shop.advance(60)
    shop._invoke("sweep_groups", shop._client.events.generate_cw_event("aws.events", "", {}, []))
    shop.settles()
    shop.passes(3600)
    print("after", booked(shop, o), shop.rows("members", member_id=b.member_id, kind="buyer"))
    shop.assert_books_balance()
