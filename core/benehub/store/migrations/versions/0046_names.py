"""An employee is found by both names with one look at an index; accounts in settings of connections lie sealed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0046"
down_revision = "0045"
branch_labels = None
depends_on = None
additive = False
"""Code of before would not keep the names of those who are renamed beside it, nor find sealed accounts."""


def upgrade() -> None:
    op.add_column("connection", sa.Column("settings_sealed", sa.LargeBinary(), nullable=True))
    op.create_table(
        "renamed",
        sa.Column("employer_id", sa.String(length=40), nullable=False),
        sa.Column("person_id", sa.String(length=60), nullable=False),
        sa.Column("word", sa.String(length=60), nullable=False),
        sa.ForeignKeyConstraint(["employer_id"], ["employer.employer_id"], name=op.f("fk_renamed_employer_id")),
        sa.PrimaryKeyConstraint("employer_id", "person_id", "word", name=op.f("pk_renamed")),
        sqlite_with_rowid=False,
    )
    _gather()
    sqlite = op.get_bind().dialect.name == "sqlite"

    def small(text: str) -> str:
        return f"lower({text})" if sqlite else f'lower({text} COLLATE "C")'

    def told(name: str) -> str:
        return small(f"json_extract(data, '$.{name}')" if sqlite else f"(data ->> '{name}')")

    op.create_index("ix_renamed_word", "renamed", ["employer_id", sa.text(small("word")), "person_id"])
    whose = sa.text("kind = 'employee'")
    for name, other in (("first_name", "last_name"), ("last_name", "first_name")):
        op.drop_index(f"ix_fact_{name}", table_name="fact")
        op.create_index(
            f"ix_fact_{name}", "fact", ["employer_id", sa.text(told(name)), "subject", sa.text(told(other))],
            sqlite_where=whose, postgresql_where=whose,
        )  # fmt: skip


def _gather() -> None:
    """Of whom facts tell several names: all of them."""
    sqlite = op.get_bind().dialect.name == "sqlite"
    fact = sa.table("fact", *map(sa.column, ("employer_id", "subject", "kind", "data")))
    renamed = sa.table("renamed", *map(sa.column, ("employer_id", "person_id", "word")))

    def told(name: str) -> sa.ColumnElement[str]:
        return sa.func.json_extract(fact.c.data, f"$.{name}") if sqlite else fact.c.data.op("->>")(name)

    names = [told("first_name"), told("last_name")]
    of = fact.c.kind == "employee"
    again = sa.select(fact.c.employer_id, fact.c.subject).where(of).group_by(fact.c.employer_id, fact.c.subject)
    several = again.having(sa.or_(*(sa.func.count(sa.distinct(one)) > 1 for one in names))).subquery()
    each = sa.union(*(sa.select(fact.c.employer_id, fact.c.subject, one.label("word")).where(of) for one in names))
    said = each.subquery()
    same = sa.and_(several.c.employer_id == said.c.employer_id, several.c.subject == said.c.subject)
    words = sa.select(said).select_from(sa.join(said, several, same)).where(said.c.word.is_not(None))
    op.execute(renamed.insert().from_select(["employer_id", "person_id", "word"], words))
