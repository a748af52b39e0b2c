"""Who leaves is in no order and no refund any more; the books stay."""

from tests.shop import Shop

EVIDENCE = ["https://wx.qlogo.cn/bruised.png"]


def test_what_a_member_said_and_showed_of_a_refund_goes_with_them(shop: Shop) -> None:
    lin = shop.member("Lin")
    order = lin.buys(remark="放门口").pays()
    shop.settles()
    asked = order.asks_refund(reason="摔坏了，林小满", evidence_urls=EVIDENCE)
    shop.decides(asked["refund_id"])
    assert order.status == "refunded"
    (before,) = shop.rows("refunds")
    assert (before["reason"], before["evidence_urls"]) == ("摔坏了，林小满", EVIDENCE)

    assert lin.send("DELETE", "/v1/me").status == 204

    (after,) = shop.rows("refunds")
    assert after["reason"] == "erased"
    assert "evidence_urls" not in after
    changed = {"reason": "erased", "correlation_id": after["correlation_id"]}
    assert {**before, **after, "evidence_urls": EVIDENCE} == {**before, **changed}
    assert shop.rows("members", member_id=lin.member_id) == []
    shop.assert_books_balance()
