"""What a plan's design may not say: limits that contradict each other, accounts of tiers that are not offered."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import ValidationError

from benehub.errors import ConfigError
from benehub.money import parse_rate
from benehub.planbook.checks.findings import Finding, Path, error
from benehub.planbook.parts.plan import Plan


def design(plan: Plan, path: Path) -> Iterator[Finding]:
    """What contradicts itself in a plan's design."""
    terms = plan.design
    if terms is None:
        return
    try:
        terms.rule()
    except ConfigError as refused:
        yield error(path, refused.what, refused.mend)
    side, here = terms.employer, (*path, "employer")
    offered = {tier for table in plan.rates for tier in table.tiers}
    for name, amounts in (("hsa", side.hsa), ("hra", side.hra)):
        if strange := sorted(tier.value for tier in amounts.keys() - offered):
            yield error((*here, name), f"tier {strange[0]} has no rate in this plan", "Take it out, or add the rate")
    if parse_rate(side.renewal) <= -1:
        yield error((*here, "renewal"), "a renewal of -100% or less", 'Write the change, e.g. "6%"')
    if side.self_funding is not None:
        try:
            side.self_funding.rule("USD")
        except ValidationError as refused:
            fault = refused.errors(include_url=False, include_context=False, include_input=False)[0]
            yield error((*here, "self_funding"), f"{fault['loc'][0]}: {fault['msg']}", "Mend the value")
