"""Who is paid: id numbers that can be, names that come back, and seals that hold."""

from base64 import b64encode

import pytest
from pydantic import ValidationError

from chalicelib.kit.sealing import CannotOpen, seal, unseal
from chalicelib.withdrawals.payee import payee_text, real_name_of
from chalicelib.withdrawals.schemas import PayeeBody

OLD, NEW = (b64encode(bytes([number]) * 32).decode() for number in (1, 2))


@pytest.mark.parametrize("id_number", ["11010519491231002X", "11010519491231002x"])
def test_an_id_number_with_the_right_last_sign_is_taken(id_number: str) -> None:
    body = PayeeBody(real_name="林小满", id_number=id_number)
    assert body.id_number == "11010519491231002X"


@pytest.mark.parametrize(
    "id_number",
    [
        "",
        "110105194912310021",
        "11010519491331002X",
        "11010519490230002X",
        "01010519491231002X",
        "11010519491231002Y",
        "1101051949123100",
        "11010519491231002XX",
        "１１010519491231002X",
    ],
)
def test_an_id_number_that_nobody_has_is_refused(id_number: str) -> None:
    with pytest.raises(ValidationError):
        PayeeBody(real_name="林小满", id_number=id_number)


@pytest.mark.parametrize("real_name", ["", "林", " ", "林\n满", "林" * 33])
def test_a_name_that_is_none_is_refused(real_name: str) -> None:
    with pytest.raises(ValidationError):
        PayeeBody(real_name=real_name, id_number="11010519491231002X")


def test_a_payee_is_never_in_a_repr() -> None:
    text = repr(PayeeBody(real_name="林小满", id_number="11010519491231002X"))
    assert "林小满" not in text
    assert "11010519491231002X" not in text


def test_what_is_sealed_comes_back_and_hides_what_it_is() -> None:
    plain = payee_text("林小满", "11010519491231002X")

    first, second = (seal(plain, {"a": OLD}, about="mem_1") for _ in range(2))

    assert first != second
    assert "11010519491231002X" not in first
    assert real_name_of(unseal(first, {"a": OLD}, about="mem_1")) == "林小满"


def test_the_first_key_seals_and_every_key_opens() -> None:
    before = seal("x", {"a": OLD}, about="mem_1")
    after = seal("y", {"b": NEW, "a": OLD}, about="mem_1")

    assert (before[:2], after[:2]) == ("a:", "b:")
    assert unseal(before, {"b": NEW, "a": OLD}, about="mem_1") == "x"
    assert unseal(after, {"b": NEW}, about="mem_1") == "y"


def test_a_seal_opens_for_nobody_else_and_not_when_it_was_touched() -> None:
    sealed = seal("x", {"a": OLD}, about="mem_1")

    for wrong, keys, about in (
        (sealed, {"a": OLD}, "mem_2"),
        (sealed, {"a": NEW}, "mem_1"),
        (sealed, {"b": OLD}, "mem_1"),
        (sealed[:-4] + "AAAA", {"a": OLD}, "mem_1"),
        ("a:", {"a": OLD}, "mem_1"),
        ("a:!", {"a": OLD}, "mem_1"),
        ("", {"a": OLD}, "mem_1"),
    ):
        with pytest.raises(CannotOpen):
            unseal(wrong, keys, about=about)


def test_a_key_of_another_length_is_refused() -> None:
    with pytest.raises(CannotOpen):
        seal("x", {"a": b64encode(b"short").decode()}, about="mem_1")
