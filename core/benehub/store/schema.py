"""What all tables have in common: how constraints are named, and that every row belongs to one employer."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKeyConstraint, MetaData, String

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    }
)

INSTALLATION = "*"
"""Stands for the employer in rows that belong to all of them: users, and limits of vendor accounts."""


def employer_key() -> Column[str]:
    """The column by which every row belongs to one employer."""
    return Column("employer_id", String(40), primary_key=True)


def belongs(*columns: str, to: str, deferred: bool = False) -> ForeignKeyConstraint:
    """The key by which a row belongs to one of another table, of the same employer."""
    names = ("employer_id", *columns)
    return ForeignKeyConstraint(
        names,
        [f"{to}.{name}" for name in names],
        deferrable=True if deferred else None,
        initially="DEFERRED" if deferred else None,
    )
