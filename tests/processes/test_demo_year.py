"""The demo's year as its user sees it, and its books held against the rules, by hand."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.servers import RunningServer, running_server


@dataclass(frozen=True, slots=True)
class PlayedYear:
    """What `conto demo year` printed and left, and the server that it ran on."""

    server: RunningServer
    lines: list[str]
    folder: Path

    @property
    def rows(self) -> list[list[str]]:
        """The rows of both tables."""
        return [line.split("\t") for line in self.lines if "\t" in line]

    @property
    def key(self) -> str:
        """The API key of the organization in which it was played."""
        return self.lines[-1].split()[-1]

    def invoice(self, number: str) -> dict[str, Any]:
        """The invoice with this number, with all that is on it."""
        found = self.get(f"/invoices?search_term={number}")["invoices"]
        (listed,) = [each for each in found if each["number"] == number]
        return self.get(f"/invoices/{listed['lago_id']}")["invoice"]

    def get(self, path: str) -> Any:
        """Read below /api/v1."""
        answer = self.server.call("GET", f"/api/v1{path}", key=self.key)
        assert answer.status_code == 200, answer.text
        return json.loads(answer.text, parse_float=Decimal)


@pytest.fixture(scope="module")
def year(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PlayedYear]:
    """The year, played once."""
    folder = tmp_path_factory.mktemp("year")
    with running_server() as server:
        done = server.conto("demo", "year", "--folder", str(folder))
        assert (done.returncode, done.stderr) == (0, "")
        yield PlayedYear(server, done.stdout.splitlines(), folder / "havenshop")


def fees(invoice: dict[str, Any]) -> dict[str, int]:
    """The amounts of an invoice's fees, by what they are for."""
    return {
        "newsletters" if fee["item"]["filters"] else fee["item"]["code"] if kind in PRICED else kind: fee[
            "amount_cents"
        ]
        for fee in invoice["fees"]
        for kind in [fee["item"]["type"]]
    }


PRICED = ("charge", "fixed_charge")


def test_every_invoice_and_credit_note_is_told_and_has_its_document(year: PlayedYear):
    invoices, notes = year.rows[:232], year.rows[232:]
    assert [row[0] for row in notes] == ["HAVEN-017-003-CN001", "HAVEN-008-006-CN001"]
    assert Counter(row[3] for row in invoices) == {"subscription": 229, "one_off": 3}
    assert Counter(row[4] for row in invoices) == {
        "paid": 209,
        "part paid, overdue": 11,
        "overdue": 10,
        "dispute lost": 1,
        "voided": 1,
    }
    assert len({row[1] for row in invoices}) == 20
    assert {path.name for path in year.folder.iterdir()} == {row[6] for row in year.rows}
    assert all(path.read_bytes().startswith(b"%PDF") for path in year.folder.iterdir())


def test_the_books_are_right_and_nothing_is_held(year: PlayedYear):
    told = year.server.conto("ledger", "verify")
    assert (told.returncode, told.stderr) == (0, "")
    assert told.stdout.startswith("Every invoice is owed what its transfers say")
    assert year.server.conto("agenda", "failed").stdout == ""
    assert year.server.conto("jobs", "failed").stdout == ""


def test_who_pays_in_part_owes_the_rest(year: PlayedYear):
    for invoice in year.get("/invoices?external_customer_id=aire&per_page=100")["invoices"]:
        paid, total = invoice["total_paid_amount_cents"], invoice["total_amount_cents"]
        assert (paid, invoice["total_due_amount_cents"]) == (total // 2, total - total // 2)


# What each invoice must come to, in minor units, reckoned by hand from the chapters: number, date, fees, tax, total.
# Orders of a shop: 0.9 % of what comes after the first three, and 0.15 for each of those. Orders of day d in month m
# are size x (24 + d + m) and a half, on days 2, 5, … 23; newsletters size x (300 + 40 m) on days 5 and 19, receipts
# size x (120 + 15 m) on days 9 and 23; storage at most 8 size + 3 m.
BY_HAND = {
    # From 6 January, 26 of 31 days: 5900 x 26/31 = 4948.39; 21 % of 4948 = 1039.08.
    "HAVEN-001-001": ("2025-01-09", {"subscription": 4948}, 1039, 5987),
    # Orders 8th to 23rd: 99.5 … 144.5, 732 in all, 325.5 free: 3.6585 + 0.45. One newsletter of 1020: 4 + 0.05 + 3.
    # Receipts 2 x 405: 1 + 0.465. Storage 27 x 0.10. Two accounts of 26 days: 52/31, up to 1.67742, x 6.
    # 21 % of 8439 = 1772.19.
    "HAVEN-001-002": (
        "2025-02-04",
        {"subscription": 5900, "orders": 411, "newsletters": 705, "emails": 147, "storage": 270, "staff": 1006},
        1772,
        10211,
    ),
    # April's orders are 976, and 300.25 of the 30th that was told on 2 May: (1276.25 - 298.5) x 0.9 % + 6 x 0.15.
    # Three accounts, one of them for 20 of 30 days: 2.66667 x 6.
    "HAVEN-001-005": (
        "2025-05-04",
        {"subscription": 5900, "orders": 970, "newsletters": 1140, "emails": 187, "storage": 360, "staff": 1600},
        2133,
        12290,
    ),
    # In kroner, all prices x 12. Three orders, all free. One newsletter of 1700: (4 + 1.75 + 3) x 12. Receipts 675.
    # 5 x 8 + 3 = 43 GB. Two accounts of 17 days: 34/31, up to 1.09678, x 72. 25 % of 95872.
    "HAVEN-006-002": (
        "2025-02-04",
        {"subscription": 70800, "orders": 0, "newsletters": 10500, "emails": 1515, "storage": 5160, "staff": 7897},
        23968,
        119840,
    ),
    # A trial of 14 days from 20 January: at its start the domains alone, 2 x 3 x 12/31, due at once.
    "HAVEN-007-001": ("2025-01-20", {"domain": 232}, 0, 232),
    # Still in trial: no subscription fee. 1.5 hours x 20 x 12/31; 1.5 % of two orders, 46 - 1 + 49 = 94.
    "HAVEN-007-002": ("2025-02-04", {"orders": 141, "domain": 600, "support": 1161}, 0, 1902),
    # The trial ends on 3 February at 9:00 UTC: 26 begun days of 28.
    "HAVEN-007-003": ("2025-02-06", {"subscription": 1764}, 0, 1764),
    # Ended on 17 June. Six orders, 477 in all, 211.5 free: 2.3895 + 0.45. One newsletter of 1080, one receipt of 420.
    # Three accounts, 3 x 17/30 x 6. All of it is paid by the credit note over what is left of the month.
    "HAVEN-008-007": (
        "2025-06-20",
        {"orders": 284, "newsletters": 720, "emails": 84, "storage": 340, "staff": 1020},
        0,
        0,
    ),
    # From the 6th of a month to the 5th of the next, 28 days; the fee ahead is whole. Eight orders, two of them in
    # March, 624 in all, 223.5 free; newsletters of 760 and 840.
    "HAVEN-009-002": (
        "2025-03-09",
        {"subscription": 5900, "orders": 435, "newsletters": 850, "emails": 115, "storage": 220, "staff": 1200},
        0,
        8720,
    ),
    # In yen, x 170, without minor units; begun on 11 March of Tokyo. (882.5 - 493.5) x 0.9 % and 2 x 25.50, of yen.
    # Two accounts of 21 days: 42/31, up to 1.35484.
    "HAVEN-014-002": (
        "2025-04-04",
        {"subscription": 10030, "orders": 55, "newsletters": 1479, "emails": 211, "storage": 697, "staff": 1382},
        0,
        13854,
    ),
    # The upgrade of 13 May: 5900 x 19/31 = 3616.13 from that day on; 30 x 13/31 = 12.58 up to that day; 1.5 % of 428;
    # less the credit note over 1900 x 19/31 = 1164.52.
    "HAVEN-017-004": ("2025-05-16", {"subscription": 3616, "orders": 642, "support": 1258}, 0, 4351),
    # The downgrade of 1 October: September of a shop, and October of a starter.
    "HAVEN-018-007": (
        "2025-10-04",
        {
            "subscription": 1900,
            "domain": 600,
            "orders": 302,
            "newsletters": 780,
            "emails": 102,
            "storage": 350,
            "staff": 1560,
        },
        0,
        5594,
    ),
    # 30 June 20:00 UTC is 1 July in Pune: the whole month, in dollars.
    "HAVEN-020-001": ("2025-07-04", {"subscription": 6490}, 0, 6490),
    # A chain's month: 15284 x 0.5 %; 465,000 requests less 20,000 are 45 packages begun; 353 GB x 0.08 + 2.
    "HAVEN-003-014": ("2025-12-11", {"orders": 7642, "requests": 6750, "storage": 3024}, 0, 17416),
    # A chain's second year, in dollars, x 1.1: 20,000 x 0.5 % + 12,944 x 0.3 % + 11; 94 packages; (756 x 0.08 + 2).
    "HAVEN-002-014": (
        "2026-01-10",
        {"subscription": 1_056_000, "orders": 14_983, "requests": 15_510, "storage": 6873},
        0,
        1_093_366,
    ),
}


@pytest.mark.parametrize("number", BY_HAND)
def test_an_invoice_comes_to_what_the_rules_say(year: PlayedYear, number: str):
    issued, amounts, tax, total = BY_HAND[number]
    invoice = year.invoice(number)
    assert fees(invoice) == amounts
    assert (invoice["issuing_date"], invoice["taxes_amount_cents"], invoice["total_amount_cents"]) == (
        issued,
        tax,
        total,
    )


def test_a_year_below_its_minimum_is_made_up_to_it(year: PlayedYear):
    first = fees(year.invoice("HAVEN-003-001"))
    months = [fees(year.invoice(f"HAVEN-003-{number:03}")) for number in (2, 3, *range(6, 15))]
    last = fees(year.invoice("HAVEN-003-015"))
    used = sum(sum(month.values()) for month in months) + last["orders"] + last["requests"] + last["storage"]
    assert first == {"subscription": 960_000}
    assert len(months) == 11
    assert last["commitment"] == 1_200_000 - 960_000 - used > 0


def test_the_rest_of_a_month_paid_ahead_is_credited(year: PlayedYear):
    upgrade, end = year.get("/credit_notes")["credit_notes"][::-1]
    # 19 of 31 days of 19.00 from the day of the upgrade, all used; 13 of 30 days of 59.00 after the last day.
    assert (upgrade["total_amount_cents"], upgrade["balance_amount_cents"]) == (1165, 0)
    assert (end["total_amount_cents"], end["balance_amount_cents"]) == (2557, 2557 - 2448)
