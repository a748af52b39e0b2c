"""`python -m infra.cost` prints the tables; with `--markdown` as docs/cost.md has them."""

import sys

from rich.console import Console
from rich.table import Table

from infra.cost.tables import all_tables


def main(arguments: list[str]) -> None:
    """Each table of the document."""
    console = Console()
    for table in all_tables():
        if "--markdown" in arguments:
            sys.stdout.write(f"{table.markdown()}\n\n")
            continue
        shown = Table(title=table.title)
        for number, heading in enumerate(table.heading):
            shown.add_column(heading, justify="right" if number else "left")
        for row in table.rows:
            shown.add_row(*(cell.replace("*", "").replace("`", "") for cell in row))
        console.print(shown)


if __name__ == "__main__":
    main(sys.argv[1:])
