"""Ledger promises that the database itself keeps, on SQLite and PostgreSQL alike.

Legs are written first and the header seals them: the header is refused unless its legs number two or more
and sum to zero per unit; no leg joins a sealed entry; nothing is updated, replaced, deleted or truncated.
Alembic's batch mode drops triggers on SQLite, so `missing` is asked by `doctor` and `ledger verify`.
"""

from __future__ import annotations

from collections.abc import Mapping, Set

from sqlalchemy import Connection, inspect, text

_REFUSE = "posted ledger rows are never changed; write a reversal"
_SIGNED = "a month that is signed off stays so; correct it in the month that is open"

ADDED_TO = {
    "fixing": "what was said of a fix stays so; say something new",
    "audit": "the audit trail is only ever added to",
    "alarm": "alarms are never changed",
    "waited": "why a row waited stays so; a new try has a row of its own",
    "looked": "how far was looked is never changed",
    "message": "what was said stays said; say more in a message of its own",
}
"""Tables of which a row is never changed nor taken away, each with what is said to who tries."""

FIRST = ("entry", "leg", "fact")
"""Tables that were guarded from the first schema on; each later one by the migration that makes it."""

SQLITE: dict[str, str] = {
    "entry_no_update": f"""CREATE TRIGGER entry_no_update BEFORE UPDATE ON entry
        BEGIN SELECT RAISE(ABORT, '{_REFUSE}'); END""",
    "entry_no_delete": f"""CREATE TRIGGER entry_no_delete BEFORE DELETE ON entry
        BEGIN SELECT RAISE(ABORT, '{_REFUSE}'); END""",
    "leg_no_update": f"""CREATE TRIGGER leg_no_update BEFORE UPDATE ON leg
        BEGIN SELECT RAISE(ABORT, '{_REFUSE}'); END""",
    "leg_no_delete": f"""CREATE TRIGGER leg_no_delete BEFORE DELETE ON leg
        BEGIN SELECT RAISE(ABORT, '{_REFUSE}'); END""",
    # INSERT OR REPLACE deletes without firing delete triggers: an existing id is refused here instead.
    # Nor does it fire them for a row of the same rowid, which is -1 here unless it was given.
    "entry_seal": """CREATE TRIGGER entry_seal BEFORE INSERT ON entry BEGIN
        SELECT RAISE(ABORT, 'this ledger entry exists already') WHERE EXISTS
          (SELECT 1 FROM entry e WHERE e.employer_id = NEW.employer_id AND e.entry_id = NEW.entry_id)
          OR EXISTS (SELECT 1 FROM entry e
             WHERE e.employer_id = NEW.employer_id AND e.idempotency_key = NEW.idempotency_key)
          OR EXISTS (SELECT 1 FROM entry e WHERE e.employer_id = NEW.employer_id AND e.seq = NEW.seq)
          OR EXISTS (SELECT 1 FROM entry e WHERE e.rowid = NEW.rowid);
        SELECT CASE
          WHEN f.legs < 2 THEN RAISE(ABORT, 'a ledger entry needs at least two legs')
          WHEN CASE WHEN f.least = f.most THEN f.total <> 0 ELSE EXISTS
            (SELECT 1 FROM leg l WHERE l.employer_id = NEW.employer_id AND l.entry_id = NEW.entry_id
               GROUP BY l.unit HAVING sum(l.amount) <> 0) END
            THEN RAISE(ABORT, 'the legs of a ledger entry must sum to zero per unit') END
          FROM (SELECT count(*) AS legs, sum(l.amount) AS total, min(l.unit) AS least, max(l.unit) AS most
            FROM leg l WHERE l.employer_id = NEW.employer_id AND l.entry_id = NEW.entry_id) f;
        END""",
    # A leg that is there already: of a sealed entry, or of one that no header has sealed and nobody sees yet.
    "leg_sealed": """CREATE TRIGGER leg_sealed BEFORE INSERT ON leg BEGIN
        SELECT RAISE(ABORT, 'a sealed ledger entry takes no more legs') WHERE EXISTS
          (SELECT 1 FROM entry e WHERE e.employer_id = NEW.employer_id AND e.entry_id = NEW.entry_id);
        SELECT RAISE(ABORT, 'this ledger leg exists already') WHERE EXISTS
          (SELECT 1 FROM leg l WHERE l.rowid = NEW.rowid);
        END""",
    "fact_no_update": """CREATE TRIGGER fact_no_update BEFORE UPDATE ON fact
        BEGIN SELECT RAISE(ABORT, 'fact versions are never changed; record a new one'); END""",
    "closing_no_update": f"""CREATE TRIGGER closing_no_update BEFORE UPDATE ON closing
        BEGIN SELECT RAISE(ABORT, '{_SIGNED}'); END""",
    "closing_no_delete": f"""CREATE TRIGGER closing_no_delete BEFORE DELETE ON closing
        BEGIN SELECT RAISE(ABORT, '{_SIGNED}'); END""",
    "closing_once": """CREATE TRIGGER closing_once BEFORE INSERT ON closing BEGIN
        SELECT RAISE(ABORT, 'months are closed once, and in their order') WHERE EXISTS
          (SELECT 1 FROM closing c WHERE c.employer_id = NEW.employer_id AND c.period >= NEW.period);
        END""",
    # INSERT OR REPLACE, as above.
    "audit_once": """CREATE TRIGGER audit_once BEFORE INSERT ON audit BEGIN
        SELECT RAISE(ABORT, 'the audit trail is only ever added to') WHERE EXISTS
          (SELECT 1 FROM audit a WHERE a.employer_id = NEW.employer_id AND a.audit_no >= NEW.audit_no);
        END""",
} | {
    f"{table}_no_{what.lower()}": f"""CREATE TRIGGER {table}_no_{what.lower()} BEFORE {what} ON {table}
        BEGIN SELECT RAISE(ABORT, '{said}'); END"""
    for table, said in ADDED_TO.items()
    for what in ("UPDATE", "DELETE")
}

WATCHED = frozenset(sql.split(" ON ", 1)[1].split(None, 1)[0] for sql in SQLITE.values() if " BEFORE INSERT ON " in sql)
"""Tables of which SQLite looks at each row before it goes in."""

# A session plans these once, perhaps while the tables are empty: without the index each insert reads them all.
_PG_FUNCTIONS = (
    f"""CREATE FUNCTION benehub_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION '{_REFUSE}'; END $$""",
    """CREATE FUNCTION benehub_seal() RETURNS trigger LANGUAGE plpgsql
        SET enable_seqscan = off AS $$
        BEGIN
          IF (SELECT count(*) FROM leg l WHERE l.employer_id = NEW.employer_id
                AND l.entry_id = NEW.entry_id) < 2 THEN
            RAISE EXCEPTION 'a ledger entry needs at least two legs';
          END IF;
          IF EXISTS (SELECT 1 FROM leg l WHERE l.employer_id = NEW.employer_id
                AND l.entry_id = NEW.entry_id GROUP BY l.unit HAVING sum(l.amount) <> 0) THEN
            RAISE EXCEPTION 'the legs of a ledger entry must sum to zero per unit';
          END IF;
          RETURN NEW;
        END $$""",
    # After the statement and under the employer's lock, so that a leg cannot slip into an entry that
    # another transaction is about to commit.
    """CREATE FUNCTION benehub_sealed() RETURNS trigger LANGUAGE plpgsql
        SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
        BEGIN
          PERFORM 1 FROM employer m WHERE m.employer_id IN (SELECT employer_id FROM fresh)
            ORDER BY m.employer_id FOR NO KEY UPDATE;
          IF EXISTS (SELECT 1 FROM entry e JOIN fresh l ON l.employer_id = e.employer_id
                AND l.entry_id = e.entry_id) THEN
            RAISE EXCEPTION 'a sealed ledger entry takes no more legs';
          END IF;
          RETURN NULL;
        END $$""",
)
_PG_SIGNED = (
    f"""CREATE FUNCTION benehub_signed() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION '{_SIGNED}'; END $$""",
    """CREATE FUNCTION benehub_signed_once() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          IF EXISTS (SELECT 1 FROM closing c WHERE c.employer_id = NEW.employer_id AND c.period >= NEW.period) THEN
            RAISE EXCEPTION 'months are closed once, and in their order';
          END IF;
          RETURN NEW;
        END $$""",
)
_PG_ADDED_TO = {
    table: (
        f"""CREATE FUNCTION benehub_{table}_kept() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION '{said}'; END $$""",
    )
    for table, said in ADDED_TO.items()
}
_PG = {"entry": _PG_FUNCTIONS, "closing": _PG_SIGNED, **_PG_ADDED_TO}
"""Functions that the triggers of a table call, by the table whose migration makes them."""

POSTGRES: dict[str, str] = {
    f"{table}_{name}": f"CREATE TRIGGER {table}_{name} {when} ON {table} {each} EXECUTE FUNCTION {function}()"
    for table, name, when, each, function in (
        ("entry", "no_update", "BEFORE UPDATE", "FOR EACH ROW", "benehub_refuse"),
        ("entry", "no_delete", "BEFORE DELETE", "FOR EACH ROW", "benehub_refuse"),
        ("entry", "no_truncate", "BEFORE TRUNCATE", "FOR EACH STATEMENT", "benehub_refuse"),
        ("entry", "seal", "BEFORE INSERT", "FOR EACH ROW", "benehub_seal"),
        ("leg", "no_update", "BEFORE UPDATE", "FOR EACH ROW", "benehub_refuse"),
        ("leg", "no_delete", "BEFORE DELETE", "FOR EACH ROW", "benehub_refuse"),
        ("leg", "no_truncate", "BEFORE TRUNCATE", "FOR EACH STATEMENT", "benehub_refuse"),
        ("fact", "no_update", "BEFORE UPDATE", "FOR EACH ROW", "benehub_refuse"),
        ("closing", "no_update", "BEFORE UPDATE", "FOR EACH ROW", "benehub_signed"),
        ("closing", "no_delete", "BEFORE DELETE", "FOR EACH ROW", "benehub_signed"),
        ("closing", "no_truncate", "BEFORE TRUNCATE", "FOR EACH STATEMENT", "benehub_signed"),
        ("closing", "once", "BEFORE INSERT", "FOR EACH ROW", "benehub_signed_once"),
        *(
            (table, f"no_{what.lower()}", f"BEFORE {what}", f"FOR EACH {each}", f"benehub_{table}_kept")
            for table in ADDED_TO
            for what, each in (("UPDATE", "ROW"), ("DELETE", "ROW"), ("TRUNCATE", "STATEMENT"))
        ),
    )
} | {
    "leg_sealed": """CREATE TRIGGER leg_sealed AFTER INSERT ON leg REFERENCING NEW TABLE AS fresh
        FOR EACH STATEMENT EXECUTE FUNCTION benehub_sealed()"""
}


def statements(dialect: str, *tables: str) -> tuple[str, ...]:
    """The DDL of the guards of these tables, for `sqlite` or `postgresql`."""
    standing = SQLITE if dialect == "sqlite" else POSTGRES
    triggers = tuple(sql for name, sql in standing.items() if name.split("_", 1)[0] in tables)
    if dialect == "sqlite":
        return triggers
    return (*(one for table in tables for one in _PG.get(table, ())), *triggers)


def missing(connection: Connection) -> tuple[str, ...]:
    """Names of guards that the database does not have, or has switched off; empty when all stand.

    A schema that is older than we are has no guards of tables that it has not.
    """
    there = set(inspect(connection).get_table_names())
    if connection.dialect.name == "sqlite":
        rows = connection.execute(text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"))
        standing = {name for name, sql in rows if SQLITE.get(name, "").split() == sql.split()}
        return _lacking(SQLITE, standing, there)
    rows = connection.execute(
        text(
            "SELECT t.tgname, p.prosrc FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid"
            " WHERE NOT t.tgisinternal AND t.tgenabled IN ('O', 'A')"
        )
    )
    bodies = {source.split("$$")[1].strip() for made in _PG.values() for source in made}
    standing = {name for name, source in rows if source.strip() in bodies}
    return _lacking(POSTGRES, standing, there)


def _lacking(wanted: Mapping[str, str], standing: Set[str], tables: Set[str]) -> tuple[str, ...]:
    return tuple(sorted(name for name in wanted if name not in standing and name.split("_", 1)[0] in tables))
