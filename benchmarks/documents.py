"""Invoices set as PDFs: by threads of one process, and end to end by a worker."""

import asyncio
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from statistics import median
from time import monotonic, perf_counter
from typing import Any

import msgspec

from benchmarks import report
from benchmarks.company import found_company
from benchmarks.house import House, house
from conto.documents import render

FEES = 40
THREADS = 2
ROUNDS = 5
SET = 20
QUEUED = 200
DEADLINE_SECONDS = 300

_decoder = msgspec.json.Decoder(float_hook=Decimal)


async def run() -> None:
    """Set an invoice of forty fees again and again, and have a worker make the documents of queued ones."""
    async with house() as built:
        invoice, seller = await queue_documents(built)
        by_worker = await rate_of_worker(built)
    data = render.template_data(invoice, seller)
    alone: list[float] = []
    one: list[float] = []
    two: list[float] = []
    for _ in range(ROUNDS):
        alone.append(rate_of(lambda: render._compile("invoice.typ", data), 1))
        one.append(rate_of(lambda: render.render_invoice(invoice, seller), 1))
        two.append(rate_of(lambda: render.render_invoice(invoice, seller), THREADS))
    limit = median(alone)
    report.show(
        f"PDFs of invoices of {FEES} fees; beside Typst alone",
        ("", "PDFs/s", "ratio"),
        [
            ("Typst alone, 1 thread", limit, 1.0),
            ("render_invoice, 1 thread", median(one), median(one) / limit),
            (f"render_invoice, {THREADS} threads", median(two), median(two) / limit),
            (f"a worker, {QUEUED} queued invoices", by_worker, by_worker / limit),
        ],
        note=f"Medians of {ROUNDS} rounds of {SET}, taking turns; the worker once, from its first PDF to its last.",
    )


async def queue_documents(built: House) -> tuple[dict[str, Any], dict[str, Any]]:
    """Create the invoices, whose documents then wait for a worker; one of them, and its seller, as JSON."""
    async with built.serving(), built.connected() as api:
        company = await found_company(api, customers=QUEUED, taxes=1)
        made = [await api.send(one) for one in company.creations(QUEUED, fees=FEES)]
        sellers = await api.call("GET", "/api/v1/billing_entities", key=company.key)
    invoice = _decoder.decode(made[0].body)["invoice"]
    assert len(invoice["fees"]) == FEES
    return invoice, _decoder.decode(json.dumps(sellers["billing_entities"][0]))


async def rate_of_worker(built: House) -> float:
    """How many documents a second one worker makes of those that wait."""
    owner = await built.connect("postgres")
    with built.process("worker"):
        await documents(owner, 1)
        before, started = await documents(owner, 1), perf_counter()
        await documents(owner, QUEUED)
        seconds = perf_counter() - started
    await owner.close()
    assert len(list((built.folder / "data" / "files").rglob("*.pdf"))) == QUEUED
    return (QUEUED - before) / seconds


async def documents(owner: Any, count: int) -> int:
    """Wait until there are so many documents; how many there are."""
    deadline = monotonic() + DEADLINE_SECONDS
    while monotonic() < deadline:
        made = await owner.fetchval("select count(*) from invoices where file_path is not null")
        if made >= count:
            return made
        await asyncio.sleep(0.02)
    raise RuntimeError("the documents are not made in time")


def rate_of(work: Callable[[], bytes], threads: int) -> float:
    """How often a second that many threads do the work, after each has done it once."""
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(lambda _: work(), range(threads)))
        started = perf_counter()
        made = list(pool.map(lambda _: work(), range(SET)))
        seconds = perf_counter() - started
    assert all(one.startswith(b"%PDF") for one in made)
    return SET / seconds
