"""What all tables share: the metadata, the organization on every row, and names that errors can be read from.

Every row belongs to an organization, every key starts with it, and every reference carries it, so
that not even a wrong foreign key can reach over to another tenant. The names of unique indexes end
in the field that the API reports when two requests race for one value.
"""

from sqlalchemy import (
    Column,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.sql.schema import SchemaItem

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s__%(column_0_N_name)s",
        "ck": "ck_%(table_name)s__%(constraint_name)s",
    }
)


def instant(name: str, *, nullable: bool = False) -> Column[object]:
    """A column that holds an instant."""
    return Column(name, DateTime(timezone=True), nullable=nullable)


def string(name: str, *, nullable: bool = True) -> Column[str]:
    """A column that holds text; its limits are those of the input reader."""
    return Column(name, Text, nullable=nullable)


def address(prefix: str = "") -> list[Column[str]]:
    """The columns of a postal address."""
    parts = ("address_line1", "address_line2", "city", "state", "zipcode", "country")
    return [string(prefix + part) for part in parts]


def owned_table(name: str, *items: SchemaItem) -> Table:
    """A table whose rows an organization owns, keyed by organization and id."""
    return Table(
        name,
        metadata,
        Column("organization_id", Uuid, ForeignKey("organizations.id"), nullable=False),
        Column("id", Uuid, nullable=False),
        PrimaryKeyConstraint("organization_id", "id"),
        *items,
    )


def reference(column: str, table: str, *, nullable: bool = False, on_delete: str | None = None) -> list[SchemaItem]:
    """A reference to a row of the same organization."""
    return [
        Column(column, Uuid, nullable=nullable),
        ForeignKeyConstraint(
            ["organization_id", column], [f"{table}.organization_id", f"{table}.id"], ondelete=on_delete
        ),
    ]


def unique(table: str, *columns: str, field: str, where: str | None = None) -> Index:
    """A unique index within the organization; `field` is what the API blames when the value is taken."""
    return Index(
        f"uq_{table}__{field}",
        "organization_id",
        *columns,
        unique=True,
        postgresql_where=text(where) if where else None,
    )
