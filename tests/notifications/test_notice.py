"""How a template is filled with news, and what becomes of a value that does not fit."""

import re
from dataclasses import replace

import pytest

from chalicelib.catalog.settings import NoticeTemplate
from chalicelib.notifications.model import News, in_yuan, notice_data, notice_page
from infra.local.wechat.notices import VALUES
from tests.fakes import NOON

NEWS = News(
    member_id="mem_1",
    subject_id="ord_" + "a" * 40,
    title="  红富士苹果\n现摘现发 " + "脆" * 30,
    amount_fen=1234,
    happened_at=NOON,
    happening="拼团成功",
    page_query={"order_id": "ord_1", "group_id": "grp/1"},
)


def template(page: str | None = None, **fields: str) -> NoticeTemplate:
    return NoticeTemplate.model_validate(
        {"template_id": "template-1", "fields": fields, "page": page}
    )


def test_each_field_takes_its_value_cut_to_what_wechat_takes() -> None:
    filled = notice_data(
        template(
            thing1="title",
            amount2="amount",
            time3="time",
            phrase4="status",
            character_string5="number",
            thing6="number",
            name7="title",
        ),
        NEWS,
    )

    assert filled == {
        "thing1": "红富士苹果 现摘现发 脆脆脆脆脆脆脆脆脆",
        "amount2": "¥12.34",
        "time3": "2026-11-22 20:00",
        "phrase4": "拼团成功",
        "character_string5": "ord_" + "a" * 28,
        "thing6": "ord_" + "a" * 16,
        "name7": "红富士苹果 现摘现发",
    }
    taken = {name: VALUES[name.rstrip("0123456789")] for name in filled if name != "name7"}
    assert [name for name in taken if not re.fullmatch(taken[name], filled[name])] == []


@pytest.mark.parametrize("happening", ["拼团成功", "拼团失败", "已退款", "已到账", "待确认"])
def test_what_happened_fits_a_phrase(happening: str) -> None:
    filled = notice_data(template(phrase1="status"), replace(NEWS, happening=happening))

    assert filled == {"phrase1": happening}
    assert re.fullmatch(VALUES["phrase"], happening)


@pytest.mark.parametrize(
    ("amount_fen", "shown"),
    [(1, "¥0.01"), (10, "¥0.10"), (100, "¥1.00"), (1234, "¥12.34"), (100_000_000, "¥1000000.00")],
)
def test_an_amount_is_shown_in_yuan(amount_fen: int, shown: str) -> None:
    assert in_yuan(amount_fen) == shown


def test_a_tap_opens_the_page_with_the_subject() -> None:
    assert notice_page(template("pages/order/index", thing1="title"), NEWS) == (
        "pages/order/index?order_id=ord_1&group_id=grp%2F1"
    )
    assert notice_page(template(thing1="title"), NEWS) is None
