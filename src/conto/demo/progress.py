"""How far a demo has come, on a terminal."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

Step = Callable[[str], AbstractContextManager[None]]


@contextmanager
def progress(console: Console, steps: int) -> Iterator[Step]:
    """A bar over so many steps, each entered under its name; nothing where the console is no terminal."""
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=steps)

        @contextmanager
        def step(name: str) -> Iterator[None]:
            bar.update(task, description=name)
            yield
            bar.advance(task)

        yield step
