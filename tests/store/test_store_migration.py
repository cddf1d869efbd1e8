"""The schema: one migration makes all of it on both databases, and says the same as `tables`."""

from __future__ import annotations

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect

from benehub.store import Store, guards
from benehub.store.tables import metadata


def test_the_migration_makes_every_table(store: Store) -> None:
    assert set(metadata.tables) <= set(inspect(store.engine).get_table_names())


def test_the_migration_says_the_same_as_the_tables(store: Store) -> None:
    with store.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": "benehub_schema"})
        assert compare_metadata(context, metadata) == []


def test_the_migration_keeps_every_check(store: Store) -> None:
    found = inspect(store.engine)
    for name, table in metadata.tables.items():
        wanted = {c.name for c in table.constraints if type(c).__name__ == "CheckConstraint"}
        assert {str(check["name"]) for check in found.get_check_constraints(name)} == wanted, name


def test_migrating_again_changes_nothing(store: Store) -> None:
    store.migrate()
    with store.engine.connect() as connection:
        assert guards.missing(connection) == ()


def test_every_key_begins_with_the_employer() -> None:
    for table in metadata.tables.values():
        assert next(iter(table.primary_key.columns)).name == "employer_id", table.name


def test_every_table_refers_to_its_own_employer_only() -> None:
    for table in metadata.tables.values():
        for key in table.foreign_key_constraints:
            assert key.column_keys[0] == "employer_id", (table.name, key.column_keys)
