"""The plan book as a whole: an immutable version of what is in force, and how to ask it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import date, timedelta
from functools import cached_property, lru_cache
from typing import Any, Literal

from pydantic import Field, PrivateAttr

from benehub.errors import ConfigError, DataError
from benehub.legal import bank_holidays
from benehub.periods import Month, business_day_before
from benehub.planbook.parts.deadlines import Deadlines
from benehub.planbook.parts.employer import Books, Employer, Guards, PayGroup, Roles, Tolerances
from benehub.planbook.parts.fields import Part, Slug
from benehub.planbook.parts.insurance import CarrierTerms
from benehub.planbook.parts.leave import LeavePolicy
from benehub.planbook.parts.plan import Plan
from benehub.rules.premium.contribution_rule import ContributionRule
from benehub.rules.premium.line import Price


class PlanBook(Part):
    """One employer's benefits, dated and priced."""

    schema_version: Literal[1] = 1
    """Version of this format; 1."""
    employer: Employer
    """Whose book it is."""
    roles: Roles
    """The connection of each part, by its name."""
    pay_groups: dict[str, PayGroup] = Field(min_length=1)
    """By the name that HRIS and payroll use."""
    plans: tuple[Plan, ...] = Field(min_length=1)
    """What employees can be enrolled in."""
    leave: tuple[LeavePolicy, ...] = ()
    """Kinds of leave that are kept."""
    carriers: dict[Slug, CarrierTerms] = Field(default_factory=dict)
    """How each carrier is paid, by the name of its connection; left out: the defaults."""
    guards: Guards = Guards()
    """From when on a read or a file stops and asks a person; left out: the defaults."""
    tolerance: Tolerances = Tolerances()
    """How small a difference goes to the rounding account, by relation; left out: none does."""
    deadlines: Deadlines = Deadlines()
    """How long before its day something has to leave, and who is told when it has not; left out: the usual."""
    books: Books = Books()
    """How the general ledger is kept that closed months are exported to; left out: a US numbering."""
    _earlier: Callable[[str], Plan | None] = PrivateAttr(default_factory=lambda: _nobody)
    """The plan as the newest book had it that came before this one and had it; asked only for what this one lacks."""

    @cached_property
    def version(self) -> str:
        """Digest of the content: the same book has the same version everywhere."""
        content = json.dumps(self.model_dump(mode="json", by_alias=True), sort_keys=True)
        return hashlib.sha256(content.encode()).hexdigest()[:12]

    @cached_property
    def _codes(self) -> dict[str, tuple[Plan, str]]:
        found: dict[str, tuple[Plan, str]] = {}
        for plan in self.plans:
            if plan.deduction is not None:
                found[plan.deduction.code] = (plan, "employee")
                if plan.deduction.posttax_code:
                    found[plan.deduction.posttax_code] = (plan, "employee")
            if plan.deferral is not None:
                found[plan.deferral.pretax_code] = (plan, "pretax")
                if plan.deferral.roth_code:
                    found[plan.deferral.roth_code] = (plan, "roth")
                if plan.deferral.loan_code:
                    found[plan.deferral.loan_code] = (plan, "loan")
            if plan.match is not None:
                found[plan.match.code] = (plan, "match")
            if plan.computed is not None:
                found |= {line.code: (plan, line.source) for line in plan.computed.lines.values()}
        return found

    @cached_property
    def _by_id(self) -> dict[str, Plan]:
        return {one.id: one for one in self.plans}

    def after(self, earlier: Callable[[str], Plan | None]) -> PlanBook:
        """This book, with what tells a plan that an earlier one had.

        A plan that was dropped since is offered to nobody; what was decided, priced, billed and paid under it is told
        by the book that had it last.
        """
        book = self.model_copy()
        book._earlier = earlier
        return book

    @cached_property
    def _dropped(self) -> dict[str, Plan | None]:
        return {}

    def find(self, plan_id: str | None) -> Plan | None:
        """The plan of this id, a dropped one too; None where no book ever had it: a vendor may name any, and one bad
        row stops no month."""
        name = plan_id or ""
        found = self._by_id.get(name)
        if found is None and name:
            if name not in self._dropped:
                self._dropped[name] = self._earlier(name)
            found = self._dropped[name]
        return found

    def plan(self, plan_id: str) -> Plan:
        """The plan of this id, a dropped one too.

        Raises:
            DataError: no book of the employer ever had it.
        """
        return self.find(plan_id) or self.offered(plan_id)

    def offered(self, plan_id: str) -> Plan:
        """The plan of this id, for what is told or chosen anew.

        Raises:
            DataError: this book has none, whatever an earlier one had.
        """
        found = self._by_id.get(plan_id)
        if found is not None:
            return found
        raise DataError(f"plan {plan_id!r} is not in the plan book", mend="Add it, or map the source's name to ours")

    def pay_group(self, name: str) -> PayGroup:
        """The pay group of this name.

        Raises:
            DataError: the book has none.
        """
        if name in self.pay_groups:
            return self.pay_groups[name]
        raise DataError(
            f"pay group {name!r} is not in the plan book", where=f"plan book of {self.employer.id}, pay_groups",
            mend=f"Name one: {' | '.join(self.pay_groups)}; or add it to the plan book",
        )  # fmt: skip

    def insurance_plans(self) -> tuple[Plan, ...]:
        """Plans with premiums."""
        return tuple(plan for plan in self.plans if plan.insured)

    def account_plans(self) -> tuple[Plan, ...]:
        """Accounts of the employees' own (HSA, FSA, commuter)."""
        return tuple(plan for plan in self.plans if plan.is_account)

    @cached_property
    def _terms(self) -> dict[tuple[str, Month], tuple[Price, ContributionRule]]:
        return {}

    def premium_terms(self, plan: Plan, month: Month) -> tuple[Price, ContributionRule]:
        """How a plan is priced in a month, and the employer's part; a base plan's rates are looked up in this book.

        Worked out once a plan and month, for every person enrolled asks.

        Raises:
            DataError: no rate table covers the month.
        """
        key = (plan.id, month)
        if key not in self._terms:
            currency, terms = self.employer.currency, plan.employer_contribution
            base = {}
            if terms is not None and terms.base_plan is not None:
                base = dict(self.plan(terms.base_plan).rates_minor(month, currency))
            self._terms[key] = (plan.price(month, currency), plan.contribution_rule(currency, base))
        return self._terms[key]

    def retirement_plans(self) -> tuple[Plan, ...]:
        """Plans with contributions."""
        return tuple(plan for plan in self.plans if plan.benefit_type == "retirement")

    def by_code(self, code: str) -> tuple[Plan, str] | None:
        """The plan behind payroll's code, and the part: employee, pretax, posttax, roth, loan or match."""
        return self._codes.get(code)

    def leave_policy(self, policy_id: str) -> LeavePolicy:
        """The leave policy of this id.

        Raises:
            DataError: the book has none.
        """
        for one in self.leave:
            if one.id == policy_id:
                return one
        raise DataError(f"leave policy {policy_id!r} is not in the plan book", mend="Add it, or map the name")

    def terms(self, carrier: str) -> CarrierTerms:
        """How a carrier wants to be paid; the defaults where nothing is said."""
        return self.carriers.get(carrier, CarrierTerms())

    def pay_dates(self, group: str, year: int) -> tuple[date, ...]:
        """The pay dates of a group by its rule, moved to the business day before where banks are closed.

        Raises:
            ConfigError: the group lacks what its frequency needs.
        """
        rule: Any = self.pay_group(group)  # Any: pydantic's types do not say that a frozen model has a hash
        return _pay_dates(rule, group, year, self.employer.country)


def _nobody(_plan_id: str) -> Plan | None:
    """No book came before."""
    return None


@lru_cache(maxsize=256)
def _pay_dates(group: PayGroup, name: str, year: int, country: str) -> tuple[date, ...]:
    if group.pay_dates:
        return tuple(day for day in group.pay_dates if day.year == year)
    if group.frequency in ("weekly", "biweekly"):
        if group.first_pay_date is None:
            raise ConfigError("no first_pay_date", where=f"pay group {name}", mend="Give one, or list pay_dates")
        step = timedelta(days=7 if group.frequency == "weekly" else 14)
        day = group.first_pay_date + step * ((date(year, 1, 1) - group.first_pay_date) // step)
        raw = [day + step * n for n in range(58)]
    else:
        if not group.days:
            raise ConfigError("no days", where=f"pay group {name}", mend='Give days, e.g. [15, "last"]')
        months = [Month(year, 1).plus(number) for number in range(13)]
        raw = [
            month.last if day == "last" else date(month.year, month.month, min(int(day), month.days))
            for month in months
            for day in group.days
        ]
    # A pay date counts to the year it is paid in: one due on 1 or 2 January may move back over the turn.
    raw = [day for day in raw if date(year, 1, 1) <= day < date(year + 1, 1, 3)]
    holidays = bank_holidays(country, {day.year for day in raw})
    moved = {day if day.weekday() < 5 and day not in holidays else business_day_before(day, 1, holidays) for day in raw}
    return tuple(sorted(day for day in moved if day.year == year))
