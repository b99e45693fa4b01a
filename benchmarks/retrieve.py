"""Invoices retrieved, beside the same server's trivial endpoint."""

import json

from benchmarks import report
from benchmarks.company import found_company
from benchmarks.house import house
from benchmarks.http import Answer, prepared
from benchmarks.load import Sample, sample_http, summary

FEES = 5
TAXES = 2
INVOICES = 100
ROUNDS = 5
SECONDS = 2.0
CONNECTIONS = (4, 8)


async def run() -> None:
    """Retrieve invoices of five fees and two taxes, one API process."""
    rows: list[tuple[object, ...]] = []
    async with house() as built, built.serving():
        async with built.connected() as api:
            company = await found_company(api, customers=INVOICES, taxes=TAXES)
            made = [await api.send(creation) for creation in company.creations(INVOICES, fees=FEES)]
            ids = [json.loads(answer.body)["invoice"]["lago_id"] for answer in made]
            wanted = [prepared("GET", f"/api/v1/invoices/{one}", key=company.key) for one in ids]
            whole = len((await api.send(wanted[0])).body)
        trivial = [prepared("GET", "/ready")]
        for connections in CONNECTIONS:
            found: list[Sample] = []
            ready: list[Sample] = []
            for number in range(ROUNDS + 1):
                one = await sample_http(
                    built.port, wanted, lambda answer: is_whole(answer, whole), connections=connections, seconds=SECONDS
                )
                other = await sample_http(
                    built.port, trivial, lambda answer: answer.status == 200, connections=connections, seconds=SECONDS
                )
                if number:
                    found.append(one)
                    ready.append(other)
            ours, limit = summary(found), summary(ready)
            rows.append((f"{connections}", ours.rate, ours.p50, ours.p99, limit.rate, ours.rate / limit.rate))
    report.show(
        f"GET /invoices/{{id}}, {FEES} fees, {TAXES} taxes, {whole:,} bytes; beside GET /ready",
        ("connections", "invoices/s", "p50 ms", "p99 ms", "ready/s", "ratio"),
        rows,
        note=f"One API process; medians of {ROUNDS} rounds of {SECONDS:g} s, the two sides taking turns.",
    )


def is_whole(answer: Answer, size: int) -> bool:
    """Whether all of an invoice has come; numbers and external ids may be some characters longer or shorter."""
    return (
        answer.status == 200 and abs(len(answer.body) - size) < 100 and answer.body.count(b'"lago_charge_id"') == FEES
    )
