"""What the tests of real processes start from."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.databases import Databases
from tests.nodes import Nodes, nodes_on_a_new_database


@pytest.fixture
async def nodes(databases: Databases, tmp_path: Path) -> AsyncIterator[Nodes]:
    """Nodes that are still to be made, on a database of their own."""
    async with nodes_on_a_new_database(databases, tmp_path) as made:
        yield made
