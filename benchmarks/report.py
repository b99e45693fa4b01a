"""Tables of results."""

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table

out = Console(highlight=False, width=140)


def show(title: str, headers: Sequence[str], rows: Iterable[Sequence[object]], *, note: str = "") -> None:
    """Print a table; numbers stand to the right."""
    table = Table(title=title, title_justify="left", caption=note or None, caption_justify="left")
    for place, header in enumerate(headers):
        table.add_column(header, justify="right" if place else "left")
    for row in rows:
        table.add_row(*(written(cell) for cell in row))
    out.print(table)
    out.print()


def written(cell: object) -> str:
    """A cell's text; large numbers without a fraction."""
    if isinstance(cell, float):
        return f"{cell:,.0f}" if cell >= 100 else f"{cell:.1f}" if cell >= 10 else f"{cell:.2f}"
    return str(cell)
