"""The roles a user may have with an employer, and what each of them may do: default deny, one table.

A role is given for one employer, or for the whole installation. What is not in the table may not be done.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Role(StrEnum):
    """What somebody is to an employer."""

    OWNER = "owner"
    BENEFITS_ADMIN = "benefits_admin"
    FINANCE = "finance"
    ENGINEER = "engineer"
    AUDITOR = "auditor"
    EMPLOYEE = "employee"


class Permission(StrEnum):
    """One kind of thing that a front lets be done; every route names one."""

    SEE_OVERVIEW = "see_overview"
    """Counts, states, dates and amounts that name nobody: *Today*, runs, schedules, plans."""
    SEE_PEOPLE = "see_people"
    """A person's facts, coverage, deductions, contributions and leave; each look is kept in the audit trail."""
    SEE_QUESTIONS = "see_questions"
    """What employees ask and were answered, which may tell of their health; each look is kept in the audit trail."""
    SEE_MONEY = "see_money"
    """The ledger, invoices, deposits, remittances and their differences."""
    SEE_CONNECTIONS = "see_connections"
    """Connections, their capabilities, code maps and webhooks; never a secret."""
    SEE_AUDIT = "see_audit"
    """The audit trail, and its export."""
    WORK_DIFFERENCES = "work_differences"
    """Start a reconciliation; assign, dismiss, open again, resolve, propose a fix."""
    APPROVE = "approve"
    """Approve what somebody else proposed: a fix, a file or a call before it leaves."""
    EDIT_PEOPLE = "edit_people"
    """Link people, end them, import by hand, answer their questions."""
    SEND = "send"
    """Let obligations go to a vendor: deductions, enrollments, remittances, deposits."""
    CLOSE_PERIOD = "close_period"
    """Close and sign a month."""
    OPERATE = "operate"
    """Connections, schedules, runs, quarantine: what keeps data moving."""
    EDIT_PLAN_BOOK = "edit_plan_book"
    """Load another version of the plan book."""
    MANAGE_ACCESS = "manage_access"
    """Users, roles, API tokens and the settings of approval."""
    SEE_SELF = "see_self"
    """Oneself and nobody else."""


_SEES: Final = frozenset(
    {
        Permission.SEE_OVERVIEW,
        Permission.SEE_PEOPLE,
        Permission.SEE_MONEY,
        Permission.SEE_CONNECTIONS,
    }
)

GRANTS: Final[dict[Role, frozenset[Permission]]] = {
    Role.OWNER: frozenset(Permission) - {Permission.SEE_SELF},
    Role.BENEFITS_ADMIN: _SEES
    | {
        Permission.SEE_QUESTIONS,
        Permission.WORK_DIFFERENCES,
        Permission.APPROVE,
        Permission.EDIT_PEOPLE,
        Permission.SEND,
        Permission.CLOSE_PERIOD,
        Permission.EDIT_PLAN_BOOK,
    },
    Role.FINANCE: (_SEES - {Permission.SEE_CONNECTIONS})
    | {Permission.WORK_DIFFERENCES, Permission.APPROVE, Permission.CLOSE_PERIOD},
    Role.ENGINEER: frozenset({Permission.SEE_OVERVIEW, Permission.SEE_CONNECTIONS, Permission.OPERATE}),
    Role.AUDITOR: _SEES | {Permission.SEE_QUESTIONS, Permission.SEE_AUDIT},
    Role.EMPLOYEE: frozenset({Permission.SEE_SELF}),
}
"""What each role may do. An owner is not thereby an employee: `see_self` needs a person it is linked to."""
