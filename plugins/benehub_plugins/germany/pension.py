"""A German occupational pension in the hub: three lines a month for a contract, with the reasons of both rules.

The plan book says `rule: de.bav` and what holds for everybody: `subsidy` (flat or exact), `way`, and where a
collective agreement rules, `collective_agreement` and `rate`. An employee's election says `contract`, and
`conversion` or, for a contract whose contribution is fixed, `contract_total`; also `voluntary` and what an exact
subsidy has to know. Amounts are decimal text in euro.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from benehub.errors import ConfigError, DataError
from benehub.money import format_minor, parse_minor
from benehub.records.computed import ComputedAmount, DeductionAnswer, DeductionQuestion
from benehub.records.explanation import Explanation, Step
from benehub.records.notices import StatementSection
from benehub.rules.base import Calculation, RuleModel, money_step
from benehub_plugins.germany.conversion import ConversionInput, conversion
from benehub_plugins.germany.subsidy import SubsidyInput, SubsidyResult, subsidy

RULE = "de.bav"
LINES = ("conversion", "subsidy", "voluntary")
MONTHLY = 12
OPTIONS = frozenset({"subsidy", "way", "collective_agreement", "rate"})
TERMS = frozenset(
    {
        *("contract", "conversion", "contract_total", "voluntary", "employer_vwl", "employer_saving"),
        *("other_employer", "flat_taxed", "health_additional_rate", "branches", "saxony", "east"),
    }
)


def answer(question: DeductionQuestion) -> DeductionAnswer:
    """Conversion, subsidy and voluntary extra of a pay date.

    Raises:
        ConfigError: the plan's options are wrong, it is not paid monthly in euro, or the year is not loaded.
    """
    _check_plan(question)
    try:
        asked, extra = _subsidy_input(question), _minor(question.terms, "voluntary") or 0
    except DataError as wrong:
        # One employee's terms stop nobody else: what is missing or wrong is told.
        return DeductionAnswer(needs=(f"terms: {wrong.what}",))
    found = subsidy(asked)
    if found.result is None:
        return DeductionAnswer(needs=found.needs)
    given = _parts(question, asked, found.result, extra)
    parts = conversion(given)
    amounts = {"conversion": found.result.converted_minor, "subsidy": found.result.subsidy_minor, "voluntary": extra}
    extra_step = (money_step("voluntary extra from net pay", extra, extra, "EUR"),)
    whys = {
        "conversion": _told(question, given, parts),
        "subsidy": _told(question, asked, found),
        "voluntary": _told(question, given, parts, extra_step),
    }
    return DeductionAnswer(tuple(ComputedAmount(line, amounts[line], *whys[line]) for line in LINES if amounts[line]))


def section(question: DeductionQuestion) -> StatementSection:
    """The contract on an employee's statement."""
    name = f"Betriebliche Altersversorgung, {question.plan}, {question.currency}"
    try:
        found = answer(question)
    except ConfigError as wrong:
        return StatementSection(name, (("not computed", wrong.what),))
    if found.needs:
        return StatementSection(name, (("not computed", f"lacks {', '.join(found.needs)}"),))
    words = {"conversion": "converted pay a month", "subsidy": "employer's subsidy", "voluntary": "from net pay"}
    lines = [("contract", question.terms.get("contract", ""))]
    lines += [(words[one.line], format_minor(one.amount_minor, question.currency)) for one in found.lines]
    total = sum(one.amount_minor for one in found.lines)
    return StatementSection(name, (*lines, ("into the contract", format_minor(total, question.currency))))


def _check_plan(question: DeductionQuestion) -> None:
    where = f"plan {question.plan}"
    if question.currency != "EUR" or question.pays_a_year != MONTHLY:
        raise ConfigError(
            f"the rule {RULE} is for monthly pay in EUR",
            where=where,
            mend="Mend the employer's currency or the pay group's frequency",
        )
    if unknown := sorted(question.options.keys() - OPTIONS):
        raise ConfigError(
            f"no option {unknown[0]!r} of {RULE}", where=where, mend=f"There are {', '.join(sorted(OPTIONS))}"
        )
    if question.options.get("subsidy", "flat") not in ("flat", "exact"):
        raise ConfigError("the option subsidy is neither flat nor exact", where=where, mend="Write flat or exact")


def _subsidy_input(question: DeductionQuestion) -> SubsidyInput:
    terms, options = question.terms, question.options
    if unknown := sorted(terms.keys() - TERMS):
        raise DataError(f"no term {unknown[0]!r}", mend=f"There are {', '.join(sorted(TERMS))}")
    if not terms.get("contract"):
        raise DataError("contract is missing", mend="Give the number of the contract")
    given: dict[str, Any] = {
        "pay_date": question.pay_date,
        "exact": options.get("subsidy") == "exact",
        "monthly_pay_minor": question.gross_minor,
        "conversion_minor": _minor(terms, "conversion"),
        "contract_total_minor": _minor(terms, "contract_total"),
        "employer_vwl_minor": _minor(terms, "employer_vwl") or 0,
        "other_employer_minor": _minor(terms, "other_employer") or 0,
        "employer_saving_minor": _minor(terms, "employer_saving"),
        "health_additional_rate": terms.get("health_additional_rate") or None,
        "rate": options.get("rate") or None,
        **({"way": options["way"]} if "way" in options else {}),
        **{name: _yes(terms, name) for name in ("saxony", "east")},
        "collective_agreement": _yes(options, "collective_agreement"),
    }
    if terms.get("branches"):
        given["branches"] = [one.strip() for one in terms["branches"].split(",")]
    return _validated(SubsidyInput, given)


def _parts(question: DeductionQuestion, asked: SubsidyInput, done: SubsidyResult, extra: int) -> ConversionInput:
    return ConversionInput(
        pay_date=question.pay_date,
        conversion_minor=done.converted_minor,
        subsidy_minor=done.subsidy_minor,
        other_employer_minor=asked.other_employer_minor,
        voluntary_minor=extra,
        flat_taxed_minor=_minor(question.terms, "flat_taxed") or 0,
        way=asked.way,
    )


def _validated(model: type[SubsidyInput], given: Mapping[str, Any]) -> SubsidyInput:
    try:
        return model.model_validate(given)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = ".".join(str(part).removesuffix("_minor") for part in fault["loc"])
        said = fault["msg"].removeprefix("Value error, ").replace("_minor", "")
        raise DataError(f"{place}: {said}" if place else said, mend="Mend the election") from None


def _minor(terms: Mapping[str, str], name: str) -> int | None:
    if not terms.get(name):
        return None
    found = parse_minor(terms[name], "EUR", where=name)
    if found < 0:
        raise DataError(f"{name} is below zero", mend="Write an amount of zero or more")
    return found


def _yes(values: Mapping[str, str], name: str) -> bool:
    text = values.get(name, "no").casefold()
    if text not in ("yes", "no", "true", "false"):
        raise DataError(f"{name} is neither yes nor no", mend="Write yes or no")
    return text in ("yes", "true")


def _told(
    question: DeductionQuestion, given: RuleModel, answer: Calculation[Any], steps: tuple[Step, ...] | None = None
) -> tuple[Explanation, dict[str, Any]]:
    """The explanation with all that the rule was asked, and its result; with the contract, to find its payment by."""
    contract = Step(label="contract", raw=question.terms["contract"], value=question.plan)
    shown = answer.explanation.steps if steps is None else steps
    said: dict[str, Any] = {
        "inputs": given.model_dump(mode="json", exclude_unset=True),
        "steps": (contract, *shown),
        **({} if steps is None else {"reasons": ()}),
    }
    return answer.explanation.model_copy(update=said), answer.required().model_dump(mode="json")
