"""The schema: the migrations make all of it on both databases, keep what is there, and say the same as `tables`."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from inspect import getsource as inspect_source
from types import SimpleNamespace
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, select

from benehub import dispatch, ledger
from benehub.crypto import Vault
from benehub.intake import told
from benehub.intake.absence import absent
from benehub.ledger import kept
from benehub.store import Store, database, guards, open_store
from benehub.store.tables import intake_batch, intake_chunk, leg, metadata, renamed, run, seen
from benehub.views import health
from benehub.views.health import ready

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)

pytestmark = pytest.mark.usefixtures("real_migrations")

ACME = (
    "INSERT INTO employer (employer_id, name, country, currency, timezone, seq, recorded_at, ledger_head) "
    "VALUES ('acme', 'Acme', 'US', 'USD', 'UTC', 0, '', '')",
    "INSERT INTO connection (employer_id, connection_id, connector, settings, mode) "
    "VALUES ('acme', 'hris', 'files', '{}', 'live')",
)
"""An employer with a connection, as the tables were then."""


def test_the_migration_makes_every_table(store: Store) -> None:
    assert set(metadata.tables) <= set(inspect(store.engine).get_table_names())


def test_the_migration_says_the_same_as_the_tables(store: Store) -> None:
    with store.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": "benehub_schema"})
        assert compare_metadata(context, metadata) == []


def test_the_migration_keeps_every_check(store: Store) -> None:
    found = inspect(store.engine)
    for name, table in metadata.tables.items():
        wanted = {c.name for c in table.constraints if type(c).__name__ == "CheckConstraint"}
        assert {str(check["name"]) for check in found.get_check_constraints(name)} == wanted, name


SAYS_NOTHING = 44
"""The last migration that does not say whether code of before works with it."""
TAKES_AWAY = (
    "op.drop_",
    "op.alter_",
    "op.rename_",
    "batch_alter_table",
    "op.execute",
    "op.create_unique",
    "op.create_ch",
)


def test_each_migration_says_whether_the_code_of_before_works_with_it() -> None:
    script = ScriptDirectory.from_config(database._alembic())
    for one in script.walk_revisions():
        if int(one.revision) > SAYS_NOTHING:
            additive = one.module.additive
            assert isinstance(additive, bool), one.revision
            if additive:
                source = inspect_source(one.module)
                assert not [word for word in TAKES_AWAY if word in source], one.revision


@pytest.mark.parametrize(
    ("migrations", "serving"),
    [
        ([("2", True), ("1", False)], ["2", "1"]),
        ([("3", True), ("2", True), ("1", False)], ["3", "2", "1"]),
        ([("3", True), ("2", False), ("1", True)], ["3", "2"]),
        ([("3", False), ("2", True), ("1", True)], ["3"]),
        ([("3", None), ("2", True), ("1", True)], ["3"]),
        ([("1", True)], ["1"]),
    ],
)
def test_a_schema_serves_the_code_of_before_while_all_that_came_was_added(
    migrations: list[tuple[str, bool | None]], serving: list[str]
) -> None:
    script = Script(migrations)
    assert database.serving(script, "head") == serving  # type: ignore[arg-type]  # stands in for the real one


class Script:
    """Migrations, the newest first."""

    def __init__(self, migrations: list[tuple[str, bool | None]]) -> None:
        before = [*(one for one, _ in migrations[1:]), None]
        self.steps = {
            revision: SimpleNamespace(
                revision=revision, down_revision=down,
                module=SimpleNamespace() if additive is None else SimpleNamespace(additive=additive),
            )
            for (revision, additive), down in zip(migrations, before, strict=True)
        }  # fmt: skip
        self.steps["head"] = self.steps[migrations[0][0]]

    def get_revision(self, revision: str) -> SimpleNamespace:
        return self.steps[revision]


def test_a_process_of_before_stays_ready_where_the_newer_schema_serves_it(
    db_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = open_store(db_url, Vault({"k1": b"k" * 32}), lambda: NOW)
    opened.migrate("0045")  # what this one added is of no concern to code of 0044
    monkeypatch.setattr(health, "_wanted", lambda: "0045")
    assert ready(opened)
    monkeypatch.setattr(health, "_wanted", lambda: "0044")
    assert ready(opened) is (opened.engine.dialect.name == "postgresql")  # beside SQLite works one, upgraded with it
    monkeypatch.setattr(health, "_wanted", lambda: "0043")  # 0044 says nothing of it
    assert not ready(opened)
    monkeypatch.setattr(health, "_wanted", lambda: "9999")  # the schema is behind
    assert not ready(opened)
    opened.close()


SCHEMA = {
    "sqlite": "SELECT type, name, sql FROM sqlite_master",
    "postgresql": """
        SELECT 'column', table_name || '.' || column_name, data_type || is_nullable || coalesce(column_default, '')
          FROM information_schema.columns WHERE table_schema = 'public'
        UNION ALL SELECT 'constraint', conname, pg_get_constraintdef(oid) FROM pg_constraint
         WHERE connamespace = 'public'::regnamespace
        UNION ALL SELECT 'index', indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
        UNION ALL SELECT 'trigger', tgname || tgrelid::regclass::text, pg_get_triggerdef(oid) FROM pg_trigger
         WHERE NOT tgisinternal AND tgrelid IN (
               SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace)
        UNION ALL SELECT 'function', proname, pg_get_functiondef(oid) FROM pg_proc
         WHERE pronamespace = 'public'::regnamespace
    """,
}


def test_what_other_tests_get_is_what_the_migrations_make(store: Store, _played: Any) -> None:
    """They are given what the migrations came to, see `Played`."""
    kind = store.engine.dialect.name

    def schema(connection: Connection) -> list[str]:
        revision = connection.exec_driver_sql("SELECT version_num FROM benehub_schema").all()
        return sorted(map(str, [*connection.exec_driver_sql(SCHEMA[kind]).all(), *revision]))

    played = type(_played)(_played.real)
    with store.engine.begin() as connection:
        wanted = schema(connection)
        for _ in range(2):  # noted, then played
            _emptied(connection)
            assert not inspect(connection).get_table_names()
            played(connection)
            assert schema(connection) == wanted
        if kind == "postgresql":
            driver = connection.connection.driver_connection
            assert type(_played).aside.put(driver, "public")
            connection.exec_driver_sql("CREATE SCHEMA public")
            played(connection)
            assert schema(connection) == wanted
            connection.exec_driver_sql("DROP TRIGGER entry_no_truncate ON entry")
            assert not type(_played).aside.put(driver, "public"), "what was changed is not used again"


def _emptied(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("DROP SCHEMA IF EXISTS aside_public CASCADE")
        connection.exec_driver_sql("DROP SCHEMA public CASCADE")
        connection.exec_driver_sql("CREATE SCHEMA public")
        return
    connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
    for name in inspect(connection).get_table_names():
        connection.exec_driver_sql(f'DROP TABLE "{name}"')


def test_migrating_again_changes_nothing(store: Store) -> None:
    store.migrate()
    with store.engine.connect() as connection:
        assert guards.missing(connection) == ()


def test_a_database_of_the_first_revision_keeps_its_rows(db_url: str) -> None:
    opened = open_store(db_url, Vault({"k1": b"k" * 32}), lambda: NOW)
    opened.migrate("0001")
    with opened.engine.connect().execution_options(benehub_write=True) as connection, connection.begin():
        connection.exec_driver_sql(
            "INSERT INTO employer (employer_id, name, country, currency, seq, recorded_at, ledger_head) "
            "VALUES ('acme', 'Acme', 'US', 'USD', 0, '', '')"
        )
        connection.exec_driver_sql(
            "INSERT INTO run (employer_id, run_id, flow, subject, state, counts, error, started_at) "
            "VALUES ('acme', 'run_1', 'sync', 'hris', 'running', '{}', '', '2026-11-01T00:00:00Z')"
        )
        connection.exec_driver_sql(
            "INSERT INTO connection (employer_id, connection_id, connector, settings, mode) "
            "VALUES ('acme', 'carrier', 'carrier_x12', '{}', 'live')"
        )
        connection.exec_driver_sql(
            "INSERT INTO control_number (employer_id, connection_id, last) VALUES ('acme', 'carrier', 41)"
        )
    opened.migrate()
    with opened.read("acme") as session:
        (kept,) = session.rows(select(run))
        assert (kept.run_id, kept.executor) == ("run_1", "")
        assert session.zone() == UTC
    with opened.write("acme") as session:
        # No number that was used before is given again, under whatever name it is asked for.
        assert dispatch.next_control(session, "carrier") == 42
        assert dispatch.next_control(session, "carrier", "ZZ:US>ZZ:THEM/P") == 43
    with opened.engine.connect() as connection:
        assert guards.missing(connection) == ()
    opened.close()


def test_every_key_begins_with_the_employer() -> None:
    for table in metadata.tables.values():
        assert next(iter(table.primary_key.columns)).name == "employer_id", table.name


def test_every_table_refers_to_its_own_employer_only() -> None:
    for table in metadata.tables.values():
        for key in table.foreign_key_constraints:
            assert key.column_keys[0] == "employer_id", (table.name, key.column_keys)


def test_what_waits_while_the_program_is_renewed_is_read_again(db_url: str) -> None:
    opened = open_store(db_url, Vault({"k1": b"k" * 32}), lambda: NOW)
    opened.migrate("0004")
    with opened.engine.connect().execution_options(benehub_write=True) as connection, connection.begin():
        for command in (
            "INSERT INTO employer (employer_id, name, country, currency, seq, recorded_at, ledger_head) "
            "VALUES ('acme', 'Acme', 'US', 'USD', 0, '', '')",
            "INSERT INTO connection (employer_id, connection_id, connector, settings, mode) "
            "VALUES ('acme', 'hris', 'files', '{}', 'live')",
            "INSERT INTO seen (employer_id, connection_id, stream, row_key, row_hash, filled) "
            "VALUES ('acme', 'hris', 'employee', 'v1', 'h', 'ssn')",
            "INSERT INTO intake_batch (employer_id, batch_id, connection_id, stream, run_key, state, reason, full_read,"
            " rows, applied, unchanged, quarantined, superseded, seq, recorded_at) "
            "VALUES ('acme', 'int_1', 'hris', 'employee', 'r', 'held', 'too many', 1, 1, 0, 0, 0, 0, 1, '')",
        ):
            connection.exec_driver_sql(command)
    opened.migrate()
    with opened.read("acme") as session:
        (held,) = session.rows(select(intake_batch))
        assert (held.state, held.reason) == ("refused", "it waited while benehub was renewed: sync again")
        assert [row.row_key for row in session.rows(select(seen))] == ["v1"]
    opened.close()


def test_the_rows_of_a_batch_are_gathered_in_their_chunks(db_url: str) -> None:
    opened = open_store(db_url, Vault({"k1": b"k" * 32}), lambda: NOW)
    opened.migrate("0030")
    rows = ["applied", "quarantined", "applied", "superseded", "staged", "staged"]
    with opened.engine.connect().execution_options(benehub_write=True) as connection, connection.begin():
        for command in (
            *ACME,
            *(
                "INSERT INTO intake_batch (employer_id, batch_id, connection_id, stream, run_key, state, reason,"
                " full_read, rows, applied, unchanged, quarantined, superseded, seq, recorded_at) "
                f"VALUES ('acme', '{name}', 'hris', 'employee', '{name}', '{state}', '', 1, 6, 0, 0, 0, 0, 1, '')"
                for name, state in (("int_1", "staged"), ("int_2", "refused"))
            ),
            *(
                "INSERT INTO intake_row (employer_id, batch_id, row_no, row_key, outcome, reason) "
                f"VALUES ('acme', 'int_1', {number}, 'v{number}', '{outcome}', '')"
                for number, outcome in enumerate(rows, 1)
            ),
            "INSERT INTO intake_row (employer_id, batch_id, row_no, row_key, outcome, reason) "
            "VALUES ('acme', 'int_2', 1, 'v1', 'staged', '')",
            "INSERT INTO intake_chunk (employer_id, batch_id, row_no, rows, rows_sealed) "
            "VALUES ('acme', 'int_1', 5, 2, 'sealed')",
        ):
            connection.exec_driver_sql(command)
    opened.migrate()
    with opened.read("acme") as session:
        assert [(one.key, one.outcome) for one in told.outcomes(session, "int_1")] == [
            (f"v{number}", outcome) for number, outcome in enumerate(rows, 1)
        ]
        assert [(one.key, one.outcome) for one in told.outcomes(session, "int_2")] == [("v1", "superseded")]
        chunks = session.rows(select(intake_chunk).order_by(intake_chunk.c.row_no))
        assert [(one.row_no, one.applied, one.row_nos) for one in chunks] == [(1, 2, [1, 3]), (5, 0, [5, 6])]
        assert [one.rows_sealed is None for one in chunks] == [True, False]
    opened.close()


def test_a_batch_that_was_being_applied_goes_on_as_it_began(db_url: str) -> None:
    """Of its rows of one key the last counts; its full read, which began behind row 2, has told what was applied."""
    opened = open_store(db_url, Vault({"k1": b"k" * 32}), lambda: NOW)
    opened.migrate("0030")
    rows = ["applied", "applied", "applied", "staged", "staged", "staged"]
    with opened.engine.connect().execution_options(benehub_write=True) as connection, connection.begin():
        for command in (
            *ACME,
            *(
                "INSERT INTO intake_batch (employer_id, batch_id, connection_id, stream, run_key, state, reason,"
                " full_read, full_from, rows, applied, unchanged, quarantined, superseded, seq, recorded_at) "
                f"VALUES ('acme', '{name}', 'hris', 'employee', '{name}', 'staged', '', 1, 2, 6, 0, 0, 0, 0, 1, '')"
                for name in ("int_1", "int_2")
            ),
            *(
                "INSERT INTO intake_row (employer_id, batch_id, row_no, row_key, outcome, reason) "
                f"VALUES ('acme', '{batch}', {number}, 'v{number}', '{outcome}', '')"
                for batch, outcomes in (("int_1", rows), ("int_2", ["staged"] * 6))
                for number, outcome in enumerate(outcomes, 1)
            ),
            *(
                "INSERT INTO intake_row (employer_id, batch_id, row_no, row_key, outcome, reason) "
                f"VALUES ('acme', '{batch}', 7, 'v4', 'staged', '')"
                for batch in ("int_1", "int_2")
            ),
            *(
                "INSERT INTO intake_chunk (employer_id, batch_id, row_no, rows, rows_sealed) "
                f"VALUES ('acme', '{batch}', {first}, 2, 'sealed')"
                for batch, first in (("int_1", 4), ("int_1", 6), ("int_2", 1), ("int_2", 6))
            ),
            "INSERT INTO seen (employer_id, connection_id, stream, row_key, row_hash, filled) "
            "VALUES ('acme', 'hris', 'employee', 'v3', 'h', 'ssn')",
        ):
            connection.exec_driver_sql(command)
    opened.migrate()
    with opened.read("acme") as session:
        found = {name: list(told.outcomes(session, name)) for name in ("int_1", "int_2")}
        assert [(one.key, one.outcome) for one in found["int_1"]] == [
            ("v1", "applied"), ("v2", "applied"), ("v3", "applied"), ("v4", "superseded"), ("v5", "staged"),
            ("v6", "staged"), ("v4", "staged"),
        ]  # fmt: skip
        # The other is looked at whole when its first chunk is applied.
        assert {one.outcome for one in found["int_2"]} == {"staged"}
        chunks = session.rows(select(intake_chunk).order_by(intake_chunk.c.batch_id, intake_chunk.c.row_no))
        assert [(one.row_no, one.row_nos) for one in chunks] == [
            (1, [1, 2]), (3, [3]), (4, [4, 5]), (6, [6, 7]), (1, [1, 2, 3, 4, 5]), (6, [6, 7]),
        ]  # fmt: skip
        header = session.rows(select(intake_batch).order_by(intake_batch.c.batch_id))[0]
        assert session.rows(absent(session, header)) == []
    opened.close()


def test_names_of_before_are_gathered_of_those_who_were_renamed(db_url: str) -> None:
    opened = open_store(db_url, Vault({"k1": b"k" * 32}), lambda: NOW)
    opened.migrate("0045")
    told = (
        ("per_1", "Ann", "Lee"), ("per_1", "Ann", "Annis"), ("per_2", "Bob", "Lee"), ("per_2", "Bob", "Lee"),
        ("per_3", "Özge", "Öz"), ("per_3", "Özge", None),
    )  # fmt: skip
    with opened.engine.connect().execution_options(benehub_write=True) as connection, connection.begin():
        connection.exec_driver_sql(ACME[0])
        for number, (who, first, last) in enumerate(told, 1):
            data = json.dumps({"first_name": first, "last_name": last}) if last else "null"
            connection.exec_driver_sql(
                "INSERT INTO fact (employer_id, fact_id, kind, subject, fact_key, effective_from, effective_to, data,"
                f" seq, recorded_at, source) VALUES ('acme', 'fct_{number}', 'employee', '{who}', '', '2026-01-01',"
                f" '9999-12-31', '{data}', {number}, '', 'x')"
            )
    opened.migrate()
    with opened.read("acme") as session:
        rows = session.rows(select(renamed.c.person_id, renamed.c.word))
        assert sorted(map(tuple, rows)) == [("per_1", "Ann"), ("per_1", "Annis"), ("per_1", "Lee")]
    opened.close()


def test_the_balances_kept_are_worked_out_from_the_legs_there_are(db_url: str) -> None:
    opened = open_store(db_url, Vault({"k1": b"k" * 32}), lambda: NOW)
    opened.migrate("0016")
    entries = (
        ("a", "posted", "2026-09-01", 500), ("b", "posted", "2026-09-01", 70), ("c", "posted", "2026-10-01", -500),
        ("d", "pending", "2026-10-01", 9000),
    )  # fmt: skip
    with opened.engine.connect().execution_options(benehub_write=True) as connection, connection.begin():
        connection.exec_driver_sql(
            "INSERT INTO employer (employer_id, name, country, currency, timezone, seq, recorded_at, ledger_head) "
            "VALUES ('acme', 'Acme', 'US', 'USD', 'UTC', 0, '', '')"
        )
        for number, (key, status, day, amount) in enumerate(entries, 1):
            for leg_no, account, minor in ((1, "5100", amount), (2, "2100", -amount)):
                connection.exec_driver_sql(
                    "INSERT INTO leg (employer_id, entry_id, leg_no, account, unit, amount) "
                    f"VALUES ('acme', '{key}', {leg_no}, '{account}', 'USD', {minor})"
                )
            connection.exec_driver_sql(
                "INSERT INTO entry (employer_id, entry_id, idempotency_key, content_hash, type, status, effective_date,"
                f" source, seq, recorded_at, prev_hash, hash) VALUES ('acme', '{key}', '{key}', '', 'premium.accrued', "
                f"'{status}', '{day}', 'x', {number}, '', '', '')"
            )
    opened.migrate()
    with opened.read("acme") as session:
        for until, held in ((date(2026, 8, 31), None), (date(2026, 9, 30), 570), (date(2026, 10, 1), 70)):
            assert {one.account: one.amount for one in ledger.balances(session, effective=until)} == (
                {"5100": held, "2100": -held} if held else {}
            )
        assert kept.wrong(session, 10) == []
        told = session.rows(select(leg.c.entry_id, leg.c.posted_as).where(leg.c.leg_no == 1).order_by(leg.c.entry_id))
        assert [tuple(row) for row in told] == [*((key, "premium.accrued") for key in "abc"), ("d", None)]
    opened.close()
