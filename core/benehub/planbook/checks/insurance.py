"""What an insurance plan may not say: rates with gaps, two rates for one key, an employer's part that has no amount."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, pairwise

from pydantic import ValidationError

from benehub.errors import ConfigError
from benehub.money import parse_minor, parse_rate
from benehub.periods import FOREVER
from benehub.planbook.book import PlanBook
from benehub.planbook.checks.findings import Finding, Path, error, said
from benehub.planbook.parts.insurance import EmployerContribution, RateTable, VolumeTerms
from benehub.planbook.parts.plan import Plan
from benehub.rules.premium.contribution_rule import Scheme
from benehub.rules.premium.factors import FactorFor
from benehub.rules.premium.tier import TIERS
from benehub.rules.premium.volume_rule import RateUnit

SCHEME_FIELDS = {
    Scheme.FLAT: ("flat",),
    Scheme.PERCENT_OF_TIER: ("percent",),
    Scheme.PERCENT_OF_PAY: ("percent",),
    Scheme.PERCENT_SPLIT: ("percent_employee", "percent_dependents"),
    Scheme.BASE_PLAN: ("base_plan", "percent_employee", "percent_dependents"),
    Scheme.BUY_UP: ("base_plan",),
    Scheme.DEFINED: ("defined",),
    Scheme.SALARY_BANDS: ("bands",),
}
"""What each wording of the employer's part needs said; a share left out would be a zero nobody meant."""
BY_TIER = (Scheme.PERCENT_SPLIT, Scheme.BASE_PLAN, Scheme.BUY_UP)
"""Wordings that split at the employee's own tier, which a plan priced by volume does not have."""


def insurance(book: PlanBook, plan: Plan, path: Path) -> Iterator[Finding]:
    """Everything that is wrong with one insurance plan."""
    if plan.carrier is None:
        yield error(path, f"plan {plan.id} has no carrier", "Name its connection under `carrier`")
    if plan.deduction is None:
        yield error(path, f"plan {plan.id} has no deduction", "Give code and method under `deduction`")
    if plan.account is not None:
        yield error((*path, "account"), f"plan {plan.id} is insurance but has an account", "Remove it")
    if plan.deferral is not None or plan.match is not None or plan.computed is not None:
        yield error(path, f"plan {plan.id} is insurance but has deferral, match or computed", "Remove them")
    if not plan.rates:
        yield error((*path, "rates"), f"plan {plan.id} has no rates", "Add a rate table")
    yield from _whole_term(plan, path)
    for number, table in enumerate(plan.rates):
        yield from _table(plan, table, (*path, "rates", number))
    yield from _against_each_other(plan, path)
    if plan.volume is not None:
        yield from _volume(plan.volume, (*path, "volume"))
    yield from _factors(plan, path)
    if plan.employer_contribution is not None:
        yield from _contribution(book, plan, plan.employer_contribution, (*path, "employer_contribution"))


def _whole_term(plan: Plan, path: Path) -> Iterator[Finding]:
    """Rates hold for whole months, and from the plan's first day to its last."""
    for number, table in enumerate(plan.rates):
        here = (*path, "rates", number)
        if table.valid_to <= table.valid_from:
            yield error((*here, "to"), "`to` is not after `from`", "It is the first day after")
        if table.valid_from.day != 1 or (table.valid_to != FOREVER and table.valid_to.day != 1):
            yield error(here, "rates change within a month", "Let them change on the first of a month")
    if not plan.rates:
        return
    first = min(table.valid_from for table in plan.rates)
    last = max(table.valid_to for table in plan.rates)
    if first > plan.effective_from:
        yield error(
            (*path, "rates"),
            f"no rates from {plan.effective_from} to {first}",
            "Let them begin with the plan",
        )
    if last < plan.effective_to:
        # next year's rates are ordinarily not known yet while a plan runs on: told, not refused
        severity = "warning" if plan.effective_to == FOREVER else "error"
        yield Finding(severity, (*path, "rates"), f"no rates from {last} on", "Add them, or end the plan")


def _table(plan: Plan, table: RateTable, path: Path) -> Iterator[Finding]:
    """One table by itself: one kind of rate, the kind that the plan's volume asks for, every tier, no gap of ages."""
    kinds = [name for name in ("tiers", "ages", "rate") if getattr(table, name)]
    if len(kinds) != 1:
        given = " and ".join(kinds) or "none"
        yield error(path, f"a rate table has exactly one of tiers, ages and rate, not {given}", "Keep one of them")
        return
    if plan.volume is None and table.rate is not None:
        yield error(path, "a rate a unit, and the plan has no volume", "Say under `volume` what it is a rate of")
    if plan.volume is not None and table.tiers:
        yield error(path, "rates by tier on a plan with a volume", "Remove one of the two")
    if table.rate is not None and parse_rate(table.rate) < 0:
        yield error((*path, "rate"), "a rate below 0", "Write 0 or more")
    yield from _ages(plan, table, (*path, "ages"))
    for tier, text in table.tiers.items():
        if parse_minor(text) < 0:
            yield error((*path, "tiers", tier.value), "a premium below 0", "Write 0 or more")
    known = TIERS[plan.tier_structure]
    if strange := [tier.value for tier in table.tiers if tier not in known]:
        names = ", ".join(tier.value for tier in known)
        yield error((*path, "tiers"), f"{', '.join(strange)} in a {plan.tier_structure.value} table",
                    f"Use {names}, or set tier_structure")  # fmt: skip
    if table.tiers and (missing := [tier.value for tier in known if tier not in table.tiers]):
        yield Finding("warning", path, f"no rate for {', '.join(missing)}", "Add it if offered")


def _ages(plan: Plan, table: RateTable, path: Path) -> Iterator[Finding]:
    """Bands follow each other without gap or overlap, and price what the plan has: persons, or a volume."""
    wanted = "rate" if plan.volume is not None else "amount"
    for number, band in enumerate(table.ages):
        given = [name for name in ("amount", "rate") if getattr(band, name) is not None]
        if given != [wanted]:
            yield error(
                (*path, number),
                f"an age band of {' and '.join(given) or 'nothing'}, where the plan needs {wanted}",
                f"Give {wanted} alone: a rate is for a unit of `volume`, an amount for a person",
            )
        elif (parse_rate(band.rate) if band.rate is not None else parse_minor(band.amount or "0")) < 0:
            yield error((*path, number), "a price below 0", "Write 0 or more")
        if band.through is not None and band.through < band.age_from:
            yield error((*path, number), "an age band ends below where it begins", "Swap its ends")
    ordered = sorted(enumerate(table.ages), key=lambda pair: pair[1].age_from)
    for (_, lower), (number, upper) in pairwise(ordered):
        if lower.through is None or lower.through >= upper.age_from:
            yield error((*path, number), f"two rates for age {upper.age_from}", "Let one band end below the next")
        elif lower.through + 1 < upper.age_from:
            yield error(
                (*path, number),
                f"no rate for ages {lower.through + 1} to {upper.age_from - 1}",
                "Let each band begin one year above the one before",
            )
    if ordered and ordered[0][1].age_from > 0 and plan.volume is None:
        yield Finding("warning", path, f"no rate below age {ordered[0][1].age_from}", "Begin with 0 if children enroll")
    if ordered and ordered[-1][1].through is not None:
        yield Finding("warning", path, f"no rate above age {ordered[-1][1].through}", "Leave out `through` at the end")


def _against_each_other(plan: Plan, path: Path) -> Iterator[Finding]:
    """Tables for the same people follow each other; tables that do not tell people apart never hold together."""
    tables = list(enumerate(plan.rates))
    for (_, one), (number, two) in combinations(tables, 2):
        together = one.valid_from < two.valid_to and two.valid_from < one.valid_to
        if together and _same_people(one, two):
            yield error(
                (*path, "rates", number),
                f"rate tables overlap at {max(one.valid_from, two.valid_from)}: two rates for one key",
                "Let one end where the next begins, or tell them apart by region or tobacco",
            )
    groups: dict[tuple[str, bool | None], list[tuple[int, RateTable]]] = {}
    for number, table in sorted(tables, key=lambda pair: pair[1].valid_from):
        groups.setdefault((table.region, table.tobacco), []).append((number, table))
    for mine in groups.values():
        for (_, earlier), (number, later) in pairwise(mine):
            if earlier.valid_to < later.valid_from:
                yield error(
                    (*path, "rates", number),
                    f"rate tables leave a gap at {later.valid_from}",
                    "Let one end where the next begins",
                )
    for flag in (True, False):
        others = {(region, tobacco) for region, tobacco in groups if tobacco is not flag}
        alone = [region for region, tobacco in groups if tobacco is flag and not _covered(region, not flag, others)]
        for region in alone:
            whom = "no tobacco users" if flag is False else "only tobacco users"
            yield error(
                (*path, "rates"),
                f"rates{f' of region {region}' if region else ''} are for {whom}",
                "Add the table for the others",
            )


def _same_people(one: RateTable, two: RateTable) -> bool:
    """Whether somebody could fall under both tables."""
    regions = not one.region or not two.region or one.region == two.region
    return regions and (one.tobacco is None or two.tobacco is None or one.tobacco == two.tobacco)


def _covered(region: str, tobacco: bool, groups: set[tuple[str, bool | None]]) -> bool:
    return any((name in (region, "")) and use in (tobacco, None) for name, use in groups)


def _volume(terms: VolumeTerms, path: Path) -> Iterator[Finding]:
    try:
        rule = terms.rule("USD")
    except (ConfigError, ValidationError) as refused:
        what = refused.what if isinstance(refused, ConfigError) else said(refused)
        yield error(path, what, "Mend the volume's terms")
        return
    if terms.elected and "multiple" in terms.model_fields_set:
        yield error((*path, "multiple"), "a volume that is elected has a multiple of pay", "Keep one of them")
    if rule.multiple == 0:
        yield error((*path, "multiple"), "a multiple of 0 makes a volume of nothing", "Write what pay is multiplied by")
    if terms.unit is RateUnit.PER_1000 and terms.of_pay and "basis" not in terms.model_fields_set:
        yield Finding("warning", path, "a volume of pay without its basis", "Say basis: year, month or week")
    ages = [one.age for one in terms.reductions]
    if ages != sorted(ages):
        yield error((*path, "reductions"), "age reductions do not ascend", "Order them by age")


def _factors(plan: Plan, path: Path) -> Iterator[Finding]:
    seen: set[str] = set()
    for number, one in enumerate(plan.factors):
        if one.name in seen:
            yield error((*path, "factors", number), f"factor {one.name!r} stands here twice", "Name each once")
        seen.add(one.name)
        if parse_rate(one.multiply) < 0:
            yield error((*path, "factors", number), "a factor below 0", "Write 1 or more, or less than 1 as a discount")
        if one.applies_to in (FactorFor.TOBACCO, FactorFor.NO_TOBACCO) and any(
            table.tobacco is not None for table in plan.rates
        ):
            yield error(
                (*path, "factors", number), "tobacco counts twice: in the rates and as a factor", "Keep one of them"
            )


def _contribution(book: PlanBook, plan: Plan, terms: EmployerContribution, path: Path) -> Iterator[Finding]:
    if terms.scheme not in SCHEME_FIELDS:
        yield error((*path, "scheme"), f"scheme {terms.scheme.value} is for accounts", "Choose another for insurance")
        return
    for name in SCHEME_FIELDS[terms.scheme]:
        told = name in terms.model_fields_set or (name == "defined" and bool(terms.defined_by))
        if not told:
            yield error(path, f"scheme {terms.scheme.value} lacks {name}", f"Give {name}; write 0 where it is meant")
    if plan.volume is not None and terms.scheme in BY_TIER:
        yield error(
            (*path, "scheme"), f"scheme {terms.scheme.value} splits by tier, and the plan has none",
            "Word it as flat, percent_of_tier, percent_of_pay, salary_bands or defined_by",
        )  # fmt: skip
    if terms.scheme is Scheme.DEFINED and terms.defined:
        offered = {tier for table in plan.rates for tier in table.tiers}
        missing = sorted(tier.value for tier in offered - terms.defined.keys())
        if missing:
            yield error((*path, "defined"), f"no amount for {', '.join(missing)}", "Add the tier, if only with 0")
    for name in ("base_plan", "unused_plan"):
        yield from _named(book, plan, getattr(terms, name), (*path, name))
    yield from _bounds(terms, path)
    premiums = [parse_minor(text) for table in plan.rates for text in table.tiers.values()]
    if premiums and parse_minor(terms.flat) > min(premiums):
        yield error(path, "the employer's flat part is above the premium", "Lower it to the premium")
    try:
        plan.contribution_rule()
    except ConfigError as refused:
        yield error(path, refused.what, refused.mend)
    except ValidationError as refused:
        yield error(path, said(refused), "Mend the employer's part")


def _bounds(terms: EmployerContribution, path: Path) -> Iterator[Finding]:
    """The least and the most of the employee's share."""
    least, most = parse_minor(terms.min_employee), parse_minor(terms.max_employee) if terms.max_employee else None
    if least < 0:
        yield error((*path, "min_employee"), "a share below 0", "Write 0 or more")
    if most is not None and most < max(least, 0):
        yield error((*path, "max_employee"), "the most is below the least", "Write min_employee or more")


def _named(book: PlanBook, plan: Plan, named: str | None, path: Path) -> Iterator[Finding]:
    """A plan that the employer's part refers to is another one of this book; a base plan has rates by tier."""
    if named is None:
        return
    other = next((one for one in book.plans if one.id == named), None)
    if other is None or named == plan.id:
        yield error(path, f"{named!r} is no other plan of this book", "Name another plan's id")
    elif path[-1] == "base_plan" and not any(table.tiers for table in other.rates):
        yield error(path, f"base plan {named!r} has no rates by tier", "Name a plan with tiers")
