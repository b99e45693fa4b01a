"""What a capability's REST surface adds to a call: an invoice, and a trivial answer, through it and directly."""

import json
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from benchmarks import report
from benchmarks.company import found_company
from benchmarks.house import House, answering, free_port, house
from benchmarks.http import Answer, prepared
from benchmarks.load import Sample, sample_http, summary

FEES = 5
TAXES = 2
INVOICES = 100
ROUNDS = 40
SECONDS = 0.25
CONNECTIONS = 8

FILE = """\
naftiko: 1.0.0-alpha2
info: {{label: Benchmark}}
binds:
- namespace: env
  keys: {{KEY: BENCHMARK_KEY}}
capability:
  consumes:
  - type: http
    namespace: conto
    baseUri: http://127.0.0.1:{upstream}
    authentication: {{type: bearer, token: '{{{{env.KEY}}}}'}}
    resources:
    - path: /api/v1/invoices/{{lago_id}}
      operations:
      - {{name: find, method: GET}}
    - path: /ready
      operations:
      - {{name: ready, method: GET}}
  exposes:
  - type: rest
    port: {port}
    resources:
    - path: /v1/invoices/{{lago-id}}
      operations:
      - {{method: GET, name: find, call: conto.find}}
    - path: /v1/ready
      operations:
      - {{method: GET, name: ready, call: conto.ready}}
    - path: /v1/numbers/{{lago-id}}
      operations:
      - method: GET
        name: number
        call: conto.find
        outputParameters:
        - {{name: number, type: string, mapping: $.invoice.number}}
        - {{name: amounts, type: array, mapping: '$.invoice.fees[*].amount_cents'}}
"""


@dataclass(frozen=True, slots=True)
class Pair:
    """The same call directly and through the surface."""

    name: str
    direct: Sequence[bytes]
    through: Sequence[bytes]


async def run() -> None:
    """Ask directly and through the surface in turn; one API process, one runner."""
    rows: list[tuple[object, ...]] = []
    async with house() as built, built.serving():
        async with built.connected() as api:
            company = await found_company(api, customers=INVOICES, taxes=TAXES)
            made = [await api.send(creation) for creation in company.creations(INVOICES, fees=FEES)]
            ids = [json.loads(answer.body)["invoice"]["lago_id"] for answer in made]
        invoices = [prepared("GET", f"/api/v1/invoices/{one}", key=company.key) for one in ids]
        pairs = (
            Pair("/ready", [prepared("GET", "/ready")], [prepared("GET", "/v1/ready")]),
            Pair("invoice", invoices, [prepared("GET", f"/v1/invoices/{one}") for one in ids]),
            Pair("mapped", invoices, [prepared("GET", f"/v1/numbers/{one}") for one in ids]),
        )
        with runner(built, company.key) as (port, process):
            await answering(port, process, "/")
            for pair in pairs:
                rows.append(await measured(pair, built.port, port))
    report.show(
        f"through a capability's REST surface, beside the same call directly, {CONNECTIONS} connections",
        (
            "call",
            "direct/s",
            "p50 ms",
            "p99 ms",
            "through/s",
            "p50 ms",
            "p99 ms",
            "added p50",
            "added p99",
            "ratio p50",
        ),
        rows,
        note=f"One API process and one runner on the same cores; medians of {ROUNDS} rounds of {SECONDS:g} s, "
        f"in turn. An invoice has {FEES} fees and {TAXES} taxes; mapped: two JSONPaths into it.",
    )


async def measured(pair: Pair, direct_port: int, port: int) -> tuple[object, ...]:
    """A row of the table; rounds are short, so that what else the machine does meets both; the first warms up."""
    direct: list[Sample] = []
    through: list[Sample] = []
    for number in range(ROUNDS + 1):
        one = await sample_http(direct_port, pair.direct, is_good, connections=CONNECTIONS, seconds=SECONDS)
        other = await sample_http(port, pair.through, is_good, connections=CONNECTIONS, seconds=SECONDS)
        if number:
            direct.append(one)
            through.append(other)
    bare, ours = summary(direct), summary(through)
    added = (ours.p50 - bare.p50, ours.p99 - bare.p99)
    return (pair.name, bare.rate, bare.p50, bare.p99, ours.rate, ours.p50, ours.p99, *added, ours.p50 / bare.p50)


def is_good(answer: Answer) -> bool:
    """Whether the call has succeeded."""
    return answer.status == 200 and bool(answer.body)


@contextmanager
def runner(built: House, key: str) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    """A runner on the server of the house: its port and its process."""
    port = free_port()
    file = built.folder / "capability.yaml"
    file.write_text(FILE.format(upstream=built.port, port=port))
    with built.process("capability", "serve", str(file), BENCHMARK_KEY=key) as process:
        yield port, process
