"""One line per person, plan and month: elected = asked for = taken = enrolled = billed = paid = confirmed.

Each amount is read from its own station, so the first that does not follow from the one before says where the
chain broke. What is not due yet is open, not broken: a difference that is known tells which, and until when.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, case, func, or_, select

from benehub import facts
from benehub.ledger import accounts as chart
from benehub.money import format_minor
from benehub.periods import Interval, Month
from benehub.planbook import Plan, PlanBook
from benehub.reconcile import Relation, Type
from benehub.reconcile.carriers import told_by
from benehub.reconcile.unpaid import never_billed
from benehub.rules.deduction.calendar import DeductionMethod, Timing
from benehub.store import Session
from benehub.store.tables import confirmation, difference, entry, leg, member_state, person
from benehub.views.persons import find_person, member_ids

Find = Callable[[str], Plan | None]
"""The plan of an id, where it is one of those that are told."""

PART = 500
"""People looked at in one go."""

PAYABLE = (chart.EMPLOYEE_SHARE_DUE, chart.DEFERRAL_PAYABLE, chart.MATCH_PAYABLE, chart.ACCOUNT_PAYABLE)
"""Where what is expected of pay, and taken from it, is owed."""
TRANSIT = (chart.DEPOSIT_TRANSIT, chart.CUSTODIAN_TRANSIT)
OWED = (chart.PREMIUM_PAYABLE, *PAYABLE[1:])
"""Where what is paid over was owed."""

ACCRUED = ("premium.accrued", "premium.accrued.reversed")
EXPECTED = ("deduction.expected", "deduction.expected.void")
TAKEN = tuple(
    f"{name}{end}"
    for name in ("deduction.withheld", "match.accrued", "match.true_up", "contribution.accrued", "correction.accrued")
    for end in ("", ".reversed")
)
OURS = ("match.accrued", "match.accrued.reversed", "match.true_up", "match.true_up.reversed",
        "correction.accrued", "correction.accrued.reversed")  # fmt: skip
"""What the hub works out itself and asks of nobody, where no register has told it: it is owed as soon as it stands."""
PAID = tuple(
    f"{name}{end}"
    for name in ("premium.remitted", "contribution.deposited", "account.deposited")
    for end in ("", ".reversed")
)
CREDITED = tuple(
    f"{name}{end}"
    for name in ("contribution.credited", "account.credited", "forfeiture.applied")
    for end in ("", ".reversed")
)
REMITTED = ("premium.remitted", "premium.remitted.reversed")

ELECTED_PRICED, PRICED_ENROLLED, PRICED_ASKED = "elected -> priced", "priced -> enrolled", "priced -> asked for"
ASKED_TAKEN, PRICED_BILLED = "asked for -> taken", "priced -> billed"
OWED_PAID, PAID_CONFIRMED = "owed -> paid", "paid -> confirmed"

LEAST = ("refused", "sent", "acked", "confirmed")
"""What a carrier has said of a member, what promises least first."""

SPEAKS_OF = {
    Type.UNKNOWN_TO_PAYROLL: ASKED_TAKEN,
    Type.MEMBER_REFUSED: PRICED_ENROLLED,
    Type.WITHHELD_NOT_DEPOSITED: OWED_PAID,
    Type.PREMIUM_AT_RISK: OWED_PAID,
    Type.REMITTED_NOT_CONFIRMED: PAID_CONFIRMED,
}
"""Differences of all plans of somebody, or of all people of a pay date or a bill: the link of a chain they speak of.

A `PREMIUM_AT_RISK` of a month that was never billed speaks of `PRICED_BILLED`."""

OK, OPEN, BROKEN = "ok", "open", "broken"


@dataclass(slots=True)
class Chain:
    """One person's plan in a month, amounts in minor units; what is not asked of a plan is None."""

    person_id: str | None
    employee: str
    plan: str
    elected: str = ""
    """Coverage tier, or that contributions are chosen; empty where nothing is in force."""
    enrolled: str = ""
    """confirmed by a roster or report, else how far he has come at the carrier; empty where nothing is known."""
    whole: bool = False
    """Whether cover lasts the whole month; a part of one may cost nothing, by the plan's rule."""
    share: int = 0
    """The employee's share of the premium."""
    premium: int = 0
    asked: int = 0
    """What payroll is to take, and the employer to add."""
    taken: int = 0
    billed: int = 0
    paid: int = 0
    confirmed: int = 0
    broken: str = ""
    """The first link that does not hold; empty when all do."""
    state: str = OK
    """ok, open (explained and in its time, or not compared yet) or broken."""
    differences: list[str] = field(default_factory=list)

    def as_json(self, currency: str) -> dict[str, Any]:
        """Plain values, amounts as decimal text."""
        amounts = {
            name: format_minor(getattr(self, name), currency)
            for name in ("share", "premium", "asked", "taken", "billed", "paid", "confirmed")
        }
        return {
            "employee": self.employee, "plan": self.plan, "elected": self.elected, "enrolled": self.enrolled, **amounts,
            "broken": self.broken, "state": self.state, "differences": self.differences,
        }  # fmt: skip


def chains(session: Session, book: PlanBook, month: Month, plan: str = "") -> Iterator[Chain]:
    """Everybody's chains of a month, person by person in the order of their ids; unlinked rows of bills come last.

    People are read `PART` at a time, with five queries each time.

    Raises:
        DataError: no such plan.
    """
    find = {plan: book.plan(plan)}.get if plan else book.find
    after, known = "", _of_many(session, book, month)
    while people := _next(session, after):
        yield from _part(session, book, month, find, people, known)
        after = max(people)
    yield from _part(session, book, month, find, {}, known)


def chains_of(session: Session, book: PlanBook, month: Month, person_id: str) -> list[Chain]:
    """One person's chains of a month, plan by plan."""
    known = _of_many(session, book, month)
    return list(_part(session, book, month, book.find, member_ids(session, [person_id]), known))


def chain_of(session: Session, book: PlanBook, month: Month, employee: str, plan: str) -> Chain | None:
    """One employee's chain of a plan and month; None where no station knows anything of it.

    Raises:
        DataError: no such person or plan.
    """
    person_id, book_plan = find_person(session, employee).person_id, book.plan(plan)
    return next((one for one in chains_of(session, book, month, person_id) if one.plan == book_plan.id), None)


def _next(session: Session, after: str) -> dict[str, str]:
    rows = session.rows(
        select(person.c.person_id, person.c.member_id)
        .where(*session.where(person), person.c.person_id > after)
        .order_by(person.c.person_id)
        .limit(PART)
    )
    return {row.person_id: row.member_id for row in rows}


def _part(
    session: Session, book: PlanBook, month: Month, find: Find, people: dict[str, str], many: Sequence[_Known]
) -> Iterator[Chain]:
    """The chains of these people; of nobody in particular where there are none."""
    found: dict[tuple[str | None, str], Chain] = {}
    plans: dict[str, Plan] = {}

    def known_plan(plan_id: str) -> bool:
        """Whether it is told; a plan that was dropped since is, where there is anything of it in the month."""
        if plan_id not in plans and (plan := find(plan_id)) is not None:
            plans[plan_id] = plan
        return plan_id in plans

    def chain(person_id: str | None, plan: str, employee: str = "") -> Chain:
        key = (person_id, plan)
        if key not in found:
            found[key] = Chain(person_id, people.get(person_id or "", employee), plan)
        return found[key]

    names = sorted(people)
    for row in session.rows(_sums(session, month, names)):
        if known_plan(row.plan):
            one = chain(row.person_id, row.plan)
            one.premium, one.share, one.asked = -int(row.premium), int(row.share), -int(row.asked)
            one.taken, one.paid, one.confirmed = -int(row.taken), int(row.paid), int(row.confirmed)
    for row in session.rows(_billed(session, month, names)):
        if known_plan(row.plan):
            chain(row.person_id, row.plan, "" if row.person_id else "not linked").billed += int(row.amount)
    if people:
        for person_id, name, elected, whole in _elected(session, month, names):
            if known_plan(name):
                one = chain(person_id, name)
                one.elected, one.whole = elected, whole
        _enrolled(session, month, names, plans, found)
    known: dict[str | None, list[_Known]] = defaultdict(list)
    for told in _differences(session, book, month, names):
        known[told.person_id].append(told)
    for key in sorted(found, key=lambda one: (one[0] or "", one[1])):
        one = found[key]
        _judge(one, plans[one.plan], book, [*known[one.person_id], *many])
        yield one


def _whose(column: ColumnElement[Any], names: Sequence[str]) -> ColumnElement[bool]:
    return column.in_(names) if names else column.is_(None)


def _sums(session: Session, month: Month, names: Sequence[str]) -> Any:
    """What each station of the ledger holds, by person and plan, in one pass."""
    account, amount, kind = leg.c.account, leg.c.amount, entry.c.type

    def total(accounts: Sequence[str], kinds: Sequence[str], *which: ColumnElement[bool]) -> ColumnElement[int]:
        return func.coalesce(func.sum(case((and_(account.in_(accounts), kind.in_(kinds), *which), amount), else_=0)), 0)

    return (
        select(
            leg.c.person_id,
            leg.c.plan,
            total((chart.PREMIUM_PAYABLE,), ACCRUED).label("premium"),
            total((chart.EMPLOYEE_SHARE_DUE,), ACCRUED).label("share"),
            (total(PAYABLE, EXPECTED) + total(PAYABLE, OURS, entry.c.idempotency_key.not_like("%register/%"))).label(
                "asked"
            ),
            total(PAYABLE, TAKEN).label("taken"),
            total(OWED, PAID).label("paid"),
            (total(TRANSIT, CREDITED) - total((chart.CARRIER_TRANSIT,), REMITTED, _arrived(session))).label(
                "confirmed"
            ),
        )
        .join(entry, (entry.c.employer_id == leg.c.employer_id) & (entry.c.entry_id == leg.c.entry_id))
        .where(
            leg.c.employer_id == session.employer,
            _whose(leg.c.person_id, names),
            leg.c.plan.is_not(None),
            # Repayments of loans are in no election: they would make more paid than asked.
            func.coalesce(leg.c.money_source, "") != "loan",
            or_(
                leg.c.coverage_month == str(month),
                and_(leg.c.coverage_month.is_(None), leg.c.pay_date >= month.first, leg.c.pay_date < month.end),
            ),
        )
        .group_by(leg.c.person_id, leg.c.plan)
    )


def _arrived(session: Session) -> ColumnElement[bool]:
    """Whether a leg is of a remittance that the bank or the carrier has confirmed, as a whole."""
    other, head = leg.alias(), entry.alias()
    confirmed = (
        select(other.c.batch)
        .join(head, (head.c.employer_id == other.c.employer_id) & (head.c.entry_id == other.c.entry_id))
        .where(
            other.c.employer_id == session.employer,
            other.c.account == chart.CARRIER_TRANSIT,
            head.c.type.in_(("premium.confirmed", "premium.confirmed.reversed")),
        )
        .group_by(other.c.batch)
        .having(func.sum(other.c.amount) != 0)
    )
    return leg.c.batch.in_(confirmed)


def _billed(session: Session, month: Month, names: Sequence[str]) -> Any:
    return (
        select(confirmation.c.person_id, confirmation.c.plan, func.sum(confirmation.c.amount).label("amount"))
        .where(
            *session.where(confirmation, kind="invoice_line", current=1, coverage_month=str(month)),
            _whose(confirmation.c.person_id, names),
            confirmation.c.plan.is_not(None),
        )
        .group_by(confirmation.c.person_id, confirmation.c.plan)
    )


def _elected(session: Session, month: Month, names: Sequence[str]) -> Iterator[tuple[str, str, str, bool]]:
    for (subject, _), found in facts.timelines(
        session, "coverage", Interval(month.first, month.end), subjects=names
    ).items():
        for one in found:
            if one.data.get("plan"):
                whole = one.effective_from <= month.first and one.effective_to >= month.end
                yield subject, one.data["plan"], str(one.data.get("tier") or "contributing"), whole


def _enrolled(
    session: Session, month: Month, names: Sequence[str], plans: dict[str, Plan],
    found: dict[tuple[str | None, str], Chain],
) -> None:  # fmt: skip
    """What each carrier has said of the employee himself: his roster, else its answers to what it was told."""
    rows = session.rows(
        select(member_state.c.person_id, member_state.c.connection_id, member_state.c.state).where(
            *session.where(member_state), member_state.c.person_id.in_(names)
        )
    )
    # A carrier that takes a file for each group may have said more than one thing: what promises least counts.
    said: dict[tuple[str, str], str] = {}
    for row in rows:
        key = (row.person_id, row.connection_id)
        said[key] = min(row.state, said.get(key, row.state), key=LEAST.index)
    rows = session.rows(
        select(confirmation.c.person_id, confirmation.c.plan)
        .where(
            *session.where(confirmation, kind="roster", current=1),
            confirmation.c.person_id.in_(names),
            confirmation.c.effective_from < month.end,
            confirmation.c.effective_to > month.first,
        )
        .distinct()
    )
    shown = {(row.person_id, row.plan) for row in rows}
    for whose, one in found.items():
        state = said.get((one.person_id or "", plans[one.plan].carrier or ""), "")
        one.enrolled = "confirmed" if whose in shown and state != "refused" else state


@dataclass(frozen=True, slots=True)
class _Known:
    """A difference that is open: whose, of which plan (None: all of them, of that carrier where one is named)."""

    difference_id: str
    state: str
    person_id: str | None
    plan: str | None
    carrier: str
    link: str
    """The link it speaks of where it is of many; empty for one of one person and plan."""

    def tells(self, one: Chain, plan: Plan, failing: Sequence[str]) -> bool:
        """Whether it is about a chain; one of many is, where the chain does not hold at its link."""
        if not self.link:
            return (self.person_id, self.plan) == (one.person_id, one.plan)
        mine = self.person_id in (None, one.person_id) and self.plan in (None, one.plan)
        return mine and self.carrier in ("", plan.carrier) and self.link in failing


def _differences(
    session: Session, book: PlanBook, month: Month, names: Sequence[str], *which: ColumnElement[bool]
) -> list[_Known]:
    """What is open of these persons, of nobody in particular where there are none; the most at stake first."""
    rows = session.rows(
        select(difference)
        .where(
            *session.where(difference, period=str(month)),
            difference.c.state.in_(("pending", "discrepancy")),
            _whose(difference.c.person_id, names),
            *which,
        )
        .order_by(difference.c.at_stake.desc(), difference.c.difference_id)
    )
    return [
        _Known(
            row.difference_id, row.state, row.person_id, row.plan,
            told_by(book, row)[0] if row.plan is None and row.relation == Relation.PREMIUM else "",
            "" if row.person_id and row.plan else _speaks_of(book, row),
        )
        for row in rows
    ]  # fmt: skip


def _speaks_of(book: PlanBook, row: Row[Any]) -> str:
    if row.type == Type.PREMIUM_AT_RISK and never_billed(book, row):
        return PRICED_BILLED
    return SPEAKS_OF.get(row.type, "")


def _of_many(session: Session, book: PlanBook, month: Month) -> list[_Known]:
    """The open differences of a pay date or a bill as a whole, which name nobody."""
    return _differences(session, book, month, (), difference.c.type.in_(sorted(SPEAKS_OF)))


def _judge(one: Chain, plan: Plan, book: PlanBook, open_: Sequence[_Known]) -> None:
    """Find the first link that does not hold, and whether it is known to be in its time."""
    failing = [name for name, holds in _links(one, plan, book) if not holds]
    known = {each.difference_id: each for each in open_ if each.tells(one, plan, failing)}
    one.broken = failing[0] if failing else ""
    one.differences = list(known)
    if any(each.state == "discrepancy" for each in known.values()):
        one.state = BROKEN
    elif one.broken or known:
        one.state = OPEN


def _links(one: Chain, plan: Plan, book: PlanBook) -> Iterator[tuple[str, bool]]:
    """The links of a plan in their order, and whether each holds."""
    if plan.insured:
        yield ELECTED_PRICED, bool(one.premium) if one.whole else bool(one.elected) or not one.premium
        if plan.carrier and one.elected:
            # Whom a carrier bills it knows; a refusal stands against it.
            yield PRICED_ENROLLED, one.enrolled == "confirmed" or (one.billed > 0 and one.enrolled != "refused")
        # A schedule of its own spreads the share over other months: its rest is named by the clearing account.
        if _month_by_month(plan):
            yield PRICED_ASKED, one.asked == one.share
    yield ASKED_TAKEN, one.taken == one.asked
    owed = one.taken
    if plan.insured:
        policy = book.terms(plan.carrier).pay_policy if plan.carrier else ""
        if policy in ("pay_as_billed", "short_pay"):
            yield PRICED_BILLED, one.billed == one.premium
        owed = {"pay_as_billed": one.billed, "short_pay": min(one.billed, one.premium)}.get(policy, one.premium)
    if plan.vendor:
        yield OWED_PAID, one.paid == owed
        yield PAID_CONFIRMED, one.confirmed == one.paid


def _month_by_month(plan: Plan) -> bool:
    terms = plan.deduction
    return terms is not None and terms.method is DeductionMethod.PER_MONTH and terms.timing is Timing.CURRENT
