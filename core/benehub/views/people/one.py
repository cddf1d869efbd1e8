"""One employee: what is believed of him since when, as it was recorded, and what follows from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Row, select

from benehub import facts
from benehub.facts import Worker
from benehub.periods import FOREVER, Interval, Month
from benehub.planbook import PlanBook
from benehub.reconcile import OPEN
from benehub.records.privacy import MASK
from benehub.store import Session
from benehub.store.tables import difference, is_dependent, person
from benehub.store.tables import fact as fact_table
from benehub.views.chain import Chain, chains_of
from benehub.views.decisions import DecisionMade, decisions
from benehub.views.leave import Meter, meters
from benehub.views.money_path import Path, money_paths
from benehub.views.people.proofs import Proofs, of_chains, of_leave
from benehub.views.people.vendors import Vendor, vendors
from benehub.views.persons import find_person
from benehub.views.why.facts import SHOWN

KINDS = ("employee", "employment", "compensation", "dependent", "election", "coverage", "leave_request")
"""Kinds of facts that are shown over time."""

MOST_FACTS = 200


@dataclass(frozen=True, slots=True)
class Fact:
    """One recorded version: what it says, of which days, since when it is known, and whether a later one lies over it.

    `says` are (field, value) pairs; what is personal says only that it is there.
    """

    ref: str
    kind: str
    key: str
    about: str
    """Member id of whom it is about; empty for the employee himself."""
    start: date
    end: date | None
    recorded_at: str
    source: str
    says: tuple[tuple[str, str], ...]
    ends: bool
    """Whether it says that nothing holds any more."""
    stands: bool
    """Whether it is believed, at least for a part of its days."""


@dataclass(frozen=True, slots=True)
class Known:
    """Name, state and family."""

    person: str
    number: str
    first_name: str
    last_name: str
    employed: bool
    hired: date | None
    last_day_after: date | None
    employment_class: str
    weekly_hours: str
    pay_group: str
    family: tuple[tuple[str, str, str], ...]
    """(member id, name, relationship) of each dependent."""


@dataclass(frozen=True, slots=True)
class One:
    """Everything about one employee as of a month."""

    known: Known
    month: Month
    chains: tuple[Chain, ...]
    proofs: Proofs
    """What each number of the chains goes back to."""
    decisions: tuple[DecisionMade, ...]
    paths: tuple[Path, ...]
    leave: tuple[Meter, ...]
    leave_proofs: Mapping[str, str]
    """Policy -> the newest entry of it in the books."""
    facts: tuple[Fact, ...]
    vendors: tuple[Vendor, ...]
    differences: tuple[Row[Any], ...]


def one(session: Session, book: PlanBook, named: str, month: Month) -> One:
    """An employee by number or the hub's id; a dependent's is his employee's.

    Raises:
        DataError: there is no such person.
    """
    who = find_person(session, named)
    person_id, today = who.subscriber_id, session.today()
    found = facts.workers(session, Interval(date.min, FOREVER), people=[person_id])
    worker = found[0] if found else None
    number = find_person(session, person_id).member_id
    return One(
        _known(session, person_id, number, worker, today),
        month,
        tuple(chains_of(session, book, month, person_id)),
        of_chains(session, month, person_id),
        tuple(decisions(session, person_id)),
        tuple(reversed(money_paths(session, person_id, month.year))),
        tuple(meters(session, book, today, only=[person_id])),
        of_leave(session, person_id),
        tuple(_facts(session, person_id)),
        tuple(vendors(session, book, person_id)),
        tuple(_differences(session, person_id)),
    )


def _known(session: Session, person_id: str, number: str, worker: Worker | None, today: date) -> Known:
    names = {row.person_id: row.member_id for row in _family(session, person_id)}
    told = {one.subject: one.data for one in facts.as_of(session, "dependent", today, subjects=sorted(names))}
    family = tuple(
        (names[who], f"{data['first_name']} {data['last_name']}", str(data["relationship"]))
        for who, data in told.items()
        if who in names
    )
    if worker is None:
        return Known(person_id, number, "", "", False, None, None, "", "", "", family)
    data, end = worker.employment.data, worker.employment.effective_to
    return Known(
        person_id, number, str(worker.identity.get("first_name", "")), str(worker.identity.get("last_name", "")),
        worker.employment.effective_from <= today < end, worker.hired, None if end == FOREVER else end,
        str(data["employment_class"]), str(data["weekly_hours"]), worker.pay_group, family,
    )  # fmt: skip


def _family(session: Session, person_id: str) -> list[Row[Any]]:
    return list(
        session.rows(
            select(person.c.person_id, person.c.member_id).where(
                *session.where(person, subscriber_id=person_id), is_dependent
            )
        )
    )


def _facts(session: Session, person_id: str) -> list[Fact]:
    """Recorded versions of the family, the newest first."""
    about = {row.person_id: row.member_id for row in _family(session, person_id)} | {person_id: ""}
    rows = session.rows(
        select(fact_table)
        .where(
            fact_table.c.employer_id == session.employer,
            fact_table.c.kind.in_(KINDS),
            fact_table.c.subject.in_(sorted(about)),
        )
        .order_by(fact_table.c.seq.desc())
        .limit(MOST_FACTS)
    )
    standing: set[str] = set()
    for kind in KINDS:
        for segments in facts.timelines(session, kind, Interval(date.min, FOREVER), subjects=sorted(about)).values():
            standing |= {one.fact_id for one in segments}
    return [
        Fact(
            row.fact_id, row.kind, row.fact_key, about[row.subject], row.effective_from,
            None if row.effective_to == FOREVER else row.effective_to, row.recorded_at, row.source,
            _says(row.data), row.data is None, row.fact_id in standing,
        )
        for row in rows
    ]  # fmt: skip


def _says(data: dict[str, Any] | None) -> tuple[tuple[str, str], ...]:
    filled = {name: value for name, value in (data or {}).items() if value not in (None, "", [], {}, False)}
    return tuple((name, _plain(value) if name in SHOWN else MASK) for name, value in filled.items())


def _plain(value: Any) -> str:
    return str(len(value)) if isinstance(value, list) else str(value)


def _differences(session: Session, person_id: str) -> list[Row[Any]]:
    return list(
        session.rows(
            select(difference)
            .where(*session.where(difference, person_id=person_id))
            .order_by(difference.c.state.in_(OPEN).desc(), difference.c.first_seq.desc())
            .limit(50)
        )
    )
