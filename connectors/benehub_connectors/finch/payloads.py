"""What the simulated payroll behind Finch keeps, and the rows that Finch makes of it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import Any

from benehub.money import Rounding, round_to_int
from benehub.records import TaxClass
from benehub_connectors.finch.words import tax_class

Row = dict[str, Any]

_SPACE = uuid.UUID("5d1c7f0a-3a53-4c0e-9d0a-6f1a3f9b2f01")


def sim_uuid(*parts: str) -> str:
    """The id of what these words name, the same in every run."""
    return str(uuid.uuid5(_SPACE, "/".join(parts)))


@dataclass
class SimPerson:
    """Somebody on the payroll; `last_day` is the last day worked, pay is of one period."""

    id: str
    number: str
    first_name: str
    last_name: str
    birth: date
    hired: date
    gross_minor: int
    last_day: date | None = None
    contractor: bool = False

    def active(self, today: date) -> bool:
        """Whether he is employed on a day."""
        return self.last_day is None or self.last_day >= today


@dataclass
class SimBenefit:
    """A benefit of the company."""

    id: str
    kind: str
    description: str
    frequency: str


@dataclass
class SimPayment:
    """A payment; `pending` while Finch is still fetching its statements."""

    id: str
    pay_date: date
    start: date
    end: date
    group: str
    statements: list[Row] = field(default_factory=list)
    pending: bool = False
    gross_minor: int = field(init=False)
    net_minor: int = field(init=False)

    def __post_init__(self) -> None:
        self.gross_minor, self.net_minor = (
            sum(row[name]["amount"] for row in self.statements) for name in ("gross_pay", "net_pay")
        )


def directory_row(one: SimPerson, today: date) -> Row:
    """A person in the directory."""
    return {
        "id": one.id, "first_name": one.first_name, "middle_name": None, "last_name": one.last_name,
        "manager": None, "department": None, "is_active": one.active(today),
    }  # fmt: skip


def individual_row(one: SimPerson) -> Row:
    """A person as such; an SSN is told to whoever asks for it, which nobody does."""
    return {
        "id": one.id, "first_name": one.first_name, "middle_name": None, "last_name": one.last_name,
        "preferred_name": None, "emails": None, "phone_numbers": None,
        "gender": "decline_to_specify", "ethnicity": "decline_to_specify",
        "dob": one.birth.isoformat(), "residence": None,
    }  # fmt: skip


def employment_row(one: SimPerson, today: date) -> Row:
    """A person's job."""
    return {
        "id": one.id, "first_name": one.first_name, "middle_name": None, "last_name": one.last_name,
        "title": "Machinist", "manager": None, "department": None,
        "employment": {"type": "contractor", "subtype": "individual_contractor"} if one.contractor
        else {"type": "employee", "subtype": "full_time"},
        "start_date": one.hired.isoformat(), "end_date": one.last_day.isoformat() if one.last_day else None,
        "is_active": one.active(today), "class_code": None, "location": None,
        "income": {"unit": "bi_weekly", "amount": one.gross_minor, "currency": "usd", "effective_date": None},
        "income_history": None, "custom_fields": [{"name": "Badge", "value": f"B-{one.number}"}],
        "source_id": one.number,
    }  # fmt: skip


def benefit_row(one: SimBenefit) -> Row:
    """A benefit of the company."""
    return {"benefit_id": one.id, "type": one.kind, "description": one.description, "frequency": one.frequency}


def payment_row(one: SimPayment) -> Row:
    """The head of a payment, as newer answers have it: with pay group ids beyond the specification of 2024."""
    return {
        "id": one.id,
        "pay_period": {"start_date": one.start.isoformat(), "end_date": one.end.isoformat()},
        "pay_date": one.pay_date.isoformat(), "debit_date": one.pay_date.isoformat(),
        "company_debit": dollars(one.gross_minor), "gross_pay": dollars(one.gross_minor),
        "net_pay": dollars(one.net_minor),
        "employer_taxes": dollars(0), "employee_taxes": dollars(0),
        "individual_ids": [row["individual_id"] for row in one.statements],
        "pay_group_ids": [one.group], "pay_frequencies": ["bi_weekly"],
    }  # fmt: skip


def dollars(minor: int) -> Row:
    """An amount of money as Finch writes it."""
    return {"amount": minor, "currency": "usd"}


def statement(one: SimPerson, kind: str, held: Mapping[str, tuple[SimBenefit, Row]]) -> Row:
    """What a person is paid with what he holds: a deduction that does not fit what is left of the pay is not taken."""
    left, deductions, contributions = one.gross_minor, [], []
    for benefit, terms in held.values():
        due = _due(terms.get("employee_deduction"), one.gross_minor)
        taken = due if due <= left else 0
        left -= taken
        taxed = tax_class(benefit.kind) is TaxClass.PRETAX
        named = {"name": benefit.description, "currency": "usd", "type": benefit.kind}
        deductions.append({**named, "amount": taken, "pre_tax": taxed})
        given = _given(terms.get("company_contribution"), one.gross_minor, taken)
        contributions.append({**named, "amount": given})
    tax = round_to_int(Fraction(left, 5), Rounding.HALF_UP)
    earned = "1099" if one.contractor else "salary"
    return {
        "individual_id": one.id, "type": kind, "payment_method": "direct_deposit", "total_hours": 80,
        "gross_pay": dollars(one.gross_minor), "net_pay": dollars(left - tax),
        "earnings": [{"type": earned, "name": "Pay", "amount": one.gross_minor, "currency": "usd", "hours": 80}],
        "taxes": [{"type": "federal", "name": "Federal", "employer": False, "amount": tax, "currency": "usd"}],
        "employee_deductions": None if one.contractor else deductions,
        "employer_contributions": None if one.contractor else contributions,
    }  # fmt: skip


def _due(terms: Any, gross: int) -> int:
    if terms is None:
        return 0
    amount: int = terms["amount"]
    return amount if terms["type"] == "fixed" else round_to_int(Fraction(gross * amount, 10_000), Rounding.HALF_UP)


def _given(terms: Any, gross: int, deferred: int) -> int:
    if terms is None or terms["type"] != "tiered":
        return _due(terms, gross)
    total, below = Fraction(0), Fraction(0)
    for tier in terms["tiers"]:
        upper = Fraction(gross * tier["threshold"], 10_000)
        total += max(Fraction(0), min(Fraction(deferred), upper) - below) * Fraction(tier["match"], 10_000)
        below = upper
    return round_to_int(total, Rounding.HALF_UP)
