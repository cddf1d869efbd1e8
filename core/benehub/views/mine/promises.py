"""A plan in plain words, from the plan book alone: what it pays, who may have it and from when."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from fractions import Fraction

from benehub.money import parse_minor, parse_rate
from benehub.planbook import Plan
from benehub.rules.retirement.match_formula import percent_text
from benehub.views.statement.parts import Line, Money, Section, Value, Word


def pays(plan: Plan, currency: str, years: int) -> Section:
    """What a plan pays; the match is that of `years` of service."""
    if plan.benefit_type == "retirement":
        lines = list(_retirement(plan, currency, years))
    elif plan.is_account:
        lines = list(_account(plan, currency))
    else:
        told = [*_volume(plan, currency), *_design(plan, currency)]
        lines = [Line(f"kind_{plan.benefit_type}"), *(told or [Line("by_contract")])]
    return Section("plan", tuple(lines))


def who(plan: Plan, day: date) -> Section:
    """Who may have a plan, and from when on."""
    terms = plan.eligibility
    lines = [Line("who_class", {"class": Word(f"class.{one.value}")}) for one in terms.classes]
    if terms.min_weekly_hours:
        lines.append(Line("who_hours", {"hours": terms.min_weekly_hours}))
    if plan.entry is not None and plan.entry.age:
        lines.append(Line("who_age", {"age": plan.entry.age}))
    if plan.entry is not None and plan.entry.service_months:
        lines.append(Line("who_service", {"months": plan.entry.service_months}))
    if terms.measured is not None:
        lines.append(Line("who_measured"))
    if terms.rules is not None:
        lines.append(Line("who_rules"))
    lines = lines or [Line("who_all")]
    wait = terms.waiting
    for name, count in (("months", wait.months), ("days", wait.days), ("service_hours", wait.hours)):
        if count:
            lines.append(Line(f"wait_{name}", {"count": count}))
    lines.append(Line(f"entry_{terms.entry.value}"))
    if plan.effective_from > day:
        lines.append(Line("opens", {"day": plan.effective_from}))
    lines.append(Line(f"end_{plan.coverage_end.value}"))
    return Section("plan", tuple(lines))


def _retirement(plan: Plan, currency: str, years: int) -> Iterator[Line]:
    if plan.computed is not None:
        yield Line("computed")
    if plan.deferral is not None:
        yield Line("deferral_roth" if plan.deferral.roth_code else "deferral")
    if plan.match is not None:
        formula = plan.match.rule(currency)
        if formula.fixed_minor:
            yield Line("match_fixed", {"amount": Money(formula.fixed_minor, currency)})
        below = Fraction(0)
        for tier in formula.tiers_at(years):
            said: dict[str, Value] = {"rate": percent_text(tier.rate), "up_to": percent_text(tier.up_to)}
            yield Line("match_next" if below else "match", said | ({"above": percent_text(below)} if below else {}))
            below = tier.up_to
    if plan.vesting is not None:
        yield from _vesting(plan)


def _vesting(plan: Plan) -> Iterator[Line]:
    assert plan.vesting is not None
    table = plan.vesting.rule()
    if all(year == 0 for year, _ in table):
        yield Line("vests_at_once")
    for year, part in table:
        if year:
            yield Line("vests", {"years": year, "part": percent_text(part)})


def _account(plan: Plan, currency: str) -> Iterator[Line]:
    yield Line(f"account_{plan.benefit_type}")
    if plan.account is None:
        return
    for tier, minor in plan.account.yearly_minor(currency).items():
        if minor:
            yield Line("account_employer", {"amount": Money(minor, currency), "tier": Word(f"tier.{tier.value}")})
    if plan.account.max_yearly is not None:
        yield Line("account_most", {"amount": Money(parse_minor(plan.account.max_yearly, currency), currency)})


def _volume(plan: Plan, currency: str) -> Iterator[Line]:
    terms = plan.volume
    if terms is None:
        return
    if terms.of_pay:
        multiple = parse_rate(terms.multiple)
        text = str(multiple) if multiple.denominator == 1 else percent_text(multiple)
        yield Line("volume_pay", {"multiple": text, "period": Word(f"per.{terms.basis.value}")})
    elif terms.elected:
        yield Line("volume_elected")
    if terms.max is not None:
        yield Line("volume_most", {"amount": Money(parse_minor(terms.max, currency), currency)})
    if terms.guarantee_issue is not None:
        amount = Money(parse_minor(terms.guarantee_issue, currency), currency)
        yield Line("volume_evidence", {"amount": amount})
    if terms.reductions:
        yield Line("volume_reduced", {"age": terms.reductions[0].age})


def _design(plan: Plan, currency: str) -> Iterator[Line]:
    design = plan.design
    if design is None:
        return
    for name in ("deductible", "family_deductible", "out_of_pocket_max", "family_out_of_pocket_max", "max_benefit"):
        if (text := getattr(design, name)) is not None:
            yield Line(name, {"amount": Money(parse_minor(text, currency), currency)})
    for name in ("coinsurance", "benefit_rate"):
        if (text := getattr(design, name)) is not None:
            yield Line(name, {"rate": percent_text(parse_rate(text))})
    for service, text in (design.copays or {}).items():
        yield Line(
            "copay", {"service": Word(f"service.{service}"), "amount": Money(parse_minor(text, currency), currency)}
        )
    for name in ("elimination_days", "waiting_days"):
        if count := getattr(design, name):
            yield Line(name, {"count": count})
    if design.services:
        yield Line("services", {"services": ", ".join(design.services)})
    if design.exclusions:
        yield Line("exclusions", {"exclusions": ", ".join(design.exclusions)})
