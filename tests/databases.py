"""The databases of a test run."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool


@dataclass(slots=True)
class Databases:
    """The server of the run; `name` is the worker's own database."""

    template: str
    name: str = ""

    def url(self, name: str | None = None, role: str = "conto_app") -> str:
        """The address of a database for a role."""
        return self.template.replace("NAME", name or self.name).replace("ROLE", role)

    @asynccontextmanager
    async def another(self, name: str, *, migrated: bool = False, owner: str = "postgres") -> AsyncIterator[str]:
        """A database that nobody else uses, empty or migrated; its address, as its owner reaches it."""
        name = f"{name}_{self.name}"
        engine = create_async_engine(self.url("postgres", "postgres"), poolclass=NullPool, isolation_level="AUTOCOMMIT")
        template = " template template" if migrated else ""
        async with engine.connect() as connection:
            await connection.execute(text(f"drop database if exists {name} with (force)"))
            await connection.execute(text(f"create database {name} owner {owner}{template}"))
            try:
                yield self.url(name, owner)
            finally:
                await connection.execute(text(f"drop database {name} with (force)"))
        await engine.dispose()
