"""The kinds of group that the demo plays: what docs/plays.md shows is what is played, and what it
says of contradictions is what `put_campaign` answers.
"""

import json
import re
from typing import Any

import pytest
from pydantic import ValidationError

from chalicelib.catalog.model import Campaign
from infra.local import story
from infra.local.demo import asked_for, kinds_named
from infra.local.kinds.table import KINDS
from infra.template import ROOT

PLAYS = (ROOT / "docs" / "plays.md").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")
HELP = (ROOT / "Makefile").read_text(encoding="utf-8")

EVENTS = [json.loads(block) for block in re.findall(r"^```json\n(.*?)^```", PLAYS, re.M | re.S)]
SHOWN = [event for event in EVENTS if event["command"] == "put_campaign"]


def contradictions() -> list[tuple[str, str]]:
    """Rules and what they are answered with, as the page has them: each rule on a line, indented
    below it the sentence, perhaps on several lines.
    """
    (block,) = re.findall(r"^```text\n(.*?)^```", PLAYS, re.M | re.S)
    found = re.findall(r"^(\{.*\})\n((?: {4}.*\n)+)", block, re.M)
    return [(rules, " ".join(answer.split())) for rules, answer in found]


OF_FIVE = {**KINDS["ladder"].campaign, "rules": {}}


def put(event: Any) -> Campaign:
    """What `put_campaign` makes of an event, as the console sends it. Raises ValidationError."""
    fields = {name: value for name, value in event.items() if name != "command"}
    return Campaign.model_validate_json(json.dumps(fields), strict=True)


def test_the_page_shows_the_payload_of_each_kind_as_it_is_played() -> None:
    assert [kind.campaign for kind in KINDS.values()] == SHOWN
    assert len({event["campaign_id"] for event in SHOWN}) == len(SHOWN)


@pytest.mark.parametrize("name", KINDS)
def test_each_payload_is_a_campaign_of_its_kind(name: str) -> None:
    event = KINDS[name].campaign

    assert event["command"] == "put_campaign"
    assert put(event).play == name


@pytest.mark.parametrize("name", KINDS)
def test_page_and_readme_say_how_each_kind_is_played(name: str) -> None:
    assert f"make demo KIND={name}`" in PLAYS
    assert f"| `{name}` |" in README
    assert PLAYS.count(f"## {KINDS[name].title}\n") == 1


@pytest.mark.parametrize(("rules", "answer"), contradictions())
def test_contradicting_rules_are_refused_in_the_words_of_the_page(rules: str, answer: str) -> None:
    with pytest.raises(ValidationError) as refused:
        put({**OF_FIVE, "rules": json.loads(rules)})

    (error,) = refused.value.errors()
    assert error["msg"] == f"Value error, {answer}"


def test_the_page_has_all_contradictions_within_the_rules_of_a_campaign() -> None:
    assert len(contradictions()) == 21
    assert put(OF_FIVE).size == 5


@pytest.mark.parametrize("page", [PLAYS, README])
def test_links_to_the_sections_of_the_page_lead_somewhere(page: str) -> None:
    headings = re.findall(r"^#+ (.*)$", PLAYS, re.M)
    sections = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
    pattern = r"\(#([^)]+)\)" if page is PLAYS else r"\(docs/plays\.md#([^)]+)\)"

    linked = set(re.findall(pattern, page))

    assert len(linked) >= len(KINDS)
    assert linked <= sections


def test_nobody_is_on_stage_in_two_kinds() -> None:
    names = [name for kind in KINDS.values() for name in kind.names]
    assert len({*names, *story.NAMES}) == len(names) + len(story.NAMES)


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("", ()),
        ("lottery", ("lottery",)),
        ("leader_free", ("leader_free",)),
        ("cross-product", ("cross_product",)),
        ("all", tuple(KINDS)),
    ],
)
def test_a_kind_is_asked_for_by_name(text: str, kinds: tuple[str, ...]) -> None:
    assert tuple(kinds_named(text)) == kinds


def test_without_a_kind_the_whole_story_is_played() -> None:
    for arguments in ([], ["--kind="]):
        assert asked_for(arguments).play is story.play
    assert asked_for(["--kind=ladder"]).play is not story.play


def test_an_unknown_kind_is_refused_with_the_kinds_there_are(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as ended:
        asked_for(["--kind=raffle"])

    assert ended.value.code == 2
    said = " ".join(capsys.readouterr().err.split())
    assert f"there is no kind 'raffle'; there are {', '.join(KINDS)}, all" in said


def test_help_names_the_kinds() -> None:
    assert "KIND=lottery" in HELP
    assert "KIND=all" in HELP
