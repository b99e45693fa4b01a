"""Commands about organizations and their keys."""

from datetime import datetime
from uuid import UUID

from cyclopts import App

from conto.cli.common import OfOrganization, moment, opened_organization, opened_works, out, run, show

organizations_app = App(name="organizations", help="Organizations: the tenants of this server.")
keys_app = App(name="keys", help="API keys of an organization.")


@organizations_app.command(name="create")
def create_an_organization(name: str, /, *, test_clock: datetime | None = None) -> None:
    """Create an organization and print its API key, which is shown this once.

    Parameters
    ----------
    name
        What it is called.
    test_clock
        Make it an organization to rehearse on, whose clock starts at this instant (UTC).
    """
    from datetime import UTC

    from conto.organizations.create import create_organization

    async def work() -> None:
        async with opened_works() as works:
            frozen = test_clock.replace(tzinfo=test_clock.tzinfo or UTC) if test_clock else None
            created = await create_organization(works, name, frozen_time=frozen)
        out.print(f"organization  {created.id}\nAPI key       {created.api_key}")

    run(work())


@organizations_app.command(name="list")
def list_all_organizations() -> None:
    """List all organizations."""
    from conto.organizations.overview import list_organizations

    async def work() -> None:
        async with opened_works() as works:
            rows = await list_organizations(works)
        show(
            ("id", "name", "test clock", "created"),
            [(str(row.id), row.name, moment(row.frozen_time), moment(row.created_at)) for row in rows],
        )

    run(work())


@keys_app.command(name="create")
def create_a_key(*, name: str | None = None, organization: OfOrganization = None) -> None:
    """Create an API key with full permissions and print it; it is shown this once."""
    from conto.organizations.keys import create_key

    async def make() -> None:
        async with opened_organization(organization) as work:
            created = await create_key(work, name=name, permissions=None)
        out.print(f"key      {created.id}\nAPI key  {created.value}")

    run(make())


@keys_app.command(name="rotate")
def rotate_a_key(
    key: UUID, /, *, name: str | None = None, ends: datetime | None = None, organization: OfOrganization = None
) -> None:
    """Make a new API key in place of one.

    Parameters
    ----------
    key
        The id of the old key.
    name
        What the new key is called; the old one's name if not given.
    ends
        When the old key ends (UTC); now if not given.
    """
    from datetime import UTC

    from conto.clock import system_now
    from conto.organizations.keys import rotate_key

    async def rotate() -> None:
        at = ends.replace(tzinfo=ends.tzinfo or UTC) if ends else system_now()
        async with opened_organization(organization) as work:
            created = await rotate_key(work, key, name=name, expires_at=at)
        out.print(f"key      {created.id}\nAPI key  {created.value}")

    run(rotate())


@keys_app.command(name="list")
def list_all_keys(*, organization: OfOrganization = None) -> None:
    """List an organization's API keys; their values are not kept."""
    from conto.organizations.keys import list_keys

    async def find() -> None:
        async with opened_organization(organization) as work:
            rows = await list_keys(work)
        show(
            ("id", "name", "ends in", "created", "expires"),
            [
                (str(row.id), row.name or "", f"…{row.last_characters}", moment(row.created_at), moment(row.expires_at))
                for row in rows
            ],
        )

    run(find())


@keys_app.command(name="hmac")
def show_the_hmac_key(*, organization: OfOrganization = None) -> None:
    """Print the key that receivers check the HMAC signatures of an organization's webhooks with."""
    from conto.webhooks.keys import hmac_key

    async def find() -> None:
        async with opened_organization(organization) as work:
            out.print(await hmac_key(work))

    run(find())
