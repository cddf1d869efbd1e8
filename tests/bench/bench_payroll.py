"""Payroll against the ledger's expectation: findings with cause and mend, beside the bare grouped SQL."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

DAYS = (date(2026, 11, 13), date(2026, 11, 27))
PARTS = (("ppo", "employee", "MEDPPO"), ("401k", "pretax", "401K"))
EVERY = 100
"""One line in so many differs by a cent."""


def lines(size: int) -> Iterator[tuple[int, int, date, str, str, str]]:
    """Number, person, pay date, plan, part and code of each expected line: two dates, two plans a person."""
    for number in range(size):
        yield number, number // 4, DAYS[number // 2 % 2], *PARTS[number % 2]


def prepare(folder: Path, size: int) -> None:
    """A ledger of `size` expected lines (two legs each) and payroll's register of them."""
    from bench_hub import NOW, add_people, make_hub

    from benehub import ledger
    from benehub.ledger import Leg, NewEntry
    from benehub.store.tables import confirmation, crosswalk, intake_batch

    store = make_hub(folder, "payroll")
    with store.write("acme") as session:
        people = add_people(session, size // 4 + 1)
        seq, _ = session.take_seq()
        session.add(
            crosswalk,
            [{"connection_id": "payroll", "external_id": p, "person_id": p, "how": "n", "seq": seq} for p in people],
        )
        counts = dict.fromkeys(("full_read", "rows", "applied", "unchanged", "quarantined", "superseded"), 0)
        batch = {"batch_id": "int_1", "connection_id": "payroll", "stream": "register_line", "run_key": "1"}
        session.add(
            intake_batch, [{**batch, **counts, "state": "applied", "reason": "", "seq": seq, "recorded_at": str(NOW)}]
        )
        ledger.record(
            session,
            (
                NewEntry(
                    f"deduction:{number}/r1", "deduction.expected", day,
                    (Leg("1900", "USD", 5_000, people[who], plan, part, None, day),
                     Leg("2310", "USD", -5_000, people[who], plan, part, None, day)),
                    "obl_1", "pending", date(2026, 12, 4),
                )
                for number, who, day, plan, part, _ in lines(size)
            ),
        )  # fmt: skip
        session.add(confirmation, _register(size, people, seq))
    store.close()


def _register(size: int, people: list[str], seq: int) -> Iterator[dict[str, Any]]:
    same = {
        "kind": "register_line", "connection_id": "payroll", "version": 1, "current": 1, "tier": "",
        "coverage_month": "", "unit": "USD", "batch_id": "int_1", "row_no": 1, "seq": seq,
    }  # fmt: skip
    detail = {"kind": "deduction", "pay_run": "1", "pay_group": "biweekly", "net_pay_minor": 200_000}
    for number, who, day, plan, part, code in lines(size):
        key = {"external_id": people[who], "person_id": people[who], "pay_date": day, "reference": f"{who}/{day}"}
        amount = 5_000 + (number % EVERY == 0)
        tax = "pretax" if part == "employee" else ""
        own = {"row_key": str(number), "plan": plan, "part": part, "code": code, "tax_class": tax, "amount": amount}
        yield {**same, **key, **own, "detail": detail}
        if number % 2 == 0:  # one line of pay a check
            pay = {"row_key": f"{number}p", "plan": None, "part": "earning", "code": "REG", "tax_class": ""}
            yield {**same, **key, **pay, "amount": 200_000, "detail": detail}


def ours(folder: Path, size: int) -> Iterator[Any]:
    """`compare`: every difference as a finding."""
    from bench_hub import ROOT, open_hub

    from benehub import planbook
    from benehub.periods import Month
    from benehub.reconcile import payroll

    store = open_hub(folder)
    book = planbook.load((ROOT / "config" / "planbook.example.yaml").read_text(encoding="utf-8"), "example")
    yield
    with store.read("acme") as session:
        found = payroll.compare(session, book, "payroll", Month(2026, 11))
    store.close()
    yield len(found)


def sql(folder: Path, size: int) -> Iterator[Any]:
    """The one grouped query, in sqlite3: which lines differ, and nothing more."""
    database = sqlite3.connect(folder / "hub.db")
    yield
    found = database.execute(
        """SELECT person_id, plan, part, pay_date, sum(expected), sum(actual) FROM (
             SELECT l.person_id, l.plan, l.money_source AS part, l.pay_date, l.amount AS expected, 0 AS actual
             FROM leg l JOIN entry e ON e.employer_id = l.employer_id AND e.entry_id = l.entry_id
             WHERE l.employer_id = 'acme' AND e.type IN ('deduction.expected', 'deduction.expected.void')
               AND l.account IN ('1900', '5200')
               AND e.effective_date >= '2026-11-01' AND e.effective_date < '2026-12-01'
             UNION ALL
             SELECT person_id, plan, part, pay_date, 0, amount FROM confirmation
             WHERE employer_id = 'acme' AND kind = 'register_line' AND connection_id = 'payroll' AND current = 1
               AND pay_date >= '2026-11-01' AND pay_date < '2026-12-01'
               AND person_id IS NOT NULL AND plan IS NOT NULL
               AND part IN ('employee', 'pretax', 'roth', 'match'))
           GROUP BY person_id, plan, part, pay_date HAVING sum(expected) <> sum(actual)"""
    ).fetchall()
    database.close()
    yield len(found)
