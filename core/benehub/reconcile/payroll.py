"""Payroll against what was expected: every line of a month's pay dates, found in one grouped pass."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import func, literal, select, union_all

from benehub.ledger import accounts as chart
from benehub.money import format_minor
from benehub.periods import Month
from benehub.planbook import PlanBook
from benehub.reconcile import plan_pay
from benehub.reconcile.caught_up import without_arrears
from benehub.reconcile.findings import Finding, Relation, Type
from benehub.reconcile.made_up import without_made_up
from benehub.reconcile.misplaced import misplaced
from benehub.reconcile.sources import swapped
from benehub.reconcile.to_come import registers
from benehub.reconcile.unmatched import meant
from benehub.records import TaxClass
from benehub.store import Session
from benehub.store.tables import confirmation, crosswalk, entry, leg


@dataclass(frozen=True, slots=True)
class Line:
    """A key where expected and actual differ; amounts in minor units."""

    person_id: str
    plan: str
    part: str
    pay_date: date
    expected: int
    actual: int
    caught_up: int = 0
    """Of `actual`, what later pays made up for."""
    lines: int = 0
    """So many lines of the register say it."""

    @property
    def gap(self) -> int:
        """Actual minus expected."""
        return self.actual - self.expected


def compare(session: Session, book: PlanBook, connection_id: str, month: Month) -> list[Finding]:
    """Every difference between the month's expected lines and the register.

    A pay date whose register is still to come is left out: all that it is to take is pending, and nothing is missing.
    """
    differing = _differing(session, book, connection_id, month)
    known = registers(session, book, connection_id)
    early = known.to_come(session, {(line.person_id, line.pay_date) for line in differing})
    lines = without_arrears(session, [line for line in differing if (line.person_id, line.pay_date) not in early])
    lines = without_made_up(session, lines, month)
    linked = _linked(session, connection_id)
    # Whom payroll does not know it will not pay either: that is said before the day comes.
    coming = [line for line in differing if (line.person_id, line.pay_date) in early]
    findings = list(_unlinked([*lines, *coming], linked, month, book))
    rest = [line for line in lines if line.person_id in linked]
    other_pay, rest = plan_pay.apart(rest, plan_pay.other_pay(session, connection_id, month))
    findings += plan_pay.findings(other_pay, month, book)
    pairs, rest = swapped(rest)
    findings += [_tax_class(line, month, book) for line in pairs]
    moved, rest = misplaced(
        rest, lambda line: (line.person_id, line.plan, line.part),
        lambda line: not (line.actual or line.caught_up) and line.part != "employer",
    )  # fmt: skip
    findings += [_period(short, over, month, book) for short, over in moved]
    paid = _paid(session, connection_id, month)
    findings += [_finding(line, month, book, paid) for line in rest]
    findings += _wrong_class(session, book, connection_id, month)
    findings += _strangers(session, book, connection_id, month)
    return findings


def _linked(session: Session, connection_id: str) -> set[str | None]:
    """Whom payroll knows: linked by its list of people, or seen on any of its checks."""
    listed = select(crosswalk.c.person_id).where(*session.where(crosswalk, connection_id=connection_id))
    paid = select(confirmation.c.person_id).where(
        *session.where(confirmation, kind="register_line", connection_id=connection_id)
    )
    return {row.person_id for row in session.rows(listed.union(paid))}


def _differing(session: Session, book: PlanBook, connection_id: str, month: Month) -> list[Line]:
    window = (entry.c.effective_date >= month.first, entry.c.effective_date < month.end)
    expected = (
        select(
            leg.c.person_id, leg.c.plan, leg.c.money_source.label("part"), leg.c.pay_date,
            leg.c.amount.label("expected"), literal(0).label("actual"), literal(0).label("lines"),
        )
        .join(entry, (entry.c.employer_id == leg.c.employer_id) & (entry.c.entry_id == leg.c.entry_id))
        .where(
            leg.c.employer_id == session.employer,
            entry.c.type.in_(("deduction.expected", "deduction.expected.void")),
            leg.c.account.in_((chart.PAYROLL_CLEARING, chart.MATCH_EXPENSE, chart.BENEFIT_COST)),
            *window,
        )
    )  # fmt: skip
    actual = select(
        confirmation.c.person_id, confirmation.c.plan, confirmation.c.part, confirmation.c.pay_date,
        literal(0).label("expected"), confirmation.c.amount.label("actual"), literal(1).label("lines"),
    ).where(
        *session.where(confirmation, kind="register_line", connection_id=connection_id, current=1),
        confirmation.c.pay_date >= month.first,
        confirmation.c.pay_date < month.end,
        confirmation.c.person_id.is_not(None),
        confirmation.c.plan.is_not(None),
        # Of premiums the employer's part is no line of pay; into accounts he pays with it.
        confirmation.c.part.in_(("employee", "pretax", "roth", "posttax", "match"))
        | ((confirmation.c.part == "employer") & confirmation.c.plan.in_([one.id for one in book.account_plans()])),
    )  # fmt: skip
    both = union_all(expected, actual).subquery()
    keys = (both.c.person_id, both.c.plan, both.c.part, both.c.pay_date)
    rows = session.rows(
        select(
            *keys,
            func.sum(both.c.expected).label("expected"),
            func.sum(both.c.actual).label("actual"),
            func.sum(both.c.lines).label("lines"),
        )
        .group_by(*keys)
        .having(func.sum(both.c.expected) != func.sum(both.c.actual))
        .order_by(*keys)
    )
    return [
        Line(r.person_id, r.plan, r.part, r.pay_date, int(r.expected), int(r.actual), lines=int(r.lines)) for r in rows
    ]


def _unlinked(lines: Sequence[Line], linked: set[str | None], month: Month, book: PlanBook) -> Iterator[Finding]:
    """Somebody payroll does not know: one difference, not one a line."""
    missing: dict[str, int] = {}
    for line in lines:
        if line.person_id not in linked and line.part not in ("match", "employer"):
            missing[line.person_id] = missing.get(line.person_id, 0) + line.expected
    for person_id, amount in missing.items():
        yield Finding(
            Relation.PAYROLL, Type.UNKNOWN_TO_PAYROLL, str(month), "-", "payroll", "payroll",
            "payroll has nobody with this employee number, so nothing can be taken",
            "Set the employee up in payroll with the HRIS employee number, then sync payroll",
            person_id=person_id, expected=amount, actual=0, unit=book.employer.currency,
        )  # fmt: skip


def _tax_class(line: Line, month: Month, book: PlanBook) -> Finding:
    other = "Roth" if line.part == "pretax" else "pre-tax"
    return Finding(
        Relation.PAYROLL, Type.WRONG_TAX_CLASS, str(month), f"{line.pay_date}", "payroll", "payroll",
        f"taken as {other} instead of {line.part}",
        "Have payroll move the amount to the right deduction and correct the tax of the check",
        person_id=line.person_id, plan=line.plan, expected=line.expected, actual=line.actual,
        unit=book.employer.currency,
    )  # fmt: skip


def _period(short: Line, over: Line, month: Month, book: PlanBook) -> Finding:
    return Finding(
        Relation.PAYROLL, Type.WRONG_PERIOD, str(month), f"{short.pay_date}/{short.part}", "payroll", "payroll",
        f"not taken on {short.pay_date}, and taken with the pay of {over.pay_date} instead",
        "The month's total is right: tell payroll, and correct what goes by the pay date (tax, limits, deposits)",
        person_id=short.person_id, plan=short.plan, expected=short.expected, actual=0, unit=book.employer.currency,
    )  # fmt: skip


def _finding(line: Line, month: Month, book: PlanBook, paid: dict[tuple[str, date], Any]) -> Finding:
    check = paid.get((line.person_id, line.pay_date))
    if line.part == "employer":
        kind, cause = Type.EMPLOYER_LINE_DIFF, "payroll's employer contribution is not what the plan book says"
        action = "Push the deduction again; correct with the next pay run"
    elif line.part == "match":
        kind, cause = Type.EMPLOYER_LINE_DIFF, "payroll's match is not what the plan's formula gives"
        action = "Compare formula and compensation in payroll; correct with the next pay run"
    elif line.actual == line.caught_up:
        kind, (cause, action) = Type.NOT_TAKEN, _why_not_taken(line, check)
    elif line.expected == 0:
        kind, cause = Type.TAKEN_NOT_EXPECTED, "payroll took it although nothing was due on this pay date"
        action = "End the deduction in payroll and refund the employee with the same tax class"
    elif line.lines > 1 and line.actual == line.expected * line.lines:
        kind, cause = Type.DUPLICATE_DEDUCTION, f"payroll took it {line.lines} times on one pay date"
        action = "Refund the extra deduction with the same tax class; do not take the next one less"
    else:
        kind, cause = Type.AMOUNT_DIFF, "payroll took another amount than it was told; it was changed there"
        action = "Push the deduction again and collect or refund the rest with the next pay"
    if line.caught_up:
        cause += f"; {format_minor(line.caught_up, book.employer.currency)} was made up for since"
    return Finding(
        Relation.PAYROLL, kind, str(month), f"{line.pay_date}/{line.part}", "payroll", "payroll", cause, action,
        person_id=line.person_id, plan=line.plan, expected=line.expected, actual=line.actual,
        unit=book.employer.currency,
    )  # fmt: skip


def _why_not_taken(line: Line, check: Any) -> tuple[str, str]:
    if check is None:
        return (
            "there is no check for this pay date",
            "Ask payroll whether the check was skipped, then collect with the next pay",
        )
    if check["net_pay_minor"] is not None and check["net_pay_minor"] < line.expected:
        return (
            "the pay of this check did not cover it",
            "Carry it as arrears and collect with the next pay, within the plan's limits",
        )
    return "payroll did not take it and gives no reason", "Ask payroll, then collect with the next pay"


def _paid(session: Session, connection_id: str, month: Month) -> dict[tuple[str, date], Any]:
    rows = session.rows(
        select(confirmation.c.person_id, confirmation.c.pay_date, confirmation.c.detail).where(
            *session.where(confirmation, kind="register_line", connection_id=connection_id, current=1),
            confirmation.c.pay_date >= month.first,
            confirmation.c.pay_date < month.end,
            confirmation.c.part == "earning",
        )
    )
    return {(row.person_id, row.pay_date): row.detail for row in rows}


def _wrong_class(session: Session, book: PlanBook, connection_id: str, month: Month) -> Iterator[Finding]:
    """Insurance lines under the right code but taxed as something else."""
    after_tax = {plan.deduction.posttax_code for plan in book.insurance_plans() if plan.deduction is not None} - {""}
    rows = session.rows(
        select(confirmation).where(
            *session.where(confirmation, kind="register_line", connection_id=connection_id, current=1),
            confirmation.c.pay_date >= month.first,
            confirmation.c.pay_date < month.end,
            confirmation.c.part == "employee",
            confirmation.c.person_id.is_not(None),
            confirmation.c.tax_class != "",
            confirmation.c.amount != 0,
        )
    )
    # Two checks of one pay date are one difference, as its reference says.
    wrong: dict[tuple[str, str, date], list[Any]] = {}
    for row in rows:
        right = TaxClass.POSTTAX.value if row.code in after_tax else _class_of(book, row.plan)
        if right and row.tax_class != right:
            wrong.setdefault((row.person_id, row.plan, row.pay_date), []).append(row)
    for (person_id, plan, day), found in sorted(wrong.items()):
        taxed = " and ".join(sorted({row.tax_class for row in found}))
        yield Finding(
            Relation.PAYROLL, Type.WRONG_TAX_CLASS, str(month), f"{day}", "payroll", "payroll",
            f"taxed as {taxed} instead of {_class_of(book, plan)}",
            "Have payroll set the deduction's tax treatment right and correct the tax of the check",
            person_id=person_id, plan=plan, expected=sum(int(row.amount) for row in found), actual=0,
            unit=book.employer.currency,
        )  # fmt: skip


def _class_of(book: PlanBook, plan_id: str) -> str:
    """How a plan of insurance, or an account, is to be taxed, one that was dropped since too; empty for any other."""
    plan = book.find(plan_id)
    if plan is None or plan.deduction is None or not (plan.insured or plan.is_account):
        return ""
    return plan.deduction.tax_class.value


def _strangers(session: Session, book: PlanBook, connection_id: str, month: Month) -> Iterator[Finding]:
    """Lines of somebody, or under a code, that the hub does not know."""
    rows = session.rows(
        select(
            confirmation.c.external_id, confirmation.c.code, confirmation.c.person_id, confirmation.c.pay_date,
            func.sum(confirmation.c.amount).label("amount"),
        )
        .where(
            *session.where(confirmation, kind="register_line", connection_id=connection_id, current=1),
            confirmation.c.pay_date >= month.first,
            confirmation.c.pay_date < month.end,
            confirmation.c.part.in_(("deduction", "employer", "employee", "pretax", "roth", "loan", "match")),
            (confirmation.c.person_id.is_(None)) | (confirmation.c.plan.is_(None)),
        )
        .group_by(
            confirmation.c.external_id, confirmation.c.code, confirmation.c.person_id, confirmation.c.pay_date
        )
        .having(func.sum(confirmation.c.amount) != 0)
    )  # fmt: skip
    for row in rows:
        kind = Type.UNKNOWN_EMPLOYEE if row.person_id is None else Type.UNKNOWN_CODE
        cause = (
            "payroll paid somebody the HRIS does not know" if row.person_id is None
            else f"the plan book has no plan for payroll's code {row.code!r}"
        )  # fmt: skip
        whose = meant(session, connection_id, row.external_id) if row.person_id is None else ""
        yield Finding(
            Relation.PAYROLL, kind, str(month), f"{row.external_id}/{row.code}/{row.pay_date}", "payroll", "hub",
            cause, f"Link the person or map the code, then re-drive the register{whose}",
            person_id=row.person_id, expected=0, actual=int(row.amount), unit=book.employer.currency,
        )  # fmt: skip
