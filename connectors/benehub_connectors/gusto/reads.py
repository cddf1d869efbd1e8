"""The lists Gusto keeps: pay calendar, the people it knows, company benefits and who holds them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from benehub.connect.connector import Incoming, Link, Page
from benehub.connect.messages import path, read
from benehub.errors import BenehubError, DataError
from benehub.periods import add_months, parse_date
from benehub_connectors.gusto.answers import REFUSALS, get, pages, refuse, rows
from benehub_connectors.gusto.settings import GustoSettings
from benehub_connectors.gusto.words import minor, needed, percent, percent_text, text

CALENDAR_MONTHS = 3
"""Gusto tells pay periods up to three months ahead; as many and a year are read back."""

_PERSON_FIELDS = {
    "uuid", "employee_code", "first_name", "last_name", "date_of_birth", "terminated", "ssn", "work_email", "email",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class CompanyBenefit:
    """A benefit the company offers, as Gusto holds it."""

    uuid: str
    description: str
    benefit_type: int | None
    active: bool


def company_benefits(link: Link) -> list[CompanyBenefit]:
    """All of the company's benefits, inactive ones too: the register of last year still names them.

    Raises:
        DataError: Gusto refuses, or a benefit has no uuid or description.
    """
    settings: GustoSettings = link.settings
    answer = get(link, path("/v1/companies/{id}/company_benefits", id=settings.company), {})
    return [_company_benefit(row) for row in rows(answer)]


def _company_benefit(row: Any) -> CompanyBenefit:
    if not isinstance(row, Mapping):
        raise DataError("a company benefit is no object", mend="Report it to the vendor")
    kind = row.get("benefit_type")
    return CompanyBenefit(
        needed(row, "uuid"),
        needed(row, "description"),
        kind if isinstance(kind, int) and not isinstance(kind, bool) else None,
        row.get("active", True) is True,
    )


def one_a_code(benefits: Sequence[CompanyBenefit], settings: GustoSettings) -> dict[str, CompanyBenefit]:
    """The active company benefit of each code: the one named by its uuid or described by the code, else the only alias.

    A code that two benefits answer to is left out; a write of it is then refused with that reason.
    """
    doubtful = confounded(benefits, settings)
    active = [one for one in benefits if one.active and one.uuid not in doubtful]
    exact: dict[str, list[CompanyBenefit]] = {}
    alias: dict[str, list[CompanyBenefit]] = {}
    for one in active:
        code = settings.code_of(one.description, one.uuid)
        (exact if code == one.description or settings.names(one.uuid) else alias).setdefault(code, []).append(one)
    chosen = alias | exact
    return {code: found[0] for code, found in chosen.items() if len(found) == 1}


def confounded(benefits: Sequence[CompanyBenefit], settings: GustoSettings) -> set[str]:
    """The uuids of active company benefits that their description alone does not tell from another active one.

    One that the settings name by its uuid is told; one beside it of the same description, or code, is not.
    """
    active = [one for one in benefits if one.active]
    alike = Counter(one.description for one in active)
    return {
        one.uuid
        for one in active
        if not settings.names(one.uuid) and (alike[one.description] > 1 or _taken(one, settings))
    }


def _taken(one: CompanyBenefit, settings: GustoSettings) -> bool:
    """Whether the code that it is described by is another's, by that one's uuid."""
    return settings.code_of(one.description) in settings.codes


def pay_calendar(link: Link) -> Iterator[Page]:
    """One page: the regular pay periods of the last year and the next three months.

    A period that Gusto has given no check date yet is a problem row, not a pay date of nothing.
    """
    settings: GustoSettings = link.settings
    today = link.clock().date()
    groups = pay_groups(link, settings)
    answer = get(
        link,
        path("/v1/companies/{id}/pay_periods", id=settings.company),
        {
            "start_date": add_months(today, -12).isoformat(),
            "end_date": add_months(today, CALENDAR_MONTHS).isoformat(),
            "payroll_types": "regular",
        },
    )

    def translate(row: Mapping[str, Any]) -> Incoming:
        schedule = needed(row, "pay_schedule_uuid")
        if schedule not in groups:
            raise DataError("its pay schedule is not in the list of pay schedules", mend="Read it again")
        payroll = row.get("payroll") or {}
        start, end = needed(row, "start_date"), needed(row, "end_date")
        data = {
            "pay_group": groups[schedule],
            "pay_date": parse_date(needed(payroll, "check_date"), where="check_date").isoformat(),
            "period_start": parse_date(start, where="start_date").isoformat(),
            "period_end": parse_date(end, where="end_date").isoformat(),
        }
        extra = {name: value for name, value in payroll.items() if name != "check_date"}
        return Incoming(f"{schedule}/{start}", data, extra)

    yield Page("pay_calendar", translated(rows(answer), translate), answer.body)


def pay_group_of(schedule: Mapping[str, Any], settings: GustoSettings) -> str:
    """The pay group of a pay schedule: by the settings, else its custom name, name or frequency as it is."""
    names = [text(schedule, name) for name in ("uuid", "custom_name", "name", "frequency")]
    mapped = [settings.pay_groups[name] for name in names if name in settings.pay_groups]
    return [*mapped, *(name for name in names[1:] if name), names[0]][0]


def pay_groups(link: Link, settings: GustoSettings) -> dict[str, str]:
    """Pay group by uuid of the pay schedule."""
    answer = get(link, path("/v1/companies/{id}/pay_schedules", id=settings.company), {})
    return {needed(one, "uuid"): pay_group_of(one, settings) for one in rows(answer)}


def payroll_people(link: Link) -> Iterator[Page]:
    """Everybody payroll knows, those who left too. The SSN is never in this list."""
    settings: GustoSettings = link.settings
    found = pages(link, path("/v1/companies/{id}/employees", id=settings.company))
    yield from _full("payroll_person", found, person)


def some_people(link: Link, uuids: Sequence[str]) -> Iterator[Page]:
    """These employees, whom a webhook named, one by one; of one who is gone the next read tells."""
    for uuid in uuids:
        answer = link.http().send(read(path("/v1/employees/{id}", id=uuid), accept=REFUSALS))
        if answer.status != 404:
            refuse(answer)
            yield Page("payroll_person", translated([answer.data], person), answer.body, f"employee {uuid}")


def person(row: Mapping[str, Any]) -> Incoming:
    """Somebody payroll knows, as a row."""
    born = text(row, "date_of_birth")
    data = {
        "employee_number": text(row, "employee_code"),
        "first_name": needed(row, "first_name"),
        "last_name": needed(row, "last_name"),
        "birth_date": parse_date(born, where="date_of_birth").isoformat() if born else None,
        "active": row.get("terminated") is not True,
        "email": text(row, "work_email") or text(row, "email"),
    }
    extra = {name: value for name, value in row.items() if name not in _PERSON_FIELDS}
    return Incoming(needed(row, "uuid"), data, extra)


def payroll_benefits(link: Link) -> Iterator[Page]:
    """Every employee benefit of every company benefit, as held today."""
    settings: GustoSettings = link.settings
    benefits = company_benefits(link)
    doubtful = confounded(benefits, settings)
    for benefit in benefits:
        code = settings.code_of(benefit.description, benefit.uuid)
        found = pages(link, path("/v1/company_benefits/{id}/employee_benefits", id=benefit.uuid))
        translate = partial(held, code=code, alike=benefit.uuid if benefit.uuid in doubtful else "")
        yield from _full("payroll_benefit", found, translate, benefit.description)


def held(row: Mapping[str, Any], code: str, alike: str = "") -> Incoming:
    """One employee benefit as a row. A contribution that is no flat amount is told in `extra`.

    Raises:
        DataError: an amount or a percentage that is none, or the company benefit is `alike` another one (its uuid).
    """
    if alike:
        raise DataError(
            f"two active company benefits answer to {code}",
            mend=f"Name the uuid of each under `codes` of the connection; this one is {alike}",
        )
    uuid = needed(row, "uuid")
    contribution = row.get("contribution") or {}
    flat = contribution.get("value") if contribution.get("type") == "amount" else None
    data: dict[str, Any] = {
        "employee": needed(row, "employee_uuid"),
        "code": code,
        "employer_amount_minor": minor(flat, "contribution"),
        "active": row.get("active", True) is True,
        "version": text(row, "version"),
    }
    if row.get("deduct_as_percentage") is True:
        rate = percent(row.get("employee_deduction"), "employee_deduction")
        data["employee_rate"] = f"{percent_text(rate, 'employee_deduction')}%"
    else:
        data["employee_amount_minor"] = minor(row.get("employee_deduction"), "employee_deduction")
    told = {"uuid", "employee_uuid", "active", "version", "employee_deduction", "deduct_as_percentage"}
    return Incoming(uuid, data, {name: value for name, value in row.items() if name not in told})


def translated(found: Sequence[Any], translate: Callable[[Mapping[str, Any]], Incoming]) -> list[Incoming]:
    """Each row translated; one that cannot be is kept with the reason, under its uuid or its place."""
    made = []
    for number, row in enumerate(found, 1):
        try:
            if not isinstance(row, Mapping):
                raise DataError("the row is no object", mend="Report it to the vendor")
            made.append(translate(row))
        except (BenehubError, AttributeError, TypeError) as error:
            made.append(problem(row, error, number))
    return made


def problem(row: Any, error: Exception, number: int) -> Incoming:
    """The row that stands for one that could not be translated."""
    key = row.get("uuid") if isinstance(row, Mapping) else None
    reason = str(error) if isinstance(error, BenehubError) else f"not the documented form ({type(error).__name__})"
    return Incoming(key if isinstance(key, str) and key else f"row {number}", {}, {}, reason, number)


def _full(
    stream: str,
    found: Iterator[tuple[Any, Sequence[Any]]],
    translate: Callable[[Mapping[str, Any]], Incoming],
    name: str = "",
) -> Iterator[Page]:
    """The pages of a list that is told whole; an empty list is a page too, so that it can say so."""
    count = 0
    for answer, items in found:
        count += 1
        made = translated(items, translate)
        # A row without its uuid may be anybody's: then nobody who is absent is called gone.
        full = not any(row.key.startswith("row ") for row in made)
        yield Page(stream, made, answer.body, f"{name or stream} {count}", full=full)
    if not count:
        yield Page(stream, (), b"[]", f"{name or stream}", full=True)
