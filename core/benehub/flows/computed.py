"""Lines of plans that a plugin computes: asked employee by employee, explained, and never left out in silence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pluggy
import structlog

from benehub.errors import ConfigError
from benehub.facts import Worker
from benehub.facts.explanations import Kept, Said
from benehub.flows.expected import Expected
from benehub.flows.history import History
from benehub.flows.money import PayPeriod
from benehub.periods import Month
from benehub.planbook import Plan, PlanBook
from benehub.planbook.parts.computed import Computed
from benehub.records.computed import ComputedAmount, DeductionAnswer, DeductionQuestion
from benehub.views.computed import questions

log = structlog.get_logger("benehub.flows")


def computed_lines(
    plugins: pluggy.PluginManager, book: PlanBook, worker: Worker, periods: Sequence[PayPeriod], month: Month,
    past: History,
) -> Iterator[Expected]:  # fmt: skip
    """What the month's pay dates still to be set take under computed plans.

    Raises:
        ConfigError: no plugin answers a plan's rule, or it answers with a line that the plan does not name.
    """
    for period in periods:
        if Month.of(period.pay_date) != month or period.pay_date < past.cut:
            continue
        if not worker.on_payroll(period.start, period.end):
            continue
        for question in questions(book, worker, period.pay_date, period.end):
            plan = book.plan(question.plan)
            assert plan.computed is not None
            yield from _lines(plan, plan.computed, question, ask(plugins, question))


def ask(plugins: pluggy.PluginManager, question: DeductionQuestion) -> DeductionAnswer:
    """The answer of the plugin whose rule it is.

    Raises:
        ConfigError: there is none.
    """
    answer: DeductionAnswer | None = plugins.hook.compute_deductions(question=question)
    if answer is None:
        raise ConfigError(
            f"no plugin answers the rule {question.rule!r}",
            where=f"plan {question.plan}",
            mend="Install the plugin that brings it, or mend `computed.rule`; `benehub plugins` shows what is loaded",
        )
    return answer


def _answer(told: ComputedAmount) -> Said:
    return told.explanation if told.result is None else Kept(told.explanation, told.result)


def _lines(plan: Plan, terms: Computed, question: DeductionQuestion, answer: DeductionAnswer) -> Iterator[Expected]:
    day = question.pay_date
    if answer.needs:
        log.warning("deductions not computed", plan=plan.id, person=question.person, needs=list(answer.needs))
        for line in terms.lines.values():
            yield Expected(
                question.person, plan, line.source, line.code, line.tax_class, day, str(Month.of(day)), 0,
                needs=answer.needs,
            )  # fmt: skip
        return
    for told in answer.lines:
        if told.line not in terms.lines:
            raise ConfigError(
                f"the rule {terms.rule!r} gives a line {told.line!r} that the plan does not name",
                where=f"plan {plan.id}",
                mend=f"Add it under `computed.lines` with payroll's code; named are {', '.join(terms.lines)}",
            )
        line = terms.lines[told.line]
        yield Expected(
            question.person, plan, line.source, line.code, line.tax_class, day, str(Month.of(day)),
            told.amount_minor, source=f"rule {terms.rule}", answer=_answer(told),
        )  # fmt: skip
