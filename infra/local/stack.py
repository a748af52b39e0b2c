"""The whole local stack as one context manager: AWS, WeChat, the packaged app deployed, a seed.

Must never outlive its caller, listen beyond loopback unasked, or end what it did not start.
"""

import concurrent.futures
import json
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import FrameType
from typing import Any

from rich.console import Console

from infra.local.deployment import Deployment, deploy
from infra.local.emulator import LOOPBACK, REGION, client, start_emulator
from infra.local.endpoints import LOCAL_DIRECTORY, Endpoints, remove_endpoints, write_endpoints
from infra.local.gateway import complete_gateway
from infra.local.lan import LanProxy
from infra.local.processes import ProcessGroup, clear_leftovers
from infra.local.progress import Progress
from infra.local.sandbox_control import SandboxControl
from infra.local.secret_parameters import put_public_base_url, put_secrets
from infra.local.wechat.credentials import Credentials
from infra.local.wechat_process import start_sandbox
from infra.package import Package, package
from infra.template import FUNCTIONS, stage_settings

STAGE = "local"
STACK_NAME = "kaituan-local"
PARAMETER_PREFIX = "/kaituan/local"
# What a first order needs at once. A worker takes a second or two to start; the clock's
# functions have a minute to do so.
WARMED = tuple(
    function.name
    for function in FUNCTIONS
    if function.schedule is None
    and function.name not in {"admin_money", "execute_refunds", "take_files"}
)


TRANSFER_MAXIMUM_FEN = 1_000_000
"""As if the merchant had been granted larger transfers: what the shop allows is its own setting."""


class CommandRefused(Exception):
    """An operator's command was answered with an error; `code` is the answer's."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code


@dataclass(frozen=True)
class Stack:
    """A running stack. `directory` holds logs/ and endpoints.json."""

    endpoints: Endpoints
    directory: Path
    outputs: dict[str, str]
    packaged: Package
    progress: Progress
    processes: ProcessGroup
    credentials: Credentials = field(repr=False)

    def require_alive(self) -> None:
        """Raises `ProcessEnded`, with the end of its log, when a part of the stack has gone."""
        for process in self.processes.running:
            process.require_alive()

    def client(self, service: str) -> Any:
        """A boto3 client of the local AWS."""
        return client(service, self.endpoints.aws_endpoint_url)

    def table_name(self, table: str) -> str:
        """The deployed name of a table of infra/tables.json."""
        return f"{stage_settings(STAGE).prefix}-{table}"

    def invoke(self, function: str, event: dict[str, Any]) -> Any:
        """Invokes a function of app.py by its name there, and answers what it returned.

        Raises `RuntimeError` with the function's own error when it failed.
        """
        name = f"{stage_settings(STAGE).prefix}-{function}"
        answer = self.client("lambda").invoke(FunctionName=name, Payload=json.dumps(event))
        payload = json.loads(answer["Payload"].read())
        if "FunctionError" in answer:
            raise RuntimeError(f"{name} failed: {payload}")
        return payload

    def admin(self, command: str, **fields: Any) -> Any:
        """Sends an operator's command and answers its result; raises `CommandRefused`."""
        answer = self.invoke("admin", {"command": command, **fields})
        if not answer["ok"]:
            raise CommandRefused(answer["error"]["code"], answer["error"]["detail"])
        return answer["result"]


@contextmanager
def running_stack(
    *,
    directory: Path = LOCAL_DIRECTORY,
    console: Console | None = None,
    seed: Callable[[Stack], None] | None = None,
    lan: bool = False,
    warm: bool = True,
) -> Iterator[Stack]:
    """Brings the stack up, yields it, and takes everything down again, whatever happens.

    Stacks in different directories run side by side. `lan` lets other machines reach the API
    and the sandbox, and nothing else. `warm` starts a worker of each function that an order
    needs while `seed` runs. Raises `AlreadyRunning`, `PackagingFailed`, `DeploymentFailed` or
    `ProcessEnded`.
    """
    progress = Progress(console)
    directory.mkdir(parents=True, exist_ok=True)
    leftovers = clear_leftovers(directory)
    remove_endpoints(directory)
    if leftovers:
        progress.say(leftovers)
    with ExitStack() as exits:
        exits.enter_context(_termination_as_exit())
        exits.callback(remove_endpoints, directory)
        with progress.phase("package the app"):
            packaged = package(STAGE, for_host=True)
        if packaged.host_wheels:
            progress.say(f"  (native wheels are {packaged.host_wheels}'s, not Lambda's)")
        processes = ProcessGroup(directory)
        exits.callback(processes.stop)
        stack = _bring_up(processes, packaged, progress, lan, exits)
        with progress.phase("seed and first calls" if seed else "first calls"):
            _seed_and_warm(stack, seed, warm)
        write_endpoints(directory, stack.endpoints)
        yield stack


def _bring_up(
    processes: ProcessGroup, packaged: Package, progress: Progress, lan: bool, exits: ExitStack
) -> Stack:
    directory = processes.directory
    with progress.phase("start AWS (ministack)"):
        emulator = start_emulator(processes)
    with progress.phase("start WeChat (sandbox)"):
        host = "0.0.0.0" if lan else LOOPBACK  # nosec B104 # only with --lan
        sandbox = start_sandbox(processes, directory / "wechat.json", host=host)
    with progress.phase("deploy with CloudFormation"):
        put_secrets(emulator.url, PARAMETER_PREFIX, sandbox.credentials)
        deployment, api_url = _deploy(packaged, emulator.url, sandbox.url, sandbox.credentials)
    if lan:
        proxy = exits.enter_context(LanProxy(api_url))
        progress.say(f"  on the LAN: API {proxy.url}, WeChat sandbox port {sandbox.port}")
    endpoints = Endpoints(
        api_url=api_url,
        sandbox_url=sandbox.url,
        aws_endpoint_url=emulator.url,
        region=REGION,
        stack_name=STACK_NAME,
        admin_function=deployment.outputs["AdminFunction"],
    )
    return Stack(
        endpoints=endpoints,
        directory=directory,
        outputs=deployment.outputs,
        packaged=packaged,
        progress=progress,
        processes=processes,
        credentials=sandbox.credentials,
    )


def redeploy(stack: Stack, packaged: Package | None = None) -> Stack:
    """Packages the present sources, or takes this package, and updates the running stack; the
    tables keep their items.

    Answers the stack as it is now: with other routes, the API has another address.
    """
    packaged = packaged or package(STAGE, for_host=True)
    deployment, api_url = _deploy(
        packaged, stack.endpoints.aws_endpoint_url, stack.endpoints.sandbox_url, stack.credentials
    )
    endpoints = replace(stack.endpoints, api_url=api_url)
    write_endpoints(stack.directory, endpoints)
    return replace(stack, endpoints=endpoints, outputs=deployment.outputs, packaged=packaged)


def _deploy(
    packaged: Package, aws_url: str, sandbox_url: str, credentials: Credentials
) -> tuple[Deployment, str]:
    """Makes or updates the stack; answers it and the address of its API."""
    parameters = {
        "WechatAppId": credentials.app_id,
        "WechatMerchantId": credentials.merchant_id,
        "WechatPayBaseUrl": sandbox_url,
        "WechatApiBaseUrl": sandbox_url,
    }
    deployment = deploy(packaged, aws_url, STACK_NAME, parameters)
    complete_gateway(deployment, aws_url)
    stage = deployment.template["Resources"]["RestAPI"]["Properties"]["StageName"]
    api_url = f"{aws_url}/_aws/execute-api/{deployment.outputs['RestAPIId']}/{stage}"
    put_public_base_url(aws_url, PARAMETER_PREFIX, api_url)
    SandboxControl(sandbox_url).configure(
        message_url=f"{api_url}/v1/wechat/messages",
        complaint_url=f"{api_url}/v1/wechat/complaints",
        transfer_maximum_fen=TRANSFER_MAXIMUM_FEN,
    )
    return deployment, api_url


def _seed_and_warm(stack: Stack, seed: Callable[[Stack], None] | None, warm: bool) -> None:
    functions = WARMED if warm else ()
    with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
        waiting = [pool.submit(_first_call, stack, name) for name in functions]
        try:
            if seed:
                seed(stack)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
        for future in waiting:
            future.result()


def _first_call(stack: Stack, function: str) -> None:
    """Makes AWS start a worker of the function; what it answers does not matter here."""
    stack.client("lambda").invoke(
        FunctionName=f"{stage_settings(STAGE).prefix}-{function}",
        Payload=json.dumps({"Records": []}),
    )


@contextmanager
def _termination_as_exit() -> Iterator[None]:
    """SIGTERM and SIGHUP unwind like Ctrl-C does, so that the stack is taken down."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def leave(number: int, _frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    numbers = (signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, leave) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
