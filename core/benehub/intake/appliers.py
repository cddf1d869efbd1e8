"""What a valid row becomes: facts about people, or confirmations of what a vendor did.

One small function a stream. An applier raises DataError to have its row quarantined; its savepoint then takes
back whatever it had written.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from sqlalchemy import func, select, update

from benehub import facts
from benehub.crypto import mask
from benehub.errors import DataError
from benehub.facts import Version, payroll_benefits
from benehub.hours import leave_unit
from benehub.identity import people
from benehub.identity.matching import Told
from benehub.intake.applying import Applier, Origin, Together
from benehub.intake.employees import employee, newcomers
from benehub.intake.recognising import (
    Unknown,
    by_ssn,
    employee_of,
    holder_of_ssn,
    kept,
    payroll_person,
    ssn_name,
    whom,
)
from benehub.ledger import Leg, NewEntry, credited
from benehub.ledger import accounts as chart
from benehub.periods import FOREVER, Interval, Month
from benehub.planbook import Plan, PlanBook
from benehub.records import (
    Acknowledgement,
    Compensation,
    ContributionResult,
    Credit,
    DeferralChange,
    Dependent,
    Election,
    HoursWorked,
    InvoiceLine,
    InvoicePart,
    LeaveBalance,
    LeaveNotice,
    LeaveRequest,
    OpeningBalance,
    PayDate,
    PaymentAnswer,
    PayrollBenefit,
    Record,
    RegisterLine,
    RosterMember,
    Source,
    YearTotal,
)
from benehub.records.election import LeaveStatus
from benehub.records.payroll import LineKind
from benehub.rules.premium.line import Structure
from benehub.store import Session
from benehub.store.tables import confirmation

PART = {
    Source.EE_PRETAX: "pretax", Source.EE_ROTH: "roth", Source.ER_MATCH: "match", Source.ER_QNEC: "qnec",
    Source.LOAN: "loan",
}  # fmt: skip
"""Money source of a credit -> the part of it here."""
DAY_MINUTES = 24 * 60


def compensation(session: Session, book: PlanBook, origin: Origin, row: Record) -> None:
    """Pay from a date on."""
    assert isinstance(row, Compensation)
    person_id = employee_of(session, origin, row.employee)
    data = {"rate_minor": row.rate_minor, "per": row.per, "currency": row.currency}
    _one(session, origin, Version("compensation", person_id, "", row.effective_from, data))


def dependent(session: Session, book: PlanBook, origin: Origin, row: Record) -> str:
    """A dependent of an employee."""
    assert isinstance(row, Dependent)
    subscriber = employee_of(session, origin, row.employee)
    named = f"dep:{origin.key}"
    is_new = people.find(session, origin.connection_id, named) is None
    person_id = people.add_dependent(session, origin.connection_id, named, subscriber, row.ssn)
    if is_new:
        facts.preload_new(session, person_id, "dependent")
    told = {"disabled_evidence_until"} if row.disabled_evidence_until is None else set()
    data = row.model_dump(mode="json", exclude={"ssn", "employee"} | told) | {"employee": subscriber}
    _one(session, origin, Version("dependent", person_id, "", row.birth_date, data))
    return person_id


def election(session: Session, book: PlanBook, origin: Origin, row: Record) -> str:
    """An election; one for another plan of the same benefit type takes the place of the one before."""
    assert isinstance(row, Election)
    person_id = employee_of(session, origin, row.employee)
    plan = book.offered(row.plan)
    if plan.computed is not None:
        if not (row.terms or row.waived):
            raise DataError(f"no terms for plan {row.plan}", mend=f"Give what its rule {plan.computed.rule} asks for")
    elif plan.benefit_type == "retirement" and not (row.pretax_rate or row.roth_rate or row.waived):
        raise DataError(f"no deferral rate for plan {row.plan}", mend="Give pretax_rate or roth_rate")
    if not row.waived:
        _priced(plan, row)
    data: dict[str, Any] = {
        "plan": row.plan,
        "tier": row.tier.value if row.tier else "",
        "pretax_rate": row.pretax_rate,
        "roth_rate": row.roth_rate,
        "dependents": sorted(_dependents(session, person_id, row.dependents)),
        "event": row.event,
        "waived": row.waived,
    }
    if row.terms:
        data["terms"] = row.terms
    if row.provider:
        data["provider"] = row.provider
    if row.providers:
        data["providers"] = _providers(session, person_id, row)
    data |= {name: value for name in _PRICING if (value := getattr(row, name)) is not None}
    if row.amount_minor is not None:
        data["amount_per"] = row.amount_per
    if row.tobacco_dependents:
        data["tobacco_dependents"] = sorted(_dependents(session, person_id, row.tobacco_dependents))
    end = row.effective_to or FOREVER
    versions = [Version("election", person_id, plan.slot, row.effective_from, data, end)]
    # An election told without an end before, and now with one, ends; one for another plan after it stays.
    known = facts.timelines(session, "election", Interval(end, FOREVER), subjects=[person_id])
    versions.extend(
        Version("election", person_id, plan.slot, end, None, before.effective_to)
        for before in known.get((person_id, plan.slot), [])
        if before.effective_from < end and before.data["plan"] == row.plan
    )
    facts.record(session, versions, str(origin), origin.batch_id, origin.row_no)
    return f"{person_id}/{plan.slot}"


_PRICING = ("volume_minor", "approved_volume_minor", "tobacco", "wellness", "amount_minor")
"""What an election says beside plan and tier, kept where it is said."""


def _priced(plan: Plan, row: Election) -> None:
    """An election has what its plan is priced by.

    Raises:
        DataError: it lacks it, or asks for more than the plan allows.
    """
    if plan.insured and plan.structure is Structure.TIER and row.tier is None:
        raise DataError(f"no coverage tier for plan {row.plan}", mend="Give tier EE, ES, EC or FAM")
    if plan.volume is not None and plan.volume.elected and row.volume_minor is None:
        raise DataError(f"no volume for plan {row.plan}", mend="Give volume_minor, the amount of insurance elected")
    if not plan.is_account:
        return
    if row.amount_minor is None:
        raise DataError(f"no amount for account {row.plan}", mend="Give amount_minor, 0 if only the employer pays in")
    most = None if plan.account is None else plan.account.max_yearly_minor
    if most is not None and row.amount_per == "year" and row.amount_minor > most:
        raise DataError(f"more than account {row.plan} allows a year", mend="Lower the election or raise max_yearly")


def _providers(session: Session, person_id: str, row: Election) -> dict[str, str]:
    """The provider of each dependent who has one of his own.

    Raises:
        DataError: he is unknown, or none of those who are covered.
    """
    covered = set(_dependents(session, person_id, row.dependents))
    found = dict(zip(_dependents(session, person_id, tuple(row.providers)), row.providers.values(), strict=True))
    if not covered >= found.keys():
        raise DataError("a provider for a dependent who is not covered", mend="Name him in dependents too")
    return found


def _dependents(session: Session, person_id: str, names: tuple[str, ...]) -> list[str]:
    if not names:
        return []
    family = people.family(session, person_id)
    mine = {
        fact.data["first_name"].casefold(): fact.subject
        for fact in facts.as_of(session, "dependent", FOREVER - timedelta(days=1), subjects=family)
    }
    found = []
    for name in names:
        known = mine.get(name.casefold()) or people.by_member_id(session, name)
        if known is None:
            raise DataError("a covered dependent is unknown", mend="Add the dependent in the HRIS, then re-drive")
        found.append(known)
    return found


def leave_request(session: Session, book: PlanBook, origin: Origin, row: Record) -> str:
    """Leave asked for; only approved leave counts."""
    assert isinstance(row, LeaveRequest)
    book.leave_policy(row.policy)
    person_id = employee_of(session, origin, row.employee)
    data = row.model_dump(mode="json", exclude={"employee"}) | {"minutes": row.minutes}
    end = row.end + timedelta(days=1)
    # A request that was moved to other days takes the old days back.
    known = facts.timelines(session, "leave_request", Interval(date.min, FOREVER), subjects=[person_id])
    versions = [
        Version("leave_request", person_id, origin.key, old.effective_from, None, old.effective_to)
        for old in known.get((person_id, origin.key), [])
        if (old.effective_from, old.effective_to) != (row.start, end)
    ]
    if row.status is LeaveStatus.APPROVED:
        _no_overlap(row, end, [one for (_, key), facts_ in known.items() if key != origin.key for one in facts_])
    versions.append(Version("leave_request", person_id, origin.key, row.start, data, end))
    facts.record(session, versions, str(origin), origin.batch_id, origin.row_no)
    return f"{person_id}/{origin.key}"


def _no_overlap(row: LeaveRequest, end: date, others: list[facts.Fact]) -> None:
    """Parts of one day may stand beside each other; days that are approved twice would be paid twice."""
    day = row.minutes
    for one in others:
        same = one.data["status"] == "approved" and one.data["policy"] == row.policy
        if not same or one.effective_from >= end or one.effective_to <= row.start:
            continue
        parts = one.effective_to - one.effective_from == end - row.start == timedelta(days=1)
        day += int(one.data["minutes"])
        if not parts or day > DAY_MINUTES:
            raise DataError(
                f"leave of {row.start} to {row.end} is approved already in part",
                where=f"leave request of {one.effective_from}",
                mend="Cancel or shorten one of the two in the HRIS, then re-drive the row",
            )


def leave_notice(session: Session, book: PlanBook, origin: Origin, row: Record) -> None:
    """A fact on which the lapse of a German leave year depends."""
    assert isinstance(row, LeaveNotice)
    policy = book.leave_policy(row.policy)
    if policy.germany is None:
        raise DataError(f"leave policy {row.policy!r} lapses without notices", mend="Notices are for `germany` only")
    person_id = employee_of(session, origin, row.employee)
    data = {"policy": row.policy, "year": row.year, "kind": row.kind.value, "on": row.on, "until": row.until}
    key = f"{row.policy}/{row.year}/{row.kind.value}"
    _one(session, origin, Version("leave_notice", person_id, key, date(row.year, 1, 1), data))


def leave_balance(session: Session, book: PlanBook, origin: Origin, row: Record) -> None:
    """What payroll shows as left; compared with the ledger."""
    assert isinstance(row, LeaveBalance)
    person_id, name = whom(session, origin, row.employee)
    _confirm(
        session, book, origin, "leave_balance",
        person_id=person_id, external_id=name, code=row.code, on_date=row.as_of, amount=row.minutes,
        reference=row.as_of.isoformat(), detail={"hours": row.hours},
    )  # fmt: skip


def deferral_change(session: Session, book: PlanBook, origin: Origin, row: Record) -> None:
    """A new deferral rate told by the recordkeeper: the other source keeps its rate."""
    assert isinstance(row, DeferralChange)
    if not row.rate:
        raise DataError("the change names no rate", mend="Ask the participant for a percentage of pay")
    person_id = by_ssn(session, origin.connection_id, row.ssn)
    if person_id is None:
        raise Unknown("the recordkeeper names somebody we do not know", mend="Link the participant, then re-drive",
                      ssn_index=people.ssn_index(session, row.ssn))  # fmt: skip
    plan = book.offered(row.plan)
    known = facts.as_of(session, "election", row.effective_from, subjects=[person_id])
    before = next((dict(fact.data) for fact in known if fact.key == plan.benefit_type), None)
    data = before or {
        "plan": plan.id, "tier": "", "pretax_rate": "", "roth_rate": "", "dependents": [], "waived": False,
    }  # fmt: skip
    part = "pretax_rate" if row.source == "EE_PRETAX" else "roth_rate"
    data |= {"plan": plan.id, part: row.rate, "event": "deferral_change", "waived": False}
    _one(session, origin, Version("election", person_id, plan.benefit_type, row.effective_from, data))


def pay_calendar(session: Session, book: PlanBook, origin: Origin, row: Record) -> str:
    """A real pay date of a pay group."""
    assert isinstance(row, PayDate)
    if row.pay_group not in book.pay_groups:
        raise DataError(f"pay group {row.pay_group!r} is not in the plan book", mend="Add it or map its name")
    data = {"period_start": row.period_start, "period_end": row.period_end}
    _one(session, origin, Version("pay_date", row.pay_group, row.pay_date.isoformat(), row.pay_date, data))
    return f"{row.pay_group}/{row.pay_date.isoformat()}"


def hours_worked(session: Session, book: PlanBook, origin: Origin, row: Record) -> None:
    """Hours of service over a span of days, or days that are left out of an average."""
    assert isinstance(row, HoursWorked)
    if row.end < row.start:
        raise DataError("the span ends before it starts", mend="Both days are inclusive: mend one of them")
    days = (row.end - row.start).days + 1
    if row.hours_hundredths + row.paid_leave_hundredths > days * 2400:
        raise DataError("more hours than the days have", mend="Hours are hundredths: 40 hours are 4000")
    person_id = employee_of(session, origin, row.employee)
    key = ("excluded/" if row.excluded else "") + row.start.isoformat()
    data = {"hours": row.hours_hundredths, "paid_leave": row.paid_leave_hundredths, "excluded": row.excluded}
    end = row.end + timedelta(days=1)
    # a span that was told longer before is told again: what lies after its new end is taken back
    version = Version("hours", person_id, key, row.start, data, end)
    rest = Version("hours", person_id, key, end, None)
    facts.record(session, [version, rest], str(origin), origin.batch_id, origin.row_no)


def payroll_benefit(session: Session, book: PlanBook, origin: Origin, row: Record) -> str:
    """A deduction payroll holds already: adopted as a fact before the first write."""
    assert isinstance(row, PayrollBenefit)
    person_id = employee_of(session, origin, row.employee)
    data = row.model_dump(mode="json", exclude={"employee", "version"})
    held = payroll_benefits.version(origin.connection_id, person_id, row.code, session.today(), data)
    _one(session, origin, held)
    return f"{person_id}/{row.code}"


def register_line(session: Session, book: PlanBook, origin: Origin, row: Record) -> None:
    """What payroll really took, paid or granted on one check."""
    assert isinstance(row, RegisterLine)
    person_id, name = whom(session, origin, row.employee)
    known = book.by_code(row.code) if row.kind in (LineKind.DEDUCTION, LineKind.EMPLOYER) else None
    plan, part = (known[0].id, known[1]) if known else (None, row.kind.value)
    if known and row.kind is LineKind.EMPLOYER:
        part = "match" if known[0].benefit_type == "retirement" else "employer"
    again = _confirm(
        session, book, origin, "register_line",
        person_id=person_id, external_id=name, plan=plan, part=part, code=row.code,
        tax_class=row.tax_class.value if row.tax_class else "", pay_date=row.pay_date,
        amount=row.amount_minor, reference=row.check,
        detail={
            "kind": row.kind.value, "pay_run": row.pay_run, "pay_group": row.pay_group,
            "hours": row.hours, "minutes": row.minutes, "gross_minor": row.gross_minor,
            "net_pay_minor": row.net_pay_minor, "reverses": row.reverses,
        },
    )  # fmt: skip
    if row.plan_pay_minor is not None and part in ("pretax", "roth", "match"):
        _confirm(
            session, book, origin, "plan_pay", person_id=person_id, external_id=name, plan=plan, part=part,
            code=row.code, pay_date=row.pay_date, amount=-row.plan_pay_minor if row.reverses else row.plan_pay_minor,
            reference=row.check,
        )  # fmt: skip
    elif again:
        _retire(session, origin, "plan_pay")


def invoice_line(session: Session, book: PlanBook, origin: Origin, row: Record) -> None:
    """A member and plan on a carrier's list bill, or a part of the bill as a whole, which is kept apart.

    A row that was the other of the two on the bill as it was first sent is that no more.
    """
    assert isinstance(row, InvoiceLine)
    if row.kind is not InvoicePart.PREMIUM:
        _confirm(
            session, book, origin, "invoice_part", external_id="", part=row.kind.value,
            coverage_month=row.coverage_month, on_date=row.due_date, amount=row.premium_minor, reference=row.invoice,
            detail={"invoice_date": row.invoice_date.isoformat()},
        )  # fmt: skip
        _retire(session, origin, "invoice_line")
        return
    person_id, member = whom(session, origin, row.member, Told(row.first_name, row.last_name), may_be_ssn=True)
    _confirm(
        session, book, origin, "invoice_line", person_id=person_id, external_id=member, plan=row.plan,
        part="adjustment" if row.adjustment else "current", tier=row.tier, coverage_month=row.coverage_month,
        on_date=row.due_date, amount=row.premium_minor, reference=row.invoice, code="basis" if row.basis else "",
        detail={"invoice_date": row.invoice_date.isoformat(), **row.basis},
    )  # fmt: skip
    _retire(session, origin, "invoice_part")


def roster(session: Session, book: PlanBook, origin: Origin, row: Record) -> None:
    """Who the carrier says that it covers."""
    assert isinstance(row, RosterMember)
    told = Told(row.first_name, row.last_name, row.birth_date.isoformat() if row.birth_date else "")
    person_id, member = whom(session, origin, row.member, told, may_be_ssn=True)
    _confirm(
        session, book, origin, "roster", person_id=person_id, external_id=member, plan=row.plan,
        part=row.relationship, tier=row.tier, effective_from=row.effective_from,
        effective_to=row.effective_to or FOREVER, reference=kept(session, origin, row.subscriber, may_be_ssn=True),
    )  # fmt: skip


def credit(session: Session, book: PlanBook, origin: Origin, row: Record) -> list[NewEntry]:
    """Money the recordkeeper credited to a participant; lost earnings are kept apart from contributions.

    A row that was of another kind before is that no more, and what it had posted as one is taken back.
    """
    assert isinstance(row, Credit)
    kind = credited.EARNINGS if row.earnings else credited.FORFEITURE if row.forfeiture else credited.CREDIT
    _confirm(
        session, book, origin, kind,
        person_id=holder_of_ssn(session, origin, row.ssn), external_id=ssn_name(session, row.ssn),
        plan=row.plan, part=PART[row.source], pay_date=row.pay_date, on_date=row.trade_date, amount=row.amount_minor,
        reference=row.credit_id,
    )  # fmt: skip
    others = [one for one in credited.KINDS if one != kind and _retire(session, origin, one)]
    return [credited.no_credit(one, origin.connection_id, origin.key, row.trade_date, str(origin)) for one in others]


def contribution_result(session: Session, book: PlanBook, origin: Origin, row: Record) -> None:
    """What the custodian says of a line of our contribution file; the accounts' flow takes it from here."""
    assert isinstance(row, ContributionResult)
    person_id, member = whom(session, origin, row.member)
    _confirm(
        session, book, origin, "contribution_result",
        person_id=person_id, external_id=member,
        plan=row.plan or None, part="line" if row.reference else "file", code=row.code, pay_date=row.pay_date,
        on_date=row.posted_on, amount=row.amount_minor, reference=row.control,
        detail={"line": row.reference, "status": row.status.value, "text": mask(row.text)[:200]},
    )  # fmt: skip


def opening_balance(session: Session, book: PlanBook, origin: Origin, row: Record) -> list[NewEntry]:
    """What stood in the old system: an entry against the opening account that names file and row."""
    assert isinstance(row, OpeningBalance)
    person_id = employee_of(session, origin, row.employee)
    if row.kind == "prior_wages":
        start, end = date(row.as_of.year, 1, 1), date(row.as_of.year + 1, 1, 1)
        wages = Version("prior_wages", person_id, "", start, {"wages_minor": row.amount}, end)
        _one(session, origin, wages)
        return []
    unit, day, dims = book.employer.currency, row.as_of, (person_id, row.plan)
    entries: list[NewEntry] = []
    if row.kind == "leave_minutes":
        unit = leave_unit(book.leave_policy(row.plan).id)
        legs = [
            Leg(chart.LEAVE_AVAILABLE, unit, row.amount, *dims),
            Leg(chart.LEAVE_SOURCE, unit, -row.amount, *dims),
        ]
    elif row.kind == "deferral_ytd":
        book.offered(row.plan)
        # Deposited long ago: the two legs leave the payable at zero and keep the year's total countable.
        legs = [
            Leg(chart.DEFERRAL_PAYABLE, unit, -row.amount, *dims, "pretax"),
            Leg(chart.OPENING, unit, row.amount, *dims),
        ]
        paid = [
            Leg(chart.DEFERRAL_PAYABLE, unit, row.amount, *dims, "pretax"),
            Leg(chart.OPENING, unit, -row.amount, *dims),
        ]
        entries.append(NewEntry(f"opening/{origin.key}/paid", "opening.deposited", day, _real(paid), str(origin)))
    else:
        book.offered(row.plan)
        month = str(Month.of(day).plus(-1))
        legs = [
            Leg(chart.EMPLOYEE_SHARE_DUE, unit, row.amount, *dims, "employee", month),
            Leg(chart.OPENING, unit, -row.amount, *dims),
        ]
    kind = {"leave_minutes": "opening.leave", "deferral_ytd": "opening.deferral"}.get(row.kind, "opening.share")
    entries.append(NewEntry(f"opening/{origin.key}", kind, day, _real(legs), str(origin)))
    return entries


def _real(legs: list[Leg]) -> tuple[Leg, ...]:
    return tuple(leg for leg in legs if leg.amount)


def acknowledgement(session: Session, book: PlanBook, origin: Origin, row: Record) -> None:
    """An answer to a file of ours; the dispatch takes it from here.

    A carrier whose family key is the SSN names members by it: it is turned into our number, and never kept.
    """
    assert isinstance(row, Acknowledgement)
    person_id, named = whom(session, origin, row.member, may_be_ssn=True) if row.member else (None, "")
    _confirm(
        session, book, origin, "acknowledgement", person_id=person_id, external_id=named,
        part=row.level.value, code=row.code, reference=row.control,
        detail={"transaction": row.transaction, "status": row.status.value, "text": mask(row.text)[:200],
                "usage": row.usage, **({"latest": True} if row.latest else {})},
    )  # fmt: skip


def payment_answer(session: Session, book: PlanBook, origin: Origin, row: Record) -> None:
    """What the bank says of a payment of ours; the dispatch takes it from here."""
    assert isinstance(row, PaymentAnswer)
    _confirm(
        session, book, origin, "payment_answer",
        external_id="", code=row.code, reference=row.control, amount=row.amount_minor or 0, on_date=row.on,
        detail={"status": row.status.value, "text": mask(row.text)[:200], "amount_told": row.amount_minor is not None},
    )  # fmt: skip


def year_total(session: Session, book: PlanBook, origin: Origin, row: Record) -> None:
    """What somebody's year came to, by another system's word."""
    assert isinstance(row, YearTotal)
    person_id, name = whom(session, origin, row.person, may_be_ssn=True)
    _confirm(
        session, book, origin, "year_total", person_id=person_id, external_id=name, plan=row.plan or None,
        part=row.source.value, code=row.item, coverage_month=str(row.year), amount=row.amount_minor,
        reference=row.item,
    )  # fmt: skip


APPLIERS: dict[str, Applier] = {
    "employee": Together(employee, newcomers),
    "compensation": compensation,
    "dependent": dependent,
    "election": election,
    "leave_request": leave_request,
    "leave_notice": leave_notice,
    "leave_balance": leave_balance,
    "deferral_change": deferral_change,
    "opening_balance": opening_balance,
    "pay_calendar": pay_calendar,
    "hours_worked": hours_worked,
    "payroll_person": payroll_person,
    "payroll_benefit": payroll_benefit,
    "register_line": register_line,
    "invoice_line": invoice_line,
    "roster": roster,
    "credit": credit,
    "contribution_result": contribution_result,
    "acknowledgement": acknowledgement,
    "payment_answer": payment_answer,
    "year_total": year_total,
}
"""The applier of every stream."""


def _one(session: Session, origin: Origin, version: Version) -> None:
    facts.record(session, [version], str(origin), origin.batch_id, origin.row_no)


def _confirm(session: Session, book: PlanBook, origin: Origin, kind: str, **columns: Any) -> bool:
    """The newest version of a confirmation; gives whether there was one before."""
    key = {"kind": kind, "connection_id": origin.connection_id, "row_key": origin.key}
    again = _retire(session, origin, kind)
    versions = _versions(session, kind, origin)
    versions[origin.key] += 1
    seq, _ = session.take_seq()
    empty = {"code": "", "part": "", "tax_class": "", "tier": "", "coverage_month": "", "amount": 0,
             "unit": book.employer.currency, "plan": None, "person_id": None, "detail": {}, "pay_date": None,
             "on_date": None, "effective_from": None, "effective_to": None}  # fmt: skip
    session.defer(
        confirmation,
        {**empty, **columns, **key, "version": versions[origin.key], "current": 1, "batch_id": origin.batch_id,
         "row_no": origin.row_no, "seq": seq},
    )  # fmt: skip
    return again


def _retire(session: Session, origin: Origin, kind: str) -> bool:
    """What the row has told as this kind holds no more; gives whether it had."""
    if not _versions(session, kind, origin)[origin.key]:
        return False
    where = session.where(confirmation, kind=kind, connection_id=origin.connection_id, row_key=origin.key)
    session.flush_deferred()
    session.connection.execute(update(confirmation).where(*where).values(current=0))
    return True


def _versions(session: Session, kind: str, origin: Origin) -> dict[str, int]:
    """How many versions of each confirmation there are; looked up for the whole chunk at once."""
    known: dict[str, int] = session.memo.setdefault(("versions", kind, origin.connection_id), {})
    if origin.key not in known:
        keys = {origin.key, *session.memo.get("row_keys", ())} - known.keys()
        known |= dict.fromkeys(keys, 0)
        for row in session.rows(
            select(confirmation.c.row_key, func.count().label("versions"))
            .where(
                *session.where(confirmation, kind=kind, connection_id=origin.connection_id),
                confirmation.c.row_key.in_(keys),
            )
            .group_by(confirmation.c.row_key)
        ):
            known[row.row_key] = int(row.versions)
    return known
