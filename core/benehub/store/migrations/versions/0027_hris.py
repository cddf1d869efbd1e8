"""Dependents alone are found by whose they are: an employee is his own, and costs no entry there."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0025"
branch_labels = None
depends_on = None

DEPENDENT = sa.text("kind = 'dependent'")


def upgrade() -> None:
    op.drop_index("ix_person_subscriber", "person")
    columns = ["employer_id", "subscriber_id"]
    op.create_index("ix_person_family", "person", columns, sqlite_where=DEPENDENT, postgresql_where=DEPENDENT)
