"""What leave policies may not say."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from pydantic import ValidationError

from benehub.errors import ConfigError
from benehub.planbook.book import PlanBook
from benehub.planbook.checks.findings import Finding, Path, error, said
from benehub.planbook.parts.leave import Accrual, LeavePolicy

MAX_ID = 12
"""Longest id of a policy: it stands in the ledger's unit."""

LAW_OF = date(2026, 1, 1)
"""The day whose law a book is checked against; a replay checks the law of its own day again."""


def leave(book: PlanBook) -> Iterator[Finding]:
    """Everything that is wrong with the leave policies."""
    ids = [policy.id for policy in book.leave]
    codes: dict[str, str] = {}
    for number, policy in enumerate(book.leave):
        path: Path = ("leave", number)
        if policy.id in ids[:number]:
            yield error((*path, "id"), f"policy {policy.id!r} stands here twice", "Give each its own id")
        if len(policy.id) > MAX_ID:
            yield error((*path, "id"), f"policy {policy.id!r} is longer than {MAX_ID} characters", "Shorten it")
        if policy.payout_on_termination and not policy.payout_code:
            yield error(path, "leave is paid out, but there is no payout_code", "Give payroll's code")
        for code in filter(None, (policy.taken_code, policy.payout_code)):
            if code in codes:
                yield error(path, f"code {code!r} is used by {codes[code]} already", "Give each its own code")
            codes[code] = policy.id
        yield from _earning(policy, path)
        yield from _carry(policy, path, ids)


def _earning(policy: LeavePolicy, path: Path) -> Iterator[Finding]:
    sources = [policy.statute != "", policy.germany is not None, policy.accrual is not None]
    if sum(sources) != 1:
        yield error(path, "not exactly one of accrual, statute and germany", "Say one way in which leave is earned")
        return
    if policy.accrual is not None:
        yield from _accrual(policy, policy.accrual, (*path, "accrual"))
    if policy.germany is not None and policy.unit != "days":
        yield error((*path, "unit"), "German leave is kept in days", "Say `unit: days` and `hours_per_day`")
    if policy.day_hours <= 0:
        yield error((*path, "hours_per_day"), "a day of no hours", "Give the hours of a day, e.g. 8")
    try:
        policy.rule(LAW_OF).check_law(LAW_OF)
    except ConfigError as refused:
        yield error((*path, "carry"), refused.what, refused.mend)
    except ValidationError as refused:
        yield error((*path, "accrual"), said(refused), "Mend it; `benehub calc leave.accrue --schema` shows the fields")


def _accrual(policy: LeavePolicy, earns: Accrual, path: Path) -> Iterator[Finding]:
    alone = (earns.annual_hours, earns.annual_days, earns.rate)
    if earns.tenure and any(text != "0" for text in alone):
        yield error(path, "a tenure table beside rate or annual hours", "Keep one of them")
    days = [earns.annual_days, *(line.annual_days for line in earns.tenure)]
    if policy.unit == "hours" and any(text != "0" for text in days):
        yield error(path, "annual_days in a policy kept in hours", "Say `unit: days`, or give hours")


def _carry(policy: LeavePolicy, path: Path, ids: list[str]) -> Iterator[Finding]:
    to = policy.carry.to
    if to is None:
        return
    if to == policy.id or to not in ids:
        yield error((*path, "carry", "to"), f"leave is carried into {to!r}, which is no other policy", "Name one")
