"""Deduction orders in Finch's words: what it should hold, what it holds, and the request between the two.

An enrollment is written whole: what an order says nothing of (a yearly maximum, a catch-up, a company contribution
that people set) is sent again as it was read, or it would be gone. Finch takes no date from most payrolls, so an
order waits until shortly before it takes effect.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from benehub.connect import jsontext
from benehub.connect.figures import rows
from benehub.connect.messages import Request, Response, change, path
from benehub.connect.verdict import not_yet, unavailable
from benehub.errors import DataError, RetriableError
from benehub.money import parse_rate
from benehub.records import DeductionOrder, TaxClass
from benehub_connectors.finch.answers import REFUSALS, body, finch_code, items
from benehub_connectors.finch.benefits import CARRIED, NOTHING, Contribution, contribution
from benehub_connectors.finch.settings import FinchSettings
from benehub_connectors.finch.words import points, tax_class

_NOT_ENROLLED = 404


def target(order: DeductionOrder, settings: FinchSettings) -> str:
    """Finch's id of the benefit that an order's code is written to.

    Raises:
        DataError: none or several are known, or payroll would tax it in another way than the plan book.
        RetriableError: it takes effect later than a change may be made ahead.
    """
    benefit = settings.codes.get(order.code)
    if not benefit:
        raise DataError(
            f"payroll has no single benefit for {order.code} that is taken at every pay",
            mend="Describe a benefit by that code in payroll, or name its id in the connection's codes",
        )
    taxed = tax_class(settings.types.get(order.code, ""))
    told = order.active and order.tax_class in (TaxClass.PRETAX, TaxClass.POSTTAX, TaxClass.ROTH)
    if told and taxed is not None and taxed is not order.tax_class:
        raise DataError(
            f"payroll takes {order.code} as {taxed.value}, the plan book says {order.tax_class.value}",
            mend="Map the code to a benefit of the right type, or mend the plan book",
        )
    early = settings.as_of + timedelta(days=settings.lead_days) if settings.as_of else None
    if early is not None and order.effective_from > early:
        raise RetriableError(
            f"{order.code} takes effect on {order.effective_from}, and Finch takes no date",
            mend=f"It is sent {settings.lead_days} days before (lead_days)",
        )
    return benefit


def wanted(order: DeductionOrder) -> tuple[Contribution, Contribution | None] | None:
    """Employee's and company's part that an order asks for; None: he is not enrolled.

    The company's part is set for deferrals (a match left on a benefit that no longer carries it would be paid twice)
    and where the order names one; a flat order without leaves it as people set it (None).

    Raises:
        DataError: a rate that is none, or that Finch cannot hold exactly.
    """
    rate = parse_rate(order.employee_rate, where="employee_rate") if order.employee_rate else None
    something = bool(rate) or order.employee_amount_minor or order.employer_amount_minor or order.employer_match
    if not order.active or not something:
        return None
    taken: Contribution = NOTHING
    if rate:
        taken = ("percent", points(rate, "employee_rate"))
    elif rate is None and order.employee_amount_minor:
        taken = ("fixed", order.employee_amount_minor)
    if order.employer_match:
        match = ((parse_rate(one), parse_rate(up_to)) for one, up_to in order.employer_match)
        return taken, ("tiered", tuple((points(one, "match"), points(up_to, "match")) for one, up_to in match))
    if order.employer_amount_minor or rate is not None:
        return taken, ("fixed", order.employer_amount_minor)
    return taken, None


def held(found: Response, order: DeductionOrder) -> Mapping[str, Any] | None:
    """What the employee holds of the benefit, as Finch tells it; None where he is not enrolled.

    Raises:
        VendorUnavailable: Finch could not ask the payroll now.
        DataError: Finch could not tell.
    """
    item = items(rows(found), "individual_id").get(order.employee)
    code = item.get("code") if item is not None else _NOT_ENROLLED
    if code == _NOT_ENROLLED:
        return None
    if isinstance(code, int) and (code >= 500 or code in (202, 429)):
        what = f"Finch cannot tell the enrollment in {order.code} now ({code})"
        raise unavailable(what, where=found.place, sent=False)
    told = body(item, f"enrollment in {order.code}")
    return told if any(told.get(name) is not None for name in ("employee_deduction", "company_contribution")) else None


def to_write(order: DeductionOrder, found: Response, settings: FinchSettings) -> Request | None:
    """The request that brings Finch to the order; None where it holds what is wanted already.

    Raises:
        DataError: as `target`, `wanted` and `held`.
    """
    benefit, want, now = target(order, settings), wanted(order), held(found, order)
    where = path("/employer/benefits/{id}/individuals", id=benefit)
    if want is None:
        return change("DELETE", where, {"individual_ids": [order.employee]}, accept=REFUSALS) if now else None
    taken, given = want
    kept: Mapping[str, Any] = now or {}
    company = contribution(kept.get("company_contribution"), "company_contribution")
    given = company if given is None else given
    if now and (contribution(now.get("employee_deduction"), "employee_deduction"), company) == (taken, given):
        return None
    configuration = {"employee_deduction": _told(taken), "company_contribution": _told(given), **_carried(kept)}
    return change("POST", where, [{"individual_id": order.employee, "configuration": configuration}], accept=REFUSALS)


def batch(requests: Sequence[Request]) -> Request:
    """Requests about one benefit as one: each enrollment is set whole, so it may be repeated as its parts may."""
    first = requests[0]
    if first.method == "GET":
        asked = [value for one in requests for name, value in one.query if name == "individual_ids"]
        return replace(first, query=(("individual_ids", ",".join(asked)),))
    told = [jsontext.parse(one.body or "") for one in requests]
    if first.method == "DELETE":
        gone = [who for one in told for who in one["individual_ids"]]
        return replace(first, body=jsontext.dump({"individual_ids": gone}))
    return replace(first, body=jsontext.dump([row for one in told for row in one]))


def confirmed(order: DeductionOrder, response: Response) -> str:
    """Finch's word for what was done to this employee.

    Raises:
        RetriableError: Finch works on it as a job: in doubt until a later run has read it back.
        VendorUnavailable: this employee's outcome is not told, or failed at the payroll.
        DataError: it was refused for this employee.
    """
    job = response.data.get("job_id") if isinstance(response.data, Mapping) else None
    if job:
        named = f" (job {job})" if re.fullmatch(r"[0-9a-f-]{36}", str(job)) else ""
        raise not_yet(f"Finch has taken {order.code} and works on it{named}", where=response.place)
    told = response.data if isinstance(response.data, list) else []
    item = items(told, "individual_id").get(order.employee)
    code = item.get("code") if item is not None else None
    if item is None or not isinstance(code, int) or code >= 500 or code == 429:
        what = f"Finch does not tell what became of {order.code} ({code or 'no code'})"
        raise unavailable(what, where=response.place, sent=code != 429)
    word = finch_code(item.get("body"))
    if code in (200, 201) or (code == _NOT_ENROLLED and wanted(order) is None):
        return word
    raise DataError(
        f"Finch refused {order.code} for this employee ({code} {word})",
        where=response.place,
        mend="Mend the record or its mapping; it is not sent again as it is",
    )


def _told(one: Contribution) -> dict[str, Any]:
    scheme, value = one
    if scheme == "tiered":
        return {"type": scheme, "tiers": [{"match": match, "threshold": up_to} for match, up_to in value]}
    return {"type": scheme, "amount": value}


def _carried(kept: Mapping[str, Any]) -> dict[str, Any]:
    """Parts of an enrollment that are not ours, under the names by which they are written."""
    return {ours: kept[theirs] for theirs, ours in CARRIED.items() if kept.get(theirs) is not None}
