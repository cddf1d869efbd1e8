"""A 401(k) deferral as Rippling takes it: one object an employee with a part for each account.

What is left out of an update stays as it is, so an order touches its own account only. Rippling has no day from which
it counts: it counts from the next run that is not approved.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any, NamedTuple

from benehub.connect.messages import Request, Response, change, path
from benehub.errors import DataError, Unsupported
from benehub.money import format_minor, parse_rate
from benehub.records import DeductionOrder, TaxClass
from benehub_connectors.rippling.settings import Account, RipplingSettings
from benehub_connectors.rippling.words import minor, percent, percent_text

Row = Mapping[str, Any]

REFUSALS = (404,)
"""An employee without 401(k) deductions: then they are made, not updated."""

_FIELDS: dict[Account, tuple[str, str]] = {
    "traditional": ("traditional", "traditional_is_percent"),
    "roth": ("roth", "roth_is_percent"),
    "loan": ("loan", "loan_is_percent"),
}
_COMPANY: dict[Account, tuple[str, str]] = {
    "traditional": ("employer", "employer_traditional_is_percent"),
    "roth": ("roth_employer", "employer_roth_is_percent"),
}
_TAXED: dict[Account, TaxClass] = {
    "traditional": TaxClass.PRETAX, "roth": TaxClass.ROTH, "loan": TaxClass.POSTTAX,
}  # fmt: skip


class Part(NamedTuple):
    """One side's part: an amount in minor units, or a rate."""

    amount_minor: int = 0
    rate: Fraction = Fraction(0)


def where(order: DeductionOrder) -> str:
    """The address of an employee's 401(k) deductions."""
    return path("/employees/{id}/deductions_401k", id=order.employee)


def account_of(order: DeductionOrder, settings: RipplingSettings) -> Account:
    """The account of an order's code.

    Raises:
        Unsupported: it is no 401(k) deferral, or its match would have to be set up here.
        DataError: payroll would tax it in another way than the plan book.
    """
    account = settings.deferrals.get(order.code)
    if account is None:
        raise Unsupported(
            f"Rippling takes 401(k) deductions by API, and {order.code} is none",
            mend="Name the code under `deferrals`, or set the deduction by hand", blocker="vendor",
        )  # fmt: skip
    if order.active and order.tax_class is not _TAXED[account]:
        raise DataError(
            f"payroll takes {order.code} as {_TAXED[account].value}, the plan book says {order.tax_class.value}",
            mend="Map the code to the right account, or mend the plan book",
        )
    if order.employer_match and not settings.tiered_match:
        raise Unsupported(
            "a match by tiers is set up in Rippling for groups of employees, not with a deferral",
            mend="Set it up there (tiered_match_401k) and say `tiered_match: true`", blocker="us",
        )  # fmt: skip
    if order.employer_amount_minor and (settings.tiered_match or account not in _COMPANY):
        raise DataError(
            f"the company's part of {order.code} is not Rippling's to take with it",
            mend="Leave the amount to the tiered match, or set `tiered_match` to false",
        )
    return account


def to_write(order: DeductionOrder, found: Response, settings: RipplingSettings) -> Request | None:
    """The request that brings Rippling to the order; None where it holds that already.

    Raises:
        Unsupported, DataError: as `account_of`; a rate that Rippling cannot hold; an answer that is no deduction.
    """
    account = account_of(order, settings)
    held: Row | None = found.data if found.status != 404 and isinstance(found.data, Mapping) else None
    if held is None and found.status != 404:
        raise DataError("the answer holds no deductions", where=found.place, mend="Report it to the vendor")
    body: dict[str, Any] = {}
    for fields, want in _wanted(order, account, settings):
        if want != _part(held or {}, fields):
            body |= _told(fields, want, held or {})
    if not body:
        return None
    return change("POST" if held is None else "PUT", where(order), body)


def _wanted(order: DeductionOrder, account: Account, settings: RipplingSettings) -> list[tuple[tuple[str, str], Part]]:
    """What each field shall come to. Where no match is set up, a company's part that is owed no more is ended."""
    rate = parse_rate(order.employee_rate, where="employee_rate") if order.employee_rate else None
    own = Part(order.employee_amount_minor) if rate is None else Part(rate=rate)
    parts = [(_FIELDS[account], own if order.active else Part())]
    if account in _COMPANY and not settings.tiered_match:
        parts.append((_COMPANY[account], Part(order.employer_amount_minor) if order.active else Part()))
    return parts


def _part(held: Row, fields: tuple[str, str]) -> Part:
    value, by_rate = held.get(fields[0]), held.get(fields[1]) is True
    return Part(rate=percent(value, fields[0])) if by_rate else Part(minor(value, fields[0]))


def _told(fields: tuple[str, str], want: Part, held: Row) -> dict[str, Any]:
    """The two fields of a part; nothing keeps the kind it had."""
    by_rate = bool(want.rate) or (want == Part() and held.get(fields[1]) is True)
    figure = percent_text(want.rate, fields[0]) if by_rate else format_minor(want.amount_minor)
    return {fields[0]: figure, fields[1]: by_rate}
