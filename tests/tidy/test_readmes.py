"""README.zh-CN.md says the same as README.md: section by section the same commands, links, code and
figures. What differs is told by its section, so that the other one can be brought after.
"""

import re
from collections import Counter
from dataclasses import dataclass

import pytest

from tests.tidy.tree import ROOT

ENGLISH, CHINESE = "README.md", "README.zh-CN.md"
ANCHOR = '<a id="kinds-of-group"></a>'
"""Where a link of both arrives; the heading's own anchor is in Chinese there."""
SWITCHES = {
    ENGLISH: f"English · [简体中文]({CHINESE})",
    CHINESE: f"[English]({ENGLISH}) · 简体中文",
}
BLOCK = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^(#+) (.+)$", re.MULTILINE)
LINK = re.compile(r"\]\(([^)]+)\)")
SPAN = re.compile(r"`[^`\n]+`")
FIGURE = re.compile(r"\d[\d,.]*\d|\d")


@dataclass(frozen=True)
class Section:
    """What must be the same in both languages."""

    level: int
    blocks: tuple[str, ...]
    links: Counter[str]
    code: Counter[str]
    figures: Counter[str]
    items: int
    """Points of its lists."""
    rows: tuple[tuple[int, Counter[str]], ...]
    """Of its tables: how many cells each row has, and the figures in them."""


def sections(text: str) -> list[tuple[str, Section]]:
    """Each with its heading, in order."""
    blocks = BLOCK.findall(text)
    without = BLOCK.sub("@block@", text)
    found, headings, taken = [], list(HEADING.finditer(without)), 0
    for number, heading in enumerate(headings):
        end = headings[number + 1].start() if number + 1 < len(headings) else len(without)
        body = without[heading.end() : end]
        count = body.count("@block@")
        own = tuple(blocks[taken : taken + count])
        taken += count
        found.append((heading[2], _section(len(heading[1]), own, body)))
    return found


def _section(level: int, blocks: tuple[str, ...], body: str) -> Section:
    rows = [line for line in body.splitlines() if line.startswith("|")]
    prose = LINK.sub("]", SPAN.sub("", body))
    return Section(
        level,
        blocks,
        links=Counter(LINK.findall(body)),
        code=Counter(SPAN.findall(body)),
        figures=Counter(FIGURE.findall(prose)),
        items=len(re.findall(r"^- ", body, re.MULTILINE)),
        rows=tuple((row.count("|"), Counter(FIGURE.findall(LINK.sub("]", row)))) for row in rows),
    )


def read(name: str) -> str:
    """Without the line that leads to the other language."""
    text = (ROOT / name).read_text(encoding="utf-8")
    return text.replace(SWITCHES[name], "").replace(ANCHOR, "")


@pytest.mark.parametrize("name", [ENGLISH, CHINESE])
def test_each_leads_to_the_other_below_its_title(name: str) -> None:
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    assert lines[:3] == ["# kaituan 开团", "", SWITCHES[name]]


def test_both_say_the_same_section_by_section() -> None:
    english, chinese = sections(read(ENGLISH)), sections(read(CHINESE))
    assert [one.level for _, one in chinese] == [one.level for _, one in english]
    for (heading, said), (other, told) in zip(english, chinese, strict=True):
        for part in Section.__dataclass_fields__:
            expected, found = getattr(said, part), getattr(told, part)
            assert found == expected, f"{part}: {ENGLISH}, {heading}; {CHINESE}, {other}"


@pytest.mark.parametrize(
    ("part", "text"),
    [
        ("level", "## Figures\n"),
        ("blocks", "# Figures\n```\nmake demo\n```\n"),
        ("links", "# Figures\nsee [there](docs/a.md)\n"),
        ("code", "# Figures\nby `make demo`\n"),
        ("figures", "# Figures\nof 1,645 calls\n"),
        ("items", "# Figures\n- one more\n"),
        ("rows", "# Figures\n| 64 | threads |\n"),
    ],
)
def test_what_only_one_says_is_found(part: str, text: str) -> None:
    ((_, plain),) = sections("# Figures\n")
    ((_, more),) = sections(text)
    assert getattr(more, part) != getattr(plain, part)
