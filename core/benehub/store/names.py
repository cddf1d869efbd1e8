"""Employees in an order in which those whose names, or numbers, begin alike stand together, by indexes of their own.

The order is that of the bytes, and only the letters of ASCII are made small, on both databases alike: so a beginning
is a range, and the order does not hang on where the database runs. `beginnings` says the other letters as they may be
written.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Index, String, literal_column
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import GenericFunction

from benehub.store.tables import fact, person, renamed

LAST_SIGN: Final = "\U0010ffff"
"""Stands behind everything that a word may go on with."""


class name_in_small(GenericFunction[str]):
    """A name that a fact holds, in small letters."""

    inherit_cache = True
    type = String()


class in_small(GenericFunction[str]):
    """A text in small letters."""

    inherit_cache = True
    type = String()


@compiles(name_in_small, "sqlite")
def _name_of_sqlite(element: Any, compiler: Any, **how: Any) -> str:
    data, name = (compiler.process(one, **how) for one in element.clauses)
    return f"lower(json_extract({data}, '$.{name}'))"


@compiles(name_in_small, "postgresql")
def _name_of_postgresql(element: Any, compiler: Any, **how: Any) -> str:
    data, name = (compiler.process(one, **how) for one in element.clauses)
    return f"lower(({data} ->> '{name}') COLLATE \"C\")"


@compiles(in_small, "sqlite")
def _text_of_sqlite(element: Any, compiler: Any, **how: Any) -> str:
    (text,) = (compiler.process(one, **how) for one in element.clauses)
    return f"lower({text})"


@compiles(in_small, "postgresql")
def _text_of_postgresql(element: Any, compiler: Any, **how: Any) -> str:
    (text,) = (compiler.process(one, **how) for one in element.clauses)
    return f'lower({text} COLLATE "C")'


FIRST_NAME: Final = name_in_small(fact.c.data, literal_column("first_name"))
LAST_NAME: Final = name_in_small(fact.c.data, literal_column("last_name"))
NUMBER: Final = in_small(person.c.member_id)

NAMED: Final = fact.c.kind == literal_column("'employee'")
"""Whose names stand in the indexes; said as it stands there, so that the planner knows it again."""

NUMBERED: Final = person.c.kind == literal_column("'employee'")

RENAMED: Final = in_small(renamed.c.word)

# The other name stands behind whose it is: both are asked of the index, and the order is still that of the name.
for _index, _word, _other in (
    ("ix_fact_first_name", FIRST_NAME, LAST_NAME),
    ("ix_fact_last_name", LAST_NAME, FIRST_NAME),
):
    Index(_index, fact.c.employer_id, _word, fact.c.subject, _other, sqlite_where=NAMED, postgresql_where=NAMED)
Index("ix_renamed_word", renamed.c.employer_id, RENAMED, renamed.c.person_id)
Index(
    "ix_person_number", person.c.employer_id, NUMBER, person.c.person_id,
    sqlite_where=NUMBERED, postgresql_where=NUMBERED,
)  # fmt: skip


def small(word: str) -> str:
    """As the indexes have a word."""
    return "".join(one.lower() if one.isascii() else one for one in word)


def beginnings(word: str) -> list[str]:
    """How words that begin so begin in the indexes: as it is, in small or large letters, or with a large one."""
    low = word.lower()
    ways = (word, low, word.upper(), low[:1].upper() + low[1:])
    return sorted({small(one) for one in ways})
