"""Entries are recorded at less cost: only those that follow another one are listed by it, and the seal sums once."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from benehub.store import guards

revision = "0025"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("pending", "reverses"):
        follows = sa.text(f"{name}_id IS NOT NULL")
        op.drop_index(f"ix_entry_{name}", "entry")
        op.create_index(
            f"ix_entry_{name}", "entry", ["employer_id", f"{name}_id"], sqlite_where=follows, postgresql_where=follows
        )
    if op.get_bind().dialect.name == "sqlite":
        for name in ("entry_seal", "leg_sealed"):
            op.execute(sa.text(f"DROP TRIGGER {name}"))
            op.execute(sa.text(guards.SQLITE[name]))
