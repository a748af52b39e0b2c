"""How a deployment looks on a console: what would change, what happens, what comes out.

Must never decide anything.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from infra.deploy.change_set import Change

SIGNS = {
    "add": "[green]+ add[/]",
    "import": "[green]+ take over[/]",
    "change": "~ change",
    "replace": "[yellow]± replace[/]",
    "may replace": "[yellow]± may replace[/]",
    "remove": "[yellow]- remove[/]",
}
ORDER = ("remove", "replace", "may replace", "change", "import", "add")
LOSING = "bold red"


def changes_table(changes: Sequence[Change]) -> Table:
    """A row for all that would go the same way, what loses something first and in red."""
    alike: dict[tuple[bool, str, str, tuple[str, ...], bool], list[str]] = defaultdict(list)
    for change in changes:
        of_a_kind = (change.loses, change.action, change.type, change.because, change.kept)
        alike[of_a_kind].append(change.logical_id)
    table = Table("", "what", "which", "because of", title="Changes", title_justify="left")
    for loses, action, kind, because, kept in sorted(alike, key=_turn):
        names = alike[loses, action, kind, because, kept]
        stays = " (the present one stays, outside the stack)" if kept else ""
        what = f"{len(names)} {kind}" if len(names) > 1 else kind
        table.add_row(
            SIGNS[action] if not loses else escape(action.upper()),
            escape(what + stays),
            escape(", ".join(names)),
            escape(", ".join(because)),
            style=LOSING if loses else "",
        )
    return table


def _turn(alike: tuple[bool, str, str, tuple[str, ...], bool]) -> tuple[bool, int, str]:
    loses, action, kind, _, _ = alike
    return not loses, ORDER.index(action), kind


class Events:
    """Prints what CloudFormation has done, a line for each resource that is done or failed."""

    def __init__(self, console: Console, expected: int) -> None:
        self._console = console
        self._expected = expected
        self._done: set[str] = set()

    def tell(self, event: Mapping[str, Any]) -> None:
        """One event of the stack."""
        status, name = event["ResourceStatus"], event["LogicalResourceId"]
        if status.endswith("_IN_PROGRESS"):
            self._tell_what_is_waited_for(event)
            return
        failed = status.endswith("FAILED")
        if not failed:
            self._done.add(name)
        mark = "[red]✗[/]" if failed else "[green]✓[/]"
        count = f"{min(len(self._done), self._expected)}/{self._expected}"
        line = f"{mark} {count:>7}  {status:<24} {escape(event['ResourceType'])} {escape(name)}"
        reason = event.get("ResourceStatusReason")
        if failed and reason:
            line += f"\n           {escape(reason)}"
        self._console.print(line, highlight=False, soft_wrap=True)

    def _tell_what_is_waited_for(self, event: Mapping[str, Any]) -> None:
        """A certificate is made once its record is found in the domain's DNS."""
        reason = event.get("ResourceStatusReason", "")
        if "DNS Record" in reason:
            line = "[yellow]…[/]          waits for you to enter at your DNS provider: "
            self._console.print(line + escape(reason), highlight=False, soft_wrap=True)


def addresses(console: Console, outputs: Mapping[str, str], base_url: str) -> None:
    """What the stack is reached by, and what is to be entered at WeChat."""
    for name, value in sorted(outputs.items()):
        console.print(f"  {name:<24} {escape(value)}", highlight=False, soft_wrap=True)
    host = base_url.partition("://")[2].partition("/")[0]
    console.print(
        "\nTo enter at WeChat, once:\n"
        f"  https://{host}  (mp.weixin.qq.com, 开发管理, 服务器域名, request合法域名)\n"
        f"  {base_url}/v1/wechat/messages  (the same page, 消息推送; 安全模式, JSON)\n"
        "  pay.weixin.qq.com: nothing; each payment says where WeChat is to tell of it\n"
        f"The mini-program calls {base_url}",
        highlight=False,
        markup=False,
        soft_wrap=True,
    )
