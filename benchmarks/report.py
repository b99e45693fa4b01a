"""Tables of results."""

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table

out = Console(highlight=False, width=140)


def show(title: str, headers: Sequence[str], rows: Iterable[Sequence[object]], *, note: str = "") -> None:
    """Print a table under its title; numbers stand to the right."""
    table = Table()
    for place, header in enumerate(headers):
        table.add_column(header, justify="right" if place else "left")
    for row in rows:
        table.add_row(*(written(cell) for cell in row))
    out.print(title, style="italic")
    out.print(table)
    if note:
        out.print(note, style="dim")
    out.print()


def written(cell: object) -> str:
    """A cell's text; large numbers without a fraction."""
    if isinstance(cell, float):
        return f"{cell:,.0f}" if cell >= 100 else f"{cell:.1f}" if cell >= 10 else f"{cell:.2f}"
    return str(cell)
