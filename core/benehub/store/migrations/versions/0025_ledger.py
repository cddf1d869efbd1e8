"""Entries are recorded and asked at less cost.

Only those that follow another one are listed by it, the seal sums once, and each leg says what it is posted as.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from benehub.store import guards

revision = "0025"
down_revision = "0023"
branch_labels = None
depends_on = None

POSTED_AS = """UPDATE leg SET posted_as = (SELECT e.type FROM entry e
    WHERE e.employer_id = leg.employer_id AND e.entry_id = leg.entry_id AND e.status = 'posted')"""


def upgrade() -> None:
    for name in ("pending", "reverses"):
        follows = sa.text(f"{name}_id IS NOT NULL")
        op.drop_index(f"ix_entry_{name}", "entry")
        op.create_index(
            f"ix_entry_{name}", "entry", ["employer_id", f"{name}_id"], sqlite_where=follows, postgresql_where=follows
        )
    op.add_column("leg", sa.Column("posted_as", sa.String(length=40)))
    # The guard against changes rests while the new column is filled from what is sealed.
    if op.get_bind().dialect.name == "sqlite":
        op.execute(sa.text("DROP TRIGGER leg_no_update"))
        op.execute(sa.text(POSTED_AS))
        for name in ("entry_seal", "leg_sealed"):
            op.execute(sa.text(f"DROP TRIGGER {name}"))
        for name in ("leg_no_update", "entry_seal", "leg_sealed"):
            op.execute(sa.text(guards.SQLITE[name]))
    else:
        op.execute(sa.text("SET CONSTRAINTS ALL IMMEDIATE"))  # with checks pending no table can be altered
        op.execute(sa.text("ALTER TABLE leg DISABLE TRIGGER leg_no_update"))
        op.execute(sa.text(POSTED_AS))
        op.execute(sa.text("ALTER TABLE leg ENABLE TRIGGER leg_no_update"))
    dated = sa.text("pay_date IS NOT NULL")
    for table, columns in (
        ("leg", ["account", "pay_date", "person_id", "plan", "money_source", "amount", "posted_as"]),
        (
            "confirmation",
            ["kind", "connection_id", "current", "pay_date", "person_id", "plan", "part", "amount", "on_date"],
        ),
    ):
        op.create_index(f"ix_{table}_pay", table, ["employer_id", *columns], sqlite_where=dated, postgresql_where=dated)
