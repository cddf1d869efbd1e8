"""Waiting rows are sealed by the chunk, and what every row of a first load costs in indexes is less."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0009"
branch_labels = None
depends_on = None

_WAITING = sa.text("outcome = 'quarantined' AND resolved_seq IS NULL")
_GONE = sa.text("gone_seq IS NOT NULL")


def upgrade() -> None:
    op.drop_index("ix_intake_row_outcome", "intake_row")
    op.drop_index("ix_seen_gone", "seen")
    if op.get_bind().dialect.name == "sqlite":
        for name in ("seen", "crosswalk"):
            _by_key_alone(name)
    op.create_index("ix_intake_row_key", "intake_row", ["employer_id", "batch_id", "row_key"])
    for index, table, names, which in (
        ("ix_intake_row_waiting", "intake_row", ["employer_id", "batch_id", "row_key"], _WAITING),
        ("ix_seen_gone", "seen", ["employer_id", "stream", "gone_seq"], _GONE),
    ):
        op.create_index(index, table, names, sqlite_where=which, postgresql_where=which)
    op.drop_table("intake_same")
    _of_a_batch("intake_same", sa.Column("row_keys", sa.JSON(), nullable=False))
    _of_a_batch(
        "intake_chunk",
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("rows_sealed", sa.LargeBinary(), nullable=False),
    )
    # Rows that wait were sealed one by one: their stream is read again, for its cursor has not moved.
    op.execute(
        "UPDATE intake_batch SET state = 'refused', reason = 'it waited while benehub was renewed: sync again' "
        "WHERE state IN ('staged', 'held')"
    )


def _by_key_alone(name: str) -> None:
    """Have SQLite keep a table in the order of its key, without a second tree of row numbers beside it."""
    bind = op.get_bind()
    (made,) = bind.execute(
        sa.text("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = :name"), {"name": name}
    ).scalars()
    again = (
        bind.execute(
            sa.text("SELECT sql FROM sqlite_master WHERE type = 'index' AND tbl_name = :name AND sql IS NOT NULL"),
            {"name": name},
        )
        .scalars()
        .all()
    )
    bind.exec_driver_sql(f"ALTER TABLE {name} RENAME TO {name}_before")
    bind.exec_driver_sql(f"{made} WITHOUT ROWID")
    bind.exec_driver_sql(f"INSERT INTO {name} SELECT * FROM {name}_before")  # noqa: S608 - two names of our own
    bind.exec_driver_sql(f"DROP TABLE {name}_before")
    for command in again:
        bind.exec_driver_sql(command)


def _of_a_batch(name: str, *columns: sa.Column[object]) -> None:
    """A table keyed by batch and row number."""
    op.create_table(
        name,
        sa.Column("employer_id", sa.String(length=40), nullable=False),
        sa.Column("batch_id", sa.String(length=40), nullable=False),
        sa.Column("row_no", sa.Integer(), nullable=False),
        *columns,
        sa.ForeignKeyConstraint(
            ["employer_id", "batch_id"],
            ["intake_batch.employer_id", "intake_batch.batch_id"],
            name=op.f(f"fk_{name}_employer_id_batch_id"),
        ),
        sa.PrimaryKeyConstraint("employer_id", "batch_id", "row_no", name=op.f(f"pk_{name}")),
    )
