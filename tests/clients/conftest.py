"""One real server for all published clients, and an organization of its own for each test."""

import os
from collections.abc import Iterator
from itertools import count

import pytest

from tests.clients.node import install_packages
from tests.servers import RunningServer, running_server

_numbers = count(1)


@pytest.fixture(scope="session")
def server() -> Iterator[RunningServer]:
    """`conto up` in a process of its own."""
    with running_server() as running:
        yield running


@pytest.fixture(scope="session")
def packages() -> None:
    """The published JavaScript packages, installed."""
    install_packages(os.environ)


@pytest.fixture
def key(server: RunningServer) -> str:
    """The API key of a new, live organization."""
    body = {"organization": {"name": f"Client {next(_numbers)}"}}
    answer = server.call("POST", "/admin/organizations", body, key=server.admin_key)
    return answer.json()["organization"]["api_key"]
