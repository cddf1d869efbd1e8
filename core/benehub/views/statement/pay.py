"""What was taken from my pay, and where is it now."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

from benehub.planbook import PlanBook
from benehub.rules.deduction.calendar import DeductionMethod
from benehub.views.money_path import Path, Where
from benehub.views.statement.parts import Line, Money, Section, Value

MAX_REFS = 3
"""Ids shown for a run of months; each of them leads to the others."""


def pay(book: PlanBook, paths: list[Path], year: int) -> Section:
    """Months or pay dates that follow each other and have come equally far stand in one line."""
    lines: list[Line] = []
    for plan_id, own in groupby(paths, key=lambda path: path.plan):
        lines += _of_plan(book, plan_id, list(own))
    return Section("pay", tuple(lines), {"year": str(year)})


def _of_plan(book: PlanBook, plan_id: str, paths: list[Path]) -> Iterator[Line]:
    plan, unit = book.plan(plan_id), book.employer.currency
    for where, group in groupby(paths, key=lambda path: path.where):
        run = list(group)
        said: dict[str, Value] = {"plan": plan.name, "first": run[0].when, "last": run[-1].when}
        owed, taken = sum(path.owed for path in run), sum(path.taken for path in run)
        said |= {"taken": Money(taken, unit), "owed": Money(owed, unit)}
        key = f"{'premium' if plan.insured else 'contribution'}_{where.value}"
        yield Line(key + ("" if len(run) == 1 else "_months"), said, _refs(run, where))
        # Where every pay of the year takes its part, a month's pays need not come to the month's share.
        monthly = plan.insured and plan.deduction is not None and plan.deduction.method is DeductionMethod.PER_MONTH
        if monthly and taken != owed and where is not Where.DUE:
            too = "open_share" if taken < owed else "excess_share"
            yield Line(too, {"plan": plan.name, "amount": Money(abs(owed - taken), unit)}, _refs(run, where))


def _refs(run: Iterable[Path], where: Where) -> tuple[str, ...]:
    found = dict.fromkeys(one for path in run for one in (*path.entries, *path.dispatches))
    kind = "dis_" if where in (Where.SENT, Where.CONFIRMED) else "ent_"
    return tuple(one for one in reversed(found) if one.startswith(kind))[:MAX_REFS]
