"""Every check of a deployment, in the order in which they explain each other."""

import logging
import time
from collections.abc import Iterable
from datetime import UTC, datetime

from rich.console import Console

from chalicelib.gateways.http import logger as functions_log
from infra.deploy.follow import find_stack
from infra.doctor import address, clocks, feeds, leftovers, parameters, stack
from infra.doctor.check import BAD, GOOD, SKIPPED, Check, Verdict, examine
from infra.doctor.facts import Facts, Now
from infra.doctor.wechat import MINI_PROGRAM_API, PayChecks, http_of, token_is_given
from infra.place import Place
from infra.template import FUNCTIONS

RULE = "AWS::Events::Rule"
EMPTYING_SECONDS = 60.0


def keep_logs_off_the_console() -> None:
    """What the functions would log of their calls to WeChat is of no use to whoever reads this."""
    functions_log.setLevel(logging.CRITICAL)


def utc_now() -> datetime:
    return datetime.now(UTC)


def visit(place: Place, console: Console, now: Now = utc_now) -> bool:
    """Looks at everything and prints it; whether nothing is red."""
    console.print(f"doctor: stage {place.stage}, {place}", highlight=False)
    found = examine(all_checks(place, now), console)
    marks = [verdict.mark for _, verdict in found]
    counted = f"{marks.count(GOOD)} well, {marks.count(SKIPPED)} left out"
    ill = marks.count(BAD)
    if ill:
        console.print(f"[red]{ill} not well[/], {counted}", highlight=False)
    else:
        console.print(f"[green]all is well[/] ({counted})", highlight=False)
    return not ill


def all_checks(place: Place, now: Now = utc_now) -> list[Check]:
    """Each is given only what it looks at."""
    facts = Facts(place)
    return [
        *_deployment(place, facts),
        *_parameters(place, facts),
        *_clocks(place, facts, now),
        *_address(place, facts),
        *_wechat(place, facts, now),
        *_work(place, facts, now),
    ]


def _deployment(place: Place, facts: Facts) -> Iterable[Check]:
    def stack_stands() -> Verdict:
        found = find_stack(place.client("cloudformation"), place.stack_name)
        return stack.stack_stands(found, place.stack_name, place.stage)

    yield Check("stack", stack_stands)
    yield Check("functions", lambda: stack.functions_run(facts.functions))
    yield Check(
        "Python of the functions",
        lambda: stack.python_is_the_packages(facts.functions, facts.template),
    )


def _parameters(place: Place, facts: Facts) -> Iterable[Check]:
    stage = place.stage
    yield Check("parameters", lambda: parameters.are_there(facts.parameters, stage))
    yield Check(
        "parameters one can do without",
        lambda: parameters.options_are_there(facts.parameters, stage),
    )
    yield Check("secrets are encrypted", lambda: parameters.are_encrypted(facts.parameters, stage))
    yield Check("their form", lambda: parameters.can_be_read(facts.parameters, stage))


def _clocks(place: Place, facts: Facts, now: Now) -> Iterable[Check]:
    def aws() -> Verdict:
        return clocks.agrees("AWS", clocks.date_of_aws(place.client("sts")), now)

    def wechat() -> Verdict:
        http = http_of(facts.account.pay_base_url, "WeChat Pay", is_local=bool(place.local))
        return clocks.agrees("WeChat", clocks.date_of_wechat(http), now)

    yield Check("clock of AWS", aws)
    yield Check("clock of WeChat", wechat)


def _address(place: Place, facts: Facts) -> Iterable[Check]:
    is_local = place.local is not None
    fetch = address.fetcher(is_local=is_local)

    def usable() -> Verdict:
        # As it is stored: a slash at its end is all that is taken off elsewhere.
        url = facts.base_url
        return address.base_url_is_usable(url, place.stage, is_local=is_local)

    def ours() -> Verdict:
        gateway, api_id = place.client("apigateway"), facts.output("RestAPIId")
        return address.base_url_is_ours(fetch, gateway, facts.base_url, facts.api_url, api_id)

    def refuses() -> Verdict:
        key_id = next(iter(facts.account.secrets.wechat_public_keys or {}), "none")
        return address.callbacks_refuse_a_probe(fetch, facts.base_url, key_id)

    def push() -> Verdict:
        token = facts.account.secrets.wechat_message_token
        return address.push_is_taken(fetch, facts.base_url, token)

    yield Check("public_base_url", usable)
    yield Check("public_base_url answers", lambda: address.base_url_answers(fetch, facts.base_url))
    yield Check("public_base_url is this stack", ours)
    yield Check("callbacks refuse a forgery", refuses, seconds=45)
    yield Check("message push", push)


def _wechat(place: Place, facts: Facts, now: Now) -> Iterable[Check]:
    is_local = place.local is not None

    def keys() -> Verdict:
        http = http_of(facts.account.pay_base_url, "WeChat Pay", is_local=is_local)
        return PayChecks(facts.account, http, now).all_keys_are_known()

    def token() -> Verdict:
        http = http_of(facts.account.api_base_url, MINI_PROGRAM_API, is_local=is_local)
        return token_is_given(facts.account, http, now)

    yield Check("WeChat Pay knows our key", keys)
    yield Check("WeChat knows our app", token)


def _work(place: Place, facts: Facts, now: Now) -> Iterable[Check]:
    def deployed(*, streams: bool) -> dict[str, str]:
        return {
            function.name: facts.stage.function_name(function)
            for function in FUNCTIONS
            if (function.stream_of if streams else function.reads_refund_queue)
        }

    def mappings(*, streams: bool) -> Verdict:
        names = deployed(streams=streams)
        return feeds.mappings_work(feeds.mappings_of(place.client("lambda"), names))

    def schedules() -> Verdict:
        return feeds.schedules_are_on(place.client("events"), facts.resources.get(RULE, []))

    def queue() -> Verdict:
        url = facts.output("RefundQueueUrl")
        return leftovers.queue_is_empty(place.client("sqs"), url, time.sleep)

    def dead() -> Verdict:
        url = facts.output("DeadRefundQueueUrl")
        return leftovers.dead_letters_are_none(place.client("sqs"), url)

    def records() -> Verdict:
        bucket = facts.output("FailedRecordsBucketName")
        return leftovers.bucket_is_empty(place.client("s3"), bucket)

    def overdue() -> Verdict:
        tables, prefix = place.client("dynamodb"), facts.stage.prefix
        return leftovers.nothing_is_overdue(tables, prefix, now())

    yield Check("schedules", schedules)
    yield Check("streams", lambda: mappings(streams=True))
    yield Check("refund queue's worker", lambda: mappings(streams=False))
    yield Check("refund queue", queue)
    yield Check("refunds that kept failing", dead)
    yield Check("stream records given up", records)
    yield Check("what is overdue", overdue, seconds=EMPTYING_SECONDS)
    yield Check("alarms", lambda: stack.no_alarm(place.client("cloudwatch"), facts.stage.prefix))
