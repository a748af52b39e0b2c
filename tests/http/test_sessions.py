"""Sessions over time: how long they last, keys that come and go, members who leave."""

from tests.http.problems import wrong_in
from tests.shop import SIGNING_KEY, Member, Shop

NEW_KEY = "a signing key that came with the last rotation"
WEEK_SECONDS = 7 * 24 * 3600


def test_a_session_lasts_a_week(shop: Shop) -> None:
    lin = shop.member("Lin")

    shop.advance(WEEK_SECONDS - 1)
    assert lin.send("GET", "/v1/me").status == 200
    shop.advance(1)

    assert wrong_in(lin.send("GET", "/v1/me"), 401, "session_expired") == []


def test_somebody_else_s_key_finds_nothing_of_theirs(shop: Shop) -> None:
    lin, eve = shop.member("Lin"), shop.member("Eve")
    first = lin.tries_to_buy(key="the-same-key")

    other = eve.tries_to_buy(key="the-same-key", quantity=2)

    assert (other.status, other["order"]["quantity"]) == (201, 2)
    assert other["order"]["order_id"] != first["order"]["order_id"]
    assert "Idempotency-Replayed" not in other.headers


def test_keys_are_rotated_without_signing_anyone_out(shop: Shop) -> None:
    lin, secrets = shop.member("Lin"), shop.wiring.secrets

    def keys_are(*keys: str) -> None:
        shop.wiring._secrets = secrets.model_copy(update={"session_signing_keys": keys})

    def reaches(member: Member) -> int:
        return member.send("GET", "/v1/me").status

    keys_are(SIGNING_KEY, NEW_KEY)
    assert reaches(lin) == 200
    keys_are(NEW_KEY, SIGNING_KEY)
    ann = shop.member("Ann")
    assert [reaches(lin), reaches(ann)] == [200, 200]
    keys_are(NEW_KEY)
    assert reaches(ann) == 200
    assert wrong_in(lin.send("GET", "/v1/me"), 401, "not_signed_in") == []
    assert reaches(shop.member("Lin")) == 200


def test_an_expired_token_of_the_second_key_is_expired_not_unknown(shop: Shop) -> None:
    lin = shop.member("Lin")
    keys = (NEW_KEY, SIGNING_KEY)
    shop.wiring._secrets = shop.wiring.secrets.model_copy(update={"session_signing_keys": keys})

    shop.advance(WEEK_SECONDS)

    assert wrong_in(lin.send("GET", "/v1/me"), 401, "session_expired") == []


def test_a_token_of_somebody_who_left_buys_nothing_and_finds_nobody(shop: Shop) -> None:
    lin = shop.member("Lin")
    group_id = shop.member("Ann").opens().pays().group_id
    order = lin.buys()
    order.cancels()
    assert lin.send("DELETE", "/v1/me").status == 204
    before = shop.everything()

    gone = [
        lin.send(method, "/v1/me", {} if method == "PUT" else None)
        for method in ("GET", "PUT", "DELETE")
    ]
    buying = [
        lin.tries_to_buy(),
        lin.tries_to_open(),
        lin.tries_to_join(group_id),
        lin.tries_to_buy(quantity=999),
    ]

    assert [wrong_in(reply, 404, "not_found") for reply in gone] == [[], [], []]
    assert [wrong_in(reply, 401, "not_signed_in") for reply in buying] == [[], [], [], []]
    paying = lin.send("POST", f"/v1/orders/{order.order_id}/payment")
    assert wrong_in(paying, 409, "order_not_payable") == []
    asking = order.asks_refund()
    assert wrong_in(asking, 409, "order_not_refundable") == []
    assert lin.tries_to_buy(key="Lin-000001").status == 201, "a repeat finds the first order"
    left = order.now()
    assert (left["status"], left["address"], left["remark"]) == ("cancelled", None, None)
    assert shop.everything() == before


def test_who_comes_back_after_leaving_is_somebody_new(shop: Shop) -> None:
    lin = shop.member("Lin")
    order = lin.buys()
    order.cancels()
    lin.send("DELETE", "/v1/me")

    back = shop.member("Lin")

    assert back.member_id != lin.member_id
    assert back.send("GET", "/v1/orders")["items"] == []
    assert back.send("GET", f"/v1/orders/{order.order_id}").status == 404
    assert lin.send("GET", "/v1/me").status == 404
