"""News for a member, and how a template of the mini-program's is filled with it. Frozen and pure.

WeChat refuses a value that is too long for its field, so every value is cut to what its field
takes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from chalicelib.catalog.settings import NoticeKind, NoticeTemplate, NoticeValue
from chalicelib.kit.days import business_time

MOST_QUOTA = 100
"""How many messages of a template a member can have accepted in advance."""

_MOST_CHARACTERS = {"thing": 20, "character_string": 32, "phrase": 5, "name": 10}
_LONGEST_CHARACTERS = 32


@dataclass(frozen=True)
class News:
    """Something that happened to `subject_id` and that one member wants to know.

    `page_query` is what the mini-program's page is opened with.
    """

    member_id: str
    subject_id: str
    title: str
    amount_fen: int
    happened_at: datetime
    happening: str
    page_query: Mapping[str, str]


def notice_data(template: NoticeTemplate, news: News) -> dict[str, str]:
    """The template's fields with their texts."""
    texts = {
        NoticeValue.TITLE: " ".join(news.title.split()),
        NoticeValue.AMOUNT: in_yuan(news.amount_fen),
        NoticeValue.TIME: f"{business_time(news.happened_at):%Y-%m-%d %H:%M}",
        NoticeValue.STATUS: news.happening,
        NoticeValue.NUMBER: news.subject_id,
    }
    return {name: _cut(name, texts[value]) for name, value in template.fields.items()}


def notice_page(template: NoticeTemplate, news: News) -> str | None:
    """The page that a tap opens; None when the template names none."""
    return template.page and f"{template.page}?{urlencode(news.page_query)}"


def in_yuan(amount_fen: int) -> str:
    """`¥12.34`."""
    return f"¥{amount_fen // 100}.{amount_fen % 100:02d}"


def notice_key(kind: NoticeKind, news: News) -> str:
    """What tells this notice from every other, in the limits table."""
    return f"notice#{kind}#{news.subject_id}#{news.member_id}"


def _cut(field_name: str, text: str) -> str:
    kind = field_name.rstrip("0123456789")
    return text[: _MOST_CHARACTERS.get(kind, _LONGEST_CHARACTERS)]
