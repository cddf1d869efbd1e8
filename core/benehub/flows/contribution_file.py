"""What one contribution file of a pay date says: everything at first, after that only what has changed since.

A recordkeeper adds up what it is sent, so a pay date's second file must never be a second full one. Amounts of a
correction are what the ledger owes beyond the files that left; pay and hours are new less told; what is known of the
year is told as it stands now. Whom the file cannot name, for want of an SSN, is held back by himself: the others' money
is not late for him.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from benehub import facts
from benehub.errors import DataError
from benehub.facts import PayPeriod, Worker, pay_calendar
from benehub.flows import savings
from benehub.flows.file_chain import Chain
from benehub.flows.savings import Saved
from benehub.identity import people
from benehub.periods import Interval, Month
from benehub.planbook import Plan, PlanBook
from benehub.records import ContributionRow, Sex, Source
from benehub.store import Session

SOURCES = {
    "pretax": Source.EE_PRETAX, "roth": Source.EE_ROTH, "match": Source.ER_MATCH, "qnec": Source.ER_QNEC,
    "loan": Source.LOAN,
}  # fmt: skip
"""Part of a contribution in the ledger -> its money source."""
OF_YEAR = ("pretax", "roth", "match")
"""Parts whose sums of the year are told beside them."""

_KEY = re.compile(r"contribution\.deposit/(?P<plan>.+)/(?P<day>\d{4}-\d{2}-\d{2})(?:/correction-\d+)?")
_ADDRESS = ("address1", "address2", "city", "state", "zip_code", "email")


def base_key(plan_id: str, pay_date: date) -> str:
    """Business key of a pay date's first file."""
    return f"contribution.deposit/{plan_id}/{pay_date}"


def subject(key: str) -> tuple[str, date]:
    """Plan and pay date of a file's business key, the first's or a correction's."""
    found = _KEY.fullmatch(key)
    if found is None:
        raise DataError(f"no contribution file {key!r}", mend="Name a dispatch of contribution.deposit")
    return found["plan"], date.fromisoformat(found["day"])


@dataclass(frozen=True, slots=True)
class Told:
    """What the files that left have told of each person, and the number of the next one."""

    number: int = 0
    compensation: Mapping[str, int] = field(default_factory=dict, repr=False)
    hours: Mapping[str, int] = field(default_factory=dict)


def told_by(files: Chain) -> Told:
    """What the files of a pay date have told."""
    compensation: Counter[str] = Counter()
    hours: Counter[str] = Counter()
    for content in files.contents:
        for one in content["rows"]:
            compensation[one["person"]] += one["compensation_minor"]
            hours[one["person"]] += one["hours_hundredths"]
    return Told(files.number, compensation, hours)


@dataclass(frozen=True, slots=True)
class HeldBack:
    """A participant of whom the next file cannot tell: why, and what of his waits, in minor units."""

    person_id: str
    why: str
    amount_minor: int
    mend: str


@dataclass(slots=True)
class NextFile:
    """What the next file of a pay date says, and of whom it cannot say anything."""

    rows: list[ContributionRow] = field(default_factory=list)
    held: list[HeldBack] = field(default_factory=list)

    @property
    def total_minor(self) -> int:
        """The money of its rows."""
        return sum(sum(row.amounts.values()) for row in self.rows)

    @property
    def held_minor(self) -> int:
        """The money that waits."""
        return sum(one.amount_minor for one in self.held)


def next_file(
    session: Session, book: PlanBook, plan: Plan, pay_date: date, owed: Mapping[str, Mapping[str, int]], told: Told
) -> NextFile:
    """A row for each participant who is owed something, or whose pay was told otherwise before."""
    paid = savings.paid(session, pay_date, pay_date + timedelta(days=1))
    retold = {one for one, amount in told.compensation.items() if paid.get(one, 0) != amount}
    who = sorted(owed.keys() | retold)
    made = NextFile()
    if not who:
        return made
    periods = {
        group: one
        for group, year in pay_calendar(session, book, pay_date.year).items()
        for one in year
        if one.pay_date == pay_date
    }
    known = _Known(
        ssns=people.ssns(session, who),
        paid=paid,
        year=savings.load(session, date(pay_date.year, 1, 1), pay_date + timedelta(days=1)),
        periods=periods,
        hours=_hours(session, who, periods.values()),
    )
    nameless = dict.fromkeys(who, "no employment is known")
    for worker in facts.workers(session, Interval(date.min, Month.of(pay_date).end), None, who, elections=False):
        one = worker.person_id
        if one in known.ssns:
            nameless.pop(one, None)
            made.rows.append(_row(book, plan, pay_date, worker, owed.get(one, {}), told, known))
        else:
            nameless[one] = f"employee {worker.identity.get('employee_number', one)} has no SSN"
    made.held = [
        HeldBack(one, why, sum(owed.get(one, {}).values()), "Enter it in the HRIS, sync")
        for one, why in nameless.items()
    ]
    return made


def without(made: NextFile, unfit: Mapping[str, str]) -> NextFile:
    """The file without those whom the recordkeeper's layout cannot carry (person -> why), who are held back, too."""
    stay = [row for row in made.rows if row.person not in unfit]
    out = [
        HeldBack(row.person, f"employee {row.employee_number or row.person}: {unfit[row.person]}",
                 sum(row.amounts.values()), "Mend it where it is kept (HRIS, settings), sync")
        for row in made.rows if row.person in unfit
    ]  # fmt: skip
    return NextFile(stay, made.held + out)


def _hours(session: Session, who: Sequence[str], periods: Iterable[PayPeriod]) -> Mapping[str, list[facts.Fact]]:
    """Spans with hours of service that touch one of the pay periods, by person."""
    found: dict[str, list[facts.Fact]] = {}
    if bounds := [(one.start, one.end) for one in periods]:
        window = Interval(min(start for start, _ in bounds), max(end for _, end in bounds) + timedelta(days=1))
        for (person_id, _), segments in facts.timelines(session, "hours", window, subjects=who).items():
            found.setdefault(person_id, []).extend(segments)
    return found


@dataclass(frozen=True, slots=True)
class _Known:
    ssns: Mapping[str, str] = field(repr=False)
    paid: Mapping[str, int] = field(repr=False)
    year: Mapping[str, Saved] = field(repr=False)
    periods: Mapping[str, PayPeriod]
    hours: Mapping[str, Sequence[facts.Fact]]

    def hours_in(self, person_id: str, period: PayPeriod | None) -> int:
        """Hours of service in hundredths whose spans lie in the pay period."""
        if period is None:
            return 0
        return sum(
            int(one.data["hours"]) + int(one.data["paid_leave"])
            for one in self.hours.get(person_id, ())
            if one.effective_from >= period.start and one.effective_to <= period.end + timedelta(days=1)
        )


def _row(
    book: PlanBook, plan: Plan, pay_date: date, worker: Worker, amounts: Mapping[str, int], told: Told, known: _Known
) -> ContributionRow:
    identity, one = worker.identity, worker.person_id
    period, year = known.periods.get(worker.pay_group), known.year.get(one, Saved())
    # The year's sums are of all plans together: with one plan they are its own.
    alone = len(book.retirement_plans()) == 1
    address: dict[str, Any] = {name: str(identity.get(name) or "") for name in _ADDRESS}
    return ContributionRow(
        person=one, plan=plan.id, pay_date=pay_date, correction=told.number, ssn=known.ssns[one],
        employee_number=str(identity.get("employee_number") or ""), first_name=identity["first_name"],
        last_name=identity["last_name"], middle_name=identity.get("middle_name") or "",
        birth_date=identity["birth_date"], sex=Sex(identity.get("sex") or "U"), hire_date=worker.hired,
        termination_date=worker.terminated_on, pay_group=worker.pay_group,
        pay_cycle=book.pay_group(worker.pay_group).frequency,
        period_start=period.start if period else None, period_end=period.end if period else None,
        compensation_minor=known.paid.get(one, 0) - told.compensation.get(one, 0),
        hours_hundredths=known.hours_in(one, period) - told.hours.get(one, 0),
        year_compensation_minor=year.compensation,
        year_amounts={SOURCES[part]: getattr(year, part) for part in OF_YEAR} if alone else {},
        amounts={SOURCES[part]: amount for part, amount in amounts.items()},
        **_before(worker), **address,
    )  # fmt: skip


def _before(worker: Worker) -> dict[str, Any]:
    """First and last day of the employment before the newest one."""
    earlier = [one for one in worker.employments if date.fromisoformat(one.data["hire_date"]) != worker.hired]
    if not earlier:
        return {}
    last = earlier[-1]
    return {
        "prior_hire_date": date.fromisoformat(last.data["hire_date"]),
        "prior_termination_date": last.effective_to - timedelta(days=1),
    }
