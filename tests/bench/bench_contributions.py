"""Contributions sent against contributions credited: from two CSV files and in the database, beside bare compares."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

DAY, TRADED, LATE = date(2026, 11, 13), date(2026, 11, 16), date(2026, 11, 25)
DUE_DAYS = 5
EVERY = 1_000
"""Of so many rows each of the six kinds of discrepancy befalls one: 0.6 %."""
SOURCES = (("EE_PRETAX", "pretax"), ("ER_MATCH", "match"))


def rows(size: int) -> Iterator[tuple[int, int, int]]:
    """Number, amount in cents, and which kind of row it is (by `EVERY`)."""
    for number in range(size):
        yield number, 10_000 + number * 37 % 40_000, number % EVERY


def credited(amount: int, kind: int) -> list[int]:
    """What is credited of an amount: nothing, too much, too little, twice, or all."""
    return {3: [], 5: [amount + 100], 7: [amount - 100], 9: [amount, amount]}.get(kind, [amount])


def _text(amount: int) -> str:
    return f"{amount // 100}.{amount % 100:02d}"


def csv_prepare(folder: Path, size: int) -> None:
    """Both files, as a payroll and a recordkeeper would write them."""
    with (folder / "sent.csv").open("w") as sent, (folder / "credits.csv").open("w") as credits:
        sent.write("ssn,plan,source,pay_date,amount\n")
        credits.write("credit_id,ssn,last_name,first_name,plan,source,pay_date,trade_date,amount\n")
        for number, amount, kind in rows(size):
            who, source = f"9{number // 2:08d}", SOURCES[number % 2][0]
            sent.write(f"{who},401k,{source},{DAY},{_text(amount)}\n")
            traded = LATE if kind == 13 else TRADED
            got = "EE_ROTH" if kind == 10 else source
            for worth in credited(amount, kind):
                credits.write(f"C{number},{who},,,401k,{got},{DAY},{traded},{_text(worth)}\n")


def csv_ours(folder: Path, size: int) -> Iterator[Any]:
    """`credit_files.compare`: amounts and days checked, every difference with its type."""
    import polars  # noqa: F401, ICN001 - its import is not the work

    from benehub.reconcile.credit_files import compare

    yield
    found = compare(folder / "sent.csv", folder / "credits.csv", DUE_DAYS)
    yield dict(sorted(Counter(found["type"].to_list()).items()))


def csv_polars(folder: Path, size: int) -> Iterator[Any]:
    """A bare classification in Polars: floats as they come, nothing checked."""
    import polars as pl

    key = ["ssn", "plan", "source", "pay_date"]
    yield
    types = {"ssn": pl.String, "pay_date": pl.Date, "trade_date": pl.Date, "amount": pl.Float64}
    ours = pl.scan_csv(folder / "sent.csv", schema_overrides=types).group_by(key).agg(pl.col("amount").sum())
    theirs = (
        pl.scan_csv(folder / "credits.csv", schema_overrides=types).group_by(key)
        .agg(pl.col("amount").sum().alias("got"), pl.len().alias("lines"), pl.col("trade_date").max())
    )  # fmt: skip
    both = ours.join(theirs, on=key, how="full", coalesce=True).with_columns(
        pl.col("amount").fill_null(0), pl.col("got").fill_null(0), pl.col("lines").fill_null(0)
    )
    gap = pl.col("got") - pl.col("amount")
    late = pl.col("trade_date") > pl.col("pay_date") + pl.duration(days=DUE_DAYS)
    kind = (
        pl.when(gap.abs() < 0.005).then(pl.lit("LATE"))
        .when(pl.col("amount") == 0).then(pl.lit("WRONG_SOURCE"))
        .when((pl.col("lines") == 0) & pl.col("twin")).then(pl.lit(""))
        .when(pl.col("lines") == 0).then(pl.lit("DEPOSITED_NOT_CREDITED"))
        .when(pl.col("lines") > 1).then(pl.lit("DUPLICATE_CREDIT"))
        .when(gap < 0).then(pl.lit("CREDITED_SHORT")).otherwise(pl.lit("CREDITED_OVER"))
    )  # fmt: skip
    found = both.filter((gap.abs() >= 0.005) | late).collect(engine="streaming")
    moved = found.filter(pl.col("source") == "EE_ROTH").select("ssn", pl.lit("EE_PRETAX").alias("source"), twin=True)
    found = found.join(moved, on=["ssn", "source"], how="left").with_columns(pl.col("twin").fill_null(False))
    told = Counter(found.select(kind.alias("type"))["type"].to_list())
    yield dict(sorted((name, count) for name, count in told.items() if name))


def csv_duckdb(folder: Path, size: int) -> Iterator[Any]:
    """A bare classification in DuckDB."""
    import duckdb

    yield
    found = duckdb.sql(f"""
        WITH s AS (SELECT ssn, plan, source, pay_date, sum(amount) AS amount
                   FROM read_csv('{folder}/sent.csv', types={{'ssn': 'VARCHAR', 'amount': 'DECIMAL(18,2)'}})
                   GROUP BY ALL),
             c AS (SELECT ssn, plan, source, pay_date, sum(amount) AS got, count(*) AS lines, max(trade_date) AS traded
                   FROM read_csv('{folder}/credits.csv', types={{'ssn': 'VARCHAR', 'amount': 'DECIMAL(18,2)'}})
                   GROUP BY ALL),
             f AS (SELECT ssn, source, coalesce(amount, 0) AS a, coalesce(got, 0) AS g, coalesce(lines, 0) AS n, traded,
                          pay_date
                   FROM s FULL JOIN c USING (ssn, plan, source, pay_date)
                   WHERE amount IS DISTINCT FROM got OR traded > pay_date + {DUE_DAYS}),
             m AS (SELECT ssn FROM f WHERE source = 'EE_ROTH')
        SELECT CASE WHEN a = g THEN 'LATE' WHEN a = 0 THEN 'WRONG_SOURCE'
                    WHEN n = 0 THEN 'DEPOSITED_NOT_CREDITED' WHEN n > 1 THEN 'DUPLICATE_CREDIT'
                    WHEN g < a THEN 'CREDITED_SHORT' ELSE 'CREDITED_OVER' END AS type, count(*)
        FROM f WHERE NOT (n = 0 AND source = 'EE_PRETAX' AND ssn IN (FROM m)) GROUP BY 1 ORDER BY 1""").fetchall()
    yield dict(found)


def csv_datacompy(folder: Path, size: int) -> Iterator[Any]:
    """datacompy over pandas: which rows of one file are not the other's. It classifies nothing, so it has no answer."""
    import datacompy
    import pandas as pd

    key = ["ssn", "plan", "source", "pay_date"]
    yield
    types = {"ssn": str}
    sent = pd.read_csv(folder / "sent.csv", dtype=types)
    got = pd.read_csv(folder / "credits.csv", dtype=types, usecols=[*key, "amount"])
    made = getattr(datacompy, "PandasCompare", None) or datacompy.Compare
    made(sent, got, join_columns=key).all_mismatch()
    yield None


def db_prepare(folder: Path, size: int) -> None:
    """A ledger of deposits and the recordkeeper's credits of them, with a covering index for the peer."""
    from bench_hub import NOW, add_people, fill, filling, make_hub

    from benehub import ledger
    from benehub.ledger import Leg, NewEntry
    from benehub.store.tables import confirmation, intake_batch

    store = make_hub(folder, "summit")
    with store.write("acme") as session:
        people = add_people(session, size // 2 + 1)
        counts = dict.fromkeys(("full_read", "rows", "applied", "unchanged", "quarantined", "superseded"), 0)
        batch = {"batch_id": "int_1", "connection_id": "summit", "stream": "credit", "run_key": "1"}
        session.add(
            intake_batch, [{**batch, **counts, "state": "applied", "reason": "", "seq": 1, "recorded_at": str(NOW)}]
        )

    def entry(number: int, amount: int) -> NewEntry:
        part = SOURCES[number % 2][1]
        dims = (people[number // 2], "401k", part, "2026-11", DAY, "dis_1")
        legs = (Leg("2320" if part == "match" else "2310", "USD", amount, *dims), Leg("1020", "USD", -amount, *dims))
        return NewEntry(f"deposit/{number}", "contribution.deposited", DAY, legs, "dis_1")

    same = {
        "kind": "credit", "connection_id": "summit", "version": 1, "current": 1, "plan": "401k", "code": "",
        "tax_class": "", "tier": "", "coverage_month": "", "pay_date": DAY, "on_date": TRADED, "unit": "USD",
        "effective_from": None, "effective_to": None, "detail": {}, "batch_id": "int_1", "row_no": 1, "seq": 1,
    }  # fmt: skip
    credits = (
        {**same, "row_key": f"{number}/{place}", "person_id": people[number // 2], "external_id": str(number),
         "part": SOURCES[number % 2][1], "amount": worth, "reference": str(number)}
        for number, amount, kind in rows(size) for place, worth in enumerate(credited(amount, kind))
    )  # fmt: skip
    with filling(store):
        fill(store, ledger.record, (entry(number, amount) for number, amount, _ in rows(size)))
        fill(store, lambda session, part: session.add(confirmation, part), credits)
    store.close()
    database = sqlite3.connect(folder / "hub.db")
    database.execute("CREATE INDEX peer_leg ON leg (account, person_id, plan, money_source, pay_date, amount)")
    database.execute("CREATE INDEX peer_credit ON confirmation (kind, person_id, plan, part, pay_date, amount)")
    database.commit()
    database.close()


FOUND = ("DEPOSITED_NOT_CREDITED", "CREDITED_SHORT", "CREDITED_OVER", "DUPLICATE_CREDIT")


def db_ours(folder: Path, size: int) -> Iterator[Any]:
    """`reconcile.retirement.compare`: every difference as a finding with cause and mend."""
    from bench_hub import ROOT, open_hub

    from benehub import planbook
    from benehub.flows.retirement import due
    from benehub.periods import Month
    from benehub.reconcile import retirement

    store = open_hub(folder)
    book = planbook.load((ROOT / "config" / "planbook.example.yaml").read_text(encoding="utf-8"), "example")
    yield
    with store.read("acme") as session:
        found = retirement.compare(session, book, "summit", Month(2026, 11), lambda plan, day: due(book, plan, day))
    store.close()
    yield sum(one.type.value in FOUND for one in found)


def db_merge(folder: Path, size: int) -> Iterator[Any]:
    """Two cursors over covering indexes, merged in order: which keys differ, and nothing more."""
    database = sqlite3.connect(folder / "hub.db")

    def read(query: str) -> Iterator[tuple[tuple[Any, ...], int]]:
        for row in database.cursor().execute(query):
            yield row[:4], row[4]

    yield
    left = read(
        "SELECT person_id, plan, money_source, pay_date, -amount FROM leg INDEXED BY peer_leg"
        " WHERE account = '1020' ORDER BY person_id, plan, money_source, pay_date"
    )
    right = read(
        "SELECT person_id, plan, part, pay_date, sum(amount) FROM confirmation INDEXED BY peer_credit"
        " WHERE kind = 'credit' GROUP BY person_id, plan, part, pay_date"
    )
    count = 0
    one, other = next(left, None), next(right, None)
    while one or other:
        if other is None or (one is not None and one[0] < other[0]):
            count, one = count + 1, next(left, None)
        elif one is None or other[0] < one[0]:
            count, other = count + 1, next(right, None)
        else:
            count += one[1] != other[1]
            one, other = next(left, None), next(right, None)
    database.close()
    yield count
