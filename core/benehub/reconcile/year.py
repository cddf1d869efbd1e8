"""A year tied out, person by person and in total: registers, ledger, Forms W-2, and the recordkeeper's year.

Four pairs, each with a type of its own. Payroll's running totals against the registers that were read show a register
that never came; the registers against the ledger, what was never posted; the W-2 boxes against the ledger, what the tax
office is told; the recordkeeper's year against the deposits. A recordkeeper counts a year by the day of the credit, the
ledger by the pay date: totals that agree by either are right, and what is on its way may be missing until its day.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, and_, func, literal, select

from benehub.ledger import accounts as chart
from benehub.periods import Month
from benehub.planbook import Plan, PlanBook
from benehub.reconcile.findings import Finding, Relation, Type
from benehub.records import Source, TaxClass
from benehub.store import Session
from benehub.store.tables import confirmation, entry, leg

Due = Callable[[Plan, date], date]
Key = tuple[str, str]
"""Person and item."""
PART = {
    Source.EE_PRETAX.value: "pretax", Source.EE_ROTH.value: "roth", Source.ER_MATCH.value: "match",
    Source.ER_QNEC.value: "qnec", Source.LOAN.value: "loan",
}  # fmt: skip
SELDOM = (Source.ER_QNEC.value, Source.LOAN.value)
"""Sources that many a recordkeeper leaves out of its year: compared where it tells them of anybody."""
WITHHELD = ("deduction.withheld", "deduction.withheld.reversed")
GIVEN = ("contribution.accrued", "contribution.accrued.reversed")
MATCHED = ("match.accrued", "match.accrued.reversed")


@dataclass(frozen=True, slots=True)
class Tie:
    """One item of one pair over everybody: both totals in minor units, and the persons whose amounts differ."""

    pair: str
    """`payroll/register`, `register/ledger`, `ledger/w2` or `deposits/recordkeeper`."""
    item: str
    expected: int
    actual: int
    persons: int
    """Of how many somebody told an amount."""
    findings: tuple[Finding, ...]
    note: str = ""
    """Why it is not compared person by person; empty where it is."""

    def as_json(self) -> dict[str, Any]:
        """Plain values; the differences are counted."""
        return {
            "pair": self.pair, "item": self.item, "expected_minor": self.expected, "actual_minor": self.actual,
            "persons": self.persons, "differing": len(self.findings), "note": self.note,
        }  # fmt: skip


def period(year: int) -> str:
    """The month that a year's differences are about: its last one."""
    return str(Month(year, 12))


def tie_out(session: Session, book: PlanBook, year: int, due: Due) -> list[Tie]:
    """Every pair and item of a year of which somebody has told something."""
    before = _before(session, year)
    ties = [
        *_payroll(session, book, year),
        *_ledger(session, book, year),
        *_w2(session, book, year, before or {}),
        *_recordkeeper(session, book, year, due, before or {}),
    ]
    if before is None:
        return ties
    return [
        one if one.pair == "register/ledger" or one.item == "12D" or one.item.endswith("EE_PRETAX")
        else replace(one, findings=(), note=JOINED)
        for one in ties
    ]  # fmt: skip


def kept(session: Session) -> str:
    """Of which years anything is posted, in words."""
    span = select(func.min(entry.c.effective_date).label("first"), func.max(entry.c.effective_date).label("last"))
    (row,) = session.rows(span.where(entry.c.employer_id == session.employer))
    return f"the ledger holds {row.first.year} to {row.last.year}" if row.first else "the ledger is empty"


JOINED = "the employer joined within the year: what was paid before stands in another system"


def _before(session: Session, year: int) -> dict[tuple[str, str], int] | None:
    """What had been deferred before tax when the employer joined, by person and plan; None where it joined earlier."""
    opened = session.rows(
        select(entry.c.entry_id)
        .where(
            entry.c.employer_id == session.employer, entry.c.type.like("opening.%"),
            _in_year(entry.c.effective_date, year),
        )
        .limit(1)
    )  # fmt: skip
    if not opened:
        return None
    rows = session.rows(
        select(leg.c.person_id, leg.c.plan, func.sum(-leg.c.amount).label("sum"))
        .join(entry, (entry.c.employer_id == leg.c.employer_id) & (entry.c.entry_id == leg.c.entry_id))
        .where(
            leg.c.employer_id == session.employer, leg.c.account == chart.DEFERRAL_PAYABLE,
            entry.c.type == "opening.deferral", _in_year(entry.c.effective_date, year),
        )
        .group_by(leg.c.person_id, leg.c.plan)
    )  # fmt: skip
    return {(row.person_id, row.plan): int(row.sum) for row in rows}


def _told(session: Session, year: int, source: str) -> dict[str, dict[str, int]]:
    """Item -> person (or the vendor's id of a stranger) -> what the source says of the year."""
    who = func.coalesce(confirmation.c.person_id, confirmation.c.external_id)
    rows = session.rows(
        select(confirmation.c.code, who.label("who"), confirmation.c.plan, func.sum(confirmation.c.amount).label("sum"))
        .where(*session.where(confirmation, kind="year_total", current=1, coverage_month=str(year), part=source))
        .group_by(confirmation.c.code, who, confirmation.c.plan)
    )
    found: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for row in rows:
        found[f"{row.plan}/{row.code}" if row.plan else row.code][row.who] += int(row.sum)
    return found


def _in_year(column: Any, year: int) -> ColumnElement[bool]:
    return and_(column >= date(year, 1, 1), column < date(year + 1, 1, 1))


def _register(session: Session, connection_id: str, year: int, *columns: Any, strangers: bool) -> Sequence[Any]:
    """Sums of the register's lines; those of people nobody is linked to by the vendor's id, or all in one (empty)."""
    nobody = confirmation.c.external_id if strangers else literal("")
    who = func.coalesce(confirmation.c.person_id, nobody).label("who")
    return session.rows(
        select(who, *columns, func.sum(confirmation.c.amount).label("sum"))
        .where(
            *session.where(confirmation, kind="register_line", connection_id=connection_id, current=1),
            _in_year(confirmation.c.pay_date, year),
        )
        .group_by(who, *columns)
    )


def _payroll(session: Session, book: PlanBook, year: int) -> Iterator[Tie]:
    """Payroll's running totals, code by code, against the registers that were read."""
    told = _told(session, year, "payroll")
    if not told:
        return
    read: dict[str, dict[str, int]] = defaultdict(dict)
    for row in _register(session, book.roles.payroll, year, confirmation.c.code, strangers=True):
        if row.code in told:
            read[row.code][row.who] = int(row.sum)
    say = (
        "payroll's total of the year is not the sum of its registers that were read",
        "Look for a register that never came, or a check changed after it was read; read it again",
    )
    for code in sorted(told):
        yield _tie(session, book, year, "payroll/register", code, told[code], read[code], Type.YEAR_REGISTER_DIFF,
                   "payroll", say)  # fmt: skip


def _ledger(session: Session, book: PlanBook, year: int) -> Iterator[Tie]:
    """The registers against what was posted of them, plan and part by plan and part."""
    read: dict[str, dict[str, int]] = defaultdict(dict)
    for row in _register(session, book.roles.payroll, year, confirmation.c.plan, confirmation.c.part, strangers=False):
        if row.plan is not None and row.sum and (row.part in ("pretax", "roth", "match") or _posted(book, row)):
            read[f"{row.plan}/{row.part}"][row.who] = int(row.sum)
    posted: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for row in _legs(session, year, (*WITHHELD, *GIVEN, *MATCHED), _PAYABLES):
        # A match that the hub works out itself stands in no register.
        if row.money_source != "match" or book.plan(row.plan).match is None or _by_payroll(book.plan(row.plan)):
            posted[f"{row.plan}/{row.money_source}"][row.person_id or ""] -= int(row.sum)
    say = ("the ledger holds another amount than the registers of the year", "Post the registers again, month by month")
    for item in sorted({*read, *posted}):
        yield _tie(session, book, year, "register/ledger", item, read[item], posted[item], Type.YEAR_LEDGER_DIFF, "hub",
                   say)  # fmt: skip


_PAYABLES = (chart.EMPLOYEE_SHARE_DUE, chart.DEFERRAL_PAYABLE, chart.MATCH_PAYABLE, chart.ACCOUNT_PAYABLE)


def _posted(book: PlanBook, row: Any) -> bool:
    """Whether such a line of pay is posted: the employer's share of a premium is accrued with the premium."""
    return row.part == "employee" or (row.part == "employer" and book.plan(row.plan).is_account)


def _by_payroll(plan: Plan) -> bool:
    return plan.match is not None and plan.match.by_payroll


def _legs(session: Session, year: int, types: Sequence[str], accounts: Sequence[str]) -> Sequence[Any]:
    return session.rows(
        select(leg.c.person_id, leg.c.plan, leg.c.money_source, func.sum(leg.c.amount).label("sum"))
        .join(entry, (entry.c.employer_id == leg.c.employer_id) & (entry.c.entry_id == leg.c.entry_id))
        .where(
            leg.c.employer_id == session.employer, leg.c.account.in_(accounts), entry.c.status == "posted",
            entry.c.type.in_(types), _in_year(leg.c.pay_date, year),
        )
        .group_by(leg.c.person_id, leg.c.plan, leg.c.money_source)
        .having(func.sum(leg.c.amount) != 0)
    )  # fmt: skip


def _w2(session: Session, book: PlanBook, year: int, before: Mapping[tuple[str, str], int]) -> Iterator[Tie]:
    """The boxes of Forms W-2 against the ledger; box 12 DD only where the employer tells it at all."""
    told = _told(session, year, "w2")
    if not told:
        return
    ours: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for row in _legs(session, year, (*WITHHELD, *GIVEN), (chart.DEFERRAL_PAYABLE, chart.ACCOUNT_PAYABLE)):
        if row.person_id and (box := _box(book.plan(row.plan), row.money_source)):
            ours[box][row.person_id] -= int(row.sum)
    for (person_id, _), amount in before.items():
        ours["12D"][person_id] += amount
    if "12DD" in told:
        ours["12DD"] = _health_cost(session, book, year)
    say = ("the W-2 has another amount than the ledger", "Correct the W-2 (W-2c once it is filed), or what was posted")
    for box in sorted({*told, *ours}):
        yield _tie(session, book, year, "ledger/w2", box, ours[box], told.get(box, {}), Type.W2_BOX_DIFF, "payroll",
                   say)  # fmt: skip


def _box(plan: Plan, part: str) -> str:
    """The box that money of a plan and part stands in; empty: in none of those compared."""
    if plan.benefit_type == "retirement":
        return {"pretax": "12D", "roth": "12AA"}.get(part, "")
    if plan.benefit_type == "hsa":
        # What an employee pays in after tax is on his own return, not in the box.
        after_tax = part == "employee" and plan.deduction is not None and plan.deduction.tax_class is TaxClass.POSTTAX
        return "" if after_tax else "12W"
    return "10" if plan.benefit_type == "fsa_dependent" else ""


def _health_cost(session: Session, book: PlanBook, year: int) -> dict[str, int]:
    """Both shares of the medical premium of the year's months of cover."""
    plans = [plan.id for plan in book.insurance_plans() if plan.benefit_type == "medical"]
    rows = session.rows(
        select(leg.c.person_id, func.sum(leg.c.amount).label("sum"))
        .join(entry, (entry.c.employer_id == leg.c.employer_id) & (entry.c.entry_id == leg.c.entry_id))
        .where(
            leg.c.employer_id == session.employer, leg.c.account == chart.PREMIUM_PAYABLE, leg.c.plan.in_(plans),
            entry.c.type.in_(("premium.accrued", "premium.accrued.reversed")),
            leg.c.coverage_month >= f"{year}-01", leg.c.coverage_month <= f"{year}-12",
        )
        .group_by(leg.c.person_id)
        .having(func.sum(leg.c.amount) != 0)
    )  # fmt: skip
    return {row.person_id: -int(row.sum) for row in rows}


def _recordkeeper(
    session: Session, book: PlanBook, year: int, due: Due, before: Mapping[tuple[str, str], int]
) -> Iterator[Tie]:  # fmt: skip
    """The recordkeeper's totals of the year against what was deposited."""
    told = _told(session, year, "recordkeeper")
    if not told:
        return
    by_pay, waiting, last = _deposited(session, book, year, due)
    by_trade = _credited(session, year)
    for (person_id, plan), amount in before.items():
        by_pay[f"{plan}/EE_PRETAX"][person_id] += amount
        by_trade[f"{plan}/EE_PRETAX"][person_id] = by_trade[f"{plan}/EE_PRETAX"].get(person_id, 0) + amount
    unit = book.employer.currency
    for item in sorted({*told, *(one for one in by_pay if one.partition("/")[2] not in SELDOM)}):
        theirs, ours = told.get(item, {}), by_pay[item]
        found = []
        for who in sorted({*theirs, *ours}):
            actual, expected = theirs.get(who, 0), ours.get(who, 0)
            if actual in (expected, by_trade[item].get(who, 0)):
                continue
            on_its_way = actual == expected - waiting[item].get(who, 0)
            found.append(
                _finding(
                    session, year, item, who, expected, actual, Type.YEAR_CREDIT_DIFF, "recordkeeper", unit,
                    ("deposits of the year are not credited yet, and need not be", "Wait for the credits") if on_its_way
                    else ("the recordkeeper's year is neither the deposits of its pay dates nor the credits in it",
                          "Ask the recordkeeper for the postings of the year"),
                    last if on_its_way else None,
                )
            )  # fmt: skip
        yield Tie("deposits/recordkeeper", item, sum(ours.values()), sum(theirs.values()), len({*theirs, *ours}),
                  tuple(found))  # fmt: skip


Sums = dict[str, dict[str, int]]


def _deposited(session: Session, book: PlanBook, year: int, due: Due) -> tuple[Sums, Sums, date | None]:
    """By item and person: deposited for the year's pay dates, what of it may be on its way, and until when."""
    sources = {part: name for name, part in PART.items()}
    rows = session.rows(
        select(leg.c.person_id, leg.c.plan, leg.c.money_source, leg.c.pay_date, entry.c.type,
               func.sum(leg.c.amount).label("sum"))
        .join(entry, (entry.c.employer_id == leg.c.employer_id) & (entry.c.entry_id == leg.c.entry_id))
        .where(
            leg.c.employer_id == session.employer, leg.c.account == chart.DEPOSIT_TRANSIT,
            leg.c.money_source.in_(tuple(sources)), _in_year(leg.c.pay_date, year),
            entry.c.type.in_(("contribution.deposited", "contribution.deposited.reversed", "contribution.credited",
                              "contribution.credited.reversed")),
        )
        .group_by(leg.c.person_id, leg.c.plan, leg.c.money_source, leg.c.pay_date, entry.c.type)
    )  # fmt: skip
    made: Sums = defaultdict(lambda: defaultdict(int))
    waiting: Sums = defaultdict(lambda: defaultdict(int))
    last = None
    for row in rows:
        item, who = f"{row.plan}/{sources[row.money_source]}", row.person_id or ""
        if row.type.startswith("contribution.deposited"):
            made[item][who] -= int(row.sum)
        when = due(book.plan(row.plan), row.pay_date)
        if when >= session.today():
            waiting[item][who] -= int(row.sum)
            last = max(last or when, when)
    return made, waiting, last


def _credited(session: Session, year: int) -> Sums:
    """By item and person: what was credited on the days of the year, whatever pay date it is of."""
    sources = {part: name for name, part in PART.items()}
    who = func.coalesce(confirmation.c.person_id, confirmation.c.external_id)
    rows = session.rows(
        select(who.label("who"), confirmation.c.plan, confirmation.c.part, func.sum(confirmation.c.amount).label("sum"))
        .where(*session.where(confirmation, kind="credit", current=1), _in_year(confirmation.c.on_date, year))
        .group_by(who, confirmation.c.plan, confirmation.c.part)
    )
    found: Sums = defaultdict(dict)
    for row in rows:
        found[f"{row.plan}/{sources[row.part]}"][row.who] = int(row.sum)
    return found


def _tie(
    session: Session, book: PlanBook, year: int, pair: str, item: str, expected: Mapping[str, int],
    actual: Mapping[str, int], kind: Type, side: str, say: tuple[str, str],
) -> Tie:  # fmt: skip
    everybody = sorted({*expected, *actual})
    found = tuple(
        _finding(
            session, year, item, who, expected.get(who, 0), actual.get(who, 0), kind, side, book.employer.currency, say
        )
        for who in everybody
        if expected.get(who, 0) != actual.get(who, 0)
    )
    return Tie(pair, item, sum(expected.values()), sum(actual.values()), len(everybody), found)


def _finding(
    session: Session, year: int, item: str, who: str, expected: int, actual: int, kind: Type, side: str, unit: str,
    say: tuple[str, str], clear_by: date | None = None,
) -> Finding:  # fmt: skip
    known = who.startswith("per_")
    cause, action = say
    if kind is Type.W2_BOX_DIFF and not actual:
        cause = "the W-2 has nothing in this box"
    return Finding(
        Relation.YEAR, kind, period(year), item if known else f"{item}/{who[:40]}", side, "payroll", cause, action,
        person_id=who if known else None, expected=expected, actual=actual, unit=unit, clear_by=clear_by,
    )  # fmt: skip
