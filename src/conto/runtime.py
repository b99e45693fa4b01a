"""Puts a process together from its settings: secrets, files, connections."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import structlog

from conto import clock
from conto import handlers as _handlers
from conto.credentials import Credentials
from conto.db.engine import create_engine
from conto.files import open_files
from conto.secrets import Secrets
from conto.settings import Settings
from conto.smtp import open_mailer
from conto.work import Retention, Works

_registered = _handlers

log = structlog.get_logger()


@asynccontextmanager
async def open_works(
    settings: Settings,
    credentials: Credentials,
    database_url: str,
    *,
    pool_size: int,
    pool_timeout: float = 30,
    statement_seconds: int = 0,
    plans_once: bool = False,
) -> AsyncIterator[Works]:
    """Units of work on a pool of connections of their own, for as long as the context lasts.

    A statement may run for `statement_seconds`; 0 is for ever. `plans_once` is for processes that run the same few
    statements by ids, again and again. The process goes by the clock of the settings.
    """
    clock.follow(settings.clock_file)
    if settings.clock_file is not None:
        log.warning("clock.told_by_a_file", file=str(settings.clock_file), shows=clock.system_now().isoformat())
    secrets = Secrets(credentials.secret_key)
    files = open_files(settings.files_url, secrets, settings.public_url, settings.link_seconds)
    engine = create_engine(
        database_url,
        pool_size=pool_size,
        pool_timeout=pool_timeout,
        statement_seconds=statement_seconds,
        plans_once=plans_once,
    )
    retention = Retention(
        activity_logs=timedelta(days=settings.activity_log_days), api_logs=timedelta(days=settings.api_log_days)
    )
    try:
        yield Works(
            engine,
            secrets,
            files,
            settings.public_url,
            vies_url=settings.vies_url,
            mailer=open_mailer(settings),
            allow_private_webhooks=settings.allow_private_webhooks,
            retention=retention,
        )
    finally:
        await engine.dispose()
