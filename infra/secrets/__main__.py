"""`python -m infra.secrets --stage prod`: puts a stage's secrets into Parameter Store, encrypted.

Values come from files, from standard input or from somebody who is asked; never from the command
line or the environment, where others could read them. What is there stays unless --replace says so.
"""

import argparse
import getpass
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console

from infra.local.endpoints import LOCAL_DIRECTORY, NoStack
from infra.place import CannotReach, Place, reach
from infra.secrets.kinds import BY_NAME, PEM
from infra.secrets.set_up import PATH_WANTED, Given, NotSetUp, set_up, show
from infra.secrets.store import Store
from infra.template import STAGES


def main() -> int:
    """Answers 0 when all that is needed is there and good."""
    arguments = _arguments()
    console = Console()
    try:
        place = reach(
            arguments.stage,
            profile=arguments.profile,
            region=arguments.region,
            account=arguments.account,
            directory=arguments.directory,
        )
        console.print(f"secrets of stage {place.stage}, {place}", highlight=False)
        store = Store(place.client("ssm"), place.parameter_prefix)
        if arguments.list:
            return 0 if show(store.read(), console) else 1
        given = Given(_values(arguments), tuple(arguments.replace), arguments.key_id)
        asks = sys.stdin.isatty() and not arguments.stdin
        complete = set_up(store, given, ask_here if asks else None, console)
    except (CannotReach, NoStack, NotSetUp, OSError) as error:
        console.print(str(error), style="red", markup=False, soft_wrap=True)
        return 1
    except (BotoCoreError, ClientError) as error:
        console.print(f"AWS says: {error}", style="red", markup=False, soft_wrap=True)
        return 1
    except (KeyboardInterrupt, EOFError):
        console.print("stopped: nothing more is written")
        return 1
    _say_what_is_next(console, place, store)
    return 0 if complete else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m infra.secrets", description=__doc__)
    parser.add_argument("--stage", choices=STAGES, default="dev")
    parser.add_argument("--profile", help="an AWS profile")
    parser.add_argument("--region", help="an AWS region")
    parser.add_argument("--account", help="refuse any other account")
    parser.add_argument("--directory", type=Path, default=LOCAL_DIRECTORY, help="stage local's")
    parser.add_argument("--list", action="store_true", help="only say what is there")
    parser.add_argument(
        "--file", action="append", default=[], metavar="NAME=PATH", help="a value from a file"
    )
    parser.add_argument(
        "--stdin", action="store_true", help="values from standard input: one JSON object by name"
    )
    parser.add_argument("--key-id", default="", help="the id of WeChat's public key")
    parser.add_argument(
        "--replace",
        action="append",
        default=[],
        metavar="NAME",
        help="may be written anew; of our own keys a new one is put first and the old ones stay",
    )
    return parser.parse_args()


def _values(arguments: argparse.Namespace) -> dict[str, str]:
    """What files and standard input hold. Raises `NotSetUp`."""
    values = from_files(arguments.file)
    if arguments.stdin:
        values |= from_json(sys.stdin.read())
    return values


def from_files(given: Sequence[str]) -> dict[str, str]:
    """`NAME=PATH` each. A value on the command line instead of a path is not quoted back."""
    values = {}
    for one in given:
        name, _, path = one.partition("=")
        if name not in BY_NAME or not path:
            raise NotSetUp(f"--file takes NAME=PATH, NAME one of {', '.join(BY_NAME)}")
        if not Path(path).is_file():
            raise NotSetUp(f"--file {name}=…: there is no such file")
        values[name] = Path(path).read_text(encoding="utf-8")
    return values


def from_json(text: str) -> dict[str, str]:
    """Values by name; what is no text (keys of an object, say) goes in as JSON."""
    try:
        content = json.loads(text)
    except ValueError:
        content = None
    if not isinstance(content, dict):
        raise NotSetUp("standard input is not a JSON object of values by their names")
    return {
        name: value if isinstance(value, str) else json.dumps(value)
        for name, value in content.items()
    }


def ask_here(question: str, is_secret: bool) -> str:
    """Asks at the terminal, without an echo for a secret; of a path, what the file holds."""
    prompt = f"{question}\n  (Enter: later) > "
    if is_secret:
        return getpass.getpass(prompt)
    sys.stdout.write(prompt)
    sys.stdout.flush()
    answer = sys.stdin.readline().strip()
    if not question.endswith(PATH_WANTED) or not answer or PEM in answer:
        return answer
    path = Path(answer).expanduser()
    return path.read_text(encoding="utf-8") if path.is_file() else answer


def _say_what_is_next(console: Console, place: Place, store: Store) -> None:
    shown = "aws ssm get-parameter --with-decryption --query Parameter.Value --output text --name"
    console.print(
        "Functions read a change within five minutes. To enter the message push at WeChat:\n"
        f"  {shown} {store.full_name('wechat_message_token')}\n"
        f"  {shown} {store.full_name('wechat_message_aes_key')}\n"
        f"Then: make doctor STAGE={place.stage}",
        highlight=False,
        markup=False,
        soft_wrap=True,
    )


if __name__ == "__main__":
    sys.exit(main())
