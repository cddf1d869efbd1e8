"""The stream `election`: who is enrolled in which plan, worked out of BambooHR's member benefits.

The vendor tells each member by himself, employee or dependent, with the days of each plan, and no tier. So a row is
made of a stretch of days on which the same people are covered, and its tier of who they are. It is read whole, from the
first year on that the settings name: a year left out would look like enrollments taken back.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

from benehub.connect.cells import EMPTY, find
from benehub.connect.connector import Incoming, Link, Page
from benehub.errors import DataError, Unsupported, VendorUnavailable
from benehub.periods import FOREVER, parse_date
from benehub.records import Relationship, Tier
from benehub_connectors.bamboohr import words
from benehub_connectors.bamboohr.account import Account
from benehub_connectors.bamboohr.settings import BambooSettings, Benefits

ENROLLED = "ENROLLED"
OTHER = frozenset({"WAIVED", "TERMINATED", "WITHDREW", "ELIGIBLE", "INELIGIBLE"})
"""The vendor's words for days on which nobody is covered."""

_PARTNERS = frozenset({Relationship.SPOUSE, Relationship.DOMESTIC_PARTNER})

Spans = dict[date, date]
"""First day covered -> first day that is not."""


@dataclass(slots=True)
class Cover:
    """A family in a plan: the employee's days, each dependent's by his id, and what was wrong with it."""

    employee: Spans = field(default_factory=dict)
    dependents: dict[str, Spans] = field(default_factory=dict)
    problem: str = ""

    def spans(self, dependent: str) -> Spans:
        """The days of a dependent, of the employee where it is empty."""
        return self.dependents.setdefault(dependent, {}) if dependent else self.employee


def read_elections(link: Link) -> Iterator[Page]:
    """All enrollments: the vendor's pages as they came, and then the rows that were worked out of them.

    Raises:
        Unsupported: the connection names no plans.
        VendorUnavailable: the list shrank while it was read.
        DataError: an answer is not what the API description says.
    """
    account = Account(link)
    benefits = account.settings.benefits
    if benefits is None:
        raise Unsupported(
            "the connection does not say which plans BambooHR's are", where=f"connection {link.connection}",
            mend="Set `benefits` with the plans and the first year", blocker="us",
        )  # fmt: skip
    covers: dict[tuple[str, str], Cover] = {}
    for year in range(benefits.since, link.clock().date().year + 2):  # the next one is told from open enrollment on
        totals: list[int] = []
        for number, rows in enumerate(account.member_benefits(year, totals), 1):
            for row in rows:
                _take(row, covers)
            yield Page("election", (), account.last, f"member benefits {year}, {number}", full=True)
        if any(one < totals[0] for one in totals):
            raise VendorUnavailable(
                "the list of members shrank while it was read", where=f"connection {link.connection}",
                mend="Read it again from the start",
            )  # fmt: skip
    family = {str(one.get("id") or ""): one for one in account.dependents() if isinstance(one, Mapping)}
    found: list[Incoming] = []
    for (employee, plan), cover in sorted(covers.items()):
        found += _rows(employee, plan, cover, family, account.settings, benefits, len(found))
    yield Page("election", found, account.last, "dependents", full=not any(one.problem for one in found))


def _take(row: Any, covers: dict[tuple[str, str], Cover]) -> None:
    """Note the days of a member in each of his plans."""
    told = row if isinstance(row, Mapping) else {}
    kind, _, member = str(told.get("memberId") or "").partition(".")
    employee = str(told.get("subscriberId") or "")
    plans = told.get("plans")
    if kind not in ("employee", "dependent") or not member or not employee or not isinstance(plans, list):
        raise DataError(
            "a member without memberId, subscriberId or plans", where="member benefits",
            mend="Nothing of this read is applied; hold the answer against the vendor's API description",
        )  # fmt: skip
    for one in plans:
        plan = one if isinstance(one, Mapping) else {}
        cover = covers.setdefault((employee, str(plan.get("planId") or "")), Cover())
        try:
            cover.spans(member if kind == "dependent" else "").update(_enrolled(plan.get("dateRanges")))
        except DataError as error:
            cover.problem = error.what


def _enrolled(ranges: Any) -> Spans:
    """The days on which a member is enrolled; a year that comes later says more of the same stretch.

    Raises:
        DataError: a range is not as documented.
    """
    found: Spans = {}
    for one in ranges if isinstance(ranges, list) else ():
        told = one if isinstance(one, Mapping) else {}
        status = told.get("status")
        if status not in OTHER and status != ENROLLED:
            raise DataError("status is no word of an enrollment that is known here")
        if status == ENROLLED:
            start = parse_date(str(told.get("startDate") or ""), where="startDate")
            last = told.get("endDate")
            found[start] = parse_date(str(last), where="endDate") + timedelta(days=1) if last else FOREVER
    return found


def _rows(
    employee: str,
    plan: str,
    cover: Cover,
    family: Mapping[str, Mapping[str, Any]],
    settings: BambooSettings,
    benefits: Benefits,
    before: int,
) -> Iterator[Incoming]:
    """The elections of an employee in a plan; none where the plan is none of ours, or nobody is enrolled."""
    ours = benefits.plans.get(plan)
    if ours == "" or not (cover.problem or cover.employee or any(cover.dependents.values())):
        return
    key, problem = f"{employee}/{plan or '?'}", cover.problem
    if ours is None:
        problem = problem or f"plan {plan[:20] or EMPTY} has no line in the connection's benefits.plans"
    elif not problem and not cover.employee:
        problem = "a dependent is enrolled and the employee is not"
    if problem:
        yield Incoming(key, {}, problem=problem, row=before + 1)
        return
    for number, (start, end, covered) in enumerate(_stretches(cover), before + 1):
        data: dict[str, Any] = {
            "employee": employee, "plan": ours, "effective_from": start.isoformat(),
            "effective_to": None if end == FOREVER else end.isoformat(),
        }  # fmt: skip
        try:
            data |= _who(covered, family, settings)
            problem = ""
        except DataError as error:
            problem = error.what
        yield Incoming(f"{key}/{start}", {} if problem else data, problem=problem, row=number)


def _stretches(cover: Cover) -> Iterator[tuple[date, date, tuple[str, ...]]]:
    """Stretches of days, the first one first, on which the employee and the same dependents are covered."""
    days = {day for spans in (cover.employee, *cover.dependents.values()) for pair in spans.items() for day in pair}
    found: list[tuple[date, date, tuple[str, ...]]] = []
    cuts = sorted(days)
    for start, end in pairwise(cuts):
        if not _holds(cover.employee, start):
            continue
        covered = tuple(sorted(one for one, spans in cover.dependents.items() if _holds(spans, start)))
        if found and found[-1][1:] == (start, covered):  # the turn of a year is no change
            found[-1] = (found[-1][0], end, covered)
        else:
            found.append((start, end, covered))
    yield from found


def _holds(spans: Spans, day: date) -> bool:
    return any(start <= day < end for start, end in spans.items())


def _who(covered: Sequence[str], family: Mapping[str, Mapping[str, Any]], settings: BambooSettings) -> dict[str, Any]:
    """The dependents by first name, and the tier that they make.

    Raises:
        DataError: one is not in the list of dependents, or cannot be told from another.
    """
    people = [family.get(one, {}) for one in covered]
    names = [str(one.get("firstName") or "").strip() for one in people]
    kin = [find(str(one.get("relationship") or ""), words.RELATIONSHIPS, settings.relationships) for one in people]
    if not all(names) or None in kin:
        raise DataError("a covered dependent has no first name or relationship that is known here")
    if len({name.casefold() for name in names}) < len(names):
        raise DataError("two covered dependents have the same first name")
    partner, child = any(one in _PARTNERS for one in kin), any(one not in _PARTNERS for one in kin)
    tiers = {(False, False): Tier.EE, (True, False): Tier.ES, (False, True): Tier.EC, (True, True): Tier.FAM}
    return {"dependents": tuple(names), "tier": tiers[partner, child]}
