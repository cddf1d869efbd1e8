"""The company's benefits at the payroll, and who holds them for how much."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benehub.connect.connector import Incoming, Link, Page
from benehub.connect.figures import rows
from benehub.connect.messages import Response, path
from benehub.errors import DataError
from benehub_connectors.finch.answers import body, get, items, together, translated
from benehub_connectors.finch.settings import FinchSettings
from benehub_connectors.finch.words import mapping, needed, percent_text, text, whole

IDS_A_CALL = 100
"""Individuals asked for in one address; more would make it longer than servers take."""

Contribution = tuple[str, Any]
"""`("fixed", cents)`, `("percent", basis points)` or `("tiered", ((match, threshold), ...))` in basis points."""

NOTHING: Contribution = ("fixed", 0)

CARRIED: Mapping[str, str] = {
    "annual_maximum": "annual_maximum",
    "catch_up": "catch_up",
    "hsa_contribution_limit": "annual_contribution_limit",
}
"""Parts of an enrollment that an order says nothing of: Finch's name of each when read -> when written."""


@dataclass(frozen=True, slots=True)
class CompanyBenefit:
    """A benefit of the company as Finch holds it."""

    id: str
    description: str
    kind: str
    frequency: str

    @property
    def every_pay(self) -> bool:
        """Whether it is taken at every pay, as an order means it."""
        return self.frequency in ("", "every_paycheck")


def company_benefits(link: Link) -> list[CompanyBenefit]:
    """All benefits of the company.

    Raises:
        DataError: Finch refuses, or a benefit has no id, or neither description nor type.
    """
    return [_company_benefit(row) for row in rows(get(link, "/employer/benefits", {}))]


def _company_benefit(row: Any) -> CompanyBenefit:
    told = mapping(row, "a benefit")
    one = CompanyBenefit(
        needed(told, "benefit_id"), text(told, "description"), text(told, "type"), text(told, "frequency")
    )
    if not one.description and not one.kind:
        raise DataError("a benefit has neither description nor type", mend="Describe it in payroll")
    return one


def one_a_code(benefits: Sequence[CompanyBenefit], settings: FinchSettings) -> dict[str, CompanyBenefit]:
    """The benefit of each code: the one named by its id or described by the very code, else the only alias.

    A code that two benefits answer to is left out; a write of it is then refused with that reason. So are benefits
    that are not taken at every pay.
    """
    exact: dict[str, list[CompanyBenefit]] = {}
    alias: dict[str, list[CompanyBenefit]] = {}
    doubtful = confounded(benefits, settings)
    for one in benefits:
        if one.every_pay and one.id not in doubtful:
            code = settings.code_of(one.description, one.kind, one.id)
            (exact if code == one.description or settings.names(one.id) else alias).setdefault(code, []).append(one)
    chosen = alias | exact
    return {code: found[0] for code, found in chosen.items() if len(found) == 1}


def confounded(benefits: Sequence[CompanyBenefit], settings: FinchSettings) -> set[str]:
    """The ids of benefits that description and type alone do not tell from another one.

    One that the settings name by its id is told; one beside it that is called alike, or as its code, is not. An order
    means one that is taken at every pay: that one is told from others called alike that are not, and they are not.
    """
    alike = Counter((one.description, one.kind) for one in benefits)
    every_pay = Counter((one.description, one.kind) for one in benefits if one.every_pay)

    def others(one: CompanyBenefit) -> bool:
        return (every_pay if one.every_pay else alike)[one.description, one.kind] > 1

    return {one.id for one in benefits if taken(one, settings) or (not settings.names(one.id) and others(one))}


def taken(one: CompanyBenefit, settings: FinchSettings) -> bool:
    """Whether the code that a benefit is described by is another's, by that one's id."""
    return not settings.names(one.id) and settings.code_of(one.description, one.kind) in settings.codes


def payroll_benefits(link: Link) -> Iterator[Page]:
    """Everybody enrolled in every benefit, as held at the payroll now."""
    settings: FinchSettings = link.settings
    count = 0
    benefits = company_benefits(link)
    doubtful = confounded(benefits, settings)
    for benefit in benefits:
        code = settings.code_of(benefit.description, benefit.kind, benefit.id)
        enrolled = get(link, path("/employer/benefits/{id}/enrolled", id=benefit.id), {})
        ids = rows(enrolled, "individual_ids")
        for start in range(0, len(ids), IDS_A_CALL):
            count += 1
            alike = benefit.id if benefit.id in doubtful else ""
            yield _held_page(link, benefit, code, enrolled, ids[start : start + IDS_A_CALL], count, alike)
    if not count:
        yield Page("payroll_benefit", (), b"[]", "benefits", full=True)


def _held_page(
    link: Link, benefit: CompanyBenefit, code: str, enrolled: Response, ids: Sequence[Any], count: int, alike: str
) -> Page:
    where = path("/employer/benefits/{id}/individuals", id=benefit.id)
    answer = get(link, where, {"individual_ids": ",".join(str(one) for one in ids)})
    told = items(rows(answer), "individual_id")

    def translate(row: Mapping[str, Any]) -> Incoming:
        employee = needed(row, "id")
        if alike:
            raise DataError(
                f"two benefits answer to {code}",
                mend=f"Name the id of each under `codes` of the connection; this one is {alike}",
            )
        return _held(f"{benefit.id}/{employee}", employee, code, body(told.get(employee), "enrollment"))

    wanted = [{"id": one, "key": f"{benefit.id}/{one}"} for one in ids]
    made = translated(wanted, translate, "key")
    return Page("payroll_benefit", made, together(enrolled, answer), f"{code} {count}", full=True)


def _held(key: str, employee: str, code: str, told: Mapping[str, Any]) -> Incoming:
    """One enrollment as a row. A company contribution that is no flat amount is told in `extra`."""
    if not {"employee_deduction", "company_contribution"} & set(told):
        raise DataError("the enrollment tells neither deduction nor contribution", mend="Look at it in payroll")
    scheme, taken = contribution(told.get("employee_deduction"), "employee_deduction")
    by_company, given = contribution(told.get("company_contribution"), "company_contribution")
    data: dict[str, Any] = {
        "employee": employee,
        "code": code,
        "employer_amount_minor": given if by_company == "fixed" else 0,
    }
    if scheme == "tiered":
        raise DataError("an employee's deduction by tiers", mend="Look at it in payroll")
    if scheme == "percent":
        data["employee_rate"] = percent_text(taken)
    else:
        data["employee_amount_minor"] = taken
    extra = {name: value for name, value in told.items() if name in CARRIED and value is not None}
    if by_company != "fixed":
        extra["company_contribution"] = told["company_contribution"]
    return Incoming(key, data, extra)


def contribution(told: Any, where: str) -> Contribution:
    """What a contribution comes to; none at all is nothing.

    Raises:
        DataError: a type Finch does not publish, or an amount that is none.
    """
    if told is None:
        return NOTHING
    row = mapping(told, where)
    scheme = needed(row, "type")
    if scheme == "tiered":
        tiers = [mapping(one, f"a tier of {where}") for one in row.get("tiers") or ()]
        if not tiers:
            raise DataError(f"{where} has no tiers", mend="Complete it in payroll")
        return scheme, tuple(
            (whole(one.get("match"), "match"), whole(one.get("threshold"), "threshold")) for one in tiers
        )
    if scheme not in ("fixed", "percent"):
        raise DataError(f"{where} is of a type that Finch does not publish", mend="Report it to the vendor")
    amount = whole(row.get("amount"), where)
    return (scheme, amount) if amount else NOTHING
