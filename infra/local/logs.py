"""`python -m infra.local.logs [FUNCTION...]`: prints what the functions of the running local
stack logged, oldest first, from the emulator's CloudWatch Logs.

The emulator keeps them until it stops. Must never hold back a line but those of the platform.
"""

import argparse
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from botocore.exceptions import EndpointConnectionError

from infra.local.emulator import client
from infra.local.endpoints import LOCAL_DIRECTORY, NoStack, read_endpoints

GROUP_PREFIX = "/aws/lambda/"
PLATFORM_LINES = ("START RequestId", "END RequestId", "REPORT RequestId")
FOLLOW_SECONDS = 1.0


def main() -> int:
    """Prints and ends, or with `--follow` goes on until Ctrl-C."""
    parser = argparse.ArgumentParser(prog="python -m infra.local.logs", description=__doc__)
    parser.add_argument("functions", nargs="*", help="names as in app.py; all when none is given")
    parser.add_argument("--follow", action="store_true", help="go on printing what comes")
    parser.add_argument("--minutes", type=float, default=60.0, help="how far to look back")
    parser.add_argument("--platform", action="store_true", help="START, END and REPORT lines too")
    parser.add_argument("--directory", type=Path, default=LOCAL_DIRECTORY)
    arguments = parser.parse_args()
    try:
        endpoints = read_endpoints(arguments.directory)
    except NoStack as error:
        print(error, file=sys.stderr)
        return 1
    logs = client("logs", endpoints.aws_endpoint_url)
    since_milliseconds = int((time.time() - arguments.minutes * 60) * 1000)
    # The emulator writes one stream per invocation, all of it at its end.
    seen: set[str] = set()
    try:
        while True:
            events = _events(logs, arguments.functions, since_milliseconds)
            for event in events:
                hidden = not arguments.platform and event["message"].startswith(PLATFORM_LINES)
                if event["logStreamName"] not in seen and not hidden:
                    print(_line(event), flush=True)
            seen.update(event["logStreamName"] for event in events)
            if not arguments.follow:
                return 0
            time.sleep(FOLLOW_SECONDS)
    except KeyboardInterrupt:
        return 0
    except EndpointConnectionError:
        print("the local stack has stopped", file=sys.stderr)
        return 1


def save_function_logs(aws_endpoint_url: str, path: Path) -> None:
    """Writes down what all functions logged: the emulator forgets it when it stops."""
    events = _events(client("logs", aws_endpoint_url), [], since_milliseconds=1)
    lines = [_line(event) for event in events if not event["message"].startswith(PLATFORM_LINES)]
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def _events(logs: Any, functions: list[str], since_milliseconds: int) -> list[dict[str, Any]]:
    """Events of the wanted functions in order of time, each with its `function`."""
    found: list[dict[str, Any]] = []
    for page in logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=GROUP_PREFIX):
        for group in page["logGroups"]:
            name = group["logGroupName"].rpartition("-")[2]
            if functions and name not in functions:
                continue
            pages = logs.get_paginator("filter_log_events").paginate(
                logGroupName=group["logGroupName"], startTime=since_milliseconds
            )
            found += [dict(event, function=name) for page in pages for event in page["events"]]
    return sorted(found, key=lambda event: event["timestamp"])


def _line(event: dict[str, Any]) -> str:
    moment = datetime.fromtimestamp(event["timestamp"] / 1000, tz=UTC)
    return f"{moment:%H:%M:%S.%f} {event['function']:<16} {event['message'].rstrip()}"


if __name__ == "__main__":
    sys.exit(main())
