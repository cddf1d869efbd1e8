"""The demo's month: exact for every seed, and what it leaves behind holds no SSN, no odd file, no soft ledger."""

from __future__ import annotations

import base64
import binascii
import importlib.util
import io
import logging
import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.sql import SQL, Identifier
from sqlalchemy import select

from benehub import plugins
from benehub.crypto import Vault
from benehub.flows import Hub, bind, fixes
from benehub.sandbox.demo import run_demo
from benehub.sandbox.outcome import DemoReport
from benehub.sandbox.staying import Sweep
from benehub.sandbox.story.people import newcomers, population
from benehub.sandbox.story.plot import HIRES
from benehub.settings import read_keys
from benehub.store import database, open_store
from benehub.store.tables import difference

_x12 = Path(__file__).parent.parent / "formats" / "x12" / "conftest.py"
_spec = importlib.util.spec_from_file_location("x12_referee", _x12)
assert _spec is not None and _spec.loader is not None
_module = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_module)
referee = _module.referee

EMPLOYER = "northwind"
SEED, SMALL = 1, 70
SIZES = {7: 120, 18: 120}
"""Seeds whose story needs more people than `SMALL`: for its events, or for a 5 % guard to stay silent."""
NAMES = re.compile(
    r"\d{4}_(834|820)\.x12|\d{4}_180\.csv|in\d{2}_(999\.999|ta1\.ta1|(invoice|roster|credits)\.csv)"
    r"|report\.(json|txt)|statement\.pdf"
)
OURS = ("entry", "leg", "run", "difference", "intake_row")


@dataclass(frozen=True)
class Kept:
    """A finished demo: its report, its folder and everything it said."""

    report: DemoReport
    folder: Path
    said: str
    fixes: dict[str, str]
    """What would leave for the first difference of a type, asked for while the vendors still answered."""

    @property
    def artefacts(self) -> Path:
        return self.folder / "artefacts"

    @property
    def database(self) -> Path:
        return self.folder / "benehub.db"


def offered(folder: Path) -> dict[str, str]:
    """What another process of the kept folder's installation previews on the day after the story."""
    vault = Vault(*read_keys((folder / "benehub.keys").read_text()))
    store = open_store(f"sqlite:///{folder / 'benehub.db'}", vault, lambda: datetime(2026, 11, 10, 8, tzinfo=UTC))
    hub = bind(Hub(store, plugins.build(load_strangers=False)))
    try:
        with store.read(EMPLOYER) as session:
            found = {row.type: row.difference_id for row in session.rows(select(difference))}
        return {kind: fixes.preview(hub, EMPLOYER, found[kind]).text for kind in ("AMOUNT_DIFF", "MEMBER_DROPPED")}
    finally:
        store.close()


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory, _played: Any) -> Kept:
    """One demo with every log at its loudest, the migrations' too."""
    folder = tmp_path_factory.mktemp("demo")
    said, root = io.StringIO(), logging.getLogger()
    handler, level = logging.StreamHandler(said), root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        with redirect_stdout(said), redirect_stderr(said), pytest.MonkeyPatch.context() as patch:
            patch.setattr(database, "migrate", _played.real)
            told: dict[str, str] = {}
            taken: list[list[str]] = []

            def stay(_report: DemoReport, sweep: Sweep) -> None:
                taken.append(sweep(date(2026, 11, 10)))
                told.update(offered(folder))

            report = run_demo(SEED, keep=folder, employees=SMALL, stay=stay)
            assert taken == [[]]
    finally:
        root.removeHandler(handler)
        root.setLevel(level)
    return Kept(report, folder, said.getvalue(), told)


def exact(report: DemoReport) -> None:
    told = report.as_json()
    assert (told["missed"], told["unexpected"]) == ([], [])
    assert (report.precision, report.recall) == (1.0, 1.0)
    assert len(report.planted) >= 18
    assert {one.account: one.unexplained for one in report.clearing if one.unexplained} == {}
    assert report.verification.ok and report.verification.entries > 0
    assert report.custody["rows"] > 0 and report.custody_balances
    assert report.ok


@pytest.mark.parametrize("seed", [seed for seed in range(1, 21) if seed != SEED])
def test_every_planted_fault_is_found_and_nothing_else(seed: int) -> None:
    exact(run_demo(seed, employees=SIZES.get(seed, SMALL)))


def test_the_kept_demo_is_as_exact(kept: Kept) -> None:
    exact(kept.report)


def test_vendors_that_stay_can_be_asked_and_are_let_alone_after(kept: Kept) -> None:
    assert '"operation":"deduction.set"' in kept.fixes["AMOUNT_DIFF"]
    assert "~HD*021**" in kept.fixes["MEMBER_DROPPED"]
    with closing(sqlite3.connect(kept.database)) as connection:
        told = connection.execute("SELECT DISTINCT mode FROM connection").fetchall()
    assert told == [("paused",)]
    assert {path.stat().st_mode & 0o777 for path in kept.folder.glob("*.secret")} == {0o600}


def test_postgresql_gives_the_same(fresh_pg_url: str, tmp_path: Path, kept: Kept) -> None:
    report = run_demo(SEED, keep=tmp_path, url=fresh_pg_url, employees=SMALL)
    exact(report)
    assert report.as_json()["found"] == kept.report.as_json()["found"]
    plain = fresh_pg_url.replace("postgresql+psycopg://", "postgresql://")
    with psycopg.connect(plain, autocommit=True) as connection:
        tables = dict(pg_tables(connection))
        assert {*OURS, "workflow_status", "operation_outputs"} <= tables.keys()
        assert leaks(tables) == set()
        for statement in BY_HAND:
            with pytest.raises(psycopg.Error, match="never changed"):
                connection.execute(statement)


BY_HAND = (
    "UPDATE entry SET source = 'by hand' WHERE status = 'posted'",
    "DELETE FROM entry WHERE status = 'posted'",
    "UPDATE leg SET amount = amount + 1",
    "DELETE FROM leg",
)


@pytest.mark.parametrize("statement", BY_HAND)
def test_a_posted_entry_resists_the_hand(kept: Kept, statement: str) -> None:
    with closing(sqlite3.connect(kept.database)) as connection:
        assert connection.execute("SELECT count(*) FROM entry WHERE status = 'posted'").fetchone()[0] > 100
        with pytest.raises(sqlite3.Error, match="never changed"):
            connection.execute(statement)


def test_the_referee_accepts_every_file_that_left(kept: Kept, referee: Callable[[str], str]) -> None:
    left = [path for kind in ("834", "820") for path in sorted(kept.artefacts.glob(f"*_{kind}.x12"))]
    kinds = {path.stem.rpartition("_")[2] for path in left}
    assert kinds == {"834", "820"}
    assert {path.name: told for path in left if (told := referee(path.read_text("ascii")))} == {}


def test_artefacts_are_named_by_kind(kept: Kept) -> None:
    names = {path.name for path in kept.artefacts.iterdir()}
    assert names == set(kept.report.artefacts)
    assert {name for name in names if not NAMES.fullmatch(name)} == set()
    for path in kept.artefacts.glob("*_834.x12"):
        assert "ST*834*" in path.read_text()
    for path in kept.artefacts.glob("*_820.x12"):
        assert "ST*820*" in path.read_text()


def test_no_ssn_is_said_or_named(kept: Kept) -> None:
    assert "Running upgrade" in kept.said  # the loudest logs were heard
    assert shown_in(kept.said) == set()
    assert shown_in("\n".join(path.name for path in kept.folder.rglob("*"))) == set()
    for name in ("report.json", "report.txt"):
        assert shown_in((kept.artefacts / name).read_text()) == set()


def test_no_ssn_stands_in_any_table_ours_or_the_engines(kept: Kept) -> None:
    tables = dict(sqlite_tables(kept.database))
    assert {*OURS, "workflow_status", "operation_outputs"} <= tables.keys()
    assert leaks(tables) == set()
    # The search does find what is there: the files that left do name people by SSN.
    assert any(shown_in(path.read_text()) for path in kept.artefacts.glob("*_834.x12"))


def ssns() -> list[str]:
    people = [*population(SEED, SMALL), *newcomers(SEED, SMALL + 1, HIRES)]
    plain = sorted({person.ssn for person in people})
    return [*plain, *(f"{ssn[:3]}-{ssn[3:5]}-{ssn[5:]}" for ssn in plain)]


SSNS = ssns()


def shown_in(text: str) -> set[str]:
    return {ssn for ssn in SSNS if ssn in text}


def leaks(tables: dict[str, list[Any]]) -> set[tuple[str, str]]:
    """(table, SSN) of every cell that shows one, also behind the engine's base64."""
    return {
        (name, ssn)
        for name, cells in tables.items()
        for ssn in shown_in("\n".join(text for cell in cells for text in readings(cell)))
    }


def readings(cell: Any) -> Iterator[str]:
    if isinstance(cell, bytes | memoryview):
        yield bytes(cell).decode("latin-1")
    elif cell is not None:
        yield str(cell)
    if isinstance(cell, str) and len(cell) > 8:
        try:
            yield base64.b64decode(cell, validate=True).decode("latin-1")
        except (binascii.Error, ValueError):
            return


def sqlite_tables(path: Path) -> Iterator[tuple[str, list[Any]]]:
    with closing(sqlite3.connect(path)) as connection:
        names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for name in names:
            yield name, flat(connection.execute(f'SELECT * FROM "{name}"'))


def pg_tables(connection: psycopg.Connection[Any]) -> Iterator[tuple[str, list[Any]]]:
    found = connection.execute(
        "SELECT schemaname, tablename FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
    ).fetchall()
    for schema, name in found:
        query = SQL("SELECT * FROM {}").format(Identifier(schema, name))
        yield name, flat(connection.execute(query).fetchall())


def flat(rows: Iterable[Iterable[Any]]) -> list[Any]:
    return [cell for row in rows for cell in row]
