"""The tables of who is who: persons, former names, every vendor's id of them, and who an unlinked one may be."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    Column,
    ColumnElement,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    UniqueConstraint,
    literal,
    literal_column,
    select,
    union_all,
)

from benehub.store.schema import belongs, employer_key, metadata

person = Table(
    "person",
    metadata,
    employer_key(),
    Column("person_id", String(40), primary_key=True),
    Column("kind", String(10), nullable=False),
    Column("subscriber_id", String(40), nullable=False),
    Column("member_id", String(40), nullable=False),
    Column("ssn_sealed", LargeBinary),
    Column("ssn_index", String(64)),
    Column("seq", BigInteger, nullable=False),
    UniqueConstraint("employer_id", "member_id"),
    CheckConstraint("kind in ('employee', 'dependent')", name="kind"),
    belongs(to="employer"),
)

is_dependent = person.c.kind == literal_column("'dependent'")
"""Is a dependent, in the words of the index below: an employee is his own subscriber, and found by his id."""

Index(
    "ix_person_family", person.c.employer_id, person.c.subscriber_id,
    sqlite_where=is_dependent, postgresql_where=is_dependent,
)  # fmt: skip

Index("ix_person_ssn", person.c.employer_id, person.c.ssn_index, unique=True)


def of_family(employer: str, employee: str) -> ColumnElement[bool]:
    """Condition that a person is this employee or a dependent of his; asked as two sets, for each has its own index."""
    one = person.alias("dependent")
    theirs = select(one.c.person_id).where(
        one.c.employer_id == employer, one.c.kind == literal_column("'dependent'"), one.c.subscriber_id == employee
    )
    return person.c.person_id.in_(union_all(select(literal(employee)), theirs))


renamed = Table(
    "renamed",
    metadata,
    # First and last names, now and before, of employees whose name was another one once: who is looked for by two names
    # that never stood together is looked for among these few alone.
    employer_key(),
    Column("person_id", String(60), primary_key=True),
    Column("word", String(60), primary_key=True),
    belongs(to="employer"),
    sqlite_with_rowid=False,
)

LONGEST_ID = 128
"""Characters of a vendor's id of a person that a link can hold."""

crosswalk = Table(
    "crosswalk",
    metadata,
    employer_key(),
    Column("connection_id", String(40), primary_key=True),
    Column("external_id", String(LONGEST_ID), primary_key=True),
    Column("person_id", String(40)),
    Column("how", String(20), nullable=False),
    Column("seq", BigInteger, nullable=False),
    # Where nobody is linked: which stream named him, and what it told of him.
    Column("stream", String(40), nullable=False, server_default=""),
    Column("told_sealed", LargeBinary),
    belongs("connection_id", to="connection"),
    belongs("person_id", to="person"),
    sqlite_with_rowid=False,
)
Index("ix_crosswalk_person", crosswalk.c.employer_id, crosswalk.c.person_id)
_open = crosswalk.c.person_id.is_(None)
Index(
    "ix_crosswalk_open", crosswalk.c.employer_id, crosswalk.c.connection_id, crosswalk.c.external_id,
    sqlite_where=_open, postgresql_where=_open,
)  # fmt: skip

suggestion = Table(
    "suggestion",
    metadata,
    # Who a vendor's unlinked person may be: open until a person says yes (then it is a link) or no (rejected).
    employer_key(),
    Column("connection_id", String(40), primary_key=True),
    Column("external_id", String(LONGEST_ID), primary_key=True),
    Column("person_id", String(40), primary_key=True),
    Column("score", Integer, nullable=False),
    Column("why", JSON, nullable=False),
    Column("state", String(8), nullable=False),
    Column("seq", BigInteger, nullable=False),
    CheckConstraint("state in ('open', 'rejected')", name="state"),
    belongs("connection_id", to="connection"),
    belongs("person_id", to="person"),
)
