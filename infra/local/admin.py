"""`python -m infra.local.admin '{"command": "get_settings"}'`: sends an operator's command to
the running local stack and prints the answer, as the Lambda console would.

Must never know a command: what is allowed is the function's to say.
"""

import argparse
import json
import sys
from pathlib import Path

from infra.local.emulator import client
from infra.local.endpoints import LOCAL_DIRECTORY, NoStack, read_endpoints


def main() -> int:
    """Answers 0 when the command was carried out, 1 when it was refused or failed."""
    parser = argparse.ArgumentParser(prog="python -m infra.local.admin", description=__doc__)
    parser.add_argument("event", help="the event as JSON, or - to read it from standard input")
    parser.add_argument("--function", help="another function than admin, by its name in app.py")
    parser.add_argument("--directory", type=Path, default=LOCAL_DIRECTORY)
    arguments = parser.parse_args()
    text = sys.stdin.read() if arguments.event == "-" else arguments.event
    try:
        event = json.loads(text)
        endpoints = read_endpoints(arguments.directory)
    except (ValueError, NoStack) as error:
        print(error, file=sys.stderr)
        return 1
    name = endpoints.admin_function
    if arguments.function:
        name = f"{name.removesuffix('-admin')}-{arguments.function}"
    functions = client("lambda", endpoints.aws_endpoint_url)
    answer = functions.invoke(FunctionName=name, Payload=json.dumps(event))
    payload = json.loads(answer["Payload"].read())
    print(json.dumps(payload, indent=2, ensure_ascii=False))
    failed = "FunctionError" in answer or (isinstance(payload, dict) and payload.get("ok") is False)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
