"""What a retirement plan may not say: tiers that do not ascend, no safe harbour where one is claimed, a schedule
or an entry condition beyond the law."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import pairwise

from benehub.errors import ConfigError
from benehub.money import parse_rate
from benehub.planbook.checks.findings import Finding, Path, error
from benehub.planbook.parts.plan import Plan
from benehub.planbook.parts.retirement import Match, MatchTier, VestingTerms
from benehub.rules.retirement.entry import check_entry
from benehub.rules.retirement.match_formula import MatchPeriod, Preset, check_safe_harbor
from benehub.rules.retirement.vesting import MoneySource, check_schedule

MAX_MATCH = 5
"""Largest match of a deferred dollar that is taken for meant."""


def retirement(plan: Plan, path: Path) -> Iterator[Finding]:
    """Everything that is wrong with one retirement plan."""
    if plan.recordkeeper is None:
        yield error(path, f"plan {plan.id} has no recordkeeper", "Name its connection under `recordkeeper`")
    if plan.computed is not None:
        yield from _computed(plan, path)
    elif plan.deferral is None:
        yield error(path, f"plan {plan.id} has no deferral", "Give payroll's codes under `deferral`")
    elif plan.deferral.limit_rate and not 0 < parse_rate(plan.deferral.limit_rate) <= 1:
        yield error((*path, "deferral", "limit_rate"), "the plan's limit is no part of pay", 'Write "75%", not 75')
    if plan.rates or plan.deduction is not None:
        yield error(path, f"plan {plan.id} is retirement but has rates or deduction", "Remove them")
    if plan.account is not None or plan.volume is not None:
        yield error(path, f"plan {plan.id} is retirement but has an account or volume", "Remove it")
    if plan.match is not None:
        yield from _match(plan.match, (*path, "match"))
    if plan.match is not None and plan.match.safe_harbor is not None and plan.vesting is not None:
        yield from _harbor_vesting(plan.match.safe_harbor, plan.vesting, (*path, "vesting"))
    if plan.vesting is not None:
        table = plan.vesting.rule()
        yield from _refused((*path, "vesting"), lambda: check_schedule(table, MoneySource.MATCH))
    if plan.entry is not None:
        rule = plan.entry.rule()
        yield from _refused((*path, "entry"), lambda: check_entry(rule))


def _computed(plan: Plan, path: Path) -> Iterator[Finding]:
    if plan.deferral is not None or plan.match is not None:
        yield error(path, f"plan {plan.id} is computed by a plugin but has deferral or match", "Remove them")
    sources = [line.source for line in plan.computed.lines.values()] if plan.computed else []
    if twice := sorted({one for one in sources if sources.count(one) > 1}):
        # the ledger tells lines of a plan and pay date apart by whose money they are
        yield error((*path, "computed", "lines"), f"two lines have the source {twice[0]}", "Give each line its own")


def _match(match: Match, path: Path) -> Iterator[Finding]:
    kinds = (match.formula, match.tiers, match.by_service, match.fixed)
    if sum(bool(one) for one in kinds) != 1:
        yield error(path, "the match formula is given twice or not at all", "Give formula, tiers, by_service or fixed")
        return
    yield from _tiers(match.tiers, (*path, "tiers"))
    for number, one in enumerate(match.by_service):
        yield from _tiers(one.tiers, (*path, "by_service", number, "tiers"))
    years = [one.from_years for one in match.by_service]
    if any(one >= two for one, two in pairwise(years)):
        yield error((*path, "by_service"), "the years of service do not ascend", "Order them by from_years")
    if match.fixed and match.rule().fixed_minor <= 0:
        yield error((*path, "fixed"), "the fixed match is not above zero", "Give an amount, or take the match out")
    if match.safe_harbor is not None:
        kind = match.safe_harbor
        if not match.rule().tiers:
            yield error((*path, "safe_harbor"), "only tiers can be a safe harbour", "Take safe_harbor out")
        else:
            yield from _refused((*path, "safe_harbor"), lambda: check_safe_harbor(match.rule().tiers, kind))
    if match.period is MatchPeriod.ANNUAL and match.true_up:
        yield error((*path, "true_up"), "a yearly match needs no true-up", "Take true_up out: the year is its period")


def _harbor_vesting(kind: Preset, terms: VestingTerms, path: Path) -> Iterator[Finding]:
    """A safe harbor match is vested at once, a QACA's after two years at the latest (26 U.S.C. 401(k)(12), (13))."""
    years = 2 if kind is Preset.QACA else 0
    if max((part for year, part in terms.rule() if year <= years), default=Fraction(0)) < 1:
        mend = "Write schedule: cliff_2 or immediate" if years else "Write schedule: immediate, or take safe_harbor out"
        yield error(path, f"a safe harbor match is not vested in full after {years} years", mend)


def _tiers(tiers: tuple[MatchTier, ...], path: Path) -> Iterator[Finding]:
    bounds = [parse_rate(tier.up_to) for tier in tiers]
    rates = [parse_rate(tier.rate) for tier in tiers]
    if any(one >= two for one, two in pairwise(bounds)):
        yield error(path, "match tiers do not ascend", "Order them by up_to, each above the last")
    if any(not 0 <= bound <= 1 for bound in bounds):
        yield error(path, "a match tier reaches above 100% of pay", 'Write "3%", not 3')
    if any(not 0 <= rate <= MAX_MATCH for rate in rates):
        yield error(path, f"a match rate is above {MAX_MATCH * 100}%", 'Write "50%", not 50')


def _refused(path: Path, check: Callable[[], None]) -> Iterator[Finding]:
    try:
        check()
    except ConfigError as refused:
        yield error(path, refused.what, refused.mend)
