"""The plan book that several stories of deductions begin with: twice a month, one plan with tiers."""

from __future__ import annotations

HEAD = """
employer: {id: acme, name: Acme}
roles: {hris: hris, payroll: payroll}
pay_groups:
  monthly: {frequency: semimonthly, days: [15, last]}
plans:
"""


def ppo(*, benefit_type: str = "dental", single: str = "800.00", share: str, deduction: str) -> str:
    """The plan `ppo`; `single` is the rate of the employee alone, `share` and `deduction` are terms in flow style."""
    return f"""
  - id: ppo
    name: PPO
    benefit_type: {benefit_type}
    carrier: carrier
    effective_from: 2026-01-01
    rates:
      - from: 2026-01-01
        tiers: {{EE: {single}, ES: 1000.00, EC: 900.00, FAM: 1200.00}}
    employer_contribution: {{{share}}}
    deduction: {{code: MED, tax_class: pretax, method: per_month, {deduction}}}
""".lstrip("\n")


def late(single: str = "800.00", months: int = 4) -> str:
    """The plan book up to a plan whose changes count for so many months back, and that is taken after tax then."""
    share = "scheme: percent_of_tier, percent: 70%"
    back = f"posttax_code: MEDPT, retro: {{window_months: {months}}}"
    return HEAD + ppo(single=single, share=share, deduction=back)
