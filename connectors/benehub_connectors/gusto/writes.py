"""Deduction orders in Gusto's words: what it should hold, what it holds, and the request between the two.

An employee holds at most one running benefit for a company benefit. A benefit that was ended is taken up
again instead of a second one being made, so a repeated order can never leave two.

Two rules of Gusto's shape the wanted state. An active benefit needs an employee deduction or a company
contribution: an order over nothing is held as inactive. And every change names the version that was read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction
from typing import Any

from benehub.connect import jsontext
from benehub.connect.messages import Request, Response, change, path
from benehub.errors import DataError
from benehub.money import format_minor, parse_rate
from benehub.periods import parse_date
from benehub.records import DeductionOrder, TaxClass
from benehub_connectors.gusto.answers import PER_PAGE, REFUSALS
from benehub_connectors.gusto.settings import GustoSettings
from benehub_connectors.gusto.words import minor, needed, percent, percent_text, tax_class, text

Contribution = tuple[str, Any]
"""`("amount", minor units)`, `("percentage", rate)`, `("tiered", ((rate, threshold), ...))`."""


@dataclass(frozen=True, slots=True)
class State:
    """What an employee benefit comes to. `contribution` None: the order says nothing about it."""

    active: bool
    amount_minor: int = 0
    rate: Fraction | None = None
    contribution: Contribution | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """An employee benefit as Gusto holds it; `ends` is its last day as Gusto tells it."""

    uuid: str
    version: str
    starts: date
    ends: date | None
    state: State


def wanted(order: DeductionOrder) -> State:
    """The state an order asks for.

    The company's part is set for deferrals (a match left on a benefit that no longer carries it would be paid
    twice) and where the order names one; a flat order without leaves it as people set it in Gusto.

    Raises:
        DataError: a rate that is none, or that Gusto cannot hold exactly.
    """
    rate = parse_rate(order.employee_rate, where="employee_rate") if order.employee_rate else None
    something = bool(rate) or order.employee_amount_minor or order.employer_amount_minor or order.employer_match
    if not order.active or not something:
        return State(active=False)
    contribution: Contribution | None = None
    if order.employer_match:
        tiers = tuple((parse_rate(one), parse_rate(up_to)) for one, up_to in order.employer_match)
        contribution = ("tiered", tiers)
    elif order.employer_amount_minor or rate is not None:
        contribution = ("amount", order.employer_amount_minor)
    return State(True, 0 if rate is not None else order.employee_amount_minor, rate, contribution)


def held_for(found: Response, company_benefit: str) -> list[Held]:
    """The employee's benefits for one company benefit, latest first.

    Raises:
        DataError: the list may be longer than it was asked for, or a benefit cannot be read.
    """
    data = found.data
    if not isinstance(data, list) or len(data) >= PER_PAGE:
        raise DataError("no whole list of the employee's benefits", where=found.place, mend="Report it to the vendor")
    mine = [
        _held(one) for one in data if isinstance(one, Mapping) and one.get("company_benefit_uuid") == company_benefit
    ]
    return sorted(mine, key=lambda one: (one.starts, one.uuid), reverse=True)


def to_write(order: DeductionOrder, holding: Sequence[Held], settings: GustoSettings) -> Request | Held | None:
    """The request that brings Gusto to the order; the benefit that is right already; None: nothing to end.

    Raises:
        DataError: more than one benefit takes the same deduction, so a person has to choose.
    """
    want = wanted(order)
    day = order.effective_from
    running = [one for one in holding if one.state.active and (one.ends is None or one.ends >= day)]
    due = [one for one in running if one.starts <= day]
    if len(due) > 1 or (not want.active and len(running) > 1):
        raise DataError(
            f"payroll holds {len(running)} running benefits for {order.code}",
            mend="End all but one of them in payroll",
        )
    if not want.active:
        return _ending(running[0]) if running else (holding[0] if holding else None)
    # What starts later is moved forward and what has ended is taken up again, rather than making a second.
    chosen = [*due, *reversed(running), *holding]
    if not chosen:
        return _creation(order, want, settings)
    one = chosen[0]
    if matches(one.state, want) and one.starts <= day and one.ends is None:
        return one
    return _update(one, order, want)


def all_created(
    orders: Sequence[DeductionOrder], requests: Sequence[Request], settings: GustoSettings
) -> Request | None:
    """One request that makes the benefits of several employees; None where one of them is to be changed.

    Gusto documents no version in it, so that a change goes by itself and names the version that was read. Nothing is
    lost by that for what is new: had somebody made it in between, it would be set, and never stand there twice.
    """
    if any(one.method != "POST" for one in requests):
        return None
    told = []
    for order, one in zip(orders, requests, strict=True):
        row = jsontext.parse(one.body or "")
        if (match := row.get("contribution") or {}).get("type") == "tiered":
            match["value"] = {"tiers": match["value"]}  # a plain list is for one employee's benefit alone
        told.append({name: value for name, value in row.items() if name != "company_benefit_uuid"}
                    | {"employee_uuid": order.employee, "action": "create"})  # fmt: skip
    where = path("/v1/company_benefits/{id}/employee_benefits", id=code_target(orders[0], settings))
    return change("PUT", where, {"employee_benefits": told}, accept=REFUSALS)


def mine_of(order: DeductionOrder, told: Any) -> Any:
    """The employee's own benefit in the answer to a request that made several."""
    if not isinstance(told, list):
        return told
    mine = [one for one in told if isinstance(one, Mapping) and one.get("employee_uuid") == order.employee]
    return mine[0] if len(mine) == 1 else None


def matches(held: State, want: State) -> bool:
    """Whether what is held is what is wanted; an inactive benefit's amounts do not matter."""
    if not want.active:
        return not held.active
    if want.contribution is None:
        held = replace(held, contribution=None)
    return held == want


def code_target(order: DeductionOrder, settings: GustoSettings) -> str:
    """The company benefit of an order's code.

    Raises:
        DataError: none or several are known, or payroll would tax it in another way than the plan book.
    """
    uuid = settings.codes.get(order.code)
    if not uuid:
        raise DataError(
            f"payroll has no single active company benefit for {order.code}",
            mend="Describe a company benefit by that code, or name its uuid in the connection's codes",
        )
    taxed = tax_class(settings.types.get(order.code))
    told = order.active and order.tax_class in (TaxClass.PRETAX, TaxClass.POSTTAX, TaxClass.ROTH)
    if told and taxed is not None and taxed is not order.tax_class:
        raise DataError(
            f"payroll takes {order.code} as {taxed.value}, the plan book says {order.tax_class.value}",
            mend="Map the code to a company benefit of the right type, or mend the plan book",
        )
    return uuid


def state_of(row: Mapping[str, Any]) -> State:
    """What an employee benefit of Gusto's comes to.

    Raises:
        DataError: an amount or rate that is none.
    """
    active = row.get("active", True) is True
    contribution = _contribution(row)
    taken = row.get("employee_deduction")
    if row.get("deduct_as_percentage") is True:
        return State(active, 0, percent(taken, "employee_deduction"), contribution)
    return State(active, minor(taken, "employee_deduction"), None, contribution)


def _contribution(row: Mapping[str, Any]) -> Contribution:
    told = row.get("contribution")
    if not isinstance(told, Mapping):
        # Older answers have two plain fields instead.
        scheme = "percentage" if row.get("contribute_as_percentage") is True else "amount"
        told = {"type": scheme, "value": row.get("company_contribution")}
    scheme, value = text(told, "type") or "amount", told.get("value")
    if scheme == "tiered":
        # Gusto takes a plain list of one employee and answers with the list under `tiers`.
        tiers = value.get("tiers") if isinstance(value, Mapping) else value
        if not isinstance(tiers, list):
            raise DataError("a match without tiers", mend="Complete the contribution in payroll")
        return "tiered", tuple((percent(one["rate"], "rate"), percent(one["threshold"], "threshold")) for one in tiers)
    amount = percent(value, "contribution") if scheme == "percentage" else minor(value, "contribution")
    if not amount:
        return "amount", 0
    # Elective means matched dollar for dollar: the same figure, another thing.
    return (f"{scheme}, elective" if row.get("elective") is True else scheme), amount


def _held(row: Mapping[str, Any]) -> Held:
    starts, ends = text(row, "effective_date"), text(row, "expiration_date")
    return Held(
        needed(row, "uuid"),
        needed(row, "version"),
        parse_date(starts, where="effective_date") if starts else date(1970, 1, 1),
        parse_date(ends, where="expiration_date") if ends else None,
        state_of(row),
    )


def _creation(order: DeductionOrder, want: State, settings: GustoSettings) -> Request:
    body = {
        "company_benefit_uuid": code_target(order, settings),
        "active": True,
        **_body(want),
        "effective_date": order.effective_from.isoformat(),
    }
    where = path("/v1/employees/{id}/employee_benefits", id=order.employee)
    return change("POST", where, body, accept=REFUSALS)


def _update(one: Held, order: DeductionOrder, want: State) -> Request:
    body: dict[str, Any] = {"version": one.version, "active": True, **_body(want)}
    if one.starts > order.effective_from:
        body["effective_date"] = order.effective_from.isoformat()
    if one.ends is not None:
        body["expiration_date"] = None
    return change("PUT", path("/v1/employee_benefits/{id}", id=one.uuid), body, accept=REFUSALS)


def _ending(one: Held) -> Request:
    body = {"version": one.version, "active": False}
    return change("PUT", path("/v1/employee_benefits/{id}", id=one.uuid), body, accept=REFUSALS)


def _body(want: State) -> dict[str, Any]:
    by_rate = want.rate is not None
    amount = format_minor(want.amount_minor) if want.rate is None else percent_text(want.rate, "employee_rate")
    body: dict[str, Any] = {"employee_deduction": amount, "deduct_as_percentage": by_rate}
    if want.contribution is not None:
        scheme, value = want.contribution
        if scheme == "tiered":
            tiers = [
                {"rate": percent_text(rate, "match"), "threshold": percent_text(up_to, "match")}
                for rate, up_to in value
            ]
            body["contribution"] = {"type": "tiered", "value": tiers}
        else:
            body["contribution"] = {"type": "amount", "value": format_minor(value)}
            body["elective"] = False
    return body
