"""What happened to a member, in the words of a change file: one small builder an event.

Each takes the member as he is known (who he is, with the coverages concerned) and gives him back with the codes
and dates of the event: INS03, INS04 and what goes with them, DTP, and HD of each coverage. Days are X12's: a last
day is the last one covered. A partner who wants other codes gets them by `dataclasses.replace` on the result.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from benehub.errors import DataError
from benehub.formats.x12.enrollment_coverage import Coverage
from benehub.formats.x12.enrollment_person import Demographics
from benehub.formats.x12.enrollment_records import Member
from benehub.formats.x12.parts import Dated, Name

CHANGE, ADD, END, REINSTATE = "001", "021", "024", "025"
"""INS03 and HD01."""

_FIRST, _LAST = "348", "349"


def begun(coverage: Coverage, first: date, maintenance: str = ADD) -> Coverage:
    """The coverage as it begins (or goes on) on `first`."""
    return replace(coverage, maintenance=maintenance, dates=((_FIRST, first),))


def ended(coverage: Coverage, last: date) -> Coverage:
    """The coverage as it ends after `last`."""
    return replace(coverage, maintenance=END, dates=((_LAST, last),))


def new_hire(member: Member, hired: date, eligible: date, first: date) -> Member:
    """An employee who was hired, with all his coverages from `first`."""
    dates = (("336", hired), ("356", eligible))
    return replace(_added(member, "28", first), status="A", employment=member.employment or "FT", dates=dates)


def birth(child: Member, sequence: str = "") -> Member:
    """A child covered from the day of birth; `sequence` tells twins apart. The subscriber's tier changes too.

    Raises:
        DataError: the child has no birth date.
    """
    if child.demographics is None or child.demographics.birth is None:
        raise DataError("a newborn without birth date", mend="Enter the birth date of the dependent")
    return replace(_added(child, "02", child.demographics.birth), birth_sequence=sequence)


def marriage(spouse: Member, first: date) -> Member:
    """A spouse covered from `first`."""
    return _added(spouse, "32", first)


def correction(member: Member, was: Name, demographics: Demographics | None = None) -> Member:
    """A name, SSN or birth date that was wrong: `member` has the right ones, `was` and `demographics` the wrong."""
    return replace(
        member, maintenance=CHANGE, reason="25", corrected=True, incorrect=was, incorrect_demographics=demographics,
        coverages=(),
    )  # fmt: skip


def tier_change(member: Member, first: date) -> Member:
    """Other people are covered from `first`: the member's coverages carry the new tier."""
    told = tuple(begun(one, first, CHANGE) for one in member.coverages)
    return replace(member, maintenance=CHANGE, reason="22", coverages=told)


def plan_change(member: Member, old: Coverage, new: Coverage, first: date) -> Member:
    """Another plan from `first`; the old one ends the day before."""
    told = (ended(old, first - timedelta(days=1)), begun(new, first))
    return replace(member, maintenance=CHANGE, reason="22", coverages=told)


def leaves(member: Member, last_worked: date, last_covered: date) -> Member:
    """Employment ends, and all coverage with it or later (end of the month)."""
    told = _ended(member, "08", last_covered)
    return replace(told, employment="TE", dates=(("337", last_worked), *told.dates))


def line_dropped(member: Member, coverage: Coverage, last: date, reason: str = "14") -> Member:
    """One coverage ends, the others go on; `reason` is `14` by his own will, `07` benefits ended."""
    return replace(member, maintenance=CHANGE, reason=reason, coverages=(ended(coverage, last),))


def ages_out(child: Member, last: date) -> Member:
    """A child is no longer eligible after `last`."""
    return _ended(child, "07", last)


def death(member: Member, day: date) -> Member:
    """A member died: his coverage ends that day. Each dependent of a subscriber is ended, or surviving, by himself."""
    told = replace(_ended(member, "03", day), death=day)
    return replace(told, employment="TE") if member.subscriber else told


def reinstatement(member: Member, effective: date, first: date) -> Member:
    """Coverage that was ended goes on as if it had not: from `first`, the old start or a new one."""
    told = tuple(begun(one, first, REINSTATE) for one in member.coverages)
    return replace(member, maintenance=REINSTATE, reason="41", dates=(("303", effective),), coverages=told)


def cobra(member: Member, event: str, occurred: date, first: date, last: date) -> Member:
    """Continued coverage was chosen: `event` is INS07 (`1` employment ended, `4` death, `5` divorce, ...)."""
    dates = (("301", occurred), ("340", first), ("341", last))
    told = replace(_added(member, "09", first), status="C", cobra_event=event, dates=dates)
    return replace(told, employment="TE") if member.subscriber else told


def on_his_own(dependent: Member, number: str) -> Member:
    """A dependent who goes on without the subscriber (COBRA, survivor): a subscriber with a number of his own."""
    former = ("Q4", dependent.subscriber_number)
    return replace(
        dependent, subscriber=True, relationship="18", subscriber_number=number,
        references=(*dependent.references, former),
    )  # fmt: skip


def void(member: Member, *, day_before: bool = False) -> Member:
    """All coverage ends as if it had never been: on its first day, or by the carrier's rule the day before.

    Raises:
        DataError: a coverage has no first day.
    """
    slack = timedelta(days=1 if day_before else 0)
    told = []
    for one in member.coverages:
        first = one.date(_FIRST)
        if first is None:
            raise DataError(
                "a coverage without first day cannot be void", mend="Give the coverage its first day (DTP 348)"
            )
        told.append(replace(one, maintenance=END, dates=((_FIRST, first), (_LAST, first - slack))))
    return replace(member, maintenance=END, reason="07", coverages=tuple(told))


def _added(member: Member, reason: str, first: date) -> Member:
    told = tuple(begun(one, first) for one in member.coverages)
    return replace(member, maintenance=ADD, reason=reason, coverages=told)


def _ended(member: Member, reason: str, last: date) -> Member:
    dates: tuple[Dated, ...] = (("357", last),)
    told = tuple(ended(one, last) for one in member.coverages)
    return replace(member, maintenance=END, reason=reason, dates=dates, coverages=told)
