"""The nouns of benehub as frozen typed records, one file a noun; and which stream carries which."""

from __future__ import annotations

from benehub.records.bank import PaymentAnswer, PaymentOrder, PaymentStatus
from benehub.records.base import Record
from benehub.records.carrier import (
    AckLevel,
    Acknowledgement,
    AckStatus,
    CarrierReport,
    InvoiceLine,
    RosterMember,
    Severity,
)
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
    ContributionRow,
    CoverageLine,
    DeductionBooking,
    DeductionOrder,
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
    "payment_answer": PaymentAnswer,
}
"""Every stream a connector can read, and the record its rows become."""

__all__ = [
    "OPERATIONS",
    "STREAMS",
    "AckLevel",
    "AckStatus",
    "Acknowledgement",
    "CarrierReport",
    "Compensation",
    "ContributionRow",
    "CoverageLine",
    "Credit",
    "DeductionBooking",
    "DeductionOrder",
    "DeferralChange",
    "Dependent",
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
    "PaymentAnswer",
    "PaymentOrder",
    "PaymentStatus",
    "PayrollBenefit",
    "PayrollPerson",
    "Reason",
    "Record",
    "RegisterLine",
    "Relationship",
    "RemittanceLine",
    "RosterMember",
    "Severity",
    "Sex",
    "Source",
    "Step",
    "TaxClass",
    "Tier",
]
