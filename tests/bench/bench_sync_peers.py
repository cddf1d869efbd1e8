"""HRIS sync by others, into SQLite, as their own guides do it; run by a Python that has them (see docs/bench.md)."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from bench_sync import AGAIN, CHANGED, COLUMNS, FIRST, SINCE, pages, parsing, state

READS = (FIRST, AGAIN, CHANGED, SINCE)


def with_dlt(folder: Path, base: str) -> Iterator[Any]:
    """Everybody replaces the table (to merge everybody takes far longer); the changes alone are merged."""
    os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
    os.environ["DLT_DATA_DIR"] = str(folder / "dlt")
    import dlt
    from dlt.sources.helpers import requests

    database = folder / "dlt.db"
    pipeline = dlt.pipeline(
        "bench", pipelines_dir=str(folder / "pipelines"), dataset_name="bench",
        destination=dlt.destinations.sqlalchemy(f"sqlite:///{database}"),
    )  # fmt: skip
    yield
    for read in READS:
        made = dlt.resource(
            (rows for _, rows in pages(parsing(lambda path: requests.get(base + path).content), read)),
            name="employee", primary_key="id", write_disposition="merge" if read == SINCE else "replace",
        )  # fmt: skip
        pipeline.run(made)
        yield
    yield state(_rows(folder, "employee"))


def _rows(folder: Path, table: str) -> list[tuple[str, str]]:
    """Number and name of everybody in the file that has the table."""
    found = []
    for file in sorted(folder.glob("*.db")):
        with contextlib.closing(sqlite3.connect(file)) as database:
            names = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            if table in names and "staging" not in file.name:
                found += database.execute(f"SELECT employee_number, last_name FROM {table}").fetchall()
    return found


def with_singer(folder: Path, base: str) -> Iterator[Any]:
    """A tap's messages go to a file, and from there into a target that upserts by key."""
    import requests
    import sqlalchemy
    from singer_sdk import Stream, Tap
    from singer_sdk import typing as th
    from singer_sdk.sql import SQLConnector, SQLSink, SQLTarget

    url, messages = f"sqlite:///{folder / 'singer.db'}", folder / "messages.jsonl"
    fetch = parsing(lambda path: requests.get(base + path, timeout=30).content)
    whole = {"weekly_hours": th.IntegerType}
    columns = (th.Property(name, whole.get(name, th.StringType)) for name in ("id", *COLUMNS))

    class Employees(Stream):
        """The employees of one read."""

        name, primary_keys = "employee", ("id",)
        schema = th.PropertiesList(*columns).to_dict()

        def get_records(self, context: Any) -> Iterable[dict[str, Any]]:
            """One after the other."""
            for _, rows in pages(fetch, self.config["read"]):
                yield from rows

    class Employer(Tap):
        """One stream."""

        name = "tap-bench"
        config_jsonschema = th.PropertiesList(th.Property("read", th.IntegerType)).to_dict()

        def discover_streams(self) -> list[Stream]:
            """The employees."""
            return [Employees(self)]

    class Connector(SQLConnector):
        """SQLite."""

        allow_temp_tables = False

        def get_sqlalchemy_url(self, config: Any) -> str:
            """Of the file."""
            return url

    class Sink(SQLSink):
        """Inserts, or updates who is there."""

        connector_class = Connector

        def generate_insert_statement(self, full_table_name: Any, schema: Any) -> Any:
            """An upsert."""
            names = list(self.conform_schema(schema)["properties"])
            sets = ", ".join(f"{name} = excluded.{name}" for name in names if name != "id")
            values = ", ".join(f":{name}" for name in names)
            into = f"INSERT INTO employee ({', '.join(names)}) VALUES ({values})"
            return sqlalchemy.text(f"{into} ON CONFLICT (id) DO UPDATE SET {sets}")

    class Target(SQLTarget):
        """One table."""

        name, default_sink_class = "target-bench", Sink
        config_jsonschema = th.PropertiesList().to_dict()

    yield
    for read in READS:
        with messages.open("w") as out, contextlib.redirect_stdout(out):
            Employer(config={"read": read}).sync_all()
        with messages.open() as given, Path(os.devnull).open("w") as out, contextlib.redirect_stdout(out):
            Target(config={}).listen(given)
        yield
    yield state(_rows(folder, "employee"))
