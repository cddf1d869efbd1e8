"""What an employee takes in the database: once, and each month; the figures for sizing in docs/operations.md.

A seeded world of two months and four pay dates goes through the flows of every day: read, decided, priced, expected,
paid, deposited and compared. The database is measured between any two of them, so that each growth has its flow.
Nothing passes or fails by size.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from pathlib import Path

from sqlalchemy import create_engine
from sqlalchemy.engine import Engine

from benehub.testing.worlds.making import make
from benehub.testing.worlds.running import run_world
from benehub.testing.worlds.writing import write

MONTHLY = {"register_line", "invoice", "invoice_line", "credit", "leave_balance", "leave_request", "payroll.results",
           "premiums.accrue", "premiums.remit", "deductions.expect", "leave.accrue", "retirement.deposit",
           "retirement.credits", "reconcile"}  # fmt: skip
"""What is read or done anew each month; all else is read once, and then only what has changed."""


def size(engine: Engine) -> int:
    """Bytes of the database that are in use."""
    with engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            return int(connection.exec_driver_sql("SELECT pg_database_size(current_database())").scalar_one())
        page, pages, free = (
            int(connection.exec_driver_sql(f"PRAGMA {name}").scalar_one())
            for name in ("page_size", "page_count", "freelist_count")
        )
        return page * (pages - free)


def grown(folder: Path, url: str) -> tuple[Counter[str], int]:
    """Bytes by flow (a read by its stream), in the order they came; and months."""
    engine, found, names = create_engine(url), Counter[str](), ["empty"]
    last = [0]

    def look() -> None:
        now = size(engine)
        found[names[-1]] += now - last[0]
        last[0] = now

    def progress(text: str) -> None:
        look()
        words = text.split()
        names.append(words[2] if words[0] == "sync" else words[0])

    truth, _ = run_world(folder, url, progress)
    look()
    return found, len(truth.months)


def told(line: str) -> None:
    """Print a line."""
    sys.stdout.write(f"{line}\n")


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--people", type=int, default=1000)
    parser.add_argument("--db", default="", help="an empty database; an SQLite file of its own when left out")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="benehub-growth-") as name:
        folder = Path(name)
        write(make(7, options.people), folder)
        found, months = grown(folder, options.db or f"sqlite:///{folder / 'hub.db'}")
    empty, people = found.pop("empty"), options.people
    told(f"{people} people, {months} months; empty: {empty / 1e6:.1f} MB")
    for flow, number in found.items():
        each, word = (number / people / months, "a month") if flow in MONTHLY else (number / people, "once")
        told(f"  {flow:<22} {number / 1e6:8.2f} MB  {each / 1000:6.2f} KB a person, {word}")
    monthly = sum(number for flow, number in found.items() if flow in MONTHLY)
    told(f"once:    {(found.total() - monthly) / people / 1000:.1f} KB a person")
    told(f"a month: {monthly / people / months / 1000:.1f} KB a person")


if __name__ == "__main__":
    main()
