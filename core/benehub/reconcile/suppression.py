"""Rules that set differences aside until a day: a known quirk of a vendor is named once, not worked every month.

Nothing is hidden by it: what is set aside stays a difference, is listed by its state, names its rule, and comes back by
the first comparison after the rule's end, or as soon as it grows above the rule's amount.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, func, select

from benehub.crypto import mask
from benehub.errors import DataError
from benehub.hours import PREFIX, is_leave, leave_unit, parse_hours, to_minutes
from benehub.money import format_minor, parse_minor
from benehub.periods import Month
from benehub.reconcile.findings import NEVER_SET_ASIDE, Finding, Relation, Type
from benehub.reconcile.fixes import needs_second
from benehub.store import Session
from benehub.store.tables import difference, suppression

LONGEST = timedelta(days=366)
"""A rule is looked at again after a year at the latest."""

PAID_OUT = frozenset({Type.PAYOUT_DIFF, Type.PAYOUT_MISSING})
"""Differences of leave that are told in money; all others are told in hours."""


def unit_of(relation: str, type_: str, currency: str) -> str:
    """In what the amount of a rule for such differences is: the currency, or minutes of leave."""
    return leave_unit("") if relation == Relation.LEAVE and type_ not in PAID_OUT else currency


def parse_up_to(text: str, relation: str, type_: str, currency: str) -> int | None:
    """The amount of a rule as somebody writes it: money, or hours where such differences are hours; None: any.

    Raises:
        DataError: neither an amount nor hours.
    """
    if not text.strip():
        return None
    if is_leave(unit_of(relation, type_, currency)):
        return to_minutes(parse_hours(text, where="amount"))
    return parse_minor(text, currency, where="amount")


NO_MONEY = frozenset({Relation.INTAKE, Relation.ENROLLMENT})
"""Relations whose differences have no money at stake."""


def check_alone(relation: str, type_: str, up_to: int | None, currency: str, alone_up_to: int | None) -> None:
    """A rule is one person's word: it sets no more money aside than one person may give up.

    Args:
        up_to: the amount of the rule in its own unit (`unit_of`).
        alone_up_to: minor units that one person may give up; 0: none, None: any.

    Raises:
        DataError: it could set more aside.
    """
    hours = is_leave(unit_of(relation, type_, currency))
    if alone_up_to is None or relation in NO_MONEY or (hours and (up_to is not None or type_ != Type.PAID_TWICE)):
        return
    if up_to is None or needs_second(up_to, alone_up_to):
        most = f"{format_minor(alone_up_to, currency)} {currency}"
        raise DataError(
            f"one person's rule sets aside no more than {most}, and this one could", where=f"{relation} {type_}"[:60],
            mend="Give the rule such an amount at most; what is more is dismissed, one by one, by two persons "
            "(guards.second_person_above)",
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Suppression:
    """One rule: which differences, up to which amount (minor units or minutes; None: any), until when."""

    suppression_id: str
    relation: str
    type: str
    plan: str | None
    up_to: int | None
    ends: date
    """Last day on which it holds."""
    who: str
    note: str
    made_at: str
    lifted_at: str | None

    def covers(self, finding: Finding) -> bool:
        """Whether a difference that was found is set aside by it."""
        return self.takes(finding.relation, finding.type, finding.plan, finding.at_stake, finding.unit)

    def takes(self, relation: str, type_: str, plan: str | None, at_stake: int, unit: str) -> bool:
        """Whether it is for differences of this kind, plan and amount; an amount of money says nothing of hours."""
        return (
            type_ not in NEVER_SET_ASIDE
            and relation == self.relation
            and type_ == self.type
            and self.plan in (None, plan)
            and (self.up_to is None or (at_stake <= self.up_to and is_leave(unit) == is_leave(self.unit(unit))))
        )

    def unit(self, currency: str) -> str:
        """What its amount is told in (`unit_of`)."""
        return unit_of(self.relation, self.type, currency)


def suppress(
    session: Session, relation: str, type_: str, plan: str | None, up_to: int | None, ends: date, who: str, note: str
) -> str:
    """Set such differences aside until a day, from the next comparison on; gives the rule's id.

    Raises:
        DataError: no such relation or type, one that is never set aside, an end that is past or too far, nobody named,
            or no reason.
    """
    today = session.today()
    for what, said, known in (("relation", relation, Relation), ("type of difference", type_, Type)):
        if said not in set(known):
            raise DataError(
                f"no {what} {said[:40]!r}", where="rule that sets differences aside",
                mend=f"There are: {', '.join(sorted(known))}",
            )  # fmt: skip
    if type_ in NEVER_SET_ASIDE:
        raise DataError(
            f"no rule sets {type_} aside", mend="Say of each what becomes of it: benehub differences dismiss"
        )
    if not today <= ends <= today + LONGEST:
        raise DataError(f"a rule cannot end on {ends}", mend=f"Choose a day up to {today + LONGEST}")
    if up_to is not None and up_to < 0:
        raise DataError("the amount of a rule is below zero", mend="Leave it out to take any amount")
    if not who.strip() or not note.strip():
        raise DataError("a rule needs a name and a reason", mend="Say who decided it, and why")
    at = session.now()
    suppression_id = session.id("sup", relation, type_, plan or "-", str(up_to), str(ends), who, note, at)
    row = {
        "suppression_id": suppression_id, "relation": relation, "type": type_, "plan": plan, "up_to": up_to,
        "ends": ends, "who": mask(who.strip())[:80], "note": mask(note.strip())[:2000], "made_at": at,
        "lifted_at": None,
    }  # fmt: skip
    session.add(suppression, [row])
    return suppression_id


def lift(session: Session, suppression_id: str) -> None:
    """End a rule now; the next comparison brings back what it set aside.

    Raises:
        DataError: no such rule, or it was lifted before.
    """
    found = next((one for one in suppressions(session) if one.suppression_id == suppression_id), None)
    if found is None or found.lifted_at is not None:
        told = "no such rule" if found is None else f"lifted at {found.lifted_at}"
        raise DataError(told, where=suppression_id[:60], mend="See `benehub differences rules`")
    session.change(suppression, {"suppression_id": suppression_id}, lifted_at=session.now())


def suppressions(session: Session) -> Sequence[Suppression]:
    """Every rule there was, the newest first."""
    rows = session.rows(
        select(suppression)
        .where(*session.where(suppression))
        .order_by(suppression.c.made_at.desc(), suppression.c.suppression_id)
    )
    return [
        Suppression(row.suppression_id, row.relation, row.type, row.plan, row.up_to, row.ends, row.who, row.note,
                    row.made_at, row.lifted_at)
        for row in rows
    ]  # fmt: skip


def in_force(session: Session, today: date) -> list[Suppression]:
    """The rules that hold on a day."""
    return [one for one in suppressions(session) if one.lifted_at is None and today <= one.ends]


@dataclass(frozen=True, slots=True)
class SetAside:
    """A difference that is set aside, and the rule in force that does it; None: it has ended or was lifted."""

    row: Row[Any]
    rule: Suppression | None


def set_aside(session: Session, month: Month) -> list[SetAside]:
    """Every difference of a month that is set aside now, the most at stake first."""
    rules = in_force(session, session.today())
    rows = session.rows(
        select(difference)
        .where(*_suppressed(session, month), difference.c.period >= str(month))
        .order_by(difference.c.at_stake.desc(), difference.c.difference_id)
    )
    return [
        SetAside(
            row,
            next((one for one in rules if one.takes(row.relation, row.type, row.plan, row.at_stake, row.unit)), None),
        )
        for row in rows
    ]  # fmt: skip


@dataclass(frozen=True, slots=True)
class ByRule:
    """What one rule in force sets aside, in one unit: how many differences, and what they have at stake."""

    rule: Suppression
    unit: str
    number: int
    at_stake: int


def by_rule(session: Session, until: Month) -> list[ByRule]:
    """The same of a month and all earlier ones, counted by rule; the newest rule that takes a difference has it."""
    found: list[ByRule] = []
    before: list[ColumnElement[bool]] = []
    for rule in in_force(session, session.today()):
        takes = _takes(rule)
        rows = session.rows(
            select(difference.c.unit, func.count().label("number"), func.sum(difference.c.at_stake).label("at_stake"))
            .where(*_suppressed(session, until), takes, *before)
            .group_by(difference.c.unit)
            .order_by(difference.c.unit)
        )
        found += [ByRule(rule, row.unit, int(row.number), int(row.at_stake)) for row in rows]
        before.append(~takes)
    return found


def without_rule(session: Session, until: Month) -> Sequence[Row[Any]]:
    """Differences of a month and of earlier ones that stand set aside though their rule has ended, the most first.

    A comparison brings back only what is of its own month: those of other months wait.
    """
    return session.rows(
        select(difference)
        .where(*_suppressed(session, until), *_by_none(session))
        .order_by(difference.c.at_stake.desc(), difference.c.difference_id)
    )


def beyond(session: Session, currency: str, until: Month, alone_up_to: int | None) -> Sequence[Row[Any]]:
    """What rules set aside of a month and all before though one person may not give up so much, the most first.

    A rule is one person's word; it may have been said before the plan book asked for two.

    Args:
        alone_up_to: minor units that one person may give up; 0: none, None: any.
    """
    if alone_up_to is None:
        return ()
    return session.rows(
        select(difference)
        .where(
            *_suppressed(session, until), difference.c.unit == currency,
            difference.c.at_stake > alone_up_to,
        )
        .order_by(difference.c.at_stake.desc(), difference.c.difference_id)
    )  # fmt: skip


def ended(session: Session, month: Month) -> set[str]:
    """The relations that have such differences of this very month."""
    return ended_of(session, [month]).get(str(month), set())


def ended_of(session: Session, months: Sequence[Month]) -> dict[str, set[str]]:
    """Month -> the relations that have such differences of it; months without any are left out."""
    rows = session.rows(
        select(difference.c.period, difference.c.relation)
        .where(
            *session.where(difference, state="suppressed"), difference.c.period.in_([str(one) for one in months]),
            *_by_none(session),
        )
        .distinct()
    )  # fmt: skip
    found: dict[str, set[str]] = {}
    for row in rows:
        found.setdefault(row.period, set()).add(row.relation)
    return found


def _suppressed(session: Session, until: Month) -> Sequence[ColumnElement[bool]]:
    return (*session.where(difference, state="suppressed"), difference.c.period < str(until.plus(1)))


def _by_none(session: Session) -> list[ColumnElement[bool]]:
    return [~_takes(one) for one in in_force(session, session.today())]


def _takes(rule: Suppression) -> ColumnElement[bool]:
    """`Suppression.takes` as the database asks it; never unknown, so that it can be negated."""
    of = difference.c
    asked = [of.relation == rule.relation, of.type == rule.type, of.type.not_in(sorted(NEVER_SET_ASIDE))]
    if rule.plan is not None:
        asked.append(func.coalesce(of.plan, "") == rule.plan)
    if rule.up_to is not None:
        hours = of.unit.like(f"{PREFIX}%")
        asked += [of.at_stake <= rule.up_to, hours if is_leave(rule.unit("")) else ~hours]
    return and_(*asked)
