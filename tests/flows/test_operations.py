"""docs/operations.md works as it is written: every event in it is sent, in its order, to a shop
where there is something to do; every line for the shell names what AWS has.
"""

import json
import re
import shlex
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore import xform_name

from chalicelib.admin.dispatch import MOVES_MONEY
from infra.restore.__main__ import command_line
from infra.restore.beside import Beside, moment_of
from infra.restore.together import CHAIN
from infra.tables import all_tables
from infra.template import STREAM_BATCH_RECORDS, STREAM_RETRIES, merge_template, stage_settings
from tests.led import FREEZE_SECONDS, led, settled
from tests.shop import Shop

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^## (.*?)\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL))
LINES = re.findall(r"^aws .*$", re.sub(r"\\\n\s*", "", PAGE), re.MULTILINE)
RESTORED = "Restore a table to a point in time"
Ids = dict[str, str]


def events_of(section: str) -> list[dict[str, Any]]:
    blocks = re.findall(r"^```json\n(.*?)^```", SECTIONS[section], re.MULTILINE | re.DOTALL)
    return [json.loads(block) for block in blocks]


def filled_in(event: dict[str, Any], ids: Ids) -> dict[str, Any]:
    """The event with ids of this shop where the page leaves room for them."""
    text = json.dumps(event, ensure_ascii=False)
    for room, value in ids.items():
        text = text.replace(room, value)
    assert "PUT-" not in text, text
    found: dict[str, Any] = json.loads(text)
    return found


def plays(shop: Shop, section: str, ids: Ids) -> list[Any]:
    """Send every event of a section; what each was answered."""
    answers = []
    for event in events_of(section):
        fields = filled_in(event, ids)
        result = shop.admin(fields.pop("command"), **fields)
        answers.append(result)
        if "adjustment_id" in result:
            ids["adj_PUT-THE-ID-HERE"] = result["adjustment_id"]
        shop.settles()
    return answers


@pytest.fixture
def story(shop: Shop) -> tuple[Shop, Ids]:
    """A shop with an order to ship, a withdrawal to look at and a refund to decide."""
    lin = shop.member("Lin")
    order = lin.buys().pays()
    shop.settles()
    return shop, {
        "ord_PUT-THE-ID-HERE": order.order_id,
        "mem_PUT-THE-ID-HERE": lin.member_id,
        "PUT-WECHATS-NUMBER-HERE": shop.rows("orders")[0]["transaction_id"],
    }


def test_every_section_with_events_is_played_here() -> None:
    source = Path(__file__).read_text(encoding="utf-8")
    for section in SECTIONS:
        assert f'"{section}"' in source, section
    for section in SECTIONS:
        for event in events_of(section):
            assert event["command"] in MOVES_MONEY


def test_money_is_said_where_it_is_moved() -> None:
    for section, text in SECTIONS.items():
        moves = any(MOVES_MONEY[event["command"]] for event in events_of(section))
        assert moves == ("**money**" in text), section


def test_a_campaign_is_published(story: tuple[Shop, Ids]) -> None:
    shop, ids = story
    *_, shown, paused, resumed = plays(shop, "Publish a campaign", ids)
    assert (shown["state"], paused["state"], resumed["state"]) == ("live", "paused", "live")
    opened = shop.member("Ann").opens("pears-in-three", sku_id="pears-5")
    assert opened.amount_fen == 2990


def test_orders_are_shipped(story: tuple[Shop, Ids]) -> None:
    shop, ids = story
    listed, _, _ = plays(shop, "Ship orders", ids)
    assert [order["order_id"] for order in listed["items"]] == [ids["ord_PUT-THE-ID-HERE"]]
    (order,) = shop.rows("orders")
    assert order["order_state"] == "shipped"
    assert order["shipment"]["tracking_no"] == "SF1234567891"
    shop.assert_books_balance()


def test_withdrawals_are_approved(shop: Shop) -> None:
    """What Lin earns by leading a group, some of which she asks for."""
    shop.admin("put_settings", withdrawal={"review_above_fen": 50, "minimum_fen": 10})
    shop.admin("put_settings", commission={"freeze_seconds": FREEZE_SECONDS})
    lin = shop.member("Lin")
    placed = led(shop, {"leader": {"bonus_fen": 500}}, lin, "Ann")
    shop.settles()
    settled(shop, *placed)
    body = {"amount_fen": 200}
    asked = lin.send("POST", "/v1/withdrawals", body, key="a-withdrawal-key")
    ids = {
        "mem_PUT-THE-ID-HERE": lin.member_id,
        "wd_PUT-THE-ID-HERE": asked["withdrawal_id"],
    }
    listed, wallet, _ = plays(shop, "Approve withdrawals", ids)
    assert [one["withdrawal_id"] for one in listed["items"]] == [asked["withdrawal_id"]]
    assert wallet["available_fen"] == 300
    assert shop.rows("withdrawals")[0]["withdrawal_state"] == "confirming"
    shop.assert_books_balance()


def test_a_late_refund_is_found_and_decided(story: tuple[Shop, Ids]) -> None:
    shop, ids = story
    order_id = ids["ord_PUT-THE-ID-HERE"]
    shop.admin("ship_order", order_id=order_id, carrier="SF", tracking_no="SF1001")
    shop.settles()
    lin = shop.member("Lin")
    body = {"type": "refund_only", "reason": "摔坏了"}
    asked = lin.send("POST", f"/v1/orders/{order_id}/refunds", body, key="a-refund-key")
    ids["rfd_PUT-THE-ID-HERE"] = asked["refund_id"]
    shown, listed, _ = plays(shop, "Find out why a refund is late", ids)
    assert [one["status"] for one in shown["refunds"]] == ["awaiting_operator"]
    assert [one["refund_id"] for one in listed["items"]] == [asked["refund_id"]]
    assert shop.rows("refunds")[0]["refund_state"] == "succeeded"
    shop.assert_books_balance()


def test_after_a_queue_is_redriven_everything_due_happens(story: tuple[Shop, Ids]) -> None:
    shop, ids = story
    (swept,) = plays(shop, "Redrive a queue", ids)
    assert swept["orders"]["put_off"] == 0


def test_a_complaint_is_passed_on(story: tuple[Shop, Ids]) -> None:
    shop, ids = story
    order_id = ids["ord_PUT-THE-ID-HERE"]
    shop.sandbox.complain()
    shop.settles()
    listed, found, _ = plays(shop, "Pass a WeChat complaint on", ids)
    assert [finding["kind"] for finding in listed["items"]] == ["complaint"]
    assert [order["order_id"] for order in found["items"]] == [order_id]
    assert shop.rows("orders")[0]["order_state"] == "refunded"
    shop.assert_books_balance()


def test_what_stands_on_an_invoice_is_found(story: tuple[Shop, Ids]) -> None:
    shop, ids = story
    (found,) = plays(shop, "Answer an invoice request", ids)
    (order,) = found["items"]
    assert (order["amount_fen"], order["refunded_fen"]) == (2000, 0)


def test_a_member_is_blocked(story: tuple[Shop, Ids]) -> None:
    shop, ids = story
    plays(shop, "Block a member", ids)
    code = shop.sandbox.login_code("Lin").code
    assert shop.send("POST", "/v1/sessions", {"code": code}).code == "account_blocked"


def test_a_balance_is_put_right_by_two(story: tuple[Shop, Ids]) -> None:
    shop, ids = story
    plays(shop, "Put a balance right", ids)
    wallet = shop.admin("get_wallet", member_id=ids["mem_PUT-THE-ID-HERE"])
    assert wallet["available_fen"] == 250
    shop.assert_books_balance()


def test_a_member_is_erased(shop: Shop) -> None:
    lin = shop.member("Lin")
    plays(shop, "Erase a member", {"mem_PUT-THE-ID-HERE": lin.member_id})
    assert shop.rows("members", member_id=lin.member_id, kind="profile") == []


def test_a_table_is_restored_with_the_command_that_the_page_names(
    story: tuple[Shop, Ids],
) -> None:
    """What it does is played in test_restoring.py; the round in slices is looked at here."""
    lines = re.findall(r"^make restore STAGE=prod (.*)$", SECTIONS[RESTORED], re.MULTILINE)
    words = [shlex.split(line)[0].removeprefix("ARGUMENTS=") for line in lines]
    pause, given, resume = (command_line().parse_args(shlex.split(each)) for each in words)
    moment = moment_of(given.to, datetime.max.replace(tzinfo=UTC))
    assert (pause.pause, given.table, resume.resume) == (True, ["orders"], True)
    assert Beside("kaituan-prod-orders", moment).name in SECTIONS[RESTORED]
    assert ", ".join(f"`{name}`" for name in CHAIN) in " ".join(SECTIONS[RESTORED].split())
    shop, ids = story
    shop.passes(26 * 3600)
    shop.fires("reconcile_days")
    seen, written = plays(shop, RESTORED, ids)
    assert {"last", "behind"} <= seen.keys()
    assert written["day"] == "2026-11-22"


def test_what_a_restored_table_lacks_is_named_for_each_table_that_needs_it() -> None:
    said = " ".join(SECTIONS[RESTORED].split())
    (named,) = re.findall(r"\(a stream for (.*?) only, an end for (.*?) only\)", said)
    streams, ends = (set(re.findall(r"`(\w+)`", names)) for names in named)
    assert streams == {table.name for table in all_tables() if table.has_stream}
    assert ends == {table.name for table in all_tables() if table.expires_by}


def test_the_books_are_looked_at(story: tuple[Shop, Ids]) -> None:
    shop, ids = story
    audit, _ = plays(shop, "See that the books balance", ids)
    assert (audit["violations"], audit["complete"]) == ([], True)


def test_keys_are_rotated_with_the_command_that_the_page_names() -> None:
    (line,) = re.findall(r"^make secrets .*$", SECTIONS["Rotate a key"], re.MULTILINE)
    assert line == 'make secrets STAGE=prod ARGUMENTS="--replace session_signing_keys"'


def test_a_new_stream_is_read_as_the_stack_has_the_old_one_read() -> None:
    (line,) = (one for one in LINES if one.startswith("aws lambda create-event-source-mapping"))
    assert f"--batch-size {STREAM_BATCH_RECORDS} " in line
    assert f"--maximum-retry-attempts {STREAM_RETRIES} " in line
    stack = merge_template(stage_settings("prod"))["Resources"]
    reads = stack["RelayOrders"]["Properties"]["Events"]["RelayOrdersDynamodbEventSource"]
    assert reads["Properties"].keys() == {
        *("Stream", "StartingPosition", "BatchSize", "MaximumRetryAttempts"),
        *("BisectBatchOnFunctionError", "FunctionResponseTypes", "DestinationConfig"),
    }
    assert f"--starting-position {reads['Properties']['StartingPosition']} " in line
    (answers,) = reads["Properties"]["FunctionResponseTypes"]
    assert f"--bisect-batch-on-function-error --function-response-types {answers} " in line
    bucket = stack["FailedRecordsBucket"]["Properties"]["BucketName"]["Fn::Sub"]
    assert f"arn:aws:s3:::{bucket.partition('-$')[0]}-ACCOUNT-REGION" in line


@pytest.mark.parametrize("line", LINES)
def test_each_line_for_the_shell_is_one_that_aws_has(line: str) -> None:
    """The operation exists, takes these parameters, and none that it needs is left out."""
    _, service, operation, *words = shlex.split(line)
    model = botocore.session.get_session().get_service_model(service)
    named = {xform_name(name, "-"): name for name in model.operation_names}
    shape = model.operation_model(named[operation]).input_shape
    assert shape is not None
    takes = {xform_name(name, "-"): name for name in shape.members}
    given = {word.removeprefix("--") for word in words if word.startswith("--")}
    given -= {"cli-binary-format"}
    assert given <= takes.keys()
    assert {xform_name(name, "-") for name in shape.required_members} <= given


def test_the_page_leaves_room_for_nothing_else() -> None:
    rooms = set(re.findall(r'"([^"]*PUT-[^"]*)"', PAGE))
    assert {room.partition("_PUT")[0] for room in rooms} == {
        *("ord", "mem", "wd", "rfd", "adj"),
        "PUT-WECHATS-NUMBER-HERE",
    }
