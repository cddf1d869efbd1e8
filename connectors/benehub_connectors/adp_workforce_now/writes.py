"""Deduction orders as ADP's events: start, change or stop a general deduction instruction.

An event names the position (company code and file number) and, to change or stop, the item that was read. ADP keeps
an amount and a percentage of one code beside each other, so the kind of a running deduction is never changed here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benehub.connect.figures import part
from benehub.connect.messages import Request, Response, change
from benehub.errors import DataError, Unsupported
from benehub.money import parse_rate
from benehub.records import DeductionOrder, TaxClass
from benehub_connectors.adp_workforce_now.answers import REFUSALS
from benehub_connectors.adp_workforce_now.instructions import Held, Position, Rate, positions, rate_of
from benehub_connectors.adp_workforce_now.settings import AdpSettings
from benehub_connectors.adp_workforce_now.words import tax_class

EVENTS = "/events/payroll/v2/worker-general-deduction-instruction"

_TAXED = (TaxClass.PRETAX, TaxClass.POSTTAX, TaxClass.ROTH)


def wanted(order: DeductionOrder) -> Rate | None:
    """What shall be taken; None where the deduction shall end, or is over nothing, which ADP does not hold.

    Raises:
        DataError: a rate that is none.
    """
    if not order.active:
        return None
    if order.employee_rate:
        rate = parse_rate(order.employee_rate, where="employee_rate")
        return Rate(rate=rate) if rate else None
    return Rate(order.employee_amount_minor) if order.employee_amount_minor else None


def code_for(order: DeductionOrder, settings: AdpSettings) -> str:
    """ADP's code for an order.

    Raises:
        Unsupported: the company's part would have to be set with it.
        DataError: ADP has no such code, or taxes it in another way than the plan book.
    """
    code = settings.adp_code(order.code)
    if settings.known_codes and code not in settings.known_codes:
        raise DataError(
            f"ADP has no deduction code for {order.code}",
            mend="Name ADP's code under `codes`, or set the deduction up in Workforce Now",
        )
    taxed = tax_class(code)
    if order.active and taxed is not None and order.tax_class in _TAXED and taxed is not order.tax_class:
        raise DataError(
            f"ADP takes {order.code} as {taxed.value}, the plan book says {order.tax_class.value}",
            mend="Map the code to a deduction of the right kind, or mend the plan book",
        )
    if (order.employer_amount_minor or order.employer_match) and not settings.company_part_by_adp:
        raise Unsupported(
            f"the company's part of {order.code} is set up with the plan in Workforce Now, not by this API",
            mend="Set it up there and say `company_part_by_adp: true`", blocker="vendor",
        )  # fmt: skip
    return code


def to_write(order: DeductionOrder, found: Response, settings: AdpSettings) -> Request | Held | None:
    """The event that brings ADP to the order; what is held where it is right already; None where nothing is to end.

    Raises:
        Unsupported, DataError: as `code_for`; several positions, or deductions that only a person can sort out.
    """
    code, want = code_for(order, settings), wanted(order)
    position = _position(positions(found), settings, found)
    mine = [one for one in position.held if one.code == code]
    running = [one for one in mine if one.active]
    if len(running) > 1:
        raise DataError(
            f"ADP holds {len(running)} running deductions of {order.code}", where=found.place,
            mend="End all but one of them in Workforce Now",
        )  # fmt: skip
    if want is None:
        return _event("stop", order, position, running[0], None) if running else None
    if not running:
        paused = [one for one in mine if one.rate.unit == want.unit and one.item]
        if paused:
            return _event("change", order, position, paused[0], want, awake=True)
        return _event("start", order, position, None, want, code=code)
    (one,) = running
    if one.rate == want:
        return one
    if one.rate.unit != want.unit:
        raise DataError(
            f"ADP holds {order.code} as {one.rate.unit}, the order is {want.unit}: changed, both would be taken",
            where=found.place, mend="End the deduction in Workforce Now, then send it again",
        )  # fmt: skip
    return _event("change", order, position, one, want)


def confirmed(response: Response, order: DeductionOrder) -> Rate | None:
    """The rate in ADP's answer; None where it tells none, as to a stop.

    Raises:
        DataError: the answer is no event.
    """
    events = response.data.get("events") if isinstance(response.data, Mapping) else None
    if not isinstance(events, list) or not events or not isinstance(events[0], Mapping):
        raise DataError(
            f"ADP answered {order.code} with no event", where=response.place,
            mend="Look at the deduction in Workforce Now",
        )  # fmt: skip
    told = part(events[0], "data", "output", "payrollInstruction", "generalDeductionInstruction", "deductionRate")
    return rate_of(told) if told else None


def _position(found: list[Position], settings: AdpSettings, answer: Response) -> Position:
    mine = [one for one in found if not settings.payroll_group or one.company == settings.payroll_group]
    if len(mine) == 1:
        return mine[0]
    mend = "Name the payroll's company code in `payroll_group`" if mine else "Put the worker on the payroll"
    raise DataError(f"the worker has {len(mine)} positions in payroll", where=answer.place, mend=mend)


def _event(
    kind: str, order: DeductionOrder, position: Position, held: Held | None, want: Rate | None, *,
    code: str = "", awake: bool = False,
) -> Request:  # fmt: skip
    context: dict[str, Any] = {"payrollFileNumber": position.file_number, "payrollGroupCode": dict(position.group)}
    if held is not None:
        context["itemID"] = held.item
        context["generalDeductionInstruction"] = {"deductionCode": {"codeValue": held.code}}
    transform: dict[str, Any] = {"effectiveDateTime": order.effective_from.isoformat()}
    if want is not None:
        told: dict[str, Any] = {"deductionCode": {"codeValue": code}} if code else {}
        told["deductionRate"] = {"rateValue": want.figure, "unitCode": {"codeValue": want.unit}}
        transform["payrollInstruction"] = {
            "generalDeductionInstruction": told | ({"inactiveIndicator": False} if awake else {})
        }
    event = {
        "data": {
            "eventContext": {"worker": {"associateOID": order.employee}, "payrollInstruction": context},
            "transform": transform,
        }
    }
    return change("POST", f"{EVENTS}.{kind}", {"events": [event]}, accept=REFUSALS)
