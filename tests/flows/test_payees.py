"""Who is paid: asked for where WeChat or the tax office wants it, kept sealed, told nobody else."""

from tests.shop import Shop
from tests.withdrawals.words import (
    PAYEE,
    asked,
    asks,
    asks_in_vain,
    confirms,
    earner,
    limits,
    status,
    terms_of,
)


def test_who_is_paid_has_to_be_known_where_tax_is_kept_back(shop: Shop) -> None:
    shop.admin("put_settings", **limits(tax_regime="per_payment"))
    lin = earner(shop)
    assert asks_in_vain(shop, lin, 2_000) == "payee_required"

    kept = lin.send("PUT", "/v1/me/payee", PAYEE)
    assert (kept.status, kept.content) == (200, {"has_payee": True})
    withdrawal_id = asked(lin)
    assert lin.send("PUT", "/v1/me/payee", PAYEE).code == "withdrawal_open"
    shop.settles()
    confirms(lin, withdrawal_id)
    shop.settles()

    assert terms_of(shop, withdrawal_id)["user_name"] == "林小满"
    assert status(lin, withdrawal_id) == "paid"
    stored = str(shop.everything())
    assert PAYEE["real_name"] not in stored
    assert PAYEE["id_number"] not in stored


def test_a_name_is_not_sent_with_what_is_too_small_for_it(shop: Shop) -> None:
    shop.admin("put_settings", **limits(minimum_fen=10, tax_regime="external"))
    lin = earner(shop)
    lin.send("PUT", "/v1/me/payee", PAYEE)

    withdrawal_id = asked(lin, 29)
    shop.settles()

    assert status(lin, withdrawal_id) == "confirming"
    assert "user_name" not in terms_of(shop, withdrawal_id)


def test_from_an_amount_on_who_is_paid_has_to_be_known(shop: Shop) -> None:
    shop.admin("put_settings", **limits(payee_from_fen=1_000))
    lin = earner(shop)

    assert asks_in_vain(shop, lin, 1_000) == "payee_required"
    assert asks(lin, 999).status == 201


def test_without_a_key_nobody_s_name_is_taken(shop: Shop) -> None:
    lin = shop.member("Lin")
    secrets = shop.wiring.secrets.model_copy(update={"payee_keys": None})
    shop.wiring._secrets = secrets
    before = shop.everything()

    assert lin.send("PUT", "/v1/me/payee", PAYEE).code == "wechat_unavailable"
    assert shop.everything() == before
