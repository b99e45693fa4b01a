"""Commands about organizations and their keys."""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from cyclopts import App, Parameter

from conto.cli.common import CommandError, OfOrganization, moment, opened_organization, opened_works, out, run, show

organizations_app = App(name="organizations", help="Organizations: the tenants of this server.")
keys_app = App(name="keys", help="API keys of an organization.")

Permitted = Annotated[
    list[str] | None,
    Parameter(name="--permission", negative=(), help="What it may do, as in invoice:read; give it again for more."),
]


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
    from conto.organizations.create import create_organization

    async def work() -> None:
        async with opened_works() as works:
            created = await create_organization(works, name, frozen_time=in_utc(test_clock))
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
def create_a_key(
    *,
    name: str | None = None,
    permission: Permitted = None,
    ends: datetime | None = None,
    organization: OfOrganization = None,
) -> None:
    """Create an API key and print it; it is shown this once. Unless permissions are given, it may do everything.

    Parameters
    ----------
    name
        What it is called.
    ends
        When it ends (UTC); never if not given.
    """
    from conto.organizations.keys import create_key

    permissions = permissions_of(permission) if permission else None

    async def make() -> None:
        async with opened_organization(organization) as work:
            created = await create_key(work, name=name, permissions=permissions, expires_at=in_utc(ends))
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
    from conto.clock import system_now
    from conto.organizations.keys import rotate_key

    async def rotate() -> None:
        async with opened_organization(organization) as work:
            created = await rotate_key(work, key, name=name, expires_at=in_utc(ends) or system_now())
        out.print(f"key      {created.id}\nAPI key  {created.value}")

    run(rotate())


@keys_app.command(name="update")
def update_a_key(
    key: UUID,
    /,
    *,
    name: str | None = None,
    permission: Permitted = None,
    everything: Annotated[bool, Parameter(negative=())] = False,
    organization: OfOrganization = None,
) -> None:
    """Change an API key; what is not given stays.

    Parameters
    ----------
    key
        Its id.
    name
        What it is called from now on.
    everything
        Let it do everything.
    """
    from msgspec import UNSET

    from conto.organizations.keys import update_key
    from conto.schemas.api_keys import ApiKeyUpdateInput

    if everything and permission:
        raise CommandError("A key may do everything, or what its permissions say: give one of the two.")
    permissions = permissions_of(permission) if permission else None if everything else UNSET
    data = ApiKeyUpdateInput(name=name if name is not None else UNSET, permissions=permissions)

    async def change() -> None:
        async with opened_organization(organization) as work:
            await update_key(work, key, data)

    run(change())


@keys_app.command(name="delete")
def delete_a_key(key: UUID, /, *, organization: OfOrganization = None) -> None:
    """End an API key now; the last one that does not end stays.

    Parameters
    ----------
    key
        Its id.
    """
    from conto.organizations.keys import delete_key

    async def end() -> None:
        async with opened_organization(organization) as work:
            await delete_key(work, key)

    run(end())


@keys_app.command(name="list")
def list_all_keys(*, organization: OfOrganization = None) -> None:
    """List the API keys that an organization has had; their values are not kept."""
    from conto.organizations.keys import list_keys
    from conto.permissions import listed

    async def find() -> None:
        async with opened_organization(organization) as work:
            rows = await list_keys(work)
        show(
            ("id", "name", "ends in", "may", "created", "last used", "expires"),
            [
                (
                    str(row.id),
                    row.name or "",
                    f"…{row.last_characters}",
                    "everything" if row.permissions is None else " ".join(listed(row.permissions)),
                    moment(row.created_at),
                    moment(row.last_used_at),
                    moment(row.expires_at),
                )
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


def in_utc(instant: datetime | None) -> datetime | None:
    """The instant, in UTC where it names no time zone."""
    return instant.replace(tzinfo=instant.tzinfo or UTC) if instant else None


def permissions_of(texts: list[str]) -> dict[str, list[str]] | None:
    """The permissions that texts as `invoice:read` give.

    Raises:
        CommandError: one of them is none.
    """
    from conto.permissions import MODES, RESOURCES, put_in_order

    found: dict[str, list[str]] = {}
    for text in texts:
        resource, _, mode = text.partition(":")
        if resource not in RESOURCES or mode not in MODES:
            raise CommandError(
                f"{text!r} is no permission: give a resource and a mode, as in invoice:read."
                f" Modes are {' and '.join(MODES)}, resources {', '.join(RESOURCES)}."
            )
        found.setdefault(resource, []).append(mode)
    return put_in_order(found)
