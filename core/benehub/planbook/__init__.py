"""The plan book: load, check, compare, ask."""

from __future__ import annotations

from benehub.planbook.book import PlanBook
from benehub.planbook.checks import Change, Finding, check, diff
from benehub.planbook.loading import books, load, schema
from benehub.planbook.parts.employer import Guards, PayGroup
from benehub.planbook.parts.insurance import CarrierTerms
from benehub.planbook.parts.leave import LeavePolicy
from benehub.planbook.parts.plan import Plan

__all__ = [
    "CarrierTerms",
    "Change",
    "Finding",
    "Guards",
    "LeavePolicy",
    "PayGroup",
    "Plan",
    "PlanBook",
    "books",
    "check",
    "diff",
    "load",
    "schema",
]
