"""How fast arrears are collected: one strategy a plan, or the usual one of its kind of benefit.

The strategies limit the arrears part only; what is currently due is never held back for it (worked case D06).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from benehub.errors import ConfigError
from benehub.money import Rounding, round_to_int
from benehub.records.explanation import Explanation
from benehub.rules.base import explain, money_step
from benehub.rules.deduction.schedule import shares_of

VERSION = "1"
"""Of deduction.arrears, whose part this is."""


class Collection(StrEnum):
    """How arrears are collected.

    FULL_NEXT_PAY takes all with the next pay; MAX_EXTRA at most an amount, or a part of the usual deduction, a
    pay; MAX_PERCENT_OF_NET at most a part of net pay; SPREAD over n pays; REST_OF_YEAR evenly over the pays left
    in the plan year; HOLD nothing until a person decides.
    """

    FULL_NEXT_PAY = "full_next_pay"
    MAX_EXTRA = "max_extra"
    MAX_PERCENT_OF_NET = "max_percent_of_net"
    SPREAD = "spread"
    REST_OF_YEAR = "rest_of_year"
    HOLD = "hold"


class BenefitKind(StrEnum):
    """What kind of benefit a deduction pays for; decides the usual catch-up.

    HEALTH is medical, dental and vision; HSA and DEPENDENT_CARE accounts; FSA the health flexible spending
    account; OWNER_IMPUTED the imputed income of a 2 % shareholder.
    """

    HEALTH = "health"
    HSA = "hsa"
    DEPENDENT_CARE = "dependent_care"
    FSA = "fsa"
    OWNER_IMPUTED = "owner_imputed"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class CollectionRule:
    """A strategy with what it needs: amounts in minor units, parts as exact fractions.

    Raises:
        ConfigError: the strategy lacks its number, or the number cannot be meant.
    """

    strategy: Collection = Collection.FULL_NEXT_PAY
    max_extra_minor: int | None = None
    percent_of_usual: Fraction | None = None
    percent_of_net: Fraction | None = None
    pays: int | None = None

    def __post_init__(self) -> None:
        match self.strategy:
            case Collection.MAX_EXTRA:
                if (self.max_extra_minor is None) == (self.percent_of_usual is None):
                    raise _lacks("max_extra needs an amount or a part of the usual deduction, one of them")
                if (self.max_extra_minor or 0) < 0 or (self.percent_of_usual or 0) < 0:
                    raise _lacks("max_extra is negative")
            case Collection.MAX_PERCENT_OF_NET:
                if self.percent_of_net is None or not 0 < self.percent_of_net <= 1:
                    raise _lacks("max_percent_of_net needs a part of net pay above 0 and up to 100%")
            case Collection.SPREAD:
                if self.pays is None or not 1 <= self.pays <= 60:
                    raise _lacks("spread needs a number of pays from 1 to 60")


def _lacks(what: str) -> ConfigError:
    return ConfigError(what, where="arrears collection", mend="Give the strategy its number")


CATCH_UP: dict[BenefitKind, CollectionRule] = {
    BenefitKind.HEALTH: CollectionRule(Collection.MAX_EXTRA, percent_of_usual=Fraction(1, 2)),
    BenefitKind.HSA: CollectionRule(Collection.FULL_NEXT_PAY),
    BenefitKind.DEPENDENT_CARE: CollectionRule(Collection.FULL_NEXT_PAY),
    BenefitKind.FSA: CollectionRule(Collection.REST_OF_YEAR),
    BenefitKind.OWNER_IMPUTED: CollectionRule(Collection.FULL_NEXT_PAY),
    BenefitKind.OTHER: CollectionRule(Collection.FULL_NEXT_PAY),
}
"""Usual catch-up by kind, as Gusto documents it: health 1.5 times the usual deduction until caught up; health
savings and dependent care all at once; flexible spending over the rest of the plan year."""


def arrears_due(
    rule: CollectionRule, balance_minor: int, *, usual_minor: int = 0, net_minor: int | None = None,
    pays_done: int = 0, pays_left: int = 1,
) -> int | None:  # fmt: skip
    """What one pay may collect of `balance_minor`, never more than it; None where net pay is needed and unknown.

    Args:
        rule: the strategy.
        balance_minor: what is owed from earlier pays.
        usual_minor: the usual deduction of one pay.
        net_minor: net pay of this pay, for MAX_PERCENT_OF_NET.
        pays_done: pays that have collected for this balance already, for SPREAD.
        pays_left: pay dates left in the plan year, this one counted, for REST_OF_YEAR.
    """
    if balance_minor <= 0:
        return 0
    match rule.strategy:
        case Collection.HOLD:
            return 0
        case Collection.MAX_EXTRA:
            part = (rule.percent_of_usual or Fraction(0)) * usual_minor
            most = rule.max_extra_minor
            return min(balance_minor, round_to_int(part, Rounding.DOWN) if most is None else most)
        case Collection.MAX_PERCENT_OF_NET:
            if net_minor is None:
                return None
            part = (rule.percent_of_net or Fraction(0)) * max(0, net_minor)
            return min(balance_minor, round_to_int(part, Rounding.DOWN))
        case Collection.SPREAD:
            return shares_of(balance_minor, max(1, (rule.pays or 1) - pays_done))[0]
        case Collection.REST_OF_YEAR:
            return shares_of(balance_minor, max(1, pays_left))[0]
    return balance_minor


def collection_step(
    rule: CollectionRule, balance_minor: int, currency: str, *, usual_minor: int = 0, net_minor: int | None = None,
    pays_done: int = 0, pays_left: int = 1,
) -> tuple[int | None, Explanation]:  # fmt: skip
    """`arrears_due` with its explanation, for one line of one pay."""
    amount = arrears_due(
        rule, balance_minor, usual_minor=usual_minor, net_minor=net_minor, pays_done=pays_done, pays_left=pays_left
    )
    inputs = {
        "balance_minor": balance_minor, "strategy": rule.strategy, "usual_minor": usual_minor,
        "max_extra_minor": rule.max_extra_minor, "percent_of_usual": rule.percent_of_usual,
        "percent_of_net": rule.percent_of_net, "pays": rule.pays, "pays_done": pays_done, "pays_left": pays_left,
    }  # fmt: skip
    steps = (money_step(f"arrears by {rule.strategy.value}", balance_minor, amount or 0, currency),)
    return amount, explain("deduction.arrears", VERSION, inputs, steps, citation="the plan's terms of arrears")
