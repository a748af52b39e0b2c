"""An operator's sweep does what the schedules would do, until nothing is due."""

from tests.shop import Shop

NOTHING_DUE = dict.fromkeys(("orders", "groups", "refunds", "commissions", "withdrawals"), 0)
NOTHING = {"done": 0, "put_off": 0, "set_aside": 0}


def test_a_sweep_brings_on_all_that_is_due(shop: Shop) -> None:
    unpaid = [shop.member(f"M{number}").buys() for number in range(3)]
    alone = shop.member("Lin").opens().pays()
    shop.streams_are_lost()
    shop.advance(3600)

    first = shop.admin("sweep")
    shop.streams_are_lost()
    shop.advance(60)
    second = shop.admin("sweep")
    again = shop.admin("sweep")

    assert [order.status for order in unpaid] == ["cancelled"] * 3
    assert first["orders"] == {"done": 4, "put_off": 0, "set_aside": 0}
    assert first["groups"]["done"] == 1
    assert [first["complete"], second["complete"]] == [True, True]
    assert alone.status == "refunding"
    assert again["orders"] == again["groups"] == NOTHING
    shop.settles()
    shop.passes(60)
    assert alone.status == "refunded"
    shop.assert_books_balance()


def test_a_dry_run_counts_what_is_due_and_does_nothing(shop: Shop) -> None:
    shop.member("Lin").buys()
    shop.member("Ann").opens().pays()
    shop.settles()
    assert shop.admin("sweep", dry_run=True)["due"] == NOTHING_DUE
    shop.advance(3600)
    before = shop.everything()

    answer = shop.admin("sweep", dry_run=True)

    assert answer == {"due": {**NOTHING_DUE, "orders": 1, "groups": 1}, "dry_run": True}
    assert shop.everything() == before


def test_what_wechat_cannot_be_asked_about_is_put_off(shop: Shop) -> None:
    lin = shop.member("Lin").buys()
    shop.advance(900)
    shop.sandbox.add_fault("/v3/pay/transactions", "error_before", times=50)

    answer = shop.admin("sweep")

    assert answer["orders"] == {"done": 0, "put_off": 1, "set_aside": 0}
    assert answer["complete"] is True
    assert lin.status == "awaiting_payment"


def test_a_bad_row_is_set_aside_and_stops_nobody(shop: Shop) -> None:
    bad = shop.member("Lin").buys()
    good = shop.member("Ann").buys()
    shop.break_row("orders", bad.order_id, "order_state", {"S": "somewhere"})
    shop.advance(900)

    answer = shop.admin("sweep")

    assert answer["orders"] == {"done": 1, "put_off": 0, "set_aside": 1}
    assert good.status == "cancelled"
    assert shop.findings() == ["poison_item"]


def test_an_empty_shop_has_nothing_to_sweep(shop: Shop) -> None:
    assert shop.admin("sweep") == {
        "orders": NOTHING,
        "groups": NOTHING,
        "refunds": NOTHING,
        "commissions": NOTHING,
        "withdrawals": NOTHING,
        "complete": True,
        "dry_run": False,
    }
