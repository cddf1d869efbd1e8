"""What the simulated Workforce Now answers, in the form of ADP's own samples, and what its books hold."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import Any

from benehub.connect.jsontext import NumberText
from benehub.money import Rounding, format_minor, round_to_int
from benehub_connectors.adp_workforce_now.instructions import Rate

Row = dict[str, Any]

TAX_PERCENT = 25


def sim_id(*parts: str) -> str:
    """The same id for the same parts, always: `G3` and fourteen signs, as at ADP."""
    return "G3" + hashlib.sha256("/".join(parts).encode()).hexdigest()[:14].upper()


@dataclass(slots=True)
class SimWorker:
    """A worker with one position; `gross_minor` is the pay of one period."""

    aoid: str
    number: str
    first_name: str
    last_name: str
    birth: date
    ssn: str = field(repr=False)
    hired: date
    gross_minor: int = field(repr=False)
    company: str = "4AN"
    file_number: str = ""
    last_day: date | None = None
    dependents: list[Row] = field(default_factory=list, repr=False)


@dataclass(slots=True)
class SimInstruction:
    """A deduction of a worker with all it has been: day, rate and whether it runs from then on."""

    item: str
    code: str
    history: list[tuple[date, Rate, bool]]

    def on(self, day: date) -> tuple[Rate, bool] | None:
        """What holds on a day; None before its beginning."""
        held = [(rate, active) for since, rate, active in self.history if since <= day]
        return held[-1] if held else None

    def turn(self, day: date, rate: Rate, active: bool) -> None:
        """What holds from a day on, instead of whatever was to hold later."""
        self.history = [one for one in self.history if one[0] < day] + [(day, rate, active)]


def worker_row(one: SimWorker, today: date, *, masked: bool) -> Row:
    """A worker, with SSN and birth year hidden where they are."""
    over = one.last_day is not None and one.last_day < today
    job = {
        "itemID": f"{one.number}N", "primaryIndicator": True, "hireDate": one.hired.isoformat(),
        "actualStartDate": one.hired.isoformat(),
        "assignmentStatus": {"statusCode": {"codeValue": "T" if over else "A"}},
        "positionID": f"{one.company}{one.file_number}", "fullTimeEquivalenceRatio": 1,
        "payCycleCode": {"codeValue": "B", "shortName": "Biweekly"},
        "baseRemuneration": {
            "payPeriodRateAmount": {
                "nameCode": {"codeValue": "Salary", "shortName": "Salary"},
                "amountValue": NumberText(format_minor(one.gross_minor)), "currencyCode": "USD",
            },
            "effectiveDate": one.hired.isoformat(),
        },
        "payrollGroupCode": one.company, "payrollFileNumber": one.file_number,
    }  # fmt: skip
    dates = {"originalHireDate": one.hired.isoformat()}
    if one.last_day is not None:
        job["terminationDate"] = dates["terminationDate"] = one.last_day.isoformat()
    return {
        "associateOID": one.aoid, "workerID": {"idValue": one.number},
        "person": {
            "birthDate": f"0000-{one.birth:%m-%d}" if masked else one.birth.isoformat(),
            "genderCode": {"codeValue": "F", "shortName": "Female"},
            "governmentIDs": [
                {"itemID": f"{one.number}N", "idValue": _ssn(one.ssn, masked), "countryCode": "US",
                 "nameCode": {"codeValue": "SSN", "longName": "Social Security Number"}}
            ],
            "legalName": {"givenName": one.first_name, "familyName1": one.last_name,
                          "formattedName": f"{one.last_name}, {one.first_name}"},
            "legalAddress": {"lineOne": "12 Adp Boulevard", "cityName": "Roseland", "countryCode": "US",
                             "countrySubdivisionLevel1": {"codeValue": "NJ", "shortName": "New Jersey"},
                             "postalCode": "07068"},
        },
        "workerDates": dates,
        "workerStatus": {"statusCode": {"codeValue": "Terminated" if over else "Active"}},
        "workAssignments": [job],
    }  # fmt: skip


def dependent_row(employee: str, one: Mapping[str, Any], *, masked: bool) -> Row:
    """A dependent of a worker."""
    ssn = str(one["ssn"])
    return {
        "associateOID": employee, "dependentID": one["id"], "dependentStatusCode": {"codeValue": one["state"]},
        "relationshipTypeCode": {"codeValue": "2", "shortName": one["relationship"], "longName": one["relationship"]},
        "person": {
            "governmentIDs": [
                {"idValue": hidden(ssn) if masked else ssn, "countryCode": "US",
                 "nameCode": {"codeValue": "1:0001", "shortName": "SSN", "longName": "Social Security Number"}}
            ],
            "legalName": {"givenName": one["first_name"], "familyName1": one["last_name"]},
            "birthDateString": one["birth"].isoformat(),
            "genderCode": {"codeValue": "F", "shortName": "Female", "longName": "Female"},
        },
    }  # fmt: skip


def instruction_row(one: SimInstruction, day: date) -> Row | None:
    """A deduction as it stands on a day; None before its beginning."""
    held = one.on(day)
    if held is None:
        return None
    rate, active = held
    return {
        "itemID": one.item, "deductionStartDate": one.history[0][0].isoformat(),
        "deductionCode": {"codeValue": one.code}, "deductionRate": rate_row(rate), "inactiveIndicator": not active,
    }  # fmt: skip


def rate_row(rate: Rate) -> Row:
    """A rate: a number and its kind."""
    return {"rateValue": NumberText(rate.figure), "unitCode": {"codeValue": rate.unit}}


def refusal(path: str, method: str, status: int, kind: str, words: str) -> Row:
    """ADP's confirm message; its own status says success even of a refusal."""
    agency = {"schemeAgencyName": "WFN"}
    inner = {
        "resourceMessageID": {"idValue": path.lstrip("/"), "schemeName": "resourceMessageID", **agency},
        "processMessages": [
            {"processMessageID": {"idValue": kind, "schemeName": "processMessageID", **agency},
             "messageTypeCode": {"codeValue": "error"}, "userMessage": {"messageTxt": words}}
        ],
    }  # fmt: skip
    confirm = {
        "protocolStatusCode": {"codeValue": str(status), "shortName": str(status)},
        "requestStatusCode": {"codeValue": "failed"}, "requestMethodCode": {"codeValue": method},
        "processMessages": [], "resourceMessages": [inner],
    }  # fmt: skip
    return {"confirmMessage": confirm, "status": "success", "statusFailure": False, "statusSuccess": True}


@dataclass(frozen=True, slots=True)
class SimPayment:
    """A worker's payment of a payroll."""

    worker: SimWorker
    paid: date
    start: date
    end: date
    gross: int
    taken: tuple[tuple[str, int], ...]
    leave: tuple[str, str] | None = None
    """Code of an earning that is leave, and its hours."""

    @property
    def net(self) -> int:
        """What is paid."""
        return self.gross - self.gross * TAX_PERCENT // 100 - sum(amount for _, amount in self.taken)


def taken_of(gross: int, held: Sequence[tuple[str, Rate]]) -> tuple[tuple[str, int], ...]:
    """What payroll takes of a pay, to the cent."""
    return tuple(
        (code, rate.amount_minor if rate.rate is None else round_to_int(Fraction(gross) * rate.rate, Rounding.HALF_UP))
        for code, rate in held
    )


def output_head(job: str, company: str, state: str) -> Row:
    """A payroll in the list."""
    return {
        "payrollProcessingJobID": job, "payrollGroupCode": {"codeValue": company, "shortName": company},
        "payrollProcessingJobStatusCode": {"codeValue": state, "shortName": "Payrun Complete"},
    }  # fmt: skip


def payment_row(one: SimPayment, summary: Row) -> Row:
    """A worker's payment with one of its two summaries."""
    payment = {
        "itemID": f"{one.worker.file_number}01", "paymentDate": one.paid.isoformat(),
        "payPeriodStartDate": one.start.isoformat(), "payPeriodEndDate": one.end.isoformat(),
        "paymentAmount": {"amountValue": _amount(one.net), "currencyCode": "USD"}, "paymentSummary": summary,
    }  # fmt: skip
    return {"associateOID": one.worker.aoid, "payments": [payment]}


def earnings(one: SimPayment) -> Row:
    """What was earned: gross pay of this payroll and what it is made of."""
    gross = {
        "accumulatorCode": {"codeValue": "GRS", "shortName": "Gross"}, "accumulatorDescription": "Gross This Payroll",
        "accumulatorTimeUnitCode": {"codeValue": "P", "shortName": "This Payroll"},
        "accumulatedAmount": {"amountValue": _amount(one.gross), "currencyCode": "USD"},
    }  # fmt: skip
    items = [_earning("REG", "Regular", one.gross, "80.0000")]
    if one.leave is not None:
        items.append(_earning(one.leave[0], "Vacation", 0, one.leave[1]))
    return {"earnings": {"payrollAccumulations": [gross], "earningsSections": [{"earningsItems": items}]}}


def deductions(one: SimPayment) -> Row:
    """What was taken."""
    items = [
        {"deductionID": {"idValue": code, "idDescription": code},
         "associateDeductionAmount": {"amountValue": _amount(amount)},
         "employerPaidAmount": {"amountValue": _amount(0)}}
        for code, amount in one.taken
    ]  # fmt: skip
    section = {"sectionCategory": "REGULAR", "nonStatutoryDeductionsItems": items}
    return {"nonStatutoryDeductions": {"nonStatutoryDeductionSections": [section]}}


def _earning(code: str, name: str, amount: int, hours: str) -> Row:
    return {
        "earningID": {"idValue": code, "idDescription": name}, "earningAmount": {"amountValue": _amount(amount)},
        "timeWorkedQuantity": {
            "quantityValue": NumberText(hours), "unitTimeCode": {"codeValue": "HD", "shortName": "Hours and Decimal"}
        },
    }  # fmt: skip


def _amount(minor: int) -> NumberText:
    return NumberText(format_minor(minor))


def hidden(ssn: str) -> str:
    """An SSN as ADP masks it."""
    return f"{'X' * 3}-{'X' * 2}-{ssn[5:]}"


def _ssn(ssn: str, masked: bool) -> str:
    return hidden(ssn) if masked else f"{ssn[:3]}-{ssn[3:5]}-{ssn[5:]}"
