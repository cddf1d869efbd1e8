"""Alembic's entry: runs the migrations on the connection that `Store.migrate` hands over."""

from __future__ import annotations

from alembic import context

from benehub.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=False,
    version_table="benehub_schema",
)
with context.begin_transaction():
    context.run_migrations()
