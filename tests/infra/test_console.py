"""Every command can be had with a click that writes nothing; saved queries ask for what is logged;
the trail hears of both functions.
"""

import importlib
import json
import re
from pathlib import Path
from typing import Any

import pytest

from chalicelib.admin.command import MoneyCommand
from chalicelib.admin.dispatch import MOVES_MONEY
from infra.console.__main__ import write
from infra.console.examples import EVENTS, MONEY_EVENTS
from infra.console.template import QUERIES, console_template
from infra.template import FUNCTIONS, stage_settings

ROOT = Path(__file__).resolve().parents[2]
MOST_BYTES_OF_A_SCHEMA = 100_000
LOOKS = re.compile(r"get_|list_|find$|audit$")


@pytest.fixture(scope="module")
def template() -> dict[str, Any]:
    return console_template(stage_settings("prod"))


def payload_of(event: dict[str, Any]) -> Any:
    fields = {name: value for name, value in event.items() if name != "command"}
    payload = importlib.import_module(f"chalicelib.admin.{event['command']}").Payload
    return payload.model_validate_json(json.dumps(fields), strict=True)


def test_there_is_one_for_each_command_at_the_function_that_takes_it() -> None:
    assert set(EVENTS) == {name for name, moves in MOVES_MONEY.items() if not moves}
    assert set(MONEY_EVENTS) == {name for name, moves in MOVES_MONEY.items() if moves}


@pytest.mark.parametrize("name", sorted(MOVES_MONEY))
def test_each_is_what_the_command_takes_and_a_click_changes_nothing(name: str) -> None:
    event = dict(MONEY_EVENTS.get(name) or EVENTS[name])
    payload = payload_of(event)
    assert event["command"] == name
    assert payload.dry_run is (LOOKS.match(name) is None)
    assert isinstance(payload, MoneyCommand) is MOVES_MONEY[name]


def test_lambda_s_console_finds_them(template: dict[str, Any]) -> None:
    schemas = [
        what["Properties"]
        for what in template["Resources"].values()
        if what["Type"] == "AWS::EventSchemas::Schema"
    ]
    assert {schema["SchemaName"] for schema in schemas} == {
        "_kaituan-prod-admin-schema",
        "_kaituan-prod-admin_money-schema",
    }
    found: dict[str, Any] = {}
    for schema in schemas:
        assert len(schema["Content"].encode()) < MOST_BYTES_OF_A_SCHEMA
        found |= json.loads(schema["Content"])["components"]["examples"]
    assert {name: one["value"] for name, one in found.items()} == EVENTS | MONEY_EVENTS


def test_saved_queries_are_over_every_log_and_ask_for_what_is_logged(
    template: dict[str, Any],
) -> None:
    queries = [
        what["Properties"]
        for what in template["Resources"].values()
        if what["Type"] == "AWS::Logs::QueryDefinition"
    ]
    assert {query["Name"] for query in queries} == {f"kaituan-prod/{name}" for name in QUERIES}
    logs = {f"/aws/lambda/kaituan-prod-{function.name}" for function in FUNCTIONS}
    assert all(set(query["LogGroupNames"]) == logs for query in queries)
    code = "".join(path.read_text("utf-8") for path in (ROOT / "chalicelib").rglob("*.py"))
    for message in re.findall(r'message = "(\w+)"', "".join(QUERIES.values())):
        assert f'"{message}"' in code
    (named,) = re.findall(r"message in \[(.*?)\]", "".join(QUERIES.values()))
    for message in json.loads(f"[{named}]"):
        assert f'"{message}"' in code


def test_the_trail_hears_of_both_functions_and_of_nothing_else(template: dict[str, Any]) -> None:
    trail = template["Resources"]["Trail"]["Properties"]
    (selector,) = trail["EventSelectors"]
    assert selector["IncludeManagementEvents"] is False
    (heard,) = selector["DataResources"]
    names = [one["Fn::Sub"].rpartition(":")[2] for one in heard["Values"]]
    assert names == ["kaituan-prod-admin", "kaituan-prod-admin_money"]


def test_where_events_cannot_be_saved_they_can_be_pasted(tmp_path: Path) -> None:
    written = write("prod", tmp_path, with_events=False)
    template = json.loads((tmp_path / "console.json").read_text(encoding="utf-8"))
    types = {what["Type"] for what in template["Resources"].values()}
    assert not any(type_.startswith("AWS::EventSchemas") for type_ in types)
    assert len(written) == 1 + len(MOVES_MONEY)
    shipped = json.loads((tmp_path / "events" / "admin" / "ship_order.json").read_text("utf-8"))
    assert shipped == EVENTS["ship_order"]


def test_it_names_no_partition_account_or_region(template: dict[str, Any]) -> None:
    text = json.dumps(template)
    assert "arn:aws:" not in text
    assert not re.search(r"\b\d{12}\b", text.replace("1234567890", ""))
