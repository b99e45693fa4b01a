"""One embedded PostgreSQL for the whole run, one migrated database a worker, one organization a test."""

import asyncio
import os
import shutil
import tempfile
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, settings
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from conto.credentials import Credentials
from conto.db import embedded
from conto.db.migrate import migrate
from conto.runtime import open_works
from conto.settings import Settings
from conto.work import Works
from tests.company import Company, open_company
from tests.databases import Databases
from tests.mailbox import EMAIL_SETTINGS, Mailbox, mailbox

settings.register_profile(
    "suite", deadline=None, print_blob=True, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "suite"))

SERVER = "CONTO_TEST_DATABASES"
"""Where the workers of a run find the server that its controller started: the address with NAME and ROLE."""


def pytest_configure(config: pytest.Config) -> None:
    if hasattr(config, "workerinput") or os.environ.get(SERVER):
        return
    folder = Path(tempfile.mkdtemp(prefix="conto-tests-"))
    folder.chmod(0o711)
    server = embedded.start(folder / "postgres", fsync=False)
    os.environ[SERVER] = server.url("NAME", "ROLE")
    server.ensure_database("template")
    asyncio.run(migrate(server.url("template")))
    config.stash[STOP] = (server, folder)


STOP: pytest.StashKey[Any] = pytest.StashKey()


def pytest_unconfigure(config: pytest.Config) -> None:
    if STOP in config.stash:
        server, folder = config.stash[STOP]
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)
        os.environ.pop(SERVER, None)


@pytest_asyncio.fixture(scope="session")
async def databases(worker_id: str) -> AsyncIterator[Databases]:
    """A database of this worker's own, copied from the migrated one."""
    made = Databases(os.environ[SERVER])
    name = f"test_{worker_id}"
    engine = create_async_engine(made.url("postgres", "postgres"), poolclass=NullPool, isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        await connection.execute(text(f"drop database if exists {name} with (force)"))
        await connection.execute(text(f"create database {name} template template"))
    await engine.dispose()
    made.name = name
    yield made


@pytest.fixture(scope="session")
def process_settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings of a process with folders of its own."""
    data = tmp_path_factory.mktemp("data")
    return Settings.from_environment(
        {
            "CONTO_DATA": str(data),
            "CONTO_PUBLIC_URL": "http://conto.test",
            # Nobody answers at this VIES: tests that ask one bring their own.
            "CONTO_VIES_URL": "http://127.0.0.1:1/vies",
            "CONTO_ALLOW_PRIVATE_WEBHOOKS": "true",
        }
    )


@pytest_asyncio.fixture(scope="session")
async def works(databases: Databases, process_settings: Settings) -> AsyncIterator[Works]:
    """Units of work as the application opens them: as the role without superuser rights."""
    credentials = Credentials(secret_key="t" * 43, admin_key="admin-key", api_key=None, organization_id=None)
    async with open_works(process_settings, credentials, databases.url(), pool_size=20) as opened:
        yield opened


@pytest_asyncio.fixture
async def company(works: Works) -> AsyncIterator[Company]:
    """A live organization with the verbs that stories need."""
    async with open_company(works) as opened:
        yield opened
        await opened.leave()


@pytest_asyncio.fixture
async def other_company(works: Works) -> AsyncIterator[Company]:
    """Another organization, whose things are nobody else's business."""
    async with open_company(works) as opened:
        yield opened
        await opened.leave()


@pytest_asyncio.fixture
async def rehearsal(works: Works) -> AsyncIterator[Company]:
    """A test organization, whose clock starts on 5 March 2024 at noon UTC."""
    async with open_company(works, frozen_time="2024-03-05T12:00:00Z") as opened:
        yield opened
        await opened.leave()


@pytest_asyncio.fixture
async def box() -> AsyncIterator[Mailbox]:
    """A mail server that keeps what it gets."""
    async with mailbox() as opened:
        yield opened


@pytest_asyncio.fixture
async def mailing(works: Works, box: Mailbox) -> AsyncIterator[Company]:
    """A live organization whose mail goes to the box: it mails all its documents, and issues receipts."""
    async with open_company(replace(works, mailer=box.mailer())) as opened:
        await opened.put("/organizations", EMAIL_SETTINGS)
        yield opened
        await opened.leave()
