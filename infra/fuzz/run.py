"""`make fuzz`: brings the local stack up and sends it requests of every kind, made from the OpenAPI
document, then looks at the books. Answers 1 when anything was not as the document says.
"""

import argparse
import sys

from rich.console import Console
from rich.table import Table

from infra.fuzz.fuzzing import fuzz
from infra.fuzz.scene import set_scene
from infra.local.books import close_books
from infra.local.endpoints import LOCAL_DIRECTORY
from infra.local.sandbox_control import SandboxControl
from infra.local.seed import seed_catalogue
from infra.local.stack import running_stack

CASES = 200


def main() -> int:
    """Runs until all is sent, or Ctrl-C."""
    parser = argparse.ArgumentParser(prog="python -m infra.fuzz.run", description=__doc__)
    parser.add_argument("--cases", type=int, default=CASES, help="of each operation, at most")
    parser.add_argument("--seed", type=int, help="the same requests again")
    arguments = parser.parse_args()
    console = Console()
    directory = LOCAL_DIRECTORY / "fuzz"
    with running_stack(console=console, seed=seed_catalogue) as stack:
        with stack.progress.phase("set the scene"):
            scene = set_scene(stack)
        fuzzed = fuzz(
            stack,
            scene,
            cases=arguments.cases,
            directory=directory,
            seed=arguments.seed,
            shows=True,
        )
        books = close_books(stack, SandboxControl(stack.endpoints.sandbox_url))
    table = Table("requests", "operations", "failures", "minutes")
    minutes, seconds = divmod(round(fuzzed.seconds), 60)
    figures = (fuzzed.cases, fuzzed.operations, fuzzed.failures)
    table.add_row(*(str(each) for each in figures), f"{minutes}:{seconds:02d}")
    console.print(table)
    again = f"make fuzz CASES={arguments.cases} ARGUMENTS=--seed={fuzzed.seed}"
    console.print(f"again: {again}", highlight=False, soft_wrap=True)
    differences = books.differences()
    console.print("\n".join(differences) or "the books agree", highlight=False)
    return 0 if fuzzed.is_complete and not fuzzed.failures and not differences else 1


if __name__ == "__main__":
    sys.exit(main())
