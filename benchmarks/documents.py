"""Invoices set as PDFs: by threads of one process, and end to end by a worker."""

import asyncio
import json
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from statistics import median
from time import monotonic, perf_counter
from typing import Any

import msgspec
import typst

from benchmarks import report
from benchmarks.company import found_company
from benchmarks.house import House, house
from conto.documents import render
from conto.documents.fonts import fonts

FEES = 40
LOCALE = "en"
THREADS = 2
ROUNDS = 5
SET = 21
QUEUED = 200
DEADLINE_SECONDS = 300

_decoder = msgspec.json.Decoder(float_hook=Decimal)


async def run() -> None:
    """Set an invoice of forty fees again and again, and have a worker make the documents of queued ones."""
    async with house() as built:
        invoice, seller = await queue_documents(built)
        by_worker = await rate_of_worker(built)
    compiler = typst_compiler()
    alone: list[float] = []
    one: list[float] = []
    two: list[float] = []
    for number in range(ROUNDS):
        given = [varied(invoice, number * SET + place) for place in range(SET)]
        words = [json.dumps(render.template_data(each, seller, LOCALE)) for each in given]
        alone.append(rate_of(lambda data: typst_alone(compiler, data), words, 1))
        given = [varied(invoice, -1 - number * SET - place) for place in range(SET)]
        one.append(rate_of(lambda each: render.render_invoice(each, seller, LOCALE), given, 1))
        given = [varied(invoice, 10_000 + number * SET + place) for place in range(SET)]
        two.append(rate_of(lambda each: render.render_invoice(each, seller, LOCALE), given, THREADS))
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
        note=f"Medians of {ROUNDS} rounds of {SET - 1}, taking turns; the worker once, from its first PDF to its last.",
    )


def varied(invoice: dict[str, Any], number: int) -> dict[str, Any]:
    """The invoice with other names and amounts: what is set again is kept by Typst, and costs little."""
    fees = [
        fee
        | {
            "item": fee["item"] | {"invoice_display_name": f"Item {number}, {place}"},
            "description": f"Work on site {number}, as agreed on day {place}.",
            "amount_cents": fee["amount_cents"] + number,
        }
        for place, fee in enumerate(invoice["fees"])
    ]
    return invoice | {"number": f"{invoice['number']}-{number}", "fees": fees}


def typst_compiler() -> typst.Compiler:
    """A compiler of the template, used by nothing else."""
    template = render.TEMPLATES / "invoice.typ"
    return typst.Compiler(str(template), root=str(render.TEMPLATES), font_paths=fonts())


def typst_alone(compiler: typst.Compiler, data: str) -> bytes:
    """The template set with words that have been made before."""
    made = compiler.compile(format="pdf", sys_inputs={"data": data}, pdf_standards=[render.PDF_STANDARD])
    assert isinstance(made, bytes)
    return made


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


def rate_of(setting: Callable[[Any], bytes], given: Sequence[Any], threads: int) -> float:
    """How many of what is given that many threads set a second, after each has set the first."""
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(setting, [given[0]] * threads))
        started = perf_counter()
        made = list(pool.map(setting, given[1:]))
        seconds = perf_counter() - started
    assert all(one.startswith(b"%PDF") for one in made)
    return len(made) / seconds
