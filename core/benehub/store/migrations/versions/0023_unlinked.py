"""Whom nobody is linked to is found without going through everybody."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

OPEN = sa.text("person_id IS NULL")


def upgrade() -> None:
    for table, name in (("crosswalk", "ix_crosswalk_open"), ("confirmation", "ix_confirmation_unlinked")):
        columns = ["employer_id", "connection_id", "external_id"]
        op.create_index(name, table, columns, sqlite_where=OPEN, postgresql_where=OPEN)
