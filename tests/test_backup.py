"""A backup that is taken while the server runs is restored elsewhere, whole, or refused."""

import json
import tarfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, Thread
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from conto.backup import create
from conto.backup.archive import ArchiveError, Manifest
from conto.backup.create import back_up
from conto.backup.restore import restore
from conto.credentials import Credentials, load_or_create
from conto.db.migrate import current_revision, migrate, newest_revision
from conto.db.tables import metadata
from conto.runtime import open_works
from conto.settings import Settings
from conto.work import Works
from tests.books import mismatches, run_on
from tests.company import open_company
from tests.databases import Databases
from tests.servers import RunningServer, new_place, started, wait_until
from tests.things import one_of_everything

CUSTOMER = {"customer": {"external_id": "acme", "currency": "EUR"}}
ADD_ON = {"add_on": {"name": "Setup", "code": "setup", "amount_cents": 1000, "amount_currency": "EUR"}}
INVOICE = {"invoice": {"external_customer_id": "acme", "fees": [{"add_on_code": "setup"}]}}
INVOICES = 6
SECONDS = 60
LEFT_OUT = {"follower_positions"}
COUNTING = {"events"}
"""Tables whose rows bear the id of their transaction."""


def invoices_of(server: RunningServer) -> list[Any]:
    """All invoices, the oldest first."""
    found = server.call("GET", "/api/v1/invoices?per_page=1000").json()["invoices"]
    return sorted(found, key=lambda invoice: invoice["sequential_id"])


def with_documents(server: RunningServer, count: int) -> bool:
    return sum(invoice["file_url"] is not None for invoice in invoices_of(server)) >= count


class Issuer(Thread):
    """Issues invoices, one after another, until it is told to stop."""

    def __init__(self, server: RunningServer) -> None:
        super().__init__()
        self.server = server
        self.over = Event()
        self.issued: list[str] = []

    def run(self) -> None:
        while not self.over.is_set():
            answer = self.server.call("POST", "/api/v1/invoices", INVOICE)
            self.issued.append(answer.json()["invoice"]["number"])


def backup_beside_a_writer(server: RunningServer) -> Path:
    """A backup of the running server, during which invoices were issued."""
    issuer = Issuer(server)
    issuer.start()
    wait_until(lambda: len(issuer.issued) > 2, SECONDS)
    before = len(issuer.issued)
    done = server.conto("backup", str(server.place.folder))
    during = len(issuer.issued) - before
    issuer.over.set()
    issuer.join()
    assert (done.returncode, done.stderr) == (0, "")
    assert during > 0
    (path,) = server.place.folder.glob("conto-*.tar")
    assert done.stdout.startswith(f"{path}: ")
    return path


def test_a_backup_of_a_running_server_is_restored_into_a_new_folder():
    with new_place() as place, started(place) as server, new_place() as elsewhere:
        for path, body in (("customers", CUSTOMER), ("add_ons", ADD_ON)):
            assert server.call("POST", f"/api/v1/{path}", body).status_code == 200
        for _ in range(INVOICES):
            server.call("POST", "/api/v1/invoices", INVOICE)
        public_key = server.call("GET", "/api/v1/webhooks/json_public_key").json()
        wait_until(lambda: with_documents(server, INVOICES), SECONDS)
        path = backup_beside_a_writer(server)
        refused = server.conto("restore", str(path), "--replace")
        assert (refused.returncode, "is in use by the process" in refused.stderr) == (1, True)

        done = elsewhere.conto("restore", str(path))
        assert (done.returncode, done.stderr) == (0, "")
        verified = elsewhere.conto("ledger", "verify")
        assert (verified.returncode, verified.stdout[:24]) == (0, "Every invoice is owed wh")
        there = {invoice["lago_id"]: invoice for invoice in invoices_of(server)}
        with started(elsewhere) as restored:
            has_every_invoice_with_its_document(restored, there)
            # The first organization's key is found again, numbers go on, and secrets can be read.
            assert restored.api_key == server.api_key
            assert restored.call("GET", "/api/v1/webhooks/json_public_key").json() == public_key
            count = len(invoices_of(restored))
            issued = restored.call("POST", "/api/v1/invoices", INVOICE).json()["invoice"]
            assert issued["sequential_id"] == count + 1


def has_every_invoice_with_its_document(restored: RunningServer, there: dict[str, Any]) -> None:
    """Those that were there when the backup was taken; what had no document then gets one."""
    wait_until(lambda: with_documents(restored, len(invoices_of(restored))), SECONDS)
    invoices = invoices_of(restored)
    assert len(invoices) >= INVOICES + 3
    assert [invoice["sequential_id"] for invoice in invoices] == list(range(1, len(invoices) + 1))
    for invoice in invoices:
        assert comparable(invoice) == comparable(there[invoice["lago_id"]])
        document = httpx.get(invoice["file_url"]).content
        assert document.startswith(b"%PDF-")
        if invoice["sequential_id"] <= INVOICES:
            assert document == httpx.get(there[invoice["lago_id"]]["file_url"]).content


def comparable(invoice: dict[str, Any]) -> dict[str, Any]:
    """What does not depend on where and when it is asked."""
    return {name: value for name, value in invoice.items() if name not in ("file_url", "updated_at")}


@dataclass
class House:
    """A server's settings and its database."""

    settings: Settings
    url: str

    @property
    def credentials(self) -> Credentials:
        """The keys of its folder, made where there are none."""
        return load_or_create(self.settings)

    @asynccontextmanager
    async def works(self) -> AsyncIterator[Works]:
        """Units of work, as the application opens them."""
        async with open_works(self.settings, self.credentials, application(self.url), pool_size=5) as opened:
            yield opened

    async def back_up(self, path: Path, **options: Any) -> Manifest:
        async with self.works() as works:
            return (await back_up(self.url, works.files, self.credentials, path, **options)).manifest

    async def restore(self, path: Path, **options: Any) -> Manifest:
        return await restore(self.settings, self.url, path, **options)


def application(url: str) -> str:
    """The database's address for the application's role."""
    return url.replace("postgres@", "conto_app@").replace("landlord@", "conto_app@")


def house(folder: Path, url: str) -> House:
    return House(Settings.from_environment({"CONTO_DATA": str(folder), "CONTO_PUBLIC_URL": "http://conto.test"}), url)


@pytest.fixture
async def old(databases: Databases, tmp_path: Path) -> AsyncIterator[House]:
    """A server to take a backup of."""
    async with databases.another("old", migrated=True) as url:
        yield house(tmp_path / "old", url)


@pytest.fixture
async def new(databases: Databases, tmp_path: Path) -> AsyncIterator[House]:
    """A server that holds nothing yet."""
    async with databases.another("new") as url:
        yield house(tmp_path / "new", url)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "backup.tar"


async def populated(works: Works) -> None:
    """Two organizations, each with rows in every table, and the documents of an invoice and its payment."""
    for _ in range(2):
        async with open_company(works) as company:
            await one_of_everything(company)
            await company.run_jobs()
            await company.invoice(await company.customer(), {"add_on_code": (await company.add_on())["code"]})


async def rows_of(house: House) -> dict[str, list[str]]:
    """All rows of all tables, as text."""
    found: dict[str, list[str]] = {}
    for table in [table.name for table in metadata.sorted_tables] + ["queue.pgqueuer", "queue.pgqueuer_log"]:
        # Transactions are others on another server.
        row = "(to_jsonb(t) - 'xid')::text" if table in COUNTING else "t::text"
        rows = await run_on(house.url, f"select {row} as row from {table} t order by 1")
        found[table] = [row.row for row in rows]
    return found


async def test_every_row_of_every_table_and_every_document_comes_back(old: House, new: House, path: Path):
    async with old.works() as works:
        await populated(works)
        documents = {name: await works.files.get(name) for name in await works.files.paths()}
    manifest = await old.back_up(path)
    before = await rows_of(old)
    assert [name for name, rows in before.items() if not rows] == sorted(LEFT_OUT)
    assert (manifest.missing, len(documents)) == ([], 10)

    await new.restore(path)
    assert await rows_of(new) == before
    async with new.works() as works:
        assert {name: await works.files.get(name) for name in await works.files.paths()} == documents
        async with open_company(works) as company:
            # Sequences go on, references and row-level security hold.
            await one_of_everything(company)
            assert await mismatches(company) == []
        async with works.engine.begin() as connection:
            assert (await connection.execute(text("select count(*) from customers"))).scalar_one() == 0
            references = "select count(*) from pg_constraint where contype = 'f'"
            count = (await connection.execute(text(references))).scalar_one()
    assert count == sum(len(table.foreign_key_constraints) for table in metadata.sorted_tables)


async def test_an_owner_without_superuser_rights_backs_up_and_restores(
    databases: Databases, old: House, path: Path, tmp_path: Path, landlord: str
):
    async with old.works() as works:
        await populated(works)
    before = await rows_of(old)
    await old.back_up(path)
    async with databases.another("owned", owner=landlord) as url, databases.another("again", owner=landlord) as other:
        owned, again = house(tmp_path / "owned", url), house(tmp_path / "again", other)
        await owned.restore(path)
        assert await rows_of(replace_owner(owned)) == before
        await owned.back_up(tmp_path / "second.tar")
        await again.restore(tmp_path / "second.tar")
        assert await rows_of(replace_owner(again)) == before


def replace_owner(house: House) -> House:
    """The house, seen by the superuser."""
    return replace(house, url=house.url.replace("landlord@", "postgres@"))


@pytest.fixture
async def landlord(databases: Databases) -> AsyncIterator[str]:
    """A role that may own a database and make roles, and no more, as on managed servers."""
    server = databases.url("postgres", "postgres")
    await run_on(
        server,
        "do $$ begin if not exists (select from pg_roles where rolname = 'landlord') then"
        " create role landlord login createrole; end if; end $$",
    )
    await run_on(server, "grant conto_app to landlord with admin option")
    return "landlord"


async def test_what_is_there_is_kept_unless_its_replacement_is_asked(old: House, new: House, path: Path):
    async with old.works() as works:
        await populated(works)
    await old.back_up(path)
    before = await rows_of(old)
    await migrate(new.url)
    async with new.works() as works, open_company(works) as company:
        await company.customer()
    kept, keys = await rows_of(new), new.credentials

    with pytest.raises(ArchiveError, match=r"holds other keys: restore into an empty folder; --replace"):
        await new.restore(path)
    same_key = replace(new.settings, secret_key=old.credentials.secret_key)
    with pytest.raises(ArchiveError, match=r"^The database holds organizations: .*; --replace deletes them first\.$"):
        await restore(same_key, new.url, path)
    assert (await rows_of(new), new.credentials) == (kept, keys)

    await new.restore(path, replace=True)
    assert (await rows_of(new), new.credentials) == (before, old.credentials)


async def test_a_database_that_is_not_ours_or_in_use_is_never_touched(old: House, new: House, path: Path):
    async with old.works() as works, open_company(works):
        await old.back_up(path)
        with pytest.raises(ArchiveError, match=r"Conto runs on the database \(\d connections\): stop it first"):
            await old.restore(path, replace=True)
    await run_on(new.url, "create table somebodys (id int)")
    with pytest.raises(ArchiveError, match="tables that are not Conto's"):
        await new.restore(path, replace=True)


async def test_a_backup_of_an_empty_database_or_over_a_file_is_refused(new: House, old: House, path: Path):
    with pytest.raises(ArchiveError, match="nothing to back up"):
        await new.back_up(path)
    assert list(path.parent.glob("*.tar*")) == []
    await old.back_up(path)
    content, mode = seen(path)
    with pytest.raises(ArchiveError, match="is there already"):
        await old.back_up(path)
    with pytest.raises(ArchiveError, match="cannot be written"):
        await old.back_up(path / "below.tar")
    assert (seen(path), mode) == ((content, 0o600), 0o600)


def seen(path: Path) -> tuple[bytes, int]:
    """What the file holds, and who may read it."""
    return path.read_bytes(), path.stat().st_mode & 0o777


async def test_a_backup_without_keys_needs_the_key(old: House, new: House, path: Path):
    assert (await old.back_up(path, with_keys=False)).credentials is None
    assert old.credentials.secret_key.encode() not in seen(path)[0]
    with pytest.raises(ArchiveError, match="holds no keys: set CONTO_SECRET_KEY"):
        await new.restore(path)
    other = replace(new.settings, secret_key="o" * 40)
    with pytest.raises(ArchiveError, match="taken under another CONTO_SECRET_KEY"):
        await restore(other, new.url, path)
    await restore(replace(new.settings, secret_key=old.credentials.secret_key), new.url, path)


async def test_a_document_that_the_store_has_lost_is_told(old: House, path: Path):
    async with old.works() as works:
        await populated(works)
        lost, *kept = sorted(await works.files.paths())
    (old.settings.data / "files" / lost).unlink()
    manifest = await old.back_up(path)
    assert manifest.missing == [lost]
    assert sorted(file.path for file in manifest.files) == kept


async def test_a_backup_of_an_older_schema_is_brought_up(old: House, new: House, path: Path):
    await old.back_up(path)
    older = path.with_name("older.tar")
    rewritten(path, older, revision="0002", tables=[])
    await new.restore(older)
    assert await current_revision(new.url) == newest_revision()


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        ("cut", "no whole backup"),
        ("no_backup", "no whole backup"),
        ("changed", "is not what was written"),
        ("newer", "at revision 9999, which this version does not know"),
        ("later_format", "has format 2"),
        ("none", "cannot be read"),
    ],
)
async def test_a_damaged_or_unknown_backup_is_refused_and_nothing_restored(
    old: House, new: House, path: Path, damage: str, said: str
):
    async with old.works() as works, open_company(works) as company:
        await company.invoice(await company.customer(), {"add_on_code": (await company.add_on())["code"]})
        await company.run_jobs()
    await old.back_up(path)
    wrong = path.with_name("wrong.tar")
    make_wrong(path, wrong, damage)
    with pytest.raises(ArchiveError, match=said):
        await new.restore(wrong)
    assert not new.settings.data.exists()
    await migrate(new.url)
    assert set((await rows_of(new))["organizations"]) == set()


def make_wrong(path: Path, wrong: Path, damage: str) -> None:
    """Make a copy of the backup that is not right."""
    content = path.read_bytes()
    match damage:
        case "cut":
            wrong.write_bytes(content[: len(content) // 2])
        case "no_backup":
            wrong.write_bytes(b"something else" * 1000)
        case "changed":
            place = content.index(b"%PDF-") + 100
            wrong.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
        case "newer":
            rewritten(path, wrong, revision="9999")
        case "later_format":
            rewritten(path, wrong, format=2)


def rewritten(path: Path, target: Path, **changed: Any) -> None:
    """Copy a backup with another manifest."""
    with tarfile.open(path) as source, tarfile.open(target, "w") as copy:
        for member in source.getmembers():
            file = source.extractfile(member)
            assert file is not None
            if member.name != "manifest.json":
                copy.addfile(member, file)
                continue
            (target.parent / "manifest").write_text(json.dumps(json.load(file) | changed))
            copy.add(target.parent / "manifest", "manifest.json")


def test_a_folder_gets_a_file_that_is_named_after_the_time(tmp_path: Path):
    now = datetime(2026, 3, 5, 12, 30, tzinfo=UTC)
    assert create.place(tmp_path, now) == tmp_path / "conto-20260305T123000Z.tar"
    assert create.place(tmp_path / "mine.tar", now) == tmp_path / "mine.tar"


async def test_restored_events_are_followed_in_their_order_and_new_ones_come_after_them(
    old: House, new: House, path: Path
):
    async with old.works() as works, open_company(works) as company:
        for number in range(3):
            await company.post("/events", {"event": {"transaction_id": f"old {number}", "code": "calls"}})
        # As on a server whose transactions have come further than the other's.
        await run_on(old.url, "update events set xid = '9000000000000000000'::xid8")
    await old.back_up(path)
    await new.restore(path)
    async with new.works() as works, open_company(works) as company:
        await company.post("/events", {"event": {"transaction_id": "new", "code": "calls"}})
    followed = await run_on(
        new.url, "select transaction_id, xid < pg_current_xact_id() as past from events order by xid, id"
    )
    assert [row.transaction_id for row in followed] == ["old 0", "old 1", "old 2", "new"]
    assert all(row.past for row in followed)
    assert [row.transaction_id for row in await run_on(new.url, "select transaction_id from events order by id")] == [
        row.transaction_id for row in followed
    ]


def test_no_table_counts_transactions_but_those_known():
    counting = {
        table.name for table in metadata.sorted_tables for column in table.c if "xid" in (column.name, str(column.type))
    }
    # Their numbers mean nothing on another server: a table that keeps some needs an answer to that.
    assert counting == LEFT_OUT | COUNTING
