"""`make run`: keeps the local stack up with a small catalogue and prints how to talk to it.

Must never do a step of the story itself; the printed commands do, when someone pastes them.
"""

import argparse
import json
import os
import signal
import sys
import time

from rich.console import Console

from infra.dependencies import DependenciesUnavailable
from infra.local.deployment import DeploymentFailed
from infra.local.endpoints import Endpoints
from infra.local.processes import AlreadyRunning, ProcessEnded
from infra.local.seed import ADDRESS, CAMPAIGN_ID, SKU_ID, seed_catalogue
from infra.local.stack import CommandRefused, Stack, redeploy, running_stack
from infra.package import PackagingFailed

LOOK_SECONDS = 1.0
FAILURES = (
    AlreadyRunning,
    CommandRefused,
    DependenciesUnavailable,
    DeploymentFailed,
    PackagingFailed,
    ProcessEnded,
)

# What <THIS> stands for is filled in when it is printed.
INSTRUCTIONS = """\
API       <API_URL>
WeChat    <SANDBOX_URL>
AWS       <AWS_URL>  (keys test/test, region us-east-1)
as a file .local/endpoints.json
logs      .venv/bin/python -m infra.local.logs --follow

Paste this into a shell, from top to bottom:

  API=<API_URL>
  WECHAT=<SANDBOX_URL>
  field() { python3 -c 'if 1:
    import functools, json, sys
    found = functools.reduce(lambda part, name: part[name], sys.argv[1:], json.load(sys.stdin))
    print(found if isinstance(found, str) else json.dumps(found))' "$@"; }
  post() { curl -sS -X POST -H 'Content-Type: application/json' "$@"; }
  signs_in() { CODE=$(post $WECHAT/sandbox/login-codes -d "{\\"user\\": \\"$1\\"}" | field code)
    post $API/v1/sessions -d "{\\"code\\": \\"$CODE\\"}" | field token; }
  pays() { post $WECHAT/sandbox/payments -d "{\\"user\\": \\"$1\\", \\"payment\\": $2}"; }

1. Lin signs in (wx.login, then POST /v1/sessions)
  LIN=$(signs_in lin); echo $LIN

2. Lin looks at the campaign and opens a group
  curl -sS $API/v1/campaigns/<CAMPAIGN>
  OPENED=$(post $API/v1/groups -H "Authorization: Bearer $LIN" \\
    -H "Idempotency-Key: opening-$(date +%s)" \\
    -d '<OPENING>'); echo "$OPENED"

3. Lin pays (wx.requestPayment; WeChat then notifies the API)
  pays lin "$(echo "$OPENED" | field payment)"

4. Wang signs in, joins and pays
  GROUP=$(echo "$OPENED" | field group group_id)
  WANG=$(signs_in wang)
  JOINED=$(post $API/v1/groups/$GROUP/members -H "Authorization: Bearer $WANG" \\
    -H "Idempotency-Key: joining-$(date +%s)" \\
    -d '<JOINING>'); echo "$JOINED"
  pays wang "$(echo "$JOINED" | field payment)"

5. The group is complete
  curl -sS $API/v1/groups/$GROUP

Operators
  .venv/bin/python -m infra.local.admin '{"command": "get_settings"}'
  .venv/bin/python -m infra.local.admin '{"command": "audit"}'

WeChat DevTools (微信开发者工具): tick 不校验合法域名 in 详情 > 本地设置, use the API address
above as the server, and let real wx.login codes in:
  post $WECHAT/sandbox/settings -d '{"accept_any_code": true}'

After a change to the code: kill -USR1 <PROCESS>  (deploys it; the data stay)
Ctrl-C stops everything.
"""


def main() -> int:
    """Runs until Ctrl-C or SIGTERM; SIGUSR1 deploys the present sources. Answers the status."""
    parser = argparse.ArgumentParser(prog="python -m infra.local.run", description=__doc__)
    parser.add_argument("--lan", action="store_true", help="let a phone of this network in")
    parser.add_argument("--empty", action="store_true", help="without the small catalogue")
    arguments = parser.parse_args()
    console = Console()
    seed = None if arguments.empty else seed_catalogue
    try:
        with running_stack(console=console, seed=seed, lan=arguments.lan) as stack:
            console.print()
            console.print(
                instructions(stack.endpoints), highlight=False, markup=False, soft_wrap=True
            )
            _stay(stack)
    except KeyboardInterrupt:
        console.print("stopped")
    except FAILURES as error:
        console.print(str(error), style="red", markup=False, soft_wrap=True)
        return 1
    return 0


def _stay(stack: Stack) -> None:
    """Looks after the processes until interrupted, and deploys anew when asked."""
    asked: list[int] = []
    signal.signal(signal.SIGUSR1, lambda number, _frame: asked.append(number))
    while True:
        time.sleep(LOOK_SECONDS)
        stack.require_alive()
        if asked:
            asked.clear()
            with stack.progress.phase("deploy the present sources"):
                stack = redeploy(stack)
            stack.progress.say(f"API  {stack.endpoints.api_url}")


def instructions(endpoints: Endpoints) -> str:
    """The addresses, and each step of a first order as commands to paste."""
    order = {"sku_id": SKU_ID, "quantity": 1, "address": ADDRESS}
    values = {
        "API_URL": endpoints.api_url,
        "SANDBOX_URL": endpoints.sandbox_url,
        "AWS_URL": endpoints.aws_endpoint_url,
        "CAMPAIGN": CAMPAIGN_ID,
        "OPENING": json.dumps({"campaign_id": CAMPAIGN_ID, **order}, ensure_ascii=False),
        "JOINING": json.dumps(order, ensure_ascii=False),
        "PROCESS": str(os.getpid()),
    }
    text = INSTRUCTIONS
    for name, value in values.items():
        text = text.replace(f"<{name}>", value)
    return text


if __name__ == "__main__":
    sys.exit(main())
