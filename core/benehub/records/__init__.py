"""The nouns of benehub as frozen typed records, one file a noun; and which stream carries which."""

from __future__ import annotations

from benehub.records.base import Record
from benehub.records.carrier import AckLevel, Acknowledgement, AckStatus, InvoiceLine, RosterMember
from benehub.records.custodian import ContributionResult, ResultStatus
from benehub.records.election import DeferralChange, Election, LeaveNotice, LeaveRequest, LeaveStatus, NoticeKind, Tier
from benehub.records.employee import (
    Compensation,
    Dependent,
    Employee,
    EmploymentClass,
    Relationship,
    Sex,
)
from benehub.records.explanation import Explanation, Outcome, Reason, Step
from benehub.records.outgoing import (
    OPERATIONS,
    AccountContribution,
    ContributionRow,
    CoverageLine,
    DeductionOrder,
    EarningsRow,
    EnrollmentMember,
    LeaveOrder,
    NoticeLetter,
    RemittanceLine,
)
from benehub.records.payroll import (
    HoursWorked,
    LeaveBalance,
    LineKind,
    OpeningBalance,
    PayDate,
    PayrollBenefit,
    PayrollPerson,
    RegisterLine,
    TaxClass,
)
from benehub.records.recordkeeper import Credit, Source

STREAMS: dict[str, type[Record]] = {
    "employee": Employee,
    "compensation": Compensation,
    "dependent": Dependent,
    "election": Election,
    "leave_request": LeaveRequest,
    "leave_notice": LeaveNotice,
    "leave_balance": LeaveBalance,
    "opening_balance": OpeningBalance,
    "deferral_change": DeferralChange,
    "payroll_person": PayrollPerson,
    "pay_calendar": PayDate,
    "hours_worked": HoursWorked,
    "payroll_benefit": PayrollBenefit,
    "register_line": RegisterLine,
    "acknowledgement": Acknowledgement,
    "roster": RosterMember,
    "invoice_line": InvoiceLine,
    "credit": Credit,
    "contribution_result": ContributionResult,
}
"""Every stream a connector can read, and the record its rows become."""

__all__ = [
    "OPERATIONS",
    "STREAMS",
    "AccountContribution",
    "AckLevel",
    "AckStatus",
    "Acknowledgement",
    "Compensation",
    "ContributionResult",
    "ContributionRow",
    "CoverageLine",
    "Credit",
    "DeductionOrder",
    "DeferralChange",
    "Dependent",
    "EarningsRow",
    "Election",
    "Employee",
    "EmploymentClass",
    "EnrollmentMember",
    "Explanation",
    "HoursWorked",
    "InvoiceLine",
    "LeaveBalance",
    "LeaveNotice",
    "LeaveOrder",
    "LeaveRequest",
    "LeaveStatus",
    "LineKind",
    "NoticeKind",
    "NoticeLetter",
    "OpeningBalance",
    "Outcome",
    "PayDate",
    "PayrollBenefit",
    "PayrollPerson",
    "Reason",
    "Record",
    "RegisterLine",
    "Relationship",
    "RemittanceLine",
    "ResultStatus",
    "RosterMember",
    "Sex",
    "Source",
    "Step",
    "TaxClass",
    "Tier",
]
