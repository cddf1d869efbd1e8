"""Leave policies that a statute writes: built from dated legal data, so that a plan book only has to name them."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

from benehub.errors import ConfigError
from benehub.legal.state_leave import state_leave
from benehub.rules.leave.policy import AccrualMethod, Carry, Policy, Tenure


def sick_leave(state: str, day: date) -> Policy:
    """The statutory sick leave of a US state by hours worked, as it holds on `day` (L11, L12).

    It is carried over without limit; the caps on balance and use keep it bounded.

    Raises:
        ConfigError: the state has none, or it is not loaded.
    """
    law = state_leave(state, day)
    if law.sick is None:
        raise ConfigError(
            f"no statutory sick leave is loaded for {state}",
            where="legal/us/states/leave.yaml",
            mend="Add `sick` to the state with its statute, or write the policy out in the plan book",
        )
    terms = law.sick
    return Policy(
        method=AccrualMethod.PER_HOUR,
        tenure=(Tenure(rate=Fraction(1, terms.hours_per_hour)),),
        cap_hours=Fraction(terms.cap_hours),
        use_cap_hours=Fraction(terms.use_cap_hours),
        usable_from_day=terms.use_from_day,
        reinstate_months=terms.reinstate_months,
        carry=Carry(),
        jurisdiction=f"US-{state}",
    )
