"""Custody of applied rows stands in their chunk: a row of its own has only what was not applied."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

_WAITS = sa.text("outcome = 'quarantined' AND resolved_seq IS NULL")

_MADE = """
    INSERT INTO intake_chunk (employer_id, batch_id, row_no, rows, applied, rows_sealed, row_keys, row_nos)
    SELECT employer_id, batch_id, {first}, count(*), {applied}, {sealed}, {keys}, {numbers}
      FROM ({rows}) listed GROUP BY employer_id, batch_id, {by}
"""
"""The rows of a chunk become its two lists."""

_APPLIED = """
    SELECT r.employer_id, r.batch_id, r.row_no, r.row_key, (r.row_no - 1) / 1000 AS part,
           CASE WHEN r.row_no > b.full_from THEN 1 ELSE 0 END AS told
      FROM row_before r JOIN intake_batch b ON b.employer_id = r.employer_id AND b.batch_id = r.batch_id
     WHERE r.outcome = 'applied' ORDER BY r.employer_id, r.batch_id, r.row_no
"""
"""No chunk has rows of before and of behind the number from which on a full read tells all."""

_PENDING = """
    SELECT employer_id, batch_id, part, row_no, row_key
      FROM (SELECT employer_id, batch_id, row_no, row_key,
                   max(start) OVER (PARTITION BY employer_id, batch_id ORDER BY row_no) AS part
              FROM (SELECT employer_id, batch_id, row_no, row_key, NULL AS start FROM row_before
                     WHERE outcome = 'staged'
                    UNION ALL SELECT employer_id, batch_id, row_no, NULL, row_no FROM chunk_before) listed) placed
     WHERE row_key IS NOT NULL AND part IS NOT NULL ORDER BY employer_id, batch_id, row_no
"""
"""Rows and first rows of chunks in one line: each row stands in the last chunk that began before it."""

_SEALED = """
    (SELECT c.rows_sealed FROM chunk_before c
      WHERE c.employer_id = listed.employer_id AND c.batch_id = listed.batch_id AND c.row_no = listed.part)
"""
"""Looked up once a chunk: the content is large, and no row carries it along."""

_ALONE = """
    INSERT INTO intake_row (employer_id, batch_id, row_no, row_key, outcome, reason, row_sealed, resolved_seq)
    SELECT employer_id, batch_id, row_no, row_key, outcome, reason, row_sealed, resolved_seq FROM row_before
     WHERE outcome IN ('quarantined', 'superseded')
    UNION ALL
    SELECT r.employer_id, r.batch_id, r.row_no, r.row_key, 'superseded', 'its batch was refused', r.row_sealed, NULL
      FROM row_before r WHERE r.outcome = 'staged' AND NOT EXISTS
       (SELECT 1 FROM chunk_before c WHERE c.employer_id = r.employer_id AND c.batch_id = r.batch_id)
    UNION ALL
    SELECT employer_id, batch_id, row_no, row_key, 'superseded', 'a later row has its key', NULL, NULL
      FROM (SELECT employer_id, batch_id, row_no, row_key,
                   max(row_no) OVER (PARTITION BY employer_id, batch_id, row_key) AS newest
              FROM row_before WHERE outcome = 'staged'
               AND (employer_id, batch_id) IN (SELECT employer_id, batch_id FROM chunk_before)
               AND (employer_id, batch_id) IN
                   (SELECT employer_id, batch_id FROM intake_chunk WHERE rows_sealed IS NULL)) waiting
     WHERE row_no < newest
"""
"""Of a batch that was being applied the older rows of one key are told here: after its first chunk nothing does it."""


def upgrade() -> None:
    for name in ("row", "chunk"):
        op.execute(f"CREATE TEMPORARY TABLE {name}_before AS SELECT * FROM intake_{name}")  # noqa: S608 - names of ours
        op.drop_table(f"intake_{name}")
        op.execute(f"CREATE INDEX ix_{name}_before ON {name}_before (employer_id, batch_id, row_no)")
        if op.get_bind().dialect.name == "postgresql":  # nobody else looks at a temporary table
            op.execute(f"ANALYZE {name}_before")
    _of_a_batch(
        "intake_row",
        sa.Column("row_key", sa.String(length=120), nullable=False),
        sa.Column("outcome", sa.String(length=12), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("row_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("resolved_seq", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("outcome in ('quarantined', 'superseded')", name=op.f("ck_intake_row_outcome")),
    )
    _of_a_batch(
        "intake_chunk",
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("applied", sa.Integer(), nullable=False),
        sa.Column("rows_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("row_keys", sa.JSON(), nullable=False),
        sa.Column("row_nos", sa.JSON(), nullable=True),
        sa.CheckConstraint("applied <= rows", name=op.f("ck_intake_chunk_applied")),
    )
    whose = ["employer_id", "batch_id"]
    waits = sa.text("rows_sealed IS NOT NULL")
    op.create_index("ix_intake_row_key", "intake_row", [*whose, "row_key"])
    for index, table, last, which in (
        ("ix_intake_row_waiting", "intake_row", "row_key", _WAITS),
        ("ix_intake_chunk_waiting", "intake_chunk", "row_no", waits),
    ):
        op.create_index(index, table, [*whose, last], sqlite_where=which, postgresql_where=which)
    _fill()
    for name in ("row", "chunk"):
        op.execute(f"DROP TABLE {name}_before")


def _fill() -> None:
    sqlite = op.get_bind().dialect.name == "sqlite"
    keys, numbers = (
        f"json_group_array({name})" if sqlite else f"json_agg({name} ORDER BY row_no)" for name in ("row_key", "row_no")
    )
    listed = {"keys": keys, "numbers": numbers}
    applied = {"first": "min(row_no)", "applied": "count(*)", "sealed": "NULL", "rows": _APPLIED, "by": "part, told"}
    pending = {"first": "part", "applied": "0", "sealed": _SEALED, "rows": _PENDING, "by": "part"}
    for values in (applied, pending):
        op.execute(_MADE.format(**listed, **values))
    op.execute(_ALONE)


def _of_a_batch(name: str, *columns: sa.schema.SchemaItem) -> None:
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
